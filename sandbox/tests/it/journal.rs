use evertoken_sandbox::Provider::{self, Passkit, Pismo, Plain, Wso2};
use serde_json::{Value, json};

use crate::client::{get, login, post_json, refresh, sandbox, send, token};

#[test]
fn no_secret_stands_in_it() {
    let sandbox = sandbox(&json!({}));
    let known = sandbox.credentials();
    let mut secrets = vec![
        known.pismo.server_secret.clone(),
        known.passkit.password.clone(),
        known.wso2.password.clone(),
        known.wso2.consumer_secret.clone(),
        known.plain.password.clone(),
        known.plain.client_secret.clone(),
        crate::client::wso2_client(&sandbox)
            .split_once(' ')
            .unwrap()
            .1
            .to_owned(),
    ];
    for provider in Provider::ALL {
        let body = login(&sandbox, provider).json();
        for field in ["token", "refresh", "access_token", "refresh_token"] {
            secrets.extend(body[field].as_str().map(str::to_owned));
        }
        let token = secrets.last().unwrap().clone();
        get(sandbox.url(), "/api/x", &format!("Bearer {token}"));
        // Under names that tell nothing: in a query, in a body, in the path, as a wrong password.
        get(
            sandbox.url(),
            &format!("/api/{token}?note={token}&access_token={token}"),
            &token,
        );
        post_json(
            sandbox.url(),
            "/api/x",
            &json!({"note": token, "deep": [{"thing": token}]}),
        );
        post_json(
            sandbox.url(),
            "/login",
            &json!({"username": "x", "password": "a-wrong-password"}),
        );
        if provider == Wso2 || provider == Plain {
            refresh(&sandbox, provider, &token);
        }
    }
    secrets.push("a-wrong-password".to_owned());
    let journal = Value::Array(sandbox.journal().unwrap()).to_string();
    let escaped = |secret: &str| {
        serde_json::to_string(secret)
            .unwrap()
            .trim_matches('"')
            .to_owned()
    };
    for secret in secrets {
        assert!(
            !journal.contains(&secret) && !journal.contains(&escaped(&secret)),
            "{secret} is in {journal}"
        );
        assert!(!journal.contains(&crate::client::encoded(&secret)) || secret.is_empty());
    }
}

