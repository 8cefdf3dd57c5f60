//! Each fault, byte by byte.

use std::io::ErrorKind;

use evertoken_sandbox::Provider::{Pismo, Plain, Wso2};
use evertoken_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::client::{
    Connection, get, login, pismo_body, refresh, sandbox, send, send_raw, token, try_send,
};

/// Arms a fault for one API call and returns what came over the wire.
fn raw(sandbox: &Sandbox, bearer: &str, fault: &Value) -> (Vec<u8>, Option<ErrorKind>) {
    sandbox
        .arm(&json!({"route": "api", "fault": fault}))
        .unwrap();
    let headers = [("authorization", bearer), ("connection", "close")];
    let (bytes, end) = send_raw(sandbox.url(), "GET", "/pismo/api/x", &headers, b"");
    (bytes, end.err().map(|error| error.kind()))
}

fn announced_and_sent(bytes: &[u8]) -> (usize, usize) {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let announced = head
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    (announced, body.len())
}

#[test]
fn faults_below_http() {
    let sandbox = sandbox(&json!({}));
    let bearer = token(&sandbox, Pismo);
    let raw = |fault: Value| raw(&sandbox, &bearer, &fault);

    assert_eq!(
        raw(json!("reset")),
        (Vec::new(), Some(ErrorKind::ConnectionReset))
    );
    assert_eq!(raw(json!("close")), (Vec::new(), None));
    assert_eq!(raw(json!("half_status")), (b"HTTP/1.1 20".to_vec(), None));

    let (garbage, end) = raw(json!("garbage"));
    assert!(!garbage.starts_with(b"HTTP") && !garbage.is_empty() && end.is_none());

    let (middle, end) = raw(json!({"type": "reset", "at": "middle"}));
    assert_eq!(end, Some(ErrorKind::ConnectionReset));
    // The system may throw away on RST what was not read yet.
    assert!(middle.is_empty() || middle.starts_with(b"HTTP/1.1 200"));

    let (truncated, end) = raw(json!("truncate"));
    let (announced, sent) = announced_and_sent(&truncated);
    assert!(end.is_none() && sent < announced && sent > 0);

    let (long, end) = raw(json!("short_length"));
    let (announced, sent) = announced_and_sent(&long);
    assert!(end.is_none() && announced < sent && announced > 0);

    let (chunked, end) = raw(json!("bad_chunk"));
    assert!(end.is_none() && String::from_utf8_lossy(&chunked).ends_with("\r\nnot-a-size\r\n"));
    assert_eq!(get(sandbox.url(), "/pismo/api/x", &bearer).status, 200);
}

#[test]
fn faults_that_are_answers() {
    let sandbox = sandbox(&json!({}));
    let bearer = token(&sandbox, Pismo);
    let ask = |fault: Value| {
        sandbox
            .arm(&json!({"route": "/pismo/api/x", "fault": fault}))
            .unwrap();
        get(sandbox.url(), "/pismo/api/x", &bearer)
    };
    let status = ask(
        json!({"type": "status", "status": 418, "headers": {"x-a": ["1", "2"]}, "text": "{{now}}"}),
    );
    assert_eq!(
        (status.status, status.headers("x-a")),
        (418, vec!["1", "2"])
    );
    assert!(status.text().parse::<i64>().is_ok());
    assert_eq!(ask(json!("status")).status, 503);
    assert_eq!(
        ask(json!("unauthorized")).json(),
        json!({"message": "Unauthorized"})
    );
    let gateway = ask(json!("gateway"));
    assert!(gateway.status == 500 && gateway.text().contains("<am:code>101503</am:code>"));
    assert_eq!(
        ask(json!({"type": "gateway", "format": "flat"})).json()["code"],
        "101503"
    );
    let html = ask(json!("html"));
    assert!(html.status == 200 && html.text().starts_with("<!DOCTYPE html>"));
    assert!(ask(json!({"type": "empty", "status": 201})).body.is_empty());
    assert!(serde_json::from_slice::<Value>(&ask(json!("bad_json")).body).is_err());
    let huge = ask(json!("huge"));
    assert_eq!(huge.body.len(), 2 * 1024 * 1024);
    assert!(huge.json().is_object());
    let redirect = ask(json!("redirect"));
    assert_eq!(
        (redirect.status, redirect.header("location")),
        (
            307,
            Some(&*format!("{}/pismo/api/x", sandbox.foreign_url()))
        )
    );
    assert_eq!(
        ask(json!({"type": "redirect", "status": 302, "location": "/y"})).header("location"),
        Some("/y")
    );
    assert_eq!(ask(json!({"type": "delay", "ms": 1})).status, 200);
}

