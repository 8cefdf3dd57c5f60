//! Clients.

use std::ffi::c_char;

use crate::boundary::{enter, look, look_text, release, wait};
use crate::config::evertoken_config;
use crate::error::evertoken_error;
use crate::ffi::{Opaque, Owned, hand_over, write_prefix};
use crate::hot::Hot;
use crate::status::evertoken_status;
use crate::text::Text;

/// A client for one identity and one API. Clients with the same identity in one process share one token and its renewal.
///
/// Owner: the caller, who frees it with evertoken_client_free() once no other thread is inside a call with it. Calls that were
/// started with a _start function may still be in progress: they complete as usual, and their callbacks run.
/// Threads: any number at the same time. After fork() it works in the child as well.
/// Methods: evertoken_client_new; _token, _token_for, _token_start; _authorize, _authorize_start, _authorization_copy,
/// _judge, _judge_start; _request, _request_start, _send, _send_start; _subscribe, _state, _stats, _identity;
/// _reset, _invalidate, _close, _revoke_and_close, _free.
pub struct evertoken_client {
    _opaque: [u8; 0],
}

impl Opaque for evertoken_client {
    type Value = Client;
    type Ownership = Owned;
    const TAG: [u8; 4] = *b"CLNT";
    const NAME: &'static str = "evertoken_client";
}

/// The core's client, and what C wants to borrow from it.
pub(crate) struct Client {
    pub(crate) core: evertoken::Client,
    pub(crate) hot: Hot,
    identity: Text,
}

/// Makes a client. Checks the whole configuration; the error names the option at fault. Starts no thread and sends nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_new(
    config: *const evertoken_config,
    client: *mut *mut evertoken_client,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let out = contract.out(client, "client")?;
            let core = contract.get(config, "config")?.client()?;
            let identity = Text::new(core.identity());
            let hot = Hot::new();
            out.write(hand_over(Client {
                core,
                hot,
                identity,
            }));
            Ok(())
        })
    }
}

/// Frees a client. NULL is a no-op. Does not wait: started calls continue without it, so this may be called from a callback
/// as well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_free(client: *mut evertoken_client) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { release(client) }
}

/// Closes the client: later calls give EVERTOKEN_CLOSED, calls in progress complete as usual, other clients of the identity
/// are not affected. Idempotent; does not wait. The handle must still be freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_close(client: *const evertoken_client) {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(client, (), |client, _| {
            client.core.close();
            client.hot.wipe();
        });
    }
}

/// Closes the client and revokes the token at the server (RFC 7009), if the provider has a revocation endpoint. The client is
/// closed even if the status says that the revocation failed. Threads: any. Not from a callback: EVERTOKEN_MISUSE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_revoke_and_close(
    client: *const evertoken_client,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let client = contract.get(client, "client")?;
            let outcome = wait(async { Ok(client.core.revoke_and_close().await?) });
            client.hot.wipe();
            outcome
        })
    }
}

/// Ends pauses after failures and rejected credentials. To be called once the cause of the failures is fixed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_reset(client: *const evertoken_client) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(client, (), |client, _| client.core.reset()) }
}

/// Makes the next call renew the token, as if an API had refused it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_invalidate(client: *const evertoken_client) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(client, (), |client, _| client.core.invalidate()) }
}

/// Who logs in where, without secrets: fit for a log. NULL for NULL. `len` may be NULL. Lives as long as the client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_identity(
    client: *const evertoken_client,
    len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look_text(client, len, |client| Some(client.identity.ended())) }
}

/// Counters of an identity since its first use in this process. New ones will be added at the end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct evertoken_stats {
    /// Tokens returned by calls that did not use the cached header.
    pub tokens_served: u64,
    /// Flights that were started: renewals with their attempts.
    pub flights: u64,
    /// Flights that ended without a token.
    pub failures: u64,
    /// Logins that returned a token.
    pub logins: u64,
    /// Refreshes that returned a token.
    pub refreshes: u64,
    /// 401 responses that were judged.
    pub refused: u64,
    /// Requests sent again after a 401.
    pub resends: u64,
    /// 401s returned to the caller.
    pub given_back: u64,
    /// Callers waiting for a flight now.
    pub waiting: u64,
}

/// Reads the counters of the client's identity into `stats`. `stats_size` is `sizeof *stats`: newer counters that the
/// caller's header does not have are left out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_stats(
    client: *const evertoken_client,
    stats: *mut evertoken_stats,
    stats_size: usize,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let core = contract.get(client, "client")?.core.stats();
            let view = evertoken_stats {
                tokens_served: core.tokens_served,
                flights: core.flights,
                failures: core.failures,
                logins: core.logins,
                refreshes: core.refreshes,
                refused: core.refused,
                resends: core.resends,
                given_back: core.given_back,
                waiting: core.waiting,
            };
            write_prefix(contract, stats, stats_size, &view, "stats")
        })
    }
}
