//! Verdicts on responses, for callers with an HTTP client of their own.

use std::ffi::{c_char, c_int, c_void};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use evertoken::{Authorization, HeaderMap, HeaderValue, ResponseFacts, Verdict};
use http::HeaderName;

use crate::authorization::{View as AuthorizationView, evertoken_authorization};
use crate::boundary::{Failure, Outcome, enter, look, release, timeout, wait};
use crate::client::evertoken_client;
use crate::error::{View as ErrorView, evertoken_error};
use crate::ffi::{Contract, Lent, Opaque, Owned, hand_over};
use crate::status::evertoken_status;
use crate::text::Text;

/// What to do about a response.
///
/// Owner: whoever receives it frees it with evertoken_verdict_free(). Threads: any; it never changes.
/// Methods: evertoken_client_judge, _judge_start; evertoken_verdict_action, _authorization, _reason, _error, _free.
pub struct evertoken_verdict {
    _opaque: [u8; 0],
}

impl Opaque for evertoken_verdict {
    type Value = View;
    type Ownership = Owned;
    const TAG: [u8; 4] = *b"VERD";
    const NAME: &'static str = "evertoken_verdict";
}

/// What to do about a response.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum evertoken_action {
    /// Nothing: this is the response.
    EVERTOKEN_ACTION_DONE = 0,
    /// Send the same request again with the verdict's authorization, then judge that response as well.
    EVERTOKEN_ACTION_RESEND = 1,
    /// Nothing: this is the response, a 401 that could not be recovered from. evertoken_verdict_reason() says why.
    EVERTOKEN_ACTION_GIVE_BACK = 2,
}

/// A header of a request or a response.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct evertoken_header {
    /// The name, in any case.
    pub name: *const c_char,
    /// The value.
    pub value: *const c_char,
}

/// A verdict, its texts ready for C.
pub(crate) struct View {
    action: evertoken_action,
    authorization: Option<Lent<evertoken_authorization>>,
    reason: Option<Text>,
    error: Option<Lent<evertoken_error>>,
}

impl View {
    fn new(verdict: Verdict) -> Self {
        let mut view = Self {
            action: evertoken_action::EVERTOKEN_ACTION_DONE,
            authorization: None,
            reason: None,
            error: None,
        };
        match verdict {
            Verdict::Done => {}
            Verdict::Resend(again) => {
                view.action = evertoken_action::EVERTOKEN_ACTION_RESEND;
                view.authorization = Some(Lent::new(AuthorizationView::new(again)));
            }
            Verdict::GiveBack(why) => {
                view.action = evertoken_action::EVERTOKEN_ACTION_GIVE_BACK;
                view.reason = Some(Text::new(why.reason.code()));
                view.error = why
                    .error
                    .as_ref()
                    .map(|error| Lent::new(ErrorView::of(error)));
            }
        }
        view
    }
}

/// A response to be judged, copied from the caller.
pub(crate) struct Case {
    client: evertoken::Client,
    sent: Authorization,
    status: u16,
    headers: HeaderMap,
    prefix: Vec<u8>,
    replayable: bool,
    timeout_ms: i64,
}

/// What the caller of a judging function gave.
pub(crate) struct Given {
    pub(crate) client: *const evertoken_client,
    pub(crate) authorization: *const evertoken_authorization,
    pub(crate) status: c_int,
    pub(crate) headers: *const evertoken_header,
    pub(crate) header_count: usize,
    pub(crate) body_prefix: *const c_void,
    pub(crate) body_prefix_len: usize,
    pub(crate) replayable: c_int,
    pub(crate) timeout_ms: i64,
}

impl Case {
    pub(crate) fn read(contract: &Contract, given: &Given) -> Outcome<Self> {
        let mut headers = HeaderMap::new();
        for header in contract.slice(given.headers, given.header_count, "headers")? {
            let name = contract.octets_or_none(header.name);
            let value = contract.octets_or_none(header.value);
            let (Some(name), Some(value)) = (name, value) else {
                return Err(Failure::binding(
                    evertoken_status::EVERTOKEN_NULL_ARGUMENT,
                    "headers have a name or value that is NULL",
                ));
            };
            // What is no header cannot have come off a wire; it has nothing to say.
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
            {
                headers.append(name, value);
            }
        }
        Ok(Self {
            client: contract.get(given.client, "client")?.core.clone(),
            sent: contract
                .get(given.authorization, "authorization")?
                .core
                .clone(),
            status: u16::try_from(given.status).unwrap_or(0),
            headers,
            prefix: contract
                .slice(
                    given.body_prefix.cast::<u8>(),
                    given.body_prefix_len,
                    "body_prefix",
                )?
                .to_vec(),
            replayable: given.replayable != 0,
            timeout_ms: given.timeout_ms,
        })
    }

