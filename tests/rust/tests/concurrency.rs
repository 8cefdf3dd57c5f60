//! Many callers, exact counts.

use std::sync::Arc;
use std::time::Duration;

use evertoken::{Client, ErrorKind, Method, blocking};
use evertoken_sandbox::Sandbox;
use evertoken_tests::{count, plain, sandbox, until};
use serde_json::json;
use tokio::task::JoinSet;

/// Requests in flight at a time are sockets on both sides.
fn allow_many_sockets() {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
        setrlimit(Resource::RLIMIT_NOFILE, soft.max(hard.min(8_192)), hard)
            .expect("a higher limit");
    }
}

fn client(sandbox: &Sandbox) -> Client {
    allow_many_sockets();
    plain(sandbox)
        .timeout(Duration::from_secs(60))
        .build()
        .expect("a good configuration")
}

/// Sends one request; the status and the reason why a 401 was given back.
async fn get(client: Client, path: &'static str) -> (u16, Option<&'static str>) {
    let mut response = client
        .request(Method::GET, path)
        .send()
        .await
        .expect("a response");
    response.bytes().await.expect("a body");
    (
        response.status().as_u16(),
        response.given_back().map(|given| given.reason.code()),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_cold_callers_make_one_token_request() {
    let sandbox = sandbox(&json!({}));
    let client = client(&sandbox);
    sandbox
        .arm(&json!({"route": "token", "fault": "gate"}))
        .expect("armed");
    let mut callers = JoinSet::new();
    for _ in 0..10_000 {
        let client = client.clone();
        callers.spawn(async move { client.token().await.map(|token| token.fingerprint()) });
    }
    until("10,000 callers wait", || client.stats().waiting == 10_000).await;
    sandbox.wait_held(1).expect("the login is under way");
    sandbox.release().expect("released");
    let tokens = callers.join_all().await;
    let expected = client
        .token()
        .await
        .expect("the cached token")
        .fingerprint();
    assert!(
        tokens
            .iter()
            .all(|token| token.as_ref().is_ok_and(|token| *token == expected))
    );
    assert_eq!(
        (
            count(&sandbox, "total.requests"),
            client.stats().waiting,
            client.stats().flights
        ),
        (1, 0, 1)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_hundred_cold_threads_make_one_token_request() {
    let sandbox = sandbox(&json!({}));
    let client = client(&sandbox);
    sandbox
        .arm(&json!({"route": "token", "fault": "gate"}))
        .expect("armed");
    let threads: Vec<_> = (0..300)
        .map(|_| {
            let request = client.request(Method::GET, "/api/orders");
            std::thread::spawn(move || blocking::send(request))
        })
        .collect();
    until("300 threads wait", || client.stats().waiting == 300).await;
    sandbox.wait_held(1).expect("the login is under way");
    sandbox.release().expect("released");
    for thread in threads {
        let (response, body) = thread.join().expect("no panic").expect("a response");
        assert_eq!((response.status().as_u16(), body.is_empty()), (200, false));
    }
    assert_eq!(count(&sandbox, "plain.login"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_cold_callers_share_one_failure() {
    let sandbox = sandbox(&json!({}));
    let client = client(&sandbox);
    sandbox.script(&json!({"POST /plain/token": [{"status": 400, "json": {"error": "invalid_grant"}, "fault": "gate"}]})).expect("a script");
    let mut callers = JoinSet::new();
    for _ in 0..10_000 {
        let client = client.clone();
        callers.spawn(async move {
            client
                .token()
                .await
                .map(|_| ())
                .map_err(|error| error.kind())
        });
    }
    until("10,000 callers wait", || client.stats().waiting == 10_000).await;
    sandbox.wait_held(1).expect("the login is under way");
    sandbox.release().expect("released");
    let outcomes = callers.join_all().await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| *outcome == Err(ErrorKind::CredentialsRejected))
    );
    assert_eq!(count(&sandbox, "total.requests"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_requests_refused_at_once_make_one_renewal_and_all_succeed() {
    let sandbox = sandbox(&json!({}));
    let client = client(&sandbox);
    client.token().await.expect("a token");
    sandbox
        .arm(&json!({"route": "api", "count": 1_000, "fault": "gate"}))
        .expect("armed");
    let mut callers = JoinSet::new();
    for _ in 0..1_000 {
        callers.spawn(get(client.clone(), "/api/orders"));
    }
    tokio::task::block_in_place(|| sandbox.wait_held(1_000)).expect("all are held");
    sandbox
        .control("POST", "/revoke", &json!({"what": "access"}))
        .expect("revoked");
    sandbox.release().expect("released");
    let outcomes = callers.join_all().await;
    assert!(
        outcomes.iter().all(|outcome| *outcome == (200, None)),
        "{outcomes:?}"
    );
    let counts = ["plain.login", "plain.refresh", "plain.api", "plain.api_401"]
        .map(|path| count(&sandbox, path));
    assert_eq!(counts, [1, 1, 2_000, 1_000]);
    assert_eq!(client.stats().resends, 1_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn late_refusals_of_a_renewed_token_make_no_further_renewal() {
    const CALLERS: u64 = 100;
    let sandbox = sandbox(&json!({}));
    let client = client(&sandbox);
    client.token().await.expect("a token");
    sandbox
        .arm(&json!({"route": "api", "count": CALLERS, "fault": "gate"}))
        .expect("armed");
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(get(client.clone(), "/api/orders"));
    }
    tokio::task::block_in_place(|| sandbox.wait_held(100)).expect("all are held");
    sandbox
        .control("POST", "/revoke", &json!({"what": "access"}))
        .expect("revoked");
    for done in 1..=CALLERS {
        sandbox
            .control("POST", "/release", &json!({"count": 1}))
            .expect("released");
        assert_eq!(
            callers
                .join_next()
                .await
                .expect("a caller")
                .expect("no panic"),
            (200, None)
        );
        assert_eq!(client.stats().resends, done);
    }
    assert_eq!(
        (
            count(&sandbox, "plain.refresh"),
            count(&sandbox, "plain.login"),
            client.stats().refused
        ),
        (1, 1, CALLERS)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_api_that_always_refuses_costs_two_logins_for_a_hundred_calls() {
    for callers_at_a_time in [1, 10, 100] {
        let sandbox = sandbox(&json!({"plain": {"refresh": false}}));
        let client = client(&sandbox);
        sandbox
            .arm(&json!({"route": "api", "count": 0, "fault": "unauthorized"}))
            .expect("armed");
        for _ in 0..100 / callers_at_a_time {
            let mut callers = JoinSet::new();
            for _ in 0..callers_at_a_time {
                callers.spawn(get(client.clone(), "/api/orders"));
            }
            for (status, reason) in callers.join_all().await {
                assert!(
                    status == 401 && matches!(reason, Some("refused_again" | "storm_guard")),
                    "{status} {reason:?}"
                );
            }
        }
        assert_eq!(
            count(&sandbox, "plain.login"),
            2,
            "{callers_at_a_time} at a time"
        );
        assert_eq!(
            client.stats().given_back,
            100,
            "{callers_at_a_time} at a time"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_give_up_take_nobody_with_them() {
    let sandbox = sandbox(&json!({}));
    let client = client(&sandbox);
    sandbox
        .arm(&json!({"route": "token", "fault": "gate"}))
        .expect("armed");
    let (mut impatient, mut cancelled, mut patient) =
        (JoinSet::new(), JoinSet::new(), JoinSet::new());
    for _ in 0..100 {
        let own = client.clone();
        cancelled.spawn(async move { own.token().await.is_ok() });
    }
    until("the first callers wait", || client.stats().waiting == 100).await;
    for _ in 0..100 {
        let (own, other) = (client.clone(), client.clone());
        impatient.spawn(async move {
            own.token_for(Duration::ZERO, Some(Duration::from_millis(50)))
                .await
                .map_err(|error| error.kind())
                .err()
        });
        patient.spawn(async move { other.token().await.is_ok() });
    }
    assert!(
        impatient
            .join_all()
            .await
            .into_iter()
            .all(|kind| kind == Some(ErrorKind::TimedOut))
    );
    cancelled.shutdown().await;
    until("only the patient wait", || client.stats().waiting == 100).await;
    sandbox.wait_held(1).expect("the login is under way");
    sandbox.release().expect("released");
    assert!(patient.join_all().await.into_iter().all(|served| served));
    assert_eq!(
        (count(&sandbox, "total.requests"), client.stats().waiting),
        (1, 0)
    );
}

#[test]
fn clients_on_several_runtimes_share_one_flight() {
    let sandbox = Arc::new(sandbox(&json!({})));
    let client = client(&sandbox);
    sandbox
        .arm(&json!({"route": "token", "fault": "gate"}))
        .expect("armed");
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime");
                runtime.block_on(async { client.token().await.map(|token| token.fingerprint()) })
            })
        })
        .collect();
    while client.stats().waiting < 8 {
        std::thread::yield_now();
    }
    sandbox.wait_held(1).expect("the login is under way");
    sandbox.release().expect("released");
    for thread in threads {
        thread.join().expect("no panic").expect("a token");
    }
    assert_eq!(count(&sandbox, "total.requests"), 1);
}
