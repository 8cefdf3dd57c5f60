//! Status numbers: the core's error table and the few that only C needs.

use std::ffi::{CStr, c_char, c_int};

use evertoken::ErrorKind;
use evertoken_status::{
    EVERTOKEN_BAD_RESPONSE, EVERTOKEN_BAD_UTF8, EVERTOKEN_BUFFER_TOO_SMALL,
    EVERTOKEN_CALLBACK_FAILED, EVERTOKEN_CANCELLED, EVERTOKEN_CLOSED, EVERTOKEN_CONFIG_INVALID,
    EVERTOKEN_CREDENTIALS_REJECTED, EVERTOKEN_INTERNAL, EVERTOKEN_LOCKED_OUT, EVERTOKEN_MISUSE,
    EVERTOKEN_NULL_ARGUMENT, EVERTOKEN_OK, EVERTOKEN_ORIGIN_REFUSED, EVERTOKEN_PANIC,
    EVERTOKEN_RATE_LIMITED, EVERTOKEN_SAME_TOKEN, EVERTOKEN_SERVER_UNAVAILABLE, EVERTOKEN_STORE,
    EVERTOKEN_TIMED_OUT, EVERTOKEN_TLS, EVERTOKEN_UNREACHABLE,
};

/// The outcome of a call. Numbers are stable and never reused; new ones may be added, so keep a `default:`.
///
/// 70xx is the error table that all languages share; 71xx is about the C call itself.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum evertoken_status {
    /// Success.
    EVERTOKEN_OK = 0,
    /// An option, a credential or a URL is missing, malformed or contradicts another: correct what the message names.
    EVERTOKEN_CONFIG_INVALID = 7001,
    /// The server refused the credentials, the grant or the scope. Logins stay paused until they change or evertoken_client_reset().
    EVERTOKEN_CREDENTIALS_REJECTED = 7002,
    /// The server says that the account is locked: have it unlocked, then evertoken_client_reset().
    EVERTOKEN_LOCKED_OUT = 7003,
    /// The server asked for fewer requests: wait evertoken_error_retry_after_ms().
    EVERTOKEN_RATE_LIMITED = 7004,
    /// The server failed: call again later.
    EVERTOKEN_SERVER_UNAVAILABLE = 7005,
    /// No connection could be made, or it was lost.
    EVERTOKEN_UNREACHABLE = 7006,
    /// The TLS handshake failed: name the server's CA with evertoken_config_set_ca_file().
    EVERTOKEN_TLS = 7007,
    /// No response came in time.
    EVERTOKEN_TIMED_OUT = 7008,
    /// The server's response is not what was asked for, such as a web page instead of a token.
    EVERTOKEN_BAD_RESPONSE = 7009,
    /// The server keeps issuing a token that was refused or is about to expire.
    EVERTOKEN_SAME_TOKEN = 7010,
    /// The token must not be sent to this URL; evertoken_config_allow_origin() allows it.
    EVERTOKEN_ORIGIN_REFUSED = 7011,
    /// evertoken_call_cancel() was called.
    EVERTOKEN_CANCELLED = 7012,
    /// The client was closed.
    EVERTOKEN_CLOSED = 7013,
    /// Reserved for token stores; nothing fails with it yet.
    EVERTOKEN_STORE = 7014,
    /// A defect in this library.
    EVERTOKEN_INTERNAL = 7015,
    /// A required pointer is NULL. Nothing was done.
    EVERTOKEN_NULL_ARGUMENT = 7101,
    /// A text is not UTF-8. Nothing was done.
    EVERTOKEN_BAD_UTF8 = 7102,
    /// A defect in this library was caught. The handles are still valid.
    EVERTOKEN_PANIC = 7103,
    /// The call is not allowed: it would wait inside a callback, or a handle was freed or has another type.
    EVERTOKEN_MISUSE = 7104,
    /// The buffer is too small; the length is the required capacity.
    EVERTOKEN_BUFFER_TOO_SMALL = 7105,
    /// Your read or write function reported a failure.
    EVERTOKEN_CALLBACK_FAILED = 7106,
}

