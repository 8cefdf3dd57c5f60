use std::time::Duration;

use super::super::response_layout::tests::response;
use crate::error::{Error, ErrorKind};
use crate::flow::{Flow, IntoFlow, TokenResponse, Wso2};
use crate::secret::Secret;

const PASSWORD: &str = "p&ss w+rd/é";

fn flow() -> Flow {
    Wso2::new(
        "https://gw.example:8243/token?tenant=hidden",
        "key",
        "s3cr3t-value",
        "john@johns.org@johnsorg",
        PASSWORD,
    )
    .into_flow(None)
    .unwrap()
}

fn error_of(response: &TokenResponse) -> Error {
    flow().read(response).unwrap_err()
}

#[test]
fn an_error_names_the_host_of_the_token_url_and_no_more_of_it() {
    let error = error_of(&response(400, &[], ""));
    assert_eq!(
        error.message(),
        "the token request was rejected (status 400 from gw.example)"
    );
}

#[test]
fn a_page_is_called_one_and_not_quoted() {
    const PAGE: &str =
        ", by an HTML page, perhaps of a firewall or gateway before the token endpoint";
    for (status, body, page) in [
        (403, "<!DOCTYPE html><title>Just a moment...</title>", PAGE),
        (405, " <html>Request Rejected</html>", PAGE),
        (403, "error code: 1020", ""),
        (403, "<am:fault><am:code>1</am:code></am:fault>", ""),
    ] {
        let error = error_of(&response(status, &[], body));
        let told = format!("(status {status} from gw.example{page})");
        assert!(error.message().ends_with(&told), "{body}: {error}");
    }
}

#[test]
fn a_404_for_a_wrong_password_or_an_unknown_user_is_a_rejection() {
    use ErrorKind::{BadResponse, CredentialsRejected};
    for (body, kind) in [
        // Parse.
        (
            r#"{"code":101,"error":"Invalid username/password."}"#,
            CredentialsRejected,
        ),
        (r#"{"message":"User not found"}"#, CredentialsRejected),
        (r#"{"message":"Cannot POST /login"}"#, BadResponse),
    ] {
        let error = error_of(&response(404, &[], body));
        assert_eq!((error.kind(), error.retryable()), (kind, false), "{body}");
    }
}

#[test]
fn status_and_code_decide_the_kind() {
    const HTML: &str = "<html><body>Account is locked</body></html>";
    use ErrorKind::{BadResponse, CredentialsRejected, LockedOut, RateLimited, ServerUnavailable};
    let oauth = |code: &str| format!(r#"{{"error":"{code}"}}"#);
    let table: &[(u16, &str, ErrorKind, bool)] = &[
        (400, &oauth("invalid_client"), CredentialsRejected, false),
        (401, &oauth("invalid_client"), CredentialsRejected, false),
        (400, &oauth("invalid_grant"), CredentialsRejected, false),
        (
            400,
            &oauth("unauthorized_client"),
            CredentialsRejected,
            false,
        ),
        (
            400,
            &oauth("unsupported_grant_type"),
            CredentialsRejected,
            false,
        ),
        (400, &oauth("invalid_scope"), CredentialsRejected, false),
        (403, &oauth("access_denied"), CredentialsRejected, false),
        (
            400,
            r#"{"error":"invalid_request","error_description":"Refresh token is expired."}"#,
            CredentialsRejected,
            false,
        ),
        (404, &oauth("invalid_client"), CredentialsRejected, false),
        (401, &oauth("server_error"), CredentialsRejected, false),
        (400, &oauth("internal_error"), ServerUnavailable, true),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"login rate exceeded"}"#,
            RateLimited,
            true,
        ),
        (
            400,
            &oauth("temporarily_unavailable"),
            ServerUnavailable,
            true,
        ),
        (400, &oauth("slow_down"), RateLimited, true),
        (403, &oauth("too_many_attempts"), RateLimited, true),
        (400, "", CredentialsRejected, false),
        (401, HTML, CredentialsRejected, false),
        (
            403,
            r#"{"message":"Forbidden"}"#,
            CredentialsRejected,
            false,
        ),
        (
            422,
            r#"{"errors":{"password":["wrong"]}}"#,
            CredentialsRejected,
            false,
        ),
        (408, "", ServerUnavailable, true),
        (408, &oauth("invalid_grant"), ServerUnavailable, true),
        (425, "", ServerUnavailable, true),
        (429, "", RateLimited, true),
        (
            429,
            r#"{"error":"x","error_description":"Account is locked"}"#,
            LockedOut,
            false,
        ),
        (423, "", LockedOut, false),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"17003:john Account is locked"}"#,
            LockedOut,
            false,
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"Authentication failed for john. Error 17003"}"#,
            LockedOut,
            false,
        ),
        (
            401,
            r#"{"error":"invalid_grant","error_description":"Account disabled"}"#,
            LockedOut,
            false,
        ),
        (
            401,
            r#"{"message":"User account is locked"}"#,
            LockedOut,
            false,
        ),
        (
            401,
            r#"{"message":"Your account has been temporarily locked."}"#,
            LockedOut,
            false,
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"USER_DISABLED"}}"#,
            LockedOut,
            false,
        ),
        (403, r#"{"error":"account_locked"}"#, LockedOut, false),
        (
            401,
            r#"{"error":"user 'john@x.org' is blocked"}"#,
            LockedOut,
            false,
        ),
        (
            200,
            r#"{"error":"invalid_grant","error_description":"user is locked"}"#,
            LockedOut,
            false,
        ),
        (
            401,
            r#"{"message":"Your account will be locked after 2 more attempts"}"#,
            CredentialsRejected,
            false,
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"trace 8a17003f"}"#,
            CredentialsRejected,
            false,
        ),
        (
            400,
            r#"{"error":"unauthorized_client","error_description":"The user password grant is disabled"}"#,
            CredentialsRejected,
            false,
        ),
        (
            401,
            r#"{"message":"Wrong user or the client is disabled"}"#,
            CredentialsRejected,
            false,
        ),
        (400, &oauth("unknown_error"), ServerUnavailable, true),
        (
            400,
            r#"{"__type":"TooManyRequestsException"}"#,
            RateLimited,
            true,
        ),
        (
            403,
            r#"{"statusCode":403,"message":"Out of call volume quota."}"#,
            RateLimited,
            true,
        ),
        (404, HTML, BadResponse, false),
        (405, "", BadResponse, false),
        (406, "", BadResponse, false),
        (407, "", BadResponse, false),
        (410, "", BadResponse, false),
        (415, "", BadResponse, false),
        (418, r#"{"error":"teapot"}"#, BadResponse, false),
        (499, "", BadResponse, false),
        (301, "", BadResponse, false),
        (304, "", BadResponse, false),
        (100, "", BadResponse, true),
        (0, "", BadResponse, true),
        (600, "", BadResponse, true),
        (u16::MAX, "", BadResponse, true),
        (500, HTML, ServerUnavailable, true),
        (500, &oauth("invalid_grant"), CredentialsRejected, false),
        (
            500,
            r#"{"error":{"code":0,"message":"Login failed!","details":"Invalid user name or password"}}"#,
            CredentialsRejected,
            false,
        ),
        (500, r#"{"message":"User is disabled"}"#, LockedOut, false),
        (
            502,
            r#"{"message":"Invalid user name or password"}"#,
            ServerUnavailable,
            true,
        ),
        (502, &oauth("server_error"), ServerUnavailable, true),
        (503, &oauth("invalid_grant"), ServerUnavailable, true),
        (599, "", ServerUnavailable, true),
    ];
    check(table);
}

