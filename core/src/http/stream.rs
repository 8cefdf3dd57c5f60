//! An open connection, with or without TLS and proxies.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A byte stream.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

/// Whether an HTTP/1.1 connection has a request without a response.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<Marks>);

#[derive(Default)]
struct Marks {
    /// Something was read.
    answered: AtomicBool,
    /// Something was written after the last read.
    asked_again: AtomicBool,
}

impl Progress {
    fn wrote(&self) {
        if self.0.answered.load(Ordering::Relaxed) {
            self.0.asked_again.store(true, Ordering::Relaxed);
        }
    }

    fn read(&self) {
        self.0.answered.store(true, Ordering::Relaxed);
        self.0.asked_again.store(false, Ordering::Relaxed);
    }

    /// A request was sent on a connection that had been used before, and nothing came back: the server had probably closed it
    /// already.
    pub(super) fn is_stale(&self) -> bool {
        self.0.asked_again.load(Ordering::Relaxed)
    }
}

/// An open connection and what its client must know about it.
pub(super) struct Stream {
    io: Box<dyn Io>,
    progress: Progress,
    is_h2: bool,
    is_forwarding_proxy: bool,
}

impl Stream {
    pub(super) fn new(io: Box<dyn Io>) -> Self {
        Self {
            io,
            progress: Progress::default(),
            is_h2: false,
            is_forwarding_proxy: false,
        }
    }

    /// The TLS handshake has selected HTTP/2.
    pub(super) fn with_h2(mut self) -> Self {
        self.is_h2 = true;
        self
    }

    /// The connection ends at a proxy, which needs absolute URLs (RFC 9112 §3.2.2).
    pub(super) fn with_forwarding_proxy(mut self) -> Self {
        self.is_forwarding_proxy = true;
        self
    }
}

/// For calls that drive the connection themselves.
#[cfg(unix)]
impl Stream {
    pub(super) fn is_h2(&self) -> bool {
        self.is_h2
    }

    pub(super) fn is_forwarding_proxy(&self) -> bool {
        self.is_forwarding_proxy
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.is_forwarding_proxy);
        if self.is_h2 {
            connected.negotiated_h2()
        } else {
            connected.extra(self.progress.clone())
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = Pin::new(&mut self.io).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.progress.read();
        }
        outcome
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.progress.wrote();
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.progress.wrote();
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}
