use evertoken_sandbox::Provider::Wso2;
use serde_json::{Value, json};

use crate::client::{
    Reply, basic, get, login, post_form, refresh, sandbox, send, token, wso2_client,
};

fn text(reply: &Reply, field: &str) -> String {
    reply.json()[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} in {reply:?}"))
        .to_owned()
}

fn error(reply: &Reply) -> (u16, String) {
    (reply.status, text(reply, "error"))
}

#[test]
fn the_password_grant_answers_as_documented() {
    let sandbox = sandbox(&json!({}));
    let reply = login(&sandbox, Wso2);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let body = reply.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["scope"], "default");
    assert_eq!(body["expires_in"], 3600);
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    assert_eq!(get(sandbox.url(), "/wso2/api/x", &bearer).status, 200);
    assert_eq!(get(sandbox.url(), "/api/x", &bearer).status, 200);
    let alias = [("grant_type", "client_credentials")];
    let reply = post_form(
        sandbox.url(),
        "/oauth2/token",
        Some(&wso2_client(&sandbox)),
        &alias,
    );
    assert!(reply.status == 200 && reply.json().get("refresh_token").is_none());
}

#[test]
fn opaque_mode_returns_the_same_pair_with_what_is_left() {
    let sandbox = sandbox(&json!({}));
    let first = login(&sandbox, Wso2).json();
    sandbox.advance(3500).unwrap();
    let second = login(&sandbox, Wso2).json();
    assert_eq!(first["access_token"], second["access_token"]);
    assert_eq!(first["refresh_token"], second["refresh_token"]);
    assert!(second["expires_in"].as_i64().unwrap() <= 100);
    sandbox.advance(100).unwrap();
    let third = login(&sandbox, Wso2).json();
    assert_ne!(first["access_token"], third["access_token"]);
    assert_eq!(first["refresh_token"], third["refresh_token"]);
    assert_eq!(third["expires_in"], 3600);
}

#[test]
fn jwt_mode_revokes_the_previous_token_of_the_same_scope_only() {
    let sandbox = sandbox(&json!({"wso2": {"token": "jwt"}}));
    let known = sandbox.credentials().wso2;
    let device = [
        ("grant_type", "password"),
        ("username", &*known.username),
        ("password", &*known.password),
        ("scope", "device_a"),
    ];
    let separate = text(
        &post_form(
            sandbox.url(),
            "/token",
            Some(&wso2_client(&sandbox)),
            &device,
        ),
        "access_token",
    );
    let (first, second) = (token(&sandbox, Wso2), token(&sandbox, Wso2));
    let status = |token: &str| get(sandbox.url(), "/wso2/api/x", &format!("Bearer {token}")).status;
    assert_eq!(
        (status(&first), status(&second), status(&separate)),
        (401, 200, 200)
    );
}

#[test]
fn refresh_rotates_once_and_kills_the_old_access_token() {
    let sandbox = sandbox(&json!({}));
    let first = login(&sandbox, Wso2);
    let second = refresh(&sandbox, Wso2, &text(&first, "refresh_token"));
    assert_eq!(second.status, 200);
    assert_ne!(
        text(&first, "refresh_token"),
        text(&second, "refresh_token")
    );
    let status = |reply: &Reply| {
        get(
            sandbox.url(),
            "/wso2/api/x",
            &format!("Bearer {}", text(reply, "access_token")),
        )
        .status
    };
    assert_eq!((status(&first), status(&second)), (401, 200));
    assert_eq!(
        error(&refresh(&sandbox, Wso2, &text(&first, "refresh_token"))),
        (400, "invalid_grant".to_owned())
    );
    assert_eq!(sandbox.counts().unwrap()["wso2"]["refresh"], 2);
}

#[test]
fn a_dead_refresh_token_is_refused_in_the_words_of_the_generation() {
    for (profile, word) in [
        ("2.1", "invalid_request"),
        ("2.6", "invalid_grant"),
        ("4.x", "invalid_grant"),
    ] {
        let sandbox = sandbox(&json!({"wso2": {"error_profile": profile}}));
        let old = text(&login(&sandbox, Wso2), "refresh_token");
        sandbox.advance(86_400).unwrap();
        assert_eq!(
            error(&refresh(&sandbox, Wso2, &old)),
            (400, word.to_owned()),
            "{profile}"
        );
    }
}

