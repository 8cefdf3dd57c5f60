//! A non-blocking socket, and what is known about its readiness.

use std::io;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use mio::event::Event;
use nix::poll::PollFlags;

use super::event_loop::Registration;
use super::runner::{self, Home, WaitSet};

/// A socket, watched by the executor that runs the calls which use it.
pub(crate) struct WatchedSocket {
    /// With an event loop only. Declared before the socket, which must not be closed while it is registered.
    registration: Mutex<Option<Registration>>,
    /// The number of that event loop plus one; 0 for blocking calls, which so need no lock.
    home: AtomicUsize,
    pub(crate) tcp: TcpStream,
    readiness: Arc<Readiness>,
}

/// What an event loop reports about a socket, and what a blocking call finds out about it.
#[derive(Default)]
pub(super) struct Readiness {
    /// Everything that had arrived was read.
    drained: AtomicBool,
    /// Nothing but the end of the stream is still to come. An event loop reports that once, perhaps before the last bytes
    /// have been read.
    ended: AtomicBool,
    /// The event loop's call that waits for the socket.
    waiting: AtomicWaker,
}

impl Readiness {
    fn set_readable(&self) {
        self.drained.store(false, Ordering::Relaxed);
    }

    /// Takes note of what the event loop's poller reports.
    pub(super) fn update(&self, event: &Event) {
        if event.is_read_closed() || event.is_error() {
            self.ended.store(true, Ordering::Relaxed);
        }
        if event.is_readable() {
            self.set_readable();
        }
        self.waiting.wake();
    }
}

impl WatchedSocket {
    /// Watches `tcp`, which must be non-blocking, for the executor that runs this code.
    pub(crate) fn new(tcp: TcpStream) -> io::Result<Self> {
        let watched = Self {
            registration: Mutex::default(),
            home: AtomicUsize::new(0),
            tcp,
            readiness: Arc::default(),
        };
        watched.move_here()?;
        Ok(watched)
    }

    /// Has the executor that runs this code watch it from now on. No call may be waiting for it.
    pub(crate) fn move_here(&self) -> io::Result<()> {
        if Some(self.home()) == runner::home() {
            return Ok(());
        }
        let mut registration = self.registration();
        *registration = None;
        self.home.store(0, Ordering::Relaxed);
        self.assume_readable();
        if let Some(sockets) = runner::sockets() {
            *registration = Some(sockets.register(&self.tcp, &self.readiness)?);
            self.home.store(sockets.number() + 1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn registration(&self) -> MutexGuard<'_, Option<Registration>> {
        self.registration
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The calls that can wait for it.
    pub(crate) fn home(&self) -> Home {
        let number = self.home.load(Ordering::Relaxed).checked_sub(1);
        number.map_or(Home::BlockingCalls, Home::EventLoop)
    }

    /// Whether a read may find something. Saves most of the reads that would find nothing.
    pub(crate) fn may_be_readable(&self) -> bool {
        !self.readiness.drained.load(Ordering::Relaxed)
            || self.readiness.ended.load(Ordering::Relaxed)
    }

    pub(crate) fn mark_drained(&self) {
        self.readiness.drained.store(true, Ordering::Relaxed);
    }

    /// Has the next read try: something may have arrived while nothing waited for it.
    pub(crate) fn assume_readable(&self) {
        self.readiness.set_readable();
    }

    /// Whether the call may read now. In an event loop it must leave the loop to others after some reads, and is polled
    /// again in the next turn.
    pub(crate) fn may_read(&self, cx: &Context<'_>) -> bool {
        self.has_turn(cx, Registration::take_read)
    }

    /// As [`Self::may_read`], for a write.
    pub(crate) fn may_write(&self, cx: &Context<'_>) -> bool {
        self.has_turn(cx, Registration::may_write)
    }

    fn has_turn(&self, cx: &Context<'_>, ask: impl FnOnce(&Registration) -> bool) -> bool {
        let has_turn =
            self.home() == Home::BlockingCalls || self.registration().as_ref().is_none_or(ask);
        if !has_turn {
            cx.waker().wake_by_ref();
        }
        has_turn
    }

    /// To be called after each write.
    pub(crate) fn has_written(&self, length: usize) {
        if self.home() != Home::BlockingCalls
            && let Some(registration) = &*self.registration()
        {
            registration.has_written(length);
        }
    }

    /// Has the call polled again when there is something to read.
    pub(crate) fn wait_to_read<T>(self: &Arc<Self>, cx: &Context<'_>) -> Poll<io::Result<T>> {
        self.wait_for(PollFlags::POLLIN, cx)
    }

    /// Has the call polled again when something can be written.
    pub(crate) fn wait_to_write<T>(self: &Arc<Self>, cx: &Context<'_>) -> Poll<io::Result<T>> {
        self.wait_for(PollFlags::POLLOUT, cx)
    }

    fn wait_for<T>(self: &Arc<Self>, interest: PollFlags, cx: &Context<'_>) -> Poll<io::Result<T>> {
        let home = self.home();
        if runner::home() != Some(home) {
            return Poll::Ready(Err(io::Error::other("nobody waits for this socket")));
        }
        match home {
            // The event loop wakes it for any event, and runs on this thread: none can be missed.
            Home::EventLoop(_) => self.readiness.waiting.register(cx.waker()),
            Home::BlockingCalls => WaitSet::add_socket(self, interest),
        }
        Poll::Pending
    }
}