#[test]
fn an_entry_tells_what_was_asked() {
    let sandbox = sandbox(&json!({}));
    let bearer = token(&sandbox, Wso2);
    send(
        sandbox.url(),
        "PUT",
        "/wso2/api/x?a=1",
        &[
            ("authorization", &format!("Bearer {bearer}")),
            ("x-mine", "1"),
        ],
        b"abc",
    );
    let journal = sandbox.journal().unwrap();
    let (login, api) = (&journal[0], &journal[1]);
    assert_eq!(
        (
            &login["provider"],
            &login["kind"],
            &login["grant_type"],
            &login["status"]
        ),
        (
            &json!("wso2"),
            &json!("login"),
            &json!("password"),
            &json!(200)
        )
    );
    assert_eq!(
        login["body"]["username"],
        sandbox.credentials().wso2.username
    );
    assert!(
        login["body"]["password"]
            .as_str()
            .unwrap()
            .starts_with("fp:")
    );
    assert_eq!(
        (
            &api["method"],
            &api["path"],
            &api["query"],
            &api["listener"]
        ),
        (
            &json!("PUT"),
            &json!("/wso2/api/x"),
            &json!("a=1"),
            &json!("http")
        )
    );
    assert_eq!(
        (&api["seq"], &api["body_length"], &api["body"]),
        (&json!(2), &json!(3), &Value::Null)
    );
    assert_eq!(
        api["body_sha256"],
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert!(
        api["headers"]
            .as_array()
            .unwrap()
            .contains(&json!("x-mine"))
    );
    // The token that was issued is the token that was shown.
    assert_eq!(login["issued"][0], api["authorization"]["fingerprint"]);
    assert_eq!(api["authorization"]["scheme"], "Bearer");
    let since = sandbox
        .control("GET", "/journal?since=1", &Value::Null)
        .unwrap();
    assert_eq!(since["entries"].as_array().unwrap().len(), 1);
}

#[test]
fn the_echo_shows_fingerprints_and_digests() {
    let sandbox = sandbox(&json!({}));
    let bearer = token(&sandbox, Pismo);
    let headers = [
        ("authorization", &*bearer),
        ("cookie", "a=b"),
        ("x-two", "1"),
        ("x-two", "2"),
    ];
    let reply = send(sandbox.url(), "PATCH", "/api/y?q=%20", &headers, b"abc");
    assert!(!reply.text().contains(&bearer));
    let echo = reply.json();
    assert_eq!(
        (
            &echo["method"],
            &echo["path"],
            &echo["query"],
            &echo["provider"]
        ),
        (
            &json!("PATCH"),
            &json!("/api/y"),
            &json!("q=%20"),
            &json!("pismo")
        )
    );
    assert_eq!(echo["headers"]["x-two"], json!(["1", "2"]));
    assert!(
        echo["headers"]["cookie"]
            .as_str()
            .unwrap()
            .starts_with("fp:")
    );
    assert_eq!(echo["body_length"], 3);
    let shown = echo["headers"]["authorization"].as_str().unwrap();
    assert_eq!(
        shown.trim_start_matches("fp:"),
        echo["token"]["fingerprint"]
    );
    assert!(echo["token"]["expires_in_ms"].as_i64().unwrap() > 590_000);
}

#[test]
fn the_limit_drops_the_oldest_and_counts_go_on() {
    let sandbox = sandbox(&json!({"journal_limit": 2}));
    for _ in 0..3 {
        login(&sandbox, Pismo);
    }
    let journal = sandbox.control("GET", "/journal", &Value::Null).unwrap();
    assert_eq!(
        (&journal["dropped"], &journal["entries"][0]["seq"]),
        (&json!(1), &json!(2))
    );
    sandbox.configure(&json!({"journal": false})).unwrap();
    login(&sandbox, Passkit);
    assert_eq!(sandbox.journal().unwrap().len(), 2);
    assert_eq!(sandbox.counts().unwrap()["total"]["login"], 4);
    sandbox.control("DELETE", "/journal", &Value::Null).unwrap();
    assert_eq!(sandbox.counts().unwrap()["total"]["login"], 0);
}

#[test]
fn superfluous_logins_are_counted_and_needed_ones_are_not() {
    let sandbox = sandbox(&json!({}));
    let superfluous = || {
        sandbox.counts().unwrap()["pismo"]["superfluous_logins"]
            .as_u64()
            .unwrap()
    };
    let first = token(&sandbox, Pismo);
    assert_eq!(superfluous(), 0);
    token(&sandbox, Pismo);
    assert_eq!(superfluous(), 1);
    // Half of the life is over.
    sandbox.advance(301).unwrap();
    let second = token(&sandbox, Pismo);
    assert_eq!(superfluous(), 1);
    assert_ne!(first, second);
    // Refused by the API, although good.
    sandbox
        .arm(&json!({"route": "api", "fault": "unauthorized"}))
        .unwrap();
    assert_eq!(get(sandbox.url(), "/pismo/api/x", &second).status, 401);
    token(&sandbox, Pismo);
    assert_eq!(superfluous(), 1);
    sandbox.revoke(None).unwrap();
    token(&sandbox, Pismo);
    assert_eq!(superfluous(), 1);
    // A token that never arrived is none.
    sandbox.advance(600).unwrap();
    sandbox
        .arm(&json!({"route": "login", "fault": {"type": "status", "processed": true}}))
        .unwrap();
    assert_eq!(login(&sandbox, Pismo).status, 503);
    assert_eq!(login(&sandbox, Pismo).status, 200);
    assert_eq!(superfluous(), 1);
    assert_eq!(sandbox.counts().unwrap()["pismo"]["api_401"], 1);
}