#[test]
fn token_errors_have_their_statuses() {
    let sandbox = sandbox(&json!({"wso2": {"scopes": ["read"], "grants": ["password"]}}));
    let url = sandbox.url();
    let client = wso2_client(&sandbox);
    let known = sandbox.credentials().wso2;
    let post = |authorization: Option<&str>, fields: &[(&str, &str)]| {
        post_form(url, "/token", authorization, fields)
    };
    let good = [
        ("grant_type", "password"),
        ("username", &*known.username),
        ("password", &*known.password),
    ];

    let bad_client = post(Some(&basic(&known.consumer_key, "wrong")), &good);
    assert_eq!(error(&bad_client), (401, "invalid_client".to_owned()));
    assert_eq!(
        bad_client.header("www-authenticate"),
        Some("Basic realm=127.0.0.1")
    );
    let bad_user = post(
        Some(&client),
        &[
            ("grant_type", "password"),
            ("username", &known.username),
            ("password", "wrong"),
        ],
    );
    assert_eq!(error(&bad_user), (400, "invalid_grant".to_owned()));
    assert_eq!(
        error(&post(
            Some(&client),
            &[("grant_type", "client_credentials")]
        )),
        (400, "unauthorized_client".to_owned())
    );
    assert_eq!(
        error(&post(Some(&client), &[("grant_type", "magic")])),
        (400, "unsupported_grant_type".to_owned())
    );
    assert_eq!(
        error(&post(Some(&client), &[])),
        (400, "invalid_request".to_owned())
    );
    // Only the raw pair is taken.
    let encoded = basic(
        &crate::client::encoded(&known.consumer_key),
        &crate::client::encoded(&known.consumer_secret),
    );
    assert_eq!(post(Some(&encoded), &good).status, 401);
    assert_eq!(
        send(
            url,
            "POST",
            "/token",
            &[
                ("authorization", &client),
                ("content-type", "application/json")
            ],
            b"{}"
        )
        .status,
        400
    );
}

#[test]
fn unknown_scopes_are_dropped_silently_or_refused() {
    let sandbox = sandbox(&json!({"wso2": {"scopes": ["read"]}}));
    let known = sandbox.credentials().wso2;
    let fields = [
        ("grant_type", "password"),
        ("username", &*known.username),
        ("password", &*known.password),
        ("scope", "read write"),
    ];
    let ask = || {
        post_form(
            sandbox.url(),
            "/token",
            Some(&wso2_client(&sandbox)),
            &fields,
        )
    };
    assert_eq!(text(&ask(), "scope"), "read");
    sandbox
        .configure(&json!({"wso2": {"unknown_scope": "reject"}}))
        .unwrap();
    assert_eq!(error(&ask()), (400, "invalid_scope".to_owned()));
}

#[test]
fn a_malformed_basic_header_depends_on_the_generation() {
    for (profile, status) in [("2.1", 404), ("2.6", 400), ("4.x", 401)] {
        let sandbox = sandbox(&json!({"wso2": {"error_profile": profile}}));
        assert_eq!(
            post_form(
                sandbox.url(),
                "/token",
                Some("Basic %%%"),
                &[("grant_type", "password")]
            )
            .status,
            status
        );
    }
}

#[test]
fn api_faults_have_three_forms() {
    let sandbox = sandbox(&json!({"wso2": {"error_profile": "2.1"}}));
    let ask = || get(sandbox.url(), "/wso2/api/x", "Bearer nonsense");
    let xml = ask();
    assert_eq!(xml.status, 401);
    assert!(xml.text().starts_with(
        "<ams:fault xmlns:ams=\"http://wso2.org/apimanager/security\"><ams:code>900901</ams:code>"
    ));
    assert_eq!(
        xml.header("www-authenticate"),
        Some("OAuth2 realm=\"WSO2 API Manager\"")
    );
    sandbox
        .configure(&json!({"wso2": {"error_profile": "2.6"}}))
        .unwrap();
    assert_eq!(ask().json()["fault"]["code"], 900_901);
    sandbox
        .configure(&json!({"wso2": {"error_profile": "4.x"}}))
        .unwrap();
    assert_eq!(ask().json()["code"], "900901");
    assert!(
        ask()
            .header("www-authenticate")
            .unwrap()
            .contains("invalid_token")
    );
    sandbox
        .configure(&json!({"wso2": {"www_authenticate": ["Basic realm=\"a\"", "Bearer"]}}))
        .unwrap();
    assert_eq!(ask().headers("www-authenticate").len(), 2);
    assert_eq!(
        send(sandbox.url(), "GET", "/wso2/api/x", &[], b"").json()["code"],
        "900902"
    );
}

