use serde_json::{Value, json};
use url::Url;

use crate::flow::response_layout::tests::response;
use crate::flow::{Flow, IntoFlow, JsonLogin, Life, PassKit, Pismo, TokenRequest};
use crate::secret::Secret;

const AWKWARD: &str = "$&;%()?<>[]_).:@+ é\"\\";

fn base() -> Url {
    Url::parse("https://sandbox.pismolabs.io").unwrap()
}

fn body(outgoing: &TokenRequest) -> Value {
    serde_json::from_slice(&outgoing.body).unwrap()
}

fn problem(flow: impl IntoFlow) -> String {
    let error = flow.into_flow(None).unwrap_err();
    assert_eq!(error.kind().code(), "config_invalid");
    error.message().to_owned()
}

#[test]
fn a_field_with_dots_is_nested() {
    let login = |names: &[&str]| {
        let start = JsonLogin::new("https://as.example/login");
        names
            .iter()
            .fold(start, |login, name| login.field(*name, AWKWARD))
    };
    let names = [
        "user.email",
        "remember",
        "user.password",
        "a.b.c",
        "a.b.d",
        "a.e",
    ];
    let flow = login(&names).into_flow(None).unwrap();
    let sent = flow.login().unwrap();
    let expected = json!({
        "user": {"email": AWKWARD, "password": AWKWARD},
        "remember": AWKWARD,
        "a": {"b": {"c": AWKWARD, "d": AWKWARD}, "e": AWKWARD},
    });
    assert_eq!(body(&sent), expected);
    // Nothing is written twice.
    assert_eq!(
        std::str::from_utf8(&sent.body)
            .unwrap()
            .matches("user")
            .count(),
        1
    );
    for (names, words) in [
        (
            &["user", "user.email"],
            "must not set both user and user.email",
        ),
        (
            &["user.email.x", "user.email"],
            "must not set both user.email and user.email.x",
        ),
        (&["user.", "a"], "a name is missing beside a dot"),
        (&["a..b", "a"], "a name is missing beside a dot"),
    ] {
        let problem = problem(login(names));
        assert!(problem.contains(words), "{problem}");
    }
    let deepest = vec!["a"; 16].join(".");
    assert!(login(&[&deepest]).into_flow(None).is_ok());
    assert!(problem(login(&[&format!("{deepest}.a")])).contains("too deep"));
}

#[test]
fn pismo_posts_key_and_secret_below_the_base_url() {
    let flow = Pismo::new("1a2b3c4d5e6f7a8b9c0d", AWKWARD)
        .account_id(123)
        .into_flow(Some(&base()))
        .unwrap();
    let login = flow.login().unwrap();
    assert_eq!(
        (login.method.as_str(), login.url.as_str()),
        (
            "POST",
            "https://sandbox.pismolabs.io/passport/v2/s2s/access-token"
        )
    );
    assert_eq!(
        (
            &login.headers["content-type"],
            login.headers.get("authorization")
        ),
        (&"application/json".parse().unwrap(), None)
    );
    assert_eq!(
        body(&login),
        json!({ "server_key": "1a2b3c4d5e6f7a8b9c0d", "server_secret": AWKWARD, "account_id": 123 })
    );
    assert_eq!(
        (flow.name(), flow.label()),
        ("pismo", "pismo key 1a2b3c4d… account 123")
    );
    assert_eq!(
        (flow.default_life_secs(), flow.default_base_url()),
        (Some(600.0), Some(&base()))
    );
    assert!(
        flow.refresh(&Secret::new("R"), &Secret::new("T")).is_none()
            && flow.revoke(&Secret::new("T")).is_none()
    );
}

