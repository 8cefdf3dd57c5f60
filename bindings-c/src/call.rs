//! Calls that are started and answered by a callback.

use std::ffi::{c_char, c_int, c_void};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

use evertoken::{Error, ErrorKind, runtime};
use tokio::sync::Notify;

use crate::authorization::{authorize, evertoken_authorization};
use crate::boundary::{Failure, Outcome, enter, look, release};
use crate::callback::{Userdata, call_back};
use crate::client::evertoken_client;
use crate::error::evertoken_error;
use crate::ffi::{Contract, Opaque, Out, Owned, hand_over};
use crate::request::{Request, evertoken_request};
use crate::response::evertoken_response;
use crate::send::send_in_background;
use crate::status::evertoken_status;
use crate::token::{evertoken_token, fetch};
use crate::verdict::{Case, Given, evertoken_header, evertoken_verdict};

/// A started call.
///
/// Its callback runs exactly once if and only if the _start function returned EVERTOKEN_OK: on a library thread, never
/// under a lock, possibly before the _start function returns. The callback owns what it receives: either the result or the
/// error; the other is NULL. The userdata must stay valid until then, also after evertoken_client_free(). There are two
/// library threads, so a callback should be brief; it must not throw, and calls that wait give EVERTOKEN_MISUSE in it.
///
/// Owner: the caller, who frees it with evertoken_call_free() at any time, also in the callback; that cancels nothing. A
/// caller that will not cancel passes NULL for `call` and has nothing to free.
/// Threads: any. A call that was started before fork() continues in the parent only.
/// Methods: evertoken_client_token_start, _token_for_start, _authorize_start, _judge_start, _request_start, _send_start;
/// evertoken_call_cancel, _free.
pub struct evertoken_call {
    _opaque: [u8; 0],
}

impl Opaque for evertoken_call {
    type Value = Cancel;
    type Ownership = Owned;
    const TAG: [u8; 4] = *b"CALL";
    const NAME: &'static str = "evertoken_call";
}

/// Receives a token or an error, and must free it.
pub type evertoken_token_callback = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        token: *mut evertoken_token,
        error: *mut evertoken_error,
    ),
>;

/// Receives an authorization or an error, and must free it.
pub type evertoken_authorization_callback = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        authorization: *mut evertoken_authorization,
        error: *mut evertoken_error,
    ),
>;

/// Receives a verdict or an error, and must free it.
pub type evertoken_verdict_callback = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        verdict: *mut evertoken_verdict,
        error: *mut evertoken_error,
    ),
>;

/// Receives a response or an error, and must free it.
pub type evertoken_response_callback = Option<
    unsafe extern "C" fn(
        userdata: *mut c_void,
        response: *mut evertoken_response,
        error: *mut evertoken_error,
    ),
>;

/// The cancellation signal that a call's handle and its work share.
#[derive(Clone)]
pub(crate) struct Cancel(Arc<Notify>);

impl Cancel {
    /// The result of `work`, or `cancelled`.
    pub(crate) async fn or<T>(
        &self,
        work: Pin<&mut impl Future<Output = Outcome<T>>>,
    ) -> Outcome<T> {
        tokio::select! {
            biased;
            () = self.0.notified() => Err(Error::new(ErrorKind::Cancelled, "the call was cancelled").into()),
            outcome = work => outcome,
        }
    }
}

/// A callback that must run exactly once.
struct PendingCallback<X: Opaque<Ownership = Owned>> {
    call: unsafe extern "C" fn(*mut c_void, *mut X, *mut evertoken_error),
    userdata: Userdata,
    has_run: bool,
}

impl<X: Opaque<Ownership = Owned>> PendingCallback<X> {
    fn new(
        callback: Option<unsafe extern "C" fn(*mut c_void, *mut X, *mut evertoken_error)>,
        userdata: *mut c_void,
    ) -> Outcome<Self> {
        let call = callback.ok_or_else(|| {
            Failure::binding(
                evertoken_status::EVERTOKEN_NULL_ARGUMENT,
                "callback is NULL",
            )
        })?;
        Ok(Self {
            call,
            userdata: Userdata::new(userdata),
            has_run: false,
        })
    }

    fn run(&mut self, outcome: Outcome<X::Value>) {
        if std::mem::replace(&mut self.has_run, true) {
            return;
        }
        let (result, error) = match outcome {
            Ok(value) => (hand_over::<X>(value), std::ptr::null_mut()),
            Err(failure) => (std::ptr::null_mut(), failure.into_handle()),
        };
        // SAFETY: by the contract the function and its userdata are good until this one call, and it does not throw.
        call_back(|| unsafe { (self.call)(self.userdata.get(), result, error) });
    }
}

/// Runs the callback with an error if the work has panicked.
impl<X: Opaque<Ownership = Owned>> Drop for PendingCallback<X> {
    fn drop(&mut self) {
        self.run(Err(Failure::panic()));
    }
}

