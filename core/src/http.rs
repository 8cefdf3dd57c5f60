//! Port: HTTP. The only module that names the HTTP library.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
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
use zeroize::Zeroizing;

use crate::deadline::{Deadline, DeadlineTimer};
use crate::error::{Error, ErrorKind, Result};
#[cfg(unix)]
use crate::executor;
use crate::flow::{TokenRequest, TokenResponse};
use crate::target::Target;
use body::{Body, ResponseBody};
use encoding::Decoder;
use explain::{explain, resend};
#[cfg(unix)]
use pool::Sent;

mod body;
mod connect;
#[cfg(unix)]
mod connection;
mod connector;
mod dial;
mod encoding;
mod explain;
mod keep_reading;
#[cfg(unix)]
mod pool;
mod proxy;
mod resolver;
mod self_signed;
#[cfg(unix)]
mod socket;
mod stream;
mod tls;

pub(crate) use connect::{Http, HttpSettings, Pem, shared};

/// A longer response of a token endpoint is refused: tokens have a few kilobytes at most.
const RESPONSE_MAX_BYTES: usize = 1 << 20;

/// Sends a token request and returns the whole response. The keeper's only access to the network; tests put a fake in its
/// place.
///
/// Implementations must not log, or put into errors, anything that a request or a response contains.
pub(crate) trait Transport: Send + Sync {
    /// One exchange within `timeout`, without following redirects, with at most 1 MiB of response body.
    fn exchange(
        &self,
        request: TokenRequest,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<TokenResponse>>;
}

/// The body of an API request.
pub enum Payload {
    /// No body.
    Empty,
    /// Bytes, which can be sent again.
    Bytes(Bytes),
    /// A stream that can be made again, such as a file's, so that it can be sent again.
    Rewindable(Arc<dyn Fn() -> BoxStream<'static, std::io::Result<Bytes>> + Send + Sync>),
    /// A stream that can be sent only once.
    Once(BoxStream<'static, std::io::Result<Bytes>>),
}

impl Payload {
    /// The same body for sending it again; `None` if it can be sent only once.
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

/// One HTTP request, ready to be sent.
pub(crate) struct HttpRequest<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Target,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
    /// When the call must be over; `None` for no limit.
    pub(crate) deadline: Option<Deadline>,
}

impl HttpRequest<'_> {
    /// Whether it does no harm if the server gets it twice, and its body can be sent again.
    #[cfg(unix)]
    fn can_be_resent(&self) -> bool {
        self.method.is_idempotent() && !matches!(self.payload, Payload::Once(_))
    }
}

/// One HTTP response, its body still to be read.
pub(crate) struct HttpResponse {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    body: ResponseBody,
    decoder: Option<Box<Decoder>>,
    timer: DeadlineTimer,
}

impl HttpResponse {
    fn new(response: Response<ResponseBody>, timer: DeadlineTimer) -> Self {
        let (mut head, body) = response.into_parts();
        let decoder = Decoder::take_from(&mut head.headers).map(Box::new);
        Self {
            status: head.status,
            version: head.version,
            headers: head.headers,
            body,
            decoder,
            timer,
        }
    }

