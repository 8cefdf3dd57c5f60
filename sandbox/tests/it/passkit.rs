use evertoken_sandbox::Provider::Passkit;
use evertoken_sandbox::Sandbox;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use crate::client::{decoded, get, login, post_json, sandbox, send, token};

fn long_lived(sandbox: &Sandbox) -> Value {
    let known = sandbox.credentials().passkit;
    let body = json!({"username": known.username, "password": known.password}).to_string();
    send(
        sandbox.url(),
        "POST",
        "/login",
        &[
            ("content-type", "application/json"),
            ("x-passkit-longlived-token", "true"),
        ],
        body.as_bytes(),
    )
    .json()
}

#[test]
fn a_plain_login_gives_a_jwt_of_an_hour() {
    let sandbox = sandbox(&json!({}));
    let (_, claims) = decoded(&token(&sandbox, Passkit));
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3600
    );
}

#[test]
fn the_long_lived_token_is_opaque_and_outlives_everything() {
    let sandbox = sandbox(&json!({}));
    let body = long_lived(&sandbox);
    assert_eq!(body.as_object().unwrap().len(), 1);
    let token = body["token"].as_str().unwrap();
    assert!(!token.contains('.'));
    sandbox.advance(10 * 365 * 86400).unwrap();
    assert_eq!(
        get(
            sandbox.url(),
            "/passkit/api/members",
            &format!("Bearer {token}")
        )
        .status,
        200
    );
    sandbox.revoke(Some(Passkit)).unwrap();
    assert_eq!(
        get(
            sandbox.url(),
            "/passkit/api/members",
            &format!("Bearer {token}")
        )
        .status,
        401
    );
}

#[test]
fn a_second_login_gives_a_new_token_unless_switched() {
    let sandbox = sandbox(&json!({}));
    let (first, second) = (long_lived(&sandbox), long_lived(&sandbox));
    assert_ne!(first, second);
    assert_eq!(
        get(sandbox.url(), "/api/x", first["token"].as_str().unwrap()).status,
        200
    );
    sandbox
        .configure(&json!({"passkit": {"second_login": "same"}}))
        .unwrap();
    assert_eq!(long_lived(&sandbox), second);
}

#[test]
fn errors_come_in_three_forms() {
    let sandbox = sandbox(&json!({}));
    let wrong = json!({"username": "x", "password": "y"});
    let mut seen = Vec::new();
    for format in ["text", "object", "flat"] {
        sandbox
            .configure(&json!({"passkit": {"fault_format": format}}))
            .unwrap();
        let reply = post_json(sandbox.url(), "/login", &wrong);
        assert_eq!(reply.status, 401);
        seen.push(reply.json());
    }
    assert!(seen[0]["error"].is_string());
    assert!(seen[1]["error"]["code"].is_u64() && seen[1]["error"]["message"].is_string());
    assert!(seen[2]["code"].is_string() && seen[2]["message"].is_string());
    assert_eq!(post_json(sandbox.url(), "/login", &json!({})).status, 400);
    let unknown = send(sandbox.url(), "GET", "/nothing/here", &[], b"");
    assert_eq!(unknown.status, 404);
    assert!(unknown.text().starts_with("<!DOCTYPE html>"));
}

fn signed(sandbox: &Sandbox, iat: i64, exp: i64) -> String {
    let known = sandbox.credentials().passkit;
    let now = sandbox.control("GET", "/clock", &Value::Null).unwrap()["now_ms"]
        .as_i64()
        .unwrap()
        / 1000;
    let claims = json!({"uid": known.api_key, "iat": now + iat, "exp": now + exp});
    jsonwebtoken::encode(
        &Header::default(),
        &claims,
        &EncodingKey::from_secret(known.api_secret.as_bytes()),
    )
    .unwrap()
}

#[test]
fn the_api_takes_a_jwt_signed_per_request() {
    let sandbox = sandbox(&json!({}));
    let url = sandbox.url();
    let good = signed(&sandbox, -10, 50);
    assert_eq!(get(url, "/passkit/api/x", &good).status, 200);
    assert_eq!(get(url, "/api/x", &format!("Bearer {good}")).status, 200);
    let early = get(url, "/passkit/api/x", &signed(&sandbox, 30, 90));
    assert_eq!(
        (early.status, early.json()["error"].as_str()),
        (401, Some("Token used before issued"))
    );
    let old = get(url, "/passkit/api/x", &signed(&sandbox, -61, 50));
    assert_eq!(
        (old.status, old.json()["error"].as_str()),
        (401, Some("jwt was issued too long ago"))
    );
    assert_eq!(
        get(url, "/passkit/api/x", &signed(&sandbox, -20, -10)).status,
        401
    );
}

#[test]
fn a_renewed_token_comes_with_an_answer_once_half_of_the_life_is_over() {
    let sandbox = sandbox(&json!({"passkit": {"renewed_token_header": true}}));
    let token = token(&sandbox, Passkit);
    assert_eq!(
        get(sandbox.url(), "/passkit/api/x", &token).header("x-passkit-token"),
        None
    );
    sandbox.advance(1801).unwrap();
    let renewed = get(sandbox.url(), "/passkit/api/x", &token)
        .header("x-passkit-token")
        .unwrap()
        .to_owned();
    assert_ne!(renewed, token);
    sandbox.advance(1800).unwrap();
    assert_eq!(get(sandbox.url(), "/passkit/api/x", &token).status, 401);
    assert_eq!(get(sandbox.url(), "/passkit/api/x", &renewed).status, 200);
    assert_eq!(login(&sandbox, Passkit).status, 200);
}
