//! Values that a forked child must not inherit.
//!
//! Threads do not survive `fork`, and a lock that one of them held stays locked for ever. So everything with threads or
//! locks lives in a [`PerProcess`]: the first use in a child makes a new value and leaks the parent's, because dropping that
//! would wait for threads that do not exist.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};

static GENERATION: AtomicU64 = AtomicU64::new(0);

/// How many forks lie between this process and the one that first asked. Takes about a nanosecond.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Starts counting forks. Must be called before the first value that depends on the count is made.
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

/// A value that each process has for itself.
pub(crate) struct PerProcess<T> {
    slot: ArcSwap<Slot<T>>,
    make: fn() -> T,
}

/// A value and the process that it belongs to.
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

    /// This process's value. Borrowing it changes no reference count, which threads would have to share.
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
