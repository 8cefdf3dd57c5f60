//! The end of a call's time, without a timer set anew for each call.
//!
//! To set a timer that rings before all others wakes the thread that waits for the runtime's sockets: it must wait
//! less long. Where calls come one after another each of them would do that, for a timer that never rings; a lone
//! request on a runtime with threads would take a fifth more processor time. So a call leaves its timer set when it is
//! over, and the next one takes it. Should it ring too early for that one, it is set anew.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::runtime::{Handle, Id};
use tokio::time::{Sleep, sleep_until};

use crate::clock::{Instant, timers_in, timers_now};
use crate::driver;
use crate::error::{Error, ErrorKind};

/// Timers kept for the next calls: as many as there were calls at once, and no more than this.
const KEPT: usize = 64;
/// Every so many looks at a call's work there is one at the time.
const UNWATCHED_MAX: u8 = 32;

/// When a call must be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    at: Instant,
    limit: Duration,
}

impl End {
    /// `limit` from now; `None` if that is too far away for a timer.
    pub(crate) fn after(limit: Duration) -> Option<Self> {
        let at = timers_in(limit)?;
        Some(Self { at, limit })
    }

    /// `None` if it has come.
    pub(crate) fn left(self) -> Option<Duration> {
        let left = self.at.saturating_duration_since(timers_now());
        (!left.is_zero()).then_some(left)
    }

    /// It came before the answer of `host`.
    pub(crate) fn missed(self, host: &str) -> Error {
        Error::new(
            ErrorKind::TimedOut,
            format!(
                "no answer from {host} within {} s",
                self.limit.as_secs_f64()
            ),
        )
    }
}

/// The timers of one runtime that no call has.
#[derive(Clone)]
pub(crate) struct Timers {
    runtime: Id,
    resting: Arc<Mutex<Vec<Timer>>>,
}

impl Timers {
    pub(crate) fn new(runtime: Id) -> Self {
        Self {
            runtime,
            resting: Arc::default(),
        }
    }

    /// A call that must be over at `end`; `None`: whenever.
    pub(crate) fn deadline(&self, end: Option<End>) -> Deadline {
        Deadline {
            end,
            timer: None,
            timers: Some(self.clone()),
            unwatched: 0,
        }
    }

    fn take(&self, end: Instant) -> Timer {
        let Some(mut timer) = self.resting().pop() else {
            return Timer::new(end);
        };
        if timer.sleep.deadline() > end {
            timer.set(end);
        }
        timer
    }

    /// Only what this runtime rings: another one may end before.
    fn put(&self, timer: Timer) {
        timer.bell.caller.take();
        let mut resting = self.resting();
        if timer.runtime == self.runtime && resting.len() < KEPT {
            resting.push(timer);
        }
    }

    fn resting(&self) -> MutexGuard<'_, Vec<Timer>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A timer, set for this call or an earlier one.
struct Timer {
    runtime: Id,
    sleep: Pin<Box<Sleep>>,
    bell: Arc<Bell>,
}

/// Whom a timer wakes: the call that has it now, and nobody while it rests.
struct Bell {
    caller: AtomicWaker,
    /// The timer wants to be looked at.
    rang: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rang.store(true, Ordering::Release);
        self.caller.wake();
    }
}

impl Timer {
    fn new(end: Instant) -> Self {
        Self {
            runtime: Handle::current().id(),
            sleep: Box::pin(sleep_until(end)),
            bell: Arc::new(Bell {
                caller: AtomicWaker::new(),
                rang: AtomicBool::new(true),
            }),
        }
    }

    fn set(&mut self, end: Instant) {
        self.sleep.as_mut().reset(end);
        self.bell.rang.store(true, Ordering::Release);
    }

    fn poll(&mut self, end: Instant, cx: &Context<'_>) -> Poll<()> {
        self.bell.caller.register(cx.waker());
        if !self.bell.rang.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let waker = Waker::from(Arc::clone(&self.bell));
        let mut bell = Context::from_waker(&waker);
        while self.sleep.as_mut().poll(&mut bell).is_ready() {
            if self.sleep.deadline() >= end {
                // It is to be set before it can ring again.
                self.bell.rang.store(true, Ordering::Release);
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(end);
        }
        Poll::Pending
    }
}

/// The end of a call's time, for its body too.
pub(crate) struct Deadline {
    end: Option<End>,
    timer: Option<Timer>,
    /// `None` where a driver minds the time.
    timers: Option<Timers>,
    /// Times that work was looked at and the time was not.
    unwatched: u8,
}

impl Deadline {
    /// The same where a [`driver`] runs the call.
    #[cfg(unix)]
    pub(crate) fn of_the_driver(end: Option<End>) -> Self {
        Self {
            end,
            timer: None,
            timers: None,
            unwatched: 0,
        }
    }

    /// What `work` comes to, or the end that came first. Work that is done costs no look at the time, but for some of much: a
    /// body may come so fast that one never waits for it.
    pub(crate) async fn within<T>(&mut self, work: impl Future<Output = T>) -> Result<T, End> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            self.unwatched = (self.unwatched + 1) % UNWATCHED_MAX;
            if self.unwatched == 0
                && let Poll::Ready(end) = self.poll(cx)
            {
                return Poll::Ready(Err(end));
            }
            match work.as_mut().poll(cx) {
                Poll::Ready(done) => Poll::Ready(Ok(done)),
                Poll::Pending => self.poll(cx).map(Err),
            }
        })
        .await
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<End> {
        let Some(end) = self.end else {
            return Poll::Pending;
        };
        let come = match &self.timers {
            None => driver::poll_until(end.at),
            Some(timers) => {
                let timer = self.timer.get_or_insert_with(|| timers.take(end.at));
                timer.poll(end.at, cx)
            }
        };
        come.map(|()| end)
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if let (Some(timers), Some(timer)) = (&self.timers, self.timer.take()) {
            timers.put(timer);
        }
    }
}

#[cfg(test)]
mod tests;
