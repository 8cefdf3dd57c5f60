//! Virtual time: the wall clock plus an offset, which control calls change, so that tests need not sleep.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The sandbox's clock, in milliseconds since the Unix epoch.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    pub(crate) fn now_ms(&self) -> i64 {
        let real = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis());
        i64::try_from(real)
            .unwrap_or(i64::MAX)
            .saturating_add(self.offset_ms())
    }

    pub(crate) fn now_secs(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    pub(crate) fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    pub(crate) fn advance_ms(&self, by: i64) {
        self.offset_ms.fetch_add(by, Ordering::SeqCst);
    }

    pub(crate) fn reset(&self) {
        self.offset_ms.store(0, Ordering::SeqCst);
    }
}

/// `Thu, 01 Jan 2026 00:00:00 GMT` (RFC 9110 §5.6.7).
pub(crate) fn http_date(unix_secs: i64) -> String {
    // The formatter panics after the year 9999, and a test may advance the clock that far.
    let secs = u64::try_from(unix_secs).unwrap_or(0).min(253_402_300_799);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(secs))
}

/// `2026-01-01T00:00:00Z`, with milliseconds when there are any.
pub(crate) fn iso(unix_ms: i64) -> String {
    let nanos = i128::from(unix_ms) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| "9999-12-31T23:59:59Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_the_documented_forms() {
        assert_eq!(http_date(1_767_225_600), "Thu, 01 Jan 2026 00:00:00 GMT");
        assert_eq!(iso(1_767_225_600_000), "2026-01-01T00:00:00Z");
        assert_eq!(iso(1_767_225_600_120), "2026-01-01T00:00:00.12Z");
    }

    #[test]
    fn far_and_negative_times_do_not_panic() {
        assert!(http_date(i64::MAX).contains("9999"));
        assert!(http_date(-1).contains("1970"));
        assert!(iso(i64::MAX).starts_with("9999"));
    }
}
