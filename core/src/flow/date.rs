//! Reads the dates that servers send, as Unix seconds.

use std::time::UNIX_EPOCH;

use http::HeaderMap;
use http::header::DATE;
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

/// The response's `Date` header in Unix seconds (RFC 9110 §5.6.7, all three forms).
pub fn of_answer(headers: &HeaderMap) -> Option<i64> {
    http_unix_secs(headers.get(DATE)?.to_str().ok()?)
}

/// A date of RFC 9110 §5.6.7 in any of its three forms, or with a numeric offset (RFC 2822).
pub(super) fn http_unix_secs(text: &str) -> Option<i64> {
    let text = text.trim();
    match httpdate::parse_http_date(text) {
        Ok(instant) => i64::try_from(instant.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok(),
        Err(_) => OffsetDateTime::parse(text, &Rfc2822)
            .ok()
            .map(OffsetDateTime::unix_timestamp),
    }
}

/// An ISO 8601 instant: `T` or a blank between date and time, any fraction, offset `Z`, `+01:00`, `+0100`, `+01`, `UTC`,
/// `GMT`, or none, which is read as UTC. Year 1 and earlier does not count: .NET and Go write it for "not set".
pub(super) fn iso_unix_secs(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let time = time.trim();
    // As Ruby and SQL write the zone.
    let time = time
        .strip_suffix("UTC")
        .or_else(|| time.strip_suffix("GMT"))
        .unwrap_or(time)
        .trim_end();
    let offset_at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, offset) = time.split_at_checked(offset_at)?;
    let clock = clock.trim_end();
    // RFC 3339 requires seconds; ISO 8601 does not.
    let seconds = if clock.matches(':').count() == 1 {
        ":00"
    } else {
        ""
    };
    let offset = match offset.as_bytes() {
        [] | b"Z" | b"z" => "Z".to_owned(),
        [b'+' | b'-', _, _] => format!("{offset}:00"),
        [b'+' | b'-', _, _, b':', _, _] => offset.to_owned(),
        [b'+' | b'-', _, _, _, _] => format!("{}:{}", offset.get(..3)?, offset.get(3..)?),
        _ => return None,
    };
    let instant =
        OffsetDateTime::parse(&format!("{date}T{clock}{seconds}{offset}"), &Rfc3339).ok()?;
    (instant.year() > 1).then(|| instant.unix_timestamp())
}

/// WSO2's `nextAccessTime`, such as `2020-Mar-16 13:30:00+0000 UTC`.
pub(super) fn wso2_unix_secs(text: &str) -> Option<i64> {
    const MONTHS: &[&str] = &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let (date, time) = text.trim().split_once([' ', 'T'])?;
    let (year, rest) = date.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let month = match MONTHS
        .iter()
        .position(|name| name.eq_ignore_ascii_case(month))
    {
        Some(index) => format!("{:02}", index + 1),
        None => month.to_owned(),
    };
    iso_unix_secs(&format!("{year}-{month}-{day}T{time}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{http_unix_secs, iso_unix_secs, wso2_unix_secs};

    #[test]
    fn http_dates_in_their_three_forms() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            " Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 06 Nov 1994 09:49:37 +0100",
        ] {
            assert_eq!(http_unix_secs(text), Some(784_111_777), "{text}");
        }
        for text in [
            "",
            "now",
            "1994-11-06",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "784111777",
        ] {
            assert_eq!(http_unix_secs(text), None, "{text}");
        }
    }

    #[test]
    fn iso_instants() {
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14t22:13:20z",
            "2023-11-14 22:13:20",
            "2023-11-14T22:13:20.1234567Z",
            "2023-11-14T23:13:20+01:00",
            "2023-11-14T23:13:20+0100",
            "2023-11-14T23:13:20+01",
            "2023-11-14 22:13:20 +0000",
            "2023-11-14T17:13:20-05:00",
            "2023-11-14 22:13:20 UTC",
            "2023-11-14 22:13:20.5 GMT",
        ] {
            assert_eq!(iso_unix_secs(text), Some(1_700_000_000), "{text}");
        }
        assert_eq!(iso_unix_secs("2023-11-14T22:13Z"), Some(1_699_999_980));
        for text in [
            "",
            "2023-11-14",
            "T",
            "2023-13-14T22:13:20Z",
            "0001-01-01T00:00:00Z",
            "2023-11-14T22:13:20+é",
            "2023-11-14T22:13:20+0é0",
        ] {
            assert_eq!(iso_unix_secs(text), None, "{text}");
        }
    }

    #[test]
    fn next_access_time() {
        assert_eq!(
            wso2_unix_secs("2020-Mar-16 13:30:00+0000 UTC"),
            Some(1_584_365_400)
        );
        assert_eq!(
            wso2_unix_secs("2020-03-16 13:30:00 UTC"),
            Some(1_584_365_400)
        );
        assert_eq!(wso2_unix_secs("2020-Mrz-16 13:30:00+0000 UTC"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), dateish in "[0-9]{1,5}-[A-Za-z0-9]{1,3}-[0-9é]{1,2}[T ][0-9:.é]{0,9}[-+Z]?[0-9:é]{0,6}") {
            for text in [text, dateish] {
                let _ = (http_unix_secs(&text), iso_unix_secs(&text), wso2_unix_secs(&text));
            }
        }
    }
}
