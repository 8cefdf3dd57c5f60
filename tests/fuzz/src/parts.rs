//! The core's pure parsers, and what the command prints of a token.

use evertoken::document::Document;
use evertoken::flow::{self, TokenResponse};
use evertoken::origin::{self, Origin, Origins};
use evertoken::scrub::Scrubber;
use evertoken::{HeaderMap, HeaderValue, Method, Secret, redirect as redirects};
use url::Url;

use crate::answer::headers;
use crate::fields::{Fields, head_and_body};
use crate::promise::{self, SECRET};

const NOW: i64 = 1_700_000_000;

/// Headers, an empty line, the beginning of a body: `WWW-Authenticate` and the provider codes about rights.
pub fn challenge(data: &[u8]) {
    let (head, body) = head_and_body(data);
    let headers = headers(head.split(|byte| *byte == b'\n'));
    let found = evertoken::challenge::challenges(&headers);
    assert!(found.len() <= 32);
    for one in &found {
        assert!(!one.scheme.is_empty());
    }
    let _ = evertoken::challenge::is_about_rights(&headers, body);
}

/// A content type, NUL, a body.
pub fn document(data: &[u8]) {
    let mut fields = Fields::new(data);
    let kind = fields.text();
    let body = fields.rest();
    let read = Document::read(kind.to_str().ok(), body, "access_token");
    let told = Document::of_error(body);
    for document in [read.ok(), told].into_iter().flatten() {
        for path in [
            "access_token",
            "error",
            "fault.code",
            "errors.0.code",
            "",
            ".",
        ] {
            let _ = document.get(path);
        }
        let details = document.details();
        let _ = (details.code, details.message, details.stated);
    }
}

/// A token.
pub fn jwt(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let times = evertoken::jwt::times(text);
    let parts = evertoken::jwt::parts(text);
    assert_eq!(times.is_some(), parts.is_some());
    if let Some((header, claims)) = parts {
        assert!(header.is_object() && claims.is_object());
    }
}

/// A token, or the header that carries it, as `evertoken inspect` tells of it: nothing in it may steer a terminal.
pub fn inspect(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let shown = evertoken_cli::inspect(text, false, NOW);
    let steers = |c: char| (c.is_control() && c != '\n') || ('\u{202A}'..='\u{202E}').contains(&c);
    assert!(!shown.contains(steers), "{shown:?}");
    let json = evertoken_cli::inspect(text, true, NOW);
    let told: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(told["verified"], false);
}

/// A date, in every place that reads one.
pub fn dates(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else {
        return;
    };
    let mut headers = HeaderMap::new();
    headers.insert("date", value.clone());
    let _ = flow::server_date(&headers);
    headers.insert("retry-after", value);
    let text = String::from_utf8_lossy(data);
    for body in [
        String::new(),
        serde_json::json!({ "nextAccessTime": text }).to_string(),
    ] {
        for date in [None, Some("Tue, 14 Nov 2023 22:13:20 GMT")] {
            headers.remove("date");
            if let Some(date) = date {
                headers.insert("date", HeaderValue::from_static(date));
            }
            let answer = TokenResponse {
                status: 429,
                headers: headers.clone(),
                body: body.clone().into_bytes().into(),
            };
            let wait = flow::retry_after(&answer, i64::MAX);
            assert!(wait.is_none_or(|wait| wait.as_secs() <= 3600));
        }
        headers.remove("retry-after");
    }
}

/// A profile's name, NUL, a TOML file in which `= "!"` is a secret in clear. No reference is followed.
pub fn profile(data: &[u8]) {
    let mut fields = Fields::new(data);
    let name = fields.text();
    let (Ok(name), Ok(text)) = (name.to_str(), std::str::from_utf8(fields.rest())) else {
        return;
    };
    // A secret in the place of a name is told: nobody could find what is wrong otherwise. In quotes it may be one.
    if promise::holds(data, SECRET.as_bytes()) || text.contains('\'') || text.contains("\\\"") {
        return;
    }
    let written = SECRET.replace('\\', "\\\\").replace('"', "\\\"");
    let text = &text.replace("= \"!\"", &format!("= \"{written}\""));
    match evertoken::profile::check(name, text) {
        Ok(secrets) => assert!(secrets.iter().all(|name| !name.is_empty())),
        Err(error) => promise::error(&error),
    }
}

/// A method, a status, the URL that answered, where it points to, and a caller's URL for it.
pub fn redirect(data: &[u8]) {
    let mut fields = Fields::new(data);
    let method = Method::from_bytes(fields.next().unwrap_or_default()).unwrap_or(Method::POST);
    let status = u16::try_from(fields.number()).unwrap_or(307);
    let from = fields.text();
    let (location, rest) = (fields.next().unwrap_or_default(), fields.rest());
    let base = from
        .to_str()
        .ok()
        .and_then(|text| origin::parse_base("base_url", text, true).ok());
    let Some(base) = base else {
        return;
    };
    if let Ok(text) = std::str::from_utf8(rest) {
        resolves(&base, text);
    }
    let mut headers = HeaderMap::new();
    if let Ok(location) = HeaderValue::from_bytes(location) {
        headers.insert("location", location);
    }
    let Some(next) = redirects::next(&method, &base, status, &headers) else {
        return;
    };
    assert!(matches!(status, 301 | 302 | 303 | 307 | 308));
    let allowed = Origins::new(Origin::of(&base).into_iter().collect());
    assert_eq!(next.crosses_origin, !allowed.allow(&next.url));
    assert!(matches!(next.url.scheme(), "http" | "https"));
    assert!(next.method == method || (next.drops_body && next.method == Method::GET));
    assert!(!matches!(status, 307 | 308) || (next.method == method && !next.drops_body));
}

/// A relative text never leaves the base's origin, and an absolute one only in sight.
fn resolves(base: &Url, text: &str) {
    let Ok(url) = origin::resolve(base, text) else {
        return;
    };
    let lower = text.to_ascii_lowercase();
    let absolute = lower.starts_with("http://") || lower.starts_with("https://");
    let allowed = Origins::new(Origin::of(base).into_iter().collect());
    assert!(absolute || allowed.allow(&url), "{text:?} leads to {url}");
    if !allowed.allow(&url) {
        promise::fit_for_a_log(allowed.refusal(&url).message());
    }
}

/// A secret, NUL, another, NUL, a server's words.
pub fn scrub(data: &[u8]) {
    let mut fields = Fields::new(data);
    let (one, two) = (fields.text(), fields.text());
    let (Ok(one), Ok(two)) = (one.to_str(), two.to_str()) else {
        return;
    };
    let words = String::from_utf8_lossy(fields.rest());
    let (secret, other) = (Secret::new(one), Secret::new(two));
    let scrubber = Scrubber::new([&secret, &other]).with_pair("user", &secret);
    if let Some(message) = scrubber.message(&words) {
        assert!(message.chars().count() <= 300 && !message.is_empty());
        assert!(!message.contains(char::is_control));
        // What stands for the cut-off end is nobody's secret.
        let message = message.trim_end_matches('…');
        for secret in [one, two] {
            assert!(!shows(message, secret), "{secret:?} in {message:?}");
        }
    }
    if let Some(code) = scrubber.code(&words) {
        assert!(code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_graphic()));
        for secret in [one, two] {
            assert!(!shows(&code, secret), "{secret:?} in {code:?}");
        }
    }
}

/// Whether a secret that is long enough to be one can be read in what is left between the redactions.
fn shows(message: &str, secret: &str) -> bool {
    const REDACTED: &str = "[redacted]";
    secret.len() >= 4 && message.split(REDACTED).any(|left| left.contains(secret))
}
