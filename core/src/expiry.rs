//! How long a token lives and when it is renewed. Pure arithmetic, without a clock.

use std::time::Duration;

use crate::flow::Life;

/// The soft window is a fifth of the lifetime, within these bounds: long enough for several attempts against a server in
/// trouble, short enough to use a token for most of its lifetime.
const SOFT_SHARE: f64 = 0.20;
const SOFT_SECS: (f64, f64) = (5.0, 300.0);
/// The hard window covers the time to reach the API and the error of its clock.
const HARD_SHARE: f64 = 0.02;
/// Bounds of the hard window in seconds.
pub const HARD_SECS: (f64, f64) = (1.0, 10.0);
/// The soft window opens earlier by a random share up to this, so that a fleet of programs does not renew in step.
const JITTER_SHARE: f64 = 0.20;

/// What a response and its surroundings say about a token's life. All in seconds; wall times are Unix seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence {
    /// The lifetime that the response states, such as `expires_in` (RFC 6749 §5.1).
    pub stated: Life,
    /// The JWT's `exp` (RFC 7519 §4.1.4).
    pub jwt_exp: Option<i64>,
    /// The JWT's `iat` (RFC 7519 §4.1.6).
    pub jwt_iat: Option<i64>,
    /// The response's `Date` (RFC 9110 §6.6.1).
    pub server_date: Option<i64>,
    /// This machine's wall clock.
    pub wall_now: i64,
    /// Server time minus this machine's time, as last observed.
    pub skew: i64,
    /// The flow's or the user's default.
    pub default: Option<f64>,
}

/// The lifetime in seconds from the request for the token; `None` if it lives until refused.
///
/// With both `expires_in` and a JWT's `exp` the shorter counts. `exp` is compared with the server's own time, so this
/// machine's clock matters only if the server's response contains no time at all.
pub fn life_secs(evidence: &Evidence) -> Option<f64> {
    let jwt = evidence.jwt_exp.map(|exp| {
        let server_now = match (evidence.server_date, evidence.jwt_iat) {
            (Some(date), Some(iat)) => date.max(iat),
            (Some(known), None) | (None, Some(known)) => known,
            (None, None) => evidence.wall_now.saturating_add(evidence.skew),
        };
        secs_between(server_now, exp)
    });
    match (evidence.stated, jwt) {
        (Life::Secs(stated), Some(jwt)) => Some(stated.min(jwt)),
        (Life::Secs(stated), None) => Some(stated),
        (Life::Never | Life::Unknown, Some(jwt)) => Some(jwt),
        (Life::Never, None) => None,
        (Life::Unknown, None) => evidence.default,
    }
}

#[allow(clippy::cast_precision_loss)] // beyond 2^53 seconds precision is of no interest
fn secs_between(from: i64, to: i64) -> f64 {
    to.saturating_sub(from).max(0) as f64
}

/// When a token is renewed, as remaining lifetime. The default, no windows, is for a token that lives until refused.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Windows {
    /// With no more than this left, one background flight renews the token while callers still get it.
    pub soft: Duration,
    /// With no more than this left, callers wait for the next token.
    pub hard: Duration,
}

/// The windows of a token with this lifetime. `soft` and `hard` are the user's own sizes, if given; `draw` is a random
/// number from 0 to 1. Together they never exceed half the lifetime.
pub fn windows(
    life_secs: f64,
    soft: Option<Duration>,
    hard: Option<Duration>,
    draw: f64,
) -> Windows {
    let half = life_secs / 2.0;
    let mut soft = soft.map_or(
        (life_secs * SOFT_SHARE).clamp(SOFT_SECS.0, SOFT_SECS.1),
        |own| own.as_secs_f64(),
    );
    let mut hard = hard.map_or(
        (life_secs * HARD_SHARE).clamp(HARD_SECS.0, HARD_SECS.1),
        |own| own.as_secs_f64(),
    );
    if soft + hard > half {
        let shrink = half / (soft + hard);
        soft *= shrink;
        hard *= shrink;
    }
    let soft = (soft * (1.0 + JITTER_SHARE * draw))
        .min(half - hard)
        .max(0.0);
    Windows {
        soft: seconds(soft),
        hard: seconds(hard),
    }
}

