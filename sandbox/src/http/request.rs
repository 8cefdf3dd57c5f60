//! A request with its whole body.

use std::sync::OnceLock;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::digest::sha256_hex;

/// The listener through which a request arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Listener {
    Http,
    Foreign,
    Https,
}

/// A request whose head and body have arrived.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) listener: Listener,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case, in the order sent.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) keep_alive: bool,
    pub(crate) body_sha256: OnceLock<String>,
}

impl Request {
    /// SHA-256 of the body as hex, computed once.
    pub(crate) fn body_sha256(&self) -> &str {
        self.body_sha256.get_or_init(|| sha256_hex(&self.body))
    }

    /// The first value of a header; `name` in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The media type without parameters, in lower case.
    pub(crate) fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    }

    /// The body as JSON, whatever the header says.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as a JSON object, if it is one and the header says so.
    pub(crate) fn json_object(&self) -> Option<Map<String, Value>> {
        let media_type = self.media_type();
        if media_type != "application/json" && !media_type.ends_with("+json") {
            return None;
        }
        match self.json() {
            Some(Value::Object(map)) => Some(map),
            _ => None,
        }
    }

    /// The body as form fields, if the header says so.
    pub(crate) fn form(&self) -> Option<Vec<(String, String)>> {
        (self.media_type() == "application/x-www-form-urlencoded").then(|| pairs(&self.body))
    }

    /// `METHOD /path`, the key of scripts and counts.
    pub(crate) fn route_key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Credentials of `Authorization` split at the scheme; a lone token has no scheme.
    pub(crate) fn authorization(&self) -> Option<(Option<&str>, &str)> {
        let value = self.header("authorization")?.trim();
        Some(match value.split_once(' ') {
            Some((scheme, rest)) => (Some(scheme), rest.trim_start()),
            None => (None, value),
        })
    }
}

/// Decodes `a=1&b=2`, leniently.
pub(crate) fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(bytes).into_owned().collect()
}

/// The value of the first field with this name.
pub(crate) fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
