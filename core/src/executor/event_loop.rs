//! Runs calls on a thread that has an event loop of its own, such as a language's, and lets that loop wait for them.
//!
//! All their sockets are behind one descriptor, which the loop watches. So the thread that makes a request writes it, and
//! the thread that wants the response reads it. A runtime would hand both from one thread to another, which for a small
//! request takes half of its time.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::mem;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::future::{BoxFuture, LocalBoxFuture};
use futures_util::stream::{FuturesUnordered, StreamExt};
use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Registry, Token};
use tokio::runtime::Handle;

use super::runner::{RunGuard, Runner};
use super::wake_pipe::WakePipe;
use super::watched_socket::Readiness;

/// Socket events taken in one turn; the rest come with the next.
const EVENTS_PER_TURN: usize = 256;
/// Reads from one socket in one turn, of 64 KiB at most; libuv has the same limit. A response that arrives as fast as it is
/// read would otherwise keep the loop from its other work.
const READS_PER_TURN: u32 = 32;
/// After so many bytes written to one socket in one turn, the rest waits for the next turn. Without a limit, a whole upload to a
/// fast receiver would be one turn: 220 ms per gigabyte.
const WRITTEN_PER_TURN: usize = READS_PER_TURN as usize * 64 * 1024;
/// How often the calls are polled in one turn if they wake each other.
const POLLS_PER_TURN: usize = 8;
const WAKE_PIPE: Token = Token(0);

/// The calls of one event loop. With calls `C` that are `Send`, the loop may run on one thread after another; otherwise this
/// stays on one thread.
pub struct EventLoop<C = LocalBoxFuture<'static, ()>> {
    poller: Mutex<Poller>,
    sockets: Arc<Sockets>,
    calls: Mutex<FuturesUnordered<C>>,
    /// Calls that were started and are not among `calls` yet: a call that is being polled may start another.
    started: Mutex<Vec<C>>,
    wake_pipe: Arc<WakePipe>,
    /// Runs what a call waits for besides its own socket.
    runtime: Handle,
}

/// Reports the events of all sockets.
struct Poller {
    poll: mio::Poll,
    events: Events,
}

impl EventLoop {
    /// Starts `call`: polls it at once, and again in later turns.
    pub fn start(&self, call: impl Future<Output = ()> + 'static) {
        self.start_boxed(Box::pin(call));
    }
}

impl EventLoop<BoxFuture<'static, ()>> {
    /// As the other `start`, for a call that may continue on another thread.
    pub fn start(&self, call: impl Future<Output = ()> + Send + 'static) {
        self.start_boxed(Box::pin(call));
    }
}

impl<C: Future<Output = ()> + Unpin> EventLoop<C> {
    /// An event loop without calls. `runtime` runs what they wait for besides their sockets.
    ///
    /// # Errors
    /// The operating system allows no more file descriptors.
    pub fn new(runtime: Handle) -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let wake_pipe = Arc::new(WakePipe::new()?);
        let reader = wake_pipe.reader().as_raw_fd();
        poll.registry()
            .register(&mut SourceFd(&reader), WAKE_PIPE, Interest::READABLE)?;
        let sockets = Arc::new(Sockets::new(poll.registry().try_clone()?));
        let events = Events::with_capacity(EVENTS_PER_TURN);
        Ok(Self {
            poller: Mutex::new(Poller { poll, events }),
            sockets,
            calls: Mutex::default(),
            started: Mutex::default(),
            wake_pipe,
            runtime,
        })
    }

    fn start_boxed(&self, call: C) {
        lock(&self.started).push(call);
        self.poll_calls();
    }

    /// Takes the available socket events, and polls the calls that they wake. Never waits.
    pub fn turn(&self) {
        // From here on a wake-up need not go through the pipe.
        self.wake_pipe.begin_polling();
        self.sockets.turn.fetch_add(1, Ordering::Relaxed);
        self.take_events();
        self.poll_calls();
    }

    fn take_events(&self) {
        let Poller { poll, events } = &mut *lock(&self.poller);
        // If a signal interrupts this, the descriptor stays readable, and another turn follows.
        if poll.poll(events, Some(Duration::ZERO)).is_err() {
            return;
        }
        for event in &*events {
            if event.token() == WAKE_PIPE {
                self.wake_pipe.drain();
            } else {
                self.sockets.dispatch(event);
            }
        }
    }

    fn poll_calls(&self) {
        let mut calls = match self.calls.try_lock() {
            Ok(calls) => calls,
            Err(TryLockError::Poisoned(calls)) => calls.into_inner(),
            Err(TryLockError::WouldBlock) => {
                // Called by a call that is being polled. The loop that polls it takes another round.
                self.wake_pipe.wake_by_ref();
                return;
            }
        };
        let _runtime = self.runtime.enter();
        let _guard = RunGuard::enter(Runner::EventLoop(Arc::clone(&self.sockets)));
        let waker = Waker::from(Arc::clone(&self.wake_pipe));
        let mut cx = Context::from_waker(&waker);
        for _ in 0..POLLS_PER_TURN {
            self.wake_pipe.begin_polling();
            calls.extend(mem::take(&mut *lock(&self.started)));
            while let Poll::Ready(Some(())) = calls.poll_next_unpin(&mut cx) {}
            if self.wake_pipe.may_sleep() {
                return;
            }
        }
        // Lets the loop do its other work before the next turn.
        self.wake_pipe.signal();
    }
}

