//! What a forked child must not inherit.
//!
//! Threads do not survive `fork`, and a lock that one of them held stays held for ever. So whatever
//! has threads or locks lives in a [`PerProcess`]: the first use in a child makes it anew and leaks
//! the parent's, because dropping it would wait for threads that are not there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};

static GENERATION: AtomicU64 = AtomicU64::new(0);

/// How many forks lie between the process that first asked and this one. About a nanosecond.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Starts counting forks. Called before the first value that depends on it is made.
#[cfg(unix)]
#[allow(unsafe_code)]
fn watch() {
    use std::sync::Once;

    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // SAFETY: the handler only adds to a static atomic, which is allowed after fork; a failed
        // registration (out of memory) leaves the count at 0, as without fork.
        unsafe {
            libc::pthread_atfork(None, None, Some(in_child));
        }
    });
}

#[cfg(not(unix))]
fn watch() {}

/// A value of which each process has its own.
pub(crate) struct PerProcess<T> {
    slot: ArcSwap<Slot<T>>,
    make: fn() -> T,
}

/// The value and the process it belongs to.
pub(crate) struct Slot<T> {
    generation: u64,
    value: T,
}

impl<T> std::ops::Deref for Slot<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> PerProcess<T> {
    /// Makes the first value at once; `make` runs again in each child that uses it.
    pub(crate) fn new(make: fn() -> T) -> Self {
        watch();
        Self {
            slot: ArcSwap::from_pointee(Slot {
                generation: generation(),
                value: make(),
            }),
            make,
        }
    }

    /// This process's value. To borrow it costs no count that threads would have to share.
    pub(crate) fn get(&self) -> Guard<Arc<Slot<T>>> {
        let slot = self.slot.load();
        let now = generation();
        if slot.generation == now {
            return slot;
        }
        let fresh = Arc::new(Slot {
            generation: now,
            value: (self.make)(),
        });
        let slot = Guard::into_inner(slot);
        let before = self.slot.compare_and_swap(&slot, Arc::clone(&fresh));
        if Arc::ptr_eq(&before, &slot) {
            // The parent's value is leaked on purpose; see the module's comment.
            std::mem::forget(slot);
            Guard::from_inner(fresh)
        } else {
            self.slot.load()
        }
    }
}
