//! Judging: a status, headers and the beginning of a body.

use std::ffi::CString;
use std::ptr;
use std::sync::LazyLock;

use evertoken_c_rlib::authorization::{
    evertoken_authorization, evertoken_authorization_free, evertoken_client_authorize,
};
use evertoken_c_rlib::client::{evertoken_client, evertoken_client_free, evertoken_client_new};
use evertoken_c_rlib::config::{evertoken_config_free, evertoken_config_passkit_token};
use evertoken_c_rlib::verdict::{
    evertoken_action, evertoken_client_judge, evertoken_header, evertoken_verdict_action,
    evertoken_verdict_authorization, evertoken_verdict_error, evertoken_verdict_free,
    evertoken_verdict_reason,
};

use super::handle::{Owned, made, text};
use crate::fields::{Fields, head_and_body, text as c_text};

/// A client whose token is pasted: it judges, and there is nothing to renew with.
pub(crate) fn pasted() -> Owned<evertoken_client> {
    // SAFETY: texts ended by NUL; the configuration lives as long as it is used.
    unsafe {
        let config = made(evertoken_config_free, |out, error| {
            evertoken_config_passkit_token(ptr::null(), c"pasted-t0ken".as_ptr(), out, error)
        });
        let config = config.expect("a configuration");
        made(evertoken_client_free, |out, error| {
            evertoken_client_new(config.ptr(), out, error)
        })
        .expect("a client")
    }
}

struct Sent {
    client: Owned<evertoken_client>,
    authorization: Owned<evertoken_authorization>,
}

static SENT: LazyLock<Sent> = LazyLock::new(|| {
    let client = pasted();
    // SAFETY: the client is alive.
    let authorization = made(evertoken_authorization_free, |out, error| unsafe {
        evertoken_client_authorize(client.ptr(), ptr::null(), out, error)
    });
    Sent {
        authorization: authorization.expect("an authorization"),
        client,
    }
});

const REASONS: &[&str] = &["insufficient_rights", "not_renewable"];

/// The status, NUL, whether the body can be sent again, NUL; then headers, an empty line and the beginning of the body.
pub fn judge(data: &[u8]) {
    let mut fields = Fields::new(data);
    let (status, replayable) = (fields.number(), fields.number());
    let status = i32::try_from(status).unwrap_or(i32::MAX);
    let (head, body) = head_and_body(fields.rest());
    let texts: Vec<(CString, CString)> = head
        .split(|byte| *byte == b'\n')
        .map(|line| {
            let colon = line.iter().position(|byte| *byte == b':');
            let (name, value) = line.split_at(colon.unwrap_or(line.len()));
            (c_text(name), c_text(value.get(1..).unwrap_or_default()))
        })
        .collect();
    let headers: Vec<evertoken_header> = texts
        .iter()
        .map(|(name, value)| evertoken_header {
            name: name.as_ptr(),
            value: value.as_ptr(),
        })
        .collect();
    // SAFETY: the handles live, and the arrays are as long as said.
    let verdict = made(evertoken_verdict_free, |out, error| unsafe {
        evertoken_client_judge(
            SENT.client.ptr(),
            SENT.authorization.ptr(),
            status,
            headers.as_ptr(),
            headers.len(),
            body.as_ptr().cast(),
            body.len(),
            i32::from(replayable != 0),
            0,
            out,
            error,
        )
    });
    let verdict = verdict.expect("judging does not fail");
    // SAFETY: the verdict is alive, and its texts live as long.
    unsafe {
        assert!(evertoken_verdict_authorization(verdict.ptr()).is_null());
        assert!(evertoken_verdict_error(verdict.ptr()).is_null());
        let reason = text(evertoken_verdict_reason(verdict.ptr()));
        match evertoken_verdict_action(verdict.ptr()) {
            evertoken_action::EVERTOKEN_ACTION_GIVE_BACK => {
                assert_eq!(status, 401);
                assert!(REASONS.contains(&reason.expect("a reason")), "{reason:?}");
            }
            evertoken_action::EVERTOKEN_ACTION_DONE => assert!(status != 401 && reason.is_none()),
            evertoken_action::EVERTOKEN_ACTION_RESEND => {
                panic!("there is nothing to send again with")
            }
        }
    }
}
