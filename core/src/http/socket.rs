//! A socket that the thread of its call reads and writes.

use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
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

    /// Connects a non-blocking socket to `address`.
    pub(super) async fn connect(socket: socket2::Socket, address: SocketAddr) -> io::Result<Self> {
        match socket.connect(&address.into()) {
            Err(error) if !is_under_way(&error) => return Err(error),
            _ => {}
        }
        let socket = Self::new(socket.into())?;
        // Nothing has arrived yet.
        socket.watched.mark_drained();
        poll_fn(|cx| socket.poll_connected(cx)).await?;
        Ok(socket)
    }

    fn poll_connected(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let tcp = &self.watched.tcp;
        if let Some(error) = tcp.take_error()? {
            return Poll::Ready(Err(error));
        }
        match tcp.peer_addr() {
            Err(error) if error.kind() == ErrorKind::NotConnected => self.watched.wait_to_write(cx),
            known => Poll::Ready(known.map(drop)),
        }
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

/// Whether connecting has begun and its outcome is still to come.
fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS) || error.kind() == ErrorKind::Interrupted
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
    use std::cell::{Cell, RefCell};
    use std::io::{self, ErrorKind, Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::os::fd::AsFd;
    use std::pin::pin;
    use std::rc::Rc;
    use std::time::Duration;

    use futures_util::FutureExt;
    use futures_util::future::{Either, select};
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use socket2::{Domain, Type};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::Socket;
    use crate::executor::BlockingExecutor;
    use crate::runtime::{EventLoop, handle, sleep};

    /// Runs `call` on an event loop of this thread.
    fn run<T: 'static>(call: impl Future<Output = T> + 'static) -> T {
        let event_loop: EventLoop = EventLoop::new(handle()).unwrap();
        let outcome = Rc::new(RefCell::new(None));
        let place = Rc::clone(&outcome);
        event_loop.start(async move { *place.borrow_mut() = Some(call.await) });
        while outcome.borrow().is_none() {
            let mut fds = [PollFd::new(event_loop.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, PollTimeout::NONE).unwrap();
            event_loop.turn();
        }
        outcome.take().unwrap()
    }

    /// Runs `call` as a blocking call; it takes none of the places that calls share.
    fn run_blocking<T>(call: impl Future<Output = T>) -> T {
        BlockingExecutor::new(handle()).unwrap().run(pin!(call))
    }

    /// Connects to `address`, says hello and returns the first four bytes of the reply.
    async fn hello(address: SocketAddr) -> io::Result<[u8; 4]> {
        say_hello(Socket::connect(unconnected()?, address).await?).await
    }

    fn unconnected() -> io::Result<socket2::Socket> {
        let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }

    async fn say_hello(mut socket: Socket) -> io::Result<[u8; 4]> {
        socket.write_all(b"hello").await?;
        let mut reply = [0; 4];
        socket.read_exact(&mut reply).await.map(|_| reply)
    }

    #[test]
    fn a_call_connects_on_its_own_thread_and_hears_what_the_server_says_first_and_last() {
        let on_an_event_loop: fn(SocketAddr) -> io::Result<[u8; 4]> = |to| run(hello(to));
        let blocking = |to| run_blocking(hello(to));
        for run in [on_an_event_loop, blocking] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let server = std::thread::spawn(move || {
                let (mut greeting, _) = listener.accept().unwrap();
                greeting.write_all(b"well").unwrap();
                let (mut answering, _) = listener.accept().unwrap();
                answering.read_exact(&mut [0; 5]).unwrap();
                answering.write_all(b"done").unwrap();
                drop(listener.accept().unwrap());
                greeting
            });
            assert_eq!(run(address).unwrap(), *b"well");
            assert_eq!(run(address).unwrap(), *b"done");
            let closed = run(address).unwrap_err().kind();
            let expected = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
            assert!(expected.contains(&closed), "{closed:?}");
            server.join().unwrap();
            let refused = run(address).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        }
    }

    /// Linux leaves an attempt alone while the server's queue is full, and repeats it a second later.
    #[cfg(target_os = "linux")]
    #[test]
    fn who_is_not_connected_at_once_waits_for_it() {
        async fn late_hello() -> io::Result<[u8; 4]> {
            let listener = socket2::Socket::new(Domain::IPV4, Type::STREAM, None)?;
            listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
            listener.listen(0)?;
            let listener = TcpListener::from(listener);
            let address = listener.local_addr()?;
            let _queue = TcpStream::connect(address)?;
            let mut connecting = pin!(Socket::connect(unconnected()?, address));
            assert!(connecting.as_mut().now_or_never().is_none());
            drop(listener.accept()?);
            let server = std::thread::spawn(move || {
                let (mut accepted, _) = listener.accept().unwrap();
                accepted.read_exact(&mut [0; 5]).unwrap();
                accepted.write_all(b"late").unwrap();
            });
            let patience = pin!(sleep(Duration::from_secs(20)));
            // The patience first: a connection that is found only then was not waited for.
            let Either::Right((connected, _)) = select(patience, connecting).await else {
                return Err(ErrorKind::TimedOut.into());
            };
            let reply = say_hello(connected?).await;
            server.join().unwrap();
            reply
        }
        let blocking = std::thread::spawn(|| run_blocking(late_hello()));
        assert_eq!(run(late_hello()).unwrap(), *b"late");
        assert_eq!(blocking.join().unwrap().unwrap(), *b"late");
    }

    #[test]
    fn an_attempt_that_cannot_begin_is_not_waited_for() {
        // A socket of one family, an address of the other.
        let attempt = || async {
            let hello = pin!(hello("[::1]:81".parse().unwrap()));
            let patience = pin!(sleep(Duration::from_secs(20)));
            match select(hello, patience).await {
                Either::Left((outcome, _)) => outcome.is_err(),
                Either::Right(_) => false,
            }
        };
        assert!(run(attempt()));
        assert!(run_blocking(attempt()));
    }

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