/// The descriptor that is readable when a [`turn`](EventLoop::turn) is due.
impl<C> AsFd for EventLoop<C> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.sockets.registry.as_fd()
    }
}

/// The sockets behind one event loop's descriptor.
pub(super) struct Sockets {
    registry: Registry,
    /// The event loop's number, unique in this process.
    number: usize,
    watched: Mutex<HashMap<Token, Arc<Readiness>>>,
    last_token: AtomicUsize,
    /// The number of the current turn.
    turn: AtomicUsize,
}

static LOOPS: AtomicUsize = AtomicUsize::new(0);

impl Sockets {
    fn new(registry: Registry) -> Self {
        Self {
            registry,
            number: LOOPS.fetch_add(1, Ordering::Relaxed),
            watched: Mutex::default(),
            last_token: AtomicUsize::new(WAKE_PIPE.0),
            turn: AtomicUsize::new(0),
        }
    }

    /// The event loop's number.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Has every event of `tcp` reported to `readiness`, until the registration is dropped.
    pub(super) fn register(
        self: &Arc<Self>,
        tcp: &TcpStream,
        readiness: &Arc<Readiness>,
    ) -> io::Result<Registration> {
        let fd = tcp.as_raw_fd();
        let token = Token(self.last_token.fetch_add(1, Ordering::Relaxed) + 1);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.registry
            .register(&mut SourceFd(&fd), token, interest)?;
        self.watched().insert(token, Arc::clone(readiness));
        let sockets = Arc::clone(self);
        Ok(Registration {
            sockets,
            token,
            fd,
            turn: AtomicUsize::new(0),
            reads: AtomicU32::new(0),
            written: AtomicUsize::new(0),
        })
    }

    fn dispatch(&self, event: &Event) {
        // An earlier event of this turn may have dropped the socket.
        let readiness = self.watched().get(&event.token()).cloned();
        if let Some(readiness) = readiness {
            readiness.update(event);
        }
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<Token, Arc<Readiness>>> {
        lock(&self.watched)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A socket's registration with its event loop; ends on drop. A forked child must not drop it: it shares the poller with
/// its parent, whose socket would be forgotten.
pub(super) struct Registration {
    sockets: Arc<Sockets>,
    token: Token,
    fd: RawFd,
    /// The turn in which the socket was last used.
    turn: AtomicUsize,
    /// How often it was read from in that turn.
    reads: AtomicU32,
    /// How many bytes were written to it in that turn.
    written: AtomicUsize,
}

impl Registration {
    /// Uses up one of this turn's reads. Returns whether one was left.
    pub(super) fn take_read(&self) -> bool {
        self.update_turn();
        self.reads.fetch_add(1, Ordering::Relaxed) < READS_PER_TURN
    }

    /// Whether more may be written in this turn.
    pub(super) fn may_write(&self) -> bool {
        self.update_turn();
        self.written.load(Ordering::Relaxed) < WRITTEN_PER_TURN
    }

    pub(super) fn has_written(&self, length: usize) {
        self.written.fetch_add(length, Ordering::Relaxed);
    }

    /// Resets the counts in a new turn.
    fn update_turn(&self) {
        let turn = self.sockets.turn.load(Ordering::Relaxed);
        if self.turn.swap(turn, Ordering::Relaxed) != turn {
            self.reads.store(0, Ordering::Relaxed);
            self.written.store(0, Ordering::Relaxed);
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.sockets.watched().remove(&self.token);
        // A failure does no harm: the socket is closed next, which ends the registration as well.
        let _ = self.sockets.registry.deregister(&mut SourceFd(&self.fd));
    }
}

#[cfg(test)]
mod tests;
