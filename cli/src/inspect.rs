//! `evertoken inspect`: shows the contents of a token.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Read as _};

use evertoken::{Secret, jwt};
use serde_json::{Map, Value, json};

use crate::failure::{Failure, tell};
use crate::human::{self, printable};
use crate::print_line;

/// Tokens have a few kilobytes at most. The limit is for a large file that is piped in by mistake.
const TOKEN_MAX_BYTES: u64 = 1 << 20;
/// Claims that are times (RFC 7519 §4.1, OpenID Connect Core §2).
const INSTANTS: &[&str] = &["exp", "iat", "nbf", "auth_time", "updated_at"];

const AFTER_HELP: &str = "\
Examples:
  evertoken token --profile pismo | evertoken inspect
  wl-paste | evertoken inspect -
  evertoken inspect --json - < token.txt

Nothing is sent anywhere and no signature is verified: anyone can write such claims. A token given as an argument stays in the
shell's history and is seen by other users; a pipe keeps it out of both. \"Bearer \" before the token is ignored.

Exit status: 0 it was read, also if it is opaque; 1 standard input cannot be read; 2 asked wrongly.";

/// Show what a token says: header, claims, dates, and what is left of its life; never verifies
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The token, or - for standard input, which is the default
    token: Option<String>,
    /// Print a JSON object: kind, header, claims, issued_at, expires_at, expires_in_secs, fingerprint, verified
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let text = match args.token.as_deref() {
        None | Some("-") => from_stdin()?,
        Some(token) => Secret::new(token),
    };
    let token = Secret::new(without_scheme(text.expose()));
    if token.is_empty() {
        return Err(Failure::usage("there is no token").with_hint(
            "give it on standard input: evertoken token --profile NAME | evertoken inspect",
        ));
    }
    let text = shown(&token, args.json, human::now_unix_secs());
    print_line(text.trim_end())?;
    if !args.json && kind(token.expose()) == "jwt" {
        tell(
            "note",
            "the signature is not verified; anyone can write such claims",
        );
    }
    Ok(())
}

/// What `token` says about itself, as JSON or as text for people.
fn shown(token: &Secret, json: bool, now_unix_secs: i64) -> String {
    if json {
        as_json(token, now_unix_secs).to_string()
    } else {
        as_text(token, now_unix_secs)
    }
}

/// What `evertoken inspect` prints about `text`, as JSON or as text for people.
pub fn inspect(text: &str, json: bool, now_unix_secs: i64) -> String {
    shown(&Secret::new(without_scheme(text)), json, now_unix_secs)
}

fn from_stdin() -> Result<Secret, Failure> {
    let mut text = String::new();
    let stdin = std::io::stdin().lock();
    if stdin.is_terminal() {
        tell("note", "paste the token, then press Enter and Ctrl-D");
    }
    stdin
        .take(TOKEN_MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(format!("standard input: {error}")))?;
    Ok(Secret::new(text))
}

fn without_scheme(text: &str) -> &str {
    let text = text.trim();
    // `evertoken token --header` prints the whole header.
    let text = match text.split_once(':') {
        Some((name, rest)) if name.eq_ignore_ascii_case("authorization") => rest.trim_start(),
        _ => text,
    };
    match text.split_once(char::is_whitespace) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim_start(),
        None if text.eq_ignore_ascii_case("bearer") => "",
        _ => text,
    }
}

/// The kind of token, judged by its form.
fn kind(token: &str) -> &'static str {
    const JWE_SEGMENTS: usize = 5;
    match jwt::parts(token) {
        Some(_) => "jwt",
        None if token.split('.').count() == JWE_SEGMENTS => "encrypted",
        None => "opaque",
    }
}

fn as_json(token: &Secret, now: i64) -> Value {
    let times = jwt::times(token.expose()).unwrap_or_default();
    let (header, claims) = jwt::parts(token.expose()).unwrap_or_default();
    json!({
        "kind": kind(token.expose()),
        "header": header,
        "claims": claims,
        "issued_at": times.iat.and_then(human::rfc3339_of),
        "expires_at": times.exp.and_then(human::rfc3339_of),
        "expires_in_secs": times.exp.map(|exp| exp.saturating_sub(now)),
        "fingerprint": token.fingerprint(),
        "verified": false,
    })
}

