//! Errors as C sees them.

use std::ffi::{CStr, c_char, c_int};

use evertoken::Error;

use crate::boundary::{Failure, look, look_text, release, wait_ms};
use crate::ffi::{Opaque, Owned};
use crate::status::evertoken_status;
use crate::text::Text;

/// Why a call failed. It contains no secret and no raw response, so all of it may be logged.
///
/// Owner: whoever receives it from a call or a callback frees it with evertoken_error_free(). A `const evertoken_error *`
/// belongs to the handle that lent it. Threads: any; it never changes.
/// Methods: evertoken_error_status, _code, _message, _text, _hint, _http_status, _provider_code, _provider_message,
/// _identity, _fingerprint, _retry_after_ms, _retryable, _free.
pub struct evertoken_error {
    _opaque: [u8; 0],
}

impl Opaque for evertoken_error {
    type Value = View;
    type Ownership = Owned;
    const TAG: [u8; 4] = *b"ERRO";
    const NAME: &'static str = "evertoken_error";
}

/// An error, its texts ready for C.
pub(crate) struct View {
    status: evertoken_status,
    message: Text,
    text: Text,
    hint: Text,
    identity: Option<Text>,
    provider_code: Option<Text>,
    provider_message: Option<Text>,
    fingerprint: Option<Text>,
    http_status: c_int,
    retry_after_ms: i64,
    retryable: bool,
}

impl View {
    pub(crate) fn new(failure: &Failure) -> Self {
        match failure {
            Failure::Core(error) => Self::of_core(error, failure.status()),
            Failure::Binding(status, message) => Self::of_binding(*status, message),
        }
    }

    pub(crate) fn of(error: &Error) -> Self {
        Self::of_core(error, crate::status::of(error.kind()))
    }

    fn of_core(error: &Error, status: evertoken_status) -> Self {
        Self {
            status,
            message: Text::new(error.message()),
            text: Text::new(&error.to_string()),
            hint: Text::new(error.kind().hint()),
            identity: error.identity().map(Text::new),
            provider_code: error.provider_code().map(Text::new),
            provider_message: error.provider_message().map(Text::new),
            fingerprint: error.fingerprint().map(Text::new),
            http_status: error.http_status().map_or(0, c_int::from),
            retry_after_ms: wait_ms(error.retry_after()),
            retryable: error.retryable(),
        }
    }

    fn of_binding(status: evertoken_status, message: &str) -> Self {
        const HINT: &str = "correct the call; the header's preamble has the rules";
        Self {
            status,
            message: Text::new(message),
            text: Text::new(&format!("{message} (hint: {HINT})")),
            hint: Text::new(HINT),
            identity: None,
            provider_code: None,
            provider_message: None,
            fingerprint: None,
            http_status: 0,
            retry_after_ms: -1,
            retryable: false,
        }
    }

    pub(crate) fn code(&self) -> &'static CStr {
        self.status.code()
    }
}

/// Frees an error. NULL is a no-op, and so is a `const` one that another handle lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_error_free(error: *mut evertoken_error) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { release(error) }
}

/// The status that the call returned; EVERTOKEN_OK for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_error_status(error: *const evertoken_error) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(error, evertoken_status::EVERTOKEN_OK, |error, _| {
            error.status
        })
    }
}

/// The stable string of the status, such as `"credentials_rejected"`; `"ok"` for NULL. Static.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_error_code(error: *const evertoken_error) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(error, c"ok".as_ptr(), |error, _| error.code().as_ptr()) }
}

/// What happened: one line, without identity and hint; `""` for NULL. Lives as long as the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_error_message(error: *const evertoken_error) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(error, c"".as_ptr(), |error, _| error.message.as_ptr()) }
}

/// The complete error in one line, for a log: what happened, the provider's message, the identity, what to do; `""` for
/// NULL. Lives as long as the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_error_text(error: *const evertoken_error) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(error, c"".as_ptr(), |error, _| error.text.as_ptr()) }
}

/// What to do about it; `""` for NULL. Lives as long as the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_error_hint(error: *const evertoken_error) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(error, c"".as_ptr(), |error, _| error.hint.as_ptr()) }
}

/// The status of the HTTP response that caused it; 0 if there was none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_error_http_status(error: *const evertoken_error) -> c_int {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(error, 0, |error, _| error.http_status) }
}

/// The provider's own code, such as `invalid_grant` or `900901`; NULL if it gave none. `len` may be NULL. Lives as long
/// as the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_error_provider_code(
    error: *const evertoken_error,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look_text(error, len, |error| {
            error.provider_code.as_ref().map(Text::ended)
        })
    }
}

/// The provider's own message, at most 300 characters, secrets removed; NULL if it gave none. `len` may be NULL. Lives as
/// long as the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_error_provider_message(
    error: *const evertoken_error,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look_text(error, len, |error| {
            error.provider_message.as_ref().map(Text::ended)
        })
    }
}

/// The identity it concerns, without secrets; NULL if there is none. `len` may be NULL. Lives as long as the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_error_identity(
    error: *const evertoken_error,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look_text(error, len, |error| error.identity.as_ref().map(Text::ended)) }
}

/// The fingerprint of the token it concerns (8 hex digits); NULL if there is none. `len` may be NULL. Lives as long as
/// the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_error_fingerprint(
    error: *const evertoken_error,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look_text(error, len, |error| {
            error.fingerprint.as_ref().map(Text::ended)
        })
    }
}

/// How long to wait before the next attempt, in milliseconds; -1 if that is unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_error_retry_after_ms(error: *const evertoken_error) -> i64 {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(error, -1, |error, _| error.retry_after_ms) }
}

/// Whether the same call may succeed later without a change to the configuration. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_error_retryable(error: *const evertoken_error) -> bool {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(error, false, |error, _| error.retryable) }
}
