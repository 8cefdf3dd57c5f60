use std::collections::HashSet;

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use url::Url;

use super::{
    ClientCredentials, Flow, IntoFlow, JsonLogin, PassKit, Password, Pismo, TokenResponse, Wso2,
};
use crate::secret::Secret;

const SECRET: &str = "hunter2-hunter2";

pub(super) fn base() -> Url {
    Url::parse("https://api.example").unwrap()
}

pub(super) fn build(flow: impl IntoFlow) -> Flow {
    flow.into_flow(Some(&base())).unwrap()
}

fn flows() -> Vec<Flow> {
    vec![
        build(Pismo::new("key", SECRET)),
        build(PassKit::new("user", SECRET)),
        build(PassKit::token(SECRET)),
        build(Wso2::new(
            "https://gw.example/token",
            "key",
            SECRET,
            "user",
            SECRET,
        )),
        build(Password::new("https://as.example/token", "user", SECRET).client("id", SECRET)),
        build(
            ClientCredentials::new("https://as.example/token", "id", SECRET)
                .extra_header("x-key", SECRET),
        ),
        build(
            JsonLogin::new("https://as.example/login?key=x")
                .field("pin", SECRET)
                .refresh_url("https://as.example/refresh"),
        ),
    ]
}

pub(super) fn parts(flow: &Flow) -> Vec<String> {
    flow.identity()
        .iter()
        .map(|part| part.expose().to_owned())
        .collect()
}

#[test]
fn every_part_that_makes_another_token_makes_another_identity() {
    let wso2 = |url: &str, key: &str, secret: &str, user: &str, password: &str| {
        Wso2::new(url, key, secret, user, password)
    };
    let password = || Password::new("https://as/token", "u", "p");
    let json = || JsonLogin::new("https://as/login").field("a", "b");
    let all = vec![
        build(Pismo::new("k", "s")),
        build(Pismo::new("k2", "s")),
        build(Pismo::new("k", "s2")),
        build(Pismo::new("k", "s").account_id(1)),
        build(Pismo::new("k", "s").account_id(2)),
        build(Pismo::new("k", "s").external_account_id("1")),
        build(Pismo::new("k", "s").token_url("https://other/t")),
        build(PassKit::new("u", "p")),
        build(PassKit::new("u", "p2")),
        build(PassKit::new("u", "p").region("pub2")),
        build(PassKit::token("p")),
        build(PassKit::token("p").region("pub2")),
        build(wso2("https://gw/token", "k", "s", "u", "p")),
        build(wso2("https://gw/other/token", "k", "s", "u", "p")),
        build(wso2("https://gw/token", "k2", "s", "u", "p")),
        build(wso2("https://gw/token", "k", "s2", "u", "p")),
        build(wso2("https://gw/token", "k", "s", "u2", "p")),
        build(wso2("https://gw/token", "k", "s", "u", "p2")),
        build(wso2("https://gw/token", "k", "s", "u", "p").scope(["a"])),
        build(wso2("https://gw/token", "k", "s", "u", "p").device("a")),
        build(password()),
        build(password().client("k", "s")),
        build(password().public_client("k")),
        build(password().client("k", "s").basic("body")),
        build(password().extra_field("resource", "a")),
        build(password().extra_field("resource", "b")),
        build(password().extra_header("resource", "b")),
        build(password().token_field("id_token")),
        build(ClientCredentials::new("https://as/token", "k", "s")),
        build(json()),
        build(json().field("c", "d")),
        build(json().header("c", "d")),
        build(json().method("PUT")),
        build(json().success("ok")),
        build(json().expires_unit("ms")),
        build(json().expires_unit("unix")),
        build(json().expires_field("exp")),
        build(json().refresh_token_field("refresh")),
        build(json().refresh_url("https://as/refresh")),
        build(
            json()
                .refresh_url("https://as/refresh")
                .refresh_bearer("access_token"),
        ),
    ];
    let distinct: HashSet<Vec<String>> = all.iter().map(parts).collect();
    assert_eq!(distinct.len(), all.len());
}

