//! What real token servers vary.

use evertoken_sandbox::Provider::Plain;
use evertoken_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::client::{basic, encoded, get, login, post_form, refresh, sandbox};

fn try_client(sandbox: &Sandbox, form: &str) -> u16 {
    let known = sandbox.credentials().plain;
    let plus = |text: &str| encoded(text).replace("%20", "+");
    let header = match form {
        "basic_raw" => Some(basic(&known.client_id, &known.client_secret)),
        "basic_form" => Some(basic(&plus(&known.client_id), &plus(&known.client_secret))),
        "basic_percent" => Some(basic(
            &encoded(&known.client_id),
            &encoded(&known.client_secret),
        )),
        _ => None,
    };
    let mut fields = vec![("grant_type", "client_credentials")];
    if header.is_none() {
        fields.extend([
            ("client_id", &*known.client_id),
            ("client_secret", &*known.client_secret),
        ]);
    }
    post_form(sandbox.url(), "/plain/token", header.as_deref(), &fields).status
}

#[test]
fn each_client_authentication_can_be_the_only_one() {
    let sandbox = sandbox(&json!({}));
    let forms = ["basic_raw", "basic_form", "basic_percent", "body"];
    for accepted in forms {
        sandbox
            .configure(&json!({"plain": {"client_auth": [accepted]}}))
            .unwrap();
        for form in forms {
            // %20 is a space to a form decoder as well.
            let fits = form == accepted || (accepted == "basic_form" && form == "basic_percent");
            assert_eq!(
                try_client(&sandbox, form),
                if fits { 200 } else { 401 },
                "{form} where {accepted} is accepted"
            );
        }
    }
}

#[test]
fn fields_move_and_units_change() {
    let sandbox = sandbox(
        &json!({"plain": {"status": 201, "token_field": "data.auth.token", "refresh_field": "header:X-Refresh",
        "expires_field": "data.until", "expires_unit": "iso", "token_type": ""}}),
    );
    let reply = login(&sandbox, Plain);
    assert_eq!(reply.status, 201);
    assert!(reply.header("x-refresh").is_some());
    let body = reply.json();
    assert!(body["data"]["auth"]["token"].is_string());
    assert!(body["data"]["until"].as_str().unwrap().ends_with('Z'));
    assert!(body.get("token_type").is_none() && body.get("access_token").is_none());
    for (unit, life) in [("seconds", 3600), ("milliseconds", 3_600_000)] {
        sandbox
            .configure(&json!({"plain": {"expires_unit": unit}}))
            .unwrap();
        assert_eq!(
            login(&sandbox, Plain).json()["data"]["until"],
            life,
            "{unit}"
        );
    }
    sandbox
        .configure(&json!({"plain": {"expires_unit": "unix_ms"}}))
        .unwrap();
    let now = sandbox.control("GET", "/clock", &Value::Null).unwrap()["now_ms"]
        .as_i64()
        .unwrap();
    assert!(
        login(&sandbox, Plain).json()["data"]["until"]
            .as_i64()
            .unwrap()
            >= now + 3_600_000
    );
    sandbox
        .configure(&json!({"plain": {"token_field": "header:X-Auth-Token"}}))
        .unwrap();
    let token = login(&sandbox, Plain)
        .header("x-auth-token")
        .unwrap()
        .to_owned();
    assert_eq!(
        get(sandbox.url(), "/plain/api/x", &format!("Bearer {token}")).status,
        200
    );
}

#[test]
fn a_wrong_password_has_many_faces() {
    let sandbox = sandbox(&json!({"plain": {"wrong_password": [403, "access_denied"]}}));
    let known = sandbox.credentials().plain;
    let fields = [
        ("grant_type", "password"),
        ("username", "x"),
        ("password", "y"),
    ];
    let reply = post_form(
        sandbox.url(),
        "/plain/token",
        Some(&basic(&known.client_id, &known.client_secret)),
        &fields,
    );
    assert_eq!(
        (reply.status, reply.json()["error"].clone()),
        (403, json!("access_denied"))
    );
}

#[test]
fn a_refresh_answer_may_leave_the_refresh_token_out() {
    let sandbox = sandbox(&json!({"plain": {"omit_refresh": true}}));
    let old = login(&sandbox, Plain).json()["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    for _ in 0..2 {
        let reply = refresh(&sandbox, Plain, &old);
        assert!(reply.status == 200 && reply.json().get("refresh_token").is_none());
    }
}

#[test]
fn without_rotation_the_refresh_token_stays() {
    let sandbox = sandbox(&json!({"plain": {"rotation": false, "refresh_kills_access": true}}));
    let first = login(&sandbox, Plain).json();
    let old = first["refresh_token"].as_str().unwrap();
    assert_eq!(refresh(&sandbox, Plain, old).json()["refresh_token"], old);
    assert_eq!(
        get(
            sandbox.url(),
            "/plain/api/x",
            &format!("Bearer {}", first["access_token"].as_str().unwrap())
        )
        .status,
        401
    );
}

#[test]
fn reuse_of_a_rotated_refresh_token_kills_the_grant() {
    let sandbox = sandbox(&json!({"plain": {"reuse_kills_grant": true}}));
    let first = login(&sandbox, Plain).json();
    let second = refresh(&sandbox, Plain, first["refresh_token"].as_str().unwrap()).json();
    assert_eq!(
        refresh(&sandbox, Plain, first["refresh_token"].as_str().unwrap()).status,
        400
    );
    assert_eq!(
        refresh(&sandbox, Plain, second["refresh_token"].as_str().unwrap()).status,
        400
    );
    assert_eq!(
        get(
            sandbox.url(),
            "/plain/api/x",
            &format!("Bearer {}", second["access_token"].as_str().unwrap())
        )
        .status,
        401
    );
}

#[test]
fn a_rotated_refresh_token_is_taken_once_however_many_send_it_at_once() {
    let sandbox = sandbox(&json!({}));
    let once = login(&sandbox, Plain).json()["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    sandbox
        .arm(&json!({"route": "refresh", "count": 20, "fault": "gate"}))
        .unwrap();
    let taken = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| refresh(&sandbox, Plain, &once).status))
            .collect();
        sandbox.wait_held(20).unwrap();
        sandbox.release().unwrap();
        calls
            .into_iter()
            .map(|call| call.join().unwrap())
            .filter(|status| *status == 200)
            .count()
    });
    assert_eq!(taken, 1);
}

#[test]
fn refresh_can_be_off() {
    let sandbox = sandbox(&json!({"plain": {"refresh": false}}));
    assert!(login(&sandbox, Plain).json().get("refresh_token").is_none());
    assert_eq!(
        refresh(&sandbox, Plain, "x").json()["error"],
        "unauthorized_client"
    );
}

#[test]
fn an_expired_token_may_be_refused_with_html_or_nothing() {
    let sandbox = sandbox(&json!({"plain": {"fault_format": "html", "www_authenticate": []}}));
    let html = get(sandbox.url(), "/plain/api/x", "Bearer x");
    assert!(
        html.status == 401
            && html.text().contains("<html>")
            && html.header("www-authenticate").is_none()
    );
    sandbox
        .configure(&json!({"plain": {"fault_format": "empty"}}))
        .unwrap();
    assert!(
        get(sandbox.url(), "/plain/api/x", "Bearer x")
            .body
            .is_empty()
    );
}
