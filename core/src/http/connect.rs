//! HTTP clients: one for each set of connection settings and each runtime.

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

/// Clients kept for each set of settings. No program has use for more runtimes at a time; beyond that the oldest client is
/// dropped, and made again if it is needed.
const CLIENTS_KEPT: usize = 128;
/// An idle connection is closed after this time, before common load balancers close theirs.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// How connections are made. Clients with equal settings share one connection pool.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct HttpSettings {
    pub(crate) connect_timeout: Duration,
    /// PEM certificates to trust in addition to the platform's and Mozilla's.
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
    /// Reads the PEM texts and the proxy URL, so that a malformed one is refused when the client is built.
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

/// The client of one runtime, with a connection pool of its own: a connection is driven by the runtime that made it, and
/// stalls when that runtime does not run.
#[derive(Clone)]
pub(super) struct RuntimeClient {
    runtime: Id,
    pub(super) client: Client<Connector, Body>,
    pub(super) timers: Timers,
}

/// What belongs to one process: neither connections nor locks that are held survive a fork.
#[derive(Default)]
struct Connections {
    tls: Arc<Tls>,
    clients: ArcSwap<Vec<RuntimeClient>>,
    #[cfg(unix)]
    pool: Arc<Pool>,
}

/// The HTTP clients of one set of settings. They are made at first use, also in a forked child.
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

    /// The client with the same settings except for the connect timeout.
    pub(crate) fn with_connect_timeout(self: &Arc<Self>, timeout: Duration) -> Result<Arc<Self>> {
        if timeout == self.settings.connect_timeout {
            return Ok(Arc::clone(self));
        }
        shared(HttpSettings {
            connect_timeout: timeout,
            ..(*self.settings).clone()
        })
    }

    /// Calls `then` with the client of the current runtime.
    pub(super) fn on_this_runtime<T>(&self, then: impl FnOnce(&RuntimeClient) -> T) -> Result<T> {
        let runtime = Handle::try_current()
            .map_err(|_| {
                Error::new(
                    ErrorKind::Internal,
                    "no tokio runtime is running; use the blocking client, or call from one",
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

    /// Sends `request` on a connection that the calling task drives itself.
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
            // Some servers fold header lines, put blanks before the colon, or send lines that are not headers. Browsers
            // tolerate that, and it does not affect how a response is framed.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .build(self.connector(tls))
    }
}

static CLIENTS: WeakMap<HttpSettings, Http> = WeakMap::new();

/// The HTTP client with these settings, which everything with equal settings shares.
pub(crate) fn shared(settings: HttpSettings) -> Result<Arc<Http>> {
    Ok(CLIENTS.get_or(&settings.clone(), Arc::new(Http::new(settings)?)))
}
