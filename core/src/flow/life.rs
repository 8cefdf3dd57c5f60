//! The lifetime that a response states (docs/contract.md §2 rule 1).

use serde_json::Value;

use super::date;
use crate::error::{Error, Result};
use crate::jwt::whole_secs;

/// WSO2 sends `i64::MAX` milliseconds, as such or in seconds, for a token without expiry.
const NEVER_FROM_SECS: f64 = 9_223_372_036_854_775.0;

/// How long a token lives from its request on, as its response states it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Life {
    /// Absent, null or unreadable.
    #[default]
    Unknown,
    /// Negative, or so large that it means no expiry.
    Never,
    /// Seconds, 0 or more; 0 means expired already.
    Secs(f64),
}

impl Life {
    /// The life in `secs`.
    pub fn of_secs(secs: f64) -> Self {
        if secs.is_nan() {
            Self::Unknown
        } else if !(0.0..NEVER_FROM_SECS).contains(&secs) {
            Self::Never
        } else {
            // Turns -0.0 into 0.0.
            Self::Secs(secs.abs())
        }
    }
}

/// The unit of the expiry field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Unit {
    #[default]
    Secs,
    Millis,
    UnixSecs,
    UnixMillis,
    Iso8601,
}

/// A stated expiry: relative, or an instant in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stated {
    Life(Life),
    At(i64),
}

impl Unit {
    const NAMES: &[(&str, Self)] = &[
        ("s", Self::Secs),
        ("ms", Self::Millis),
        ("unix", Self::UnixSecs),
        ("unix_ms", Self::UnixMillis),
        ("iso8601", Self::Iso8601),
    ];

    pub(super) fn parse(option: &str, text: &str) -> Result<Self> {
        let found = Self::NAMES
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, unit)| *unit);
        found.ok_or_else(|| Error::config(option, "must be one of s, ms, unix, unix_ms, iso8601"))
    }

    pub(super) fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, unit)| *unit == self)
            .map_or("s", |(name, _)| name)
    }

    /// What `value` says in this unit.
    pub(super) fn read(self, value: &Value) -> Stated {
        const UNKNOWN: Stated = Stated::Life(Life::Unknown);
        if self == Self::Iso8601 {
            // ASP.NET's `.expires` is a date as HTTP writes it.
            return value
                .as_str()
                .and_then(|text| date::iso_unix_secs(text).or_else(|| date::http_unix_secs(text)))
                .map_or(UNKNOWN, Stated::At);
        }
        let Some(number) = number(value) else {
            return UNKNOWN;
        };
        let secs = if matches!(self, Self::Millis | Self::UnixMillis) {
            number / 1000.0
        } else {
            number
        };
        match (self, Life::of_secs(secs)) {
            (Self::UnixSecs | Self::UnixMillis, Life::Secs(instant)) => {
                whole_secs(instant).map_or(UNKNOWN, Stated::At)
            }
            (_, life) => Stated::Life(life),
        }
    }
}

/// A number, or a string with one. Words that Rust parses as numbers (`inf`, `nan`) do not count.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let text = text.trim();
            let digits = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
            if text.bytes().all(digits) {
                text.parse().ok()
            } else {
                None
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Life, Stated, Unit};

    #[test]
    fn expires_in_in_every_form_that_servers_write() {
        let table = [
            (json!(3600), Life::Secs(3600.0)),
            (json!(3599.5), Life::Secs(3599.5)),
            (json!("3600"), Life::Secs(3600.0)),
            (json!("3600.0"), Life::Secs(3600.0)),
            (json!(" 3600 "), Life::Secs(3600.0)),
            (json!("+60"), Life::Secs(60.0)),
            (json!("3.6e3"), Life::Secs(3600.0)),
            (json!(0), Life::Secs(0.0)),
            (json!("0"), Life::Secs(0.0)),
            (json!(-0.0), Life::Secs(0.0)),
            (json!(-1), Life::Never),
            (json!("-1"), Life::Never),
            (json!(i64::MIN), Life::Never),
            (
                json!(9_223_372_036_854_774_i64),
                Life::Secs(9_223_372_036_854_774.0),
            ),
            (json!(9_223_372_036_854_775_i64), Life::Never),
            (json!("9223372036854775"), Life::Never),
            (json!(i64::MAX), Life::Never),
            (json!(u64::MAX), Life::Never),
            (json!(1e300), Life::Never),
            (json!("1e999"), Life::Never),
            (json!(null), Life::Unknown),
            (json!(""), Life::Unknown),
            (json!("NaN"), Life::Unknown),
            (json!("inf"), Life::Unknown),
            (json!("Infinity"), Life::Unknown),
            (json!("one hour"), Life::Unknown),
            (json!("3600s"), Life::Unknown),
            (json!("3,600"), Life::Unknown),
            (json!("0x10"), Life::Unknown),
            (json!(true), Life::Unknown),
            (json!([3600]), Life::Unknown),
            (json!({"secs": 3600}), Life::Unknown),
        ];
        for (value, life) in table {
            assert_eq!(Unit::Secs.read(&value), Stated::Life(life), "{value}");
        }
    }

    #[test]
    fn units() {
        let table = [
            (
                Unit::Millis,
                json!(3_600_000),
                Stated::Life(Life::Secs(3600.0)),
            ),
            (Unit::Millis, json!("1500"), Stated::Life(Life::Secs(1.5))),
            (Unit::Millis, json!(i64::MAX), Stated::Life(Life::Never)),
            (
                Unit::UnixSecs,
                json!(1_700_000_000),
                Stated::At(1_700_000_000),
            ),
            (
                Unit::UnixSecs,
                json!("1700000000.9"),
                Stated::At(1_700_000_000),
            ),
            (Unit::UnixSecs, json!(-1), Stated::Life(Life::Never)),
            (Unit::UnixSecs, json!(0), Stated::At(0)),
            (
                Unit::UnixMillis,
                json!(1_700_000_000_999_i64),
                Stated::At(1_700_000_000),
            ),
            (Unit::UnixMillis, json!(null), Stated::Life(Life::Unknown)),
            (
                Unit::Iso8601,
                json!("2023-11-14T22:13:20Z"),
                Stated::At(1_700_000_000),
            ),
            (
                Unit::Iso8601,
                json!("Tue, 14 Nov 2023 22:13:20 GMT"),
                Stated::At(1_700_000_000),
            ),
            (
                Unit::Iso8601,
                json!(1_700_000_000),
                Stated::Life(Life::Unknown),
            ),
            (
                Unit::Iso8601,
                json!("tomorrow"),
                Stated::Life(Life::Unknown),
            ),
        ];
        for (unit, value, stated) in table {
            assert_eq!(unit.read(&value), stated, "{} {value}", unit.name());
        }
    }

    proptest! {
        #[test]
        fn every_number_and_text_has_a_life(number in any::<f64>(), text in any::<String>()) {
            for unit in [Unit::Secs, Unit::Millis, Unit::UnixSecs, Unit::UnixMillis, Unit::Iso8601] {
                for value in [json!(number), Value::String(text.clone()), Value::String(number.to_string())] {
                    if let Stated::Life(Life::Secs(secs)) = unit.read(&value) {
                        prop_assert!(secs >= 0.0 && secs.is_finite());
                    }
                }
            }
        }
    }
}
