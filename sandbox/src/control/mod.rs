//! The control routes, by which tests control the sandbox.

mod actions;
mod wait;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::http::{Request, Response, field, pairs};
use crate::state::Shared;

/// The path under which all control routes are.
const ROOT: &str = "/_sandbox";

/// The routes under it.
const NAMES: [&str; 16] = [
    "",
    "journal",
    "counts",
    "clock",
    "settings",
    "faults",
    "script",
    "revoke",
    "rotate",
    "held",
    "release",
    "credentials",
    "openid-key",
    "ca",
    "reset",
    "wait",
];

/// A control call that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlError {
    /// Its HTTP status: 400, 404, 405 or 408; 503 if the sandbox is closed.
    pub status: u16,
    /// What was wrong.
    pub message: String,
}

impl ControlError {
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            message: message.into(),
        }
    }

    pub(crate) fn response(&self) -> Response {
        Response::json(self.status, &json!({"error": self.message}))
    }
}

impl std::fmt::Display for ControlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.status)
    }
}

impl std::error::Error for ControlError {}

pub(crate) type Outcome = Result<Value, ControlError>;

/// Whether a path is a control route and not a provider's.
pub(crate) fn is_control_path(path: &str) -> bool {
    path.strip_prefix(ROOT)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A control call over HTTP.
pub(crate) async fn over_http(shared: &Shared, request: &Request) -> Response {
    let body = if request.body.iter().all(u8::is_ascii_whitespace) {
        Ok(Value::Null)
    } else {
        serde_json::from_slice(&request.body)
            .map_err(|error| ControlError::bad(format!("body: {error}")))
    };
    let target = if request.query.is_empty() {
        request.path.clone()
    } else {
        format!("{}?{}", request.path, request.query)
    };
    let outcome = match body {
        Ok(body) => call(shared, &request.method, &target, &body).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(value) => Response::json(200, &value),
        Err(error) => error.response(),
    }
}

/// A control call; `path` with or without `/_sandbox`.
pub(crate) async fn call(shared: &Shared, method: &str, path: &str, body: &Value) -> Outcome {
    let (name, query) = split(path);
    if name == "wait" {
        if method != "POST" {
            return Err(not_allowed(method, name));
        }
        return wait::wait(shared, parse(body)?).await;
    }
    at_once(shared, method, name, query, body)
}

/// A call from a scripted response, `"POST /_sandbox/clock": {…}`. It must not be `wait`: the request would wait for itself.
pub(crate) fn scripted(shared: &Shared, call: &str, body: &Value) -> Outcome {
    let (method, path) = call
        .split_once(' ')
        .ok_or_else(|| ControlError::bad(format!("not METHOD /path: {call}")))?;
    let (name, query) = split(path);
    at_once(shared, method, name, query, body)
}

fn split(path: &str) -> (&str, &str) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let name = path.strip_prefix(ROOT).unwrap_or(path);
    (name.trim_matches('/'), query)
}

fn at_once(shared: &Shared, method: &str, name: &str, query: &str, body: &Value) -> Outcome {
    match (method, name) {
        ("GET", "") => Ok(shared.info()),
        ("GET", "journal") => {
            let query = pairs(query.as_bytes());
            let since = field(&query, "since")
                .map_or(Ok(0), str::parse)
                .map_err(|_| ControlError::bad("since is a number"))?;
            Ok(actions::journal(shared, since))
        }
        ("DELETE", "journal") => Ok(actions::clear_journal(shared)),
        ("GET", "counts") => Ok(actions::counts(shared)),
        ("GET", "clock") => Ok(actions::clock(shared)),
        ("POST", "clock") => actions::advance(shared, &parse(body)?),
        ("GET", "settings") => actions::settings(shared),
        ("POST", "settings") => actions::configure(shared, body),
        ("GET", "faults") => Ok(actions::faults(shared)),
        ("POST", "faults") => actions::arm(shared, body),
        ("DELETE", "faults") => Ok(actions::disarm(shared)),
        ("GET", "script") => Ok(shared.lock().script.to_json()),
        ("POST", "script") => actions::script(shared, body),
        ("DELETE", "script") => Ok(actions::clear_script(shared)),
        ("POST", "revoke") => Ok(actions::revoke(shared, &parse(body)?)),
        ("POST", "rotate") => Ok(actions::rotate(shared, &parse(body)?)),
        ("GET", "held") => Ok(json!({"held": shared.held()})),
        ("POST", "release") => Ok(actions::release(shared, &parse(body)?)),
        ("GET", "credentials") => Ok(json!(shared.settings().credentials)),
        ("GET", "openid-key") => Ok(actions::openid_key()),
        ("GET", "ca") => Ok(actions::certificates(shared)),
        ("POST", "reset") => {
            shared.reset();
            Ok(json!({}))
        }
        ("POST", "wait") => Err(ControlError::bad("wait cannot be called from a script")),
        _ if NAMES.contains(&name) => Err(not_allowed(method, name)),
        _ => Err(ControlError {
            status: 404,
            message: format!("no control route {ROOT}/{name}"),
        }),
    }
}

fn not_allowed(method: &str, name: &str) -> ControlError {
    ControlError {
        status: 405,
        message: format!("{method} is not for {ROOT}/{name}"),
    }
}

/// Deserializes a body. No body counts as an empty object.
fn parse<T: DeserializeOwned>(body: &Value) -> Result<T, ControlError> {
    let body = if body.is_null() {
        json!({})
    } else {
        body.clone()
    };
    serde_json::from_value(body).map_err(|error| ControlError::bad(error.to_string()))
}
