//! The 401 state machine with its tokens, by gated fakes; every count is exact.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::{Client, is_acceptance};
use crate::authorization::{Authorization, Freshness, ResponseFacts, Verdict};
use crate::builder::assemble;
use crate::error::{ErrorKind, Result};
use crate::flow::{IntoFlow, PassKit, TokenResponse};
use crate::http::{Http, HttpSettings};
use crate::origin::{Origin, Origins};
use crate::test_rig::{Rig, START, down, pair, response, token};
use crate::verdict::Reason;

const API: &str = "https://api.example/v1";

fn client(rig: &Rig) -> Client {
    let base = Url::parse(API).unwrap();
    let origins = Origins::new(vec![Origin::of(&base).unwrap()]);
    let http = Http::new(HttpSettings {
        connect_timeout: Duration::from_secs(5),
        ca_pem: None,
        client_pem: None,
        proxy: None,
        user_agent: "test".into(),
        skip_certificate_check: false,
    })
    .unwrap();
    assemble(
        Arc::clone(&rig.keeper),
        Arc::clone(&rig.policy),
        Arc::new(http),
        base,
        origins,
        "Bearer".into(),
    )
}

fn open(responses: impl IntoIterator<Item = Result<TokenResponse>>) -> (Rig, Client) {
    let rig = Rig::open(responses);
    let client = client(&rig);
    (rig, client)
}

async fn judge(client: &Client, sent: &Authorization, status: u16) -> Verdict {
    judge_with(client, sent, status, &[], b"", true).await
}

async fn judge_with(
    client: &Client,
    sent: &Authorization,
    status: u16,
    headers: &[(&'static str, &'static str)],
    body: &[u8],
    replayable: bool,
) -> Verdict {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect();
    client
        .judge(
            sent,
            ResponseFacts {
                status,
                headers: &headers,
                body_prefix: body,
                replayable,
                timeout: None,
            },
        )
        .await
}

fn resent(verdict: Verdict) -> Authorization {
    match verdict {
        Verdict::Resend(authorization) => authorization,
        other => panic!("not resent but {other:?}"),
    }
}

