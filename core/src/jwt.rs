//! Reads a JWT's times and claims without verifying it.
//!
//! This library only carries the token; the key to verify it is the server's. The `jsonwebtoken` crate is not used, because
//! its decoder refuses a header whose `alg` is unknown or `none`, although the `exp` of such a token is as good as any.
//! What does not decode is an opaque token, never an error.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use zeroize::Zeroizing;

/// Accepts base64url with or without padding, and with trailing bits: signers write all of them.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// When a JWT was issued and when it ends (RFC 7519 §4.1.4, §4.1.6), in Unix seconds on the server's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// `exp`: not accepted from this second on.
    pub exp: Option<i64>,
    /// `iat`: issued at this second.
    pub iat: Option<i64>,
}

/// The times of `token`; `None` if it is not a readable signed JWT (opaque, encrypted, malformed).
///
/// Numbers with a fraction are rounded down, numeric strings are accepted, huge numbers saturate;
/// other values count as absent.
pub fn times(token: &str) -> Option<Times> {
    let (_, claims) = parts(token)?;
    Some(Times {
        exp: unix_secs(&claims["exp"]).map(in_seconds),
        iat: unix_secs(&claims["iat"]).map(in_seconds),
    })
}

/// Header and claims of `token`, both JSON objects, unverified. A leading `Bearer ` is ignored.
///
/// `None` for anything but three segments: a JWE has five, and its claims cannot be read without the key.
pub fn parts(token: &str) -> Option<(Value, Value)> {
    let mut segments = without_scheme(token).split('.');
    let (header, claims) = (segments.next()?, segments.next()?);
    segments.next()?;
    if segments.next().is_some() {
        return None;
    }
    Some((object(header)?, object(claims)?))
}

/// `token` without surrounding blanks and without a leading `Bearer `, in any case.
pub(crate) fn without_scheme(token: &str) -> &str {
    let token = token.trim();
    match token.split_once(char::is_whitespace) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim_start(),
        _ => token,
    }
}

fn object(segment: &str) -> Option<Value> {
    // Some signers use the standard alphabet.
    let segment = Zeroizing::new(segment.replace('+', "-").replace('/', "_"));
    let bytes = Zeroizing::new(TOLERANT.decode(segment.as_bytes()).ok()?);
    serde_json::from_slice(&bytes).ok().filter(Value::is_object)
}

/// RFC 7519 §2 wants seconds, but some signers write milliseconds. Read as seconds, those lie beyond the year 9999, where
/// calendars end and which stands for "never"; read as milliseconds, the range begins in 1978.
fn in_seconds(number: i64) -> i64 {
    const MILLISECONDS: std::ops::Range<i64> = 253_402_300_800..100_000_000_000_000;
    if MILLISECONDS.contains(&number) {
        number / 1_000
    } else {
        number
    }
}

fn unix_secs(value: &Value) -> Option<i64> {
    if let Some(whole) = value.as_i64() {
        return Some(whole);
    }
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => match text.trim().parse::<i64>() {
            Ok(whole) => return Some(whole),
            Err(_) => text.trim().parse().ok()?,
        },
        _ => return None,
    };
    whole_secs(number)
}

