//! A connection: its socket, and what has been read from it and not been used yet.

use std::io;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::request::{Listener, Request};

/// Longest request head; real gateways stop at 8 to 64 KiB.
const MAX_HEAD: usize = 64 * 1024;
/// Longest request body: far more than a test sends, and far less than the memory of a test machine.
const MAX_BODY: usize = 256 * 1024 * 1024;
/// How much a client may send ahead while its request is held.
const MAX_AHEAD: usize = 1024 * 1024;

/// Plain or TLS.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// Why there is no request.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The peer is gone.
    Gone,
    /// What was received is not an acceptable request; the status of the response to it.
    Refused(u16),
}

impl From<io::Error> for ReadError {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    buffer: BytesMut,
    listener: Listener,
}

enum BodyLength {
    Fixed(usize),
    Chunked,
}

impl Connection {
    pub(crate) fn new(stream: Stream, listener: Listener) -> Self {
        Self {
            stream,
            buffer: BytesMut::with_capacity(4096),
            listener,
        }
    }

    /// The next request; `None` if the peer has closed the connection before it.
    pub(crate) async fn read_request(&mut self) -> Result<Option<Request>, ReadError> {
        let (mut request, length, expects) = loop {
            if let Some(head) = parse_head(&self.buffer, self.listener)? {
                let _ = self.buffer.split_to(head.length);
                break (head.request, head.body, head.expects_continue);
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(ReadError::Refused(431));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(ReadError::Gone)
                };
            }
        };
        // RFC 9110 §10.1.1: not needed when the body is already here.
        if expects && self.buffer.is_empty() {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        request.body = match length {
            BodyLength::Fixed(length) => self.take(length).await?,
            BodyLength::Chunked => self.take_chunked().await?,
        };
        Ok(Some(request))
    }

    /// Writes and flushes.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Returns when the peer has closed the connection. What it sends before that is kept.
    pub(crate) async fn closed(&mut self) {
        while self.buffer.len() < MAX_AHEAD {
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        std::future::pending::<()>().await;
    }

    /// Ends with FIN, and then discards what the peer still sends: closing a socket with unread bytes would send an RST, which can
    /// destroy the response before the peer has read it (RFC 9112 §9.6).
    pub(crate) async fn finish(mut self) {
        if self.stream.shutdown().await.is_err() {
            return;
        }
        let mut sink = [0_u8; 4096];
        let drain =
            async { while matches!(self.stream.read(&mut sink).await, Ok(read) if read > 0) {} };
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), drain).await;
    }

    /// Ends with RST.
    pub(crate) fn reset(self) {
        // A socket with a linger time of zero sends an RST when it is closed. If this fails, the peer is already gone.
        let _ = self.stream.tcp().set_zero_linger();
    }

    async fn fill(&mut self) -> Result<(), ReadError> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err(ReadError::Gone);
        }
        Ok(())
    }

    async fn take(&mut self, length: usize) -> Result<Bytes, ReadError> {
        if length > MAX_BODY {
            return Err(ReadError::Refused(413));
        }
        while self.buffer.len() < length {
            self.buffer
                .reserve((length - self.buffer.len()).min(MAX_AHEAD));
            self.fill().await?;
        }
        Ok(self.buffer.split_to(length).freeze())
    }

    async fn take_line(&mut self) -> Result<Bytes, ReadError> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer.split_to(end + 2).freeze();
                return Ok(line.slice(..end));
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(ReadError::Refused(400));
            }
            self.fill().await?;
        }
    }

    /// RFC 9112 §7.1.
    async fn take_chunked(&mut self) -> Result<Bytes, ReadError> {
        let mut body = BytesMut::new();
        loop {
            let line = self.take_line().await?;
            let size = chunk_size(&line).ok_or(ReadError::Refused(400))?;
            if size == 0 {
                // Trailers, up to an empty line.
                while !self.take_line().await?.is_empty() {}
                return Ok(body.freeze());
            }
            if size > MAX_BODY || body.len() + size > MAX_BODY {
                return Err(ReadError::Refused(413));
            }
            body.extend_from_slice(&self.take(size).await?);
            if !self.take_line().await?.is_empty() {
                return Err(ReadError::Refused(400));
            }
        }
    }
}

fn chunk_size(line: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?;
    usize::from_str_radix(text.split(';').next()?.trim(), 16).ok()
}

struct Head {
    length: usize,
    request: Request,
    body: BodyLength,
    expects_continue: bool,
}

fn parse_head(bytes: &[u8], listener: Listener) -> Result<Option<Head>, ReadError> {
    let mut slots = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Request::new(&mut slots);
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(ReadError::Refused(431)),
        Err(_) => return Err(ReadError::Refused(400)),
    };
    let headers: Vec<(String, String)> = parsed
        .headers
        .iter()
        .map(|header| {
            (
                header.name.to_ascii_lowercase(),
                String::from_utf8_lossy(header.value).trim().to_owned(),
            )
        })
        .collect();
    let (path, query) = split_target(parsed.path.unwrap_or("/"));
    let request = Request {
        listener,
        method: parsed.method.unwrap_or("GET").to_owned(),
        path,
        query,
        keep_alive: keeps_alive(parsed.version, &headers),
        headers,
        body: Bytes::new(),
        body_sha256: OnceLock::new(),
    };
    let body = body_length(&request)?;
    let expects_continue = request
        .header("expect")
        .is_some_and(|value| value.eq_ignore_ascii_case("100-continue"));
    Ok(Some(Head {
        length,
        request,
        body,
        expects_continue,
    }))
}

/// RFC 9112 §3.2: origin form, or the absolute form that clients send to a proxy.
fn split_target(target: &str) -> (String, String) {
    let target = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => {
            rest.find('/').map_or("/", |slash| &rest[slash..])
        }
        _ => target,
    };
    match target.split_once('?') {
        Some((path, query)) => (path.to_owned(), query.to_owned()),
        None => (target.to_owned(), String::new()),
    }
}

fn keeps_alive(version: Option<u8>, headers: &[(String, String)]) -> bool {
    let says = |word: &str| {
        headers.iter().any(|(name, value)| {
            name == "connection"
                && value
                    .split(',')
                    .any(|part| part.trim().eq_ignore_ascii_case(word))
        })
    };
    if version == Some(1) {
        !says("close")
    } else {
        says("keep-alive")
    }
}

/// RFC 9112 §6.3. A request with both headers is refused, because it may be an attempt at request smuggling.
fn body_length(request: &Request) -> Result<BodyLength, ReadError> {
    let chunked = request
        .header("transfer-encoding")
        .map(|value| value.eq_ignore_ascii_case("chunked"));
    let fixed = request.header("content-length");
    match (chunked, fixed) {
        (Some(true), None) => Ok(BodyLength::Chunked),
        (Some(_), _) => Err(ReadError::Refused(400)),
        (None, Some(text)) => text
            .parse()
            .map(BodyLength::Fixed)
            .map_err(|_| ReadError::Refused(400)),
        (None, None) => Ok(BodyLength::Fixed(0)),
    }
}
