//! Successes without a token: what is said about them, and whether they are asked for again.

use super::{flow, read, response};
use crate::error::ErrorKind;
use crate::flow::{IntoFlow, JsonLogin, Password};

#[test]
fn a_success_without_a_usable_token_is_asked_for_again_only_if_it_is_unreadable() {
    for (body, words, retryable) in [
        ("", "the answer is empty", true),
        ("<html><p>access_token=T1</p></html>", "an HTML page", true),
        ("<?xml version='1.0'?><a/>", "XML", true),
        (r#"{"access_token":"T1","#, "broken or truncated JSON", true),
        (r#"["quiet-token"]"#, "access_token is missing", false),
        (r#""quiet-token""#, "not an object", true),
        ("access granted", "neither JSON nor a form", true),
        ("{}", "access_token is missing", false),
        (r#"{"access_token":null}"#, "access_token is null", false),
        (r#"{"access_token":""}"#, "access_token is empty", false),
        (
            r#"{"access_token":12345678}"#,
            "access_token is not a string",
            false,
        ),
        (
            r#"{"access_token":{"value":"T1"}}"#,
            "access_token is not a string",
            false,
        ),
        (r#"{"access_token":"quiet words"}"#, "cannot carry", false),
        (r#"{"access_token":"quiet\r\nX: y"}"#, "cannot carry", false),
        (r#"{"access_token":"quiet\u0000"}"#, "cannot carry", false),
        (r#"{"access_token":"quiété"}"#, "cannot carry", false),
        (
            r#"{"access_token":"T1","access_token":null}"#,
            "access_token is null",
            false,
        ),
    ] {
        let error = flow().read(&response(200, &[], body)).unwrap_err();
        assert_eq!(
            (error.kind(), error.retryable()),
            (ErrorKind::BadResponse, retryable),
            "{body}: {error}"
        );
        assert!(error.message().contains(words), "{body}: {error}");
        assert!(!error.to_string().contains("qui"), "{body}: {error}");
        assert_eq!(error.http_status(), Some(200), "{body}");
        assert_eq!(
            error.identity(),
            Some("password john at as.example"),
            "{body}"
        );
    }
    assert_eq!(
        flow().read(&response(204, &[], "")).unwrap_err().kind(),
        ErrorKind::BadResponse
    );
}

#[test]
fn a_readable_answer_without_its_header_or_as_a_whole_body_is_not_asked_for_again_either() {
    let flow = |field: &str| {
        let login = JsonLogin::new("https://as.example/login").field("p", "hunter2-hunter2");
        login.token_field(field).into_flow(None).unwrap()
    };
    let elsewhere = &[("authorization", "Bearer quiet")][..];
    for (field, headers, body, retryable) in [
        ("header:x-token", &[][..], r#"{"status":"pending"}"#, false),
        ("header:x-token", &[], "", true),
        ("header:x-token", &[], "<html>", true),
        ("header:x-token", elsewhere, "", false),
        (".", &[], r#"{"status":"pending"}"#, false),
        (".", &[], "", true),
    ] {
        let error = flow(field).read(&response(200, headers, body)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadResponse, "{field} {body}");
        assert_eq!(error.retryable(), retryable, "{field} {body}: {error}");
    }
}

#[test]
fn a_second_factor_that_is_asked_for_is_named_without_a_value() {
    for (body, words) in [
        (
            r#"{"mfa_required":true,"mfa_token":"quiet"}"#,
            "access_token is missing, but mfa_required seems to ask for a second factor (",
        ),
        (
            r#"{"access_token":"","challenge":"quiet"}"#,
            "access_token is empty, but challenge seems to ask for a further step (",
        ),
        // Another token is the likelier reason.
        (
            r#"{"mfa_required":true,"token":"quiet"}"#,
            "access_token is missing, but token looks like it (",
        ),
        (r#"{"status":"pending"}"#, "access_token is missing ("),
    ] {
        let error = flow().read(&response(200, &[], body)).unwrap_err();
        assert!(error.message().contains(words), "{body}: {error}");
        assert_eq!(
            (error.kind(), error.retryable()),
            (ErrorKind::BadResponse, false)
        );
        assert!(!error.to_string().contains("quiet"), "{body}: {error}");
    }
}

#[test]
fn a_name_that_is_a_secret_is_not_shown() {
    let login = Password::new("https://as.example/token", "john", "mfa-hunter");
    let asked = response(200, &[], r#"{"mfa-hunter":true}"#);
    let error = read(login, &asked).unwrap_err();
    let words = "access_token is missing, but the answer seems to ask for a second factor (";
    assert!(error.message().contains(words), "{error}");
}

#[test]
fn a_token_that_stands_elsewhere_is_pointed_to_and_not_asked_for_again() {
    for (headers, body, place) in [
        (&[][..], r#"[{"access_token":"quiet"}]"#, "0.access_token"),
        (&[], r#"{"accessToken":"quiet"}"#, "accessToken"),
        (
            &[("authorization", "Bearer quiet")],
            "{}",
            "header:authorization",
        ),
    ] {
        let error = flow().read(&response(200, headers, body)).unwrap_err();
        let advice = format!("access_token is missing, but {place} looks like it (");
        assert!(error.message().contains(&advice), "{body}: {error}");
        assert_eq!(
            (error.kind(), error.retryable()),
            (ErrorKind::BadResponse, false)
        );
        assert!(!error.to_string().contains("quiet"), "{body}: {error}");
    }
}

#[test]
fn a_body_that_seems_to_be_the_token_is_called_that() {
    for (body, advised) in [
        ("eyJhbGciOiJub25lIn0.quiet.", true),
        ("\"eyJhbGciOiJub25lIn0.quiet.\"", true),
        ("quiet", false),
        ("Service temporarily not available", false),
    ] {
        let error = flow().read(&response(200, &[], body)).unwrap_err();
        let advice = ", but the whole body looks like a token: see token_field (";
        assert_eq!(error.message().contains(advice), advised, "{error}");
        assert_eq!(error.retryable(), !advised, "{body}");
        assert!(!error.to_string().contains("quiet"), "{error}");
    }
}

#[test]
fn an_encoding_that_was_not_asked_for_is_named() {
    for (encoding, words) in [
        (
            "br",
            "the answer is compressed as br, which was not asked for",
        ),
        ("gzip, br", "neither JSON nor a form"),
        ("identity", "neither JSON nor a form"),
    ] {
        let headers = [("content-encoding", encoding)];
        let error = flow()
            .read(&response(200, &headers, "\u{1}\u{2}"))
            .unwrap_err();
        assert!(error.message().contains(words), "{encoding}: {error}");
    }
    let readable = response(
        200,
        &[("content-encoding", "br")],
        r#"{"access_token":"T1"}"#,
    );
    assert_eq!(flow().read(&readable).unwrap().token.expose(), "T1");
}
