//! Port: HTTP. The only file that names the HTTP library.

use std::error::Error as StdError;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt};
use http::{HeaderMap, Method, Version};
use url::Url;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::flow::{Answer, Outgoing};
use crate::fork::PerProcess;
use crate::weak_map::WeakMap;

/// A token endpoint's answer beyond this is refused: tokens are some kilobytes at most.
const ANSWER_MAX_BYTES: usize = 1 << 20;

/// Sends a token request and returns the whole answer. The keeper's only way out; a fake stands in for it in tests.
///
/// Implementations neither log nor put into errors what a request or an answer contains.
pub(crate) trait Transport: Send + Sync {
    /// One exchange, redirects not followed, at most 1 MiB of body, over within `timeout`.
    fn exchange(&self, request: Outgoing, timeout: Duration) -> BoxFuture<'_, Result<Answer>>;
}

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

/// The body of an API request.
pub enum Payload {
    /// No body.
    Empty,
    /// Bytes, which can be sent again.
    Bytes(Bytes),
    /// A stream that can be sent once.
    Once(BoxStream<'static, std::io::Result<Bytes>>),
}

impl Payload {
    /// The same body for a second sending, if it can be had.
    pub(crate) fn again(&self) -> Option<Self> {
        match self {
            Self::Empty => Some(Self::Empty),
            Self::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            Self::Once(_) => None,
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Payload::Empty"),
            Self::Bytes(bytes) => write!(f, "Payload::Bytes({})", bytes.len()),
            Self::Once(_) => f.write_str("Payload::Once"),
        }
    }
}

/// One HTTP request as it goes out.
pub(crate) struct Sending {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
    pub(crate) timeout: Option<Duration>,
}

/// One HTTP answer, its body still to be read.
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    body: reqwest::Response,
}

impl Received {
    /// The next piece of the body; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.body.chunk().await.map_err(|error| explain(&error))
    }
}

/// The HTTP client: made at first use, anew in each forked child.
pub(crate) struct Http {
    settings: HttpSettings,
    client: PerProcess<OnceLock<reqwest::Client>>,
}

impl Http {
    pub(crate) fn new(settings: HttpSettings) -> Self {
        Self {
            settings,
            client: PerProcess::new(OnceLock::new),
        }
    }

    fn client(&self) -> Result<reqwest::Client> {
        let slot = self.client.get();
        if let Some(client) = slot.get() {
            return Ok(client.clone());
        }
        let client = self.build()?;
        Ok(slot.get_or_init(|| client).clone())
    }

