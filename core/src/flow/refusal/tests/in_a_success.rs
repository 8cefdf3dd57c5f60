use super::{check, error_of, response};
use crate::error::ErrorKind;
use crate::error::ErrorKind::{
    BadResponse, CredentialsRejected, LockedOut, RateLimited, ServerUnavailable,
};

#[test]
fn a_success_status_may_carry_a_refusal() {
    let oauth = |code: &str| format!(r#"{{"error":"{code}"}}"#);
    let table: &[(u16, &str, ErrorKind, bool)] = &[
        (200, &oauth("invalid_grant"), CredentialsRejected, false),
        (
            200,
            &oauth("bad_verification_code"),
            CredentialsRejected,
            false,
        ),
        (200, &oauth("server_error"), ServerUnavailable, true),
        (200, &oauth("slow_down"), RateLimited, true),
        (
            200,
            r#"{"access_token":"T1","error":"invalid_grant"}"#,
            CredentialsRejected,
            false,
        ),
        (
            200,
            r#"{"error":{"code":503,"message":"busy"}}"#,
            ServerUnavailable,
            true,
        ),
        (200, r#"{"error":{"code":429}}"#, RateLimited, true),
        (
            200,
            r#"{"ok":false,"message":"no"}"#,
            CredentialsRejected,
            false,
        ),
        (200, r#"{"success":false}"#, CredentialsRejected, false),
        (
            200,
            r#"{"status":"fail","message":"Wrong password"}"#,
            CredentialsRejected,
            false,
        ),
        (
            200,
            r#"{"errcode":40001,"errmsg":"invalid credential"}"#,
            CredentialsRejected,
            false,
        ),
        (
            200,
            r#"{"code":503,"msg":"later"}"#,
            ServerUnavailable,
            true,
        ),
        (200, r#"{"code":429}"#, RateLimited, true),
        (
            200,
            r#"{"status":"fail","message":"User account is locked"}"#,
            LockedOut,
            false,
        ),
        (
            200,
            r#"{"code":500,"msg":"wrong password"}"#,
            CredentialsRejected,
            false,
        ),
        (
            200,
            r#"{"error":{"code":407},"success":false}"#,
            CredentialsRejected,
            false,
        ),
        (
            200,
            r#"{"code":404,"msg":"no such user"}"#,
            CredentialsRejected,
            false,
        ),
        (
            200,
            r#"{"code":100005,"msg":"Email or password error.","data":null}"#,
            CredentialsRejected,
            false,
        ),
        (200, r#"{"status":"LOCKED_OUT"}"#, LockedOut, false),
        (
            200,
            r#"{"code":20000,"message":"no data"}"#,
            BadResponse,
            false,
        ),
        (200, r#"{"message":"hello"}"#, BadResponse, false),
    ];
    check(table);
}

#[test]
fn a_rejection_that_asks_for_a_second_factor_says_so() {
    for (status, body, words) in [
        (
            200,
            r#"{"success":false,"requiresTwoFactor":true}"#,
            Some("; requiresTwoFactor seems to ask for a second factor"),
        ),
        (
            403,
            r#"{"error":"mfa_required","mfa_token":"quiet"}"#,
            Some("; error seems to ask for a second factor"),
        ),
        (400, r#"{"error":"invalid_grant","mfa":false}"#, None),
        (429, r#"{"mfa_required":true}"#, None),
        (401, "", None),
    ] {
        let error = error_of(&response(status, &[], body));
        match words {
            Some(words) => assert!(error.message().ends_with(words), "{body}: {error}"),
            None => assert!(!error.message().contains("seems to ask"), "{body}: {error}"),
        }
        assert!(!error.to_string().contains("quiet"), "{body}: {error}");
    }
}