fn reason(verdict: &Verdict) -> Reason {
    match verdict {
        Verdict::GiveBack(given_back) => given_back.reason,
        other => panic!("not given back but {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_401_renews_once_and_resends_once() {
    let (rig, client) = open([token("T1", 600), token("T2", 600)]);
    let sent = client.authorize("/a").await.unwrap();
    assert_eq!(sent.value(), "Bearer T1");
    let again = resent(judge(&client, &sent, 401).await);
    assert_eq!(again.value(), "Bearer T2");
    assert_eq!(
        reason(&judge(&client, &again, 401).await),
        Reason::RefusedAgain
    );
    assert_eq!(rig.server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn calls_with_one_connect_timeout_share_connections_and_the_oldest_timeout_is_forgotten() {
    let (_rig, client) = open([]);
    let within = |secs: Option<u64>| client.http_within(secs.map(Duration::from_secs)).unwrap();
    assert!(Arc::ptr_eq(&within(None), &client.0.http));
    let kept: Vec<_> = (11..=14)
        .map(|secs| Arc::downgrade(&within(Some(secs))))
        .collect();
    let first = within(Some(11));
    assert!(std::ptr::eq(kept[0].as_ptr(), Arc::as_ptr(&first)));
    assert!(!Arc::ptr_eq(&first, &within(Some(12))));
    drop(first);
    within(Some(15));
    let alive: Vec<bool> = kept.iter().map(|http| http.strong_count() > 0).collect();
    assert_eq!(alive, [false, true, true, true]);
}

#[test]
fn a_token_is_accepted_by_what_the_api_itself_answers() {
    for (status, accepted) in [
        (200, true),
        (301, true),
        (403, true),
        (404, true),
        (407, false),
        (429, false),
        (499, true),
        (500, false),
        (503, false),
    ] {
        assert_eq!(is_acceptance(status), accepted, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_refused_at_once_share_one_renewal() {
    let (rig, client) = open([token("T1", 600), token("T2", 600)]);
    let sent = client.authorize("/a").await.unwrap();
    let verdicts = join_all((0..1_000).map(|_| judge(&client, &sent, 401))).await;
    assert!(
        verdicts
            .into_iter()
            .all(|verdict| resent(verdict).value() == "Bearer T2")
    );
    assert_eq!(rig.server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_late_401_takes_the_current_token_without_a_request() {
    let (rig, client) = open([token("T1", 600), token("T2", 600)]);
    let early = client.authorize("/a").await.unwrap();
    let late = early.clone();
    let again = resent(judge(&client, &early, 401).await);
    assert!(matches!(judge(&client, &again, 200).await, Verdict::Done));
    for _ in 0..10 {
        assert_eq!(
            resent(judge(&client, &late, 401).await).value(),
            "Bearer T2"
        );
    }
    assert_eq!(rig.server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_api_that_always_says_401_costs_two_logins_in_the_first_thirty_seconds() {
    let (rig, client) = open([token("T1", 6_000), token("T2", 6_000), token("T3", 6_000)]);
    for _ in 0..50 {
        let sent = client.authorize("/a").await.unwrap();
        if let Verdict::Resend(again) = judge(&client, &sent, 401).await {
            judge(&client, &again, 401).await;
        }
    }
    assert_eq!(rig.server.asked().len(), 2);
    rig.pass(30.0).await;
    for _ in 0..50 {
        let sent = client.authorize("/b").await.unwrap();
        if let Verdict::Resend(again) = judge(&client, &sent, 401).await {
            judge(&client, &again, 401).await;
        }
    }
    assert_eq!(rig.server.asked().len(), 3);
    rig.pass(59.0).await;
    let sent = client.authorize("/b").await.unwrap();
    assert_eq!(
        reason(&judge(&client, &sent, 401).await),
        Reason::StormGuard
    );
}

#[tokio::test(start_paused = true)]
async fn one_resource_that_always_says_401_does_not_log_everybody_in_again() {
    let (rig, client) = open([token("T1", 6_000), token("T2", 6_000), token("T3", 6_000)]);
    let good = client.authorize("/good").await.unwrap();
    judge(&client, &good, 200).await;
    for round in 0..20 {
        let bad = client.authorize("/bad?page=1").await.unwrap();
        if let Verdict::Resend(again) = judge(&client, &bad, 401).await {
            // Others are served with the new token before the bad resource refuses it again.
            judge(&client, &client.authorize("/good").await.unwrap(), 200).await;
            judge(&client, &again, 401).await;
            assert_eq!(round, 0);
        }
    }
    assert_eq!(rig.server.asked().len(), 2);
    // A token that is really revoked is still healed for the others.
    let good = client.authorize("/good").await.unwrap();
    assert_eq!(
        resent(judge(&client, &good, 401).await).value(),
        "Bearer T3"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_about_rights_is_given_back_without_a_renewal() {
    let (rig, client) = open([token("T1", 600)]);
    let sent = client.authorize("/a").await.unwrap();
    let scope = [("www-authenticate", "Bearer error=\"insufficient_scope\"")];
    assert_eq!(
        reason(&judge_with(&client, &sent, 401, &scope, b"", true).await),
        Reason::InsufficientRights
    );
    let blocked = br#"{"fault":{"code":900907}}"#;
    assert_eq!(
        reason(&judge_with(&client, &sent, 401, &[], blocked, true).await),
        Reason::InsufficientRights
    );
    assert!(matches!(judge(&client, &sent, 403).await, Verdict::Done));
    assert_eq!(rig.server.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_one_shot_body_gives_the_401_back_and_renews_for_the_next_call() {
    let (rig, client) = open([token("T1", 600), token("T2", 600)]);
    let sent = client.authorize("/a").await.unwrap();
    assert_eq!(
        reason(&judge_with(&client, &sent, 401, &[], b"", false).await),
        Reason::BodyNotReplayable
    );
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 2);
    assert_eq!(client.authorize("/a").await.unwrap().value(), "Bearer T2");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_gives_the_401_back_with_its_error() {
    let (_rig, client) = open([token("T1", 600), down(), down(), down()]);
    let sent = client.authorize("/a").await.unwrap();
    match judge(&client, &sent, 401).await {
        Verdict::GiveBack(why) => {
            assert_eq!(why.reason, Reason::RenewalFailed);
            assert_eq!(why.error.unwrap().kind(), ErrorKind::Unreachable);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_refused_token_is_invalidated() {
    let (rig, client) = open([token("T1", 600), token("T2", 600)]);
    let old = client.authorize("/a").await.unwrap();
    resent(judge(&client, &old, 401).await);
    rig.keeper.refuse(&old.header.current);
    assert_eq!(client.authorize("/a").await.unwrap().value(), "Bearer T2");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_server_handed_out_again_is_the_one_that_is_refused() {
    let (rig, client) = open([token("T1", 600), token("T1", 600), token("T2", 600)]);
    let sent = client.authorize("/a").await.unwrap();
    rig.pass(500.0).await;
    client.authorize("/a").await.unwrap();
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 2);
    assert_eq!(
        resent(judge(&client, &sent, 401).await).value(),
        "Bearer T2"
    );
    assert_eq!(rig.server.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_401_uses_the_refresh_token_first() {
    let (rig, client) = open([pair("T1", "R1", 600), pair("T2", "R2", 600)]);
    let sent = client.authorize("/a").await.unwrap();
    resent(judge(&client, &sent, 401).await);
    assert_eq!(rig.server.asked(), ["login", "refresh"]);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_whose_tokens_are_refused_gives_way_to_a_login() {
    let (rig, client) = open([
        pair("T1", "R1", 600),
        pair("T2", "R2", 600),
        pair("T3", "R3", 600),
    ]);
    let sent = client.authorize("/a").await.unwrap();
    let again = resent(judge(&client, &sent, 401).await);
    let verdict = judge(&client, &again, 401).await;
    assert_eq!(reason(&verdict), Reason::RefusedAgain);
    let next = client.authorize("/a").await.unwrap();
    let verdict = judge(&client, &next, 401).await;
    assert_eq!(reason(&verdict), Reason::StormGuard);
    rig.pass(30.0).await;
    let next = client.authorize("/a").await.unwrap();
    let healed = resent(judge(&client, &next, 401).await);
    assert_eq!(healed.value(), "Bearer T3");
    assert_eq!(rig.server.asked(), ["login", "refresh", "login"]);
}

#[tokio::test(start_paused = true)]
async fn the_same_token_again_is_a_reason_of_its_own() {
    let (_rig, client) = open([
        token("T1", 600),
        token("T1", 600),
        response(200, ""),
        token("T1", 600),
    ]);
    let sent = client.authorize("/a").await.unwrap();
    assert_eq!(reason(&judge(&client, &sent, 401).await), Reason::SameToken);
}

#[tokio::test(start_paused = true)]
async fn a_refused_pasted_token_is_given_back_as_not_renewable() {
    let rig = Rig::with(PassKit::token("PERMANENT").into_flow(None).unwrap(), []);
    let client = client(&rig);
    let sent = client.authorize("/a").await.unwrap();
    assert_eq!(
        reason(&judge(&client, &sent, 401).await),
        Reason::NotRenewable
    );
    assert_eq!(
        client.authorize("/a").await.unwrap_err().kind(),
        ErrorKind::CredentialsRejected
    );
}

#[tokio::test(start_paused = true)]
async fn the_cached_header_is_served_while_fresh_and_never_after_a_refusal_or_close() {
    let (rig, client) = open([token("T1", 600), token("T2", 600)]);
    assert!(client.cached(str::len).is_none());
    client.authorization().await.unwrap();
    assert_eq!(client.cached(str::to_owned).unwrap(), "Bearer T1");
    rig.pass(455.0).await;
    assert!(client.cached(str::len).is_some());
    rig.pass(26.0).await;
    assert!(
        client.cached(str::len).is_none(),
        "soft: the keeper decides"
    );
    client.authorization().await.unwrap();
    rig.settle().await;
    client.invalidate();
    assert!(client.cached(str::len).is_none());
    client.close();
    assert_eq!(
        client.authorization().await.unwrap_err().kind(),
        ErrorKind::Closed
    );
}

#[tokio::test(start_paused = true)]
async fn foreign_urls_get_no_header() {
    let (rig, client) = open([]);
    for url in [
        "https://evil.example/",
        "http://api.example/",
        "https://api.example:444/",
        "https://api.example.evil.example/",
    ] {
        assert_eq!(
            client.authorize(url).await.unwrap_err().kind(),
            ErrorKind::OriginRefused,
            "{url}"
        );
    }
    assert!(rig.server.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn events_tell_the_story_in_order() {
    let (_rig, client) = open([token("T1", 600), token("T2", 600)]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let _subscription = client.on_event(move |event| log.lock().unwrap().push(event.name()));
    let sent = client.authorize("/a").await.unwrap();
    let again = resent(judge(&client, &sent, 401).await);
    judge(&client, &again, 401).await;
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "flight_started",
            "token_installed",
            "refused",
            "flight_started",
            "token_installed",
            "resent",
            "refused",
            "given_back"
        ]
    );
    let stats = client.stats();
    assert_eq!(
        (
            stats.flights,
            stats.logins,
            stats.refused,
            stats.resends,
            stats.given_back
        ),
        (2, 2, 2, 1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn freshness_ends_with_time_refusal_a_newer_header_and_close() {
    let (rig, client) = open((1..9).map(|number| token(&format!("token-{number}"), 600)));
    let fresh = || client.freshness().map(|(_, freshness)| freshness);
    assert!(fresh().is_none());

    client.authorization().await.unwrap();
    let mut first = fresh().unwrap();
    assert_eq!(Freshness::from_words(first.to_words()), first);
    assert!(client.holds(&mut first));
    rig.pass(590.0).await;
    assert!(!client.holds(&mut first) && fresh().is_none());

    client.authorization().await.unwrap();
    let mut second = fresh().unwrap();
    client.invalidate();
    assert!(!client.holds(&mut second) && fresh().is_none());

    client.authorization().await.unwrap();
    let mut third = fresh().unwrap();
    // Another client of the identity takes a token with more life: this client's own header is as good as before.
    rig.pass(100.0).await;
    client
        .token_for(Duration::from_secs(550), None)
        .await
        .unwrap();
    assert!(client.holds(&mut third));
    let sent = client.cached_authorization().unwrap();
    let Verdict::Resend(_) = judge(&client, &sent, 401).await else {
        panic!("not resent")
    };
    assert!(!client.holds(&mut third));

    let mut fourth = fresh().unwrap();
    client.close();
    assert!(!client.holds(&mut fourth) && fresh().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_is_set_ends_freshness_with_the_next_tick() {
    let (rig, client) = open([token("token-1", 600)]);
    client.authorization().await.unwrap();
    let (_, mut freshness) = client.freshness().unwrap();
    assert!(client.holds(&mut freshness));
    rig.clock.set_wall_secs(START + 3_600);
    rig.pass(0.004).await;
    assert!(!client.holds(&mut freshness));
}

mod permanent;
