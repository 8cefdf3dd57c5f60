//! Keeps a token warm: renews it by timer, without traffic, for as long as an open client wants it.
//!
//! A keeper has one timer. Each flight sets it again when it ends; a timer that was set earlier then does nothing when it
//! fires.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::expiry::Stage;
use crate::fork;
use crate::keeper::{Keeper, RenewalPolicy};
use crate::runtime;

/// The shortest pause: a token that is due and cannot be obtained must not be requested in a busy loop.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// No timer is set.
const NONE: u64 = u64::MAX;

/// The clients that want the token warm, and the timer.
pub(crate) struct KeepWarm {
    wanted_by: ArcSwap<Vec<Weak<RenewalPolicy>>>,
    /// The number of the timer that was set last, the only one that acts.
    timer: AtomicU64,
    /// The fork generation of the process in which it was set: threads and their timers do not survive a fork.
    set_in: AtomicU64,
}

impl Default for KeepWarm {
    fn default() -> Self {
        Self {
            wanted_by: ArcSwap::default(),
            timer: AtomicU64::new(0),
            set_in: AtomicU64::new(NONE),
        }
    }
}

/// A timer that has been set. If it is dropped with its runtime before it fires, another can be set.
struct Timer {
    keeper: Weak<Keeper>,
    number: u64,
}

impl Timer {
    /// The keeper, if this is the timer that was set last; afterwards no timer is set.
    fn take(&self) -> Option<Arc<Keeper>> {
        let keeper = self.keeper.upgrade()?;
        let state = &keeper.keep_warm;
        if state.timer.load(Ordering::Acquire) != self.number {
            return None;
        }
        state.set_in.store(NONE, Ordering::Release);
        Some(keeper)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.take();
    }
}

impl Keeper {
    /// Keeps the token warm for the client with this policy, until it is closed or dropped.
    pub(crate) fn want_warm(&self, policy: &Arc<RenewalPolicy>) {
        self.change_wanted_by(|wanted_by| wanted_by.push(Arc::downgrade(policy)));
    }

    /// The client with this policy is closed.
    pub(crate) fn stop_keeping_warm(&self, policy: &RenewalPolicy) {
        if policy.keep_warm {
            self.change_wanted_by(|wanted_by| {
                wanted_by.retain(|other| !std::ptr::eq(other.as_ptr(), policy));
            });
        }
    }

    fn change_wanted_by(&self, change: impl Fn(&mut Vec<Weak<RenewalPolicy>>)) {
        self.keep_warm.wanted_by.rcu(|wanted_by| {
            let alive = wanted_by.iter().filter(|policy| policy.strong_count() > 0);
            let mut wanted_by = alive.cloned().collect();
            change(&mut wanted_by);
            wanted_by
        });
    }

    fn warm_policy(&self) -> Option<Arc<RenewalPolicy>> {
        self.keep_warm
            .wanted_by
            .load()
            .iter()
            .find_map(Weak::upgrade)
    }

    /// Sets the timer if this process has none: for a caller that finds a fresh token which another client's flight or the
    /// parent process obtained.
    pub(crate) fn ensure_timer(self: &Arc<Self>) {
        if self.keep_warm.set_in.load(Ordering::Acquire) != fork::generation() {
            self.set_timer();
        }
    }

    /// Sets the timer to when the current token is due. A token without an expiry is never due.
    pub(crate) fn set_timer(self: &Arc<Self>) {
        if self.warm_policy().is_none() {
            return;
        }
        let now = self.clock.now();
        let Some(until_soft) =
            self.current.load().as_ref().and_then(|current| {
                Some(current.remaining(now)?.saturating_sub(current.windows.soft))
            })
        else {
            return;
        };
        let pause = until_soft
            .max(self.health.load().next_try_in(now).unwrap_or_default())
            .max(SHORTEST_PAUSE);
        let timer = Timer {
            keeper: Arc::downgrade(self),
            number: self.keep_warm.timer.fetch_add(1, Ordering::AcqRel) + 1,
        };
        self.keep_warm
            .set_in
            .store(fork::generation(), Ordering::Release);
        runtime::spawn(async move {
            tokio::time::sleep(pause).await;
            if let Some(keeper) = timer.take() {
                keeper.timer_fired();
            }
        });
    }

    fn timer_fired(self: &Arc<Self>) {
        let Some(policy) = self.warm_policy() else {
            return;
        };
        let now = self.clock.now();
        let due = self
            .current
            .load()
            .as_ref()
            .is_some_and(|current| current.stage(now, Duration::ZERO) != Stage::Fresh);
        // A flight sets the timer when it ends.
        if !(due && self.renew_early(&policy)) {
            self.set_timer();
        }
    }
}

#[cfg(test)]
mod tests;
