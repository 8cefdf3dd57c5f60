//! The herd: many callers at the moment when the token is no longer good; or, to compare, while it is.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::adapters::Adapter;
use crate::cases::{Plan, all};

/// How long a token request takes.
const TOKEN_MS: u64 = 50;
/// Over how long late 401s come in.
const SPREAD_MS: u64 = 400;
/// The life of the token that is to expire.
const SHORT_LIFE_SECS: u64 = 1;

/// Before the first token: its life and how fast it comes.
pub fn before_first(plan: &Plan) {
    let life = if plan.case == "herd-expiry" {
        SHORT_LIFE_SECS
    } else {
        3_600
    };
    plan.server
        .control(&format!("set?life={life}&token_ms=0&gate=0&spread_ms=0"));
}

/// Before the callers start: the token is no longer good, and counting begins. Waits until the harness, too, is ready.
pub fn before_herd(plan: &Plan) {
    let (gate, spread) = match plan.case.as_str() {
        "herd-revoked" => (plan.callers, 0),
        "herd-late" => (plan.callers, SPREAD_MS),
        _ => (0, 0),
    };
    plan.server.control(&format!(
        "set?life=3600&token_ms={TOKEN_MS}&gate={gate}&spread_ms={spread}"
    ));
    if !matches!(plan.case.as_str(), "herd-expiry" | "herd-valid") {
        plan.server.control("revoke");
    }
    println!("ready");
    let told = std::io::stdin().read_line(&mut String::new());
    told.expect("the harness is there");
}

/// What the callers' statuses and the server's counts say.
pub fn report(plan: &Plan, statuses: &[u16], time: Duration) -> Value {
    let counts = plan.server.control("counts");
    json!({
        "tokens": counts["tokens"],
        "refused": counts["refused"],
        "failed": statuses.iter().filter(|status| **status != 200).count(),
        "seconds": time.as_secs_f64(),
    })
}

/// Callers that are tasks.
pub fn run<A: Adapter>(plan: &Plan) -> Value {
    before_first(plan);
    plan.runtime().block_on(async {
        let client = A::prepare(plan.server).await;
        client.get().await;
        before_herd(plan);
        let began = Instant::now();
        let callers = (0..plan.callers).map(|_| {
            let client = client.clone();
            async move { client.get().await }
        });
        let statuses = all(callers).await;
        report(plan, &statuses, began.elapsed())
    })
}

/// Callers that are threads.
pub fn threads(plan: &Plan, warm: impl Fn() -> u16, get: &(impl Fn() -> u16 + Sync)) -> Value {
    before_first(plan);
    warm();
    before_herd(plan);
    let start = Barrier::new(plan.callers + 1);
    // A thread's end costs as much as a call, and would be measured with the calls of the others.
    let end = Barrier::new(plan.callers);
    std::thread::scope(|scope| {
        let call = || {
            start.wait();
            let outcome = (get(), Instant::now());
            end.wait();
            outcome
        };
        let threads: Vec<_> = (0..plan.callers).map(|_| scope.spawn(call)).collect();
        start.wait();
        let began = Instant::now();
        let (statuses, done): (Vec<_>, Vec<_>) = threads
            .into_iter()
            .map(|thread| thread.join().expect("no caller panics"))
            .unzip();
        let last = done.into_iter().max().expect("there are callers");
        report(plan, &statuses, last - began)
    })
}
