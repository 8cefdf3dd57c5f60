//! When a used-up rate limit begins anew, from the headers that state limits: `RateLimit` in its three drafts
//! (draft-ietf-httpapi-ratelimit-headers), and the older ones with `X-`.

use std::time::Duration;

use http::HeaderMap;

use super::{is_instant, stated};

/// Headers with the wait until the reset, and their unit in seconds: Discord, Fastly, Bucket4j, `BigCommerce`, the drafts up to 06.
const WAITS: &[(&str, f64)] = &[
    ("x-ratelimit-reset-after", 1.0),
    ("x-ratelimit-retry-after", 1.0),
    ("x-rate-limit-retry-after-seconds", 1.0),
    ("x-rate-limit-time-reset-ms", 0.001),
    ("ratelimit-reset", 1.0),
];
/// Headers with the instant of the reset for most servers (GitHub, Okta), seconds until then for some (`NestJS`, Envoy), and
/// milliseconds for `MuleSoft`.
const RESETS: &[&str] = &["x-ratelimit-reset", "x-rate-limit-reset"];
/// The longest wait if the unit is not certain: the longest pause without a stated one.
const UNCERTAIN_MAX: Duration = Duration::from_secs(60);
const REMAINING: &[&str] = &[
    "ratelimit-remaining",
    "x-ratelimit-remaining",
    "x-rate-limit-remaining",
];

/// The wait until the reset, if the response has the status 429 or says that nothing remains. `None` if something remains: then the
/// stated limit is not the one that was exceeded. A reset in the past says nothing.
pub(super) fn until_reset(status: u16, headers: &HeaderMap, now: Option<i64>) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    if let Some(wait) = text("ratelimit").and_then(|limit| of_drafts(limit, now)) {
        return Some(wait);
    }
    let remaining = REMAINING
        .iter()
        .find_map(|name| text(name))
        .map(|text| text.trim() == "0");
    if !remaining.unwrap_or(status == 429) {
        return None;
    }
    let wait = WAITS
        .iter()
        .find_map(|(name, unit_secs)| stated(text(name)?, *unit_secs, now));
    let reset = || {
        RESETS.iter().find_map(|name| {
            let text = text(name)?;
            let wait = stated(text, 1.0, now)?;
            Some(if is_instant(text) {
                wait
            } else {
                wait.min(UNCERTAIN_MAX)
            })
        })
    };
    wait.or_else(reset).filter(|wait| !wait.is_zero())
}

/// `limit=5, remaining=0, reset=60` (drafts 07 and 08), or `"burst";r=3;t=1, "day";r=0;t=60` (from 09 on): the wait for what is
/// used up.
fn of_drafts(text: &str, now: Option<i64>) -> Option<Duration> {
    let parameter = |part: &str, names: [&str; 2]| {
        part.split([';', ',']).find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            names
                .contains(&name.trim())
                .then(|| value.trim().to_owned())
        })
    };
    let of_part = |part: &str| {
        let used_up = parameter(part, ["remaining", "r"])? == "0";
        let wait = stated(&parameter(part, ["reset", "t"])?, 1.0, now)?;
        (used_up && !wait.is_zero()).then_some(wait)
    };
    if text.contains(';') {
        text.split(',').find_map(of_part)
    } else {
        of_part(text)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::until_reset;

    const NOW: i64 = 1_700_000_000;

    #[test]
    fn a_used_up_limit_states_the_wait_in_each_servers_form() {
        type Headers<'a> = &'a [(&'static str, &'a str)];
        let table: &[(u16, Headers, Option<u64>)] = &[
            (429, &[("x-ratelimit-reset", "1700000040")], Some(40)),
            (429, &[("x-rate-limit-reset", "1700000040.5")], Some(40)),
            (429, &[("x-ratelimit-reset", "1700000040000")], Some(40)),
            (429, &[("x-ratelimit-reset", "40")], Some(40)),
            (
                429,
                &[("x-ratelimit-reset", "2023-11-14T22:14:00Z")],
                Some(40),
            ),
            (
                429,
                &[("x-ratelimit-reset", "Tue, 14 Nov 2023 22:14:00 GMT")],
                Some(40),
            ),
            (
                429,
                &[
                    ("x-ratelimit-reset", "1700000900"),
                    ("x-ratelimit-reset-after", "40"),
                ],
                Some(40),
            ),
            (429, &[("ratelimit-reset", "40")], Some(40)),
            (
                429,
                &[("ratelimit", "limit=5, remaining=0, reset=40")],
                Some(40),
            ),
            (
                429,
                &[("ratelimit", "limit=5, remaining=2, reset=40")],
                None,
            ),
            (429, &[("ratelimit", r#""default";r=0;t=40"#)], Some(40)),
            (
                429,
                &[("ratelimit", r#""day";r=9;t=9000, "burst";r=0;t=40"#)],
                Some(40),
            ),
            // MuleSoft writes milliseconds.
            (429, &[("x-ratelimit-reset", "86400")], Some(60)),
            (429, &[("x-ratelimit-reset", "1800000000")], Some(3600)),
            (429, &[("ratelimit-reset", "900")], Some(900)),
            (429, &[("x-ratelimit-retry-after", "900")], Some(900)),
            (
                403,
                &[("ratelimit-remaining", "0"), ("ratelimit-reset", "40")],
                Some(40),
            ),
            (
                403,
                &[
                    ("x-rate-limit-remaining", "0"),
                    ("x-rate-limit-reset", "40"),
                ],
                Some(40),
            ),
            (
                429,
                &[("x-rate-limit-retry-after-seconds", "900")],
                Some(900),
            ),
            (429, &[("x-rate-limit-time-reset-ms", "15000")], Some(15)),
            (429, &[("x-ratelimit-reset", "1600000000")], None),
            (429, &[("x-ratelimit-reset", "0")], None),
            (429, &[("x-ratelimit-reset", "soon")], None),
            (429, &[("ratelimit", "???")], None),
            (429, &[], None),
            // A daily limit that is not the one that was exceeded.
            (
                429,
                &[
                    ("x-ratelimit-remaining", "55"),
                    ("x-ratelimit-reset", "1700000900"),
                ],
                None,
            ),
            // GitHub.
            (
                403,
                &[
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", "1700000040"),
                ],
                Some(40),
            ),
            (403, &[("x-ratelimit-reset", "1700000040")], None),
            (503, &[("ratelimit-reset", "40")], None),
        ];
        for (status, pairs, secs) in table {
            let headers: HeaderMap = pairs
                .iter()
                .map(|(name, text)| {
                    (
                        HeaderName::from_static(name),
                        HeaderValue::from_str(text).unwrap(),
                    )
                })
                .collect();
            assert_eq!(
                until_reset(*status, &headers, Some(NOW)),
                secs.map(Duration::from_secs),
                "{status} {pairs:?}"
            );
        }
    }

    #[test]
    fn an_instant_needs_a_clock_and_a_wait_does_not() {
        for (text, secs) in [("1700000040", None), ("40", Some(40))] {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static("x-ratelimit-reset"),
                HeaderValue::from_static(text),
            )]);
            assert_eq!(
                until_reset(429, &headers, None),
                secs.map(Duration::from_secs)
            );
        }
    }
}