fn check(table: &[(u16, &str, ErrorKind, bool)]) {
    for (status, body, kind, retryable) in table {
        let error = error_of(&response(*status, &[], body));
        assert_eq!(
            (error.kind(), error.retryable()),
            (*kind, *retryable),
            "{status} {body}: {error}"
        );
        assert_eq!(error.http_status(), Some(*status));
    }
}

#[test]
fn a_revocation_that_is_refused_is_an_error_that_does_not_quote_the_token() {
    use ErrorKind::{BadResponse, CredentialsRejected, ServerUnavailable};
    let token = Secret::new("revoked-secret-1");
    for (status, body, kind) in [
        (200, "", None),
        (204, "", None),
        (400, r#"{"error":"unsupported_token_type"}"#, None),
        (
            401,
            r#"{"error":"invalid_client"}"#,
            Some(CredentialsRejected),
        ),
        (
            400,
            r#"{"error":"invalid_request","error_description":"revoked-secret-1"}"#,
            Some(CredentialsRejected),
        ),
        (404, "", Some(BadResponse)),
        (302, "", Some(BadResponse)),
        (503, "", Some(ServerUnavailable)),
    ] {
        let outcome = flow().read_revocation(&response(status, &[], body), &token);
        assert_eq!(
            outcome.as_ref().err().map(Error::kind),
            kind,
            "{status} {body}"
        );
        if let Err(error) = outcome {
            assert!(
                error.message().contains("the token was not revoked"),
                "{error}"
            );
            assert!(!error.to_string().contains("revoked-secret-1"), "{error}");
            assert_eq!(error.http_status(), Some(status));
        }
    }
}

#[test]
fn every_status_without_a_body_has_its_kind_and_names_the_status() {
    for status in 0..=999 {
        let error = error_of(&response(status, &[], ""));
        assert!(
            error.message().contains(&status.to_string()),
            "{status}: {error}"
        );
    }
}

#[test]
fn the_providers_code_and_words_are_told() {
    const FAULT: &str = r#"<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>101503</am:code><am:message>Runtime Error</am:message></am:fault>"#;
    let long = format!(
        r#"{{"error":"{}","error_description":"{}"}}"#,
        "c".repeat(65),
        "w".repeat(500)
    );
    let cut = format!("{}…", "w".repeat(299));
    for (status, body, code, words) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"Bad\r\nuser"}"#,
            Some("invalid_grant"),
            Some("Bad user"),
        ),
        (500, FAULT, Some("101503"), Some("Runtime Error")),
        (
            500,
            r#"{"code":"101503","message":"Runtime Error"}"#,
            Some("101503"),
            Some("Runtime Error"),
        ),
        (
            401,
            r#"{"error":"no such user or password"}"#,
            None,
            Some("no such user or password"),
        ),
        (401, "<html>secret words of a page</html>", None, None),
        (401, "secret words of a text", None, None),
        (401, &long, None, Some(cut.as_str())),
    ] {
        let error = error_of(&response(status, &[], body));
        assert_eq!(
            (error.provider_code(), error.provider_message()),
            (code, words),
            "{body}"
        );
        assert!(!error.to_string().contains("secret words"), "{error}");
    }
}

