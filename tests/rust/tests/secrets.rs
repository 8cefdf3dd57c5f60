//! Nothing that can be printed shows a secret, in any of the forms in which it travels.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use evertoken::flow::{
    ClientCredentials, IntoFlow, JsonLogin, PassKit, Password, Pismo, TokenResponse, Wso2,
};
use evertoken::{Client, HeaderMap, Method, OptionValue, Options, ResponseFacts, Secret};
use evertoken_tests::{capture, grant, sandbox, scripted};
use serde_json::json;

/// `app:client-secret-1` in Base64 is the header's form of the client's credentials.
const SECRETS: &[&str] = &[
    "password-secret-1",
    "client-secret-1",
    "server-key-1",
    "access-1",
    "access-2",
    "refresh-1",
    "factor-secret-1",
    "key-secret-1",
    "YXBwOmNsaWVudC1zZWNyZXQtMQ",
    "password%2Dsecret",
];

#[track_caller]
fn shows_nothing(what: &impl Debug) {
    for text in [format!("{what:?}"), format!("{what:#?}")] {
        is_clean(&text);
    }
}

#[track_caller]
fn is_clean(text: &str) {
    if let Some(secret) = SECRETS.iter().find(|secret| text.contains(**secret)) {
        panic!("{secret} is shown in {text}");
    }
}

#[test]
fn credentials_and_flows() {
    let base = "https://api.example".parse().expect("a URL");
    let password = Password::new("https://as.example/token", "user", "password-secret-1")
        .client("app", "client-secret-1")
        .extra_field("key", "key-secret-1");
    let credentials = ClientCredentials::new("https://as.example/token", "app", "client-secret-1")
        .extra_header("x-key", "key-secret-1");
    let pismo = Pismo::new("server-key-1", "client-secret-1");
    let passkit = PassKit::new("user", "password-secret-1").two_fa_token("factor-secret-1");
    let pasted = PassKit::token("access-1");
    let wso2 = Wso2::new(
        "https://gw.example/token",
        "app",
        "client-secret-1",
        "john",
        "password-secret-1",
    );
    let described = JsonLogin::new("https://as.example/login")
        .field("pass", "password-secret-1")
        .header("x-key", "key-secret-1");
    shows_nothing(&password);
    shows_nothing(&credentials);
    shows_nothing(&pismo);
    shows_nothing(&passkit);
    shows_nothing(&pasted);
    shows_nothing(&wso2);
    shows_nothing(&described);
    let flows = [
        password.into_flow(Some(&base)),
        credentials.into_flow(Some(&base)),
        pismo.into_flow(Some(&base)),
        passkit.into_flow(Some(&base)),
        pasted.into_flow(Some(&base)),
        wso2.into_flow(Some(&base)),
        described.into_flow(Some(&base)),
    ];
    for flow in flows {
        let flow = flow.expect("a good configuration");
        shows_nothing(&flow);
        is_clean(flow.label());
        shows_nothing(&flow.identity());
        shows_nothing(&flow.login());
        shows_nothing(&flow.refresh(&Secret::new("refresh-1"), &Secret::new("access-1")));
        shows_nothing(&flow.revoke(&Secret::new("access-1")));
        let response = TokenResponse {
            status: 200,
            headers: HeaderMap::new(),
            body: br#"{"access_token":"access-1","token":"access-1","refresh_token":"refresh-1"}"#
                .to_vec()
                .into(),
        };
        shows_nothing(&response);
        shows_nothing(&flow.read(&response));
    }
}

#[test]
fn options() {
    let mut options = Options::new();
    options.set("password", "password-secret-1").set(
        "extra_fields",
        OptionValue::Map(vec![("key".to_owned(), Secret::new("key-secret-1"))]),
    );
    shows_nothing(&options);
    shows_nothing(&evertoken::ClientBuilder::from_options("password", options));
    for (name, value) in [
        ("timeout", OptionValue::from("password-secret-1")),
        (
            "token_url",
            "https://u:password-secret-1@as.example/".into(),
        ),
        ("proxy", "http://u:password-secret-1@:x".into()),
    ] {
        let mut options = Options::new();
        options
            .set("token_url", "https://as.example/token")
            .set("username", "user")
            .set("password", "password-secret-1")
            .set(name, value);
        let built = evertoken::ClientBuilder::from_options("password", options)
            .and_then(evertoken::ClientBuilder::build);
        let error = built.expect_err("a refusal");
        shows_nothing(&error);
        is_clean(&error.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_at_work_and_its_log_at_the_most_talkative_level() {
    capture::listen();
    let sandbox = sandbox(&json!({}));
    let mut first = grant("access-1", 600.0);
    first["json"]["refresh_token"] = json!("refresh-1");
    let quoted = json!({"status": 400, "json": {"error": "invalid_grant", "error_description": "user with password-secret-1, Basic YXBwOmNsaWVudC1zZWNyZXQtMQ=="}});
    let dead = json!({"status": 400, "json": {"error": "invalid_grant", "error_description": "refresh-1 of access-1 is dead"}});
    let moved =
        json!({"status": 302, "headers": {"location": "{{foreign}}/api/y?access_token=none"}});
    sandbox
        .script(&json!({
            "POST /token": [first, dead, grant("access-2", 600.0), quoted],
            "GET /api/x": [{"status": 401}, moved],
            "GET /api/y": [{"text": "ok", "expect": {"headers": {"authorization": null}}}],
        }))
        .expect("a script");
    let builder = scripted(&sandbox);
    shows_nothing(&builder);
    let client: Client = builder.build().expect("a good configuration");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let events = Arc::clone(&heard);
    let subscription = client.on_event(move |event| {
        events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(format!("{event:?} {event:#?}"));
    });
    shows_nothing(&subscription);
    let token = client.token().await.expect("a token");
    shows_nothing(&token);
    let authorization = client.authorization().await.expect("a header");
    shows_nothing(&authorization);
    shows_nothing(&authorization.header_value());
    let request = client.request(Method::GET, "/api/x");
    shows_nothing(&request);
    let mut response = request.send().await.expect("a response");
    assert_eq!(response.bytes().await.expect("a body"), "ok");
    shows_nothing(&response);
    client.invalidate();
    let error = client.token().await.expect_err("a rejection");
    shows_nothing(&error);
    is_clean(&format!(
        "{error} {}",
        error.provider_message().unwrap_or_default()
    ));
    let seen = ResponseFacts {
        status: 401,
        headers: &HeaderMap::new(),
        body_prefix: b"",
        replayable: true,
        timeout: None,
    };
    shows_nothing(&client.judge(&authorization, seen).await);
    shows_nothing(&client);
    shows_nothing(&client.state());
    shows_nothing(&client.stats());
    let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let logged = capture::take();
    assert!(
        heard.len() > 8 && logged.iter().any(|line| line.starts_with("evertoken")),
        "{logged:?}"
    );
    heard.iter().chain(&logged).for_each(|line| is_clean(line));
    assert_eq!(evertoken_tests::count(&sandbox, "expect_failed"), 0);
}
