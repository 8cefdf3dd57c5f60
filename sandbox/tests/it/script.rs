use serde_json::{Value, json};

use crate::client::{decoded, get, post_form, post_json, sandbox, send, send_raw, try_send};

#[test]
fn answers_come_in_order_and_then_the_script_is_exhausted() {
    let sandbox = sandbox(&json!({}));
    sandbox
        .script(&json!({"GET /a": [{"status": 503, "headers": {"retry-after": 1, "x": ["1", "2"]}}, {"text": "ok", "times": 2}],
            "/b": {"repeat_last": true, "answers": [{"status": 401}, {"json": null}]}}))
        .unwrap();
    let first = get(sandbox.url(), "/a", "x");
    assert_eq!(
        (
            first.status,
            first.header("retry-after"),
            first.headers("x")
        ),
        (503, Some("1"), vec!["1", "2"])
    );
    assert_eq!(get(sandbox.url(), "/a?q=1", "x").text(), "ok");
    assert_eq!(get(sandbox.url(), "/a", "x").text(), "ok");
    let end = get(sandbox.url(), "/a", "x");
    assert_eq!(
        (end.status, end.json()),
        (500, json!({"error": "sandbox_script_exhausted"}))
    );
    assert_eq!(get(sandbox.url(), "/b", "x").status, 401);
    for _ in 0..3 {
        assert_eq!(send(sandbox.url(), "POST", "/b", &[], b"").text(), "null");
    }
    assert_eq!(sandbox.counts().unwrap()["script_exhausted"], 1);
    let notes: Vec<Value> = sandbox
        .journal()
        .unwrap()
        .iter()
        .map(|entry| entry["note"].clone())
        .collect();
    assert_eq!(
        notes[..4],
        [
            json!("script"),
            json!("script"),
            json!("script"),
            json!("script_exhausted")
        ]
    );
    assert_eq!(sandbox.counts().unwrap()["paths"]["GET /a"], 4);
}

#[test]
fn scripts_come_before_providers_and_prefixes_after_exact_paths() {
    let sandbox = sandbox(&json!({}));
    sandbox
        .script(&json!({"/token": [{"json": {"access_token": "T1"}}], "/api/*": {"repeat_last": true, "answers": [{"text": "prefix"}]},
            "/api/exact": {"repeat_last": true, "answers": [{"text": "exact"}]}}))
        .unwrap();
    assert_eq!(
        post_form(sandbox.url(), "/token", None, &[("grant_type", "password")]).json()["access_token"],
        "T1"
    );
    assert_eq!(get(sandbox.url(), "/api/any", "x").text(), "prefix");
    assert_eq!(get(sandbox.url(), "/api/exact", "x").text(), "exact");
    assert_eq!(sandbox.counts().unwrap()["wso2"]["login"], 1);
    sandbox.control("DELETE", "/script", &Value::Null).unwrap();
    assert_eq!(get(sandbox.url(), "/api/any", "x").status, 401);
}

#[test]
fn templates_follow_the_virtual_clock() {
    let sandbox = sandbox(&json!({}));
    sandbox
        .script(&json!({"/t": {"repeat_last": true, "answers": [{"headers": {"retry-after": "{{httpdate+5}}", "date": null}, "json": {
            "token": "{{jwt exp=600 iat=0 sub=a as=t1}}", "again": "{{var t1}}", "at": "{{now+3600}}", "ms": "{{now_ms+1}}",
            "iso": "{{iso+60}}", "link": "{{base}}/x", "text": "{{string now}}"}}]}}))
        .unwrap();
    let ask = || get(sandbox.url(), "/t", "x");
    let first = ask();
    let body = first.json();
    let (header, claims) = decoded(body["token"].as_str().unwrap());
    assert_eq!(
        (header, &claims["sub"]),
        (json!({"alg": "HS512"}), &json!("a"))
    );
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        600
    );
    assert_eq!(body["token"], body["again"]);
    assert!(body["at"].is_i64() && body["ms"].is_i64() && body["text"].is_string());
    assert_eq!(body["link"], format!("{}/x", sandbox.url()));
    assert!(
        first.header("date").is_none() && first.header("retry-after").unwrap().ends_with(" GMT")
    );
    sandbox.advance(1000).unwrap();
    assert!(ask().json()["at"].as_i64().unwrap() >= body["at"].as_i64().unwrap() + 1000);
}