#[test]
fn no_secret_that_the_server_echoes_gets_into_an_error() {
    let refresh = Secret::new("1d6a6eb8-dc70-35e3-96ee-3d66c9d7bea7");
    let flow = flow();
    let echoes = [
        PASSWORD.to_owned(),
        "s3cr3t-value".to_owned(),
        crate::encode::form_encoded(PASSWORD).to_string(),
        crate::encode::percent_encoded(PASSWORD).to_string(),
        crate::encode::basic_pair("key", "s3cr3t-value").to_string(),
        refresh.expose().to_owned(),
        String::from_utf8(flow.login().unwrap().body.to_vec()).unwrap(),
    ];
    for echo in &echoes {
        for body in [
            serde_json::json!({ "error": "invalid_grant", "error_description": format!("not {echo} please") }),
            serde_json::json!({ "error": echo }),
            serde_json::json!({ "error": { "code": echo, "message": echo } }),
            serde_json::json!({ "message": echo, "access_token": [echo] }),
        ] {
            for status in [200, 400, 500] {
                let error = flow
                    .read_refresh(
                        &response(
                            status,
                            &[("location", echo.as_str())].map(|_| ("x-a", "b")),
                            &body.to_string(),
                        ),
                        &refresh,
                        &Secret::new("an access token"),
                    )
                    .unwrap_err();
                let shown = format!("{error} {error:?}");
                for secret in &echoes[..6] {
                    assert!(!shown.contains(secret.as_str()), "{shown}");
                }
            }
        }
    }
}

#[test]
fn a_redirect_names_the_targets_host_and_on_the_same_host_the_path() {
    for (location, place) in [
        (
            "https://user:pw@evil.example/steal?password=hunter2",
            Some("evil.example"),
        ),
        ("//evil.example:99/x", Some("evil.example")),
        (
            "/elsewhere/?x=hunter2#hunter2",
            Some("https://gw.example:8243/elsewhere/"),
        ),
        (
            "/login;jsessionid=hunter2",
            Some("https://gw.example:8243/login"),
        ),
        (
            "http://user:pw@gw.example/token",
            Some("http://gw.example/token"),
        ),
        ("http://[", None),
        ("mailto:hunter2", None),
    ] {
        let error = error_of(&response(302, &[("location", location)], ""));
        assert_eq!(
            (error.kind(), error.retryable()),
            (ErrorKind::BadResponse, false),
            "{error}"
        );
        assert!(
            !error.to_string().contains("hunter2") && !error.to_string().contains("pw@"),
            "{error}"
        );
        assert!(
            place.is_none_or(|place| error.message().ends_with(&format!("it points to {place}"))),
            "{error}"
        );
    }
}

#[test]
fn the_token_urls_query_is_not_told() {
    assert!(!format!("{:?}", error_of(&response(400, &[], ""))).contains("hidden"));
}

#[test]
fn a_wait_is_passed_on_where_it_needs_no_clock() {
    let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    let until = ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT");
    for (status, headers, body, wait) in [
        (429, vec![("retry-after", "7")], "", Some(7)),
        (503, vec![("retry-after", "99999")], "", Some(3600)),
        (400, vec![("retry-after", "3")], "", Some(3)),
        (429, vec![date, until], "", Some(30)),
        (429, vec![until], "", None),
        (429, vec![("retry-after", "-1")], "", None),
        (
            429,
            vec![date],
            r#"{"fault":{"nextAccessTime":"1994-Nov-06 08:50:37+0000 UTC"}}"#,
            Some(60),
        ),
        (429, vec![], "", None),
    ] {
        let error = error_of(&response(status, &headers, body));
        assert_eq!(
            error.retry_after(),
            wait.map(Duration::from_secs),
            "{status} {headers:?} {body}"
        );
    }
}

mod in_a_success;
mod in_words;