fn as_text(token: &Secret, now: i64) -> String {
    let mut text = match jwt::parts(token.expose()) {
        Some((Value::Object(header), Value::Object(claims))) => {
            format!(
                "header\n{}claims\n{}{}\n",
                table(&header, now),
                table(&claims, now),
                life(token.expose(), now)
            )
        }
        _ if kind(token.expose()) == "encrypted" => {
            "encrypted JWT (five segments): its claims cannot be read without the key\n".to_owned()
        }
        _ => format!(
            "opaque token of {} characters: only its server knows what it says and how long it lives\n",
            token.expose().chars().count()
        ),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "fingerprint {}", token.fingerprint());
    text
}

fn life(token: &str, now: i64) -> String {
    match jwt::times(token).and_then(|times| times.exp) {
        None => "no expiry: it lives until it is refused".to_owned(),
        Some(exp) if exp <= now => format!("expired {}", human::relative(exp, now)),
        Some(exp) => format!("expires {}", human::relative(exp, now)),
    }
}

fn table(members: &Map<String, Value>, now: i64) -> String {
    let width = members
        .keys()
        .map(|name| printable(name).chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for (name, value) in members {
        let shown = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let instant = INSTANTS
            .contains(&name.as_str())
            .then(|| value.as_f64())
            .flatten();
        // A number that is too large saturates, and then has no date.
        #[allow(clippy::cast_possible_truncation)]
        let date = instant.map(|secs| secs.floor() as i64).and_then(|secs| {
            Some(format!(
                "  {}, {}",
                human::date(secs)?,
                human::relative(secs, now)
            ))
        });
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  {:width$}  {}{}",
            printable(name),
            printable(&shown),
            date.unwrap_or_default()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use evertoken::Secret;

    use super::{as_json, as_text, kind, without_scheme};

    // {"alg":"HS512"} . {"iss":"Pass\u001b[2Jport","iat":1700000000,"exp":1700000600,"roles":["a"]}
    const TOKEN: &str = "eyJhbGciOiJIUzUxMiJ9.eyJpc3MiOiJQYXNzXHUwMDFiWzJKcG9ydCIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAwNjAwLCJyb2xlcyI6WyJhIl19.c2lnbmF0dXJl";

    #[test]
    fn a_jwt_is_shown_with_dates_and_without_its_signature() {
        let text = as_text(&Secret::new(TOKEN), 1_700_000_360);
        for line in [
            "  alg  HS512",
            "  iss    Pass\\u{1b}[2Jport",
            "  iat    1700000000  2023-11-14 22:13:20 UTC, 6 min ago",
            "  exp    1700000600  2023-11-14 22:23:20 UTC, in 4 min",
            "  roles  [\"a\"]",
            "expires in 4 min",
        ] {
            assert!(
                text.lines().any(|other| other == line),
                "{text}\nexpected {line}"
            );
        }
        assert!(!text.contains("c2lnbmF0dXJl") && !text.contains("signature"));
        assert!(as_text(&Secret::new(TOKEN), 1_700_000_660).contains("expired 1 min ago"));
    }

    #[test]
    fn a_token_that_is_not_a_jwt_is_classified_by_its_form() {
        for (token, expected) in [
            ("9c1185a5", "opaque"),
            ("a.b.c", "opaque"),
            ("a.b.c.d.e", "encrypted"),
            (TOKEN, "jwt"),
        ] {
            assert_eq!(kind(token), expected, "{token}");
        }
        let json = as_json(&Secret::new("opaque"), 0);
        assert!(json["claims"].is_null() && json["expires_at"].is_null());
    }

    #[test]
    fn a_header_or_its_value_may_be_pasted_whole() {
        for text in [
            "T",
            " T\r\n",
            "Bearer T",
            "bearer   T",
            "Authorization: Bearer T\n",
            "authorization:T",
        ] {
            assert_eq!(without_scheme(text), "T", "{text}");
        }
    }
}
