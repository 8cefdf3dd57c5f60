//! Script mode: each scripted route returns its responses in order.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::expect::Expect;
use crate::fault::Fault;
use crate::http::{Request, Response};
use crate::template::Scope;

/// One scripted response; the fields are described in the crate's README.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScriptedResponse {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    // `"json": null` is the body `null`, and not a missing body.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    json: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    #[serde(default = "once")]
    times: u64,
    #[serde(default)]
    pub(crate) delay_ms: u64,
    #[serde(default)]
    date_skew_secs: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
    #[serde(default, rename = "do", skip_serializing_if = "Vec::is_empty")]
    pub(crate) calls: Vec<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expect: Option<Expect>,
}

fn ok() -> u16 {
    200
}

fn once() -> u64 {
    1
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl ScriptedResponse {
    /// The response, with its templates rendered for the present time.
    pub(crate) fn render(&self, scope: &mut Scope<'_>) -> Result<Response, String> {
        let body = GivenBody {
            json: self.json.as_ref(),
            text: self.text.as_deref(),
            base64: self.body_base64.as_deref(),
        };
        let mut response = rendered(self.status, &self.headers, body, scope)?;
        response.date_skew_secs = self.date_skew_secs;
        Ok(response)
    }
}

/// The body of a script or a fault, in one of three forms, or none.
#[derive(Clone, Copy)]
pub(crate) struct GivenBody<'a> {
    pub(crate) json: Option<&'a Value>,
    pub(crate) text: Option<&'a str>,
    pub(crate) base64: Option<&'a str>,
}

/// A response with these headers and this body, whose templates are rendered.
pub(crate) fn rendered(
    status: u16,
    headers: &Map<String, Value>,
    body: GivenBody<'_>,
    scope: &mut Scope<'_>,
) -> Result<Response, String> {
    let mut response = Response::new(status);
    if let Some((content_type, body)) = body.rendered(scope)? {
        let content_type = ("content-type".to_owned(), content_type.to_owned());
        response.headers.push(content_type);
        response.body = body;
    }
    set_headers(&mut response, headers, scope)?;
    Ok(response)
}

impl GivenBody<'_> {
    /// Its content type and its bytes.
    fn rendered(self, scope: &mut Scope<'_>) -> Result<Option<(&'static str, Bytes)>, String> {
        Ok(Some(match (self.json, self.text, self.base64) {
            (None, None, None) => return Ok(None),
            (Some(value), None, None) => {
                ("application/json", scope.json(value)?.to_string().into())
            }
            (None, Some(text), None) => ("text/plain; charset=utf-8", scope.text(text)?.into()),
            (None, None, Some(encoded)) => (
                "application/octet-stream",
                STANDARD
                    .decode(encoded)
                    .map_err(|error| format!("body_base64: {error}"))?
                    .into(),
            ),
            _ => return Err("an answer has one of json, text and body_base64".to_owned()),
        }))
    }
}

/// Adds headers, which replace the default ones. A list becomes several lines; `"date": null` sends no `Date`.
fn set_headers(
    response: &mut Response,
    headers: &Map<String, Value>,
    scope: &mut Scope<'_>,
) -> Result<(), String> {
    for (name, value) in headers {
        if !is_token(name) {
            return Err(format!("not a header name: {name}"));
        }
        response
            .headers
            .retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        if name.eq_ignore_ascii_case("date") {
            response.no_date = true;
        }
        let values = match value {
            Value::Null => continue,
            Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        for value in values {
            let text = match value {
                Value::String(text) => scope.text(&text)?,
                Value::Number(number) => number.to_string(),
                _ => {
                    return Err(format!(
                        "the header {name} is a text, a number or a list of them"
                    ));
                }
            };
            response.headers.push((name.clone(), text));
        }
    }
    Ok(())
}

/// RFC 9110 §5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The responses of a route in the form that has options.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteObject {
    #[serde(rename = "answers")]
    responses: Vec<ScriptedResponse>,
    #[serde(default)]
    repeat_last: bool,
}

#[derive(Debug)]
struct ScriptedRoute {
    responses: Vec<Arc<ScriptedResponse>>,
    repeat_last: bool,
    /// The index of the current response, and how often it was sent.
    at: usize,
    given: u64,
}

impl ScriptedRoute {
    fn next(&mut self) -> Option<Arc<ScriptedResponse>> {
        while let Some(response) = self.responses.get(self.at) {
            let is_last = self.at + 1 == self.responses.len();
            if self.given < response.times || (is_last && self.repeat_last) {
                self.given += 1;
                return Some(Arc::clone(response));
            }
            self.at += 1;
            self.given = 0;
        }
        None
    }

