//! Tokens.

use std::ffi::c_char;
use std::time::SystemTime;

use evertoken::Token;

use crate::boundary::{Outcome, enter, look, look_text, ms, release, timeout, wait_whole};
use crate::client::evertoken_client;
use crate::error::evertoken_error;
use crate::ffi::{Opaque, Owned, hand_over};
use crate::status::evertoken_status;
use crate::text::{SecretText, Text};

/// A token that was valid when it was returned, and what is known about it. It does not change when the client renews its
/// token.
///
/// Owner: whoever receives it frees it with evertoken_token_free(), which wipes it. Threads: any; it never changes.
/// Methods: evertoken_token_value, _expires_at_unix_secs, _expires_in_ms, _scope, _fingerprint, _generation, _free.
pub struct evertoken_token {
    _opaque: [u8; 0],
}

impl Opaque for evertoken_token {
    type Value = View;
    type Ownership = Owned;
    const TAG: [u8; 4] = *b"TOKN";
    const NAME: &'static str = "evertoken_token";
}

/// A token, its texts ready for C.
pub(crate) struct View {
    value: SecretText,
    scope: Option<Text>,
    fingerprint: Text,
    generation: u64,
    expires_at_unix_secs: i64,
    expires_in_ms: i64,
}

impl View {
    pub(crate) fn new(token: &Token) -> Self {
        let unix_secs = |at: SystemTime| {
            at.duration_since(SystemTime::UNIX_EPOCH)
                .ok()
                .and_then(|since| i64::try_from(since.as_secs()).ok())
        };
        Self {
            value: SecretText::new(token.value()),
            scope: token.scope().map(Text::new),
            fingerprint: Text::new(&token.fingerprint()),
            generation: token.generation(),
            expires_at_unix_secs: token.expires_at().and_then(unix_secs).unwrap_or(-1),
            expires_in_ms: ms(token.expires_in()),
        }
    }
}

/// Gets a token that is valid now: from the cache if possible, otherwise after a login or refresh that all waiting callers
/// share. Waits no longer than `timeout_ms` (0: the client's timeout; EVERTOKEN_NO_TIMEOUT: no limit); the login then
/// continues for the next caller.
///
/// Threads: any. Not from a callback: EVERTOKEN_MISUSE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_token(
    client: *const evertoken_client,
    timeout_ms: i64,
    token: *mut *mut evertoken_token,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe { evertoken_client_token_for(client, 0, timeout_ms, token, error) }
}

/// As evertoken_client_token(), for a token that stays valid for at least `min_ttl_ms`. If tokens have no longer lifetime
/// than that, half their lifetime is required instead.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_token_for(
    client: *const evertoken_client,
    min_ttl_ms: i64,
    timeout_ms: i64,
    token: *mut *mut evertoken_token,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let out = contract.out(token, "token")?;
            let client = contract.get(client, "client")?.core.clone();
            let token = wait_whole(|| fetch(client, min_ttl_ms, timeout_ms))?;
            out.write(hand_over(token));
            Ok(())
        })
    }
}

pub(crate) async fn fetch(
    client: evertoken::Client,
    min_ttl_ms: i64,
    timeout_ms: i64,
) -> Outcome<View> {
    let min_ttl = if min_ttl_ms > 0 {
        timeout(min_ttl_ms)
    } else {
        None
    };
    Ok(View::new(
        &client
            .token_for(min_ttl.unwrap_or_default(), timeout(timeout_ms))
            .await?,
    ))
}

/// Frees a token and wipes it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_token_free(token: *mut evertoken_token) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { release(token) }
}

/// The token itself; do not log it. NULL for NULL. `len` may be NULL. Lives as long as the token.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_token_value(
    token: *const evertoken_token,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look_text(token, len, |token| Some(token.value.ended())) }
}

/// When it expires on this machine's wall clock, in Unix seconds; -1 if it lives until refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_token_expires_at_unix_secs(
    token: *const evertoken_token,
) -> i64 {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(token, -1, |token, _| token.expires_at_unix_secs) }
}

/// Its remaining lifetime in milliseconds when it was returned; -1 if it lives until refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_token_expires_in_ms(token: *const evertoken_token) -> i64 {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(token, -1, |token, _| token.expires_in_ms) }
}

/// The granted scope, separated by spaces; NULL if the server named none. `len` may be NULL. Lives as long as the token.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_token_scope(
    token: *const evertoken_token,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look_text(token, len, |token| token.scope.as_ref().map(Text::ended)) }
}

/// The first 8 hex digits of the token's SHA-256: for logs. NULL for NULL. `len` may be NULL. Lives as long as the token.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_token_fingerprint(
    token: *const evertoken_token,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look_text(token, len, |token| Some(token.fingerprint.ended())) }
}

/// The token's number, unique in this process; a later token has a higher one. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_token_generation(token: *const evertoken_token) -> u64 {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(token, 0, |token, _| token.generation) }
}
