//! Subscriptions, and the promise that no callback comes after one was freed.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;

use crate::boundary::release;
use crate::callback::call_back;
use crate::ffi::{Opaque, Owned};
use crate::log::Listening;

/// The subscription of a callback to events or log lines.
///
/// Owner: the caller, who frees it with evertoken_subscription_free(). Threads: any.
/// Methods: evertoken_client_subscribe, evertoken_log_subscribe; evertoken_subscription_free.
pub struct evertoken_subscription {
    _opaque: [u8; 0],
}

impl Opaque for evertoken_subscription {
    type Value = Subscribed;
    type Ownership = Owned;
    const TAG: [u8; 4] = *b"SUBS";
    const NAME: &'static str = "evertoken_subscription";
}

/// Where callbacks come from until it is dropped.
pub(crate) enum Source {
    Events(#[allow(dead_code, reason = "held, to be dropped")] evertoken::Subscription),
    Log(#[allow(dead_code, reason = "held, to be dropped")] Listening),
}

/// A source and the gate that its callbacks go through.
pub(crate) struct Subscribed {
    source: Option<Source>,
    gate: Arc<Gate>,
}

impl Subscribed {
    /// `begin` sends every callback through the gate.
    pub(crate) fn new(begin: impl FnOnce(Arc<Gate>) -> Source) -> Self {
        let gate = Arc::new(Gate::new());
        Self {
            source: Some(begin(Arc::clone(&gate))),
            gate,
        }
    }
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        drop(self.source.take());
        self.gate.close();
    }
}

/// Counts the callbacks that run, and waits for them when it is closed. Without a lock, because a forked child would
/// inherit it locked.
pub(crate) struct Gate {
    /// How many run; the highest bit says that none may begin any more.
    running: AtomicUsize,
    /// Who waits for the last of them.
    closer: OnceLock<Thread>,
    /// Callbacks that ran in the parent at fork never end here, and are not waited for.
    process: u32,
}

const CLOSED: usize = 1 << (usize::BITS - 1);

/// A gate that a thread is inside of, and the one it was inside of before.
struct Passage {
    gate: *const Gate,
    outer: *const Passage,
}

thread_local! {
    /// The innermost passage of this thread. Without a destructor, so that it is there in functions called at exit too.
    static PASSAGE: Cell<*const Passage> = const { Cell::new(std::ptr::null()) };
}

impl Gate {
    fn new() -> Self {
        Self {
            running: AtomicUsize::new(0),
            closer: OnceLock::new(),
            process: std::process::id(),
        }
    }

    pub(crate) fn pass(&self, callback: impl FnOnce()) {
        if self.running.fetch_add(1, Ordering::AcqRel) & CLOSED == 0 {
            let passage = Passage {
                gate: self,
                outer: PASSAGE.get(),
            };
            PASSAGE.set(&raw const passage);
            call_back(callback);
            PASSAGE.set(passage.outer);
        }
        if self.running.fetch_sub(1, Ordering::AcqRel) & CLOSED != 0
            && let Some(closer) = self.closer.get()
        {
            closer.unpark();
        }
    }

    /// Lets no callback begin and waits for those that run, but for those this thread is inside of.
    fn close(&self) {
        let _ = self.closer.set(std::thread::current());
        self.running.fetch_or(CLOSED, Ordering::AcqRel);
        let mine = self.passages_of_this_thread();
        while self.running.load(Ordering::Acquire) & !CLOSED > mine
            && self.process == std::process::id()
        {
            std::thread::park();
        }
    }

    fn passages_of_this_thread(&self) -> usize {
        let mut passage = PASSAGE.get();
        let mut count = 0;
        // SAFETY: each passage lives on this thread's stack until `pass` has taken it out of the list again, and the
        // callback in between does not unwind.
        while let Some(inner) = unsafe { passage.as_ref() } {
            count += usize::from(std::ptr::eq(inner.gate, self));
            passage = inner.outer;
        }
        count
    }
}

/// Frees a subscription. Afterwards no callback runs or will run, so the userdata may be freed. It waits for callbacks that
/// run on other threads, so do not hold a lock that they take; called from its own callback, it does not wait for that one.
/// NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_subscription_free(subscription: *mut evertoken_subscription) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { release(subscription) }
}