#[test]
fn rate_limits_in_either_form() {
    let sandbox = sandbox(&json!({}));
    let ask = |route: &str, path: &str, fault: Value| {
        sandbox
            .arm(&json!({"route": route, "fault": fault}))
            .unwrap();
        get(sandbox.url(), path, "Bearer x")
    };
    let seconds = ask(
        "api",
        "/pismo/api/x",
        json!({"type": "rate_limited", "retry_after": 7}),
    );
    assert_eq!(
        (seconds.status, seconds.header("retry-after")),
        (429, Some("7"))
    );
    let date = ask(
        "api",
        "/pismo/api/x",
        json!({"type": "rate_limited", "retry_after_date": 7}),
    );
    assert!(date.header("retry-after").unwrap().ends_with(" GMT"));
    let none = ask(
        "api",
        "/pismo/api/x",
        json!({"type": "rate_limited", "no_retry_after": true}),
    );
    assert_eq!(none.header("retry-after"), None);
    let wso2 = ask("api", "/wso2/api/x", json!("rate_limited"));
    assert!(wso2.header("retry-after").unwrap().ends_with(" GMT"));
    assert_eq!(wso2.json()["code"], "900800");
    assert!(wso2.json()["nextAccessTime"].is_string());
}

#[test]
fn a_login_that_is_refused_by_fault_mints_nothing() {
    let sandbox = sandbox(&json!({}));
    sandbox
        .arm(&json!({"route": "login", "count": 2, "fault": "unauthorized"}))
        .unwrap();
    assert_eq!(
        (login(&sandbox, Pismo).status, login(&sandbox, Wso2).status),
        (401, 401)
    );
    assert_eq!(login(&sandbox, Pismo).status, 200);
    assert_eq!(sandbox.journal().unwrap()[0]["issued"], json!([]));
}

#[test]
fn the_answer_that_got_lost_has_done_its_work() {
    let sandbox = sandbox(&json!({}));
    let old = login(&sandbox, Wso2).json()["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    sandbox
        .arm(&json!({"route": "refresh", "fault": {"type": "close", "processed": true}}))
        .unwrap();
    let headers = [
        ("authorization", &*crate::client::wso2_client(&sandbox)),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let body = format!("grant_type=refresh_token&refresh_token={old}");
    assert!(try_send(sandbox.url(), "POST", "/token", &headers, body.as_bytes()).is_err());
    assert_eq!(refresh(&sandbox, Wso2, &old).status, 400);
    let journal = sandbox.journal().unwrap();
    assert_eq!(
        (
            &journal[1]["status"],
            journal[1]["issued"].as_array().unwrap().len()
        ),
        (&Value::Null, 1)
    );
}

#[test]
fn a_gate_holds_until_released_and_decides_then() {
    let sandbox = sandbox(&json!({}));
    let bearer = token(&sandbox, Pismo);
    sandbox
        .arm(&json!({"route": "api", "count": 3, "fault": "gate"}))
        .unwrap();
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| get(sandbox.url(), "/pismo/api/x", &bearer).status))
            .collect();
        sandbox.wait_held(3).unwrap();
        assert_eq!(sandbox.held(), 3);
        sandbox.revoke(None).unwrap();
        assert_eq!(
            sandbox
                .control("POST", "/release", &json!({"count": 1}))
                .unwrap(),
            json!({"released": 1, "held": 2})
        );
        assert_eq!(sandbox.release().unwrap(), 2);
        for call in calls {
            assert_eq!(call.join().unwrap(), 401);
        }
    });
}

