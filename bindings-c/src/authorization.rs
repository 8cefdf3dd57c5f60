//! The header that carries the token, for callers with an HTTP client of their own.

use std::ffi::c_char;

use evertoken::Authorization;

use crate::boundary::{Failure, Outcome, enter, look, look_text, release, wait, wait_whole};
use crate::client::{Client, evertoken_client};
use crate::error::evertoken_error;
use crate::ffi::{Opaque, Owned, hand_over};
use crate::hot::Copied;
use crate::status::evertoken_status;
use crate::text::{SecretText, Text};

/// Permission to send one request with the token: the header's value, and which token it carries. Pass it to
/// evertoken_client_judge() with the response.
///
/// Owner: whoever receives it from a call or a callback frees it with evertoken_authorization_free(), which wipes it; a
/// `const` one belongs to the handle that lent it. Threads: any; it never changes.
/// Methods: evertoken_client_authorize, _authorize_start; evertoken_authorization_value, _fingerprint, _generation,
/// _is_resend, _free.
pub struct evertoken_authorization {
    _opaque: [u8; 0],
}

impl Opaque for evertoken_authorization {
    type Value = View;
    type Ownership = Owned;
    const TAG: [u8; 4] = *b"AUTH";
    const NAME: &'static str = "evertoken_authorization";
}

/// An authorization, its texts ready for C.
pub(crate) struct View {
    pub(crate) core: Authorization,
    value: SecretText,
    fingerprint: Text,
}

impl View {
    pub(crate) fn new(core: Authorization) -> Self {
        Self {
            value: SecretText::new(core.value()),
            fingerprint: Text::new(&core.fingerprint()),
            core,
        }
    }
}

/// Gets the authorization for a request to `url`, absolute or below the base URL; NULL stands for the base URL. If there is
/// no valid token, waits for a login, no longer than the client's timeout. A URL of a foreign origin is
/// EVERTOKEN_ORIGIN_REFUSED.
///
/// Threads: any. Not from a callback: EVERTOKEN_MISUSE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_authorize(
    client: *const evertoken_client,
    url: *const c_char,
    authorization: *mut *mut evertoken_authorization,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let out = contract.out(authorization, "authorization")?;
            let client = contract.get(client, "client")?.core.clone();
            let url = contract.text_or_none(url, "url")?.map(str::to_owned);
            out.write(hand_over(wait_whole(|| authorize(client, url))?));
            Ok(())
        })
    }
}

pub(crate) async fn authorize(client: evertoken::Client, url: Option<String>) -> Outcome<View> {
    let authorization = match url {
        Some(url) => client.authorize(&url).await?,
        None => client.authorization().await?,
    };
    Ok(View::new(authorization))
}

/// The fast path: copies the header's value for the base URL, such as `Bearer abc`, with its NUL into `buffer` and its
/// length without the NUL into `*len`. Takes no lock, no allocation and no waiting while the token is fresh; otherwise as
/// evertoken_client_authorize().
///
/// With EVERTOKEN_BUFFER_TOO_SMALL `*len` is the required capacity, the one case in which an output is written without
/// EVERTOKEN_OK. 8 KiB are enough for any token that servers accept.
///
/// Threads: any. From a callback it uses the cache only, and gives EVERTOKEN_MISUSE if it would have to wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_authorization_copy(
    client: *const evertoken_client,
    buffer: *mut c_char,
    capacity: usize,
    len: *mut usize,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let len = contract.out(len, "len")?;
            let buffer = contract.buffer(buffer.cast(), capacity, "buffer")?;
            let client = contract.get(client, "client")?;
            let length = match client.hot.copy(&client.core, &buffer) {
                Some(Copied::Whole(length)) => {
                    len.write(length);
                    return Ok(());
                }
                Some(Copied::TooLong(length)) => length,
                None => {
                    let value = fresh_value(client)?;
                    let value = value.value();
                    if buffer.write_text(value) {
                        len.write(value.len());
                        return Ok(());
                    }
                    value.len()
                }
            };
            len.write(length + 1);
            Err(Failure::binding(
                evertoken_status::EVERTOKEN_BUFFER_TOO_SMALL,
                format!(
                    "buffer takes {capacity} bytes, the header's value needs {}",
                    length + 1
                ),
            ))
        })
    }
}

/// The header for the base URL, after a wait if necessary; published for later calls.
fn fresh_value(client: &Client) -> Outcome<Authorization> {
    if let Some((authorization, freshness)) = client.core.freshness() {
        client.hot.publish(authorization.value(), freshness);
        return Ok(authorization);
    }
    let authorization = wait(async { Ok(client.core.authorization().await?) })?;
    if let Some((current, freshness)) = client.core.freshness() {
        client.hot.publish(current.value(), freshness);
    }
    Ok(authorization)
}

/// Frees an authorization and wipes it. NULL is a no-op, and so is a `const` one that another handle lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_authorization_free(authorization: *mut evertoken_authorization) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { release(authorization) }
}

/// The value of the `Authorization` header, such as `Bearer abc`; do not log it. NULL for NULL. `len` may be NULL. Lives
/// as long as the authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_authorization_value(
    authorization: *const evertoken_authorization,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look_text(authorization, len, |authorization| {
            Some(authorization.value.ended())
        })
    }
}

/// The token's fingerprint (8 hex digits): for logs. NULL for NULL. `len` may be NULL. Lives as long as the authorization.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_authorization_fingerprint(
    authorization: *const evertoken_authorization,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look_text(authorization, len, |authorization| {
            Some(authorization.fingerprint.ended())
        })
    }
}

/// The token's number, unique in this process; a later token has a higher one. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_authorization_generation(
    authorization: *const evertoken_authorization,
) -> u64 {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(authorization, 0, |authorization, _| {
            authorization.core.generation()
        })
    }
}

/// Whether this is for the one resend after a 401. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_authorization_is_resend(
    authorization: *const evertoken_authorization,
) -> bool {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(authorization, false, |authorization, _| {
            authorization.core.is_resend()
        })
    }
}
