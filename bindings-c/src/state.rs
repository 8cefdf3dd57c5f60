//! The state of an identity.

use std::ffi::c_char;

use crate::boundary::{enter, look, look_text, ms, release, wait_ms};
use crate::client::evertoken_client;
use crate::error::{View as ErrorView, evertoken_error};
use crate::ffi::{Lent, Opaque, Owned, hand_over};
use crate::status::evertoken_status;
use crate::text::Text;

/// The state of an identity at the time of the call.
///
/// Owner: the caller, who frees it with evertoken_state_free(). Threads: any; it never changes.
/// Methods: evertoken_client_state; evertoken_state_standing, _expires_in_ms, _fingerprint, _via, _last_error,
/// _next_try_in_ms, _free.
pub struct evertoken_state {
    _opaque: [u8; 0],
}

impl Opaque for evertoken_state {
    type Value = View;
    type Ownership = Owned;
    const TAG: [u8; 4] = *b"STAT";
    const NAME: &'static str = "evertoken_state";
}

/// A state, its texts ready for C.
pub(crate) struct View {
    standing: Text,
    fingerprint: Option<Text>,
    via: Option<Text>,
    last_error: Option<Lent<evertoken_error>>,
    expires_in_ms: i64,
    next_try_in_ms: i64,
}

/// Gets the current state of the client's identity. Does not wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_state(
    client: *const evertoken_client,
    state: *mut *mut evertoken_state,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let out = contract.out(state, "state")?;
            let state = contract.get(client, "client")?.core.state();
            out.write(hand_over(View {
                standing: Text::new(state.standing.code()),
                fingerprint: state.fingerprint.as_deref().map(Text::new),
                via: state.via.map(|via| Text::new(via.code())),
                last_error: state
                    .last_error
                    .as_ref()
                    .map(|error| Lent::new(ErrorView::of(error))),
                expires_in_ms: ms(state.expires_in),
                next_try_in_ms: wait_ms(state.next_try_in),
            }));
            Ok(())
        })
    }
}

/// Frees a state. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_state_free(state: *mut evertoken_state) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { release(state) }
}

/// How usable the token is. `"fresh"`: it is served; `"soft"`: it is served and due for renewal; `"expired"`: it has expired
/// or was refused; `"none"`: there is none yet; `"locked_out"`: there is none, because the credentials were rejected and
/// logins are paused. NULL for NULL. Lives as long as the state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_state_standing(state: *const evertoken_state) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(state, std::ptr::null(), |state, _| state.standing.as_ptr()) }
}

/// The token's remaining lifetime in milliseconds; -1 without a token, or if it lives until refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_state_expires_in_ms(state: *const evertoken_state) -> i64 {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(state, -1, |state, _| state.expires_in_ms) }
}

/// The token's fingerprint (8 hex digits); NULL without a token. `len` may be NULL. Lives as long as the state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_state_fingerprint(
    state: *const evertoken_state,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look_text(state, len, |state| {
            state.fingerprint.as_ref().map(Text::ended)
        })
    }
}

/// How the token was obtained: `"login"`, `"refresh"` or `"store"`; NULL without a token. Lives as long as the state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_state_via(state: *const evertoken_state) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(state, std::ptr::null(), |state, _| {
            state.via.as_ref().map_or(std::ptr::null(), Text::as_ptr)
        })
    }
}

/// The last failure since the last success; NULL if there is none. It belongs to the state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_state_last_error(
    state: *const evertoken_state,
) -> *const evertoken_error {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(state, std::ptr::null(), |state, _| {
            state
                .last_error
                .as_ref()
                .map_or(std::ptr::null(), Lent::as_ptr)
        })
    }
}

/// How long token requests are paused, in milliseconds; -1 if they are not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_state_next_try_in_ms(state: *const evertoken_state) -> i64 {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(state, -1, |state, _| state.next_try_in_ms) }
}
