//! Recognises that a response without a token asks for a second factor or another step of the login, for the error message.

use serde_json::Value;

use crate::document::Document;
use crate::scrub::{Scrubber, is_code};

/// Words of names and codes that are about a second factor: `mfa_required`, `twoFactorId`, `NeedTFA`, `SMS_MFA`, Flask-Security's
/// `tf_required`.
const FACTORS: &[&str] = &[
    "2fa",
    "2sv",
    "mfa",
    "multifactor",
    "otp",
    "secondfactor",
    "tf",
    "tfa",
    "totp",
    "twofa",
    "twofactor",
];
/// The same in two words.
const FACTOR_PAIRS: &[(&str, &str)] = &[
    ("multi", "factor"),
    ("second", "factor"),
    ("step", "up"),
    ("two", "fa"),
    ("two", "factor"),
    ("two", "step"),
];
/// Words about any further step.
const STEPS: &[&str] = &["challenge", "challenges", "consent", "interaction"];
/// Members whose value may be the code of a further step: Okta's `status`, Cognito's `ChallengeName`, Auth0's `error`, Home Assistant's
/// `step_id`.
const CODED: &[&str] = &[
    "action",
    "authstate",
    "challengename",
    "code",
    "error",
    "errorcode",
    "nextaction",
    "nextstep",
    "reason",
    "result",
    "state",
    "status",
    "step",
    "stepid",
    "type",
];
/// As deep as servers nest it: `response.tf_required`, `auth.mfa_requirement`, `data.user.mfa_required`.
const DEEPEST: usize = 3;

/// `mfa_required seems to ask for a second factor`, if the document asks for a further step. It has the name of a member, never a
/// value, and not even the name if that is a secret.
pub(super) fn further_step(document: &Document, scrubber: &Scrubber) -> Option<String> {
    let (name, wants) = find(document)?;
    let name = scrubber.code(name);
    let name = name.as_deref().unwrap_or("the answer");
    Some(format!("{name} seems to ask for {wants}"))
}

/// Which member asks for what: a second factor before any other step, then the nearest to the root.
fn find(document: &Document) -> Option<(&str, &'static str)> {
    let mut level: Vec<(&String, &Value)> = document.root().iter().collect();
    let mut levels = Vec::new();
    for _ in 0..DEEPEST {
        let below = level.iter().flat_map(|(_, value)| members(value)).collect();
        levels.push(std::mem::replace(&mut level, below));
    }
    let asking = |wants: &'static str, asks: fn(&[String]) -> bool| {
        let mut all = levels.iter().flatten().filter(|(name, _)| is_plain(name));
        let (name, _) = all.find(|(name, value)| {
            let by_code = || {
                let is_coded = CODED.contains(&words(name).concat().as_str());
                let code = value.as_str().filter(|code| is_coded && is_code(code));
                code.is_some_and(|code| asks(&words(code)))
            };
            (asks(&words(name)) && says_yes(value)) || by_code()
        })?;
        Some((name.as_str(), wants))
    };
    asking("a second factor", is_factor).or_else(|| asking("a further step", is_step))
}

