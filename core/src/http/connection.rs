//! An HTTP/1.1 connection that the call which uses it drives itself.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWrite;

use super::body::Body;
use super::connector::Connector;
use super::explain::{bare_host, explain};
use super::proxy::default_port;
use super::socket::Socket;
use super::stream::{Progress, Stream};
use crate::error::Result;

type Http1 = http1::Connection<TokioIo<Stream>, Body>;

/// An open connection.
pub(super) struct Connection {
    /// Where it leads.
    to: Uri,
    /// The value of the `Host` field.
    host: HeaderValue,
    sender: SendRequest<Body>,
    /// `None` once the connection has ended.
    http1: Option<Http1>,
    socket: Socket,
    progress: Progress,
    /// The other end is a proxy, which needs absolute URLs (RFC 9112 §3.2.2).
    is_to_forwarding_proxy: bool,
}

/// The outcome of opening a connection.
pub(super) enum Opened {
    Connection(Box<Connection>),
    /// The server prefers HTTP/2, where many calls share a connection, so that none can drive it alone.
    Http2,
}

impl Connection {
    pub(super) async fn open(connector: &Connector, to: &Uri) -> Result<Opened> {
        let (stream, socket) = connector.connect_for_caller(to).await?;
        if stream.is_h2() {
            return Ok(Opened::Http2);
        }
        let progress = stream.progress().clone();
        let is_to_forwarding_proxy = stream.is_forwarding_proxy();
        let shaken = settings().handshake(TokioIo::new(stream)).await;
        let (sender, http1) = shaken.map_err(|error| explain(&error, bare_host(to)))?;
        Ok(Opened::Connection(Box::new(Self {
            to: to.clone(),
            host: host(to),
            sender,
            http1: Some(http1),
            socket,
            progress,
            is_to_forwarding_proxy,
        })))
    }

    /// Closes the connection in an orderly way. If the other end is gone already, that does not matter.
    pub(super) fn close(self) {
        if let Some(http1) = self.http1 {
            let mut stream = http1.into_parts().io.into_inner();
            let mut cx = Context::from_waker(Waker::noop());
            let _ = Pin::new(&mut stream).poll_shutdown(&mut cx);
        }
    }

    /// The server that it leads to.
    pub(super) fn to(&self) -> &Uri {
        &self.to
    }

    /// The socket below HTTP and TLS.
    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Reads and writes as much as possible without waiting.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        drive(&mut self.http1, cx);
    }

    /// Whether it can take a request now.
    pub(super) fn is_free(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx);
        self.http1.is_some() && self.sender.is_ready()
    }

    /// As [`Self::is_free`], for an idle connection that the server may have closed meanwhile.
    pub(super) fn is_still_free(&mut self, cx: &mut Context<'_>) -> bool {
        self.socket.assume_readable();
        self.is_free(cx)
    }

    /// Sends `request` and waits for the head of its response.
    pub(super) async fn send(
        &mut self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        self.address(&mut request);
        let mut response = pin!(self.sender.try_send_request(request));
        let http1 = &mut self.http1;
        poll_fn(|cx| {
            drive(http1, cx);
            response.as_mut().poll(cx)
        })
        .await
    }

    /// Gives the request target its HTTP/1.1 form (RFC 9112 §3.2) and adds the `Host` field.
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

/// Drops a connection that has ended, which wakes everything that waits for it.
fn drive(http1: &mut Option<Http1>, cx: &mut Context<'_>) {
    if let Some(open) = http1
        && Pin::new(open).poll(cx).is_ready()
    {
        *http1 = None;
    }
}

/// RFC 9110 §7.2.
fn host(to: &Uri) -> HeaderValue {
    let named = to.authority().map(|authority| match authority.port_u16() {
        Some(port) if port != default_port(to) => authority.as_str(),
        _ => authority.host(),
    });
    // An authority contains only characters that a field may contain.
    HeaderValue::from_str(named.unwrap_or_default()).unwrap_or(HeaderValue::from_static(""))
}

/// The same tolerance as that of the runtimes' clients in [`super::connect`].
fn settings() -> http1::Builder {
    let mut settings = http1::Builder::new();
    settings
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .ignore_invalid_headers_in_responses(true);
    settings
}
