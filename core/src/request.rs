//! Requests through this library: authorizes, sends, follows redirects, recovers from a 401 and returns the response.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method};

use crate::authorization::{Authorization, GiveBack, ResponseFacts, Verdict};
use crate::client::Client;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Http, HttpRequest, HttpResponse, Payload, Resend};
use crate::read_timeout::ReadTimeout;
use crate::redirect;
use crate::response::{BodyPrefix, Response};
use crate::target::Target;
use crate::verdict::Reason;

/// A request that is described before it is sent.
#[must_use = "nothing is sent before send()"]
pub struct RequestBuilder {
    client: Client,
    method: Method,
    url: String,
    headers: HeaderMap,
    payload: Payload,
    timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    read_timeout: Option<Duration>,
    follow: bool,
    /// The first error of a setter; `send` reports it.
    problem: Option<Error>,
}

impl RequestBuilder {
    pub(crate) fn new(client: Client, method: Method, url: &str) -> Self {
        let timeout = Some(client.timeout());
        Self {
            client,
            method,
            url: url.to_owned(),
            headers: HeaderMap::new(),
            payload: Payload::Empty,
            timeout,
            connect_timeout: None,
            read_timeout: None,
            follow: true,
            problem: None,
        }
    }

    /// Adds a header. `Authorization` is refused, because the client sets it.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            (Ok(name), Ok(_)) if name == AUTHORIZATION => {
                self.complain(Error::config(
                    "headers",
                    "Authorization is set by the client",
                ));
            }
            (Ok(name), Ok(value)) => {
                self.headers.append(name, value);
            }
            (Err(_), _) => self.complain(Error::config("headers", "a name is not a header name")),
            (Ok(name), Err(_)) => self.complain(Error::config(
                "headers",
                format_args!("{name} has a value that no header can carry"),
            )),
        }
        self
    }

    fn complain(&mut self, problem: Error) {
        self.problem.get_or_insert(problem);
    }

    /// Sets the body to these bytes, which can be sent again after a 401.
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        self.payload = Payload::Bytes(bytes.into());
        self
    }

    /// Sets the body to any payload.
    pub fn payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }

    /// Sets the body to a JSON document, and the content type unless it is set already.
    pub fn json(mut self, value: &impl serde::Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => {
                self.headers
                    .entry(CONTENT_TYPE)
                    .or_insert(HeaderValue::from_static("application/json"));
                self.payload = Payload::Bytes(bytes.into());
            }
            Err(_) => self.complain(Error::config("json", "cannot be written as JSON")),
        }
        self
    }

    /// The deadline of the whole call, including waiting for the token and reading the body. Default: the client's. `None`: no
    /// deadline, except that of waiting for a token.
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long establishing a connection may take. Default: the client's `connect_timeout`. Calls with another value use
    /// connections of their own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        if timeout.is_zero() {
            self.complain(Error::config(
                "connect_timeout",
                "must be more than 0 seconds",
            ));
        }
        self.connect_timeout = Some(timeout);
        self
    }

    /// How long the server may be silent, that is, no piece of the response arrives and no piece of the body is sent. Each piece
    /// restarts the time. Establishing a connection counts, waiting for a token does not. Default: no limit but the deadline.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        if timeout.is_zero() {
            self.complain(Error::config("read_timeout", "must be more than 0 seconds"));
        }
        self.read_timeout = Some(timeout);
        self
    }

    /// Whether redirects are followed. Default: yes. On every hop the token is sent to pinned origins only.
    pub fn follow_redirects(mut self, follow: bool) -> Self {
        self.follow = follow;
        self
    }

    /// Sends the request. It is sent again if it was sent on a kept connection, nothing came back and the method is idempotent
    /// (RFC 9110 §9.2.2). Every response is a success here, also a 401 that could not be recovered from: see
    /// [`Response::given_back`].
    ///
    /// # Errors
    /// Why there is no response: any kind of the error table but `cancelled`. An absolute URL of a foreign origin is
    /// `origin_refused`; a relative URL cannot leave the base URL.
    pub async fn send(mut self) -> Result<Response> {
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        let target = self.client.target(&self.url)?;
        let call = Call {
            deadline: self.timeout.and_then(Deadline::after),
            client: &self.client,
            http: self.client.http_within(self.connect_timeout)?,
            read_timeout: self.read_timeout.map(ReadTimeout::new),
        };
        let mut hop = Hop {
            method: self.method,
            target,
            is_allowed: true,
            headers: self.headers,
            payload: Some(self.payload),
        };
        let mut hops = 0;
        loop {
            let answered = call.hop(&mut hop).await?;
            let HttpResponse {
                status, headers, ..
            } = &answered.received;
            let next = if self.follow && status.is_redirection() {
                redirect::next(&hop.method, hop.target.url(), status.as_u16(), headers)
            } else {
                None
            };
            // If the body was a stream that could be sent only once, the redirect itself is returned.
            let next = next.filter(|next| next.drops_body || hop.payload.is_some());
            let Some(next) = next else {
                return Ok(answered.into_response(hop.target, call.read_timeout));
            };
            hops += 1;
            if hops > redirect::HOPS_MAX {
                return Err(
                    Error::new(ErrorKind::BadResponse, "the API redirects in a circle")
                        .with_retryable(false)
                        .with_http_status(status.as_u16()),
                );
            }
            // Leaving the body unread would cost the connection.
            let mut unread = answered.into_response(hop.target.clone(), call.read_timeout.clone());
            unread.drain().await;
            let is_allowed = self.client.0.origins.allow(&next.url);
            hop.follow(next, is_allowed);
        }
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// What all hops of a call share.
struct Call<'a> {
    /// When the call must be over; `None` for no limit.
    deadline: Option<Deadline>,
    client: &'a Client,
    http: Arc<Http>,
    read_timeout: Option<ReadTimeout>,
}

