//! Tokens that state no expiry and come again after a refusal.

use std::sync::Arc;
use std::time::Duration;

use super::jwt_of_second;
use crate::error::{ErrorKind, Result};
use crate::flow::{Flow, IntoFlow, Password, TokenResponse, Wso2};
use crate::secret::Secret;
use crate::test_rig::{Rig, rejected, response};

/// A token response with more than the token.
fn grant(token: &str, more: &str) -> Result<TokenResponse> {
    response(200, &format!(r#"{{"access_token":"{token}"{more}}}"#))
}

/// Without a revocation endpoint.
fn plain() -> Flow {
    let flow = Password::new("https://as.example/token", "user", "password");
    flow.into_flow(None).unwrap()
}

/// With one.
fn revoking() -> Flow {
    let url = "https://gw.example/token";
    let flow = Wso2::new(url, "key", "secret", "user", "password");
    flow.into_flow(None).unwrap()
}

/// A server's responses to the login and to the renewal after a refusal.
async fn renewed(
    flow: Flow,
    responses: impl IntoIterator<Item = Result<TokenResponse>>,
) -> (Rig, Result<String, ErrorKind>) {
    let rig = Rig::with(flow, responses);
    rig.server.open();
    let refused = rig.ask().await.unwrap();
    // Old enough for a JWT of the next second not to be waited for.
    rig.pass(2.0).await;
    rig.keeper.refuse(&refused);
    let outcome = rig.ask().await.map_err(|error| error.kind());
    if let Ok(renewed) = &outcome {
        assert!(renewed.generation > refused.generation && renewed.after_refusal);
        assert!(refused.refused() && !renewed.refused() && !renewed.is_same_as(&refused));
    }
    let outcome = outcome.map(|renewed| renewed.value.expose().to_owned());
    (rig, outcome)
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_that_comes_again_is_valid_if_neither_response_states_an_expiry() {
    let stated = r#","expires_in":600"#;
    let jwt = &jwt_of_second(0);
    for (value, first, again, is_believed) in [
        ("opaque", "", "", true),
        ("opaque", r#","expires_in":-1"#, r#","expires_in":-1"#, true),
        ("opaque", r#","expires_in":"soon""#, "", true),
        ("opaque", stated, stated, false),
        ("opaque", stated, "", false),
        ("opaque", "", stated, false),
        (jwt, "", "", false),
    ] {
        let responses = [grant(value, first), grant(value, again)];
        let (rig, outcome) = renewed(plain(), responses).await;
        let expected = if is_believed {
            Ok(value.to_owned())
        } else {
            Err(ErrorKind::SameToken)
        };
        assert_eq!(outcome, expected, "{value}{first}{again}");
        assert_eq!(rig.server.asked(), ["login", "login"]);
        let stats = rig.keeper.stats();
        let counted = (stats.logins, stats.failures);
        assert_eq!(counted, if is_believed { (2, 0) } else { (1, 1) });
    }
}

#[tokio::test(start_paused = true)]
async fn an_assumed_life_is_no_statement_and_starts_again() {
    let mut rig = Rig::with(plain(), [grant("T1", ""), grant("T1", "")]);
    Arc::get_mut(&mut rig.policy).unwrap().default_life_secs = Some(600.0);
    rig.server.open();
    let refused = rig.ask().await.unwrap();
    rig.pass(100.0).await;
    rig.keeper.refuse(&refused);
    assert_eq!(rig.value().await, "T1");
    let left = rig.keeper.state().expires_in;
    assert_eq!(left, Some(Duration::from_secs(600)));
}

#[tokio::test(start_paused = true)]
async fn at_the_end_of_an_assumed_life_that_nobody_refused_the_expiry_stays() {
    let mut rig = Rig::with(plain(), [grant("T1", ""), grant("T1", "")]);
    Arc::get_mut(&mut rig.policy).unwrap().default_life_secs = Some(600.0);
    rig.server.open();
    rig.value().await;
    rig.pass(595.0).await;
    assert_eq!(rig.value().await, "T1");
    let state = rig.keeper.state();
    assert_eq!(state.expires_in, Some(Duration::from_secs(5)));
    assert_eq!(state.last_error.unwrap().kind(), ErrorKind::SameToken);
}

#[tokio::test(start_paused = true)]
async fn another_token_that_is_of_no_use_is_no_word_for_the_refused_one() {
    let dying = grant("T2", r#","expires_in":0"#);
    let rig = Rig::with(plain(), [grant("T1", ""), dying]);
    rig.server.open();
    let refused = rig.ask().await.unwrap();
    rig.keeper.refuse(&refused);
    let error = rig.ask().await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::SameToken);
    assert_eq!(error.retry_after(), None);
}

#[tokio::test(start_paused = true)]
async fn an_expiry_that_either_response_states_counts_for_a_token_that_comes_again() {
    let stated = r#","expires_in":600"#;
    for (first, again, is_open_ended) in [("", "", true), (stated, "", false), ("", stated, false)]
    {
        let mut rig = Rig::with(plain(), [grant("T1", first), grant("T1", again)]);
        Arc::get_mut(&mut rig.policy).unwrap().default_life_secs = Some(600.0);
        rig.server.open();
        let held = rig.ask().await.unwrap();
        rig.pass(500.0).await;
        rig.value().await;
        rig.settle().await;
        let current = rig.ask().await.unwrap();
        assert!(current.generation > held.generation && current.is_same_as(&held));
        assert_eq!(current.open_ended, is_open_ended, "{first}{again}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_refresh_grant_may_bring_another_before_the_server_is_believed() {
    let with = |refresh: &str| format!(r#","refresh_token":"{refresh}""#);
    let brings_another = [grant("T1", &with("R1")), grant("T2", "")];
    let (rig, outcome) = renewed(plain(), brings_another).await;
    assert_eq!(outcome, Ok("T2".to_owned()));
    assert_eq!(rig.server.asked(), ["login", "refresh"]);
    // The login's refresh token brings the same again, with another refresh token or none, or it is rejected.
    for (refreshed, left) in [
        (grant("T1", &with("R3")), Some("R3")),
        (grant("T1", ""), Some("R2")),
        (rejected(), None),
        // No decision about the refresh token, and another token that is of no use either.
        (response(503, ""), Some("R2")),
        (grant("T2", r#","expires_in":0"#), Some("R2")),
    ] {
        let first = grant("T1", &with("R1"));
        let again = grant("T1", &with("R2"));
        let responses = [first, grant("T1", ""), again, refreshed];
        let (rig, outcome) = renewed(plain(), responses).await;
        assert_eq!(outcome, Ok("T1".to_owned()));
        assert_eq!(rig.server.asked(), ["login", "refresh", "login", "refresh"]);
        let current = rig.keeper.current.load_full().unwrap();
        let refresh_token = current.refresh_token.as_ref().map(Secret::expose);
        assert_eq!(refresh_token, left);
    }
}

#[tokio::test(start_paused = true)]
async fn a_revocation_may_bring_another_before_the_server_is_believed() {
    for last in ["T1", "T2"] {
        let revoked = response(200, "");
        let responses = [grant("T1", ""), grant("T1", ""), revoked, grant(last, "")];
        let (rig, outcome) = renewed(revoking(), responses).await;
        assert_eq!(outcome, Ok(last.to_owned()));
        assert_eq!(rig.server.asked(), ["login", "login", "revoke", "login"]);
    }
}
