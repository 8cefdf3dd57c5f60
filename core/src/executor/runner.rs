//! What runs the code on this thread, and what a blocking call waits for.

use std::cell::RefCell;
use std::mem;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use nix::poll::PollFlags;
use smallvec::SmallVec;

use super::event_loop::Sockets;
use super::watched_socket::WatchedSocket;
use crate::clock::{Instant, timers_now};

thread_local! {
    static RUNNER: RefCell<Runner> = const { RefCell::new(Runner::Other) };
    /// What the blocking call on this thread waits for.
    static WAIT_SET: RefCell<WaitSet> = const { RefCell::new(WaitSet::EMPTY) };
}

/// What runs the code on this thread.
pub(super) enum Runner {
    /// A runtime, or nothing of ours.
    Other,
    BlockingCall,
    EventLoop(Arc<Sockets>),
}

/// Sets this thread's [`Runner`] for as long as the guard lives, also through a panic. Then the one before counts again: a
/// call may run code of the program, such as a log handler, which makes calls of its own.
pub(super) struct RunGuard {
    before: Runner,
}

impl RunGuard {
    pub(super) fn enter(runner: Runner) -> Self {
        let before = RUNNER.replace(runner);
        Self { before }
    }
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        RUNNER.set(mem::replace(&mut self.before, Runner::Other));
        WaitSet::take();
    }
}

/// Which calls may use a connection: blocking calls on any thread, or those of one event loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    BlockingCalls,
    /// The event loop with this number.
    EventLoop(usize),
}

/// The home of the connections that a call on this thread uses; `None` if they are a runtime's.
pub(crate) fn home() -> Option<Home> {
    RUNNER.with_borrow(|runner| match runner {
        Runner::Other => None,
        Runner::BlockingCall => Some(Home::BlockingCalls),
        Runner::EventLoop(sockets) => Some(Home::EventLoop(sockets.number())),
    })
}

/// The sockets of the event loop that runs this code, if one does.
pub(super) fn sockets() -> Option<Arc<Sockets>> {
    RUNNER.with_borrow(|runner| match runner {
        Runner::EventLoop(sockets) => Some(Arc::clone(sockets)),
        Runner::Other | Runner::BlockingCall => None,
    })
}

/// Whether a blocking executor runs this code, which then keeps the time as well.
pub(crate) fn runs_blocking_call() -> bool {
    home() == Some(Home::BlockingCalls)
}

/// What ends a blocking call's wait, besides the wake pipe.
pub(super) struct WaitSet {
    /// Usually one. While the addresses of a host race there are more, and some of them may have been given up by now.
    pub(super) sockets: SmallVec<[(Arc<WatchedSocket>, PollFlags); 1]>,
    /// The call is polled again after this time.
    pub(super) time: Option<Duration>,
}

impl WaitSet {
    const EMPTY: Self = Self {
        sockets: SmallVec::new_const(),
        time: None,
    };

    /// All that was added since the last call.
    pub(super) fn take() -> Self {
        WAIT_SET.replace(Self::EMPTY)
    }

    pub(super) fn add_socket(socket: &Arc<WatchedSocket>, interest: PollFlags) {
        WAIT_SET.with_borrow_mut(|WaitSet { sockets, .. }| {
            let known = sockets.iter_mut().find(|(it, _)| Arc::ptr_eq(it, socket));
            match known {
                Some((_, flags)) => *flags |= interest,
                None => sockets.push((Arc::clone(socket), interest)),
            }
        });
    }

    fn add_time(time: Duration) {
        WAIT_SET.with_borrow_mut(|wait_set| {
            wait_set.time = Some(wait_set.time.map_or(time, |known| known.min(time)));
        });
    }
}

/// Ready from `end` on. Works only where [`runs_blocking_call`].
pub(crate) fn poll_until(end: Instant) -> Poll<()> {
    let left = end.saturating_duration_since(timers_now());
    if left.is_zero() {
        return Poll::Ready(());
    }
    WaitSet::add_time(left);
    Poll::Pending
}
