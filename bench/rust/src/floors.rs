//! What a cached header could cost at least: a pointer loaded atomically and a look at the clock.

use std::hint::black_box;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cases::{Plan, per_call};
use crate::meter;

struct Held {
    text: String,
    until: Instant,
}

/// The floor of the header case; in the memory case, the bare process.
pub fn run(plan: &Plan) -> Value {
    if plan.case != "header" {
        return json!({ "bare_kb": meter::memory_kb("VmRSS") });
    }
    let mut held = Held {
        text: "Bearer x".repeat(20),
        until: Instant::now() + Duration::from_secs(3_600),
    };
    let pointer = AtomicPtr::new(&raw mut held);
    per_call(plan, |time| {
        let end = Instant::now() + time;
        let mut calls = 0;
        while Instant::now() < end {
            for _ in 0..1_000 {
                // SAFETY: `held` outlives the loop and nobody writes to it.
                let held = unsafe { &*black_box(&pointer).load(Ordering::Acquire) };
                assert!(Instant::now() < held.until);
                black_box(held.text.as_str());
            }
            calls += 1_000;
        }
        calls
    })
}
