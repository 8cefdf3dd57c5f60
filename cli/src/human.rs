//! Formats times, durations and text from servers for people.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use evertoken::clock::{Clock as _, SystemClock};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds since 1970, now.
pub(crate) fn now_unix_secs() -> i64 {
    SystemClock.now().wall_secs()
}

/// `2026-01-31 12:00:00 UTC`; `None` beyond year 9999.
pub(crate) fn date(unix_secs: i64) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(unix_secs).ok()?;
    let (hour, minute, second) = at.to_hms();
    Some(format!(
        "{} {hour:02}:{minute:02}:{second:02} UTC",
        at.date()
    ))
}

/// `2026-01-31T12:00:00Z` (RFC 3339), to the second.
pub(crate) fn rfc3339(at: SystemTime) -> Option<String> {
    let secs = at.duration_since(UNIX_EPOCH).ok()?.as_secs();
    rfc3339_of(i64::try_from(secs).ok()?)
}

/// As [`rfc3339`], from seconds since 1970.
pub(crate) fn rfc3339_of(unix_secs: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(unix_secs)
        .ok()?
        .format(&Rfc3339)
        .ok()
}

/// `in 4 min 3 s`, `4 min 3 s ago`, `now`.
pub(crate) fn relative(unix_secs: i64, now: i64) -> String {
    let length = span(Duration::from_secs(unix_secs.abs_diff(now)));
    match unix_secs.cmp(&now) {
        std::cmp::Ordering::Less => format!("{length} ago"),
        std::cmp::Ordering::Equal => "now".to_owned(),
        std::cmp::Ordering::Greater => format!("in {length}"),
    }
}

/// The two largest units: `3 d 4 h`, `4 min 3 s`, `12 s`.
pub(crate) fn span(length: Duration) -> String {
    let secs = length.as_secs();
    let units = [
        (secs / 86_400, "d"),
        (secs / 3_600 % 24, "h"),
        (secs / 60 % 60, "min"),
        (secs % 60, "s"),
    ];
    let first = units.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let shown: Vec<_> = units[first..]
        .iter()
        .take(2)
        .filter(|(count, _)| *count > 0 || first == 3)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    shown.join(" ")
}

/// `text` with control and direction characters escaped, so that they do not affect the terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        // Marks, embeddings and isolates, which change the order in which characters are displayed.
        let changes_direction = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || changes_direction {
            // Writing to a String cannot fail.
            let _ = write!(shown, "{}", c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{date, printable, relative, rfc3339_of, span};

    #[test]
    fn lengths_have_two_units_at_most() {
        for (secs, shown) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (243, "4 min 3 s"),
            (3_600, "1 h"),
            (3_601, "1 h"),
            (100_000, "1 d 3 h"),
        ] {
            assert_eq!(span(Duration::from_secs(secs)), shown);
        }
    }

    #[test]
    fn instants_are_utc_and_told_from_now() {
        assert_eq!(
            date(1_700_000_000).as_deref(),
            Some("2023-11-14 22:13:20 UTC")
        );
        assert_eq!(date(-1).as_deref(), Some("1969-12-31 23:59:59 UTC"));
        assert_eq!(date(i64::MAX), None);
        assert_eq!(
            rfc3339_of(1_700_000_000).as_deref(),
            Some("2023-11-14T22:13:20Z")
        );
        assert_eq!(relative(110, 100), "in 10 s");
        assert_eq!(relative(100, 160), "1 min ago");
        assert_eq!(relative(1, 1), "now");
        assert_eq!(
            relative(i64::MAX, i64::MIN),
            format!("in {}", span(Duration::from_secs(u64::MAX)))
        );
    }

    #[test]
    fn a_terminal_obeys_no_foreign_text() {
        assert_eq!(
            printable("a\u{1b}[2Jb\r\n\u{9b}\u{202e}é"),
            "a\\u{1b}[2Jb\\u{d}\\u{a}\\u{9b}\\u{202e}é"
        );
    }
}