/// Starts `work` on the library's threads. `call` is written before anything runs.
fn launch<X, F>(
    call: Option<Out<'_, *mut evertoken_call>>,
    mut callback: PendingCallback<X>,
    work: impl FnOnce(Cancel) -> F,
) where
    X: Opaque<Ownership = Owned> + 'static,
    F: Future<Output = Outcome<X::Value>> + Send + 'static,
{
    let cancel = Cancel(Arc::new(Notify::new()));
    // Boxed, because it has several kilobytes that the runtime would move with the task.
    let work = Box::pin(work(cancel.clone()));
    let threads = runtime::handle();
    if let Some(call) = call {
        call.write(hand_over(cancel));
    }
    threads.spawn(async move {
        let outcome = work.await;
        callback.run(outcome);
    });
}

/// Starts evertoken_client_token(). `callback` receives the token; see evertoken_call.
///
/// Threads: any, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_token_start(
    client: *const evertoken_client,
    timeout_ms: i64,
    callback: evertoken_token_callback,
    userdata: *mut c_void,
    call: *mut *mut evertoken_call,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        evertoken_client_token_for_start(client, 0, timeout_ms, callback, userdata, call, error)
    }
}

/// Starts evertoken_client_token_for(). `callback` receives the token; see evertoken_call.
///
/// Threads: any, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_token_for_start(
    client: *const evertoken_client,
    min_ttl_ms: i64,
    timeout_ms: i64,
    callback: evertoken_token_callback,
    userdata: *mut c_void,
    call: *mut *mut evertoken_call,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let client = contract.get(client, "client")?.core.clone();
            let pending = PendingCallback::new(callback, userdata)?;
            launch(contract.out_or_none(call), pending, |cancel| async move {
                cancel.or(pin!(fetch(client, min_ttl_ms, timeout_ms))).await
            });
            Ok(())
        })
    }
}

/// Starts evertoken_client_authorize(). `callback` receives the authorization; see evertoken_call.
///
/// Threads: any, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_authorize_start(
    client: *const evertoken_client,
    url: *const c_char,
    callback: evertoken_authorization_callback,
    userdata: *mut c_void,
    call: *mut *mut evertoken_call,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let client = contract.get(client, "client")?.core.clone();
            let url = contract.text_or_none(url, "url")?.map(str::to_owned);
            let pending = PendingCallback::new(callback, userdata)?;
            launch(contract.out_or_none(call), pending, |cancel| async move {
                cancel.or(pin!(authorize(client, url))).await
            });
            Ok(())
        })
    }
}

/// Starts evertoken_client_judge(), which copies what it is given. `callback` receives the verdict; see evertoken_call.
///
/// Threads: any, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_judge_start(
    client: *const evertoken_client,
    authorization: *const evertoken_authorization,
    status: c_int,
    headers: *const evertoken_header,
    header_count: usize,
    body_prefix: *const c_void,
    body_prefix_len: usize,
    replayable: c_int,
    timeout_ms: i64,
    callback: evertoken_verdict_callback,
    userdata: *mut c_void,
    call: *mut *mut evertoken_call,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let given = Given {
                client,
                authorization,
                status,
                headers,
                header_count,
                body_prefix,
                body_prefix_len,
                replayable,
                timeout_ms,
            };
            let case = Case::read(contract, &given)?;
            let pending = PendingCallback::new(callback, userdata)?;
            launch(contract.out_or_none(call), pending, |cancel| async move {
                cancel.or(pin!(case.judge())).await
            });
            Ok(())
        })
    }
}

/// Starts evertoken_client_request(), which copies the body. `callback` receives the response; see evertoken_call.
///
/// Threads: any, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_request_start(
    client: *const evertoken_client,
    method: *const c_char,
    url: *const c_char,
    body: *const c_void,
    body_len: usize,
    timeout_ms: i64,
    callback: evertoken_response_callback,
    userdata: *mut c_void,
    call: *mut *mut evertoken_call,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let request =
                Request::new(contract.text(method, "method")?, contract.text(url, "url")?)?;
            let request = request.with(
                contract.slice(body.cast::<u8>(), body_len, "body")?,
                timeout_ms,
            );
            start_request(contract, client, request, callback, userdata, call)
        })
    }
}

/// Starts evertoken_client_send(), which copies the request. `callback` receives the response; see evertoken_call.
///
/// Threads: any, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_send_start(
    client: *const evertoken_client,
    request: *const evertoken_request,
    callback: evertoken_response_callback,
    userdata: *mut c_void,
    call: *mut *mut evertoken_call,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let request = contract.get(request, "request")?.clone();
            start_request(contract, client, request, callback, userdata, call)
        })
    }
}

fn start_request(
    contract: &Contract,
    client: *const evertoken_client,
    request: Request,
    callback: evertoken_response_callback,
    userdata: *mut c_void,
    call: *mut *mut evertoken_call,
) -> Outcome<()> {
    let client = contract.get(client, "client")?.core.clone();
    let pending = PendingCallback::new(callback, userdata)?;
    launch(contract.out_or_none(call), pending, |cancel| {
        send_in_background(request, client, cancel)
    });
    Ok(())
}

/// Cancels a started call: its callback runs soon with EVERTOKEN_CANCELLED, unless it has run already or is running. A login
/// continues, because other callers may wait for it. Cancelling again, or NULL, is a no-op. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_call_cancel(call: *const evertoken_call) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { look(call, (), |call, _| call.0.notify_one()) }
}

/// Frees the handle of a started call; the call continues. NULL is a no-op. Threads: any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_call_free(call: *mut evertoken_call) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { release(call) }
}