#[test]
fn a_processed_gate_has_decided_on_arrival() {
    let sandbox = sandbox(&json!({}));
    let bearer = token(&sandbox, Pismo);
    sandbox
        .arm(&json!({"route": "api", "fault": {"type": "gate", "processed": true}}))
        .unwrap();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| get(sandbox.url(), "/pismo/api/x", &bearer).status);
        sandbox.wait_held(1).unwrap();
        sandbox.revoke(None).unwrap();
        sandbox.release().unwrap();
        assert_eq!(call.join().unwrap(), 200);
    });
}

#[test]
fn a_hang_ends_without_an_answer() {
    let sandbox = sandbox(&json!({}));
    sandbox
        .arm(&json!({"route": "login", "fault": "hang"}))
        .unwrap();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| {
            let body = pismo_body(&sandbox).to_string();
            send_raw(
                sandbox.url(),
                "POST",
                Pismo.token_path(),
                &[("content-type", "application/json")],
                body.as_bytes(),
            )
            .0
        });
        sandbox.wait_held(1).unwrap();
        sandbox.release().unwrap();
        assert!(call.join().unwrap().is_empty());
    });
}

#[test]
fn a_held_client_that_leaves_is_not_held_any_more() {
    let sandbox = sandbox(&json!({}));
    sandbox.arm(&json!({"fault": "hang"})).unwrap();
    let mut connection = Connection::open(sandbox.url());
    connection.request("GET", "/api/x", &[], b"");
    sandbox.wait_held(1).unwrap();
    drop(connection);
    // There is no event to wait for on this side, only the state itself.
    while sandbox.held() > 0 {
        std::thread::yield_now();
    }
    assert_eq!(sandbox.journal().unwrap()[0]["note"], "client_gone");
}

#[test]
fn revoke_and_rotate_hit_as_the_request_arrives() {
    let sandbox = sandbox(&json!({}));
    let first = login(&sandbox, Wso2).json();
    let bearer = format!("Bearer {}", first["access_token"].as_str().unwrap());
    sandbox.arm(&json!({"route": "api", "provider": "wso2", "skip": 1, "fault": {"type": "revoke", "what": "access"}})).unwrap();
    assert_eq!(get(sandbox.url(), "/wso2/api/x", &bearer).status, 200);
    assert_eq!(get(sandbox.url(), "/wso2/api/x", &bearer).status, 401);
    let second = refresh(&sandbox, Wso2, first["refresh_token"].as_str().unwrap());
    assert_eq!(second.status, 200);
    sandbox
        .arm(&json!({"route": "refresh", "fault": "rotate"}))
        .unwrap();
    assert_eq!(
        refresh(
            &sandbox,
            Wso2,
            second.json()["refresh_token"].as_str().unwrap()
        )
        .status,
        400
    );
    // What someone else got is what a login returns now.
    let third = login(&sandbox, Wso2).json();
    assert_ne!(third["access_token"], second.json()["access_token"]);
    assert_eq!(
        login(&sandbox, Wso2).json()["access_token"],
        third["access_token"]
    );
}

#[test]
fn a_redirected_token_request_shows_on_the_foreign_side() {
    let sandbox = sandbox(&json!({}));
    sandbox
        .arm(&json!({"route": "login", "fault": "redirect"}))
        .unwrap();
    let location = login(&sandbox, Plain)
        .header("location")
        .unwrap()
        .to_owned();
    assert_eq!(sandbox.counts().unwrap()["foreign"], 0);
    let path = location.strip_prefix(sandbox.foreign_url()).unwrap();
    send(sandbox.foreign_url(), "POST", path, &[], b"");
    assert_eq!(sandbox.counts().unwrap()["foreign"], 1);
}
