//! What an error document says, in the forms seen: OAuth 2.0 (RFC 6749 §5.2), `PassKit`, Pismo, WSO2 wrapped and flat,
//! problem details (RFC 9457), lists of errors, what web frameworks write, and the gateways in between.

use serde_json::{Map, Value};

use crate::scrub::is_code;

/// The provider's code and words, raw: to be scrubbed before anyone sees them.
#[derive(Clone, Default)]
pub struct Details {
    /// Such as `invalid_grant` or `900901`.
    pub code: Option<String>,
    /// The words for people.
    pub message: Option<String>,
    /// Whether a member that only errors have (`error`, `errors`, `fault`) says something.
    pub stated: bool,
    /// An `error` that is no code: the words, if there are no better ones.
    phrase: Option<String>,
}

/// Names of the code, most telling first.
const CODES: &[&str] = &[
    "code",
    "error_code",
    "errorCode",
    "errorcode",
    "errorNum",
    "errcode",
    "errno",
    "ErrorCode",
    "serviceErrorCode",
    "statusCode",
];
/// Names of the words, most telling first.
const MESSAGES: &[&str] = &[
    "error_description",
    "message",
    "Message",
    "error_message",
    "errorMessage",
    "errorSummary",
    "error_msg",
    "errmsg",
    "msg",
    "title",
    "detail",
    "details",
    "description",
    "faultstring",
    "reason",
    "Error",
    "non_field_errors",
];

pub(super) fn of(root: &Map<String, Value>) -> Details {
    let mut details = Details::default();
    if let Some(error) = root.get("error") {
        details.take_error(error);
    }
    if let Some(fault) = root.get("fault").or_else(|| root.get("Fault")) {
        details.take_error(fault);
    }
    match root.get("errors") {
        Some(Value::Array(errors)) => {
            if let Some(first) = errors.first() {
                details.take_error(first);
            }
        }
        Some(Value::Object(fields)) => details.take_fields(fields),
        _ => {}
    }
    // FastAPI wraps whatever its programmer raises: an object with an `error` of its own, or a list of complaints.
    match root.get("detail") {
        Some(detail @ Value::Object(_)) => details.take_error(detail),
        Some(Value::Array(items)) => {
            if let Some(Value::Object(first)) = items.first() {
                details.take_complaint(first);
            }
        }
        _ => {}
    }
    // UPS: {"response":{"errors":[{"code":"10401","message":"…"}]}}
    if let Some(Value::Object(inner)) = root.get("response")
        && let Some(errors) = inner.get("errors").or_else(|| inner.get("error"))
    {
        details.take_error(errors);
    }
    details.fill(root);
    details.message = details.message.or_else(|| details.phrase.take());
    details
}

impl Details {
    fn take_error(&mut self, error: &Value) {
        match error {
            Value::String(text) if !text.trim().is_empty() => {
                self.stated = true;
                let text = text.trim().to_owned();
                if is_code(&text) && self.code.is_none() {
                    self.code = Some(text);
                } else {
                    self.phrase.get_or_insert(text);
                }
            }
            Value::Object(object) if !object.is_empty() => {
                self.stated = true;
                // {"error":{"error":"invalid_grant",…}}
                if let Some(Value::String(code)) = object.get("error")
                    && is_code(code)
                {
                    self.code.get_or_insert_with(|| code.clone());
                }
                self.fill(object);
                // Apigee: {"fault":{"faultstring":"…","detail":{"errorcode":"…"}}}
                if let Some(Value::Object(detail)) = object.get("detail") {
                    self.fill(detail);
                }
            }
            Value::Array(items) => {
                if let Some(first) = items.first() {
                    self.take_error(first);
                }
            }
            Value::Bool(true) => self.stated = true,
            Value::Number(number) if number.as_f64() != Some(0.0) => {
                self.stated = true;
                self.code.get_or_insert_with(|| number.to_string());
            }
            _ => {}
        }
    }

    /// ASP.NET, Laravel: `{"errors":{"password":["is too short"]}}`.
    fn take_fields(&mut self, fields: &Map<String, Value>) {
        let Some((field, complaints)) = fields.iter().next() else {
            return;
        };
        self.stated = true;
        if let Some(words) = words(complaints) {
            self.phrase.get_or_insert(format!("{field}: {words}"));
        }
    }

    /// `FastAPI`: `{"loc":["body","username"],"msg":"Field required"}`.
    fn take_complaint(&mut self, complaint: &Map<String, Value>) {
        let Some(said) = complaint.get("msg").and_then(words) else {
            return;
        };
        let field = complaint
            .get("loc")
            .and_then(Value::as_array)
            .and_then(|place| place.last()?.as_str());
        self.phrase.get_or_insert(match field {
            Some(field) => format!("{field}: {said}"),
            None => said.to_owned(),
        });
    }

    /// Takes from `object` what is not known yet.
    fn fill(&mut self, object: &Map<String, Value>) {
        if self.code.is_none() {
            self.code = CODES.iter().find_map(|name| scalar(object.get(*name)?));
        }
        if self.message.is_none() {
            let text = |name: &str| words(object.get(name)?);
            let Some(name) = MESSAGES.iter().find(|name| text(name).is_some()) else {
                return;
            };
            let message = text(name).unwrap_or_default();
            // WSO2 says what in `message` and why in `description`; problem details in `title` and `detail`.
            let more = match *name {
                "message" => text("description"),
                "title" => text("detail"),
                _ => None,
            };
            self.message = Some(match more {
                Some(more) if !more.contains(message) => format!("{message}: {more}"),
                Some(more) => more.to_owned(),
                None => message.to_owned(),
            });
        }
    }
}

/// Text, or the first of a list of texts: `NestJS`, Django REST.
fn words(value: &Value) -> Option<&str> {
    match value {
        Value::Array(items) => items.first()?.as_str(),
        _ => value.as_str(),
    }
    .map(str::trim)
    .filter(|text| !text.is_empty())
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
