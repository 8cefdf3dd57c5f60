//! The long poll by which a test waits for an event instead of sleeping.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::fault::RoutePattern;
use crate::provider::Provider;
use crate::state::Shared;

use super::{ControlError, Outcome};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    #[serde(default)]
    held: Option<u64>,
    #[serde(default)]
    requests: Option<u64>,
    #[serde(default)]
    answered: Option<u64>,
    #[serde(default)]
    route: RoutePattern,
    #[serde(default)]
    provider: Option<Provider>,
    /// In real time, which does not depend on the virtual clock.
    #[serde(default = "half_a_minute")]
    timeout_ms: u64,
}

fn half_a_minute() -> u64 {
    30_000
}

pub(super) async fn wait(shared: &Shared, wanted: Wait) -> Outcome {
    if !wanted.route.is_valid() {
        return Err(ControlError::bad(format!(
            "unknown route {:?}",
            wanted.route.as_str()
        )));
    }
    let (name, goal) = match (wanted.held, wanted.requests, wanted.answered) {
        (Some(goal), None, None) => ("held", goal),
        (None, Some(goal), None) => ("requests", goal),
        (None, None, Some(goal)) => ("answered", goal),
        _ => {
            return Err(ControlError::bad(
                "wait for one of held, requests and answered",
            ));
        }
    };
    let deadline = Instant::now() + Duration::from_millis(wanted.timeout_ms);
    let mut progress = shared.progress();
    loop {
        // Before the check, so that a change after it is noticed.
        progress.borrow_and_update();
        let reached = count(shared, name, &wanted);
        if reached >= goal {
            return Ok(json!({ name: reached }));
        }
        let changed = tokio::time::timeout_at(deadline, progress.changed()).await;
        if !matches!(changed, Ok(Ok(()))) {
            return Err(ControlError {
                status: 408,
                message: format!(
                    "{name} is {} after {} ms, not {goal}",
                    count(shared, name, &wanted),
                    wanted.timeout_ms
                ),
            });
        }
    }
}

fn count(shared: &Shared, name: &str, wanted: &Wait) -> u64 {
    if name == "held" {
        return shared.held() as u64;
    }
    let (requests, answered) = shared.lock().counts.of(&wanted.route, wanted.provider);
    if name == "requests" {
        requests
    } else {
        answered
    }
}
