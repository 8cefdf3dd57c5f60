//! Whether a failure is transient, and when the next attempt may be made. Pure arithmetic, without a clock.

use std::time::Duration;

use crate::error::{Error, ErrorKind};

/// First pause after a transient failure; doubles with each further one.
const BACKOFF_FIRST_SECS: f64 = 1.0;
/// Longest pause between attempts without a `Retry-After`.
const BACKOFF_LAST_SECS: f64 = 60.0;
/// A longer `Retry-After` is taken for a mistake of the server.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);
/// Pauses after the first, the second and every further rejected login: at most three rejections reach the server within an
/// hour, fewer than providers need to lock an account.
const BREAKER: [Duration; 3] = [
    Duration::from_secs(60),
    Duration::from_secs(600),
    Duration::from_secs(3_600),
];
/// How long after its pause a rejection still counts.
pub const REJECTION_MEMORY: Duration = Duration::from_secs(3_600);
/// First and longest pause of the storm guard.
const STORM_FIRST: Duration = Duration::from_secs(30);
const STORM_LAST: Duration = Duration::from_secs(300);

/// What a failure means for the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It may pass by itself: retry after a pause.
    Transient,
    /// The server rejected the credentials: the breaker opens.
    Permanent,
    /// Retrying at once is pointless, but no account is at risk: callers share the error until the pause is over.
    Settled,
}

/// The class of a failure.
pub fn class(error: &Error) -> Class {
    match error.kind() {
        ErrorKind::CredentialsRejected | ErrorKind::LockedOut => Class::Permanent,
        ErrorKind::SameToken => Class::Settled,
        _ if error.retryable() => Class::Transient,
        _ => Class::Settled,
    }
}

/// The pause after the `failures`-th failure in a row (from 1): what the server asked for, else full jitter below a limit
/// that doubles from 1 s to 60 s. `draw` is a random number from 0 to 1. A `Retry-After` of 0 counts as none: some servers
/// send it while they still refuse requests.
pub fn pause(failures: u32, retry_after: Option<Duration>, draw: f64) -> Duration {
    match retry_after {
        Some(wait) if !wait.is_zero() => wait.min(RETRY_AFTER_MAX),
        _ => {
            let doublings = i32::try_from(failures.saturating_sub(1).min(16)).unwrap_or(16);
            let ceiling = (BACKOFF_FIRST_SECS * 2f64.powi(doublings)).min(BACKOFF_LAST_SECS);
            Duration::from_secs_f64(ceiling * draw.clamp(0.0, 1.0))
        }
    }
}

/// How long the breaker stays open after the `rejections`-th rejected login in a row (from 1).
pub fn breaker(rejections: u32) -> Duration {
    let index = usize::try_from(rejections.saturating_sub(1)).unwrap_or(usize::MAX);
    BREAKER[index.min(BREAKER.len() - 1)]
}

/// How long 401s are returned without a renewal after the `streak`-th futile renewal in a row (from 1).
pub fn storm_pause(streak: u32) -> Duration {
    STORM_FIRST
        .saturating_mul(2u32.saturating_pow(streak.saturating_sub(1).min(8)))
        .min(STORM_LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_class() {
        for &kind in ErrorKind::ALL {
            let expected = match kind.code() {
                "credentials_rejected" | "locked_out" => Class::Permanent,
                "rate_limited" | "server_unavailable" | "unreachable" | "timed_out"
                | "bad_response" | "store" | "cancelled" => Class::Transient,
                _ => Class::Settled,
            };
            assert_eq!(class(&Error::new(kind, "x")), expected, "{kind:?}");
        }
        let redirect = Error::new(ErrorKind::BadResponse, "x").with_retryable(false);
        assert_eq!(class(&redirect), Class::Settled);
    }

    #[test]
    fn pause_is_what_the_server_asked_or_full_jitter_below_a_doubling_ceiling() {
        let secs = Duration::from_secs;
        for (failures, retry_after, draw, expected) in [
            (1, None, 1.0, secs(1)),
            (2, None, 1.0, secs(2)),
            (4, None, 0.5, secs(4)),
            (7, None, 1.0, secs(60)),
            (u32::MAX, None, 1.0, secs(60)),
            (3, None, 0.0, secs(0)),
            (1, Some(secs(7)), 1.0, secs(7)),
            (1, Some(secs(7_200)), 1.0, secs(3_600)),
            (2, Some(secs(0)), 1.0, secs(2)),
        ] {
            assert_eq!(
                pause(failures, retry_after, draw),
                expected,
                "{failures} {retry_after:?} {draw}"
            );
        }
    }

    #[test]
    fn at_most_three_rejected_logins_in_the_first_hour() {
        let mut at = Duration::ZERO;
        let mut within_an_hour = 0;
        for rejections in 1..10 {
            within_an_hour += u32::from(at < Duration::from_secs(3_600));
            at += breaker(rejections);
        }
        assert_eq!(within_an_hour, 3);
    }

    #[test]
    fn storm_guard_doubles_to_five_minutes() {
        let pauses: Vec<u64> = (1..=6)
            .map(|streak| storm_pause(streak).as_secs())
            .collect();
        assert_eq!(pauses, [30, 60, 120, 240, 300, 300]);
    }
}
