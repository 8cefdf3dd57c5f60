use evertoken_sandbox::Provider::Pismo;
use serde_json::{Value, json};

use crate::client::{decoded, get, login, sandbox, token};

#[test]
fn ten_minutes_pass_at_once() {
    let sandbox = sandbox(&json!({}));
    let old = token(&sandbox, Pismo);
    sandbox.advance(598).unwrap();
    assert_eq!(get(sandbox.url(), "/pismo/api/x", &old).status, 200);
    sandbox.advance(2).unwrap();
    assert_eq!(get(sandbox.url(), "/pismo/api/x", &old).status, 401);
    let new = token(&sandbox, Pismo);
    let (old, new) = (decoded(&old).1, decoded(&new).1);
    assert!(new["iat"].as_i64().unwrap() - old["iat"].as_i64().unwrap() >= 600);
}

#[test]
fn date_follows_the_virtual_clock_and_its_skew() {
    let sandbox = sandbox(&json!({}));
    let seconds = |text: &str| {
        httpdate::parse_http_date(text)
            .unwrap()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs()
    };
    let date = || seconds(login(&sandbox, Pismo).header("date").unwrap());
    let before = date();
    sandbox.advance(86_400).unwrap();
    let next_day = date();
    assert!(next_day - before >= 86_400);
    sandbox
        .configure(&json!({"date_skew_secs": -86_400}))
        .unwrap();
    assert!(date() < next_day);
    sandbox.configure(&json!({"send_date": false})).unwrap();
    assert_eq!(login(&sandbox, Pismo).header("date"), None);
}

#[test]
fn the_clock_steps_back_and_refuses_nonsense() {
    let sandbox = sandbox(&json!({}));
    sandbox
        .control("POST", "/clock", &json!({"advance_ms": 1500}))
        .unwrap();
    let clock = sandbox
        .control("POST", "/clock", &json!({"advance_secs": -1}))
        .unwrap();
    assert_eq!(clock["offset_ms"], 500);
    assert!(sandbox.advance(i64::MAX).is_err());
    assert!(
        sandbox
            .control("POST", "/clock", &json!({"advance_hours": 1}))
            .is_err()
    );
    assert_eq!(
        sandbox.control("GET", "/clock", &Value::Null).unwrap()["offset_ms"],
        500
    );
}
