//! Why a 401 was sent: `WWW-Authenticate` (RFC 9110 §11.6.1, RFC 6750 §3), read tolerantly, provider codes about missing rights, and
//! words about other causes than the token.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::GzDecoder;
use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use serde_json::Value;

use crate::document::Document;

mod cause;

/// One challenge of a `WWW-Authenticate` header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme as it was written, such as `Bearer` or WSO2's `OAuth2`.
    pub scheme: String,
    /// `realm`.
    pub realm: Option<String>,
    /// `error`, such as `invalid_token` or `insufficient_scope`.
    pub error: Option<String>,
    /// `error_description`.
    pub error_description: Option<String>,
    /// `scope`: what the resource requires.
    pub scope: Option<String>,
}

/// More than any server sends; limits the work for a hostile header.
const MOST_CHALLENGES: usize = 32;

/// The error of a resource server that refuses a valid token (RFC 6750 §3.1).
const INSUFFICIENT_SCOPE: &str = "insufficient_scope";
/// Errors in challenges that no new bearer token answers: that one, and those about a proof that the client does not send
/// (RFC 9449 §7.1 and §9).
const NOT_THE_TOKEN: &[&str] = &[INSUFFICIENT_SCOPE, "invalid_dpop_proof", "use_dpop_nonce"];

/// WSO2's codes about rights: resource forbidden, API blocked, resource not allowed, subscription inactive, scope.
/// Some versions send them with 401 (docs/wire.md §3).
const WSO2_RIGHTS: &[&str] = &["900906", "900907", "900908", "900909", "900910"];

/// All challenges of all `WWW-Authenticate` fields, in order. Anything malformed is skipped.
///
/// Values may be unquoted, as in WSO2's `Basic realm=host`. Of a repeated parameter the first counts.
pub fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    let mut found = Vec::new();
    for line in headers.get_all(WWW_AUTHENTICATE) {
        read_line(&String::from_utf8_lossy(line.as_bytes()), &mut found);
    }
    found.truncate(MOST_CHALLENGES);
    found
}

/// If a 401 is about something else than the token, most often a missing right, so that renewing would not help: the error or
/// code that says so, or the cause that its words name. `None` if it may be about the token.
///
/// `body_prefix` is the body or its beginning, compressed with gzip or not: some HTTP clients leave that to their users.
pub fn is_about_rights(headers: &HeaderMap, body_prefix: &[u8]) -> Option<&'static str> {
    let body_prefix = &*decompressed(body_prefix);
    let challenges = challenges(headers);
    let named = |challenge: &Challenge| {
        let error = challenge.error.as_deref()?;
        NOT_THE_TOKEN
            .iter()
            .find(|known| error.eq_ignore_ascii_case(known))
            .copied()
    };
    challenges
        .iter()
        .find_map(named)
        .or_else(|| known_code(body_prefix))
        .or_else(|| wants_no_token(&challenges).then_some("api key"))
        .or_else(|| cause::cause(&challenges, body_prefix))
}

/// As much of a body that gzip has compressed as can be read, within a limit.
fn decompressed(body: &[u8]) -> Cow<'_, [u8]> {
    const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
    /// What is read of any 401.
    const MOST_BYTES: u64 = 16 * 1024;
    if !body.starts_with(GZIP_MAGIC) {
        return body.into();
    }
    let mut plain = Vec::new();
    // The end may be missing.
    let _ = GzDecoder::new(body)
        .take(MOST_BYTES)
        .read_to_end(&mut plain);
    plain.into()
}

/// Whether only keys or signatures are asked for: Kong's `Key` and `hmac`, Azure's `AzureApiManagementKey`.
fn wants_no_token(challenges: &[Challenge]) -> bool {
    let is_key = |challenge: &Challenge| {
        let scheme = challenge.scheme.to_ascii_lowercase();
        scheme.ends_with("key") || scheme == "hmac"
    };
    !challenges.is_empty() && challenges.iter().all(is_key)
}

/// The code about rights in an error document.
fn known_code(body_prefix: &[u8]) -> Option<&'static str> {
    let document = Document::of_error(body_prefix)?;
    let known = |code: &str| {
        std::iter::once(&INSUFFICIENT_SCOPE)
            .chain(WSO2_RIGHTS)
            .find(|known| known.eq_ignore_ascii_case(code.trim()))
            .copied()
    };
    [
        "error",
        "error.code",
        "error.error",
        "fault.code",
        "code",
        "errors.0.code",
    ]
    .iter()
    .find_map(|place| match document.get(place)? {
        Value::String(code) => known(code),
        Value::Number(code) => known(&code.to_string()),
        _ => None,
    })
}

fn read_line(line: &str, found: &mut Vec<Challenge>) {
    let mut rest = line;
    // A scheme is at the start or after a comma; a bare word elsewhere is a token68 or part of an unquoted value.
    let mut scheme_may_follow = true;
    let mut current: Option<Challenge> = None;
    loop {
        rest = rest.trim_start();
        if let Some(behind) = rest.strip_prefix(',') {
            scheme_may_follow = true;
            rest = behind;
            continue;
        }
        let length = rest
            .find(|c: char| c.is_whitespace() || matches!(c, ',' | '=' | '"'))
            .unwrap_or(rest.len());
        let (word, behind) = rest.split_at(length);
        if let Some(value) = behind.trim_start().strip_prefix('=') {
            let (value, behind) = read_value(value.trim_start());
            if let Some(challenge) = &mut current {
                challenge.set(word, value);
            }
            rest = behind;
        } else if !word.is_empty() {
            if scheme_may_follow {
                found.extend(current.replace(Challenge {
                    scheme: word.to_owned(),
                    ..Challenge::default()
                }));
            }
            rest = behind;
        } else if rest.starts_with('"') {
            rest = read_value(rest).1;
        } else {
            break;
        }
        scheme_may_follow = false;
    }
    found.extend(current);
}

/// A quoted string (RFC 9110 §5.6.4) or everything up to a comma or blank, and the rest. An unterminated quoted string reaches
/// to the end of the line. Keystone writes single quotes.
fn read_value(text: &str) -> (String, &str) {
    if let Some((value, rest)) = text
        .strip_prefix('\'')
        .and_then(|quoted| quoted.split_once('\''))
    {
        return (value.to_owned(), rest);
    }
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text
            .find(|c: char| c.is_whitespace() || c == ',')
            .unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => value.push(c),
        }
    }
    (value, "")
}

impl Challenge {
    fn set(&mut self, name: &str, value: String) {
        let slot = match name.to_ascii_lowercase().as_str() {
            "realm" => &mut self.realm,
            "error" => &mut self.error,
            "error_description" => &mut self.error_description,
            "scope" => &mut self.scope,
            _ => return,
        };
        slot.get_or_insert(value);
    }
}

#[cfg(test)]
mod tests;
