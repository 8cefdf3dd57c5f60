//! Recognises by its words a 401 whose cause is not the token: a missing scope or right, a subscription, a quota, an API key, a
//! licence, an address, the clock, or a token that is for another audience. A new token would have the same cause.
//!
//! Words are less certain than codes, and a dead token that is not renewed is worse than a needless login, of which the storm guard
//! lets few happen. So a rule names both a subject and what is wrong with it; rules about rights count in codes only, because many
//! servers treat a dead token as none, and say of callers whom they do not know that they have no rights; and where the response says
//! `invalid_token` (RFC 6750 §3.1), no words count.

use super::Challenge;
use crate::document::statements;

mod rules;

use rules::{RULES, Rule};

/// Words that are said of a dead token or of a caller whom the server does not know, wherever they are in the response.
const UNKNOWN_CALLER: &[&str] = &[
    "revoked",
    "anonymous",
    "guest",
    "guests",
    "unauthenticated",
    "login",
    "logon",
    "logged",
    "signin",
    "session",
    "sessions",
];
/// What the caller is known by, and what is said of it if it is dead; "valid" as in "a valid token is required".
const TOKENS: &[&str] = &[
    "token",
    "tokens",
    "jwt",
    "bearer",
    "credential",
    "credentials",
    "authentication",
    "password",
];
const DEAD: &[&str] = &[
    "invalid",
    "valid",
    "missing",
    "malformed",
    "unknown",
    "inactive",
    "incorrect",
    "failed",
    "failure",
    "bad",
    "wrong",
    "unrecognized",
    "provided",
    "required",
];
/// Things other than tokens that expire.
const EXPIRING: &[&str] = &[
    "subscription",
    "trial",
    "license",
    "licence",
    "plan",
    "certificate",
    "consent",
];

/// The cause that the words of a 401 name; `None` if it may be the token.
pub(super) fn cause(challenges: &[Challenge], body: &[u8]) -> Option<&'static str> {
    let told = challenges
        .iter()
        .flat_map(|challenge| [&challenge.error, &challenge.error_description])
        .flatten();
    let in_body = statements(body);
    let texts: Vec<&str> = told.chain(&in_body).map(String::as_str).collect();
    let is_invalid_token = |text: &&str| text.trim().eq_ignore_ascii_case("invalid_token");
    let statements: Vec<(bool, Vec<String>)> = texts
        .iter()
        .map(|text| (is_code(text), words(text)))
        .collect();
    if texts.iter().any(is_invalid_token)
        || statements.iter().any(|(_, words)| is_about_caller(words))
    {
        return None;
    }
    let holds = |rule: &&Rule| {
        let counts = |is_code: bool| is_code || !rule.in_codes;
        statements
            .iter()
            .any(|(is_code, words)| counts(*is_code) && is_told(rule, words))
    };
    RULES.iter().find(holds).map(|rule| rule.cause)
}

/// Whether a text is a code and not a sentence.
fn is_code(text: &str) -> bool {
    !text.trim().contains(char::is_whitespace)
}

/// Whether `words` tell of the rule's cause and not of a dead token. With an "or" they tell of either: "Invalid token or insufficient
/// permissions", "Missing API key or access token".
fn is_told(rule: &Rule, words: &[String]) -> bool {
    let is_open = words.iter().any(|word| word == "or");
    let is_dead = near(words, TOKENS, DEAD, 3);
    let may_be_token = if rule.explains {
        is_open && is_dead
    } else {
        is_dead || (is_open && near(words, TOKENS, &[], 0))
    };
    near(words, rule.subjects, rule.states, rule.reach) && !may_be_token
}

/// Lower-case words without URLs; `camelCase` and `snake_case` are taken apart, and names of keys are put together: "API key" is
/// `apikey`.
fn words(text: &str) -> Vec<String> {
    let pieces = text.split_whitespace();
    let told: Vec<&str> = pieces.filter(|piece| !piece.contains("://")).collect();
    let told = told.join(" ");
    let mut words: Vec<String> = Vec::new();
    let mut previous = ' ';
    let mut chars = told.chars().peekable();
    while let Some(c) = chars.next() {
        let is_next_lower = chars.peek().is_some_and(|next| next.is_lowercase());
        let begins = !previous.is_alphanumeric()
            || (c.is_uppercase() && (previous.is_lowercase() || is_next_lower));
        if c.is_alphanumeric() {
            if begins {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        previous = c;
    }
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        match joined.last_mut() {
            Some(last)
                if matches!(
                    (last.as_str(), word.as_str()),
                    ("api" | "app", "key") | ("client", "id")
                ) =>
            {
                last.push_str(&word);
            }
            _ => joined.push(word),
        }
    }
    joined
}

/// Whether a subject and a state are at most `reach` words apart; without states, whether there is a subject.
fn near(words: &[String], subjects: &[&str], states: &[&str], reach: usize) -> bool {
    let is_in = |known: &[&str], word: &String| known.contains(&word.as_str());
    (0..words.len()).any(|at| {
        let around = at.saturating_sub(reach)..words.len().min(at + reach + 1);
        is_in(subjects, &words[at])
            && (states.is_empty() || words[around].iter().any(|word| is_in(states, word)))
    })
}

/// Whether the token seems to be dead, or the caller unknown.
fn is_about_caller(words: &[String]) -> bool {
    let is_in = |known: &[&str], word: &String| known.contains(&word.as_str());
    let names_token = words.iter().any(|word| is_in(TOKENS, word));
    (0..words.len()).any(|at| {
        let word = words[at].as_str();
        let next = words.get(at + 1).map(String::as_str);
        let expires = word.starts_with("expir")
            && (names_token || !words[..at].iter().any(|word| is_in(EXPIRING, word)));
        expires
            || UNKNOWN_CALLER.contains(&word)
            || matches!((word, next), ("log" | "sign", Some("in")))
    })
}

#[cfg(test)]
mod tests;
