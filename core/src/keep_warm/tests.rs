use std::sync::Arc;
use std::time::Duration;

use crate::keeper::{RenewalPolicy, Standing};
use crate::test_rig::{Rig, down, token};

/// A client's policy with `keep_warm`, made known to the keeper.
fn warm_policy(rig: &Rig) -> Arc<RenewalPolicy> {
    let policy = Arc::new(RenewalPolicy {
        transport: Arc::clone(&rig.policy.transport),
        keep_warm: true,
        ..*rig.policy
    });
    rig.keeper.want_warm(&policy);
    policy
}

#[tokio::test(start_paused = true)]
async fn keep_warm_renews_by_timer_without_traffic_until_the_client_is_gone() {
    let rig = Rig::open([token("T1", 600), token("T2", 600)]);
    let policy = warm_policy(&rig);
    rig.value().await;
    rig.settle().await;
    rig.pass(481.0).await;
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 2);
    drop(policy);
    rig.pass(600.0).await;
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn keep_warm_ends_when_the_last_client_that_wants_it_is_closed() {
    let rig = Rig::open([token("T1", 600), token("T2", 600)]);
    let (one, other) = (warm_policy(&rig), warm_policy(&rig));
    rig.value().await;
    rig.settle().await;
    rig.keeper.stop_keeping_warm(&one);
    rig.pass(481.0).await;
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 2);
    rig.keeper.stop_keeping_warm(&other);
    rig.pass(600.0).await;
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn keep_warm_has_one_timer_however_many_flights_there_were() {
    let rig = Rig::open((1..=8).map(|nth| token(&format!("T{nth}"), 600)));
    let _terms = warm_policy(&rig);
    for nth in 1..=6 {
        let current = rig.ask().await.unwrap();
        assert_eq!(current.value.expose(), format!("T{nth}"));
        rig.settle().await;
        rig.pass(10.0).await;
        if nth < 6 {
            rig.keeper.refuse(&current);
        }
    }
    // The timers of the first five fire and do nothing; then that of the sixth.
    rig.pass(440.0).await;
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 6);
    rig.pass(40.0).await;
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 7);
    rig.pass(481.0).await;
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn keep_warm_goes_for_a_token_that_another_client_brought() {
    let rig = Rig::open([token("T1", 600), token("T2", 600)]);
    rig.value().await;
    let policy = warm_policy(&rig);
    rig.keeper
        .token(&policy, Duration::ZERO, policy.timeout)
        .await
        .unwrap();
    rig.settle().await;
    rig.pass(481.0).await;
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn keep_warm_goes_on_after_failures_and_an_expiry() {
    let rig = Rig::open([token("T1", 600), down(), down(), token("T2", 600)]);
    let _terms = warm_policy(&rig);
    rig.value().await;
    rig.settle().await;
    rig.pass(481.0).await;
    rig.settle().await;
    rig.pass(200.0).await;
    rig.settle().await;
    rig.pass(100.0).await;
    rig.settle().await;
    assert_eq!(rig.server.asked().len(), 4);
    assert_eq!(rig.keeper.state().standing, Standing::Fresh);
}
