use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

use crate::error::Result;
use crate::flow::response_layout::tests::response;
use crate::flow::{ClientCredentials, Flow, IntoFlow, Password, TokenRequest, Wso2};
use crate::secret::Secret;

const AWKWARD: &str = "$&;%()?<>[]_).:@+ é\"\\";

fn fields(outgoing: &TokenRequest) -> Vec<(String, String)> {
    form_urlencoded::parse(&outgoing.body)
        .into_owned()
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn basic(outgoing: &TokenRequest) -> Option<String> {
    let value = outgoing.headers.get("authorization")?;
    assert!(value.is_sensitive());
    let pair = STANDARD
        .decode(value.to_str().unwrap().strip_prefix("Basic ")?)
        .unwrap();
    Some(String::from_utf8(pair).unwrap())
}

fn wso2() -> Wso2 {
    Wso2::new(
        "https://gw.example:8243/token",
        "key",
        "secret+/%",
        "john@johns.org",
        AWKWARD,
    )
}

fn problem(flow: impl IntoFlow) -> String {
    let error = flow.into_flow(None).unwrap_err();
    assert_eq!(error.kind().code(), "config_invalid");
    error.message().to_owned()
}

#[test]
fn wso2_sends_raw_basic_and_a_form() {
    let flow = wso2()
        .organization("johnsorg")
        .scope(["read", "write"])
        .device("box-1")
        .into_flow(None)
        .unwrap();
    let login = flow.login().unwrap();
    assert_eq!(
        (login.method.as_str(), login.url.as_str()),
        ("POST", "https://gw.example:8243/token")
    );
    assert_eq!(
        login.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(login.headers["accept"], "application/json");
    assert_eq!(basic(&login).unwrap(), "key:secret+/%");
    assert_eq!(
        fields(&login),
        pairs(&[
            ("grant_type", "password"),
            ("username", "john@johns.org@johnsorg"),
            ("password", AWKWARD),
            ("scope", "read write device_box-1"),
        ])
    );
    let refresh = flow
        .refresh(&Secret::new("R&1"), &Secret::new("T1"))
        .unwrap();
    assert_eq!(
        fields(&refresh),
        pairs(&[("grant_type", "refresh_token"), ("refresh_token", "R&1")])
    );
    assert_eq!(basic(&refresh), basic(&login));
    let revoke = flow.revoke(&Secret::new("T1")).unwrap();
    assert_eq!(revoke.url.as_str(), "https://gw.example:8243/revoke");
    assert_eq!(
        (fields(&revoke), basic(&revoke)),
        (pairs(&[("token", "T1")]), basic(&login))
    );
    assert_eq!(
        (flow.name(), flow.label()),
        ("wso2", "wso2 john@johns.org@johnsorg")
    );
    assert!(
        flow.default_base_url().is_none()
            && flow.default_life_secs().is_none()
            && flow.pasted().is_none()
    );
}

#[test]
fn wso2_asks_for_no_scope_unless_told() {
    let login = wso2().into_flow(None).unwrap().login().unwrap();
    assert_eq!(fields(&login).len(), 3);
}

#[test]
fn revoke_stands_beside_a_token_url_that_ends_in_token() {
    let revoke = |url: &str| {
        let flow = Wso2::new(url, "k", "s", "u", "p").into_flow(None).unwrap();
        flow.revoke(&Secret::new("T"))
            .map(|outgoing| outgoing.url.to_string())
    };
    for (token_url, expected) in [
        (
            "https://h:9443/oauth2/token",
            Some("https://h:9443/oauth2/revoke"),
        ),
        ("https://h/token?x=1", Some("https://h/revoke")),
        ("https://h/oauth2/tokens", None),
        ("https://h/token/", None),
        ("https://h/mytoken", None),
        ("https://h", None),
    ] {
        assert_eq!(revoke(token_url).as_deref(), expected, "{token_url}");
    }
    let flow = Wso2::new("https://h/t", "k", "s", "u", "p")
        .revoke_url("https://h/r")
        .into_flow(None)
        .unwrap();
    assert_eq!(
        flow.revoke(&Secret::new("T")).unwrap().url.as_str(),
        "https://h/r"
    );
}

#[test]
fn wso2_refuses_what_would_break_at_the_server_by_name() {
    const URL: &str = "https://h/token";
    let new = |url: &str, key: &str, secret: &str, user: &str, password: &str| {
        problem(Wso2::new(url, key, secret, user, password))
    };
    for (message, option) in [
        (new(URL, "k:1", "s", "u", "p"), "consumer_key"),
        (new(URL, "k", "s:1", "u", "p"), "consumer_secret"),
        (new(URL, "", "s", "u", "p"), "consumer_key"),
        (new(URL, "k", "", "u", "p"), "consumer_secret"),
        (new(URL, "k", "s", "", "p"), "username"),
        (new(URL, "k", "s", "u", ""), "password"),
        (new(URL, "k", "s\r\nX: y", "u", "p"), "consumer_secret"),
        (new(URL, "k", "s", "u\0", "p"), "username"),
        (new(URL, "k", "s", "u", "p\n"), "password"),
        (new("", "k", "s", "u", "p"), "token_url"),
        (new("/token", "k", "s", "u", "p"), "token_url"),
        (new("gw.example/token", "k", "s", "u", "p"), "token_url"),
        (new("ftp://h/token", "k", "s", "u", "p"), "token_url"),
        (
            new("https://user:hunter2@h/token", "k", "s", "u", "p"),
            "token_url",
        ),
        (new("https://h/token#x", "k", "s", "u", "p"), "token_url"),
        (new("data:text/plain,x", "k", "s", "u", "p"), "token_url"),
        (problem(wso2().organization("johns.org")), "organization"),
        (problem(wso2().organization("a@b")), "organization"),
        (problem(wso2().organization("")), "organization"),
        (problem(wso2().device("a b")), "device"),
        (problem(wso2().device("")), "device"),
        (problem(wso2().scope(["a\"b"])), "scope"),
        (problem(wso2().scope(["a\nb"])), "scope"),
        (problem(wso2().revoke_url("revoke")), "revoke_url"),
    ] {
        assert!(
            message.starts_with(&format!("{option}: ")),
            "{option}: {message}"
        );
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn client_credentials_travel_in_four_ways() {
    let flow = |id: &str, secret: &str, how: &str| {
        Password::new("https://as.example/token", "u", "p")
            .client(id, secret)
            .basic(how)
            .into_flow(None)
    };
    for (how, pair) in [
        ("form", "i%2Fd:s+%3A%C3%A9~".replace('~', "%7E")),
        ("percent", "i%2Fd:s%20%3A%C3%A9~".to_owned()),
    ] {
        assert_eq!(
            basic(&flow("i/d", "s :é~", how).unwrap().login().unwrap()).unwrap(),
            pair,
            "{how}"
        );
    }
    assert_eq!(
        basic(&flow("i/d", "s é~", "raw").unwrap().login().unwrap()).unwrap(),
        "i/d:s é~"
    );
    let body = flow("i:d", "s :é~", "body").unwrap();
    for outgoing in [
        body.login().unwrap(),
        body.refresh(&Secret::new("R"), &Secret::new("T")).unwrap(),
    ] {
        assert!(outgoing.headers.get("authorization").is_none());
        assert!(
            fields(&outgoing)
                .ends_with(&pairs(&[("client_id", "i:d"), ("client_secret", "s :é~")]))
        );
    }
    assert!(problem_of(flow("i:d", "s", "raw")).starts_with("client_id: "));
    assert!(problem_of(flow("id", "s:", "raw")).starts_with("client_secret: "));
    assert!(problem_of(flow("id", "s", "digest")).starts_with("basic: "));
}

fn problem_of(flow: Result<Flow>) -> String {
    flow.unwrap_err().message().to_owned()
}

#[test]
fn a_client_may_be_public_or_absent_or_have_an_empty_secret() {
    let new = || Password::new("https://as.example/token", "u", "p");
    let login = |password: Password| password.into_flow(None).unwrap().login().unwrap();
    let absent = login(new());
    assert_eq!((basic(&absent), fields(&absent).len()), (None, 3));
    let public = login(new().public_client("app"));
    assert_eq!(
        (basic(&public), fields(&public).last().cloned()),
        (None, Some(("client_id".into(), "app".into())))
    );
    assert_eq!(basic(&login(new().client("cf", ""))).unwrap(), "cf:");
    assert!(problem(new().client("", "s")).starts_with("client_id: "));
}

#[test]
fn client_credentials_grant() {
    let new = || ClientCredentials::new("https://as.example/token", "0123456789abcdef", "s");
    let flow = new()
        .scope(["a b", "a"])
        .extra_field("audience", "https://api")
        .extra_header("X-Key", "k")
        .into_flow(None)
        .unwrap();
    let login = flow.login().unwrap();
    assert_eq!(
        fields(&login),
        pairs(&[
            ("grant_type", "client_credentials"),
            ("scope", "a b"),
            ("audience", "https://api")
        ])
    );
    assert!(login.headers["x-key"].is_sensitive());
    assert_eq!(flow.label(), "client_credentials 01234567… at as.example");
    assert!(flow.revoke(&Secret::new("T")).is_none());
    for (builder, option) in [
        (new().extra_field("grant_type", "x"), "extra_fields"),
        (
            new().extra_field("a", "x").extra_field("a", "y"),
            "extra_fields",
        ),
        (new().extra_field("a", "x\0"), "extra_fields"),
        (new().extra_header("Authorization", "x"), "extra_headers"),
        (new().extra_header("Host", "x"), "extra_headers"),
        (new().extra_header("a b", "x"), "extra_headers"),
        (new().extra_header("a", "x\r\ny"), "extra_headers"),
        (
            new().extra_header("a", "x").extra_header("A", "y"),
            "extra_headers",
        ),
        (new().token_field("header:a b"), "token_field"),
        (new().token_field(""), "token_field"),
        (new().expires_unit("hours"), "expires_unit"),
        (
            ClientCredentials::new("https://h", "i", ""),
            "client_secret",
        ),
    ] {
        assert!(
            problem(builder).starts_with(&format!("{option}: ")),
            "{option}"
        );
    }
    // In the body, the header is free for a gateway's key.
    assert!(
        new()
            .basic("body")
            .extra_header("authorization", "x")
            .into_flow(None)
            .is_ok()
    );
}

#[test]
fn a_refused_client_whose_credentials_have_several_forms_is_advised_to_choose_another() {
    let client = |id, secret| ClientCredentials::new("https://as.example/token", id, secret);
    for (builder, error, advised) in [
        (client("app", "s +%41"), "invalid_client", true),
        (client("my app", "s3cret"), "invalid_client", true),
        (client("app", "s +%41").basic("raw"), "invalid_client", true),
        (
            client("app", "s +%41").basic("body"),
            "invalid_client",
            false,
        ),
        (client("app-1", "s3cret_."), "invalid_client", false),
        (client("app", "s +%41"), "", true),
        (client("app", "s +%41"), "invalid_scope", false),
        (client("app", "s +%41"), "server_error", false),
        (client("app", "s +%41"), "Wrong password.", false),
    ] {
        let refused = response(401, &[], &format!(r#"{{"error":"{error}"}}"#));
        let error = builder.into_flow(None).unwrap().read(&refused).unwrap_err();
        assert_eq!(
            error.message().contains("see the option basic"),
            advised,
            "{error}"
        );
    }
}
