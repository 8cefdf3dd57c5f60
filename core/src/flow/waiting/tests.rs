use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::{TokenResponse, retry_after, without_clock};

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn response(headers: HeaderMap, body: &str) -> TokenResponse {
    TokenResponse {
        status: 429,
        headers,
        body: body.as_bytes().to_vec().into(),
    }
}

fn wait(headers: HeaderMap, body: &str, now: i64) -> Option<Duration> {
    retry_after(&response(headers, body), now)
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
        ("10s", Some(10.0)),
        ("\"10\"", Some(10.0)),
        ("10, 20", Some(10.0)),
        ("10 s", None),
        ("s", None),
        (",", None),
        // Unix time, in seconds and in milliseconds.
        ("1000000000", Some(3600.0)),
        ("1994-11-06T08:50:37Z", Some(60.0)),
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
        without_clock(&response(with_date, ""), None),
        Some(Duration::from_secs(30))
    );
    assert_eq!(without_clock(&response(headers(&[date]), ""), None), None);
}

#[test]
fn wso2_names_the_next_access_time_in_the_body() {
    for body in [
        r#"{"fault":{"code":900800,"message":"Message throttled out","nextAccessTime":"2020-Mar-16 13:30:00+0000 UTC"}}"#,
        r#"{"code":"900802","nextAccessTime":"2020-Mar-16 13:30:00+0000 UTC"}"#,
        r#"<amt:fault xmlns:amt="http://wso2.org/apimanager/throttling"><amt:code>900802</amt:code><amt:nextAccessTime>2020-Mar-16 13:30:00+0000 UTC</amt:nextAccessTime></amt:fault>"#,
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
        (None, r#"{"retry_after":"40"}"#, Some(40.0)),
        (None, r#"{"retryAfterMs":"2500"}"#, Some(2.5)),
        (None, r#"{"error":{"retry_after":40}}"#, Some(40.0)),
        (None, r#"{"errors":[{"retryAfterSeconds":40}]}"#, Some(40.0)),
        // Telegram, Google.
        (
            None,
            r#"{"ok":false,"parameters":{"retry_after":40}}"#,
            Some(40.0),
        ),
        (
            None,
            r#"{"error":{"code":429,"details":[{"@type":"x"},{"retryDelay":"27s"}]}}"#,
            Some(27.0),
        ),
        (None, r#"{"error":{"details":"none"}}"#, None),
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

#[test]
fn headers_of_other_names_and_units_are_read() {
    const NOW: i64 = 1_700_000_000;
    for (pairs, secs) in [
        (vec![("retry-after-ms", "2500")], Some(2.5)),
        (vec![("x-ms-retry-after-ms", "40000")], Some(40.0)),
        (vec![("retry-after", "1700000040")], Some(40.0)),
        (vec![("retry-after", "1700000040000")], Some(40.0)),
        (vec![("retry-after", "2023-11-14T22:14:00Z")], Some(40.0)),
        (
            vec![("retry-after", "soon"), ("retry-after-ms", "7000")],
            Some(7.0),
        ),
        // The wait that is stated before the one that follows from a limit.
        (
            vec![("retry-after", "7"), ("x-ratelimit-reset", "1700000900")],
            Some(7.0),
        ),
        (vec![("x-ratelimit-reset", "1700000040")], Some(40.0)),
    ] {
        let expected = secs.map(Duration::from_secs_f64);
        assert_eq!(wait(headers(&pairs), "", NOW), expected, "{pairs:?}");
    }
    let both = headers(&[("x-ratelimit-reset", "1700000900")]);
    assert_eq!(
        wait(both, r#"{"retry_after":7}"#, NOW),
        Some(Duration::from_secs(7))
    );
}
