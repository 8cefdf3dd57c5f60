//! Events, and the promise that none comes after a subscription was freed.

use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;

use evertoken::{Event, Subscription};

use crate::boundary::{Failure, enter, look, look_text, ms, release, wait_ms};
use crate::callback::{Userdata, call_back};
use crate::client::evertoken_client;
use crate::error::{View as ErrorView, evertoken_error};
use crate::ffi::{Lent, LentOnly, Opaque, Owned, hand_over};
use crate::status::evertoken_status;
use crate::text::Text;

/// Something that happened to an identity. Fingerprints stand for tokens, so it may be logged whole.
///
/// Owner: the library; it is good for the duration of the callback. Threads: the callback's.
/// Methods: evertoken_event_name, _identity, _fingerprint, _via, _expires_in_ms, _reason, _error, _pause_ms.
pub struct evertoken_event {
    _opaque: [u8; 0],
}

impl Opaque for evertoken_event {
    type Value = View;
    type Ownership = LentOnly;
    const TAG: [u8; 4] = *b"EVNT";
    const NAME: &'static str = "evertoken_event";
}

/// An event, its texts ready for C.
pub(crate) struct View {
    name: Text,
    identity: Text,
    fingerprint: Option<Text>,
    via: Option<Text>,
    reason: Option<Text>,
    error: Option<Lent<evertoken_error>>,
    expires_in_ms: i64,
    pause_ms: i64,
}

impl View {
    fn new(event: &Event) -> Self {
        Self {
            name: Text::new(event.name()),
            identity: Text::new(&event.identity),
            fingerprint: event.fingerprint().map(Text::new),
            via: event.via().map(|via| Text::new(via.code())),
            reason: event.reason().map(|reason| Text::new(reason.code())),
            error: event.error().map(|error| Lent::new(ErrorView::of(error))),
            expires_in_ms: ms(event.expires_in()),
            pause_ms: wait_ms(event.pause()),
        }
    }
}

/// A callback that receives events.
///
/// Owner: the caller, who frees it with evertoken_subscription_free(). Threads: any.
/// Methods: evertoken_client_subscribe; evertoken_subscription_free.
pub struct evertoken_subscription {
    _opaque: [u8; 0],
}

impl Opaque for evertoken_subscription {
    type Value = Subscribed;
    type Ownership = Owned;
    const TAG: [u8; 4] = *b"SUBS";
    const NAME: &'static str = "evertoken_subscription";
}

/// A subscription at the core and the gate its events go through.
pub(crate) struct Subscribed {
    core: Option<Subscription>,
    gate: Arc<Gate>,
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        drop(self.core.take());
        self.gate.close();
    }
}

/// Sees an event. It runs on the thread that caused the event, which may be one of yours inside a call of this library or
/// one of the library's, and on several at the same time; never under a lock. It should be brief, must not throw, and calls
/// that wait are EVERTOKEN_MISUSE in it.
pub type evertoken_event_callback =
    Option<unsafe extern "C" fn(userdata: *mut c_void, event: *const evertoken_event)>;

/// Counts the callbacks that run, and waits for them when it is closed. Without a lock, because a forked child would
/// inherit it locked.
struct Gate {
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

    fn pass(&self, callback: impl FnOnce()) {
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

/// Calls `callback` with every event of the client's identity, other clients of it included, until the subscription is
/// freed. It outlives the client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_subscribe(
    client: *const evertoken_client,
    callback: evertoken_event_callback,
    userdata: *mut c_void,
    subscription: *mut *mut evertoken_subscription,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let out = contract.out(subscription, "subscription")?;
            let client = contract.get(client, "client")?;
            let callback = callback.ok_or_else(|| {
                Failure::face(
                    evertoken_status::EVERTOKEN_NULL_ARGUMENT,
                    "callback is NULL",
                )
            })?;
            let userdata = Userdata::new(userdata);
            let gate = Arc::new(Gate::new());
            let through = Arc::clone(&gate);
            let core = client.core.on_event(move |event| {
                let event = Lent::<evertoken_event>::new(View::new(event));
                // SAFETY: the gate keeps callbacks from running after the subscription was freed; until then function
                // and userdata are good by the contract.
                through.pass(|| callback(userdata.get(), event.as_ptr()));
            });
            out.write(hand_over(Subscribed {
                core: Some(core),
                gate,
            }));
            Ok(())
        })
    }
}

/// Frees a subscription. When it returns, no callback runs and none will, so the userdata may go; it waits for those that
/// run on other threads, so do not hold a lock that they take. From inside its own callback it does not wait for that one.
/// NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_subscription_free(subscription: *mut evertoken_subscription) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { release(subscription) }
}

/// What happened: `"flight_started"`, a token request is about to be made; `"token_installed"`, there is a new token;
/// `"flight_failed"`, it ended without one; `"refused"`, the API refused a token with 401; `"resent"`, a request is sent
/// again; `"given_back"`, a 401 is handed to the caller; `"locked_out"`, the credentials were rejected and no login is made
/// for a while. NULL for NULL. Names may be added.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_name(event: *const evertoken_event) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(event, std::ptr::null(), |event, _| event.name.as_ptr()) }
}

/// The identity, fit for a log. NULL for NULL. `len` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_identity(
    event: *const evertoken_event,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look_text(event, len, |event| Some(event.identity.ended())) }
}

/// The fingerprint of the token it is about (8 hex digits); NULL if it is about none. `len` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_fingerprint(
    event: *const evertoken_event,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look_text(event, len, |event| {
            event.fingerprint.as_ref().map(Text::ended)
        })
    }
}

/// `token_installed`: `"login"`, `"refresh"` or `"store"`; else NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_via(event: *const evertoken_event) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(event, std::ptr::null(), |event, _| {
            event.via.as_ref().map_or(std::ptr::null(), Text::as_ptr)
        })
    }
}

/// `token_installed`: the new token's life in milliseconds; -1 if it lives until refused, and for other events.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_expires_in_ms(event: *const evertoken_event) -> i64 {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(event, -1, |event, _| event.expires_in_ms) }
}

/// `given_back`: why, with the words of evertoken_verdict_reason(); else NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_reason(event: *const evertoken_event) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(event, std::ptr::null(), |event, _| {
            event.reason.as_ref().map_or(std::ptr::null(), Text::as_ptr)
        })
    }
}

/// `flight_failed`, `locked_out`: why; else NULL. It belongs to the event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_error(
    event: *const evertoken_event,
) -> *const evertoken_error {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(event, std::ptr::null(), |event, _| {
            event.error.as_ref().map_or(std::ptr::null(), Lent::as_ptr)
        })
    }
}

/// `locked_out`: how long no login is made, in milliseconds; else -1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_pause_ms(event: *const evertoken_event) -> i64 {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(event, -1, |event, _| event.pause_ms) }
}
