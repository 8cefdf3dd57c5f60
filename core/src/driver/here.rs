//! Who runs the code of this thread, and what it waits for.

use std::cell::RefCell;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use nix::poll::PollFlags;

use super::event_loop::Sockets;
use super::watched::Watched;
use crate::clock::{Instant, timers_now};

thread_local! {
    static RUN_BY: RefCell<RunBy> = const { RefCell::new(RunBy::Another) };
    /// What the call that a driver runs waits for.
    static WANTED: RefCell<Wanted> = const { RefCell::new(Wanted::NOTHING) };
}

pub(super) enum RunBy {
    /// A runtime, or nobody.
    Another,
    Driver,
    EventLoop(Arc<Sockets>),
}

/// Marks this thread for as long as it lives, through a panic too.
pub(super) struct Here;

impl Here {
    pub(super) fn is_run_by(whom: RunBy) -> Self {
        RUN_BY.set(whom);
        Self
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        RUN_BY.set(RunBy::Another);
        Wanted::take();
    }
}

/// Who may use a connection: blocking calls on any thread, or the calls of one event loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    Drivers,
    /// The one of this number.
    EventLoop(usize),
}

/// Whose connections a call on this thread uses; `None` for a runtime's.
pub(crate) fn home() -> Option<Home> {
    RUN_BY.with_borrow(|run_by| match run_by {
        RunBy::Another => None,
        RunBy::Driver => Some(Home::Drivers),
        RunBy::EventLoop(sockets) => Some(Home::EventLoop(sockets.number())),
    })
}

/// The sockets of the event loop that runs this code, if one does.
pub(super) fn sockets() -> Option<Arc<Sockets>> {
    RUN_BY.with_borrow(|run_by| match run_by {
        RunBy::EventLoop(sockets) => Some(Arc::clone(sockets)),
        RunBy::Another | RunBy::Driver => None,
    })
}

/// Whether a driver runs this code, which minds the time as well.
pub(crate) fn is_driving() -> bool {
    home() == Some(Home::Drivers)
}

/// What ends a driver's wait besides a ring.
pub(super) struct Wanted {
    pub(super) socket: Option<(Arc<Watched>, PollFlags)>,
    /// The call is looked at again after this.
    pub(super) time: Option<Duration>,
}

impl Wanted {
    const NOTHING: Self = Self {
        socket: None,
        time: None,
    };

    /// All that the call waits for by now.
    pub(super) fn take() -> Self {
        WANTED.replace(Self::NOTHING)
    }

    pub(super) fn add_socket(socket: &Arc<Watched>, what: PollFlags) {
        WANTED.with_borrow_mut(|wanted| match &mut wanted.socket {
            Some((known, flags)) if Arc::ptr_eq(known, socket) => *flags |= what,
            other => *other = Some((Arc::clone(socket), what)),
        });
    }

    fn add_time(time: Duration) {
        WANTED.with_borrow_mut(|wanted| {
            wanted.time = Some(wanted.time.map_or(time, |known| known.min(time)));
        });
    }
}

/// Ready once it is `end`. Only where [`is_driving`].
pub(crate) fn poll_until(end: Instant) -> Poll<()> {
    let left = end.saturating_duration_since(timers_now());
    if left.is_zero() {
        return Poll::Ready(());
    }
    Wanted::add_time(left);
    Poll::Pending
}