fn members(value: &Value) -> Vec<(&String, &Value)> {
    match value {
        Value::Object(members) => members.iter().collect(),
        Value::Array(items) => items.first().map(members).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn is_factor(words: &[String]) -> bool {
    let has_pair = words.windows(2).any(|pair| {
        let is_it = |(first, second): &(&str, &str)| pair[0] == *first && pair[1] == *second;
        FACTOR_PAIRS.iter().any(is_it)
    });
    has_pair || words.iter().any(|word| FACTORS.contains(&word.as_str()))
}

fn is_step(words: &[String]) -> bool {
    words.iter().any(|word| STEPS.contains(&word.as_str()))
}

/// Whether the member says anything but "no".
fn says_yes(value: &Value) -> bool {
    const NO: &[&str] = &["", "0", "false", "no", "none", "disabled"];
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !NO.contains(&text.trim().to_ascii_lowercase().as_str()),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// Whether a name is one that a programmer gave, not data: it is shown.
fn is_plain(name: &str) -> bool {
    const LONGEST: usize = 40;
    let fit = |byte: u8| byte.is_ascii_alphabetic() || b"2_-".contains(&byte);
    name.len() <= LONGEST && name.bytes().all(fit)
}

/// The words of a name in lower case: `twoFactorId`, `two-factor_id`, `TWO_FACTOR`, `requires2FA`.
fn words(name: &str) -> Vec<String> {
    let bytes = name.as_bytes();
    let starts = |at: usize| {
        let (before, byte) = (bytes[at - 1], bytes[at]);
        let is_next_lower = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        (byte.is_ascii_uppercase() && (before.is_ascii_lowercase() || is_next_lower))
            || (byte.is_ascii_digit() && before.is_ascii_alphabetic())
    };
    let mut words = vec![String::new()];
    for (at, byte) in bytes.iter().enumerate() {
        if !byte.is_ascii_alphanumeric() || (at > 0 && starts(at)) {
            words.push(String::new());
        }
        if byte.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::{find, words};
    use crate::document::Document;

    #[test]
    fn a_second_factor_is_recognised_by_the_names_and_codes_of_servers() {
        let factor = |name| Some((name, "a second factor"));
        let step = |name| Some((name, "a further step"));
        for (body, found) in [
            (r#"{"mfa_required":true}"#, factor("mfa_required")),
            (
                r#"{"mfaRequired":"yes","ticket":"q"}"#,
                factor("mfaRequired"),
            ),
            (r#"{"requires2FA":true}"#, factor("requires2FA")),
            (r#"{"otp_required":1}"#, factor("otp_required")),
            (r#"{"two-step":{"sms":true}}"#, factor("two-step")),
            // Laravel Fortify, FusionAuth, ASP.NET, Discord.
            (r#"{"two_factor":true}"#, factor("two_factor")),
            (r#"{"twoFactorId":"q","methods":[]}"#, factor("twoFactorId")),
            (r#"{"requiresTwoFactor":true}"#, factor("requiresTwoFactor")),
            (r#"{"token":null,"mfa":true,"ticket":"q"}"#, factor("mfa")),
            // Identity Platform, Okta, Cognito.
            (
                r#"{"mfaPendingCredential":"q"}"#,
                factor("mfaPendingCredential"),
            ),
            (
                r#"{"stateToken":"q","status":"MFA_REQUIRED"}"#,
                factor("status"),
            ),
            (
                r#"{"ChallengeName":"SMS_MFA","Session":"q"}"#,
                factor("ChallengeName"),
            ),
            (
                r#"{"ChallengeName":"NEW_PASSWORD_REQUIRED","Session":"q"}"#,
                step("ChallengeName"),
            ),
            // Auth0.
            (r#"{"error":"mfa_required"}"#, factor("error")),
            // Flask-Security, Vault, Proxmox.
            (
                r#"{"meta":{"code":200},"response":{"tf_required":true}}"#,
                factor("tf_required"),
            ),
            (
                r#"{"auth":{"client_token":"","mfa_requirement":{"id":"q"}}}"#,
                factor("mfa_requirement"),
            ),
            (r#"{"data":{"NeedTFA":1}}"#, factor("NeedTFA")),
            (r#"{"data":[{"user":{"mfa":true}}]}"#, factor("mfa")),
            // A second factor before another step, the nearest to the root before others.
            (r#"{"challenge":"q","data":{"totp":true}}"#, factor("totp")),
            (r#"{"data":{"otp":true},"mfa":true}"#, factor("mfa")),
            (r#"{"challenge":"q"}"#, step("challenge")),
            (r#"{"consent_required":true}"#, step("consent_required")),
            (r#"{"status":"pending"}"#, None),
            (
                r#"{"mfa":false,"otp":0,"totp":"none","tfa":null,"challenge":[],"consent":{}}"#,
                None,
            ),
            (r#"{"footprint":true,"factory":1,"step":2,"two":1}"#, None),
            (r#"{"two_words":true,"first_factor":true,"set_up":1}"#, None),
            (
                r#"{"name":"otp","note":"mfa required","status":"an otp"}"#,
                None,
            ),
            (
                r#"{"mfa_for_the_users_of_an_organization_abcd":true}"#,
                None,
            ),
            (r#"{"otp7Xq":true,"mfa required":true}"#, None),
            (r#"{"a":{"b":{"c":{"mfa":true}}}}"#, None),
            ("{}", None),
        ] {
            let document =
                Document::read(None, body.as_bytes(), "").unwrap_or_else(|_| panic!("{body}"));
            assert_eq!(find(&document), found, "{body}");
        }
    }

    #[test]
    fn names_are_words() {
        for (name, expected) in [
            ("mfa_required", &["mfa", "required"][..]),
            ("twoFactorId", &["two", "factor", "id"]),
            ("MFARequired", &["mfa", "required"]),
            ("NeedTFA", &["need", "tfa"]),
            ("twoFAToken", &["two", "fa", "token"]),
            ("requires2FA", &["requires", "2fa"]),
            ("NEW_PASSWORD-REQUIRED", &["new", "password", "required"]),
            ("_otp_", &["otp"]),
            ("é", &[]),
            ("", &[]),
        ] {
            assert_eq!(words(name), expected, "{name}");
        }
    }
}
