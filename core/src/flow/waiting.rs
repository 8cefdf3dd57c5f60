//! How long a server asks to wait: `Retry-After` (RFC 9110 §10.2.3), and what servers write in other headers or in the body instead.

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use super::{TokenResponse, date};
use crate::document::Document;

mod limit;
mod words;

/// Longest wait that is accepted, in seconds (docs/contract.md §5).
const LONGEST_SECS: f64 = 3600.0;

/// Headers with a wait, and their unit in seconds: the standard one, better-auth's, Azure's.
const HEADERS: &[(&str, f64)] = &[
    ("retry-after", 1.0),
    ("x-retry-after", 1.0),
    ("retry-after-ms", 0.001),
    ("x-ms-retry-after-ms", 0.001),
];
/// Members with a wait, and their unit in seconds: Matrix (`retry_after_ms`), Discord and others.
const MEMBERS: &[(&str, f64)] = &[
    ("retry_after_ms", 0.001),
    ("retryAfterMs", 0.001),
    ("retry_after", 1.0),
    ("retryAfter", 1.0),
    ("retry_after_seconds", 1.0),
    ("retryAfterSeconds", 1.0),
];
/// Where these members are, if not at the root; Telegram's are in `parameters`.
const PLACES: &[&str] = &[
    "error",
    "errors.0",
    "parameters",
    "detail",
    "details",
    "data",
];

/// How long `response` asks to wait: the headers that state a wait (in seconds, of which a fraction is tolerated, or as a date), else
/// what the body says, else when a used-up rate limit begins anew. Clamped to 0..=3600 s.
///
/// A date is compared with the response's own `Date`, so that this machine's clock does not matter;
/// without one, with `now_unix_secs`. A past date is 0; a negative or unreadable value is `None`.
pub fn retry_after(response: &TokenResponse, now_unix_secs: i64) -> Option<Duration> {
    let document = Document::of_error(&response.body);
    wait_of(response, document.as_ref(), Some(now_unix_secs))
}

/// The wait that `response` states, without a clock: dates count only with the response's `Date`.
pub(super) fn without_clock(
    response: &TokenResponse,
    document: Option<&Document>,
) -> Option<Duration> {
    wait_of(response, document, None)
}

fn wait_of(
    response: &TokenResponse,
    document: Option<&Document>,
    now_unix_secs: Option<i64>,
) -> Option<Duration> {
    let now = date::of_answer(&response.headers).or(now_unix_secs);
    of_headers(&response.headers, now)
        .or_else(|| of_document(document?, now))
        .or_else(|| limit::until_reset(response.status, &response.headers, now))
}

fn of_headers(headers: &HeaderMap, now: Option<i64>) -> Option<Duration> {
    HEADERS.iter().find_map(|(name, unit_secs)| {
        let mut values = headers.get_all(*name).into_iter();
        values.find_map(|value| stated(value.to_str().ok()?, *unit_secs, now))
    })
}

fn of_document(document: &Document, now: Option<i64>) -> Option<Duration> {
    let read = |value: &Value, unit_secs: f64| match value {
        Value::Number(number) => clamped(number.as_f64()? * unit_secs),
        Value::String(text) => stated(text, unit_secs, now),
        _ => None,
    };
    let at = |path: &str, unit_secs: f64| read(document.get(path)?, unit_secs);
    let wait = MEMBERS.iter().find_map(|(name, unit_secs)| {
        at(name, *unit_secs).or_else(|| {
            let mut places = PLACES.iter();
            places.find_map(|place| at(&format!("{place}.{name}"), *unit_secs))
        })
    });
    // Google: {"error":{"details":[{"retryDelay":"27s"}]}}
    let delay = || {
        let details = document.get("error.details")?.as_array()?;
        details
            .iter()
            .find_map(|detail| read(detail.get("retryDelay")?, 1.0))
    };
    // WSO2, also in XML.
    let next_access = || {
        let places = [
            "nextAccessTime",
            "fault.nextAccessTime",
            "error.nextAccessTime",
        ];
        let text = places
            .iter()
            .find_map(|place| document.get(place))
            .and_then(Value::as_str)?;
        until(date::wso2_unix_secs(text)?, now)
    };
    let in_words = || clamped(words::wait_secs(&document.details().message?)?);
    wait.or_else(delay).or_else(next_access).or_else(in_words)
}

/// Thirty years in seconds: an instant in Unix time, which in milliseconds has three more digits.
const INSTANT: f64 = 1e9;
const INSTANT_MS: f64 = 1e11;

/// Whether `text` states an instant rather than a wait.
fn is_instant(text: &str) -> bool {
    plain_number(text.trim()).is_none_or(|number| number >= INSTANT)
}

/// The wait that `text` states: a number of units, seconds with an `s`, or an instant as a date or in Unix time. Of a list, which
/// proxies make of a repeated header, the first.
fn stated(text: &str, unit_secs: f64, now: Option<i64>) -> Option<Duration> {
    let text = text.trim().trim_matches('"');
    if let Some(number) = plain_number(text) {
        return if unit_secs < 1.0 || number < INSTANT {
            clamped(number * unit_secs)
        } else if number < INSTANT_MS {
            until(whole(number), now)
        } else {
            until(whole(number / 1000.0), now)
        };
    }
    if let Some(instant) = date::http_unix_secs(text).or_else(|| date::iso_unix_secs(text)) {
        return until(instant, now);
    }
    if let Some(number) = text.strip_suffix('s').and_then(plain_number) {
        return clamped(number);
    }
    let (first, _) = text.split_once(',')?;
    clamped(plain_number(first.trim())? * unit_secs)
}

/// Digits with at most a decimal point. Rust also parses `inf`, `1e9` and `+5` as numbers, which do not count here.
fn plain_number(text: &str) -> Option<f64> {
    let is_plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    text.bytes().all(is_plain).then(|| text.parse().ok())?
}

/// Without the fraction. What no instant can be becomes the furthest one.
#[allow(clippy::cast_possible_truncation)]
fn whole(number: f64) -> i64 {
    number as i64
}

fn until(instant: i64, now: Option<i64>) -> Option<Duration> {
    // Within the clamp a double is exact.
    #[allow(clippy::cast_precision_loss)]
    clamped(instant.saturating_sub(now?).max(0) as f64)
}

fn clamped(secs: f64) -> Option<Duration> {
    // Also false for NaN.
    (secs >= 0.0).then(|| Duration::from_secs_f64(secs.min(LONGEST_SECS)))
}

#[cfg(test)]
mod tests;
