//! HTTP/1.1 itself.

use evertoken_sandbox::Provider::Pismo;
use serde_json::json;

use crate::client::{Connection, get, sandbox, send_raw, token};

#[test]
fn a_connection_is_kept_and_pipelining_is_safe() {
    let sandbox = sandbox(&json!({}));
    sandbox
        .script(&json!({"/1": [{"text": "one"}], "/2": [{"text": "two"}], "/3": [{"status": 204}]}))
        .unwrap();
    let mut connection = Connection::open(sandbox.url());
    connection.write(b"POST /1 HTTP/1.1\r\ncontent-length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n");
    assert_eq!(connection.reply().unwrap().text(), "one");
    assert_eq!(connection.reply().unwrap().text(), "two");
    let empty = connection.reply().unwrap();
    assert_eq!((empty.status, empty.header("content-length")), (204, None));
    assert_eq!(sandbox.counts().unwrap()["connections"], 1);
}

#[test]
fn what_is_sent_ahead_of_a_gate_is_kept() {
    let sandbox = sandbox(&json!({}));
    sandbox
        .script(&json!({"/1": [{"text": "one", "fault": "gate"}], "/2": [{"text": "two"}]}))
        .unwrap();
    let mut connection = Connection::open(sandbox.url());
    connection.request("GET", "/1", &[], b"");
    sandbox.wait_held(1).unwrap();
    connection.request("GET", "/2", &[], b"");
    sandbox.release().unwrap();
    assert_eq!(connection.reply().unwrap().text(), "one");
    assert_eq!(connection.reply().unwrap().text(), "two");
}

#[test]
fn bodies_come_chunked_and_after_100_continue() {
    let sandbox = sandbox(&json!({}));
    let bearer = token(&sandbox, Pismo);
    let mut connection = Connection::open(sandbox.url());
    connection.write(format!("POST /api/x HTTP/1.1\r\nauthorization: {bearer}\r\ntransfer-encoding: chunked\r\n\r\n2;ext=1\r\nab\r\n").as_bytes());
    connection.write(b"1\r\nc\r\n0\r\ntrailer: 1\r\n\r\n");
    assert_eq!(connection.reply().unwrap().json()["body_length"], 3);
    connection.write(format!("POST /api/x HTTP/1.1\r\nauthorization: {bearer}\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n").as_bytes());
    assert_eq!(connection.reply().unwrap().status, 100);
    connection.write(b"abc");
    let echo = connection.reply().unwrap().json();
    assert_eq!(
        echo["body_sha256"],
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[test]
fn close_and_http_1_0_end_the_connection() {
    let sandbox = sandbox(&json!({}));
    for head in [
        "GET /_sandbox/held HTTP/1.1\r\nconnection: close\r\n\r\n",
        "GET /_sandbox/held HTTP/1.0\r\n\r\n",
    ] {
        let mut connection = Connection::open(sandbox.url());
        connection.write(head.as_bytes());
        let (bytes, end) = connection.rest();
        assert!(end.is_ok());
        assert!(
            String::from_utf8(bytes)
                .unwrap()
                .contains("\r\nconnection: close\r\n")
        );
    }
}

#[test]
fn nonsense_is_answered_with_400_and_head_without_a_body() {
    let sandbox = sandbox(&json!({}));
    for head in [
        "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        "GET / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let mut connection = Connection::open(sandbox.url());
        connection.write(head.as_bytes());
        assert!(connection.rest().0.starts_with(b"HTTP/1.1 400 "), "{head}");
    }
    let (bytes, _) = send_raw(
        sandbox.url(),
        "HEAD",
        "/nothing",
        &[("connection", "close")],
        b"",
    );
    assert!(bytes.ends_with(b"\r\n\r\n"));
}

#[test]
fn absolute_targets_are_understood_and_urls_in_a_query_are_left_alone() {
    let sandbox = sandbox(&json!({}));
    let bearer = token(&sandbox, Pismo);
    assert_eq!(
        get(
            sandbox.url(),
            "http://127.0.0.1/api/x?u=http://y/z",
            &bearer
        )
        .json()["path"],
        "/api/x"
    );
    assert_eq!(
        get(sandbox.url(), "/api/x?u=http://y/z", &bearer).json()["query"],
        "u=http://y/z"
    );
}

#[test]
fn hundreds_of_held_connections_are_answered() {
    let sandbox = sandbox(&json!({"journal": false}));
    // Both ends are in this process, which often may have 1024 files only.
    let many = 400;
    sandbox
        .arm(&json!({"count": many, "fault": "gate"}))
        .unwrap();
    let mut connections: Vec<Connection> =
        (0..many).map(|_| Connection::open(sandbox.url())).collect();
    for connection in &mut connections {
        connection.request("GET", "/x", &[], b"");
    }
    sandbox.wait_held(many).unwrap();
    assert_eq!(sandbox.release().unwrap(), many as u64);
    for connection in &mut connections {
        assert_eq!(connection.reply().unwrap().status, 404);
    }
    assert_eq!(sandbox.counts().unwrap()["total"]["answered"], many);
}
