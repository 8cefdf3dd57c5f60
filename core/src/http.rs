//! Port: HTTP. The only room that names the HTTP library.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt};
use http::{HeaderMap, Method, Version};
use url::Url;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::flow::{Answer, Outgoing};
use explain::explain;

mod connect;
mod explain;
mod tls;

pub(crate) use connect::{Http, HttpSettings, Pem, shared};

/// A token endpoint's answer beyond this is refused: tokens are some kilobytes at most.
const ANSWER_MAX_BYTES: usize = 1 << 20;

/// Sends a token request and returns the whole answer. The keeper's only way out; a fake stands in for it in tests.
///
/// Implementations neither log nor put into errors what a request or an answer contains.
pub(crate) trait Transport: Send + Sync {
    /// One exchange, redirects not followed, at most 1 MiB of body, over within `timeout`.
    fn exchange(&self, request: Outgoing, timeout: Duration) -> BoxFuture<'_, Result<Answer>>;
}

/// The body of an API request.
pub enum Payload {
    /// No body.
    Empty,
    /// Bytes, which can be sent again.
    Bytes(Bytes),
    /// A stream that can be had anew, such as a file's, and so sent again.
    Rewindable(Arc<dyn Fn() -> BoxStream<'static, std::io::Result<Bytes>> + Send + Sync>),
    /// A stream that can be sent once.
    Once(BoxStream<'static, std::io::Result<Bytes>>),
}

impl Payload {
    /// The same body for a second sending, if it can be had.
    pub(crate) fn again(&self) -> Option<Self> {
        match self {
            Self::Empty => Some(Self::Empty),
            Self::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            Self::Rewindable(make) => Some(Self::Rewindable(Arc::clone(make))),
            Self::Once(_) => None,
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Payload::Empty"),
            Self::Bytes(bytes) => write!(f, "Payload::Bytes({})", bytes.len()),
            Self::Rewindable(_) => f.write_str("Payload::Rewindable"),
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

impl Http {
    /// Sends one request; redirects are returned, not followed.
    pub(crate) async fn send(&self, sending: Sending) -> Result<Received> {
        let mut request = self
            .client(&sending.url)?
            .request(sending.method, sending.url)
            .headers(sending.headers);
        if let Some(timeout) = sending.timeout {
            request = request.timeout(timeout);
        }
        request = match sending.payload {
            Payload::Empty => request,
            Payload::Bytes(bytes) => request.body(bytes),
            Payload::Rewindable(make) => request.body(reqwest::Body::wrap_stream(make())),
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

/// A payload whose pieces `make` gives anew for each sending.
pub fn rewindable<S>(make: impl Fn() -> S + Send + Sync + 'static) -> Payload
where
    S: futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static,
{
    Payload::Rewindable(Arc::new(move || make().boxed()))
}

/// A one-shot payload from a stream of pieces.
pub fn streaming<S>(stream: S) -> Payload
where
    S: futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static,
{
    Payload::Once(stream.boxed())
}
