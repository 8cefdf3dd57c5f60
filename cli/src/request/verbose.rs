//! What `evertoken request --verbose` prints about a call: names, sizes and fingerprints, no secret.

use std::fmt::Write as _;

use evertoken::verdict::Reason;
use evertoken::{Event, Method, Response};

use super::human::{self, printable};

/// A part of a header's name that says that its value is to be kept from a log.
const SECRET_HEADERS: &[&str] = &["auth", "cookie", "key", "secret", "token"];

/// `> GET https://…` and the headers, the client's own left out.
pub(super) fn request(
    method: &Method,
    url: &impl std::fmt::Display,
    headers: &[(&str, &str)],
    length: Option<usize>,
) {
    line('>', &format!("{method} {url}"));
    for (name, value) in headers {
        line('>', &format!("{name}: {}", shown(name, value)));
    }
    if let Some(length) = length {
        line('>', &format!("({length} bytes)"));
    }
}

/// `< HTTP/1.1 200 OK` and the headers.
pub(super) fn response(response: &Response) {
    line('<', &status_line(response));
    for (name, value) in response.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        line('<', &format!("{name}: {}", shown(name.as_str(), &value)));
    }
}

/// `* token_installed via login, token 1a2b3c4d, 10 min left`.
pub(super) fn event(event: &Event) {
    let mut text = event.name().to_owned();
    // Writing to a String cannot fail.
    if let Some(via) = event.via() {
        let _ = write!(text, " via {}", via.code());
    }
    if let Some(fingerprint) = event.fingerprint() {
        let _ = write!(text, ", token {fingerprint}");
    }
    if let Some(left) = event.expires_in() {
        let _ = write!(text, ", {} left", human::span(left));
    }
    if let Some(error) = event.error() {
        let _ = write!(text, ": {}", error.message());
    }
    if let Some(reason) = event.reason() {
        let _ = write!(text, ": {}", reason.code());
    }
    line('*', &text);
}

fn line(mark: char, text: &str) {
    // Nothing can be said when standard error is closed.
    let _ = std::io::Write::write_fmt(
        &mut std::io::stderr(),
        format_args!("{mark} {}\n", printable(text)),
    );
}

fn shown(name: &str, value: &str) -> String {
    let name = name.to_ascii_lowercase();
    if SECRET_HEADERS.iter().any(|part| name.contains(part)) && name != "www-authenticate" {
        "(not shown)".to_owned()
    } else {
        value.to_owned()
    }
}

/// Status line and headers as they came, with an empty line behind.
pub(super) fn head(response: &Response) -> Vec<u8> {
    let mut head = status_line(response).into_bytes();
    head.extend_from_slice(b"\r\n");
    for (name, value) in response.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn status_line(response: &Response) -> String {
    let status = response.status();
    let words = status.canonical_reason().unwrap_or_default();
    format!("{:?} {} {words}", response.version(), status.as_u16())
        .trim_end()
        .to_owned()
}

/// What a reason means, and what to do about it.
pub(super) fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::ForeignOrigin => {
            "a redirect led to another origin, which does not get the token; allowed_origins may name it"
        }
        Reason::InsufficientRights => {
            "the token is valid and lacks a right; ask for the scope or the subscription"
        }
        Reason::RefusedAgain => {
            "the API refused the new token as well; check that it belongs to this API"
        }
        Reason::BodyNotReplayable => "the body could not be sent again",
        Reason::RenewalFailed => "the renewal failed",
        Reason::StormGuard => "renewing has proved futile; none is made for a while",
        Reason::NotRenewable => "the token was pasted, and there is nothing to log in with",
        Reason::SameToken => "the server hands out the refused token again",
        _ => "see the documentation",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use evertoken::verdict::Reason;

    #[test]
    fn every_reason_has_words_of_its_own() {
        let words: HashSet<_> = Reason::ALL.iter().map(|one| super::reason(*one)).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        assert!(!words.contains("see the documentation"));
    }

    #[test]
    fn headers_that_carry_secrets_are_not_shown() {
        for name in [
            "Set-Cookie",
            "x-passkit-token",
            "X-Api-Key",
            "RevokedAccessToken",
        ] {
            assert!(!super::shown(name, "hunter2").contains("hunter2"), "{name}");
        }
        assert_eq!(super::shown("content-type", "a/b"), "a/b");
        assert_eq!(super::shown("WWW-Authenticate", "Bearer"), "Bearer");
    }
}