#[test]
fn every_code_has_its_status() {
    let sandbox = sandbox(&json!({}));
    let table = [
        (900_901, 401),
        (900_902, 401),
        (900_903, 401),
        (900_904, 401),
        (900_905, 401),
        (900_907, 401),
        (900_909, 401),
        (900_906, 403),
        (900_908, 403),
        (900_910, 403),
        (900_900, 500),
        (900_801, 503),
        (900_800, 429),
        (900_802, 429),
        (900_803, 429),
        (900_804, 429),
        (900_806, 429),
        (900_807, 429),
    ];
    for (code, status) in table {
        sandbox
            .arm(&json!({"route": "/wso2/api/x", "fault": {"type": "unauthorized", "code": code}}))
            .unwrap();
        let reply = get(sandbox.url(), "/wso2/api/x", "Bearer x");
        assert_eq!(
            (reply.status, reply.json()["code"].clone()),
            (status, Value::from(code.to_string()))
        );
    }
}

#[test]
fn an_expired_token_has_its_own_status_and_code() {
    let sandbox =
        sandbox(&json!({"wso2": {"expired_code": 900_903}, "pismo": {"expired_status": 422}}));
    let bearer = format!("Bearer {}", token(&sandbox, Wso2));
    let pismo = token(&sandbox, evertoken_sandbox::Provider::Pismo);
    sandbox.advance(3600).unwrap();
    let reply = get(sandbox.url(), "/wso2/api/x", &bearer);
    assert_eq!(
        (reply.status, reply.json()["code"].clone()),
        (401, json!("900903"))
    );
    assert_eq!(get(sandbox.url(), "/pismo/api/x", &pismo).status, 422);
}

#[test]
fn lives_without_end_and_without_beginning() {
    let sandbox = sandbox(&json!({"wso2": {"life_secs": -1}}));
    assert_eq!(login(&sandbox, Wso2).json()["expires_in"], i64::MAX);
    sandbox.reset().unwrap();
    sandbox
        .configure(&json!({"wso2": {"life_secs": 0}}))
        .unwrap();
    let reply = login(&sandbox, Wso2);
    assert_eq!(reply.json()["expires_in"], 0);
    assert_eq!(
        get(
            sandbox.url(),
            "/wso2/api/x",
            &format!("Bearer {}", text(&reply, "access_token"))
        )
        .status,
        401
    );
    for raw in [
        json!(-1),
        json!("3600"),
        json!(9_223_372_036_854_775_i64),
        json!(null),
        json!({"odd": true}),
    ] {
        let value = if raw.is_null() {
            json!("absent")
        } else {
            raw.clone()
        };
        sandbox
            .configure(&json!({"wso2": {"expires_in": value}}))
            .unwrap();
        assert_eq!(login(&sandbox, Wso2).json()["expires_in"], raw);
    }
}

#[test]
fn revoke_answers_200_and_names_what_died() {
    let sandbox = sandbox(&json!({}));
    let pair = login(&sandbox, Wso2);
    let client = wso2_client(&sandbox);
    let revoke =
        |token: &str| post_form(sandbox.url(), "/revoke", Some(&client), &[("token", token)]);
    let unknown = revoke("nobody");
    assert_eq!(
        (
            unknown.status,
            unknown.body.len(),
            unknown.header("revokedaccesstoken")
        ),
        (200, 0, None)
    );
    assert_eq!(unknown.header("content-type"), Some("text/html"));
    let hit = revoke(&text(&pair, "access_token"));
    assert_eq!(
        hit.header("revokedaccesstoken"),
        Some(&*text(&pair, "access_token"))
    );
    assert_eq!(
        hit.header("revokedrefreshtoken"),
        Some(&*text(&pair, "refresh_token"))
    );
    assert_eq!(
        hit.header("authorizeduser"),
        Some(&*sandbox.credentials().wso2.username)
    );
    assert_eq!(
        refresh(&sandbox, Wso2, &text(&pair, "refresh_token")).status,
        400
    );
    assert_eq!(
        post_form(sandbox.url(), "/oauth2/revoke", None, &[("token", "x")]).status,
        401
    );
    assert_eq!(sandbox.counts().unwrap()["wso2"]["revoke"], 3);
}
