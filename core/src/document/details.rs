//! Finds code and message in error documents: those of OAuth 2.0 (RFC 6749 §5.2), `PassKit`, Pismo, WSO2 (wrapped and flat), problem
//! details (RFC 9457), lists of errors, and those of web frameworks and gateways.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::scrub::is_code;

/// The provider's code and message, which must be scrubbed before they are shown.
#[derive(Clone, Default)]
pub struct Details {
    /// Such as `invalid_grant` or `900901`.
    pub code: Option<String>,
    /// The message for people.
    pub message: Option<String>,
    /// Whether there is a non-empty member that only errors have (`error`, `errors`, `fault`).
    pub stated: bool,
    /// An `error` that does not look like a code: the message, if there is no better one.
    phrase: Option<String>,
}

/// Names of the code, in order of preference.
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
    "codigo",
    "__type",
    "statusCode",
];
/// Names of members that count as a code only if they look like one: `PayPal`'s `name`, `HubSpot`'s `status`, Mattermost's `id`.
const MAYBE_CODES: &[&str] = &["name", "status", "type", "id"];
/// Names of the message, in order of preference.
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
    // sanic-jwt.
    "reasons",
    // Banks in Brazil and Spanish-speaking countries.
    "mensagem",
    "mensaje",
];
/// Names of members that add to the message of this name: WSO2 has the problem in `message` and the reason in `description`, problem
/// details in `title` and `detail`, ABP in `message` and `details`, Laravel Passport in `error_description` and `hint`.
const MORE: &[(&str, &[&str])] = &[
    ("message", &["description", "detail", "details"]),
    ("title", &["detail"]),
    ("error_description", &["hint"]),
];
/// Objects that contain code and message if they are not at the root: Berlin Group, Open Banking, Mastercard, `UniFi`, DHL.
const ENVELOPES: &[&str] = &["tppMessages", "Errors", "meta", "status"];

pub(super) fn of(root: &Map<String, Value>) -> Details {
    let mut details = Details::default();
    if let Some(error) = root.get("error") {
        details.take_error(error);
    }
    if let Some(fault) = root.get("fault").or_else(|| root.get("Fault")) {
        details.take_error(fault);
    }
    // Banco do Brasil: {"erros":[{"codigo":"4769515","mensagem":"…"}]}
    for name in ["erro", "erros", "errores"] {
        if let Some(error) = root.get(name) {
            details.take_error(error);
        }
    }
    match root.get("errors") {
        Some(Value::Object(fields)) => details.take_fields(fields),
        Some(errors @ (Value::Array(_) | Value::String(_))) => details.take_error(errors),
        _ => {}
    }
    // FastAPI: what the program raises, such as an object with an `error`, or a list of validation errors.
    match root.get("detail") {
        Some(detail @ Value::Object(_)) => details.take_error(detail),
        Some(Value::Array(items)) => {
            if let Some(Value::Object(first)) = items.first() {
                details.take_validation_error(first);
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
            details.take_envelope(root.get(*envelope));
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

    /// JSON-RPC (Odoo, Zabbix): adds the details in `data`. Only in an error, because elsewhere `data` may be a token.
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
    fn take_validation_error(&mut self, error: &Map<String, Value>) {
        let Some(message) = error.get("msg").and_then(words) else {
            return;
        };
        let field = error
            .get("loc")
            .and_then(Value::as_array)
            .and_then(|place| place.last()?.as_str());
        self.phrase.get_or_insert(match field {
            Some(field) => format!("{field}: {message}"),
            None => message.into_owned(),
        });
    }

    /// Takes code and message from an object, from the first one of a list, or from `{"Error":[…]}` with such a list.
    fn take_envelope(&mut self, envelope: Option<&Value>) {
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

    /// Takes code and message from `object`, unless they are known already.
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

/// The code in an object. A number that is an HTTP status is taken only if there is no other code, because Supabase, Strapi and others
/// repeat the status there.
fn code(object: &Map<String, Value>) -> Option<String> {
    let named = || CODES.iter().filter_map(|name| scalar(object.get(*name)?));
    let maybe = || {
        let looks_like_code = |code: &String| {
            // Without digits, because it could be an id, even a session's.
            code.bytes()
                .all(|byte| byte.is_ascii_alphabetic() || b"_.".contains(&byte))
                && (code.contains(['_', '.']) || code.ends_with("Error"))
        };
        MAYBE_CODES
            .iter()
            .filter_map(|name| scalar(object.get(*name)?))
            .find(looks_like_code)
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
        // Amazon writes a namespace before the code.
        .map(|code| match code.rsplit_once('#') {
            Some((_, name)) => name.to_owned(),
            None => code,
        })
}

/// A string, the first one of a list (`NestJS`, Django REST), or `OData`'s `{"lang":"en","value":"…"}`; without the markup that
/// `WordPress` has in it.
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

/// `text` without tags. A `<` that does not begin a tag stays.
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
