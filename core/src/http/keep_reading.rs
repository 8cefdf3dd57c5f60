//! A connection that is still read after a write has failed.
//!
//! A server may respond before it has read the whole request, for example to refuse its token or its size, and then close the
//! connection. Writing then fails while the response waits to be read (RFC 9112 §9.5). So after a failed write nothing
//! more is written, and reading decides whether there is a response or the connection is broken.
//!
//! That is so for requests. In a handshake a failed write ends the connection: a peer that has something to say waits until it
//! has been asked, and nobody reads before everything is written.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::stream::Io;

/// Whether the handshakes of a connection, with proxies and by TLS, are over.
#[derive(Clone, Default)]
pub(super) struct Established(Arc<AtomicBool>);

impl Established {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

pub(super) struct KeepReading<T> {
    io: T,
    established: Established,
    /// The failure of writing, if it has failed.
    failed: Option<ErrorKind>,
    /// Something was read after that failure.
    has_read: bool,
    /// Everything was read.
    is_read: bool,
}

impl<T: Io> KeepReading<T> {
    pub(super) fn new(io: T, established: Established) -> Self {
        Self {
            io,
            established,
            failed: None,
            has_read: false,
            is_read: false,
        }
    }

    fn write<R>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        let outcome = match self.failed {
            None => write(Pin::new(&mut self.io), cx),
            Some(kind) => Poll::Ready(Err(kind.into())),
        };
        match &outcome {
            Poll::Ready(Err(error))
                if !self.is_read && is_by_the_server(error.kind()) && self.established.is_set() =>
            {
                if self.failed.is_none() {
                    self.failed = Some(error.kind());
                    // The reader may have been polled already and must look again.
                    cx.waker().wake_by_ref();
                }
                Poll::Pending
            }
            _ => outcome,
        }
    }
}

fn is_by_the_server(kind: ErrorKind) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset)
}

impl<T: Io> AsyncRead for KeepReading<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, has_room) = (buf.filled().len(), buf.remaining() > 0);
        let outcome = Pin::new(&mut self.io).poll_read(cx, buf);
        if outcome.is_pending() || !has_room {
            return outcome;
        }
        if buf.filled().len() > before {
            self.has_read = self.failed.is_some();
            return outcome;
        }
        self.is_read = true;
        match self.failed {
            Some(kind) if !self.has_read => Poll::Ready(Err(kind.into())),
            _ => outcome,
        }
    }
}

impl<T: Io> AsyncWrite for KeepReading<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |io, cx| io.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |io, cx| io.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::future::poll_fn;
    use std::io::{self, ErrorKind};
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::{Established, KeepReading};

    type Bytes = &'static [u8];

    /// What a socket does, in turn.
    struct Script {
        reads: VecDeque<Result<Bytes, ErrorKind>>,
        write: Result<usize, ErrorKind>,
    }

    impl AsyncRead for Script {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            match self.reads.pop_front() {
                None => Poll::Pending,
                Some(read) => {
                    Poll::Ready(read.map(|bytes| buf.put_slice(bytes)).map_err(Into::into))
                }
            }
        }
    }

    impl AsyncWrite for Script {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(self.write.map_err(Into::into))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    struct Connection(KeepReading<Script>);

    impl Connection {
        fn new(reads: &[Result<Bytes, ErrorKind>], write: Result<usize, ErrorKind>) -> Self {
            let reads = reads.iter().copied().collect();
            let established = Established::default();
            established.set();
            Self(KeepReading::new(Script { reads, write }, established))
        }

        fn write(&mut self) -> Poll<Result<usize, ErrorKind>> {
            let mut cx = Context::from_waker(Waker::noop());
            let written = Pin::new(&mut self.0).poll_write(&mut cx, b"body");
            written.map_err(|error| error.kind())
        }

        fn flush(&mut self) -> Poll<Result<(), ErrorKind>> {
            let mut cx = Context::from_waker(Waker::noop());
            let flushed = Pin::new(&mut self.0).poll_flush(&mut cx);
            flushed.map_err(|error| error.kind())
        }

        fn read(&mut self) -> Poll<Result<usize, ErrorKind>> {
            let mut cx = Context::from_waker(Waker::noop());
            let mut room = [0; 16];
            let mut buf = ReadBuf::new(&mut room);
            let read = Pin::new(&mut self.0).poll_read(&mut cx, &mut buf);
            read.map_ok(|()| buf.filled().len())
                .map_err(|error| error.kind())
        }
    }

    const BROKEN: ErrorKind = ErrorKind::BrokenPipe;

    #[test]
    fn what_was_said_before_a_failed_write_is_read_to_its_end() {
        for end in [Ok(&b""[..]), Err(ErrorKind::ConnectionReset)] {
            let mut connection = Connection::new(&[Ok(b"413"), end], Err(BROKEN));
            assert_eq!(connection.write(), Poll::Pending);
            assert_eq!(connection.flush(), Poll::Pending);
            assert_eq!(connection.read(), Poll::Ready(Ok(3)));
            assert_eq!(connection.write(), Poll::Pending);
            assert_eq!(connection.read(), Poll::Ready(end.map(<[u8]>::len)));
            assert_eq!(connection.write(), Poll::Ready(Err(BROKEN)));
            assert_eq!(connection.flush(), Poll::Ready(Err(BROKEN)));
        }
    }

    #[test]
    fn nothing_to_be_read_is_the_failure_of_the_write() {
        let mut connection = Connection::new(&[Ok(b"100"), Ok(b"")], Err(BROKEN));
        assert_eq!(connection.read(), Poll::Ready(Ok(3)));
        assert_eq!(connection.write(), Poll::Pending);
        assert_eq!(connection.read(), Poll::Ready(Err(BROKEN)));
        assert_eq!(connection.write(), Poll::Ready(Err(BROKEN)));
    }

    #[test]
    fn a_write_fails_at_once_where_nothing_more_is_read() {
        for end in [Ok(&b""[..]), Err(ErrorKind::ConnectionReset)] {
            let mut connection = Connection::new(&[end], Err(BROKEN));
            assert_eq!(connection.read(), Poll::Ready(end.map(<[u8]>::len)));
            assert_eq!(connection.write(), Poll::Ready(Err(BROKEN)));
        }
    }

    #[test]
    fn a_write_of_a_handshake_fails_at_once() {
        let mut connection = Connection::new(&[Ok(b"413")], Err(BROKEN));
        connection.0.established = Established::default();
        assert_eq!(connection.write(), Poll::Ready(Err(BROKEN)));
        connection.0.established.set();
        assert_eq!(connection.write(), Poll::Pending);
    }

    #[test]
    fn other_writes_are_what_they_are() {
        for outcome in [Ok(4), Err(ErrorKind::PermissionDenied)] {
            let mut connection = Connection::new(&[], outcome);
            assert_eq!(connection.write(), Poll::Ready(outcome));
            assert_eq!(connection.flush(), Poll::Ready(Ok(())));
        }
    }

    #[tokio::test]
    async fn whoever_waits_looks_for_what_was_said() {
        let mut connection = Connection::new(&[Ok(b"413")], Err(BROKEN));
        let mut looks = 0;
        let read = poll_fn(|cx| {
            looks += 1;
            if looks == 1 {
                let written = Pin::new(&mut connection.0).poll_write(cx, b"body");
                assert!(written.is_pending());
                return Poll::Pending;
            }
            connection.read()
        });
        assert_eq!((read.await, looks), (Ok(3), 2));
    }
}
