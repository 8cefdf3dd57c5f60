//! Runs calls on a thread that has an event loop of its own, such as a language's, and lets that loop wait for them.
//!
//! All their sockets are behind one descriptor, which the loop watches. So a request is written by the thread that makes it,
//! and its answer is read by the thread that wants it; with a runtime each would be handed from one thread to another, which
//! for a small request is half of its time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Registry, Token};
use tokio::runtime::Handle;

use super::doorbell::Doorbell;
use super::here::{Here, RunBy};
use super::watched::News;

/// News taken at a time; what is beyond comes at the next turn.
const NEWS: usize = 256;
/// Reads from a socket in one turn, of 64 KiB at most, as libuv has it. An answer that comes as fast as it is read would keep the
/// loop from its other work.
const READS: u32 = 32;
/// How often calls are looked at in one turn, if they wake each other.
const LOOKS: usize = 8;
const BELL: Token = Token(0);

/// Calls of one event loop. It stays on the loop's thread.
pub struct EventLoop {
    news: RefCell<NewsOfAll>,
    sockets: Arc<Sockets>,
    calls: RefCell<FuturesUnordered<LocalBoxFuture<'static, ()>>>,
    doorbell: Arc<Doorbell>,
    /// What a call waits for besides its own socket goes on there.
    elsewhere: Handle,
}

/// How news of all sockets are had.
struct NewsOfAll {
    poll: mio::Poll,
    events: Events,
}

impl EventLoop {
    /// One without calls. `elsewhere` does what they wait for besides their sockets.
    ///
    /// # Errors
    /// The operating system allows no more file descriptors.
    pub fn new(elsewhere: Handle) -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let doorbell = Arc::new(Doorbell::new()?);
        let reader = doorbell.reader().as_raw_fd();
        poll.registry()
            .register(&mut SourceFd(&reader), BELL, Interest::READABLE)?;
        let sockets = Arc::new(Sockets::new(poll.registry().try_clone()?));
        let events = Events::with_capacity(NEWS);
        Ok(Self {
            news: RefCell::new(NewsOfAll { poll, events }),
            sockets,
            calls: RefCell::default(),
            doorbell,
            elsewhere,
        })
    }

    /// Begins `call` at once, and goes on with it in the turns to come.
    pub fn start(&self, call: impl Future<Output = ()> + 'static) {
        self.calls.borrow().push(Box::pin(call));
        self.run();
    }

    /// Goes on with the calls that can. It waits for nothing.
    pub fn turn(&self) {
        // Whoever is told has no need to ring.
        self.doorbell.run();
        self.sockets.turn.fetch_add(1, Ordering::Relaxed);
        self.tell_news();
        self.run();
    }

    fn tell_news(&self) {
        let NewsOfAll { poll, events } = &mut *self.news.borrow_mut();
        // Where it is interrupted, the descriptor is still readable.
        if poll.poll(events, Some(Duration::ZERO)).is_err() {
            return;
        }
        for event in &*events {
            if event.token() == BELL {
                self.doorbell.hear();
            } else {
                self.sockets.tell(event);
            }
        }
    }

    fn run(&self) {
        let _elsewhere = self.elsewhere.enter();
        let _here = Here::is_run_by(RunBy::EventLoop(Arc::clone(&self.sockets)));
        let mut calls = self.calls.borrow_mut();
        let waker = Waker::from(Arc::clone(&self.doorbell));
        let mut cx = Context::from_waker(&waker);
        for _ in 0..LOOKS {
            self.doorbell.run();
            while let Poll::Ready(Some(())) = calls.poll_next_unpin(&mut cx) {}
            if self.doorbell.may_sleep() {
                return;
            }
        }
        // The loop does its other work, and comes back.
        self.doorbell.ring();
    }
}

/// The descriptor that is readable when there is something to do in a [`turn`](EventLoop::turn).
impl AsFd for EventLoop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.sockets.registry.as_fd()
    }
}

/// The sockets behind one descriptor.
pub(super) struct Sockets {
    registry: Registry,
    number: usize,
    watched: Mutex<HashMap<Token, Arc<News>>>,
    last: AtomicUsize,
    /// The number of the turn.
    turn: AtomicUsize,
}

static LOOPS: AtomicUsize = AtomicUsize::new(0);

impl Sockets {
    fn new(registry: Registry) -> Self {
        Self {
            registry,
            number: LOOPS.fetch_add(1, Ordering::Relaxed),
            watched: Mutex::default(),
            last: AtomicUsize::new(BELL.0),
            turn: AtomicUsize::new(0),
        }
    }

    /// The event loop's number.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Has news of `tcp` told to `news`, each time that there are some.
    pub(super) fn watch(self: &Arc<Self>, tcp: &TcpStream, news: &Arc<News>) -> io::Result<Place> {
        let fd = tcp.as_raw_fd();
        let token = Token(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.registry
            .register(&mut SourceFd(&fd), token, interest)?;
        self.watched().insert(token, Arc::clone(news));
        let sockets = Arc::clone(self);
        Ok(Place {
            sockets,
            token,
            fd,
            turn: AtomicUsize::new(0),
            reads: AtomicU32::new(0),
        })
    }

    fn tell(&self, event: &Event) {
        // It may be gone since.
        let news = self.watched().get(&event.token()).cloned();
        if let Some(news) = news {
            news.tell(event);
        }
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<Token, Arc<News>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket's place among them, given up on drop.
pub(super) struct Place {
    sockets: Arc<Sockets>,
    token: Token,
    fd: RawFd,
    /// In which turn it was last read from.
    turn: AtomicUsize,
    /// How often.
    reads: AtomicU32,
}

impl Place {
    pub(super) fn number(&self) -> usize {
        self.sockets.number
    }

    /// Uses up one of this turn's reads; whether there was one.
    pub(super) fn take_read(&self) -> bool {
        let turn = self.sockets.turn.load(Ordering::Relaxed);
        if self.turn.swap(turn, Ordering::Relaxed) != turn {
            self.reads.store(0, Ordering::Relaxed);
        }
        self.reads.fetch_add(1, Ordering::Relaxed) < READS
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sockets.watched().remove(&self.token);
        // What is closed next is forgotten anyway.
        let _ = self.sockets.registry.deregister(&mut SourceFd(&self.fd));
    }
}

#[cfg(test)]
mod tests;
