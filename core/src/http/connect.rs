//! Connections: settings, and one HTTP client per set of them and per runtime.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ClientConfig;
use tokio::runtime::{Handle, Id};
use url::Url;
use zeroize::Zeroizing;

use super::explain::explain;
use super::tls;
use crate::error::{Error, ErrorKind, Result};
use crate::fork::PerProcess;
use crate::origin::is_loopback;
use crate::weak_map::WeakMap;

/// Clients kept per set of settings. More runtimes than this at a time are more than a machine has use
/// for; the oldest's client goes and is made anew if it is wanted.
const CLIENTS_KEPT: usize = 128;

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
        tls::authorities(self.ca_pem.as_deref())?;
        tls::identity(self.client_pem.as_ref().map(|pem| pem.0.as_slice()))?;
        proxy(self.proxy.as_deref())?;
        http::HeaderValue::from_str(&self.user_agent)
            .map_err(|_| Error::config("user_agent", "is not a valid header value"))?;
        Ok(())
    }
}

fn proxy(url: Option<&str>) -> Result<Option<reqwest::Proxy>> {
    url.map(reqwest::Proxy::all)
        .transpose()
        .map_err(|_| Error::config("proxy", "is not a proxy URL"))
}

/// How a client connects. Plain connections to this machine need neither TLS nor a proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    ThisMachine,
    Anywhere,
}

/// A connection is driven by the runtime that made it and stalls when that runtime is not running, so
/// each runtime has a client, and so a connection pool, of its own.
#[derive(Clone)]
struct Made {
    runtime: Id,
    reach: Reach,
    client: reqwest::Client,
}

/// What lives in one process: connections do not survive a fork.
#[derive(Default)]
struct Connections {
    tls: OnceLock<ClientConfig>,
    clients: ArcSwap<Vec<Made>>,
}

/// The HTTP clients of one set of settings: made at first use, anew in each forked child.
pub(crate) struct Http {
    settings: HttpSettings,
    connections: PerProcess<Connections>,
}

impl Http {
    pub(crate) fn new(settings: HttpSettings) -> Self {
        Self {
            settings,
            connections: PerProcess::new(Connections::default),
        }
    }

    /// This runtime's client for requests to `url`.
    pub(super) fn client(&self, url: &Url) -> Result<reqwest::Client> {
        let plain = url.scheme() == "http" && is_loopback(url) && self.settings.proxy.is_none();
        let reach = if plain {
            Reach::ThisMachine
        } else {
            Reach::Anywhere
        };
        let runtime = Handle::try_current()
            .map_err(|_| {
                Error::new(
                    ErrorKind::Internal,
                    "no tokio runtime is running; use the blocking face, or call from one",
                )
            })?
            .id();
        let connections = self.connections.get();
        if let Some(made) = connections
            .clients
            .load()
            .iter()
            .find(|made| made.runtime == runtime && made.reach == reach)
        {
            return Ok(made.client.clone());
        }
        let client = self.build(reach, &connections)?;
        connections.clients.rcu(|clients| {
            let spare = (clients.len() + 1).saturating_sub(CLIENTS_KEPT);
            let mut clients = clients[spare..].to_vec();
            clients.push(Made {
                runtime,
                reach,
                client: client.clone(),
            });
            clients
        });
        Ok(client)
    }

    #[allow(clippy::disallowed_methods)] // the one place where a client is made
    fn build(&self, reach: Reach, connections: &Connections) -> Result<reqwest::Client> {
        let settings = &self.settings;
        let mut builder = reqwest::Client::builder()
            .connect_timeout(settings.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // Servers in the field fold header lines, put blanks before the colon, and send lines that are no
            // header at all. Browsers read past it, and none of it touches how an answer is framed.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .user_agent(&settings.user_agent);
        builder = match reach {
            Reach::ThisMachine => builder.no_proxy().tls_certs_only([]),
            Reach::Anywhere => builder.tls_backend_preconfigured(self.tls(connections)?),
        };
        if let Some(proxy) = proxy(settings.proxy.as_deref())? {
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(|error| explain(&error))
    }

    fn tls(&self, connections: &Connections) -> Result<ClientConfig> {
        if let Some(config) = connections.tls.get() {
            return Ok(config.clone());
        }
        let config = tls::config(&self.settings)?;
        Ok(connections.tls.get_or_init(|| config).clone())
    }
}

static CLIENTS: WeakMap<HttpSettings, Http> = WeakMap::new();

/// The HTTP client with these settings, and so one TLS configuration for all who use them.
pub(crate) fn shared(settings: HttpSettings) -> Arc<Http> {
    CLIENTS.get_or(&settings.clone(), Arc::new(Http::new(settings)))
}