    fn left(&self) -> u64 {
        let ahead: u64 = self
            .responses
            .iter()
            .skip(self.at)
            .map(|response| response.times)
            .sum();
        ahead.saturating_sub(self.given)
    }
}

/// What the script says about a request.
#[derive(Debug, Clone)]
pub(crate) enum Claim {
    Response(Arc<ScriptedResponse>),
    Exhausted,
}

impl Claim {
    /// The scripted response, if the script still has one.
    pub(crate) fn scripted(&self) -> Option<&ScriptedResponse> {
        match self {
            Self::Response(response) => Some(response),
            Self::Exhausted => None,
        }
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        self.scripted().and_then(|response| response.fault.clone())
    }
}

/// All scripted routes.
#[derive(Debug, Default)]
pub(crate) struct Script {
    routes: BTreeMap<String, ScriptedRoute>,
    /// Tokens named by `as=`.
    pub(crate) vars: HashMap<String, String>,
}

impl Script {
    /// Replaces the routes that `script` names. If a part of it is invalid, nothing is changed.
    pub(crate) fn load(&mut self, script: &Value) -> Result<usize, String> {
        let Value::Object(routes) = script else {
            return Err("a script is an object of routes".to_owned());
        };
        let mut named = BTreeMap::new();
        for (key, value) in routes {
            if !key
                .split_once(' ')
                .map_or(key.as_str(), |(_, path)| path)
                .starts_with('/')
            {
                return Err(format!(
                    "a route is \"/path\" or \"METHOD /path\", not {key:?}"
                ));
            }
            named.insert(
                key.clone(),
                route(value).map_err(|error| format!("{key}: {error}"))?,
            );
        }
        self.routes.append(&mut named);
        Ok(self.routes.len())
    }

    pub(crate) fn claim(&mut self, request: &Request) -> Option<Claim> {
        let key = self.key_for(request)?;
        let route = self.routes.get_mut(&key)?;
        Some(route.next().map_or(Claim::Exhausted, Claim::Response))
    }

    pub(crate) fn to_json(&self) -> Value {
        let routes: Map<String, Value> = self
            .routes
            .iter()
            .map(|(key, route)| {
                (
                    key.clone(),
                    json!({"left": route.left(), "repeat_last": route.repeat_last}),
                )
            })
            .collect();
        json!({ "routes": routes })
    }

    /// Precedence: an exact path before a prefix, with a method before without, a longer prefix before a shorter one.
    fn key_for(&self, request: &Request) -> Option<String> {
        if self.routes.is_empty() {
            return None;
        }
        let with_method = request.route_key();
        if self.routes.contains_key(&with_method) {
            return Some(with_method);
        }
        if self.routes.contains_key(&request.path) {
            return Some(request.path.clone());
        }
        let fits = |key: &&String| {
            let (method, path) = key
                .split_once(' ')
                .map_or((None, key.as_str()), |(method, path)| (Some(method), path));
            method.is_none_or(|method| method == request.method)
                && path
                    .strip_suffix('*')
                    .is_some_and(|prefix| request.path.starts_with(prefix))
        };
        self.routes
            .keys()
            .filter(fits)
            .max_by_key(|key| key.len())
            .cloned()
    }
}

fn route(value: &Value) -> Result<ScriptedRoute, String> {
    let (responses, repeat_last): (Vec<ScriptedResponse>, bool) = if value.is_array() {
        (
            serde_json::from_value(value.clone()).map_err(|error| error.to_string())?,
            false,
        )
    } else {
        let object: RouteObject =
            serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
        (object.responses, object.repeat_last)
    };
    for response in &responses {
        check(response)?;
    }
    Ok(ScriptedRoute {
        responses: responses.into_iter().map(Arc::new).collect(),
        repeat_last,
        at: 0,
        given: 0,
    })
}

/// Renders the templates once, so that mistakes are reported when the script is posted, and not when a request arrives.
fn check(response: &ScriptedResponse) -> Result<(), String> {
    let mut vars = HashMap::new();
    let mut scope = Scope {
        now_ms: 0,
        base: "",
        foreign: "",
        vars: &mut vars,
    };
    match response.render(&mut scope) {
        // Whether the name of a token is known depends on earlier responses.
        Err(error) if !error.starts_with("no token was named") => Err(error),
        _ => Ok(()),
    }
}
