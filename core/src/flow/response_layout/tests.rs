use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{ErrorKind, Result};
use crate::flow::{Flow, Grant, IntoFlow, JsonLogin, Life, Password, TokenResponse};

pub(in crate::flow) fn response(
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
) -> TokenResponse {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    TokenResponse {
        status,
        headers: map,
        body: body.as_bytes().to_vec().into(),
    }
}

fn password() -> Password {
    Password::new("https://as.example/token", "john", "hunter2-hunter2")
        .client("id", "client-secret")
}

fn read(flow: impl IntoFlow, response: &TokenResponse) -> Result<Grant> {
    flow.into_flow(None)?.read(response)
}

fn flow() -> Flow {
    password().into_flow(None).unwrap()
}

#[test]
fn a_grant_is_read_from_every_success_status() {
    const BODY: &str = r#"{"scope":"a  b","token_type":"Bearer","expires_in":3600,"refresh_token":"R1","access_token":"T1"}"#;
    for status in [200, 201, 202, 203, 206, 299] {
        let headers = [
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("content-type", "application/json;charset=UTF-8"),
        ];
        let grant = flow().read(&response(status, &headers, BODY)).unwrap();
        assert_eq!(
            (grant.token.expose(), grant.refresh_token.unwrap().expose()),
            ("T1", "R1")
        );
        assert_eq!(
            (grant.scope.as_deref(), grant.life),
            (Some("a b"), Life::Secs(3600.0))
        );
        assert_eq!(
            (grant.server_date_unix_secs, grant.jwt),
            (Some(784_111_777), None)
        );
    }
}

#[test]
fn odd_but_usable_answers_are_grants() {
    for body in [
        r#"{"access_token":"T1"}"#,
        r#"{"access_token":"T1","token_type":null,"expires_in":null,"refresh_token":null,"scope":null,"error":null}"#,
        r#"{"access_token":"old","access_token":"T1"}"#,
        r#"{"access_token":"T1","error":"","error_description":""}"#,
        r#"{"access_token":"T1","error":"none"}"#,
        r#"{"access_token":"T1","error":false,"errors":[]}"#,
        r#"{"access_token":"T1","refresh_token":"","scope":7,"expires_in":{}}"#,
        r#"{"access_token":"T1","refresh_token":5}"#,
        r#"{"access_token":"T1","refresh_token":"a\nb"}"#,
        "{\"access_token\":\"T1\",\"expires_in\":1e999}",
        "access_token=T1&token_type=bearer",
    ] {
        let grant = flow()
            .read(&response(200, &[], body))
            .unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(grant.token.expose(), "T1", "{body}");
        assert!(grant.refresh_token.is_none(), "{body}");
    }
}

