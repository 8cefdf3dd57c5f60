//! Cleans a server's message before it becomes part of an error: one line, bounded, without secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::encode::{basic_pair, form_encoded, percent_encoded};
use crate::secret::Secret;

mod line;
mod quoted;

use line::{Line, MESSAGE_CHARS, folded};
use quoted::quoted;

/// Longest provider code in characters.
const CODE_CHARS: usize = 64;
/// A shorter secret is replaced only where it is a word of its own: replacing every `a` would reveal it.
const SHORT_SECRET_BYTES: usize = 4;
/// How many times longer than the secret its longest common form is, such as `\u00e9`.
const FORM_GROWTH: usize = 6;
/// An unbroken run of token characters of at least this length is taken for a key. Longer than a UUID (36), so that trace
/// ids are kept.
const OPAQUE_RUN_BYTES: usize = 40;
const REDACTED: &str = "[redacted]";
/// Words that follow "Bearer" or "Basic" in prose, which are not credentials.
const PROSE: &[&str] = &[
    "token",
    "tokens",
    "auth",
    "authentication",
    "authorization",
    "authorisation",
    "credential",
    "credentials",
    "scheme",
    "schemes",
    "header",
    "headers",
    "access",
    "realm",
    "error",
    "type",
    "grant",
    "is",
    "was",
    "are",
    "not",
    "and",
    "or",
    "only",
    "but",
    "for",
    "in",
    "of",
    "with",
    "required",
    "expected",
    "missing",
    "invalid",
    "user",
    "username",
    "password",
    "plan",
    "tier",
];

/// Knows the secrets to remove, in every form in which a server may quote them.
#[derive(Clone, Default)]
pub struct Scrubber {
    /// Longest first, so that a secret within another one does not leave the rest of it.
    needles: Vec<Secret>,
}

impl Scrubber {
    /// A scrubber for these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut scrubber = Self::default();
        for secret in secrets {
            scrubber.add_forms(secret.expose());
        }
        scrubber.order();
        scrubber
    }

    /// A copy that knows one more secret.
    #[must_use]
    pub fn with(&self, secret: &Secret) -> Self {
        let mut scrubber = self.clone();
        scrubber.add_forms(secret.expose());
        scrubber.order();
        scrubber
    }

    /// The same scrubber, which also knows the Basic credentials of this pair in each encoding.
    #[must_use]
    pub fn with_pair(mut self, user: &str, secret: &Secret) -> Self {
        let secret = secret.expose();
        self.add_base64(&basic_pair(user, secret));
        self.add_base64(&basic_pair(&form_encoded(user), &form_encoded(secret)));
        self.add_base64(&basic_pair(
            &percent_encoded(user),
            &percent_encoded(secret),
        ));
        self.order();
        self
    }

    /// `text` as one line of at most 300 characters, secrets removed; `None` if nothing is left.
    pub fn message(&self, text: &str) -> Option<String> {
        // Removing invisible characters and folding blanks can join the pieces of a secret. So the line is scrubbed again,
        // far enough beyond its end to see a secret that begins within it.
        let longest = self
            .needles
            .first()
            .map_or(0, |needle| needle.expose().len());
        let line = self.line(text, MESSAGE_CHARS + longest * FORM_GROWTH)?;
        self.line(&line, MESSAGE_CHARS)
    }

    fn line(&self, text: &str, most: usize) -> Option<String> {
        let mut line = Line::new(most);
        let mut rest = text;
        let mut before = None;
        while let Some(next) = rest.chars().next() {
            if line.is_full() {
                break;
            }
            if let Some(length) = self
                .secret_at(rest, before)
                .or_else(|| key_at(rest, before))
            {
                line.push_word(REDACTED);
                before = rest[..length].chars().next_back();
                rest = &rest[length..];
                continue;
            }
            if let Some((kept, hidden)) = scheme_at(rest, before) {
                rest[..kept].chars().for_each(|c| line.push(c));
                line.push_word(REDACTED);
                before = rest[..kept + hidden].chars().next_back();
                rest = &rest[kept + hidden..];
                continue;
            }
            line.push(next);
            before = Some(next);
            rest = &rest[next.len_utf8()..];
        }
        line.finish()
    }

    /// `text` if it can be a provider code: at most 64 characters of letters, digits, `_`, `.`, `:`, `-`, without anything that
    /// [`Self::message`] would remove.
    pub fn code(&self, text: &str) -> Option<String> {
        let text = text.trim();
        let fit = is_code(text) && self.message(text).as_deref() == Some(text);
        fit.then(|| text.to_owned())
    }

    fn add_forms(&mut self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        self.add(secret);
        self.add(&folded(secret));
        if secret.len() >= SHORT_SECRET_BYTES {
            self.add_base64(&Zeroizing::new(STANDARD.encode(secret)));
        }
    }

    /// Adds base64 with and without padding, in both alphabets.
    fn add_base64(&mut self, encoded: &str) {
        let bare = encoded.trim_end_matches('=');
        for form in [encoded, bare] {
            self.add(form);
            self.add(&Zeroizing::new(form.replace('+', "-").replace('/', "_")));
        }
    }

    fn add(&mut self, needle: &str) {
        if !needle.is_empty() && !self.needles.iter().any(|known| known.expose() == needle) {
            self.needles.push(Secret::new(needle));
        }
    }

    fn order(&mut self) {
        self.needles
            .sort_by_key(|needle| std::cmp::Reverse(needle.expose().len()));
    }

    /// The length of the longest secret at the start of `rest`, in any form.
    fn secret_at(&self, rest: &str, before: Option<char>) -> Option<usize> {
        let found = self.needles.iter().filter_map(|needle| {
            let needle = needle.expose();
            let length = quoted(rest, needle)?;
            let alone = || is_boundary(before) && is_boundary(rest[length..].chars().next());
            (needle.len() >= SHORT_SECRET_BYTES || alone()).then_some(length)
        });
        found.max()
    }
}

