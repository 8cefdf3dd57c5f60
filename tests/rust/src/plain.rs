//! What the tests in Rust itself start from: a sandbox, and a client of its plain OAuth 2.0 server.

use std::time::{Duration, Instant};

use evertoken::flow::Password;
use evertoken::{Client, ClientBuilder};
use evertoken_sandbox::{Sandbox, Settings};
use serde_json::{Value, json};

/// Starts a sandbox with these settings.
///
/// # Panics
/// It cannot listen, or a setting is unknown.
pub fn sandbox(settings: &Value) -> Sandbox {
    let settings = Settings::from_json(settings).expect("known settings");
    Sandbox::start(settings).expect("free ports and threads")
}

/// A client of the plain server, its API below `/plain`.
pub fn plain(sandbox: &Sandbox) -> ClientBuilder {
    let base = sandbox.url().trim_end_matches('/');
    plain_at(sandbox, base).base_url(format!("{base}/plain"))
}

/// A client of the plain server at one of the sandbox's addresses.
pub fn plain_at(sandbox: &Sandbox, base: &str) -> ClientBuilder {
    let info = sandbox.info();
    let credential = |field: &str| {
        info["credentials"]["plain"][field]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let token_url = format!("{}/plain/token", base.trim_end_matches('/'));
    let flow = Password::new(token_url, credential("username"), credential("password"))
        .client(credential("client_id"), credential("client_secret"));
    Client::builder(flow).base_url(base)
}

/// A client of a scripted server: `POST /token` beside an API below the sandbox's own URL.
pub fn scripted(sandbox: &Sandbox) -> ClientBuilder {
    let flow = Password::new(
        format!("{}/token", sandbox.url().trim_end_matches('/')),
        "user@example.org",
        "password-secret-1",
    )
    .client("app", "client-secret-1");
    Client::builder(flow).base_url(sandbox.url())
}

/// A scripted token answer.
pub fn grant(token: &str, life_secs: f64) -> Value {
    json!({"json": {"access_token": token, "token_type": "Bearer", "expires_in": life_secs}})
}

/// Returns once `holds` does.
///
/// # Panics
/// It does not hold after half a minute.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{what} has not come to hold"
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A count of the sandbox by dotted path, such as `plain.login`.
///
/// # Panics
/// The sandbox has no such count.
pub fn count(sandbox: &Sandbox, path: &str) -> u64 {
    let counts = sandbox.counts().expect("an open sandbox");
    let found = path
        .split('.')
        .try_fold(&counts, |value, key| value.get(key));
    found
        .and_then(Value::as_u64)
        .unwrap_or_else(|| panic!("no count {path}: {counts}"))
}
