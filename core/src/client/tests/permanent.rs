//! A server that has one token for each user, without an expiry: 401s of its API may be passing failures.

use std::sync::{Arc, Mutex};

use futures_util::future::join_all;

use super::{client, judge, judge_with, reason, resent};
use crate::authorization::Verdict;
use crate::client::Client;
use crate::error::ErrorKind;
use crate::flow::{IntoFlow, PassKit};
use crate::test_rig::{Rig, response};
use crate::verdict::Reason;

/// A client whose server issues the same token at each of so many logins.
fn permanent(logins: usize) -> (Rig, Client) {
    let flow = PassKit::new("user", "password").into_flow(None).unwrap();
    let issued = (0..logins).map(|_| response(200, r#"{"token":"P"}"#));
    let rig = Rig::with(flow, issued);
    rig.server.open();
    let client = client(&rig);
    (rig, client)
}

#[tokio::test(start_paused = true)]
async fn a_passing_401_is_healed_by_one_login_that_brings_the_same_token() {
    let (rig, client) = permanent(2);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let _subscription = client.on_event(move |event| log.lock().unwrap().push(event.name()));
    let sent = client.authorize("/a").await.unwrap();
    let again = resent(judge(&client, &sent, 401).await);
    assert_eq!(again.value(), "Bearer P");
    assert!(again.generation() > sent.generation());
    assert!(matches!(judge(&client, &again, 200).await, Verdict::Done));
    assert_eq!(client.authorize("/a").await.unwrap().value(), "Bearer P");
    assert_eq!(rig.server.asked().len(), 2);
    let renewed = ["flight_started", "token_installed"];
    let expected = [&renewed[..], &["refused"], &renewed, &["resent"]].concat();
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_second_401_is_given_back_and_calls_go_on_being_sent_without_a_login() {
    let (rig, client) = permanent(4);
    let sent = client.authorize("/a").await.unwrap();
    let again = resent(judge(&client, &sent, 401).await);
    let Verdict::GiveBack(why) = judge(&client, &again, 401).await else {
        panic!("not given back")
    };
    assert_eq!(why.reason, Reason::SameToken);
    let error = why.error.unwrap();
    assert_eq!(error.kind(), ErrorKind::SameToken);
    assert_eq!(error.fingerprint(), Some(sent.fingerprint().as_str()));
    // The guard: 30 s, then 60 s. In it no call fails without being sent.
    for (pause_secs, logins) in [(30.0, 2), (60.0, 3)] {
        for path in ["/a", "/b"] {
            let sent = client.authorize(path).await.unwrap();
            assert_eq!(sent.value(), "Bearer P");
            let verdict = judge(&client, &sent, 401).await;
            assert_eq!(reason(&verdict), Reason::StormGuard);
        }
        assert_eq!(rig.server.asked().len(), logins);
        rig.pass(pause_secs - 0.001).await;
        let sent = client.authorize("/b").await.unwrap();
        let verdict = judge(&client, &sent, 401).await;
        assert_eq!(reason(&verdict), Reason::StormGuard);
        rig.pass(0.001).await;
        let again = resent(judge(&client, &sent, 401).await);
        let verdict = judge(&client, &again, 401).await;
        assert_eq!(reason(&verdict), Reason::SameToken);
    }
}

#[tokio::test(start_paused = true)]
async fn the_guard_ends_as_soon_as_the_api_accepts_the_token() {
    let (rig, client) = permanent(3);
    let sent = client.authorize("/a").await.unwrap();
    let again = resent(judge(&client, &sent, 401).await);
    judge(&client, &again, 401).await;
    let sent = client.authorize("/b").await.unwrap();
    judge(&client, &sent, 200).await;
    resent(judge(&client, &sent, 401).await);
    assert_eq!(rig.server.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_refused_at_once_share_one_login_and_all_are_sent_again() {
    let (rig, client) = permanent(2);
    let sent = client.authorize("/a").await.unwrap();
    let verdicts = join_all((0..1_000).map(|_| judge(&client, &sent, 401))).await;
    let again: Vec<_> = verdicts.into_iter().map(resent).collect();
    assert!(again.iter().all(|again| again.value() == "Bearer P"));
    // Those whose 401 comes late: before and after the second one.
    resent(judge(&client, &sent, 401).await);
    let verdict = judge(&client, &again[0], 401).await;
    assert_eq!(reason(&verdict), Reason::SameToken);
    let late = resent(judge(&client, &sent, 401).await);
    let verdict = judge(&client, &late, 401).await;
    assert_eq!(reason(&verdict), Reason::SameToken);
    let verdict = judge_with(&client, &sent, 401, &[], b"", false).await;
    assert_eq!(reason(&verdict), Reason::BodyNotReplayable);
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 2);
    assert_eq!(client.authorize("/a").await.unwrap().value(), "Bearer P");
}

#[tokio::test(start_paused = true)]
async fn a_late_401_does_not_invalidate_what_came_after_it() {
    let (rig, client) = permanent(2);
    let sent = client.authorize("/a").await.unwrap();
    resent(judge(&client, &sent, 401).await);
    rig.keeper.refuse(&sent.header.current);
    assert_eq!(client.authorize("/a").await.unwrap().value(), "Bearer P");
    assert_eq!(rig.server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_invalidated_token_that_comes_again_is_the_token() {
    let (rig, client) = permanent(3);
    let first = client.token().await.unwrap();
    for logins in [2, 3] {
        client.invalidate();
        let again = client.token().await.unwrap();
        assert_eq!(again.value(), "P");
        assert!(again.generation() > first.generation());
        assert_eq!(rig.server.asked().len(), logins);
    }
}

#[tokio::test(start_paused = true)]
async fn a_one_shot_body_is_followed_by_the_same_token_for_the_next_call() {
    let (rig, client) = permanent(2);
    let sent = client.authorize("/a").await.unwrap();
    let verdict = judge_with(&client, &sent, 401, &[], b"", false).await;
    assert_eq!(reason(&verdict), Reason::BodyNotReplayable);
    assert_eq!(client.authorize("/a").await.unwrap().value(), "Bearer P");
    assert_eq!(rig.server.asked().len(), 2);
}
