//! Deadlines of calls, with timers that calls pass on to one another.
//!
//! To set a timer that fires before all others wakes the thread that waits for the runtime's sockets, because that thread
//! must then wait less long. With calls one after another each would do so, for a timer that never fires; a lone request
//! on a multi-threaded runtime would take a fifth more processor time. So a call that is over leaves its timer set, the
//! next call takes it over, and a timer that fires too early for its present call is set again.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::runtime::{Handle, Id};
use tokio::time::{Sleep, sleep_until};

use crate::clock::{Instant, timers_in, timers_now};
use crate::error::{Error, ErrorKind};
use crate::executor;

/// Timers kept for later calls: as many as there were calls at once, up to this number.
const KEPT: usize = 64;
/// The time is checked at least once in so many polls of a call's work.
const UNCHECKED_POLLS_MAX: u8 = 32;

/// When a call must be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    at: Instant,
    /// How long the call was given, for the error's text.
    limit: Duration,
}

impl Deadline {
    /// `limit` from now; `None` if that is too far away for a timer.
    pub(crate) fn after(limit: Duration) -> Option<Self> {
        let at = timers_in(limit)?;
        Some(Self { at, limit })
    }

    /// What is left until then; `None` if it has passed.
    pub(crate) fn left(self) -> Option<Duration> {
        let left = self.at.saturating_duration_since(timers_now());
        (!left.is_zero()).then_some(left)
    }

    /// The error of a call that `host` did not respond to in time.
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

/// The idle timers of one runtime.
#[derive(Clone)]
pub(crate) struct Timers {
    runtime: Id,
    idle: Arc<Mutex<Vec<Timer>>>,
}

impl Timers {
    pub(crate) fn new(runtime: Id) -> Self {
        Self {
            runtime,
            idle: Arc::default(),
        }
    }

    /// A timer for a call with this deadline; without one it never fires.
    pub(crate) fn for_call(&self, deadline: Option<Deadline>) -> DeadlineTimer {
        DeadlineTimer {
            deadline,
            timer: None,
            timers: Some(self.clone()),
            unchecked_polls: 0,
        }
    }

    fn take(&self, at: Instant) -> Timer {
        let Some(mut timer) = self.idle().pop() else {
            return Timer::new(at);
        };
        if timer.sleep.deadline() > at {
            timer.set(at);
        }
        timer
    }

    /// Keeps only timers of this runtime: another runtime may end before it.
    fn put(&self, timer: Timer) {
        timer.alarm.call.take();
        let mut idle = self.idle();
        if timer.runtime == self.runtime && idle.len() < KEPT {
            idle.push(timer);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Timer>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A timer, set by the call that has it or by an earlier one.
struct Timer {
    runtime: Id,
    sleep: Pin<Box<Sleep>>,
    alarm: Arc<Alarm>,
}

/// The waker of a [`Timer`], which outlives the calls that the timer serves.
struct Alarm {
    /// The waker of the call that has the timer; none while it is idle.
    call: AtomicWaker,
    /// The timer must be polled: it has fired or was set.
    fired: AtomicBool,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.fired.store(true, Ordering::Release);
        self.call.wake();
    }
}

impl Timer {
    fn new(at: Instant) -> Self {
        Self {
            runtime: Handle::current().id(),
            sleep: Box::pin(sleep_until(at)),
            alarm: Arc::new(Alarm {
                call: AtomicWaker::new(),
                fired: AtomicBool::new(true),
            }),
        }
    }

    fn set(&mut self, at: Instant) {
        self.sleep.as_mut().reset(at);
        self.alarm.fired.store(true, Ordering::Release);
    }

    fn poll(&mut self, at: Instant, cx: &Context<'_>) -> Poll<()> {
        self.alarm.call.register(cx.waker());
        if !self.alarm.fired.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let waker = Waker::from(Arc::clone(&self.alarm));
        let mut alarm_cx = Context::from_waker(&waker);
        while self.sleep.as_mut().poll(&mut alarm_cx).is_ready() {
            if self.sleep.deadline() >= at {
                // A timer that has fired wakes nobody until it is set again, so the next poll must look at it.
                self.alarm.fired.store(true, Ordering::Release);
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(at);
        }
        Poll::Pending
    }
}

/// Enforces a call's deadline, while its response's body is read as well.
pub(crate) struct DeadlineTimer {
    deadline: Option<Deadline>,
    timer: Option<Timer>,
    /// `None` in a blocking call, whose executor keeps the time.
    timers: Option<Timers>,
    /// Polls of the work since the time was last checked.
    unchecked_polls: u8,
}

impl DeadlineTimer {
    /// The timer of a call that a blocking [`executor`] runs.
    #[cfg(unix)]
    pub(crate) fn of_blocking_call(deadline: Option<Deadline>) -> Self {
        Self {
            deadline,
            timer: None,
            timers: None,
            unchecked_polls: 0,
        }
    }

    /// The result of `work`, or the deadline that passed before it. Work that is ready is taken without a look at the time,
    /// except once in [`UNCHECKED_POLLS_MAX`] polls: a body may arrive so fast that its reader never has to wait.
    pub(crate) async fn within<T>(
        &mut self,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, Deadline> {
        poll_fn(|cx| {
            self.unchecked_polls = (self.unchecked_polls + 1) % UNCHECKED_POLLS_MAX;
            if self.unchecked_polls == 0
                && let Poll::Ready(missed) = self.poll(cx)
            {
                return Poll::Ready(Err(missed));
            }
            match work.as_mut().poll(cx) {
                Poll::Ready(done) => Poll::Ready(Ok(done)),
                Poll::Pending => self.poll(cx).map(Err),
            }
        })
        .await
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<Deadline> {
        let Some(deadline) = self.deadline else {
            return Poll::Pending;
        };
        let passed = match &self.timers {
            None => executor::poll_until(deadline.at),
            Some(timers) => {
                let timer = self.timer.get_or_insert_with(|| timers.take(deadline.at));
                timer.poll(deadline.at, cx)
            }
        };
        passed.map(|()| deadline)
    }
}

impl Drop for DeadlineTimer {
    fn drop(&mut self) {
        if let (Some(timers), Some(timer)) = (&self.timers, self.timer.take()) {
            timers.put(timer);
        }
    }
}

#[cfg(test)]
mod tests;
