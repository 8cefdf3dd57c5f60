use evertoken_sandbox::Provider::Pismo;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::client::{
    basic, decoded, get, login, pismo_body, post_form, post_json, sandbox, send, token,
};

const PATH: &str = "/passport/v2/s2s/access-token";

#[test]
fn answer_and_token_have_the_documented_form() {
    let sandbox = sandbox(&json!({}));
    let reply = login(&sandbox, Pismo);
    assert_eq!(reply.status, 200);
    assert!(reply.header("date").is_some());
    let body = reply.json();
    for field in [
        "server_key",
        "tenant",
        "program_ids",
        "roles",
        "token",
        "refresh",
    ] {
        assert!(body.get(field).is_some(), "{field}");
    }
    assert_eq!(body["token"], body["refresh"]);
    assert!(body.get("expires_in").is_none() && body.get("token_type").is_none());
    let (header, claims) = decoded(body["token"].as_str().unwrap());
    assert_eq!(header, json!({"alg": "HS512"}));
    assert_eq!(claims["iss"], "Passport");
    assert_eq!(claims["tkver"], "2");
    assert!(claims["sub"].as_str().unwrap().starts_with("AUTH-"));
    assert!(claims["uid"].as_str().unwrap().starts_with("TN-"));
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        600
    );
}

#[test]
fn the_token_opens_the_api_with_and_without_the_scheme() {
    let sandbox = sandbox(&json!({}));
    let token = token(&sandbox, Pismo);
    for path in ["/pismo/api/accounts/1", "/api/accounts/1"] {
        assert_eq!(
            get(sandbox.url(), path, &format!("Bearer {token}")).status,
            200
        );
        assert_eq!(get(sandbox.url(), path, &token).status, 200);
    }
}

#[test]
fn either_form_can_be_the_only_one() {
    let sandbox = sandbox(&json!({"pismo": {"authorization": "raw"}}));
    let token = token(&sandbox, Pismo);
    assert_eq!(get(sandbox.url(), "/pismo/api/x", &token).status, 200);
    assert_eq!(
        get(sandbox.url(), "/pismo/api/x", &format!("Bearer {token}")).status,
        401
    );
    sandbox
        .configure(&json!({"pismo": {"authorization": "exact_bearer"}}))
        .unwrap();
    assert_eq!(get(sandbox.url(), "/pismo/api/x", &token).status, 401);
    assert_eq!(
        get(sandbox.url(), "/pismo/api/x", &format!("bearer {token}")).status,
        401
    );
    assert_eq!(
        get(sandbox.url(), "/pismo/api/x", &format!("Bearer {token}")).status,
        200
    );
}

#[test]
fn the_account_is_part_of_the_identity() {
    let sandbox = sandbox(&json!({}));
    let mut body = pismo_body(&sandbox);
    body["account_id"] = json!(42);
    let token = post_json(sandbox.url(), PATH, &body).json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        get(sandbox.url(), "/pismo/api/x", &token).json()["token"]["account"],
        "42"
    );
    body["account_id"] = json!("42");
    assert_eq!(post_json(sandbox.url(), PATH, &body).status, 400);
}

#[test]
fn what_is_wrong_is_told_as_documented() {
    let sandbox = sandbox(&json!({}));
    let url = sandbox.url();
    let mut wrong = pismo_body(&sandbox);
    wrong["server_secret"] = json!("x");
    let reply = post_json(url, PATH, &wrong);
    assert_eq!(
        (reply.status, reply.json()),
        (401, json!({"message": "Unauthorized"}))
    );
    assert_eq!(
        send(
            url,
            "POST",
            PATH,
            &[("content-type", "application/json")],
            b"{"
        )
        .status,
        400
    );
    assert_eq!(
        send(
            url,
            "POST",
            PATH,
            &[("content-type", "text/plain")],
            pismo_body(&sandbox).to_string().as_bytes()
        )
        .status,
        400
    );
    assert_eq!(
        post_json(url, PATH, &json!({"server_key": "x"})).status,
        400
    );
    assert_eq!(send(url, "GET", PATH, &[], b"").status, 405);
    let refused = get(url, "/pismo/api/x", "nonsense");
    assert_eq!(
        (refused.status, refused.json()),
        (401, json!({"message": "Unauthorized"}))
    );
}