/// Whether `text` has the shape of a provider code.
pub(crate) fn is_code(text: &str) -> bool {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    (1..=CODE_CHARS).contains(&text.len()) && text.bytes().all(fit)
}

fn is_boundary(neighbour: Option<char>) -> bool {
    neighbour.is_none_or(|c| !c.is_alphanumeric())
}

fn run_length(rest: &str, fit: impl Fn(u8) -> bool) -> usize {
    rest.bytes().take_while(|byte| fit(*byte)).count()
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.+/=~".contains(&byte)
}

/// The length of what looks like a JWT or another key at the start of `rest`.
fn key_at(rest: &str, before: Option<char>) -> Option<usize> {
    if rest.starts_with("eyJ") {
        let length = run_length(rest, is_token_byte);
        if length >= 16 || (length >= 8 && is_boundary(before)) {
            return Some(length);
        }
    }
    if !is_boundary(before) {
        return None;
    }
    let length = run_length(rest, |byte| {
        byte.is_ascii_alphanumeric() || b"-_+=~".contains(&byte)
    });
    let run = &rest.as_bytes()[..length];
    let mixed = run.iter().any(u8::is_ascii_digit) && run.iter().any(u8::is_ascii_alphabetic);
    (length >= OPAQUE_RUN_BYTES && mixed).then_some(length)
}

/// For `Bearer xxx` and `Basic xxx` at the start of `rest`: the length of scheme and blanks, and that of the credentials.
fn scheme_at(rest: &str, before: Option<char>) -> Option<(usize, usize)> {
    if !is_boundary(before) {
        return None;
    }
    let scheme = ["bearer", "basic"].into_iter().find(|scheme| {
        rest.get(..scheme.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    })?;
    let behind = &rest[scheme.len()..];
    let blanks = run_length(behind, |byte| byte == b' ' || byte == b'\t');
    let hidden = run_length(&behind[blanks..], is_token_byte);
    let word = behind[blanks..blanks + hidden].trim_end_matches(['.', '-', '=', '/']);
    let prose = PROSE.iter().any(|known| known.eq_ignore_ascii_case(word));
    (blanks > 0 && !word.is_empty() && !prose).then_some((scheme.len() + blanks, hidden))
}

#[cfg(test)]
mod tests;