    #[allow(clippy::disallowed_methods)] // the one place where a client is made
    fn build(&self) -> Result<reqwest::Client> {
        let settings = &self.settings;
        let mut builder = reqwest::Client::builder()
            .connect_timeout(settings.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(&settings.user_agent)
            // The platform's roots, and Mozilla's where the machine has none (slim containers).
            .tls_certs_merge(
                webpki_root_certs::TLS_SERVER_ROOT_CERTS
                    .iter()
                    .filter_map(|der| reqwest::Certificate::from_der(der).ok())
                    .chain(certificates(settings.ca_pem.as_deref())?),
            )
            .tls_danger_accept_invalid_certs(settings.skip_certificate_check);
        if let Some(identity) = identity(settings.client_pem.as_ref())? {
            builder = builder.identity(identity);
        }
        if let Some(proxy) = proxy(settings.proxy.as_deref())? {
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(|error| explain(&error))
    }

    /// Sends one request; redirects are returned, not followed.
    pub(crate) async fn send(&self, sending: Sending) -> Result<Received> {
        let mut request = self
            .client()?
            .request(sending.method, sending.url)
            .headers(sending.headers);
        if let Some(timeout) = sending.timeout {
            request = request.timeout(timeout);
        }
        request = match sending.payload {
            Payload::Empty => request,
            Payload::Bytes(bytes) => request.body(bytes),
            Payload::Once(stream) => request.body(reqwest::Body::wrap_stream(stream)),
        };
        let mut body = request.send().await.map_err(|error| explain(&error))?;
        Ok(Received {
            status: body.status().as_u16(),
            version: body.version(),
            headers: std::mem::take(body.headers_mut()),
            body,
        })
    }
}

/// Wipes a request's body once the HTTP library is done with it.
struct Wiped(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Transport for Http {
    fn exchange(&self, request: Outgoing, timeout: Duration) -> BoxFuture<'_, Result<Answer>> {
        Box::pin(async move {
            let payload = if request.body.is_empty() && request.method == Method::GET {
                Payload::Empty
            } else {
                Payload::Bytes(Bytes::from_owner(Wiped(request.body)))
            };
            let mut received = self
                .send(Sending {
                    method: request.method,
                    url: request.url,
                    headers: request.headers,
                    payload,
                    timeout: Some(timeout),
                })
                .await?;
            let mut body = Zeroizing::new(Vec::new());
            while let Some(chunk) = received.chunk().await? {
                if body.len() + chunk.len() > ANSWER_MAX_BYTES {
                    return Err(Error::new(
                        ErrorKind::BadResponse,
                        "the token endpoint's answer is larger than 1 MiB",
                    )
                    .with_http_status(received.status));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Answer {
                status: received.status,
                headers: received.headers,
                body,
            })
        })
    }
}

/// The row of the error table for a failure of the HTTP library. Its text may hold URLs and is not passed on.
fn explain(error: &reqwest::Error) -> Error {
    if error.is_builder() {
        return if error.url().is_some() {
            Error::new(
                ErrorKind::ConfigInvalid,
                "the request could not be built: a header or the URL is not valid",
            )
        } else {
            Error::new(ErrorKind::Internal, "the HTTP client could not be set up")
        };
    }
    let host = error
        .url()
        .and_then(Url::host_str)
        .unwrap_or("the server")
        .to_owned();
    if let Some(tls) = tls_cause(error) {
        return Error::new(ErrorKind::Tls, format!("TLS with {host} failed: {tls}"));
    }
    if error.is_timeout() {
        let phase = if error.is_connect() {
            "no connection to"
        } else {
            "no answer from"
        };
        return Error::new(ErrorKind::TimedOut, format!("{phase} {host} in time"));
    }
    if error.is_connect() {
        let why = if error.is_dns() {
            "its name could not be resolved"
        } else {
            io_cause(error).unwrap_or("the connection failed")
        };
        return Error::new(
            ErrorKind::Unreachable,
            format!("{host} could not be reached: {why}"),
        );
    }
    match causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>()) {
        Some(hyper) if hyper.is_parse() => Error::new(
            ErrorKind::BadResponse,
            format!("{host} answered something that is not HTTP"),
        ),
        _ => {
            let why = io_cause(error).unwrap_or("the answer broke off");
            Error::new(
                ErrorKind::Unreachable,
                format!("the connection to {host} broke: {why}"),
            )
        }
    }
}

fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// `io::Error::source` skips the error it wraps, so TLS errors are looked for inside as well.
fn tls_cause(error: &reqwest::Error) -> Option<String> {
    causes(error).find_map(|cause| {
        let inner = cause
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        inner
            .or_else(|| cause.downcast_ref::<rustls::Error>())
            .map(ToString::to_string)
    })
}

fn io_cause(error: &reqwest::Error) -> Option<&'static str> {
    use std::io::ErrorKind as Io;
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .find_map(|io| match io.kind() {
            Io::ConnectionRefused => Some("the connection was refused"),
            Io::ConnectionReset => Some("the connection was reset"),
            Io::HostUnreachable | Io::NetworkUnreachable => Some("there is no route to it"),
            Io::UnexpectedEof => Some("the connection was closed early"),
            _ => None,
        })
}

/// A one-shot payload from a stream of pieces.
pub fn streaming<S>(stream: S) -> Payload
where
    S: futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static,
{
    Payload::Once(stream.boxed())
}

static CLIENTS: WeakMap<HttpSettings, Http> = WeakMap::new();

/// The HTTP client with these settings, and so one connection pool for all who use them.
pub(crate) fn shared(settings: HttpSettings) -> Arc<Http> {
    CLIENTS.get_or(&settings.clone(), Arc::new(Http::new(settings)))
}
