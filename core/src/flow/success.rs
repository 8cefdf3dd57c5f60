//! The condition under which a 2xx response is a success, for servers that refuse with 200.

use std::fmt;

use serde_json::Value;

use super::check;
use crate::document::Document;
use crate::error::Result;

/// `field`, or `field=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Success {
    field: String,
    value: Option<String>,
}

impl Success {
    pub(super) fn parse(option: &str, text: &str) -> Result<Self> {
        check::required(option, text)?;
        let (field, value) = match text.split_once('=') {
            Some((field, value)) => (field.trim(), Some(value.trim().to_owned())),
            None => (text.trim(), None),
        };
        check::required(option, field)?;
        Ok(Self {
            field: field.to_owned(),
            value,
        })
    }

    /// Whether the field has the value, or, if the condition names none, whether it says anything but "no".
    pub(super) fn holds(&self, document: &Document) -> bool {
        const NO: &[&str] = &["", "0", "false", "no", "fail", "failed", "failure", "error"];
        let Some(found) = document.get(&self.field) else {
            return false;
        };
        let text = match found {
            Value::String(text) => text.clone(),
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            // A list or an object equals no text, and an empty one says "no".
            Value::Array(items) => return self.value.is_none() && !items.is_empty(),
            Value::Object(members) => return self.value.is_none() && !members.is_empty(),
            Value::Null => return false,
        };
        match &self.value {
            Some(value) => text == *value,
            None => !NO.contains(&text.to_ascii_lowercase().as_str()),
        }
    }
}

/// As written in the option, for messages. It is configuration, not a secret.
impl fmt::Display for Success {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "success {}={value}", self.field),
            None => write!(f, "success {}", self.field),
        }
    }
}
