//! Port: HTTP. The only room that names the HTTP library.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, HeaderValue, PROXY_AUTHORIZATION, RANGE, USER_AGENT,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::Body as _;
use url::Url;
use zeroize::Zeroizing;

use crate::deadline::{Deadline, End};
#[cfg(unix)]
use crate::driver;
use crate::error::{Error, ErrorKind, Result};
use crate::flow::{Answer, Outgoing};
use body::{AnswerBody, Body};
use encoding::Decoder;
use explain::{bare_host, explain, resend};
#[cfg(unix)]
use pool::Sent;

mod body;
mod connect;
#[cfg(unix)]
mod connection;
mod connector;
mod encoding;
mod explain;
#[cfg(unix)]
mod pool;
mod proxy;
mod read_on;
mod resolver;
mod self_signed;
#[cfg(unix)]
mod socket;
mod stream;
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
    /// When the call must be over; `None`: whenever.
    pub(crate) end: Option<End>,
}

impl Sending {
    /// It does no harm if the server gets it twice, and the body can be had again.
    #[cfg(unix)]
    fn can_be_sent_again(&self) -> bool {
        self.method.is_idempotent() && !matches!(self.payload, Payload::Once(_))
    }
}

/// One HTTP answer, its body still to be read.
pub(crate) struct Received {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    uri: Uri,
    body: AnswerBody,
    decoder: Option<Box<Decoder>>,
    deadline: Deadline,
}

impl Received {
    fn new(answer: Response<AnswerBody>, uri: Uri, deadline: Deadline) -> Self {
        let (mut head, body) = answer.into_parts();
        let decoder = Decoder::take_from(&mut head.headers).map(Box::new);
        Self {
            status: head.status,
            version: head.version,
            headers: head.headers,
            uri,
            body,
            decoder,
            deadline,
        }
    }

    /// The next piece of the body; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(decoder) = &mut self.decoder
                && let Some(piece) = decoder.piece()?
            {
                return Ok(Some(piece));
            }
            let piece = self.piece().await?;
            match (&mut self.decoder, piece) {
                (None, piece) => return Ok(piece),
                (Some(decoder), Some(piece)) => decoder.feed(piece),
                (Some(decoder), None) => {
                    decoder.finish()?;
                    return Ok(None);
                }
            }
        }
    }

    /// The next piece as it came; trailers are nobody's here.
    async fn piece(&mut self) -> Result<Option<Bytes>> {
        let Self { uri, body, .. } = self;
        loop {
            let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
            let frame = self.deadline.within(frame).await;
            let frame = frame.map_err(|end| end.missed(bare_host(uri)))?;
            let Some(frame) = frame else {
                return Ok(None);
            };
            let frame = frame.map_err(|error| explain(&error, bare_host(uri)))?;
            if let Ok(piece) = frame.into_data() {
                return Ok(Some(piece));
            }
        }
    }
}

/// Whether a request that got no answer may go out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resend {
    /// The server may have acted on it.
    Never,
    /// It went out on a connection that the server had probably closed already (RFC 9110 §9.2.2).
    IfIdempotent,
    /// The server says that it did not begin with it (RFC 9113 §6.8, §8.7).
    Always,
}

impl Resend {
    /// Whether that goes for a request of this method.
    pub(crate) fn allows(self, method: &Method) -> bool {
        self == Self::Always || self == Self::IfIdempotent && method.is_idempotent()
    }
}

/// A request that got no answer.
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) resend: Resend,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            resend: Resend::Never,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl Http {
    /// Sends one request; redirects are returned, not followed.
    pub(crate) async fn send(&self, sending: Sending) -> Result<Received, Failure> {
        let end = sending.end;
        #[cfg(unix)]
        let can_be_sent_again = sending.can_be_sent_again();
        let request = self.assemble(sending)?;
        let uri = request.uri().clone();
        let too_late = |end: End| end.missed(bare_host(&uri));
        #[cfg(unix)]
        let request = if driver::home().is_some() {
            let mut deadline = if driver::is_driving() {
                Deadline::of_the_driver(end)
            } else {
                self.on_this_runtime(|made| made.timers.deadline(end))?
            };
            let sent = deadline.within(self.send_driven(request, can_be_sent_again));
            match sent.await.map_err(too_late)?? {
                Sent::Answered(answer) => return Ok(Received::new(answer, uri, deadline)),
                Sent::NotHere(unsent) => unsent,
            }
        } else {
            request
        };
        let (answer, mut deadline) = self.on_this_runtime(|made| {
            let deadline = made.timers.deadline(end);
            (made.client.request(request), deadline)
        })?;
        let answer = deadline.within(answer).await;
        let answer = answer.map_err(too_late)?.map_err(|error| Failure {
            error: explain(&error, bare_host(&uri)),
            resend: resend(&error, explain::progress(&error).as_ref()),
        })?;
        Ok(Received::new(answer.map(AnswerBody::from), uri, deadline))
    }

    fn assemble(&self, sending: Sending) -> Result<Request<Body>> {
        let Sending {
            method,
            mut url,
            mut headers,
            payload,
            ..
        } = sending;
        if !url.username().is_empty() || url.password().is_some() {
            // A redirect may bring them; they belong into no request line.
            let _ = url.set_username("");
            let _ = url.set_password(None);
        }
        let uri = Uri::try_from(url.as_str()).map_err(|_| {
            Error::new(
                ErrorKind::ConfigInvalid,
                "the request could not be built: the URL is not valid",
            )
        })?;
        let body = Body::from(payload);
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("*/*"));
        headers
            .entry(USER_AGENT)
            .or_insert_with(|| self.agent.clone());
        // A part of a compressed body could not be unpacked.
        if !headers.contains_key(RANGE) {
            headers
                .entry(ACCEPT_ENCODING)
                .or_insert(HeaderValue::from_static(encoding::ACCEPTED));
        }
        // RFC 9110 §8.6; servers in the field answer 411 without it.
        if body.is_end_stream() && matches!(method, Method::POST | Method::PUT | Method::PATCH) {
            headers
                .entry(CONTENT_LENGTH)
                .or_insert(HeaderValue::from_static("0"));
        }
        if let Some(credentials) = self.proxies.credentials(&uri) {
            headers.insert(PROXY_AUTHORIZATION, credentials);
        }
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
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
                    end: End::after(timeout),
                })
                .await?;
            let status = received.status.as_u16();
            let bounded = |bytes: usize| {
                (bytes <= ANSWER_MAX_BYTES).then_some(()).ok_or_else(|| {
                    Error::new(
                        ErrorKind::BadResponse,
                        "the token endpoint's answer is larger than 1 MiB",
                    )
                    .with_http_status(status)
                })
            };
            // What is announced and too large is not waited for.
            bounded(usize::try_from(received.body.size_hint().lower()).unwrap_or(usize::MAX))?;
            let mut body = Zeroizing::new(Vec::new());
            while let Some(chunk) = received.chunk().await? {
                bounded(body.len() + chunk.len())?;
                body.extend_from_slice(&chunk);
            }
            Ok(Answer {
                status,
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
