//! What happens at the edges of windows, pauses and flights.

use std::sync::Arc;
use std::time::Duration;

use super::super::{Next, Standing};
use crate::test_rig::{Rig, down, response, token};

#[tokio::test(start_paused = true)]
async fn a_caller_that_comes_late_finds_what_the_flight_of_another_brought() {
    let rig = Rig::open([token("T1", 600)]);
    rig.value().await;
    // It saw no token; the flight landed before it looked at the flights.
    let step = rig
        .keeper
        .next_step(Duration::ZERO, rig.policy.timeout, &rig.policy);
    assert!(matches!(step, Ok(Next::Serve(current)) if current.value.expose() == "T1"));
}

#[tokio::test(start_paused = true)]
async fn in_a_pause_the_rest_of_a_token_is_served_at_once_and_nobody_asks() {
    let rig = Rig::open([token("T1", 600), down()]);
    rig.value().await;
    rig.pass(595.0).await;
    assert_eq!(rig.value().await, "T1");
    assert_eq!(rig.value().await, "T1");
    assert_eq!(rig.server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_comes_with_less_life_than_its_hard_window_is_not_taken() {
    let rig = Arc::new(Rig::gated([
        token("T1", 5),
        response(200, ""),
        token("T2", 600),
    ]));
    let asking = tokio::spawn({
        let rig = Arc::clone(&rig);
        async move { rig.value().await }
    });
    rig.settle().await;
    assert_eq!(rig.server.asked(), ["login"]);
    rig.pass(4.8).await;
    rig.server.open();
    assert_eq!(asking.await.unwrap(), "T2");
    assert_eq!(rig.server.asked(), ["login", "revoke", "login"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_in_its_hard_window_stands_as_soft() {
    let rig = Rig::open([token("T1", 600)]);
    rig.value().await;
    for (secs, standing) in [
        (0.0, Standing::Fresh),
        (500.0, Standing::Soft),
        (95.0, Standing::Soft),
        (5.0, Standing::Expired),
    ] {
        rig.pass(secs).await;
        assert_eq!(rig.keeper.state().standing, standing, "{secs}");
    }
}
