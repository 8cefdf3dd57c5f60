//! Reads response bodies as documents: JSON, a form, or an XML fault, whatever the content type says.
//!
//! Each becomes one JSON object that is wiped on drop. HTML is recognized and not searched.

use std::borrow::Cow;

use serde_json::{Map, Value};
use url::form_urlencoded;
use zeroize::Zeroize;

mod details;
mod fault;
mod repair;
mod text;

pub use details::Details;

/// A JSON object, or a body that was read as one. Its strings are wiped on drop.
pub struct Document(Map<String, Value>);

impl Drop for Document {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

impl Document {
    /// Reads the body of a success: a JSON object, a JSON list (as an object of its indices), or a form (`a=1&b=2`).
    ///
    /// `content_type` is the header's value, if there is one. A body that starts with `{` is JSON, whatever the header says. A form
    /// whose content type is missing or general must have the field `marker`.
    ///
    /// # Errors
    /// What the body is instead, as a phrase that completes "the answer is".
    pub fn read(
        content_type: Option<&str>,
        body: &[u8],
        marker: &str,
    ) -> Result<Self, &'static str> {
        let text = text::decode(body);
        let text = text::trim(&text);
        if text.is_empty() {
            return Err("empty");
        }
        if text.starts_with('{') {
            return parse(text).ok_or("broken or truncated JSON");
        }
        if text.starts_with('[') {
            let items: Vec<Value> =
                serde_json::from_str(text).map_err(|_| "broken or truncated JSON")?;
            let numbered = items.into_iter().enumerate();
            return Ok(Self(
                numbered.map(|(at, item)| (at.to_string(), item)).collect(),
            ));
        }
        if text.starts_with('<') {
            return Err(if fault::is_html(text) {
                "an HTML page"
            } else {
                "XML"
            });
        }
        let kind = media_type(content_type);
        if kind == "application/x-www-form-urlencoded" && text.contains('=') {
            return Ok(form(text));
        }
        // Some servers send a form as text/plain, see golang/oauth2.
        if matches!(
            kind.as_ref(),
            "" | "text/plain" | "application/octet-stream"
        ) && looks_like_form(text)
        {
            let document = form(text);
            if document.root().contains_key(marker) {
                return Ok(document);
            }
        }
        if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
            return Err("JSON, but not an object");
        }
        Err("neither JSON nor a form")
    }

    /// Reads an error response: JSON (also if `body` is only its beginning), a form, or a WSO2 XML fault. `None` for web pages
    /// and other prose.
    pub fn of_error(body: &[u8]) -> Option<Self> {
        let text = text::decode(body);
        let text = text::trim(&text);
        if text.starts_with('{') {
            return parse(text).or_else(|| parse(&repair::closed(text)?));
        }
        if text.starts_with('[') {
            // Salesforce and others respond with a list of errors as the whole body.
            let list = serde_json::from_str(text).ok()?;
            return Some(Self(Map::from_iter([(
                "errors".to_owned(),
                Value::Array(list),
            )])));
        }
        if text.starts_with('<') {
            return fault::read(text).map(Self);
        }
        (text.starts_with("error") && looks_like_form(text)).then(|| form(text))
    }

    /// The value at `path`: a key of the object, else keys and array indices separated by dots.
    pub fn get(&self, path: &str) -> Option<&Value> {
        if let Some(value) = self.0.get(path) {
            return Some(value);
        }
        let mut keys = path.split('.');
        let first = self.0.get(keys.next()?)?;
        keys.try_fold(first, |value, key| match value {
            Value::Object(object) => object.get(key),
            Value::Array(items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The error that the document describes, in any of the providers' forms.
    pub fn details(&self) -> Details {
        details::of(self.root())
    }

    /// The object itself.
    pub(crate) fn root(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// The text of a body that is a JSON string, or neither JSON nor markup. The caller wipes it.
pub fn as_text(body: &[u8]) -> Option<String> {
    let text = text::decode(body);
    let text = text::trim(&text);
    match text.chars().next()? {
        '"' => serde_json::from_str(text).ok(),
        '{' | '[' | '<' => None,
        _ => (!matches!(text, "null" | "true" | "false")).then(|| text.to_owned()),
    }
}

/// The strings of an error response, each by itself: those of a JSON document or a form at any depth, the texts between tags of XML
/// that is no page, or a short plain text. Without paths, whose words mean nothing.
pub fn statements(body: &[u8]) -> Vec<String> {
    /// Longer ones are documents, not statements.
    const LONGEST_CHARS: usize = 1000;
    const MOST: usize = 100;
    let text = text::decode(body);
    let text = text::trim(&text);
    let mut found = Vec::new();
    if text.starts_with('<') {
        if !fault::is_html(text) {
            found.extend(fault::texts(text).map(str::to_owned));
        }
    } else if let Some(document) = Document::of_error(body) {
        document
            .root()
            .values()
            .for_each(|value| collect(value, &mut found));
    } else if !text.starts_with(['{', '[']) {
        found.push(text.to_owned());
    }
    found.retain(|text| !text.starts_with('/') && text.chars().count() <= LONGEST_CHARS);
    found.truncate(MOST);
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(object) => object.values().for_each(|value| collect(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether the body is an HTML page.
pub fn is_page(body: &[u8]) -> bool {
    let text = text::decode(body);
    let text = text::trim(&text);
    text.starts_with('<') && fault::is_html(text)
}

fn parse(text: &str) -> Option<Document> {
    let object = serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(&repair::lenient(text)))
        .ok()?;
    Some(Document(object))
}

fn form(text: &str) -> Document {
    let pairs = form_urlencoded::parse(text.as_bytes());
    Document(
        pairs
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect(),
    )
}

/// `name=value&…` on one line without blanks or markup.
fn looks_like_form(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
    };
    text.split_once('=').is_some_and(|(name, _)| is_name(name))
        && !text
            .bytes()
            .any(|byte| byte.is_ascii_whitespace() || b"<>{}\"".contains(&byte))
}

fn media_type(content_type: Option<&str>) -> Cow<'_, str> {
    let kind = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if kind.bytes().any(|byte| byte.is_ascii_uppercase()) {
        kind.to_ascii_lowercase().into()
    } else {
        kind.into()
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(object) => object.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
