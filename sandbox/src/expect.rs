//! Checks that a request contains what a script expects.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::http::{Request, pairs};
use crate::redact::{Redactor, push};
use crate::template::Scope;

/// What a scripted response expects of its request. `null` means absent, `"*"` present.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    query: Map<String, Value>,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    json: Option<Value>,
    #[serde(default)]
    form: Map<String, Value>,
}

impl Expect {
    /// The mismatches, one line each.
    pub(crate) fn mismatches(
        &self,
        request: &Request,
        scope: &mut Scope<'_>,
        redactor: &Redactor<'_>,
    ) -> Vec<String> {
        let mut found = Vec::new();
        let mut checks = Checks {
            redactor,
            found: &mut found,
        };
        if let Some(method) = self
            .method
            .as_ref()
            .filter(|method| **method != request.method)
        {
            checks
                .found
                .push(format!("method: expected {method}, got {}", request.method));
        }
        let parts = [
            (
                "query",
                Value::Object(self.query.clone()),
                fields(pairs(request.query.as_bytes())),
            ),
            (
                "headers",
                lower_names(&self.headers),
                fields(request.headers.clone()),
            ),
            (
                "form",
                Value::Object(self.form.clone()),
                fields(request.form().unwrap_or_default()),
            ),
        ];
        for (part, expected, actual) in parts {
            match scope.json(&expected) {
                Ok(expected) => checks.subset(part, part, &as_texts(expected), Some(&actual)),
                Err(error) => checks.found.push(error),
            }
        }
        if let Some(expected) = &self.json {
            match scope.json(expected) {
                Ok(expected) => checks.subset("json", "json", &expected, request.json().as_ref()),
                Err(error) => checks.found.push(error),
            }
        }
        found
    }
}

struct Checks<'a> {
    redactor: &'a Redactor<'a>,
    found: &'a mut Vec<String>,
}

impl Checks<'_> {
    fn subset(&mut self, path: &str, name: &str, expected: &Value, actual: Option<&Value>) {
        match (expected, actual) {
            (Value::Null, None) => {}
            (Value::String(any), Some(_)) if any == "*" => {}
            (Value::Object(expected), Some(Value::Object(actual))) => {
                for (key, value) in expected {
                    self.subset(&format!("{path}.{key}"), key, value, actual.get(key));
                }
            }
            (expected, Some(actual)) if expected == actual => {}
            (expected, actual) => {
                let line = format!(
                    "{path}: expected {}, got {}",
                    self.show(name, expected),
                    actual.map_or("nothing".to_owned(), |value| self.show(name, value))
                );
                self.found.push(line);
            }
        }
    }

    fn show(&self, name: &str, value: &Value) -> String {
        match value {
            Value::Null => "nothing".to_owned(),
            Value::String(text) if crate::redact::is_secret_header(name) => {
                self.redactor.header(name, text)
            }
            value => self.redactor.json(name, value.clone()).to_string(),
        }
    }
}

fn fields(list: Vec<(String, String)>) -> Value {
    let mut map = Map::new();
    for (name, value) in list {
        push(&mut map, name, Value::String(value));
    }
    Value::Object(map)
}

fn lower_names(headers: &Map<String, Value>) -> Value {
    headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect::<Map<_, _>>()
        .into()
}

/// Queries, headers and forms contain strings, so that expected numbers are compared as strings.
fn as_texts(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(flag) => Value::String(flag.to_string()),
        Value::Object(map) => map
            .into_iter()
            .map(|(name, value)| (name, as_texts(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}