#[test]
fn order_of_scopes_and_tables_makes_no_other_identity() {
    let wso2 = || Wso2::new("https://gw/token", "k", "s", "u", "p");
    assert_eq!(
        parts(&build(wso2().scope(["b", "a"]))),
        parts(&build(wso2().scope(["a b", "a"])))
    );
    let json = || JsonLogin::new("https://as/login");
    let (one, other) = (
        json().field("a", "1").field("b", "2"),
        json().field("b", "2").field("a", "1"),
    );
    assert_eq!(parts(&build(one)), parts(&build(other)));
    assert_eq!(
        parts(&build(wso2().organization("o"))),
        parts(&build(Wso2::new("https://gw/token", "k", "s", "u@o", "p")))
    );
}

#[test]
fn nothing_prints_a_secret() {
    let builders = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        Pismo::new("k", SECRET),
        PassKit::token(SECRET),
        Wso2::new(SECRET, "k", SECRET, "u", SECRET),
        Password::new(SECRET, "u", SECRET),
        ClientCredentials::new(SECRET, "k", SECRET),
        JsonLogin::new(SECRET).field("a", SECRET),
    );
    assert!(!builders.contains("hunter2"), "{builders}");
    for flow in flows() {
        let requests = (
            flow.login(),
            flow.refresh(&Secret::new(SECRET), &Secret::new(SECRET)),
            flow.revoke(&Secret::new(SECRET)),
        );
        let body = format!(
            r#"{{"token":"{SECRET}","access_token":"{SECRET}","refresh_token":"{SECRET}"}}"#
        );
        let response = TokenResponse {
            status: 200,
            headers: HeaderMap::new(),
            body: body.into_bytes().into(),
        };
        let shown = format!(
            "{flow:#?} {} {requests:#?} {response:#?} {:#?}",
            flow.label(),
            flow.read(&response)
        );
        assert!(
            !shown.contains("hunter2") && !shown.contains("?key"),
            "{shown}"
        );
        for outgoing in [requests.0, requests.1, requests.2].into_iter().flatten() {
            for (name, value) in outgoing
                .headers
                .iter()
                .filter(|(_, value)| !value.is_sensitive())
            {
                assert!(
                    ["accept", "content-type", "x-passkit-longlived-token"]
                        .contains(&name.as_str()),
                    "{name}: {value:?}"
                );
            }
        }
    }
}

#[test]
fn a_label_is_bounded_and_one_line() {
    let flow = build(Password::new("https://as/token", "é".repeat(1000), "p"));
    assert_eq!(flow.label().chars().count(), 161);
    let flow = build(Password::new("https://as/token", "a\tb", "p"));
    assert!(!flow.label().contains(char::is_control), "{}", flow.label());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_answer_panics_or_leaks(
        status in prop_oneof![Just(200u16), Just(400), Just(302), any::<u16>()],
        kind in prop_oneof![Just("application/json".to_owned()), Just("application/x-www-form-urlencoded".to_owned()), "[ -~]{0,30}"],
        header in proptest::collection::vec(any::<u8>(), 0..40),
        bytes in proptest::collection::vec(any::<u8>(), 0..80),
        jsonish in r#"\{("(access_token|token|error|code|message|expires_in|refresh_token|fault)":("hunter2-hunter2"|"[a-z \\]{0,9}"|[0-9.e-]{1,6}|null|\{\}|\[\]),?){0,5}\}?"#,
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in [("content-type", kind.as_bytes()), ("location", &header), ("date", &header), ("retry-after", &header), ("www-authenticate", &header)] {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.insert(name, value);
            }
        }
        for body in [bytes, jsonish.into_bytes()] {
            let response = TokenResponse { status, headers: headers.clone(), body: body.into() };
            for flow in flows() {
                let outcome = flow.read(&response);
                let shown = format!("{outcome:?}");
                prop_assert!(!shown.contains("hunter2"), "{}", shown);
                match outcome {
                    Ok(grant) => prop_assert!(!grant.token.is_empty() && (200..300).contains(&status)),
                    Err(error) => prop_assert_eq!(error.http_status(), Some(status)),
                }
                let _ = super::retry_after(&response, 0);
            }
        }
    }
}