#[test]
fn expectations_are_subset_checks_that_fail_loudly() {
    let sandbox = sandbox(&json!({}));
    let expect = json!({"method": "POST", "query": {"a": 1}, "headers": {"Authorization": "Bearer right-token", "x-absent": null, "host": "*"},
        "form": {"grant_type": "password", "password": "right-password"}});
    sandbox
        .script(
            &json!({"/e": {"repeat_last": true, "answers": [{"text": "ok", "expect": expect}]}}),
        )
        .unwrap();
    let good = [
        ("grant_type", "password"),
        ("password", "right-password"),
        ("more", "1"),
    ];
    assert_eq!(
        post_form(sandbox.url(), "/e?a=1", Some("Bearer right-token"), &good).text(),
        "ok"
    );
    let bad = post_form(
        sandbox.url(),
        "/e",
        Some("Bearer wrong-token"),
        &[("grant_type", "x"), ("password", "wrong-password")],
    );
    assert_eq!(
        (bad.status, bad.json()["error"].clone()),
        (500, json!("sandbox_expect_failed"))
    );
    let entry = &sandbox.journal().unwrap()[1];
    assert_eq!(entry["note"], "expect_failed");
    let lines = entry["mismatches"].to_string();
    for part in [
        "query.a",
        "headers.authorization",
        "form.grant_type",
        "form.password",
    ] {
        assert!(lines.contains(part), "{lines}");
    }
    for secret in [
        "right-token",
        "wrong-token",
        "right-password",
        "wrong-password",
    ] {
        assert!(
            !lines.contains(secret) && !bad.text().contains(secret),
            "{lines}"
        );
    }
    assert_eq!(sandbox.counts().unwrap()["expect_failed"], 1);

    sandbox.script(&json!({"/j": [{"expect": {"json": {"a": {"b": 1}, "c": null}}}, {"expect": {"json": {"a": {"b": 2}}}}]})).unwrap();
    assert_eq!(
        post_json(sandbox.url(), "/j", &json!({"a": {"b": 1, "x": 2}})).status,
        200
    );
    assert_eq!(
        post_json(sandbox.url(), "/j", &json!({"a": {"b": 1}})).status,
        500
    );
}

#[test]
fn scripted_answers_suffer_faults_and_move_the_clock() {
    let sandbox = sandbox(&json!({}));
    sandbox
        .script(&json!({"/f": [
            {"fault": "half_status"},
            {"text": "hello", "fault": "truncate"},
            {"json": "{{now}}", "do": [{"POST /_sandbox/clock": {"advance_secs": 5000}}], "date_skew_secs": 60},
            {"body_base64": "AP8="},
            {"text": "held", "fault": "gate"}]}))
        .unwrap();
    assert_eq!(
        send_raw(sandbox.url(), "GET", "/f", &[], b"").0,
        b"HTTP/1.1 20"
    );
    assert!(try_send(sandbox.url(), "GET", "/f", &[], b"").is_err());
    let before = sandbox.control("GET", "/clock", &Value::Null).unwrap()["now_ms"]
        .as_i64()
        .unwrap()
        / 1000;
    assert!(get(sandbox.url(), "/f", "x").json().as_i64().unwrap() >= before + 5000);
    assert_eq!(get(sandbox.url(), "/f", "x").body, [0, 255]);
    std::thread::scope(|scope| {
        let call = scope.spawn(|| get(sandbox.url(), "/f", "x").text());
        sandbox.wait_held(1).unwrap();
        sandbox.release().unwrap();
        assert_eq!(call.join().unwrap(), "held");
    });
}

#[test]
fn armed_faults_hit_scripted_routes_too() {
    let sandbox = sandbox(&json!({}));
    sandbox.script(&json!({"/x": [{"text": "ok"}]})).unwrap();
    sandbox
        .arm(&json!({"route": "/x", "fault": {"type": "status", "status": 502}}))
        .unwrap();
    assert_eq!(get(sandbox.url(), "/x", "x").status, 502);
}

#[test]
fn mistakes_in_a_script_are_told_when_it_is_posted() {
    let sandbox = sandbox(&json!({}));
    for (script, word) in [
        (json!({"/x": [{"sttus": 1}]}), "sttus"),
        (json!({"x": []}), "/path"),
        (json!({"/x": [{"json": 1, "text": "a"}]}), "one of"),
        (json!({"/x": [{"text": "{{nwo}}"}]}), "nwo"),
        (json!({"/x": [{"headers": {"a b": "1"}}]}), "header name"),
        (json!({"/x": {"answers": [], "repeat": true}}), "repeat"),
        (json!([]), "object"),
    ] {
        let error = sandbox.script(&script).unwrap_err();
        assert!(error.message.contains(word), "{error}");
    }
    assert_eq!(
        sandbox.control("GET", "/script", &Value::Null).unwrap(),
        json!({"routes": {}})
    );
}
