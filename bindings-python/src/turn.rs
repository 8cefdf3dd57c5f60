//! Threads that want the GIL back take turns.
//!
//! A thread that waits for CPython's GIL wakes every 5 ms to ask the holder for it. A thousand threads that one new token
//! releases would spend the processor on that. So only a few of ours ask at a time; the others sleep until it is their turn.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, PoisonError};

use arc_swap::ArcSwap;

/// How many threads ask at a time. With two, the next one is awake already when the first has got the GIL.
const AT_A_TIME: usize = 2;

static TURNS: LazyLock<ArcSwap<Turns>> = LazyLock::new(ArcSwap::default);

/// A semaphore that takes its lock only when a thread has to wait.
#[derive(Default)]
struct Turns {
    /// Threads that have a turn or wait for one.
    wanted: AtomicUsize,
    /// Turns that were passed on and not taken yet.
    passed_on: Mutex<usize>,
    next: Condvar,
}

/// Permission to ask for the GIL. Given back once the GIL is held.
pub(crate) struct Turn(Arc<Turns>);

impl Turn {
    /// Waits for a turn. Not to be called with the GIL held.
    pub(crate) fn take() -> Self {
        let turns = TURNS.load_full();
        if turns.wanted.fetch_add(1, Ordering::AcqRel) >= AT_A_TIME {
            let passed_on = turns
                .passed_on
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let mut passed_on = turns
                .next
                .wait_while(passed_on, |passed_on| *passed_on == 0)
                .unwrap_or_else(PoisonError::into_inner);
            *passed_on -= 1;
        }
        Self(turns)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.0.wanted.fetch_sub(1, Ordering::AcqRel) > AT_A_TIME {
            *self
                .0
                .passed_on
                .lock()
                .unwrap_or_else(PoisonError::into_inner) += 1;
            self.0.next.notify_one();
        }
    }
}

/// Starts anew in a forked child, in which none of the waiting threads exists.
pub(crate) fn forget() {
    // The parent's is leaked, not dropped: a thread that does not exist here may hold its lock.
    std::mem::forget(TURNS.swap(Arc::default()));
}
