//! Events of an identity.

use std::ffi::{c_char, c_void};

use evertoken::Event;

use crate::boundary::{Failure, enter, look, look_text, ms, wait_ms};
use crate::callback::Userdata;
use crate::client::evertoken_client;
use crate::error::{View as ErrorView, evertoken_error};
use crate::ffi::{Lent, LentOnly, Opaque, hand_over};
use crate::status::evertoken_status;
use crate::subscription::{Source, Subscribed, evertoken_subscription};
use crate::text::Text;

/// Something that happened to an identity. Tokens appear as fingerprints only, so all of it may be logged.
///
/// Owner: the library; it is valid during the callback only. Threads: the callback's.
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

/// Receives an event. It runs on the thread that caused the event, which may be one of yours inside a call of this library
/// or one of the library's, and on several at the same time; never under a lock. It should be brief and must not throw; calls
/// that wait give EVERTOKEN_MISUSE in it.
pub type evertoken_event_callback =
    Option<unsafe extern "C" fn(userdata: *mut c_void, event: *const evertoken_event)>;

/// Calls `callback` with every event of the client's identity, also those of other clients of the identity, until the
/// subscription is freed. The subscription outlives the client.
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
                Failure::binding(
                    evertoken_status::EVERTOKEN_NULL_ARGUMENT,
                    "callback is NULL",
                )
            })?;
            let userdata = Userdata::new(userdata);
            out.write(hand_over(Subscribed::new(|gate| {
                Source::Events(client.core.on_event(move |event| {
                    let event = Lent::<evertoken_event>::new(View::new(event));
                    // SAFETY: the gate keeps callbacks from running after the subscription was freed; until then
                    // function and userdata are good by the contract.
                    gate.pass(|| callback(userdata.get(), event.as_ptr()));
                }))
            })));
            Ok(())
        })
    }
}

/// What happened. `"flight_started"`: a token request is about to be made; `"token_installed"`: there is a new token;
/// `"flight_failed"`: a renewal ended without one; `"refused"`: the API refused a token with 401; `"resent"`: a request is
/// sent again; `"given_back"`: a 401 is returned to the caller; `"locked_out"`: the credentials were rejected and logins are
/// paused. NULL for NULL. Names may be added.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_name(event: *const evertoken_event) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(event, std::ptr::null(), |event, _| event.name.as_ptr()) }
}

/// The identity, without secrets: fit for a log. NULL for NULL. `len` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_identity(
    event: *const evertoken_event,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look_text(event, len, |event| Some(event.identity.ended())) }
}

/// The fingerprint of the token that it concerns (8 hex digits); NULL if it concerns none. `len` may be NULL.
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

/// `token_installed`: how the token was obtained, `"login"`, `"refresh"` or `"store"`; otherwise NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_via(event: *const evertoken_event) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(event, std::ptr::null(), |event, _| {
            event.via.as_ref().map_or(std::ptr::null(), Text::as_ptr)
        })
    }
}

/// `token_installed`: the new token's remaining lifetime in milliseconds; -1 if it lives until refused, and for other events.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_expires_in_ms(event: *const evertoken_event) -> i64 {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(event, -1, |event, _| event.expires_in_ms) }
}

/// `given_back`: why, as one of the strings of evertoken_verdict_reason(); otherwise NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_reason(event: *const evertoken_event) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(event, std::ptr::null(), |event, _| {
            event.reason.as_ref().map_or(std::ptr::null(), Text::as_ptr)
        })
    }
}

/// `flight_failed`, `locked_out`: why; otherwise NULL. It belongs to the event.
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

/// `locked_out`: how long logins are paused, in milliseconds; otherwise -1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_event_pause_ms(event: *const evertoken_event) -> i64 {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(event, -1, |event, _| event.pause_ms) }
}
