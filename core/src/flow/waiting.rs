//! How long a server asks to wait: `Retry-After` (RFC 9110 §10.2.3), and what servers write in the body instead.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName};
use serde_json::Value;

use super::{TokenResponse, date};
use crate::document::Document;

/// Longest wait that is accepted, in seconds (docs/contract.md §5).
const LONGEST_SECS: f64 = 3600.0;

/// Members with a wait, and their unit in seconds: Matrix (`retry_after_ms`), Discord and others.
const WAITS: &[(&str, f64)] = &[
    ("retry_after_ms", 0.001),
    ("retry_after", 1.0),
    ("retryAfter", 1.0),
];

/// How long `response` asks to wait: `Retry-After` in seconds (a fraction is tolerated) or as a date, else what the body says:
/// one of `WAITS`, or WSO2's `nextAccessTime`. Clamped to 0..=3600 s.
///
/// A date is compared with the response's own `Date`, so that this machine's clock does not matter;
/// without one, with `now_unix_secs`. A past date is 0; a negative or unreadable value is `None`.
pub fn retry_after(response: &TokenResponse, now_unix_secs: i64) -> Option<Duration> {
    let now = Some(now_unix_secs);
    of_headers(&response.headers, now)
        .or_else(|| of_document(&Document::of_error(&response.body)?, &response.headers, now))
}

/// The wait that headers and body state, without a clock: dates count only with the response's `Date`.
pub(super) fn without_clock(headers: &HeaderMap, document: Option<&Document>) -> Option<Duration> {
    of_headers(headers, None).or_else(|| of_document(document?, headers, None))
}

fn of_headers(headers: &HeaderMap, now_unix_secs: Option<i64>) -> Option<Duration> {
    /// better-auth.
    const X_RETRY_AFTER: HeaderName = HeaderName::from_static("x-retry-after");
    let standard = headers.get_all(RETRY_AFTER).into_iter();
    standard
        .chain(headers.get_all(X_RETRY_AFTER))
        .find_map(|value| {
            let text = value.to_str().ok()?.trim();
            // Rust also parses `inf`, `1e9` and `+5` as numbers, which do not count here.
            if text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
            {
                return clamped(text.parse().ok()?);
            }
            until(date::http_unix_secs(text)?, headers, now_unix_secs)
        })
}

fn of_document(
    document: &Document,
    headers: &HeaderMap,
    now_unix_secs: Option<i64>,
) -> Option<Duration> {
    let stated = WAITS
        .iter()
        .find_map(|(name, secs)| Some(document.get(name)?.as_f64()? * secs));
    if let Some(secs) = stated {
        return clamped(secs);
    }
    let places = [
        "nextAccessTime",
        "fault.nextAccessTime",
        "error.nextAccessTime",
    ];
    let text = places
        .iter()
        .find_map(|place| document.get(place))
        .and_then(Value::as_str)?;
    until(date::wso2_unix_secs(text)?, headers, now_unix_secs)
}

fn until(instant: i64, headers: &HeaderMap, now_unix_secs: Option<i64>) -> Option<Duration> {
    let now = date::of_answer(headers).or(now_unix_secs)?;
    // Within the clamp a double is exact.
    #[allow(clippy::cast_precision_loss)]
    clamped(instant.saturating_sub(now).max(0) as f64)
}

fn clamped(secs: f64) -> Option<Duration> {
    // Also false for NaN.
    (secs >= 0.0).then(|| Duration::from_secs_f64(secs.min(LONGEST_SECS)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;

    use super::super::TokenResponse;
    use super::{retry_after, without_clock};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn wait(headers: HeaderMap, body: &str, now: i64) -> Option<Duration> {
        retry_after(
            &TokenResponse {
                status: 429,
                headers,
                body: body.as_bytes().to_vec().into(),
            },
            now,
        )
    }

    #[test]
    fn seconds_and_dates_are_clamped_and_garbage_is_nothing() {
        const NOW: i64 = 784_111_777;
        let table = [
            ("120", Some(120.0)),
            (" 1.5 ", Some(1.5)),
            ("0", Some(0.0)),
            ("-0", None),
            ("86400", Some(3600.0)),
            ("99999999999999999999999", Some(3600.0)),
            ("inf", None),
            ("1e3", None),
            (".", None),
            ("-1", None),
            ("NaN", None),
            ("soon", None),
            ("10s", None),
            ("", None),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60.0)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60.0)),
            ("Sun Nov  6 08:50:37 1994", Some(60.0)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0.0)),
            ("Sun, 06 Nov 2094 08:00:00 GMT", Some(3600.0)),
        ];
        for (text, secs) in table {
            for name in ["retry-after", "x-retry-after"] {
                assert_eq!(
                    wait(headers(&[(name, text)]), "", NOW),
                    secs.map(Duration::from_secs_f64),
                    "{name}: {text}"
                );
            }
        }
    }

    #[test]
    fn a_date_counts_from_the_servers_own_date_and_without_any_clock_not_at_all() {
        let date = ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT");
        let with_date = headers(&[("date", "Sun, 06 Nov 1994 08:50:07 GMT"), date]);
        assert_eq!(
            wait(with_date.clone(), "", 0),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            without_clock(&with_date, None),
            Some(Duration::from_secs(30))
        );
        assert_eq!(without_clock(&headers(&[date]), None), None);
    }

    #[test]
    fn wso2_names_the_next_access_time_in_the_body() {
        for body in [
            r#"{"fault":{"code":900800,"message":"Message throttled out","nextAccessTime":"2020-Mar-16 13:30:00+0000 UTC"}}"#,
            r#"{"code":"900802","nextAccessTime":"2020-Mar-16 13:30:00+0000 UTC"}"#,
        ] {
            assert_eq!(
                wait(HeaderMap::new(), body, 1_584_365_400 - 45),
                Some(Duration::from_secs(45)),
                "{body}"
            );
        }
        assert_eq!(wait(HeaderMap::new(), "<html>", 0), None);
    }

    #[test]
    fn a_wait_in_the_body_counts_without_a_header() {
        for (header, body, secs) in [
            (
                None,
                r#"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}"#,
                Some(2.5),
            ),
            (None, r#"{"retry_after":64.57,"global":false}"#, Some(64.57)),
            (None, r#"{"retryAfter":86400}"#, Some(3600.0)),
            (None, r#"{"retry_after":-1}"#, None),
            (None, r#"{"retry_after":"soon"}"#, None),
            (Some("7"), r#"{"retry_after_ms":2500}"#, Some(7.0)),
        ] {
            let pairs: Vec<_> = header
                .map(|text| ("retry-after", text))
                .into_iter()
                .collect();
            let expected = secs.map(Duration::from_secs_f64);
            assert_eq!(wait(headers(&pairs), body, 0), expected, "{body}");
        }
    }

    proptest! {
        #[test]
        fn a_wait_is_never_longer_than_an_hour(value in proptest::collection::vec(32u8..=255, 0..40), now in any::<i64>()) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.insert("retry-after", value);
            }
            prop_assert!(wait(headers, "", now).is_none_or(|wait| wait <= Duration::from_secs(3600)));
        }
    }
}
