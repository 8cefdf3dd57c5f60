//! What an error document says, in the forms seen: OAuth 2.0 (RFC 6749 §5.2), `PassKit`, Pismo, WSO2 wrapped and flat,
//! problem details (RFC 9457), lists of errors, what web frameworks write, and the gateways in between.

use std::borrow::Cow;

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
    "ReasonCode",
    "serviceErrorCode",
    "__type",
    "statusCode",
];
/// Names of members that are a code only where they look like one: `PayPal`'s `name`, `HubSpot`'s `status`, Mattermost's `id`.
const MAYBE_CODES: &[&str] = &["name", "status", "type", "id"];
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
    "errorMessages",
];
/// What says more than the words of this name: WSO2 says what in `message` and why in `description`, problem details in
/// `title` and `detail`, ABP in `message` and `details`, Laravel Passport in `error_description` and `hint`.
const MORE: &[(&str, &[&str])] = &[
    ("message", &["description", "detail", "details"]),
    ("title", &["detail"]),
    ("error_description", &["hint"]),
];
/// Objects around code and words, where neither stands at the root: Berlin Group, Open Banking, Mastercard, `UniFi`, DHL.
const ENVELOPES: &[&str] = &["tppMessages", "Errors", "meta", "status"];

pub(super) fn of(root: &Map<String, Value>) -> Details {
    let mut details = Details::default();
    if let Some(error) = root.get("error") {
        details.take_error(error);
    }
    if let Some(fault) = root.get("fault").or_else(|| root.get("Fault")) {
        details.take_error(fault);
    }
    match root.get("errors") {
        Some(Value::Object(fields)) => details.take_fields(fields),
        Some(errors @ (Value::Array(_) | Value::String(_))) => details.take_error(errors),
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
    for envelope in ENVELOPES {
        if details.message.is_none() || details.code.is_none() {
            details.open(root.get(*envelope));
        }
    }
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
                self.take_data(object);
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

    /// JSON-RPC (Odoo, Zabbix): the words that tell something are in `data`. Only of an error: elsewhere `data` may be a token.
    fn take_data(&mut self, error: &Map<String, Value>) {
        let data = match error.get("data") {
            Some(Value::Object(data)) => data.get("message").and_then(words),
            Some(data @ Value::String(_)) => words(data),
            _ => None,
        };
        if let (Some(message), Some(data)) = (&mut self.message, data) {
            *message = format!("{message}: {data}");
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
            None => said.into_owned(),
        });
    }

    /// Takes code and words from what is around them: an object, the first of a list, or `{"Error":[…]}` around that.
    fn open(&mut self, envelope: Option<&Value>) {
        let inner = match envelope {
            Some(Value::Object(object)) => object.get("Error").or(envelope),
            other => other,
        };
        let inner = match inner {
            Some(Value::Array(items)) => items.first(),
            other => other,
        };
        if let Some(Value::Object(object)) = inner {
            self.fill(object);
            let own = ["text", "Message", "Description"];
            let text = || own.iter().find_map(|name| words(object.get(*name)?));
            self.message = self.message.take().or_else(|| Some(text()?.into_owned()));
        }
    }

    /// Takes from `object` what is not known yet.
    fn fill(&mut self, object: &Map<String, Value>) {
        if self.code.is_none() {
            self.code = code(object);
        }
        if self.message.is_none() {
            let text = |name: &str| words(object.get(name)?);
            let Some((name, message)) = MESSAGES.iter().find_map(|name| Some((name, text(name)?)))
            else {
                return;
            };
            let more = MORE
                .iter()
                .filter(|(what, _)| what == name)
                .flat_map(|(_, more)| more.iter())
                .find_map(|more| text(more));
            self.message = Some(match more {
                Some(more) if more.contains(&*message) => more.into_owned(),
                Some(more) => format!("{message}: {more}"),
                None => message.into_owned(),
            });
        }
    }
}

/// The code that an object names. A status in it is one only where there is no other: Supabase, Strapi and others repeat theirs.
fn code(object: &Map<String, Value>) -> Option<String> {
    let named = || CODES.iter().filter_map(|name| scalar(object.get(*name)?));
    let maybe = || {
        let looks = |code: &String| {
            // No digits: it must not be an id, let alone a session's.
            code.bytes()
                .all(|byte| byte.is_ascii_alphabetic() || b"_.".contains(&byte))
                && (code.contains(['_', '.']) || code.ends_with("Error"))
        };
        MAYBE_CODES
            .iter()
            .filter_map(|name| scalar(object.get(*name)?))
            .find(looks)
    };
    let is_status = |code: &String| matches!(code.parse(), Ok(400..600_u16));
    named()
        .find(|code| !is_status(code))
        .or_else(maybe)
        .or_else(|| {
            // GraphQL and Directus.
            let extensions = object.get("extensions")?.as_object()?;
            scalar(extensions.get("code")?)
        })
        .or_else(|| named().next())
        // Amazon writes the namespace before it.
        .map(|code| match code.rsplit_once('#') {
            Some((_, name)) => name.to_owned(),
            None => code,
        })
}

/// Text, the first of a list of texts (`NestJS`, Django REST), or `OData`'s `{"lang":"en","value":"…"}`. Without the markup that
/// `WordPress` puts in.
fn words(value: &Value) -> Option<Cow<'_, str>> {
    let text = match value {
        Value::Array(items) => items.first()?.as_str(),
        Value::Object(object) if object.contains_key("lang") => object.get("value")?.as_str(),
        _ => value.as_str(),
    }?;
    let text = if text.contains("</") {
        Cow::Owned(without_tags(text).trim().to_owned())
    } else {
        Cow::Borrowed(text.trim())
    };
    (!text.is_empty()).then_some(text)
}

/// `text` without what stands between `<` and `>` right behind it; a lone `<` stays.
fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        plain.push_str(before);
        let is_tag = behind.starts_with(|c: char| c == '/' || c.is_ascii_alphabetic());
        rest = match behind.split_once('>') {
            Some((_, rest)) if is_tag => rest,
            _ => {
                plain.push('<');
                behind
            }
        };
    }
    plain.push_str(rest);
    plain
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