/// One hop: what is sent where.
struct Hop {
    method: Method,
    target: Target,
    /// Whether the token may go there.
    is_allowed: bool,
    headers: HeaderMap,
    /// `None` once a body that can be sent only once has been sent.
    payload: Option<Payload>,
}

impl Hop {
    fn follow(&mut self, next: redirect::Next, is_allowed: bool) {
        if next.crosses_origin {
            redirect::drop_credentials(&mut self.headers);
        }
        if next.drops_body {
            redirect::drop_content(&mut self.headers);
            self.payload = Some(Payload::Empty);
        }
        self.method = next.method;
        self.target = next.url.into();
        self.is_allowed = is_allowed;
    }
}

/// The response to a hop.
struct HopResponse {
    received: HttpResponse,
    given_back: Option<GiveBack>,
    head: BodyPrefix,
}

impl HopResponse {
    fn into_response(self, target: Target, read_timeout: Option<ReadTimeout>) -> Response {
        Response::new(
            self.received,
            target,
            self.given_back,
            self.head,
            read_timeout,
        )
    }
}

impl Call<'_> {
    /// What is left of the call's time; `None` for no limit.
    fn left(&self, to: &Target) -> Result<Option<Duration>> {
        let Some(deadline) = self.deadline else {
            return Ok(None);
        };
        deadline
            .left()
            .map(Some)
            .ok_or_else(|| deadline.missed(to.host()))
    }

    /// Sends one hop, and once more if the verdict says so.
    async fn hop(&self, hop: &mut Hop) -> Result<HopResponse> {
        let client = self.client;
        if !hop.is_allowed {
            let received = self.send(hop, None).await?;
            let given_back = (received.status == 401).then_some(GiveBack {
                reason: Reason::ForeignOrigin,
                error: None,
            });
            return Ok(HopResponse {
                received,
                given_back,
                head: BodyPrefix::default(),
            });
        }
        let to = &hop.target;
        let mut authorization = client.authorize_any_url(|| self.left(to)).await?;
        loop {
            let mut received = self.send(hop, Some(&authorization)).await?;
            let mut head = BodyPrefix::default();
            let mut left = None;
            if received.status == 401 {
                head.read(&mut received, &hop.target).await;
                authorization = authorization.for_url(hop.target.url());
                left = self.left(&hop.target).unwrap_or(Some(Duration::ZERO));
            }
            let first = head.bytes();
            let seen = ResponseFacts {
                status: received.status.as_u16(),
                headers: &received.headers,
                body_prefix: &first,
                replayable: hop.payload.is_some(),
                timeout: left,
            };
            let given_back = match client.judge(&authorization, seen).await {
                Verdict::Resend(again) => {
                    authorization = again;
                    continue;
                }
                Verdict::Done => None,
                Verdict::GiveBack(why) => Some(why),
            };
            return Ok(HopResponse {
                received,
                given_back,
                head,
            });
        }
    }

    /// Sends the hop's request, and again after a failure that allows it. Keeps the body for sending it again after a 401 or a
    /// redirect, if it can be sent again.
    async fn send(
        &self,
        hop: &mut Hop,
        authorization: Option<&Authorization>,
    ) -> Result<HttpResponse> {
        let mut spares = ResendBudget::default();
        loop {
            let mut headers = hop.headers.clone();
            if let Some(authorization) = authorization {
                headers.insert(AUTHORIZATION, authorization.header_value());
            }
            let payload = hop.payload.take().unwrap_or(Payload::Empty);
            hop.payload = payload.again();
            let mut sending = HttpRequest {
                method: hop.method.clone(),
                url: &hop.target,
                headers,
                payload,
                deadline: self.deadline,
            };
            let sent = match &self.read_timeout {
                Some(read_timeout) => {
                    let (payload, length) = read_timeout.watch(sending.payload);
                    sending.payload = payload;
                    if let Some(length) = length {
                        sending
                            .headers
                            .entry(CONTENT_LENGTH)
                            .or_insert(length.into());
                    }
                    let in_time = read_timeout.within(hop.target.host(), self.http.send(sending));
                    // Boxed, because it would enlarge the future of every call and few calls use it.
                    Box::pin(in_time).await
                }
                None => self.http.send(sending).await,
            };
            match sent {
                Ok(received) => return Ok(received),
                Err(failure)
                    if hop.payload.is_some()
                        && failure.resend.allows(&hop.method)
                        && spares.take(failure.resend) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
    }
}

/// How often a request may be sent again after a failure.
struct ResendBudget {
    /// A server that has closed one kept connection has probably closed others, and each attempt may find one.
    stale: u8,
    /// A server that did not process a request may be as busy the next time.
    not_begun: u8,
}

impl Default for ResendBudget {
    fn default() -> Self {
        Self {
            stale: 8,
            not_begun: 1,
        }
    }
}

impl ResendBudget {
    /// Uses up one resend of this kind. Returns whether one was left.
    fn take(&mut self, resend: Resend) -> bool {
        let left = match resend {
            Resend::Never => return false,
            Resend::IfIdempotent => &mut self.stale,
            Resend::Always => &mut self.not_begun,
        };
        let one = left.checked_sub(1);
        *left = one.unwrap_or_default();
        one.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{Resend, ResendBudget};

    #[test]
    fn every_kind_of_failure_has_its_own_number_of_sendings() {
        for (resend, number) in [
            (Resend::Never, 0),
            (Resend::IfIdempotent, 8),
            (Resend::Always, 1),
        ] {
            let mut spares = ResendBudget::default();
            let taken = (0..20).filter(|_| spares.take(resend)).count();
            assert_eq!(taken, number, "{resend:?}");
        }
    }
}
