//! Replaces secrets in everything that is shown: values of secret fields, and known secrets wherever they occur.

use serde_json::{Map, Value};

use crate::digest::fingerprint;
use crate::http::pairs;

/// Field names that hold a secret in any of the flows.
const SECRET_FIELDS: [&str; 21] = [
    "access_token",
    "api_key",
    "api_secret",
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "consumer_secret",
    "id_token",
    "jwt",
    "pass",
    "password",
    "refresh",
    "refresh_token",
    "secret",
    "secret_key",
    "server_secret",
    "subject_token",
    "token",
    "twofacode",
    "twofatoken",
];

/// Header names whose values are secret.
const SECRET_HEADERS: [&str; 7] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "x-passkit-token",
];

/// Recognises secrets by name and by value.
pub(crate) struct Redactor<'a> {
    /// Whether a text is a secret or token known to the sandbox.
    pub(crate) is_known: &'a dyn Fn(&str) -> bool,
}

impl Redactor<'_> {
    /// The text, or `fp:` and its fingerprint.
    pub(crate) fn text(&self, name: &str, value: &str) -> String {
        if is_secret_field(name) || (self.is_known)(value) {
            marked(value)
        } else {
            value.to_owned()
        }
    }

    /// A JSON value with every secret in it replaced.
    pub(crate) fn json(&self, name: &str, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(name, &text)),
            Value::Object(map) => map
                .into_iter()
                .map(|(key, value)| (key.clone(), self.json(&key, value)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Array(list) => list
                .into_iter()
                .map(|value| self.json(name, value))
                .collect(),
            Value::Number(number) if is_secret_field(name) => {
                Value::String(marked(&number.to_string()))
            }
            other => other,
        }
    }

    /// Form fields as a JSON object; a field that occurs twice is a list.
    pub(crate) fn form(&self, form: Vec<(String, String)>) -> Value {
        let mut map = Map::new();
        for (name, value) in form {
            let value = Value::String(self.text(&name, &value));
            push(&mut map, name, value);
        }
        Value::Object(map)
    }

    /// A query, with the values of secret fields replaced.
    pub(crate) fn query(&self, query: &str) -> String {
        let has_secret = pairs(query.as_bytes())
            .iter()
            .any(|(name, value)| self.text(name, value) != *value);
        if !has_secret {
            return query.to_owned();
        }
        let mut safe = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in pairs(query.as_bytes()) {
            let shown = self.text(&name, &value);
            safe.append_pair(&name, &shown);
        }
        safe.finish()
    }

    /// A path, with secret segments replaced.
    pub(crate) fn path(&self, path: &str) -> String {
        let shown = |segment: &str| self.text("", segment);
        path.split('/').map(shown).collect::<Vec<_>>().join("/")
    }

    /// A header's value as an echo shows it. For `Authorization`, the fingerprint is that of the part after the scheme.
    pub(crate) fn header(&self, name: &str, value: &str) -> String {
        if !is_secret_header(name) {
            return self.text("", value);
        }
        marked(
            value
                .split_once(' ')
                .map_or(value, |(_, rest)| rest.trim_start()),
        )
    }
}

/// Adds a value. Several values of one name become a list.
pub(crate) fn push(map: &mut Map<String, Value>, name: String, value: Value) {
    match map.get_mut(&name) {
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
        None => {
            map.insert(name, value);
        }
    }
}

pub(crate) fn is_secret_field(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_FIELDS.contains(&name.as_str()) || name.ends_with("_secret") || name.ends_with("_token")
}

pub(crate) fn is_secret_header(name: &str) -> bool {
    SECRET_HEADERS.contains(&name)
}

fn marked(value: &str) -> String {
    format!("fp:{}", fingerprint(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_go_by_name_and_by_value() {
        let redactor = Redactor {
            is_known: &|value| value == "hunter2",
        };
        let shown = redactor.json("", json!({"user": "a", "password": "x", "note": "hunter2", "in": [{"token": 1}], "token_type_hint": "t"}));
        assert_eq!(shown["user"], "a");
        assert_eq!(shown["token_type_hint"], "t");
        let text = shown.to_string();
        assert!(
            text.contains(&format!("fp:{}", fingerprint("x")))
                && text.contains(&format!("fp:{}", fingerprint("hunter2")))
        );
        assert!(!text.contains("hunter2") && !text.contains("\"x\""));
    }

    #[test]
    fn a_query_stays_as_sent_unless_it_holds_a_secret() {
        let redactor = Redactor {
            is_known: &|_| false,
        };
        assert_eq!(redactor.query("a=%20b&c"), "a=%20b&c");
        assert!(!redactor.query("access_token=abc&x=1").contains("abc"));
    }
}