/// Seconds as a duration, saturating.
pub fn seconds(secs: f64) -> Duration {
    Duration::try_from_secs_f64(secs.max(0.0)).unwrap_or(Duration::MAX)
}

/// How a token may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is served; no renewal is due.
    Fresh,
    /// It is served while one background flight renews it.
    Soft,
    /// It is still valid, but callers wait for the next token.
    Hard,
    /// It is not served any more.
    Expired,
}

/// The stage of a token with `remaining` of its `life`. `min_ttl` raises the hard window for this call. If the whole
/// lifetime is no longer than `min_ttl`, half of it takes its place, because otherwise every call would log in.
pub fn stage(remaining: Duration, life: Duration, windows: Windows, min_ttl: Duration) -> Stage {
    let needed = if min_ttl < life { min_ttl } else { life / 2 };
    if remaining.is_zero() {
        Stage::Expired
    } else if remaining <= windows.hard || remaining < needed {
        Stage::Hard
    } else if remaining <= windows.soft {
        Stage::Soft
    } else {
        Stage::Fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Evidence = Evidence {
        stated: Life::Unknown,
        jwt_exp: None,
        jwt_iat: None,
        server_date: None,
        wall_now: 1_000_000,
        skew: 0,
        default: None,
    };

    #[test]
    fn the_first_source_that_applies_gives_the_life() {
        let table = [
            (
                "expires_in",
                Evidence {
                    stated: Life::Secs(600.0),
                    ..NOTHING
                },
                Some(600.0),
            ),
            (
                "expires_in never",
                Evidence {
                    stated: Life::Never,
                    default: Some(9.0),
                    ..NOTHING
                },
                None,
            ),
            (
                "expires_in zero",
                Evidence {
                    stated: Life::Secs(0.0),
                    ..NOTHING
                },
                Some(0.0),
            ),
            (
                "exp - iat",
                Evidence {
                    jwt_exp: Some(1_600),
                    jwt_iat: Some(1_000),
                    ..NOTHING
                },
                Some(600.0),
            ),
            (
                "exp - Date, later than iat",
                Evidence {
                    jwt_exp: Some(1_600),
                    jwt_iat: Some(1_000),
                    server_date: Some(1_400),
                    ..NOTHING
                },
                Some(200.0),
            ),
            (
                "exp - iat, later than Date",
                Evidence {
                    jwt_exp: Some(1_600),
                    jwt_iat: Some(1_000),
                    server_date: Some(10),
                    ..NOTHING
                },
                Some(600.0),
            ),
            (
                "exp - Date alone",
                Evidence {
                    jwt_exp: Some(1_600),
                    server_date: Some(1_500),
                    ..NOTHING
                },
                Some(100.0),
            ),
            (
                "exp - own clock",
                Evidence {
                    jwt_exp: Some(1_000_060),
                    ..NOTHING
                },
                Some(60.0),
            ),
            (
                "exp - own clock, corrected",
                Evidence {
                    jwt_exp: Some(1_000_060),
                    skew: -40,
                    ..NOTHING
                },
                Some(100.0),
            ),
            (
                "exp past",
                Evidence {
                    jwt_exp: Some(5),
                    jwt_iat: Some(10),
                    ..NOTHING
                },
                Some(0.0),
            ),
            (
                "shorter of both: stated",
                Evidence {
                    stated: Life::Secs(60.0),
                    jwt_exp: Some(1_600),
                    jwt_iat: Some(1_000),
                    ..NOTHING
                },
                Some(60.0),
            ),
            (
                "shorter of both: jwt",
                Evidence {
                    stated: Life::Secs(6_000.0),
                    jwt_exp: Some(1_600),
                    jwt_iat: Some(1_000),
                    ..NOTHING
                },
                Some(600.0),
            ),
            (
                "never stated, but exp",
                Evidence {
                    stated: Life::Never,
                    jwt_exp: Some(1_600),
                    jwt_iat: Some(1_000),
                    ..NOTHING
                },
                Some(600.0),
            ),
            (
                "iat without exp",
                Evidence {
                    jwt_iat: Some(1_000),
                    default: Some(600.0),
                    ..NOTHING
                },
                Some(600.0),
            ),
            (
                "default",
                Evidence {
                    default: Some(600.0),
                    ..NOTHING
                },
                Some(600.0),
            ),
            ("nothing", NOTHING, None),
            (
                "extremes saturate",
                Evidence {
                    jwt_exp: Some(i64::MAX),
                    jwt_iat: Some(i64::MIN),
                    ..NOTHING
                },
                Some(9.223_372_036_854_776e18),
            ),
        ];
        for (name, evidence, expected) in table {
            assert_eq!(life_secs(&evidence), expected, "{name}");
        }
    }

    #[test]
    fn windows_follow_the_life_within_bounds() {
        for (life, soft, hard) in [
            (600.0, 120.0, 10.0),
            (3_600.0, 300.0, 10.0),
            (60.0, 12.0, 1.2),
            (86_400.0, 300.0, 10.0),
            (10.0, 5.0 * 5.0 / 6.0, 5.0 / 6.0),
            (5.0, 5.0 * 2.5 / 6.0, 2.5 / 6.0),
            (3.0, 1.25, 0.25),
            (0.0, 0.0, 0.0),
        ] {
            let got = windows(life, None, None, 0.0);
            assert!(
                (got.soft.as_secs_f64() - soft).abs() < 1e-6,
                "soft of {life}: {got:?}"
            );
            assert!(
                (got.hard.as_secs_f64() - hard).abs() < 1e-6,
                "hard of {life}: {got:?}"
            );
        }
    }

    #[test]
    fn both_windows_never_exceed_half_the_life_and_the_draw_only_opens_earlier() {
        for life in [0.1, 1.0, 5.0, 12.0, 25.0, 60.0, 600.0, 3_600.0, 1e9] {
            for own in [
                None,
                Some(Duration::from_secs(7)),
                Some(Duration::from_secs(100_000)),
            ] {
                for draw in [0.0, 0.5, 1.0] {
                    let (base, drawn) =
                        (windows(life, own, own, 0.0), windows(life, own, own, draw));
                    let sum = drawn.soft + drawn.hard;
                    assert!(
                        sum.as_secs_f64() <= life / 2.0 + 1e-6,
                        "{life} {own:?} {draw}: {drawn:?}"
                    );
                    assert!(drawn.soft >= base.soft, "{life} {own:?} {draw}");
                    assert!(
                        drawn.soft.as_secs_f64() <= base.soft.as_secs_f64() * 1.2 + 1e-6,
                        "{life} {own:?} {draw}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_draw_opens_the_soft_window_up_to_a_fifth_earlier() {
        for (draw, soft) in [(0.0, 120.0), (0.5, 132.0), (1.0, 144.0)] {
            let got = windows(600.0, None, None, draw).soft.as_secs_f64();
            assert!((got - soft).abs() < 1e-6, "{draw}: {got}");
        }
    }

    #[test]
    fn a_five_second_token_serves_two_and_a_half_seconds() {
        let windows = windows(5.0, None, None, 1.0);
        let life = Duration::from_secs(5);
        assert_eq!(
            stage(Duration::from_millis(2_501), life, windows, Duration::ZERO),
            Stage::Fresh
        );
    }

    #[test]
    fn stage_changes_exactly_at_each_edge() {
        let windows = Windows {
            soft: Duration::from_secs(120),
            hard: Duration::from_secs(10),
        };
        let life = Duration::from_secs(600);
        for (remaining_ms, min_ttl_secs, expected) in [
            (120_001, 0, Stage::Fresh),
            (120_000, 0, Stage::Soft),
            (10_001, 0, Stage::Soft),
            (10_000, 0, Stage::Hard),
            (1, 0, Stage::Hard),
            (0, 0, Stage::Expired),
            (299_999, 300, Stage::Hard),
            (300_000, 300, Stage::Fresh),
            (300_000, 600, Stage::Fresh),
            (299_999, 600, Stage::Hard),
            (20_000, 5, Stage::Soft),
        ] {
            let got = stage(
                Duration::from_millis(remaining_ms),
                life,
                windows,
                Duration::from_secs(min_ttl_secs),
            );
            assert_eq!(
                got, expected,
                "remaining {remaining_ms} ms, min_ttl {min_ttl_secs} s"
            );
        }
    }
}
