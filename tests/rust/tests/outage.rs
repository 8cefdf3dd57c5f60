//! If the token endpoint fails while there is a valid token, no caller notices.

use std::time::Duration;

use evertoken::{Client, ErrorKind, Method};
use evertoken_sandbox::Sandbox;
use evertoken_tests::{count, grant, sandbox, scripted, until};
use serde_json::{Value, json};

/// The longest time that a response may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The failures of a token endpoint, and the kinds of their errors.
fn faults() -> Vec<(Value, ErrorKind)> {
    use ErrorKind::{BadResponse, RateLimited, ServerUnavailable, TimedOut, Unreachable};
    vec![
        (json!("hang"), TimedOut),
        (json!("reset"), Unreachable),
        (json!({"type": "reset", "at": "middle"}), Unreachable),
        (json!("close"), Unreachable),
        (json!("half_status"), Unreachable),
        (json!("truncate"), Unreachable),
        (json!("bad_chunk"), BadResponse),
        (json!("garbage"), BadResponse),
        (json!("html"), BadResponse),
        (json!("empty"), BadResponse),
        (json!("bad_json"), BadResponse),
        (json!("huge"), BadResponse),
        (json!({"type": "huge", "bytes": 1_048_600}), BadResponse),
        (json!("redirect"), BadResponse),
        (json!({"type": "status", "status": 500}), ServerUnavailable),
        (
            json!({"type": "status", "status": 503, "headers": {"retry-after": "3600"}}),
            ServerUnavailable,
        ),
        (json!({"type": "html", "status": 502}), ServerUnavailable),
        (json!({"type": "status", "status": 429}), RateLimited),
        (
            json!({"type": "status", "status": 401, "json": {"error": "invalid_client"}}),
            ErrorKind::CredentialsRejected,
        ),
    ]
}

/// Only what never comes is worth a short wait.
fn deadline(fault: &Value) -> Duration {
    if fault == "hang" {
        Duration::from_secs(2)
    } else {
        PATIENCE
    }
}

/// A client whose token is in its soft window, without waiting for it: the server hands the token out again with less life.
async fn in_the_soft_window(sandbox: &Sandbox, next: Vec<Value>, deadline: Duration) -> Client {
    let (mut first, second) = (grant("access-1", 1_000.0), grant("access-1", 150.0));
    first["delay_ms"] = json!(100);
    let responses: Vec<Value> = [first, second].into_iter().chain(next).collect();
    sandbox.script(&json!({"POST /token": responses, "GET /api/x": {"repeat_last": true, "answers": [{"text": "ok"}]}})).expect("a script");
    let client = scripted(sandbox)
        .timeout(deadline)
        .build()
        .expect("a good configuration");
    client.token().await.expect("a token");
    client
        .token_for(Duration::from_millis(999_950), None)
        .await
        .expect("the same token");
    client.reset();
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_valid_token_is_served_through_every_kind_of_failure() {
    for (fault, kind) in faults() {
        let sandbox = sandbox(&json!({}));
        let client = in_the_soft_window(&sandbox, Vec::new(), deadline(&fault)).await;
        sandbox
            .arm(&json!({"route": "/token", "count": 0, "fault": fault}))
            .expect("armed");
        for _ in 0..20 {
            assert_eq!(
                client.token().await.expect("the valid token").value(),
                "access-1",
                "{fault}"
            );
            let response = client
                .request(Method::GET, "/api/x")
                .timeout(Some(PATIENCE))
                .send()
                .await
                .expect("a response");
            assert_eq!(
                (response.status().as_u16(), response.given_back().is_none()),
                (200, true),
                "{fault}"
            );
        }
        until("the background flight has failed", || {
            client.stats().failures > 0
        })
        .await;
        assert_eq!(
            client.token().await.expect("the valid token").value(),
            "access-1",
            "{fault}"
        );
        let state = client.state();
        assert_eq!(
            state.last_error.as_ref().map(evertoken::Error::kind),
            Some(kind),
            "{fault}: {:?}",
            state.last_error
        );
        assert_eq!(state.standing, evertoken::Standing::Soft, "{fault}");
        assert_eq!(count(&sandbox, "foreign"), 0, "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_down_for_many_renewals_fails_no_call_and_is_back_when_it_is_back() {
    const RENEWALS: u64 = 30;
    let sandbox = sandbox(&json!({}));
    let down = json!({"status": 503, "times": RENEWALS});
    let client = in_the_soft_window(&sandbox, vec![down, grant("access-2", 600.0)], PATIENCE).await;
    while client.stats().logins == 1 {
        // What the pauses between the tries would otherwise be waited for.
        client.reset();
        let token = client.token().await.expect("a valid token");
        assert!(token.expires_in().is_some_and(|left| !left.is_zero()));
        assert!(client.stats().failures <= RENEWALS);
        tokio::task::yield_now().await;
    }
    assert_eq!(client.stats().failures, RENEWALS);
    assert_eq!(
        client.token().await.expect("the new token").value(),
        "access-2"
    );
    assert_eq!(count(&sandbox, "script_exhausted"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_every_kind_of_failure_is_its_error() {
    for (fault, kind) in faults() {
        let sandbox = sandbox(&json!({}));
        sandbox
            .script(&json!({"POST /token": [grant("access-1", 600.0)]}))
            .expect("a script");
        sandbox
            .arm(&json!({"route": "/token", "count": 0, "fault": fault}))
            .expect("armed");
        let client = scripted(&sandbox)
            .timeout(deadline(&fault))
            .max_attempts(1)
            .build()
            .expect("a good configuration");
        let error = client.token().await.expect_err("no token");
        assert_eq!(error.kind(), kind, "{fault}: {error}");
        assert_eq!(count(&sandbox, "total.requests"), 1, "{fault}");
    }
}
