use evertoken_sandbox::Provider::Plain;
use serde_json::{Value, json};

use crate::client::{encoded, get, login, post_form, post_json, refresh, sandbox, send};

#[test]
fn a_server_by_the_book() {
    let sandbox = sandbox(&json!({}));
    let reply = login(&sandbox, Plain).json();
    assert_eq!(
        (&reply["token_type"], &reply["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
    let renewed = refresh(&sandbox, Plain, reply["refresh_token"].as_str().unwrap()).json();
    // The old access token lives on here.
    for token in [&reply["access_token"], &renewed["access_token"]] {
        assert_eq!(
            get(
                sandbox.url(),
                "/plain/api/x",
                &format!("Bearer {}", token.as_str().unwrap())
            )
            .status,
            200
        );
    }
    let refused = get(sandbox.url(), "/plain/api/x", "Bearer nobody");
    assert_eq!(refused.json()["error"], "invalid_token");
    assert_eq!(
        refused.header("www-authenticate"),
        Some("Bearer realm=\"plain\", error=\"invalid_token\"")
    );
}

#[test]
fn json_login_and_json_or_bearer_refresh() {
    let sandbox = sandbox(&json!({}));
    let known = sandbox.credentials().plain;
    let reply = post_json(
        sandbox.url(),
        "/plain/login",
        &json!({"username": known.username, "password": known.password}),
    )
    .json();
    let renewed = post_json(
        sandbox.url(),
        "/plain/refresh",
        &json!({"refresh_token": reply["refresh_token"]}),
    );
    assert_eq!(renewed.status, 200);
    let bearer = format!(
        "Bearer {}",
        renewed.json()["refresh_token"].as_str().unwrap()
    );
    assert_eq!(
        send(
            sandbox.url(),
            "POST",
            "/plain/refresh",
            &[("authorization", &bearer)],
            b""
        )
        .status,
        200
    );
    assert_eq!(
        post_json(
            sandbox.url(),
            "/plain/login",
            &json!({"username": "x", "password": "y"})
        )
        .status,
        400
    );
    assert_eq!(sandbox.counts().unwrap()["plain"]["refresh"], 2);
}

#[test]
fn revoking_takes_the_counterpart_along() {
    let sandbox = sandbox(&json!({}));
    let known = sandbox.credentials().plain;
    let reply = login(&sandbox, Plain).json();
    let body = |token: &Value| {
        let fields = [
            ("client_id", &*known.client_id),
            ("client_secret", &*known.client_secret),
            ("token", token.as_str().unwrap()),
        ];
        post_form(sandbox.url(), "/plain/revoke", None, &fields)
    };
    assert_eq!(body(&reply["refresh_token"]).status, 200);
    assert_eq!(
        get(
            sandbox.url(),
            "/plain/api/x",
            &format!("Bearer {}", reply["access_token"].as_str().unwrap())
        )
        .status,
        401
    );
    assert_eq!(body(&json!("unknown")).status, 200);
}

#[test]
fn parameters_may_not_be_repeated() {
    let sandbox = sandbox(&json!({}));
    let known = sandbox.credentials().plain;
    let fields = [
        ("grant_type", "password"),
        ("grant_type", "password"),
        ("client_id", &known.client_id),
        ("client_secret", &known.client_secret),
    ];
    assert_eq!(
        post_form(sandbox.url(), "/plain/token", None, &fields).json()["error"],
        "invalid_request"
    );
    assert_eq!(encoded("a b"), "a%20b");
}
