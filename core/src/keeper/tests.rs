//! Concurrency and time by gated fakes and paused time; every count is exact.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use futures_util::poll;

use super::Standing;
use crate::error::ErrorKind;
use crate::flow::{IntoFlow, PassKit};
use crate::test_rig::{Rig, START, down, pair, rejected, response, token};
use crate::token::Token;

#[tokio::test(start_paused = true)]
async fn ten_thousand_cold_callers_make_one_request() {
    let rig = Rig::gated([token("T1", 600)]);
    let mut callers = Box::pin(join_all((0..10_000).map(|_| rig.ask())));
    assert!(poll!(&mut callers).is_pending());
    assert_eq!(rig.keeper.stats().waiting, 10_000);
    rig.server.open();
    assert!(callers.await.iter().all(|outcome| {
        outcome
            .as_ref()
            .is_ok_and(|current| current.value.expose() == "T1")
    }));
    assert_eq!(rig.server.asked(), ["login"]);
    assert_eq!(rig.keeper.stats().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_is_shared_by_all_who_wait_and_by_those_who_come_after() {
    let rig = Rig::gated([rejected()]);
    let mut callers = Box::pin(join_all((0..100).map(|_| rig.ask())));
    assert!(poll!(&mut callers).is_pending());
    rig.server.open();
    assert!(callers.await.iter().all(|outcome| {
        outcome
            .as_ref()
            .is_err_and(|e| e.kind() == ErrorKind::CredentialsRejected)
    }));
    assert_eq!(rig.kind().await, ErrorKind::CredentialsRejected);
    assert_eq!(rig.server.asked(), ["login"]);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_first_caller_leaves_the_flight_for_the_others() {
    let rig = Rig::gated([token("T1", 600)]);
    let mut first = Box::pin(rig.ask());
    assert!(poll!(&mut first).is_pending());
    let mut second = Box::pin(rig.ask());
    assert!(poll!(&mut second).is_pending());
    drop(first);
    rig.server.open();
    assert_eq!(second.await.unwrap().value.expose(), "T1");
    assert_eq!(rig.server.asked(), ["login"]);
}

#[tokio::test(start_paused = true)]
async fn one_caller_times_out_alone_and_the_flight_fills_the_cache() {
    let rig = Rig::gated([token("T1", 600)]);
    let hasty = rig
        .keeper
        .token(&rig.policy, Duration::ZERO, Duration::from_secs(1))
        .await;
    assert_eq!(hasty.err().unwrap().kind(), ErrorKind::TimedOut);
    rig.server.open();
    assert_eq!(rig.value().await, "T1");
    assert_eq!(rig.server.asked(), ["login"]);
}

#[tokio::test(start_paused = true)]
async fn fresh_serves_soft_renews_in_the_background_hard_waits() {
    let rig = Rig::open([token("T1", 600), token("T2", 600), token("T3", 600)]);
    assert_eq!(rig.value().await, "T1");
    rig.pass(455.0).await; // more than 144 s left: fresh whatever the draw
    assert_eq!(rig.value().await, "T1");
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 1);
    rig.pass(26.0).await; // less than 120 s left: soft whatever the draw
    assert_eq!(rig.value().await, "T1");
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 2);
    assert_eq!(rig.value().await, "T2");
    rig.pass(591.0).await; // less than 10 s left: hard
    assert_eq!(rig.value().await, "T3");
}

#[tokio::test(start_paused = true)]
async fn at_most_one_background_flight_exists() {
    let rig = Rig::open([token("T1", 600)]);
    rig.value().await;
    rig.pass(500.0).await;
    rig.server.gate.forget_permits(1_000);
    for _ in 0..50 {
        assert_eq!(rig.value().await, "T1");
        rig.settle().await;
    }
    assert_eq!(rig.server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_comes_late_with_an_early_renewal_finds_what_another_has_brought() {
    let rig = Rig::open([token("T1", 600), token("T2", 600)]);
    rig.value().await;
    rig.pass(481.0).await;
    assert!(rig.keeper.renew_early(&rig.policy));
    assert!(rig.keeper.renew_early(&rig.policy), "it is under way");
    rig.settle().await;
    assert!(!rig.keeper.renew_early(&rig.policy), "it has landed");
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_early_renewal_keeps_the_valid_token_and_the_next_try_waits() {
    let rig = Rig::open([token("T1", 600), down(), down(), token("T2", 600)]);
    rig.value().await;
    rig.pass(500.0).await;
    rig.value().await;
    rig.settle().await;
    assert_eq!(
        rig.keeper.state().last_error.unwrap().kind(),
        ErrorKind::Unreachable
    );
    assert_eq!(rig.value().await, "T1");
    assert_eq!(rig.keeper.state().standing, Standing::Soft);
    rig.pass(1.01).await; // past the first pause
    rig.value().await;
    rig.settle().await;
    rig.pass(2.01).await; // past the second
    rig.value().await;
    rig.settle().await;
    assert_eq!(rig.value().await, "T2");
    assert_eq!(rig.server.asked().len(), 4);
    assert!(rig.keeper.state().last_error.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_never_served() {
    let rig = Rig::open([token("T1", 600), down(), down(), down()]);
    rig.value().await;
    rig.pass(600.0).await;
    assert_eq!(rig.kind().await, ErrorKind::Unreachable);
    assert_eq!(rig.server.asked().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn in_the_hard_window_a_failed_renewal_still_serves_what_is_valid() {
    let rig = Rig::open([token("T1", 600), down()]);
    rig.value().await;
    rig.pass(595.0).await;
    assert_eq!(rig.value().await, "T1");
    assert_eq!(rig.server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn in_the_hard_window_a_caller_whose_time_is_up_gets_what_is_valid() {
    let rig = Rig::gated([token("T1", 600)]);
    rig.server.gate.add_permits(1);
    rig.value().await;
    rig.pass(595.0).await;
    let hasty = |min_ttl: u64| {
        rig.keeper.token(
            &rig.policy,
            Duration::from_secs(min_ttl),
            Duration::from_secs(1),
        )
    };
    assert_eq!(hasty(0).await.unwrap().value.expose(), "T1");
    assert_eq!(hasty(6).await.err().unwrap().kind(), ErrorKind::TimedOut);
    rig.pass(5.0).await;
    assert_eq!(hasty(0).await.err().unwrap().kind(), ErrorKind::TimedOut);
    assert_eq!(rig.server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_time_is_up_is_told_of_the_last_try_and_the_wait_to_the_next() {
    let limited = response(429, "").map(|mut response| {
        response.headers.insert("retry-after", "7".parse().unwrap());
        response
    });
    let rig = Rig::open([limited, token("T1", 600)]);
    let hasty = rig
        .keeper
        .token(&rig.policy, Duration::ZERO, Duration::from_secs(1));
    let error = hasty.await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let words = "its last try: the token endpoint asks for fewer requests (status 429";
    assert!(error.message().contains(words), "{error}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(rig.value().await, "T1");
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_is_set_during_a_flight_does_not_end_it() {
    let rig = Rig::gated([down(), token("T1", 600)]);
    let mut caller = Box::pin(rig.ask());
    assert!(poll!(&mut caller).is_pending());
    rig.clock.set_wall_secs(START + 86_400);
    rig.server.open();
    assert_eq!(caller.await.unwrap().value.expose(), "T1");
    assert_eq!(rig.server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn with_nothing_to_serve_a_transient_failure_is_tried_three_times() {
    let rig = Rig::open([down(), down(), token("T1", 600)]);
    assert_eq!(rig.value().await, "T1");
    assert_eq!(rig.server.asked().len(), 3);
    let rig = Rig::open([down(), response(503, ""), response(200, "<html>")]);
    assert_eq!(rig.kind().await, ErrorKind::BadResponse);
    assert_eq!(rig.server.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_for_within_the_deadline_and_told_beyond_it() {
    let limited = |wait: &str| {
        response(429, "").map(|mut response| {
            response
                .headers
                .insert("retry-after", wait.parse().unwrap());
            response
        })
    };
    let rig = Rig::open([limited("7"), token("T1", 600)]);
    let before = tokio::time::Instant::now();
    assert_eq!(rig.value().await, "T1");
    assert_eq!(before.elapsed().as_secs(), 7);
    let rig = Rig::open([limited("120")]);
    let error = rig.ask().await.err().unwrap();
    assert_eq!(
        (error.kind(), error.retry_after()),
        (ErrorKind::RateLimited, Some(Duration::from_secs(120)))
    );
    rig.pass(20.0).await;
    let error = rig.ask().await.err().unwrap();
    assert_eq!(
        (error.kind(), error.retry_after()),
        (ErrorKind::RateLimited, Some(Duration::from_secs(100)))
    );
    assert_eq!(rig.server.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn at_most_three_rejected_logins_reach_the_server_in_the_first_hour() {
    let rig = Rig::open([rejected(), rejected(), rejected(), token("T1", 600)]);
    for _ in 0..3_600 {
        assert_eq!(rig.kind().await, ErrorKind::CredentialsRejected);
        rig.pass(1.0).await;
    }
    assert_eq!(rig.server.asked().len(), 3);
    assert_eq!(rig.keeper.state().standing, Standing::LockedOut);
    rig.keeper.reset();
    assert_eq!(rig.value().await, "T1");
}

#[tokio::test(start_paused = true)]
async fn refresh_comes_first_and_an_answer_without_a_new_refresh_token_keeps_the_old() {
    let rig = Rig::open([
        pair("T1", "R1", 600),
        token("T2", 600),
        pair("T3", "R2", 600),
    ]);
    for expected in ["T1", "T2", "T3"] {
        assert_eq!(rig.value().await, expected);
        rig.pass(600.0).await;
    }
    assert_eq!(rig.server.asked(), ["login", "refresh", "refresh"]);
    let current = rig.keeper.current.load_full().unwrap();
    assert_eq!(current.refresh_token.as_ref().unwrap().expose(), "R2");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_refresh_falls_back_to_the_login_once_in_the_same_flight() {
    let rig = Rig::open([pair("T1", "R1", 600), rejected(), rejected()]);
    rig.value().await;
    rig.pass(600.0).await;
    assert_eq!(rig.kind().await, ErrorKind::CredentialsRejected);
    assert_eq!(rig.server.asked(), ["login", "refresh", "login"]);
    rig.keeper.reset();
    rig.server.will(token("T2", 600));
    assert_eq!(rig.value().await, "T2");
    assert_eq!(
        rig.server.asked(),
        ["login", "refresh", "login", "login"],
        "the dead refresh token is not sent again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_transient_failure_of_the_refresh_is_no_rejection() {
    let rig = Rig::open([pair("T1", "R1", 600), down(), pair("T2", "R2", 600)]);
    rig.value().await;
    rig.pass(600.0).await;
    assert_eq!(rig.value().await, "T2");
    assert_eq!(rig.server.asked(), ["login", "refresh", "refresh"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_that_comes_again_is_followed_by_refresh_then_revoke_then_the_typed_error()
{
    let rig = Rig::open([
        token("T1", 600),
        pair("T1", "R1", 600), // the login brings the refused token again, with a way out
        pair("T1", "R1", 600), // the refresh does too
        response(200, ""),     // so it is revoked
        token("T1", 600),      // in vain
    ]);
    let refused = rig.ask().await.unwrap();
    rig.keeper.refuse(&refused);
    assert_eq!(rig.kind().await, ErrorKind::SameToken);
    assert_eq!(
        rig.server.asked(),
        ["login", "login", "refresh", "revoke", "login"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_insists_on_a_refused_token_is_believed_after_the_typed_error() {
    let flow = PassKit::new("user", "password").into_flow(None).unwrap();
    let stated = || response(200, r#"{"token":"T1","expires_in":600}"#);
    let rig = Rig::with(flow, [stated(), stated()]);
    rig.server.open();
    let refused = rig.ask().await.unwrap();
    rig.keeper.refuse(&refused);
    assert_eq!(rig.kind().await, ErrorKind::SameToken);
    assert_eq!(
        rig.kind().await,
        ErrorKind::SameToken,
        "no request during the pause"
    );
    assert_eq!(rig.server.asked().len(), 2);
    rig.pass(30.0).await;
    rig.server
        .will(response(200, r#"{"token":"T1","expires_in":0}"#));
    assert_eq!(
        rig.kind().await,
        ErrorKind::SameToken,
        "but not without a life"
    );
    rig.pass(30.0).await;
    rig.server.will(stated());
    assert_eq!(rig.value().await, "T1");
    assert_eq!(rig.server.asked().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_dying_token_that_comes_again_is_revoked_and_fetched_anew() {
    let rig = Rig::open([
        token("T1", 600),
        token("T1", 4),
        response(200, ""),
        token("T2", 600),
    ]);
    rig.value().await;
    rig.pass(596.0).await;
    assert_eq!(rig.value().await, "T2");
    assert_eq!(rig.server.asked(), ["login", "login", "revoke", "login"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_comes_again_keeps_its_expiry_and_is_not_asked_for_at_every_call() {
    let rig = Rig::open([token("T1", 600), token("T1", 600)]);
    rig.value().await;
    rig.pass(500.0).await;
    for _ in 0..10 {
        assert_eq!(rig.value().await, "T1");
        rig.settle().await;
        rig.pass(1.0).await;
    }
    assert_eq!(rig.server.asked().len(), 2);
    assert_eq!(rig.keeper.state().expires_in, Some(Duration::from_secs(90)));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_comes_again_lives_no_longer_for_it_but_shorter_where_the_answer_says_so() {
    for (again, left_secs) in [(9_000, 90), (50, 40)] {
        let rig = Rig::open([token("T1", 600), token("T1", again)]);
        rig.value().await;
        rig.pass(500.0).await;
        rig.value().await;
        rig.settle().await;
        rig.pass(10.0).await;
        let left = Some(Duration::from_secs(left_secs));
        assert_eq!(rig.keeper.state().expires_in, left, "{again}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_handed_out_with_its_scope() {
    let granted = response(
        200,
        r#"{"access_token":"T1","expires_in":600,"scope":"read  write"}"#,
    );
    let rig = Rig::open([granted, token("T2", 600)]);
    for scope in [Some("read write"), None] {
        let current = rig.ask().await.unwrap();
        rig.keeper.refuse(&current);
        let token = Token(current, rig.keeper.clock.now());
        assert_eq!(token.scope(), scope);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_expired_on_arrival_is_a_typed_error() {
    let rig = Rig::open([token("T1", 0), response(200, ""), token("T2", 0)]);
    assert_eq!(rig.kind().await, ErrorKind::SameToken);
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_set_back_does_not_serve_a_dead_token() {
    let rig = Rig::open([token("T1", 600), token("T2", 600)]);
    rig.value().await;
    rig.pass(600.0).await;
    rig.clock.set_wall_secs(START - 86_400);
    assert_eq!(rig.value().await, "T2");
}

#[tokio::test(start_paused = true)]
async fn sleep_that_only_the_wall_clock_saw_makes_a_token_older() {
    let rig = Rig::open([token("T1", 600), token("T2", 600)]);
    rig.value().await;
    rig.clock.set_wall_secs(START + 3_600);
    assert_eq!(rig.value().await, "T2");
}

#[tokio::test(start_paused = true)]
async fn min_ttl_raises_the_hard_window_for_that_call() {
    let rig = Rig::open([token("T1", 600), token("T2", 600)]);
    rig.value().await;
    rig.pass(310.0).await;
    assert_eq!(rig.value().await, "T1");
    let longer = rig
        .keeper
        .token(&rig.policy, Duration::from_secs(300), rig.policy.timeout)
        .await
        .unwrap();
    assert_eq!(longer.value.expose(), "T2");
}

#[tokio::test(start_paused = true)]
async fn a_pasted_token_is_served_until_refused_and_then_a_typed_error() {
    let rig = Rig::with(PassKit::token("PERMANENT").into_flow(None).unwrap(), []);
    let pasted = rig.ask().await.unwrap();
    assert_eq!(pasted.value.expose(), "PERMANENT");
    rig.keeper.refuse(&pasted);
    assert_eq!(rig.kind().await, ErrorKind::CredentialsRejected);
    assert!(rig.server.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_pasted_jwt_ends_when_it_says_so() {
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{}}}"#, START + 60));
    let token = format!("e30.{claims}.c2ln");
    let rig = Rig::with(PassKit::token(token).into_flow(None).unwrap(), []);
    assert_eq!(rig.keeper.state().expires_in, Some(Duration::from_secs(60)));
    let token = Token(rig.ask().await.unwrap(), rig.keeper.clock.now());
    assert_eq!(token.claims().unwrap()["exp"], START + 60);
    rig.pass(61.0).await;
    assert_eq!(rig.kind().await, ErrorKind::CredentialsRejected);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_endpoint_ends_the_flight_at_its_deadline() {
    let rig = Rig::gated([]);
    let before = tokio::time::Instant::now();
    assert_eq!(
        rig.keeper
            .token(&rig.policy, Duration::ZERO, Duration::from_secs(60))
            .await
            .err()
            .unwrap()
            .kind(),
        ErrorKind::TimedOut
    );
    assert_eq!(before.elapsed().as_secs(), 30);
}

mod edges;