#[test]
fn pismo_knobs() {
    let new = || Pismo::new("k", "s");
    let old = new()
        .secret_field("secret_key")
        .external_account_id("x-1")
        .into_flow(Some(&base()))
        .unwrap();
    assert_eq!(
        body(&old.login().unwrap()),
        json!({ "server_key": "k", "secret_key": "s", "external_account_id": "x-1" })
    );
    let elsewhere = new()
        .token_url("https://auth.example/t")
        .into_flow(Some(&base()))
        .unwrap();
    assert_eq!(
        elsewhere.login().unwrap().url.as_str(),
        "https://auth.example/t"
    );
    let alone = new()
        .token_url("https://auth.example/a/t")
        .into_flow(None)
        .unwrap();
    assert_eq!(
        alone.default_base_url().unwrap().as_str(),
        "https://auth.example/"
    );
    let below = new()
        .into_flow(Some(
            &Url::parse("https://proxy.example/pismo/?x=1").unwrap(),
        ))
        .unwrap();
    assert_eq!(
        below.token_url().unwrap().as_str(),
        "https://proxy.example/pismo/passport/v2/s2s/access-token"
    );
    for (message, option) in [
        (problem(new()), "base_url"),
        (
            problem(Pismo::new("", "s").token_url("https://h")),
            "server_key",
        ),
        (
            problem(Pismo::new("k", "").token_url("https://h")),
            "server_secret",
        ),
        (
            problem(Pismo::new("k", "a\nb").token_url("https://h")),
            "server_secret",
        ),
        (
            problem(new().secret_field("password").token_url("https://h")),
            "secret_field",
        ),
        (
            problem(new().external_account_id("").token_url("https://h")),
            "external_account_id",
        ),
    ] {
        assert!(message.starts_with(&format!("{option}: ")), "{message}");
    }
}

