//! Whose turn it is to ask for the GIL back.
//!
//! CPython lets each thread that waits for the GIL look again every 5 ms and ask its holder to let go. A thousand threads
//! that a new token sets free at once so take each other's processor time. Therefore few of ours ask at a time; the
//! others wait for a turn, which costs nothing until it comes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, PoisonError};

use arc_swap::ArcSwap;

/// So many ask at a time. One hands over, the next is awake already.
const AT_A_TIME: usize = 2;

static TURNS: LazyLock<ArcSwap<Turns>> = LazyLock::new(ArcSwap::default);

/// A semaphore whose lock is left alone until somebody has to wait.
#[derive(Default)]
struct Turns {
    /// Threads that have a turn or wait for one.
    wanted: AtomicUsize,
    /// Turns handed on and not taken yet.
    handed: Mutex<usize>,
    called: Condvar,
}

/// Permission to ask for the GIL. Given back once the GIL is held.
pub(crate) struct Turn(Arc<Turns>);

impl Turn {
    /// Waits for a turn. Not to be called with the GIL held.
    pub(crate) fn take() -> Self {
        let turns = TURNS.load_full();
        if turns.wanted.fetch_add(1, Ordering::AcqRel) >= AT_A_TIME {
            let handed = turns.handed.lock().unwrap_or_else(PoisonError::into_inner);
            let mut handed = turns
                .called
                .wait_while(handed, |handed| *handed == 0)
                .unwrap_or_else(PoisonError::into_inner);
            *handed -= 1;
        }
        Self(turns)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.0.wanted.fetch_sub(1, Ordering::AcqRel) > AT_A_TIME {
            *self.0.handed.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            self.0.called.notify_one();
        }
    }
}

/// For a forked child: none of those who waited is there, and one of them may have held the lock.
pub(crate) fn forget() {
    // The parent's is leaked: nobody knows what state it was in.
    std::mem::forget(TURNS.swap(Arc::default()));
}