/// `number` rounded down; saturating; NaN is no number.
pub(crate) fn whole_secs(number: f64) -> Option<i64> {
    // `as` saturates, which is what a time beyond the end of the calendar should do.
    #[allow(clippy::cast_possible_truncation)]
    (!number.is_nan()).then(|| number.floor() as i64)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::{Times, parts, times};

    fn jwt(header: &str, claims: &str) -> String {
        format!(
            "{}.{}.c2ln",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        )
    }

    #[test]
    fn exp_and_iat_are_read_in_every_form_that_servers_write() {
        let table = [
            (
                r#"{"exp":1700000600,"iat":1700000000}"#,
                Some(1_700_000_600),
                Some(1_700_000_000),
            ),
            (
                r#"{"exp":1700000600.9,"iat":1700000000.0}"#,
                Some(1_700_000_600),
                Some(1_700_000_000),
            ),
            (
                r#"{"exp":"1700000600"," iat":1}"#,
                Some(1_700_000_600),
                None,
            ),
            (
                r#"{"exp":" 1700000600.5 ","iat":"-5"}"#,
                Some(1_700_000_600),
                Some(-5),
            ),
            (r#"{"exp":-0.5}"#, Some(-1), None),
            (
                r#"{"exp":99999999999999999999,"iat":-99999999999999999999}"#,
                Some(i64::MAX),
                Some(i64::MIN),
            ),
            (r#"{"exp":18446744073709551615}"#, Some(i64::MAX), None),
            (r#"{"exp":9223372036854775807}"#, Some(i64::MAX), None),
            (
                r#"{"exp":1700000600000,"iat":1700000000000.5}"#,
                Some(1_700_000_600),
                Some(1_700_000_000),
            ),
            // The last second of the year 9999, which some signers write for "never".
            (
                r#"{"exp":253402300799,"iat":1700000000}"#,
                Some(253_402_300_799),
                Some(1_700_000_000),
            ),
            (r#"{"exp":"soon","iat":null}"#, None, None),
            (r#"{"exp":"NaN","iat":true}"#, None, None),
            (r#"{"exp":[1],"iat":{}}"#, None, None),
            ("{}", None, None),
        ];
        for (claims, exp, iat) in table {
            assert_eq!(
                times(&jwt(r#"{"alg":"HS512"}"#, claims)),
                Some(Times { exp, iat }),
                "{claims}"
            );
        }
    }

    #[test]
    fn any_algorithm_padding_alphabet_and_a_scheme_in_front_are_fine() {
        let claims = r#"{"exp":7,"note":"??>>~~"}"#;
        let sevens = [
            jwt(r#"{"alg":"none"}"#, claims),
            jwt(r#"{"alg":"PQ-2040"}"#, claims),
            jwt("{}", claims),
            format!("{}.{}.", URL_SAFE.encode("{ }"), URL_SAFE.encode(claims)),
            format!("{}.{}.", STANDARD.encode("{}"), STANDARD.encode(claims)),
            format!("Bearer {}", jwt("{}", claims)),
            format!("  bearer   {}\n", jwt("{}", claims)),
        ];
        for token in sevens {
            assert_eq!(
                times(&token).and_then(|times| times.exp),
                Some(7),
                "{token}"
            );
        }
    }

    #[test]
    fn what_does_not_decode_is_opaque() {
        let encrypted = format!("{}.x.y", jwt(r#"{"alg":"dir","enc":"A256GCM"}"#, "{}"));
        let table = [
            "",
            ".",
            "..",
            "...",
            "opaque",
            "Bearer",
            "Bearer ",
            "a.b.c",
            "e30.e30",
            "e30.!!.x",
            "W10.W10.x",
            "e30.bnVsbA.x",
            "1d6a6eb8-dc70-35e3-96ee-3d66c9d7bea7",
            &encrypted,
            "e30.eyJleHAiOjF9",
            "é.é.é",
        ];
        for token in table {
            assert_eq!(times(token), None, "{token}");
        }
    }

    #[test]
    fn header_and_claims_are_both_there() {
        let (header, claims) = parts(&jwt(r#"{"alg":"HS512"}"#, r#"{"iss":"Passport"}"#)).unwrap();
        assert_eq!(
            (header["alg"].as_str(), claims["iss"].as_str()),
            (Some("HS512"), Some("Passport"))
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(token in any::<String>(), claims in any::<String>(), exp in any::<f64>()) {
            let _ = times(&token);
            let _ = times(&jwt(&claims, &claims));
            let _ = times(&jwt("{}", &format!("{{\"exp\":{exp:e},\"iat\":\"{exp}\"}}")));
        }
    }
}