#[test]
fn the_secret_has_one_name_at_a_time() {
    let sandbox = sandbox(&json!({"pismo": {"secret_field": "secret_key"}}));
    let newer = pismo_body(&sandbox);
    let mut older = newer.clone();
    older["secret_key"] = older["server_secret"].take();
    older.as_object_mut().unwrap().remove("server_secret");
    assert_eq!(post_json(sandbox.url(), PATH, &newer).status, 400);
    assert_eq!(post_json(sandbox.url(), PATH, &older).status, 200);
    sandbox
        .configure(&json!({"pismo": {"secret_field": "both"}}))
        .unwrap();
    assert_eq!(post_json(sandbox.url(), PATH, &newer).status, 200);
    assert_eq!(post_json(sandbox.url(), PATH, &older).status, 200);
    let mut two = newer.clone();
    two["secret_key"] = older["secret_key"].clone();
    assert_eq!(post_json(sandbox.url(), PATH, &two).status, 400);
}

#[test]
fn status_token_form_and_claims_can_be_switched() {
    let sandbox = sandbox(
        &json!({"pismo": {"status": 201, "token": "opaque", "second_login": "same", "expires_in": "600"}}),
    );
    let (first, second) = (login(&sandbox, Pismo), login(&sandbox, Pismo));
    assert_eq!(first.status, 201);
    assert_eq!(first.json()["expires_in"], "600");
    assert_eq!(first.json()["token"], second.json()["token"]);
    assert!(!first.json()["token"].as_str().unwrap().contains('.'));
    sandbox.configure(&json!({"pismo": {"token": "jwt", "second_login": "new", "claims_skew_secs": 1000, "claims": {"iat": null, "x": 1}}})).unwrap();
    let (_, claims) = decoded(&token(&sandbox, Pismo));
    assert!(claims.get("iat").is_none());
    assert_eq!(claims["x"], 1);
}

fn assertion(sandbox: &evertoken_sandbox::Sandbox, change: impl FnOnce(&mut Value)) -> String {
    let known = sandbox.credentials().pismo;
    let now = sandbox.control("GET", "/clock", &Value::Null).unwrap()["now_ms"]
        .as_i64()
        .unwrap()
        / 1000;
    let mut claims = json!({"iss": known.issuer, "sub": known.subject, "aud": known.audience, "tenant_id": known.tenant_id,
        "iat": now, "exp": now + 3600, "uid": "acc"});
    change(&mut claims);
    let pem = sandbox.control("GET", "/openid-key", &Value::Null).unwrap()["private_key_pem"]
        .as_str()
        .unwrap()
        .to_owned();
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
}

#[test]
fn openid_takes_a_signed_assertion_and_answers_201_with_strings() {
    let sandbox = sandbox(&json!({}));
    let path = "/passport/v1/oauth2/token";
    let reply = post_json(
        sandbox.url(),
        path,
        &json!({"token": assertion(&sandbox, |_| {})}),
    );
    assert_eq!(reply.status, 201);
    let body = reply.json();
    assert_eq!(body["expires_in"], "3600");
    assert!(body["refresh_token"].is_string());
    assert_eq!(
        get(
            sandbox.url(),
            "/pismo/api/x",
            body["token"].as_str().unwrap()
        )
        .json()["token"]["account"],
        "acc"
    );

    let too_long = assertion(&sandbox, |claims| {
        claims["exp"] = json!(claims["iat"].as_i64().unwrap() + 3601);
    });
    let other_audience = assertion(&sandbox, |claims| claims["aud"] = json!("elsewhere"));
    for wrong in [too_long, other_audience, "a.b.c".to_owned()] {
        assert_eq!(
            post_json(sandbox.url(), path, &json!({"token": wrong})).status,
            401
        );
    }
    assert_eq!(post_json(sandbox.url(), path, &json!({})).status, 400);
}

#[test]
fn client_credentials_work_too() {
    let sandbox = sandbox(&json!({}));
    let known = sandbox.credentials().pismo;
    let path = "/passport/v2/oauth/token";
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", &*known.client_id),
        ("client_secret", &*known.client_secret),
    ];
    let body = post_form(sandbox.url(), path, None, &fields).json();
    assert_eq!(body["expires_in"], 3600);
    assert_eq!(
        get(
            sandbox.url(),
            "/pismo/api/x",
            body["access_token"].as_str().unwrap()
        )
        .status,
        200
    );
    let wrong = [
        ("grant_type", "client_credentials"),
        ("client_id", "x"),
        ("client_secret", "y"),
    ];
    assert_eq!(
        post_form(sandbox.url(), path, Some(&basic("a", "b")), &wrong).status,
        401
    );
}
