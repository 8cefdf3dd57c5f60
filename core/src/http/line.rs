//! HTTP/1.1 connections that a blocking call drives itself, and the ones that rest between two calls.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::header::{HOST, HeaderValue};
use http::uri::{Authority, PathAndQuery};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWrite;

use super::Failure;
use super::body::{Arriving, Body};
use super::connect::IDLE_TIMEOUT;
use super::connector::Connector;
use super::explain::{bare_host, explain, resend};
use super::proxy::is_https;
use super::socket::Socket;
use super::stream::{Progress, Stream};
use crate::clock::{Clock, SystemClock};
use crate::error::Result;

/// A server is unlikely to have closed a connection that rested no longer than a tick of the coarse clock. To look costs
/// a fortieth of a small request, so one that can be sent again if need be does without.
const SHORT_REST: Duration = Duration::from_millis(1);

type Connection = http1::Connection<TokioIo<Stream>, Body>;

/// An open connection.
pub(super) struct Line {
    /// Where it leads.
    to: Uri,
    /// The same, for the `Host` field.
    host: HeaderValue,
    sender: SendRequest<Body>,
    /// `None` once it is over.
    connection: Option<Connection>,
    socket: Socket,
    progress: Progress,
    /// The other end wants to be told whole URLs.
    is_to_forwarding_proxy: bool,
    /// When the answer before had been read.
    rests_since: Duration,
}

/// What came about.
pub(super) enum Opened {
    Line(Box<Line>),
    /// The server prefers HTTP/2, where a connection is for many calls.
    Http2,
}

impl Line {
    pub(super) async fn open(connector: &Connector, to: &Uri) -> Result<Opened> {
        let (stream, socket) = connector.connect_for_caller(to).await?;
        if stream.is_h2() {
            return Ok(Opened::Http2);
        }
        let progress = stream.progress().clone();
        let is_to_forwarding_proxy = stream.is_forwarding_proxy();
        let shaken = settings().handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| explain(&error, bare_host(to)))?;
        Ok(Opened::Line(Box::new(Self {
            to: to.clone(),
            host: host(to),
            sender,
            connection: Some(connection),
            socket,
            progress,
            is_to_forwarding_proxy,
            rests_since: Duration::ZERO,
        })))
    }

    /// As HTTP and TLS want it; that the other end may have gone is no matter any more.
    #[allow(clippy::boxed_local)]
    fn close(self: Box<Self>) {
        if let Some(connection) = self.connection {
            let mut stream = connection.into_parts().io.into_inner();
            let mut cx = Context::from_waker(Waker::noop());
            let _ = Pin::new(&mut stream).poll_shutdown(&mut cx);
        }
    }

    /// Whether it can take a request now.
    fn is_free(&mut self, cx: &mut Context<'_>) -> bool {
        drive(&mut self.connection, cx);
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Sends `request` and waits for the head of its answer.
    pub(super) async fn send(
        &mut self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        self.address(&mut request);
        let mut answer = pin!(self.sender.try_send_request(request));
        let connection = &mut self.connection;
        poll_fn(|cx| {
            drive(connection, cx);
            answer.as_mut().poll(cx)
        })
        .await
    }

    /// Puts the URL into the form of HTTP/1.1 (RFC 9112 §3.2), and the host into a field of its own.
    fn address(&self, request: &mut Request<Body>) {
        let headers = request.headers_mut();
        headers.entry(HOST).or_insert_with(|| self.host.clone());
        if !self.is_to_forwarding_proxy {
            let path = request.uri().path_and_query().cloned();
            let root = || PathAndQuery::from_static("/");
            *request.uri_mut() = path.unwrap_or_else(root).into();
        }
    }
}

/// Does what is to be done on the connection at the moment. Whoever waits for something of one that is over is told by
/// its drop.
fn drive(connection: &mut Option<Connection>, cx: &mut Context<'_>) {
    if let Some(open) = connection
        && Pin::new(open).poll(cx).is_ready()
    {
        *connection = None;
    }
}

/// RFC 9110 §7.2.
fn host(to: &Uri) -> HeaderValue {
    let default_port = if is_https(to) { 443 } else { 80 };
    let named = to.authority().map(|authority| match authority.port_u16() {
        Some(port) if port != default_port => authority.as_str(),
        _ => authority.host(),
    });
    // An authority consists of what a field may hold.
    HeaderValue::from_str(named.unwrap_or_default()).unwrap_or(HeaderValue::from_static(""))
}

/// As the pool's, see [`super::connect`].
fn settings() -> http1::Builder {
    let mut settings = http1::Builder::new();
    settings
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .ignore_invalid_headers_in_responses(true);
    settings
}