#[test]
fn a_token_that_is_written_as_the_header_to_send_loses_its_scheme() {
    for (written, token) in [
        ("Bearer T1", "T1"),
        ("bearer T1", "T1"),
        ("BEARER  T1", "T1"),
        ("BearerT1", "BearerT1"),
        ("Bearer", "Bearer"),
    ] {
        let body = format!(r#"{{"access_token":"{written}"}}"#);
        let grant = flow().read(&response(200, &[], &body)).unwrap();
        assert_eq!(grant.token.expose(), token, "{written}");
    }
    for (written, words) in [
        ("Bearer ", "access_token is empty"),
        ("Bearer T1 T2", "cannot carry"),
        ("Bearer T1\\n", "cannot carry"),
        ("Digest T1", "cannot carry"),
    ] {
        let body = format!(r#"{{"access_token":"{written}"}}"#);
        let error = flow().read(&response(200, &[], &body)).unwrap_err();
        assert!(error.message().contains(words), "{written}: {error}");
    }
}

#[test]
fn token_types_that_demand_a_proof_are_refused_and_other_words_are_not() {
    for (kind, usable) in [
        ("Bearer", true),
        ("bearer", true),
        ("BEARER", true),
        ("BearerToken", true),
        ("bearer token", true),
        ("JWT", true),
        ("urn:ietf:params:oauth:token-type:jwt", true),
        ("", true),
        ("example", true),
        ("mac", false),
        ("MAC", false),
        ("DPoP", false),
        ("pop", false),
        ("hotk-pk", false),
        ("urn:x:token-type:dpop", false),
        ("N_A", false),
    ] {
        let body = format!(r#"{{"access_token":"T1","token_type":"{kind}"}}"#);
        match flow().read(&response(200, &[], &body)) {
            Ok(_) => assert!(usable, "{kind}"),
            Err(error) => assert!(
                !usable && error.kind() == ErrorKind::BadResponse && !error.retryable(),
                "{kind}: {error}"
            ),
        }
    }
}

#[test]
fn scope_is_text_or_list() {
    for (scope, expected) in [
        (r#""read write""#, Some("read write")),
        (r#"["read","write"]"#, Some("read write")),
        (r#""""#, Some("")),
        (r#"" read\n\twrite ""#, Some("read write")),
        ("null", None),
        ("{}", None),
    ] {
        let grant = flow()
            .read(&response(
                200,
                &[],
                &format!(r#"{{"access_token":"T1","scope":{scope}}}"#),
            ))
            .unwrap();
        assert_eq!(grant.scope.as_deref(), expected, "{scope}");
    }
}

#[test]
fn token_expiry_and_refresh_token_are_found_where_the_knobs_say() {
    let nested = || {
        password()
            .token_field("data.access.token")
            .expires_field("data.access.ttl")
            .expires_unit("ms")
            .refresh_token_field("data.refresh.0")
    };
    let body = r#"{"data":{"access":{"token":"T1","ttl":"1500"},"refresh":["R1"]}}"#;
    let grant = read(nested(), &response(200, &[], body)).unwrap();
    assert_eq!((grant.token.expose(), grant.life), ("T1", Life::Secs(1.5)));
    assert_eq!(grant.refresh_token.unwrap().expose(), "R1");
    let error = read(nested(), &response(200, &[], r#"{"data":{"access":"T1"}}"#)).unwrap_err();
    assert!(
        error.message().contains("data.access.token is missing"),
        "{error}"
    );
}

#[test]
fn a_token_in_a_header_needs_no_body() {
    let login = || {
        JsonLogin::new("https://api.example/login")
            .field("p", "hunter2-hunter2")
            .token_field("header:X-Auth-Token")
    };
    for (status, value, body) in [
        (200, "T1", ""),
        (204, "T1", ""),
        (201, "Bearer T1", "<html>"),
        (200, "T1", r#"{"ok":true}"#),
    ] {
        let grant = read(login(), &response(status, &[("x-auth-token", value)], body)).unwrap();
        assert_eq!(grant.token.expose(), "T1", "{value} {body}");
    }
    let grant = read(
        login().expires_field("header:X-Expires"),
        &response(200, &[("x-auth-token", "T1"), ("x-expires", "60")], ""),
    )
    .unwrap();
    assert_eq!(grant.life, Life::Secs(60.0));
    let error = read(login(), &response(200, &[], "")).unwrap_err();
    assert!(
        error
            .message()
            .contains("the header x-auth-token is missing"),
        "{error}"
    );
    let error = read(login(), &response(200, &[], r#"{"error":"invalid_grant"}"#)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsRejected);
}

#[test]
fn the_whole_body_may_be_the_token() {
    let login = || {
        JsonLogin::new("https://api.example/login")
            .field("p", "hunter2-hunter2")
            .token_field(".")
    };
    for body in [
        "\"T1\"",
        " \"T1\"\r\n",
        "T1",
        "T1\n",
        "Bearer T1",
        "\"\\u00541\"",
    ] {
        let grant = read(login(), &response(200, &[], body)).unwrap();
        assert_eq!(grant.token.expose(), "T1", "{body}");
    }
    for (body, problem) in [
        ("", "empty"),
        ("\"\"", "JSON, but not an object"),
        ("null", "JSON, but not an object"),
        ("false", "JSON, but not an object"),
        ("\"T1", "neither JSON nor a form"),
        ("Wrong password", "neither JSON nor a form"),
        ("<html>T1</html>", "an HTML page"),
        ("[\"T1\"]", "the whole body as a token is missing"),
        (r#"{"token":"T1"}"#, "missing, but token looks like it"),
    ] {
        let error = read(login(), &response(200, &[], body)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadResponse, "{body}");
        assert!(error.message().contains(problem), "{body}: {error}");
        assert!(!error.to_string().contains("T1"), "{error}");
    }
    let refused = response(200, &[], r#"{"error":"invalid_grant"}"#);
    let error = read(login(), &refused).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsRejected);
}

#[test]
fn an_absolute_expiry_becomes_the_earlier_exp() {
    // {"exp":1700000600,"iat":1700000000}
    const JWT: &str = "e30.eyJleHAiOjE3MDAwMDA2MDAsImlhdCI6MTcwMDAwMDAwMH0.x";
    for (unit, value, token, exp, iat) in [
        ("unix", "1700000300", "opaque", Some(1_700_000_300), None),
        (
            "unix",
            "1700000300",
            JWT,
            Some(1_700_000_300),
            Some(1_700_000_000),
        ),
        (
            "unix",
            "1800000000",
            JWT,
            Some(1_700_000_600),
            Some(1_700_000_000),
        ),
        (
            "unix_ms",
            "1700000300000",
            "opaque",
            Some(1_700_000_300),
            None,
        ),
        (
            "iso8601",
            r#""2023-11-14T22:18:20Z""#,
            "opaque",
            Some(1_700_000_300),
            None,
        ),
        (
            "iso8601",
            r#""soon""#,
            JWT,
            Some(1_700_000_600),
            Some(1_700_000_000),
        ),
        ("s", "60", JWT, Some(1_700_000_600), Some(1_700_000_000)),
    ] {
        let login = JsonLogin::new("https://api.example/login")
            .field("p", "x")
            .expires_field("until")
            .expires_unit(unit);
        let grant = read(
            login,
            &response(
                200,
                &[],
                &format!(r#"{{"token":"{token}","until":{value}}}"#),
            ),
        )
        .unwrap();
        let times = grant.jwt.unwrap();
        assert_eq!((times.exp, times.iat), (exp, iat), "{unit} {value} {token}");
        assert_eq!(
            grant.life,
            if unit == "s" {
                Life::Secs(60.0)
            } else {
                Life::Unknown
            },
            "{unit}"
        );
    }
}

#[test]
fn a_success_condition_turns_a_polite_no_into_a_rejection() {
    for (condition, body, holds) in [
        ("success", r#"{"token":"T1","success":true}"#, true),
        ("success", r#"{"token":"T1","success":"yes"}"#, true),
        ("success", r#"{"token":"T1","success":1}"#, true),
        ("success", r#"{"token":"T1","success":false}"#, false),
        ("success", r#"{"token":"T1","success":"False"}"#, false),
        ("success", r#"{"token":"T1","success":0}"#, false),
        ("success", r#"{"token":"T1"}"#, false),
        (
            "data.status=ok",
            r#"{"token":"T1","data":{"status":"ok"}}"#,
            true,
        ),
        ("status=0", r#"{"token":"T1","status":0}"#, true),
        (
            "status=0",
            r#"{"status":4711,"message":"wrong password"}"#,
            false,
        ),
        ("data=x", r#"{"token":"T1","data":["x"]}"#, false),
        ("data", r#"{"token":"T1","data":["x"]}"#, true),
        ("data", r#"{"token":"T1","data":[]}"#, false),
        ("data", r#"{"token":"T1","data":{}}"#, false),
    ] {
        let login = JsonLogin::new("https://api.example/login")
            .field("p", "x")
            .success(condition);
        match read(login, &response(200, &[], body)) {
            Ok(_) => assert!(holds, "{condition} {body}"),
            Err(error) => assert!(
                !holds
                    && error.kind() == ErrorKind::CredentialsRejected
                    && error.message().contains(condition),
                "{condition} {body}: {error}"
            ),
        }
    }
}

mod no_token;