    pub(crate) async fn judge(self) -> Outcome<View> {
        let seen = ResponseFacts {
            status: self.status,
            headers: &self.headers,
            body_prefix: &self.prefix,
            replayable: self.replayable,
            timeout: timeout(self.timeout_ms),
        };
        Ok(View::new(self.client.judge(&self.sent, seen).await))
    }
}

/// Decides what to do about a response: nothing, send the request again with another header, or give the 401 back. Renews
/// the token if that may help against the 401; callers whose requests were refused with the same token share one renewal.
/// Call it for every response: a success shows that the API accepts the token, and takes no time.
///
/// `authorization` is what the request was sent with, `status` the response's status, `headers` its `header_count` headers,
/// `body_prefix` the first `body_prefix_len` bytes of its body (a few kilobytes are enough; NULL and 0 are allowed).
/// `replayable` says whether the request's whole body can be sent again (0: no). `timeout_ms` limits the wait for a renewal
/// (0: the client's timeout; EVERTOKEN_NO_TIMEOUT: no limit).
///
/// A failed renewal is not a failure of this call: the verdict then gives the 401 back, with evertoken_verdict_error().
///
/// Threads: any. Not from a callback unless `status` is other than 401: EVERTOKEN_MISUSE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_client_judge(
    client: *const evertoken_client,
    authorization: *const evertoken_authorization,
    status: c_int,
    headers: *const evertoken_header,
    header_count: usize,
    body_prefix: *const c_void,
    body_prefix_len: usize,
    replayable: c_int,
    timeout_ms: i64,
    verdict: *mut *mut evertoken_verdict,
    error: *mut *mut evertoken_error,
) -> evertoken_status {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        enter(error, |contract| {
            let out = contract.out(verdict, "verdict")?;
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
            out.write(hand_over(now_or_later(Case::read(contract, &given)?)?));
            Ok(())
        })
    }
}

/// Nothing but a 401 is ever waited for.
fn now_or_later(case: Case) -> Outcome<View> {
    if case.status == 401 {
        return wait(case.judge());
    }
    match pin!(case.judge()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(view) => view,
        Poll::Pending => Err(Failure::panic()),
    }
}

/// Frees a verdict. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_verdict_free(verdict: *mut evertoken_verdict) {
    // SAFETY: the caller keeps the header's contract.
    unsafe { release(verdict) }
}

/// What to do; EVERTOKEN_ACTION_DONE for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_verdict_action(
    verdict: *const evertoken_verdict,
) -> evertoken_action {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(
            verdict,
            evertoken_action::EVERTOKEN_ACTION_DONE,
            |verdict, _| verdict.action,
        )
    }
}

/// What to send again with; NULL unless the action is EVERTOKEN_ACTION_RESEND. It belongs to the verdict.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_verdict_authorization(
    verdict: *const evertoken_verdict,
) -> *const evertoken_authorization {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(verdict, std::ptr::null(), |verdict, _| {
            verdict
                .authorization
                .as_ref()
                .map_or(std::ptr::null(), Lent::as_ptr)
        })
    }
}

/// Why the 401 is given back; NULL unless the action is EVERTOKEN_ACTION_GIVE_BACK. Lives as long as the verdict.
///
/// `"insufficient_rights"`: the token is not the cause, but a missing right, a subscription, a quota or the like;
/// `"refused_again"`: the resend was refused too;
/// `"body_not_replayable"`: the body cannot be sent again, and the token is renewed for the next call; `"renewal_failed"`:
/// see evertoken_verdict_error(); `"storm_guard"`: recent renewals did not help, and none is made for a while;
/// `"not_renewable"`: a pasted token; `"same_token"`: the server issued the refused token again; `"foreign_origin"`: the
/// request did not carry the token.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_verdict_reason(
    verdict: *const evertoken_verdict,
) -> *const c_char {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(verdict, std::ptr::null(), |verdict, _| {
            verdict
                .reason
                .as_ref()
                .map_or(std::ptr::null(), Text::as_ptr)
        })
    }
}

/// The error of the renewal, if one was made and failed, otherwise NULL. It belongs to the verdict.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evertoken_verdict_error(
    verdict: *const evertoken_verdict,
) -> *const evertoken_error {
    // SAFETY: the caller keeps the header's contract.
    unsafe {
        look(verdict, std::ptr::null(), |verdict, _| {
            verdict
                .error
                .as_ref()
                .map_or(std::ptr::null(), Lent::as_ptr)
        })
    }
}