/// The connection of an answer that is still arriving.
pub(super) struct Engaged {
    line: Box<Line>,
    lines: Arc<Lines>,
}

impl Engaged {
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        drive(&mut self.line.connection, cx);
    }

    /// Leaves it to the next call.
    pub(super) fn rest(mut self) {
        // Nobody is to be woken when the next request is handed to it.
        if self.line.is_free(&mut Context::from_waker(Waker::noop())) {
            self.line.rests_since = SystemClock.coarse_boot();
            lock(&self.lines.resting).push(self.line);
        }
    }
}

/// The connections of blocking calls with one set of settings.
#[derive(Default)]
pub(super) struct Lines {
    /// Those that rest, the one that came last at the end.
    // Each call takes one out and puts it back, which would copy it.
    #[allow(clippy::vec_box)]
    resting: Mutex<Vec<Box<Line>>>,
    /// The servers that prefer HTTP/2.
    http2: Mutex<Vec<Uri>>,
}

/// What became of a request.
pub(super) enum Sent {
    Answered(Response<Arriving>),
    /// The server prefers HTTP/2.
    NotHere(Request<Body>),
}

impl Lines {
    /// Sends `request` and waits for the head of its answer.
    pub(super) async fn send(
        self: &Arc<Self>,
        connector: impl Fn() -> Connector,
        mut request: Request<Body>,
        can_be_sent_again: bool,
    ) -> Result<Sent, Failure> {
        let to = request.uri().clone();
        loop {
            let rested = self.take(&to, can_be_sent_again).await;
            let was_used = rested.is_some();
            let mut line = match rested {
                Some(line) => line,
                None if lock(&self.http2)
                    .iter()
                    .any(|known| is_one_server(known, &to)) =>
                {
                    return Ok(Sent::NotHere(request));
                }
                // Most calls find one, and every call would be as large.
                None => match Box::pin(Line::open(&connector(), &to)).await? {
                    Opened::Line(line) => line,
                    Opened::Http2 => {
                        lock(&self.http2).push(to);
                        return Ok(Sent::NotHere(request));
                    }
                },
            };
            let mut failed = match line.send(request).await {
                Ok(answer) => {
                    let lines = Arc::clone(self);
                    let engaged = Engaged { line, lines };
                    return Ok(Sent::Answered(
                        answer.map(|body| Arriving::over(engaged, body)),
                    ));
                }
                Err(failed) => failed,
            };
            if was_used {
                // The server has closed one of them, and probably all.
                self.close(&to);
            }
            match failed.take_message() {
                // Nothing of it went out.
                Some(unsent) if was_used => {
                    request = unsent;
                    *request.uri_mut() = to.clone();
                }
                _ => {
                    let error = failed.into_error();
                    return Err(Failure {
                        error: explain(&error, bare_host(&to)),
                        resend: resend(&error, Some(&line.progress)),
                    });
                }
            }
        }
    }

    /// A resting connection that leads to `to`. It is made sure that the server has left it open, unless it hardly rested
    /// and the request can be sent again.
    async fn take(&self, to: &Uri, can_be_sent_again: bool) -> Option<Box<Line>> {
        let now = SystemClock.coarse_boot();
        let rest = |line: &Line| now.saturating_sub(line.rests_since);
        loop {
            let (expired, found) = {
                let mut resting = lock(&self.resting);
                let expired = resting
                    .iter()
                    .take_while(|line| rest(line) > IDLE_TIMEOUT)
                    .count();
                let expired: Vec<_> = resting.drain(..expired).collect();
                let found = resting.iter().rposition(|line| is_one_server(&line.to, to));
                (expired, found.map(|at| resting.remove(at)))
            };
            expired.into_iter().for_each(Line::close);
            let mut line = found?;
            if can_be_sent_again && rest(&line) <= SHORT_REST {
                return Some(line);
            }
            line.socket.look_again();
            if poll_fn(|cx| Poll::Ready(line.is_free(cx))).await {
                return Some(line);
            }
        }
    }

    /// Closes those that rest and lead to `to`.
    fn close(&self, to: &Uri) {
        let gone: Vec<_> = lock(&self.resting)
            .extract_if(.., |line| is_one_server(&line.to, to))
            .collect();
        gone.into_iter().for_each(Line::close);
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let resting = self.resting.get_mut();
        let resting = resting.unwrap_or_else(PoisonError::into_inner);
        resting.drain(..).for_each(Line::close);
    }
}

/// Whether both name it alike; a URL that was read is in lower case.
fn is_one_server(one: &Uri, other: &Uri) -> bool {
    fn authority(uri: &Uri) -> Option<&str> {
        uri.authority().map(Authority::as_str)
    }
    authority(one) == authority(other) && one.scheme() == other.scheme()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
