use evertoken_sandbox::Provider::{Pismo, Wso2};
use evertoken_sandbox::{Sandbox, Settings};
use serde_json::{Value, json};

use crate::client::{get, login, pismo_body, post_json, sandbox, send, token};

#[test]
fn everything_is_reached_over_http_as_well() {
    let sandbox = sandbox(&json!({}));
    let url = sandbox.url();
    assert_eq!(get(url, "/_sandbox", "").json(), sandbox.info());
    assert_eq!(
        get(url, "/_sandbox/credentials", "").json()["pismo"]["server_key"],
        sandbox.credentials().pismo.server_key
    );
    assert_eq!(
        post_json(url, "/_sandbox/faults", &json!({"fault": "reset"})).json(),
        json!({"armed": 1})
    );
    assert_eq!(
        send(url, "DELETE", "/_sandbox/faults", &[], b"").json(),
        json!({})
    );
    assert_eq!(
        get(url, "/_sandbox/faults", "").json(),
        json!({"armed": []})
    );
    assert_eq!(get(url, "/_sandbox/held", "").json(), json!({"held": 0}));
    assert_eq!(get(url, "/_sandbox/ca", "").json()["ca_pem"], Value::Null);
    assert_eq!(
        get(url, "/_sandbox/journal", "").json(),
        json!({"entries": [], "dropped": 0})
    );
}

#[test]
fn mistakes_are_named() {
    let sandbox = sandbox(&json!({}));
    let url = sandbox.url();
    assert_eq!(get(url, "/_sandbox/nothing", "").status, 404);
    assert_eq!(get(url, "/_sandbox/clock/", "").status, 200);
    assert_eq!(send(url, "PUT", "/_sandbox/clock", &[], b"").status, 405);
    assert_eq!(send(url, "POST", "/_sandbox/clock", &[], b"{").status, 400);
    let before = sandbox.settings();
    for (path, body, word) in [
        ("/settings", json!({"pismo": {"lief_secs": 1}}), "lief_secs"),
        ("/settings", json!({"port": 1}), "start"),
        (
            "/faults",
            json!({"route": "logn", "fault": "reset"}),
            "logn",
        ),
        ("/faults", json!({"fault": "explode"}), "explode"),
        (
            "/faults",
            json!({"fault": {"type": "gate", "extra": 1}}),
            "extra",
        ),
        ("/wait", json!({}), "one of"),
        ("/wait", json!({"held": 1, "route": "nowhere"}), "nowhere"),
        ("/revoke", json!({"provider": "nobody"}), "nobody"),
        ("/journal?since=x", Value::Null, "POST"),
    ] {
        let error = sandbox.control("POST", path, &body).unwrap_err();
        assert!(error.message.contains(word), "{path}: {error}");
    }
    assert_eq!(sandbox.settings(), before);
}

#[test]
fn a_wait_ends_by_event_or_by_timeout() {
    let sandbox = sandbox(&json!({}));
    let late = sandbox
        .control("POST", "/wait", &json!({"requests": 1, "timeout_ms": 1}))
        .unwrap_err();
    assert_eq!(late.status, 408);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            post_json(
                sandbox.url(),
                "/_sandbox/wait",
                &json!({"answered": 2, "route": "login", "provider": "pismo"}),
            )
        });
        login(&sandbox, Pismo);
        login(&sandbox, Wso2);
        login(&sandbox, Pismo);
        assert_eq!(waiter.join().unwrap().json(), json!({"answered": 2}));
    });
    sandbox.wait_requests("POST /token", 1).unwrap();
}

#[test]
fn rotating_the_secret_refuses_the_old_one() {
    let sandbox = sandbox(&json!({}));
    let old = pismo_body(&sandbox);
    let held = token(&sandbox, Pismo);
    let new = sandbox
        .control(
            "POST",
            "/rotate",
            &json!({"provider": "pismo", "secret": true}),
        )
        .unwrap();
    assert_eq!(
        new["credentials"]["pismo"]["server_secret"],
        sandbox.credentials().pismo.server_secret
    );
    assert_eq!(
        post_json(sandbox.url(), Pismo.token_path(), &old).status,
        401
    );
    assert_eq!(login(&sandbox, Pismo).status, 200);
    assert_eq!(get(sandbox.url(), "/pismo/api/x", &held).status, 200);
    assert_eq!(login(&sandbox, Wso2).status, 200);
}

#[test]
fn rotate_and_revoke_say_how_many() {
    let sandbox = sandbox(&json!({}));
    let held = token(&sandbox, Pismo);
    token(&sandbox, Wso2);
    assert_eq!(sandbox.rotate(None).unwrap(), 2);
    assert_eq!(get(sandbox.url(), "/pismo/api/x", &held).status, 401);
    assert_eq!(sandbox.revoke(Some(Wso2)).unwrap(), 1);
    assert_eq!(
        sandbox
            .control("POST", "/revoke", &json!({"what": "refresh"}))
            .unwrap(),
        json!({"access": 0, "refresh": 0})
    );
}

#[test]
fn reset_is_as_just_started() {
    let sandbox = sandbox(&json!({"pismo": {"life_secs": 5}}));
    sandbox
        .configure(&json!({"pismo": {"life_secs": 7}}))
        .unwrap();
    sandbox.advance(100).unwrap();
    sandbox.arm(&json!({"count": 0, "fault": "close"})).unwrap();
    sandbox.script(&json!({"/x": []})).unwrap();
    sandbox.reset().unwrap();
    assert_eq!(sandbox.settings().pismo.life_secs, 5);
    assert_eq!(
        sandbox.control("GET", "/clock", &Value::Null).unwrap()["offset_ms"],
        0
    );
    assert_eq!(login(&sandbox, Pismo).status, 200);
    assert_eq!(sandbox.journal().unwrap().len(), 1);
}

#[test]
fn closing_is_prompt_and_idempotent_and_frees_the_port() {
    let sandbox = sandbox(&json!({}));
    let url = sandbox.url().to_owned();
    sandbox.arm(&json!({"fault": "hang"})).unwrap();
    let mut held = crate::client::Connection::open(&url);
    held.request("GET", "/x", &[], b"");
    sandbox.wait_held(1).unwrap();
    sandbox.close();
    sandbox.close();
    assert!(held.reply().is_err());
    assert!(std::net::TcpStream::connect(url.trim_start_matches("http://")).is_err());
    assert_eq!(sandbox.counts().unwrap_err().status, 503);
}

#[test]
fn a_taken_port_is_an_error_and_not_a_panic() {
    let first = sandbox(&json!({}));
    let port: u16 = first.url().rsplit(':').next().unwrap().parse().unwrap();
    let settings = Settings::from_json(&json!({"port": port})).unwrap();
    assert!(Sandbox::start(settings).is_err());
}

#[test]
fn async_callers_are_not_blocked() {
    let sandbox = sandbox(&json!({}));
    sandbox.arm(&json!({"fault": "gate"})).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| login(&sandbox, Pismo).status);
        runtime.block_on(async {
            sandbox
                .control_async("POST", "/wait", &json!({"held": 1}))
                .await
                .unwrap()
        });
        sandbox.release().unwrap();
        assert_eq!(call.join().unwrap(), 200);
    });
}
