//! Expectations against what happened.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use evertoken::{Error, State, Stats};
use serde_json::{Value, json};

use crate::Failure;
use crate::outcome::Outcome;
use crate::step::{CallExpect, ErrorExpect, Span, StateExpect};

/// Equal, or what differs.
pub(crate) fn same<T: PartialEq + Debug>(what: &str, expected: &T, got: &T) -> Result<(), Failure> {
    if expected == got {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, got {got:?}"))
    }
}

fn within(what: &str, expected: Option<Span>, got: Option<Duration>) -> Result<(), Failure> {
    let fits = match (expected, got.map(|got| got.as_secs_f64())) {
        (None, None) => true,
        (Some((low, high)), Some(secs)) => (low..=high).contains(&secs),
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, got {got:?}"))
    }
}

/// One call's outcome.
pub(crate) fn outcome(
    expect: &CallExpect,
    got: &Outcome,
    saved: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    match (&expect.error, got) {
        (Some(expected), Outcome::Failed(found)) => return error(expected, found),
        (Some(expected), other) => {
            return Err(format!(
                "expected the error {}, got {other:?}",
                expected.kind
            ));
        }
        (None, Outcome::Failed(found)) => return Err(format!("failed: {found:?}")),
        (None, _) => {}
    }
    if let Some(value) = &expect.value {
        same("value", &Some(value.as_str()), &got.value())?;
    }
    if let Some(name) = &expect.same_as {
        same(
            "same_as",
            &saved.get(name).map(String::as_str),
            &got.value(),
        )?;
    }
    if let Some(name) = &expect.differs_from
        && saved.get(name).map(String::as_str) == got.value()
    {
        return Err(format!("differs_from: it is the value saved as {name}"));
    }
    if let Outcome::Token {
        expires_in, scope, ..
    } = got
    {
        if let Some(span) = expect.expires_in {
            within("expires_in", span, *expires_in)?;
        }
        if let Some(expected) = &expect.scope {
            same("scope", expected, scope)?;
        }
    }
    if let Outcome::Answer {
        status,
        reason,
        headers,
        body,
        ..
    } = got
    {
        answer(expect, *status, reason.as_ref(), headers, body)?;
    }
    Ok(())
}

fn answer(
    expect: &CallExpect,
    status: u16,
    reason: Option<&String>,
    headers: &BTreeMap<String, String>,
    body: &String,
) -> Result<(), Failure> {
    if let Some(expected) = expect.status
        && expected != status
    {
        return Err(format!("status: expected {expected}, got {status} {body}"));
    }
    if let Some(expected) = &expect.reason {
        same("reason", &expected.as_ref(), &reason)?;
    }
    if let Some(expected) = &expect.body {
        same("body", expected, body)?;
    }
    for (name, expected) in &expect.headers {
        same(name, &Some(expected), &headers.get(name))?;
    }
    Ok(())
}

/// An error.
pub(crate) fn error(expect: &ErrorExpect, got: &Error) -> Result<(), Failure> {
    let text = got.to_string();
    same("kind", &expect.kind.as_str(), &got.kind().code())
        .map_err(|failure| format!("{failure}: {text}"))?;
    if let Some(status) = expect.http_status {
        same("http_status", &status, &got.http_status())?;
    }
    if let Some(code) = &expect.provider_code {
        same("provider_code", &code.as_deref(), &got.provider_code())?;
    }
    if let Some(words) = &expect.provider_message {
        let message = got.provider_message().unwrap_or_default();
        if !message.contains(words.as_str()) {
            return Err(format!("provider_message: {words:?} is not in {message:?}"));
        }
        if message.chars().count() > 300 {
            return Err(format!(
                "provider_message: longer than 300 characters: {message:?}"
            ));
        }
    }
    if let Some(span) = expect.retry_after {
        within("retry_after", span, got.retry_after())?;
    }
    if let Some(retryable) = expect.retryable {
        same("retryable", &retryable, &got.retryable())?;
    }
    let plain = |text: &str| text.to_lowercase().replace('_', "");
    match expect
        .mentions
        .iter()
        .find(|words| !plain(&text).contains(&plain(words)))
    {
        None => Ok(()),
        Some(words) => Err(format!("mentions: {words:?} is not in {text:?}")),
    }
}

/// Where the identity stands.
pub(crate) fn state(expect: &StateExpect, got: &State) -> Result<(), Failure> {
    if let Some(standing) = &expect.standing {
        same("standing", &standing.as_str(), &got.standing.code())?;
    }
    if let Some(span) = expect.expires_in {
        within("expires_in", span, got.expires_in)?;
    }
    if let Some(via) = &expect.via {
        same(
            "via",
            &via.as_deref(),
            &got.via.map(evertoken::event::Via::code),
        )?;
    }
    if let Some(kind) = &expect.last_error {
        same(
            "last_error",
            &kind.as_deref(),
            &got.last_error.as_ref().map(|error| error.kind().code()),
        )?;
    }
    if let Some(span) = expect.next_try_in {
        within("next_try_in", span, got.next_try_in)?;
    }
    Ok(())
}

/// The counters by name.
pub(crate) fn stats(expect: &BTreeMap<String, u64>, got: &Stats) -> Result<(), Failure> {
    let Stats {
        tokens_served,
        flights,
        failures,
        logins,
        refreshes,
        refused,
        resends,
        given_back,
        waiting,
    } = *got;
    let all = json!({
        "tokens_served": tokens_served, "flights": flights, "failures": failures, "logins": logins, "refreshes": refreshes,
        "refused": refused, "resends": resends, "given_back": given_back, "waiting": waiting,
    });
    numbers(expect, &all)
}

/// Counts by dotted path.
pub(crate) fn numbers(expect: &BTreeMap<String, u64>, got: &Value) -> Result<(), Failure> {
    for (path, expected) in expect {
        let found = path.split('.').try_fold(got, |value, key| value.get(key));
        same(path, &Some(*expected), &found.and_then(Value::as_u64))?;
    }
    Ok(())
}

/// Events as names with their detail, in order or as a multiset.
pub(crate) fn events(expected: &[String], got: &[String], any_order: bool) -> Result<(), Failure> {
    let (mut expected, mut got) = (expected.to_vec(), got.to_vec());
    if any_order {
        expected.sort();
        got.sort();
    }
    same("events", &expected, &got)
}
