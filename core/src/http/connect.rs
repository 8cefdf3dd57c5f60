//! Connections: settings, and one HTTP client per set of them and per runtime.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::HeaderValue;
#[cfg(unix)]
use http::Request;
use hyper_util::client::legacy::{Builder, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::runtime::{Handle, Id};
use zeroize::Zeroizing;

#[cfg(unix)]
use super::Failure;
use super::body::Body;
use super::connector::Connector;
#[cfg(unix)]
use super::pool::{Pool, Sent};
use super::proxy::Proxies;
use super::tls::{self, Tls};
use crate::deadline::Timers;
use crate::error::{Error, ErrorKind, Result};
use crate::fork::PerProcess;
use crate::weak_map::WeakMap;

/// Clients kept per set of settings. More runtimes than this at a time are more than a machine has use
/// for; the oldest's client goes and is made anew if it is wanted.
const CLIENTS_KEPT: usize = 128;
/// An idle connection is closed after this: below it the load balancers in the field still hold theirs.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// How connections are made. Clients with equal settings share one connection pool.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct HttpSettings {
    pub(crate) connect_timeout: Duration,
    /// PEM certificates trusted besides the platform's and Mozilla's.
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
        if let Some(proxy) = &self.proxy {
            Proxies::of(proxy)?;
        }
        self.agent()?;
        Ok(())
    }

    pub(super) fn agent(&self) -> Result<HeaderValue> {
        HeaderValue::from_str(&self.user_agent)
            .map_err(|_| Error::config("user_agent", "is not a valid header value"))
    }
}

/// A connection is driven by the runtime that made it and stalls when that runtime is not running, so
/// each runtime has a client, and so a connection pool, of its own.
#[derive(Clone)]
pub(super) struct RuntimeClient {
    runtime: Id,
    pub(super) client: Client<Connector, Body>,
    pub(super) timers: Timers,
}

/// What lives in one process: connections do not survive a fork, nor does a lock that was held.
#[derive(Default)]
struct Connections {
    tls: Arc<Tls>,
    clients: ArcSwap<Vec<RuntimeClient>>,
    #[cfg(unix)]
    pool: Arc<Pool>,
}

/// The HTTP clients of one set of settings: made at first use, anew in each forked child.
pub(crate) struct Http {
    pub(super) agent: HeaderValue,
    pub(super) proxies: Arc<Proxies>,
    settings: Arc<HttpSettings>,
    connections: PerProcess<Connections>,
}

impl Http {
    pub(crate) fn new(settings: HttpSettings) -> Result<Self> {
        let proxies = match &settings.proxy {
            Some(url) => Proxies::of(url)?,
            None => Proxies::of_the_system(),
        };
        Ok(Self {
            agent: settings.agent()?,
            proxies: Arc::new(proxies),
            settings: Arc::new(settings),
            connections: PerProcess::new(Connections::default),
        })
    }

    /// The client with the same settings, but for its connect timeout.
    pub(crate) fn with_connect_timeout(self: &Arc<Self>, timeout: Duration) -> Result<Arc<Self>> {
        if timeout == self.settings.connect_timeout {
            return Ok(Arc::clone(self));
        }
        shared(HttpSettings {
            connect_timeout: timeout,
            ..(*self.settings).clone()
        })
    }

    /// This runtime's client, for `then`.
    pub(super) fn on_this_runtime<T>(&self, then: impl FnOnce(&RuntimeClient) -> T) -> Result<T> {
        let runtime = Handle::try_current()
            .map_err(|_| {
                Error::new(
                    ErrorKind::Internal,
                    "no tokio runtime is running; use the blocking face, or call from one",
                )
            })?
            .id();
        let connections = self.connections.get();
        let made = connections.clients.load();
        if let Some(made) = made.iter().find(|made| made.runtime == runtime) {
            return Ok(then(made));
        }
        let made = RuntimeClient {
            runtime,
            client: self.build(Arc::clone(&connections.tls)),
            timers: Timers::new(runtime),
        };
        connections.clients.rcu(|clients| {
            let spare = (clients.len() + 1).saturating_sub(CLIENTS_KEPT);
            let mut clients = clients[spare..].to_vec();
            clients.push(made.clone());
            clients
        });
        Ok(then(&made))
    }

    /// Sends `request` on a connection that the caller drives.
    #[cfg(unix)]
    pub(super) async fn send_on_own_connection(
        &self,
        request: Request<Body>,
        can_be_resent: bool,
    ) -> Result<Sent, Failure> {
        let connections = self.connections.get();
        let connector = || self.connector(Arc::clone(&connections.tls));
        let pool = &connections.pool;
        pool.send(connector, request, can_be_resent).await
    }

    fn connector(&self, tls: Arc<Tls>) -> Connector {
        let (settings, proxies) = (Arc::clone(&self.settings), Arc::clone(&self.proxies));
        Connector::new(settings, proxies, tls)
    }

    fn build(&self, tls: Arc<Tls>) -> Client<Connector, Body> {
        Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            // Servers in the field fold header pool, put blanks before the colon, and send pool that are no
            // header at all. Browsers read past it, and none of it touches how a response is framed.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .build(self.connector(tls))
    }
}

static CLIENTS: WeakMap<HttpSettings, Http> = WeakMap::new();

/// The HTTP client with these settings, and so one TLS configuration for all who use them.
pub(crate) fn shared(settings: HttpSettings) -> Result<Arc<Http>> {
    Ok(CLIENTS.get_or(&settings.clone(), Arc::new(Http::new(settings)?)))
}
