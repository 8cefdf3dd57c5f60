//! Runs a blocking call on the thread that makes it, and waits there for the one socket that the call needs.
//!
//! A runtime would do that too, with more ado: it asks a reactor for news of its sockets before and after each wait, and
//! runs the connection as a task beside the call, which wakes one another. A small request takes a fifth less
//! processor time without. All else that a call may wait for goes on elsewhere and rings: a login, a name to be
//! resolved, a body that another thread writes.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::runtime::Handle;
use tokio::time;

use crate::clock::{Instant, timers_in, timers_now};

thread_local! {
    /// Whether a driver runs on this thread.
    static DRIVEN: Cell<bool> = const { Cell::new(false) };
    /// What the call that it runs waits for.
    static WANTED: RefCell<Wanted> = const { RefCell::new(Wanted::NOTHING) };
}

/// What ends a wait besides a ring.
struct Wanted {
    socket: Option<(Arc<Watched>, PollFlags)>,
    /// The call is looked at again after this.
    time: Option<Duration>,
}

impl Wanted {
    const NOTHING: Self = Self {
        socket: None,
        time: None,
    };
}

/// A socket that does not block.
pub(crate) struct Watched {
    pub(crate) tcp: TcpStream,
    /// All that had come was read.
    drained: AtomicBool,
}

impl Watched {
    pub(crate) fn new(tcp: TcpStream) -> Self {
        Self {
            tcp,
            drained: AtomicBool::new(false),
        }
    }

    /// Whether there may be something to read. Most attempts to find nothing are spared by it.
    pub(crate) fn may_have_news(&self) -> bool {
        !self.drained.load(Ordering::Relaxed)
    }

    pub(crate) fn drained(&self) {
        self.drained.store(true, Ordering::Relaxed);
    }

    /// What came while nobody waited for it is found at the next attempt.
    pub(crate) fn look_again(&self) {
        self.drained.store(false, Ordering::Relaxed);
    }

    /// The call goes on when there is something to read.
    pub(crate) fn wait_to_read<T>(self: &Arc<Self>) -> Poll<io::Result<T>> {
        self.wait_to(PollFlags::POLLIN)
    }

    /// The call goes on when something can be written.
    pub(crate) fn wait_to_write<T>(self: &Arc<Self>) -> Poll<io::Result<T>> {
        self.wait_to(PollFlags::POLLOUT)
    }

    fn wait_to<T>(self: &Arc<Self>, what: PollFlags) -> Poll<io::Result<T>> {
        if !is_driving() {
            return Poll::Ready(Err(io::Error::other("nobody waits for this socket")));
        }
        WANTED.with_borrow_mut(|wanted| match &mut wanted.socket {
            Some((socket, flags)) if Arc::ptr_eq(socket, self) => *flags |= what,
            other => *other = Some((Arc::clone(self), what)),
        });
        Poll::Pending
    }
}

/// Whether this code is run by a driver.
pub(crate) fn is_driving() -> bool {
    DRIVEN.get()
}

/// Ready once it is `end`. Only where [`is_driving`].
pub(crate) fn poll_until(end: Instant) -> Poll<()> {
    let left = end.saturating_duration_since(timers_now());
    if left.is_zero() {
        return Poll::Ready(());
    }
    WANTED.with_borrow_mut(|wanted| {
        wanted.time = Some(wanted.time.map_or(left, |time| time.min(left)));
    });
    Poll::Pending
}

/// Over after `duration`. A runtime's timer wakes the thread that minds them when it is set, and that one this.
pub async fn nap(duration: Duration) {
    match timers_in(duration).filter(|_| is_driving()) {
        Some(end) => poll_fn(|_| poll_until(end)).await,
        None => time::sleep(duration).await,
    }
}

/// What a call is waited for with; kept for the next one.
pub(crate) struct Driver {
    bell: Arc<Bell>,
    /// What a call waits for besides its own socket goes on there.
    elsewhere: Handle,
}

/// Rung to have the call looked at again.
struct Bell {
    state: AtomicU8,
    rope: PipeWriter,
    /// Here and not in the driver, so that it is there as long as somebody can pull the rope.
    ear: PipeReader,
}

/// The call is being looked at.
const RUNNING: u8 = 0;
/// It is to be looked at once more.
const WOKEN: u8 = 1;
/// The driver sleeps: one must ring.
const ASLEEP: u8 = 2;

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(WOKEN, Ordering::AcqRel) == ASLEEP {
            // It does not wait: each ring is heard before the next.
            let _ = (&self.rope).write(&[0]);
        }
    }
}

impl Driver {
    pub(crate) fn new(elsewhere: Handle) -> io::Result<Self> {
        let (ear, rope) = pipe()?;
        let state = AtomicU8::new(RUNNING);
        Ok(Self {
            bell: Arc::new(Bell { state, rope, ear }),
            elsewhere,
        })
    }

    /// Runs `call` to its end.
    pub(crate) fn run<F: Future>(&self, mut call: Pin<&mut F>) -> F::Output {
        let _elsewhere = self.elsewhere.enter();
        let _driving = Driving::begin();
        let waker = Waker::from(Arc::clone(&self.bell));
        let mut cx = Context::from_waker(&waker);
        loop {
            // What was done before a ring is seen by this look.
            self.bell.state.swap(RUNNING, Ordering::AcqRel);
            if let Poll::Ready(outcome) = call.as_mut().poll(&mut cx) {
                return outcome;
            }
            let wanted = WANTED.replace(Wanted::NOTHING);
            if self.may_sleep() {
                self.sleep(&wanted);
            }
        }
    }

    /// Not if it was woken in the meantime.
    fn may_sleep(&self) -> bool {
        let (order, otherwise) = (Ordering::AcqRel, Ordering::Acquire);
        let state = &self.bell.state;
        state
            .compare_exchange(RUNNING, ASLEEP, order, otherwise)
            .is_ok()
    }

    /// A sleep that ends for no reason, such as a signal, costs one look at the call.
    fn sleep(&self, wanted: &Wanted) {
        let socket = wanted.socket.as_ref();
        let ear = || PollFd::new(self.bell.ear.as_fd(), PollFlags::POLLIN);
        let other = socket.map(|(socket, flags)| PollFd::new(socket.tcp.as_fd(), *flags));
        let count = 1 + usize::from(other.is_some());
        let mut fds = [ear(), other.unwrap_or_else(ear)];
        if poll(&mut fds[..count], millis(wanted.time)).is_err() {
            return;
        }
        let [rung, news] = fds.map(|fd| fd.any() != Some(false));
        if let Some((socket, _)) = socket
            && news
        {
            socket.look_again();
        }
        if rung {
            let _ = (&self.bell.ear).read(&mut [0; 16]);
        }
    }
}

/// Rounded up: to wake too early is to wait once more.
fn millis(time: Option<Duration>) -> PollTimeout {
    time.map_or(PollTimeout::NONE, |time| {
        PollTimeout::try_from(time.as_millis() + 1).unwrap_or(PollTimeout::MAX)
    })
}

/// Marks this thread for as long as it lives, through a panic too.
struct Driving;

impl Driving {
    fn begin() -> Self {
        DRIVEN.set(true);
        Self
    }
}

impl Drop for Driving {
    fn drop(&mut self) {
        DRIVEN.set(false);
        WANTED.replace(Wanted::NOTHING);
    }
}

#[cfg(test)]
mod tests;