/// Each status and its stable string; a test holds it against the core's table.
const NAMES: &[(evertoken_status, &CStr)] = &[
    (EVERTOKEN_OK, c"ok"),
    (EVERTOKEN_CONFIG_INVALID, c"config_invalid"),
    (EVERTOKEN_CREDENTIALS_REJECTED, c"credentials_rejected"),
    (EVERTOKEN_LOCKED_OUT, c"locked_out"),
    (EVERTOKEN_RATE_LIMITED, c"rate_limited"),
    (EVERTOKEN_SERVER_UNAVAILABLE, c"server_unavailable"),
    (EVERTOKEN_UNREACHABLE, c"unreachable"),
    (EVERTOKEN_TLS, c"tls"),
    (EVERTOKEN_TIMED_OUT, c"timed_out"),
    (EVERTOKEN_BAD_RESPONSE, c"bad_response"),
    (EVERTOKEN_SAME_TOKEN, c"same_token"),
    (EVERTOKEN_ORIGIN_REFUSED, c"origin_refused"),
    (EVERTOKEN_CANCELLED, c"cancelled"),
    (EVERTOKEN_CLOSED, c"closed"),
    (EVERTOKEN_STORE, c"store"),
    (EVERTOKEN_INTERNAL, c"internal"),
    (EVERTOKEN_NULL_ARGUMENT, c"null_argument"),
    (EVERTOKEN_BAD_UTF8, c"bad_utf8"),
    (EVERTOKEN_PANIC, c"panic"),
    (EVERTOKEN_MISUSE, c"misuse"),
    (EVERTOKEN_BUFFER_TOO_SMALL, c"buffer_too_small"),
    (EVERTOKEN_CALLBACK_FAILED, c"callback_failed"),
];

impl evertoken_status {
    const fn number(self) -> i32 {
        self as i32
    }

    /// The stable string.
    pub(crate) fn code(self) -> &'static CStr {
        code_of(self.number()).unwrap_or(c"internal")
    }
}

fn code_of(number: i32) -> Option<&'static CStr> {
    NAMES
        .iter()
        .find(|(status, _)| status.number() == number)
        .map(|(_, name)| *name)
}

/// The status of a kind.
pub(crate) fn of(kind: ErrorKind) -> evertoken_status {
    NAMES
        .iter()
        .find(|(status, _)| status.number() == kind.number())
        .map_or(EVERTOKEN_INTERNAL, |(status, _)| *status)
}

/// The stable string of a status, such as `"rate_limited"`; `"ok"` for 0, `"unknown_status"` for any other number.
///
/// Static, never NULL, the same in all languages. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn evertoken_status_str(status: c_int) -> *const c_char {
    code_of(status).unwrap_or(c"unknown_status").as_ptr()
}

/// Whether a status usually means that the same call may succeed later without a change to the configuration. For a
/// particular error, evertoken_error_retryable() is more exact.
///
/// Any number may be passed. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn evertoken_status_is_retryable(status: c_int) -> bool {
    ErrorKind::ALL
        .iter()
        .any(|kind| kind.number() == status && kind.retryable())
}

/// The library's version, such as `"0.1.0"`; compare with EVERTOKEN_VERSION of the header. Static. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn evertoken_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use evertoken::ErrorKind;

    use super::{EVERTOKEN_INTERNAL, NAMES, of};

    #[test]
    fn every_kind_of_the_core_has_its_status_with_its_number_and_string() {
        for &kind in ErrorKind::ALL {
            let status = of(kind);
            assert_eq!(status.number(), kind.number());
            assert_eq!(status.code().to_str().unwrap(), kind.code());
            assert_eq!(status == EVERTOKEN_INTERNAL, kind == ErrorKind::Internal);
        }
    }

    #[test]
    fn only_ok_and_the_codes_of_the_face_are_not_the_cores() {
        let others: Vec<i32> = NAMES
            .iter()
            .map(|(status, _)| status.number())
            .filter(|number| ErrorKind::ALL.iter().all(|kind| kind.number() != *number))
            .collect();
        assert_eq!(others, [0, 7101, 7102, 7103, 7104, 7105, 7106]);
        let unique: HashSet<_> = NAMES.iter().map(|(_, name)| name).collect();
        assert_eq!(unique.len(), NAMES.len());
    }
}
