//! Keeps a token warm: renewed by timer, without traffic, for as long as an open client wants it.
//!
//! There is one timer for a keeper, whichever flight brought the token: each landing sets it anew, and one that was
//! set before rings for nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::expiry::Stage;
use crate::fork;
use crate::keeper::{Keeper, Terms};
use crate::runtime;

/// A token that is due at once, and could not be had, is not asked for in a busy loop.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// No timer is set.
const NONE: u64 = u64::MAX;

/// Who wants the token warm, and the timer.
pub(crate) struct Warmth {
    wanted_by: ArcSwap<Vec<Weak<Terms>>>,
    /// The number of the timer that counts.
    timer: AtomicU64,
    /// The process in which it was set, by its fork generation: threads and their timers do not survive a fork.
    set_in: AtomicU64,
}

impl Default for Warmth {
    fn default() -> Self {
        Self {
            wanted_by: ArcSwap::default(),
            timer: AtomicU64::new(0),
            set_in: AtomicU64::new(NONE),
        }
    }
}

/// A timer that has been set. Dropped without having rung, with its runtime, it lets another be set.
struct Timer {
    keeper: Weak<Keeper>,
    number: u64,
}

impl Timer {
    /// The keeper, if this is the timer that counts. It does no more.
    fn spend(&self) -> Option<Arc<Keeper>> {
        let keeper = self.keeper.upgrade()?;
        let warmth = &keeper.warmth;
        if warmth.timer.load(Ordering::Acquire) != self.number {
            return None;
        }
        warmth.set_in.store(NONE, Ordering::Release);
        Some(keeper)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.spend();
    }
}

impl Keeper {
    /// A client with these terms wants the token warm, until it is closed or gone.
    pub(crate) fn want_warm(&self, terms: &Arc<Terms>) {
        self.change_wishes(|wishes| wishes.push(Arc::downgrade(terms)));
    }

    /// The client with these terms is closed.
    pub(crate) fn cool_down(&self, terms: &Terms) {
        if terms.keep_warm {
            self.change_wishes(|wishes| wishes.retain(|wish| !std::ptr::eq(wish.as_ptr(), terms)));
        }
    }

    fn change_wishes(&self, change: impl Fn(&mut Vec<Weak<Terms>>)) {
        self.warmth.wanted_by.rcu(|wishes| {
            let alive = wishes.iter().filter(|wish| wish.strong_count() > 0);
            let mut wishes = alive.cloned().collect();
            change(&mut wishes);
            wishes
        });
    }

    fn warm_terms(&self) -> Option<Arc<Terms>> {
        self.warmth.wanted_by.load().iter().find_map(Weak::upgrade)
    }

    /// Sets the timer if this process has none: for who finds a token that is fresh, brought by another's flight.
    pub(crate) fn stay_warm(self: &Arc<Self>) {
        if self.warmth.set_in.load(Ordering::Acquire) != fork::generation() {
            self.set_timer();
        }
    }

    /// Sets the timer to when the token at hand is due. A token that lives until refused never is.
    pub(crate) fn set_timer(self: &Arc<Self>) {
        if self.warm_terms().is_none() {
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
            number: self.warmth.timer.fetch_add(1, Ordering::AcqRel) + 1,
        };
        self.warmth
            .set_in
            .store(fork::generation(), Ordering::Release);
        runtime::spawn(async move {
            tokio::time::sleep(pause).await;
            if let Some(keeper) = timer.spend() {
                keeper.ring();
            }
        });
    }

    fn ring(self: &Arc<Self>) {
        let Some(terms) = self.warm_terms() else {
            return;
        };
        let now = self.clock.now();
        let due = self
            .current
            .load()
            .as_ref()
            .is_some_and(|current| current.stage(now, Duration::ZERO) != Stage::Fresh);
        // A flight's landing sets the timer.
        if !(due && self.renew_early(&terms)) {
            self.set_timer();
        }
    }
}

#[cfg(test)]
mod tests;
