//! One open connection, whatever it is made of.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What bytes go through.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

/// How far an HTTP/1.1 connection has come.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<Marks>);

#[derive(Default)]
struct Marks {
    /// Something came back.
    answered: AtomicBool,
    /// Since then something went out, and nothing came back.
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

    /// A request went out on a connection that had answered others, and nothing came back: the server had
    /// probably closed it already.
    pub(super) fn is_stale(&self) -> bool {
        self.0.asked_again.load(Ordering::Relaxed)
    }
}

/// An open connection and what the client must know of it.
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

    /// It was agreed to speak HTTP/2.
    pub(super) fn with_h2(mut self) -> Self {
        self.is_h2 = true;
        self
    }

    /// It ends at a proxy that wants to be told whole URLs (RFC 9112 §3.2.2).
    pub(super) fn with_forwarding_proxy(mut self) -> Self {
        self.is_forwarding_proxy = true;
        self
    }
}

/// What whoever drives it must know.
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
