//! Connections: settings, and one HTTP client per set of them.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use url::Url;
use zeroize::Zeroizing;

use super::explain::explain;
use crate::error::{Error, Result};
use crate::fork::PerProcess;
use crate::origin::is_loopback;
use crate::weak_map::WeakMap;

/// How connections are made. Clients with equal settings share one connection pool.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct HttpSettings {
    pub(crate) connect_timeout: Duration,
    /// PEM certificates trusted besides the platform's.
    pub(crate) ca_pem: Option<Vec<u8>>,
    /// PEM certificate chain and private key.
    pub(crate) client_pem: Option<Pem>,
    pub(crate) proxy: Option<String>,
    pub(crate) user_agent: String,
    pub(crate) skip_certificate_check: bool,
}

/// PEM text with a private key, wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pem(pub(crate) Zeroizing<Vec<u8>>);

impl Hash for Pem {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_slice().hash(state);
    }
}

impl HttpSettings {
    /// Reads the PEM texts and the proxy URL, so that a wrong one is refused when the client is built.
    pub(crate) fn check(&self) -> Result<()> {
        certificates(self.ca_pem.as_deref())?;
        identity(self.client_pem.as_ref())?;
        proxy(self.proxy.as_deref())?;
        http::HeaderValue::from_str(&self.user_agent)
            .map_err(|_| Error::config("user_agent", "is not a valid header value"))?;
        Ok(())
    }
}

fn certificates(pem: Option<&[u8]>) -> Result<Vec<reqwest::Certificate>> {
    let Some(pem) = pem else {
        return Ok(Vec::new());
    };
    match reqwest::Certificate::from_pem_bundle(pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(Error::config("ca_file", "holds no PEM certificate")),
    }
}

fn identity(pem: Option<&Pem>) -> Result<Option<reqwest::Identity>> {
    pem.map(|pem| reqwest::Identity::from_pem(&pem.0))
        .transpose()
        .map_err(|_| {
            Error::config(
                "client_cert",
                "must hold a PEM certificate and its unencrypted private key",
            )
        })
}

fn proxy(url: Option<&str>) -> Result<Option<reqwest::Proxy>> {
    url.map(reqwest::Proxy::all)
        .transpose()
        .map_err(|_| Error::config("proxy", "is not a proxy URL"))
}

/// How a client connects. Plain connections to this machine need neither roots (5 to 44 ms and
/// 1.3 MB to load) nor a proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    ThisMachine,
    Anywhere,
}

/// One reach's client, made at first use.
type Made = OnceLock<reqwest::Client>;

/// The HTTP client of one set of settings: made at first use, anew in each forked child.
pub(crate) struct Http {
    settings: HttpSettings,
    id: Arc<u64>,
    shared: PerProcess<[Made; 2]>,
}

impl Http {
    pub(crate) fn new(settings: HttpSettings) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        Self {
            settings,
            id: Arc::new(IDS.fetch_add(1, Ordering::Relaxed)),
            shared: PerProcess::new(Default::default),
        }
    }

    /// The client for requests to `url`: inside a blocking call its own, else the one all share.
    pub(super) fn client(&self, url: &Url) -> Result<reqwest::Client> {
        let plain = url.scheme() == "http" && is_loopback(url) && self.settings.proxy.is_none();
        let reach = if plain {
            Reach::ThisMachine
        } else {
            Reach::Anywhere
        };
        if let Some(client) = self.local(reach) {
            return client;
        }
        let made = &self.shared.get()[reach as usize];
        if let Some(client) = made.get() {
            return Ok(client.clone());
        }
        let client = self.build(reach)?;
        Ok(made.get_or_init(|| client).clone())
    }

    fn local(&self, reach: Reach) -> Option<Result<reqwest::Client>> {
        LOCAL.with_borrow_mut(|local| {
            let clients = &mut local.as_mut()?.0;
            let mine = clients.iter().find(|entry| {
                entry.reach == reach && entry.owner.upgrade().is_some_and(|id| id == self.id)
            });
            if let Some(entry) = mine {
                return Some(Ok(entry.client.clone()));
            }
            clients.retain(|entry| entry.owner.strong_count() > 0);
            Some(self.build(reach).inspect(|client| {
                clients.push(LocalClient {
                    owner: Arc::downgrade(&self.id),
                    reach,
                    client: client.clone(),
                });
            }))
        })
    }

    #[allow(clippy::disallowed_methods)] // the one place where a client is made
    fn build(&self, reach: Reach) -> Result<reqwest::Client> {
        let settings = &self.settings;
        let mut builder = reqwest::Client::builder()
            .connect_timeout(settings.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(&settings.user_agent);
        builder = match reach {
            Reach::ThisMachine => builder.no_proxy().tls_certs_only([]),
            Reach::Anywhere => builder
                // The platform's roots, and Mozilla's where the machine has none (slim containers).
                .tls_certs_merge(
                    webpki_root_certs::TLS_SERVER_ROOT_CERTS
                        .iter()
                        .filter_map(|der| reqwest::Certificate::from_der(der).ok())
                        .chain(certificates(settings.ca_pem.as_deref())?),
                )
                .tls_danger_accept_invalid_certs(settings.skip_certificate_check),
        };
        if let Some(identity) = identity(settings.client_pem.as_ref())? {
            builder = builder.identity(identity);
        }
        if let Some(proxy) = proxy(settings.proxy.as_deref())? {
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(|error| explain(&error))
    }
}

/// The clients of one blocking call's runtime: a connection is driven by the runtime that made it, so
/// runtimes cannot share them.
#[derive(Default)]
pub(crate) struct LocalClients(Vec<LocalClient>);

struct LocalClient {
    owner: Weak<u64>,
    reach: Reach,
    client: reqwest::Client,
}

thread_local! {
    static LOCAL: RefCell<Option<LocalClients>> = const { RefCell::new(None) };
}

/// Whether this thread is inside [`LocalClients::during`].
pub(crate) fn is_local() -> bool {
    LOCAL.with_borrow(Option::is_some)
}

impl LocalClients {
    /// Runs `call` with these clients as this thread's; gives them back with the result.
    pub(crate) fn during<R>(self, call: impl FnOnce() -> R) -> (R, Self) {
        struct Restore;
        impl Drop for Restore {
            fn drop(&mut self) {
                LOCAL.take();
            }
        }
        LOCAL.set(Some(self));
        let restore = Restore;
        let result = call();
        let clients = LOCAL.take().unwrap_or_default();
        drop(restore);
        (result, clients)
    }
}

static CLIENTS: WeakMap<HttpSettings, Http> = WeakMap::new();

/// The HTTP client with these settings, and so one connection pool for all who use them.
pub(crate) fn shared(settings: HttpSettings) -> Arc<Http> {
    CLIENTS.get_or(&settings.clone(), Arc::new(Http::new(settings)))
}