#[test]
fn pismos_answer_is_a_grant() {
    // {"alg":"HS512"} . {"iss":"Passport","exp":1700000600,"iat":1700000000,"tkver":"2"}
    const TOKEN: &str = "eyJhbGciOiJIUzUxMiJ9.eyJpc3MiOiJQYXNzcG9ydCIsImV4cCI6MTcwMDAwMDYwMCwiaWF0IjoxNzAwMDAwMDAwLCJ0a3ZlciI6IjIifQ.c2ln";
    let flow = Pismo::new("k", "s").into_flow(Some(&base())).unwrap();
    let text = json!({ "server_key": "k", "tenant": "TN", "program_ids": [1], "roles": ["r"], "token": TOKEN, "refresh": TOKEN }).to_string();
    for status in [200, 201] {
        let grant = flow.read(&response(status, &[], &text)).unwrap();
        let times = grant.jwt.unwrap();
        assert_eq!(
            (times.exp, times.iat, grant.life),
            (Some(1_700_000_600), Some(1_700_000_000), Life::Unknown)
        );
        assert!(grant.refresh_token.unwrap().same_as(&grant.token));
    }
    let error = flow
        .read(&response(401, &[], r#"{"message":"Unauthorized"}"#))
        .unwrap_err();
    assert_eq!(
        (error.kind().code(), error.provider_message()),
        ("credentials_rejected", Some("Unauthorized"))
    );
}

#[test]
fn passkit_logs_in_for_a_long_lived_token_at_its_region() {
    let flow = PassKit::new("me@x.org", AWKWARD)
        .region("pub2")
        .two_fa_token("t")
        .two_fa_code("c")
        .into_flow(None)
        .unwrap();
    let login = flow.login().unwrap();
    assert_eq!(
        (
            login.url.as_str(),
            &login.headers["x-passkit-longlived-token"]
        ),
        (
            "https://api.pub2.passkit.io/login",
            &"true".parse().unwrap()
        )
    );
    assert_eq!(
        body(&login),
        json!({ "username": "me@x.org", "password": AWKWARD, "twoFAToken": "t", "twoFACode": "c" })
    );
    assert_eq!(
        (flow.label(), flow.default_base_url().unwrap().as_str()),
        (
            "passkit me@x.org region pub2",
            "https://api.pub2.passkit.io/"
        )
    );
    let grant = flow
        .read(&response(200, &[], r#"{"token":"opaque-1"}"#))
        .unwrap();
    assert_eq!(
        (grant.token.expose(), grant.life, grant.jwt),
        ("opaque-1", Life::Unknown, None)
    );
    let moved = PassKit::new("u", "p")
        .into_flow(Some(&Url::parse("http://127.0.0.1:9/").unwrap()))
        .unwrap();
    assert_eq!(
        moved.token_url().unwrap().as_str(),
        "http://127.0.0.1:9/login"
    );
}

#[test]
fn passkit_takes_a_pasted_token_instead_of_a_login() {
    for text in ["T-1", "Bearer T-1"] {
        let flow = PassKit::token(text).into_flow(None).unwrap();
        assert_eq!(flow.pasted().unwrap().expose(), "T-1");
        assert!(flow.login().is_none() && flow.token_url().is_none());
        assert!(
            !flow.label().contains("T-1") && flow.label().starts_with("passkit pasted token "),
            "{}",
            flow.label()
        );
        assert_eq!(
            flow.default_base_url().unwrap().as_str(),
            "https://api.pub1.passkit.io/"
        );
    }
    for (message, option) in [
        (problem(PassKit::token("")), "token"),
        (problem(PassKit::token("a b")), "token"),
        (problem(PassKit::token("é")), "token"),
        (problem(PassKit::token("a\r\nb")), "token"),
        (problem(PassKit::token("T").two_fa_code("1")), "token"),
        (problem(PassKit::token("T").region("pub3")), "region"),
        (problem(PassKit::new("", "p")), "username"),
        (problem(PassKit::new("u", "")), "password"),
        (
            problem(PassKit::new("u", "p").two_fa_code("")),
            "two_fa_code",
        ),
    ] {
        assert!(message.starts_with(&format!("{option}: ")), "{message}");
    }
}

fn described() -> JsonLogin {
    JsonLogin::new("https://api.example/v1/login")
        .field("user", "u")
        .field("pin", AWKWARD)
}

#[test]
fn a_described_login_sends_what_it_is_told() {
    let flow = described()
        .header("X-Api-Key", "k")
        .header("Content-Type", "application/vnd.api+json")
        .method("put")
        .into_flow(None)
        .unwrap();
    let login = flow.login().unwrap();
    assert_eq!(
        (login.method.as_str(), login.url.as_str()),
        ("PUT", "https://api.example/v1/login")
    );
    assert_eq!(body(&login), json!({ "user": "u", "pin": AWKWARD }));
    assert!(login.headers["x-api-key"].is_sensitive());
    assert_eq!(login.headers.get_all("content-type").iter().count(), 1);
    assert_eq!(login.headers["content-type"], "application/vnd.api+json");
    let get = JsonLogin::new("https://api.example/login")
        .header("X-Api-Key", "k")
        .method("GET")
        .into_flow(None)
        .unwrap()
        .login()
        .unwrap();
    assert!(
        get.method == "GET" && get.body.is_empty() && get.headers.get("content-type").is_none()
    );
}

#[test]
fn a_described_refresh_has_three_shapes() {
    let send = |login: JsonLogin| -> Option<TokenRequest> {
        let flow: Flow = login.into_flow(None).unwrap();
        flow.refresh(&Secret::new("R1"), &Secret::new("T1"))
    };
    assert!(send(described()).is_none());
    let with_route = || described().refresh_url("https://api.example/v1/refresh");
    let plain = send(with_route()).unwrap();
    assert_eq!(
        (plain.url.as_str(), body(&plain)),
        (
            "https://api.example/v1/refresh",
            json!({ "refresh_token": "R1" })
        )
    );
    let bearer = send(with_route().refresh_bearer("refresh_token")).unwrap();
    assert_eq!(
        (&bearer.headers["authorization"], bearer.body.is_empty()),
        (&"Bearer R1".parse().unwrap(), true)
    );
    assert!(bearer.headers["authorization"].is_sensitive());
    let both = send(
        with_route()
            .refresh_bearer("access_token")
            .refresh_field("rt"),
    )
    .unwrap();
    assert_eq!(
        (&both.headers["authorization"], body(&both)),
        (&"Bearer T1".parse().unwrap(), json!({ "rt": "R1" }))
    );
    let flow = with_route()
        .refresh_bearer("refresh_token")
        .into_flow(None)
        .unwrap();
    assert!(
        flow.refresh(&Secret::new("R\n1"), &Secret::new("T1"))
            .is_none()
    );
}

#[test]
fn a_description_that_contradicts_itself_is_refused_by_name() {
    for (login, option) in [
        (JsonLogin::new("https://h/login"), "body"),
        (JsonLogin::new("login").field("a", "b"), "token_url"),
        (described().method("GET"), "method"),
        (described().method("DELETE"), "method"),
        (described().field("user", "again"), "body"),
        (described().field("", "x"), "body"),
        (described().field("x", "a\0b"), "body"),
        (described().header("Content-Length", "1"), "extra_headers"),
        (described().refresh_field("x"), "refresh_url"),
        (described().refresh_url("/refresh"), "refresh_url"),
        (
            described().refresh_url("https://h/r").refresh_bearer("x"),
            "refresh_bearer",
        ),
        (
            described()
                .refresh_url("https://h/r")
                .refresh_bearer("access_token")
                .header("authorization", "x"),
            "extra_headers",
        ),
        (described().success("=ok"), "success"),
        (described().expires_unit("h"), "expires_unit"),
    ] {
        let message = problem(login);
        assert!(
            message.starts_with(&format!("{option}: ")),
            "{option}: {message}"
        );
    }
}
