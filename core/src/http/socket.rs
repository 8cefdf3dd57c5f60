//! A socket that the thread of its call reads and writes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::executor::{WatchedSocket, home};

/// The size of the first reads; most responses are not longer.
const ROOM: usize = 2 * 1024;
/// The largest size of a read.
const ROOM_MAX: usize = 64 * 1024;

/// A socket that an [`executor`](crate::executor) watches.
#[derive(Clone)]
pub(super) struct Socket {
    watched: Arc<WatchedSocket>,
    /// The size of the next read. The buffer is zeroed before, which for eight kilobytes costs as much as some system calls,
    /// so the size grows only when responses are long.
    room: usize,
}

impl Socket {
    /// `tcp` must be non-blocking.
    pub(super) fn new(tcp: TcpStream) -> io::Result<Self> {
        let watched = Arc::new(WatchedSocket::new(tcp)?);
        Ok(Self {
            watched,
            room: ROOM,
        })
    }

    /// Whether the calls of the executor that runs this code can use it.
    pub(super) fn is_here(&self) -> bool {
        Some(self.watched.home()) == home()
    }

    /// Lets the calls of the executor that runs this code use it, and no others.
    pub(super) fn move_here(&self) -> io::Result<()> {
        self.watched.move_here()
    }

    /// Has the next read try: something may have arrived while nothing waited for it.
    pub(super) fn assume_readable(&self) {
        self.watched.assume_readable();
    }

    fn write(
        &self,
        cx: &Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if !self.watched.may_write(cx) {
            return Poll::Pending;
        }
        loop {
            match write(&self.watched.tcp) {
                Ok(length) => {
                    self.watched.has_written(length);
                    return Poll::Ready(Ok(length));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return self.watched.wait_to_write(cx);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { watched, room } = &mut *self;
        while watched.may_be_readable() {
            if !watched.may_read(cx) {
                return Poll::Pending;
            }
            let empty = buf.initialize_unfilled_to((*room).min(buf.remaining()));
            match (&watched.tcp).read(empty) {
                Ok(length) => {
                    if length == *room {
                        *room = (2 * length).min(ROOM_MAX);
                    } else if length > 0 && length < empty.len() {
                        // A read of zero bytes, the end of the stream, must be found again by the next read.
                        watched.mark_drained();
                    }
                    buf.advance(length);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    watched.mark_drained();
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        watched.wait_to_read(cx)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |mut tcp| tcp.write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match bufs {
            // A request without a body. Writing one buffer costs the system less than a list of one.
            [buf] => self.write(cx, |mut tcp| tcp.write(buf)),
            bufs => self.write(cx, |mut tcp| tcp.write_vectored(bufs)),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.watched.tcp.shutdown(Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::rc::Rc;

    use tokio::io::AsyncWriteExt;

    use super::Socket;
    use crate::runtime::{EventLoop, handle};

    #[test]
    fn an_upload_to_a_fast_receiver_leaves_the_loop_its_turns() {
        const PIECE: usize = 16 * 1024;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        near.set_nonblocking(true).unwrap();
        let written = Rc::new(Cell::new(0));
        let count = Rc::clone(&written);
        let event_loop: EventLoop = EventLoop::new(handle()).unwrap();
        event_loop.start(async move {
            let mut socket = Socket::new(near).unwrap();
            let mut piece = vec![0; PIECE];
            for _ in 0..512 {
                socket.write_all(&piece).await.unwrap();
                far.read_exact(&mut piece).unwrap();
                count.set(count.get() + PIECE);
            }
        });
        assert_eq!(written.get(), 2 * 1024 * 1024);
        event_loop.turn();
        assert_eq!(written.get(), 4 * 1024 * 1024);
    }
}