    /// The next piece of the body; `None` at its end. `url` is for the error's text.
    pub(crate) async fn chunk(&mut self, url: &Target) -> Result<Option<Bytes>> {
        loop {
            if let Some(decoder) = &mut self.decoder
                && let Some(piece) = decoder.piece()?
            {
                return Ok(Some(piece));
            }
            let piece = self.piece(url).await?;
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

    /// The next piece as it arrived, still encoded. Trailers are skipped.
    async fn piece(&mut self, url: &Target) -> Result<Option<Bytes>> {
        let Self { body, .. } = self;
        loop {
            let frame = pin!(poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)));
            let frame = self.timer.within(frame).await;
            let frame = frame.map_err(|deadline| deadline.missed(url.host()))?;
            let Some(frame) = frame else {
                return Ok(None);
            };
            let frame = frame.map_err(|error| explain(&error, url.host()))?;
            if let Ok(piece) = frame.into_data() {
                return Ok(Some(piece));
            }
        }
    }
}

/// Whether a request that got no response may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resend {
    /// The server may have acted on it.
    Never,
    /// It was sent on a kept connection that the server had probably closed already (RFC 9110 §9.2.2).
    IfIdempotent,
    /// The server says that it did not process it (RFC 9113 §6.8, §8.7).
    Always,
}

impl Resend {
    /// Whether a request with this method may be sent again.
    pub(crate) fn allows(self, method: &Method) -> bool {
        self == Self::Always || self == Self::IfIdempotent && method.is_idempotent()
    }
}

/// A request that got no response.
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
    pub(crate) async fn send(&self, request: HttpRequest<'_>) -> Result<HttpResponse, Failure> {
        let deadline = request.deadline;
        let url = request.url;
        #[cfg(unix)]
        let can_be_resent = request.can_be_resent();
        let request = self.assemble(request)?;
        let too_late = |deadline: Deadline| deadline.missed(url.host());
        #[cfg(unix)]
        let request = if executor::home().is_some() {
            let mut timer = if executor::runs_blocking_call() {
                DeadlineTimer::of_blocking_call(deadline)
            } else {
                self.on_this_runtime(|made| made.timers.for_call(deadline))?
            };
            let sent = pin!(self.send_on_own_connection(request, can_be_resent));
            match timer.within(sent).await.map_err(too_late)?? {
                Sent::Response(response) => return Ok(HttpResponse::new(response, timer)),
                Sent::NeedsHttp2(unsent) => unsent,
            }
        } else {
            request
        };
        let (response, mut timer) = self.on_this_runtime(|made| {
            let timer = made.timers.for_call(deadline);
            (made.client.request(request), timer)
        })?;
        let response = timer.within(pin!(response)).await;
        let response = response.map_err(too_late)?.map_err(|error| Failure {
            error: explain(&error, url.host()),
            resend: resend(&error, explain::progress(&error).as_ref()),
        })?;
        Ok(HttpResponse::new(response.map(ResponseBody::from), timer))
    }

    fn assemble(&self, request: HttpRequest<'_>) -> Result<Request<Body>> {
        let HttpRequest {
            method,
            url,
            mut headers,
            payload,
            ..
        } = request;
        let uri = Uri::try_from(&*url.without_credentials()).map_err(|_| {
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
        // A range of a compressed body could not be decoded.
        if !headers.contains_key(RANGE) {
            headers
                .entry(ACCEPT_ENCODING)
                .or_insert(HeaderValue::from_static(encoding::ACCEPTED));
        }
        // RFC 9110 §8.6; some servers respond with 411 without it.
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
    fn exchange(
        &self,
        request: TokenRequest,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<TokenResponse>> {
        Box::pin(async move {
            let url = Target::from(request.url);
            let payload = if request.body.is_empty() && request.method == Method::GET {
                Payload::Empty
            } else {
                Payload::Bytes(Bytes::from_owner(Wiped(request.body)))
            };
            let mut response = self
                .send(HttpRequest {
                    method: request.method,
                    url: &url,
                    headers: request.headers,
                    payload,
                    deadline: Deadline::after(timeout),
                })
                .await?;
            let status = response.status.as_u16();
            let bounded = |bytes: usize| {
                (bytes <= RESPONSE_MAX_BYTES).then_some(()).ok_or_else(|| {
                    Error::new(
                        ErrorKind::BadResponse,
                        "the token endpoint's answer is larger than 1 MiB",
                    )
                    .with_http_status(status)
                })
            };
            // A body whose announced length is too large is not waited for.
            bounded(usize::try_from(response.body.size_hint().lower()).unwrap_or(usize::MAX))?;
            let mut body = Zeroizing::new(Vec::new());
            while let Some(chunk) = response.chunk(&url).await? {
                bounded(body.len() + chunk.len())?;
                body.extend_from_slice(&chunk);
            }
            Ok(TokenResponse {
                status,
                headers: response.headers,
                body,
            })
        })
    }
}

/// A payload whose stream `make` makes anew each time it is sent.
pub fn rewindable<S>(make: impl Fn() -> S + Send + Sync + 'static) -> Payload
where
    S: futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static,
{
    Payload::Rewindable(Arc::new(move || make().boxed()))
}

/// A payload from a stream of pieces; it can be sent only once.
pub fn streaming<S>(stream: S) -> Payload
where
    S: futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static,
{
    Payload::Once(stream.boxed())
}
