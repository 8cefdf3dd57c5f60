//! Script mode: answers in order, route by route.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::expect::Expect;
use crate::fault::Fault;
use crate::http::{Answer, Request};
use crate::template::Scope;

/// One scripted answer; the fields are described in the crate's README.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScriptedAnswer {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    // A scripted `"json": null` is the body `null`, not the absence of one.
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

impl ScriptedAnswer {
    /// The answer for this moment.
    pub(crate) fn render(&self, scope: &mut Scope<'_>) -> Result<Answer, String> {
        let mut answer = with_body(
            Answer::new(self.status),
            self.json.as_ref(),
            self.text.as_deref(),
            self.body_base64.as_deref(),
            scope,
        )?;
        set_headers(&mut answer, &self.headers, scope)?;
        answer.date_skew_secs = self.date_skew_secs;
        Ok(answer)
    }
}

/// Puts one of the three bodies into an answer, rendered.
pub(crate) fn with_body(
    mut answer: Answer,
    json: Option<&Value>,
    text: Option<&str>,
    body_base64: Option<&str>,
    scope: &mut Scope<'_>,
) -> Result<Answer, String> {
    let (content_type, body): (_, Bytes) = match (json, text, body_base64) {
        (None, None, None) => return Ok(answer),
        (Some(value), None, None) => ("application/json", scope.json(value)?.to_string().into()),
        (None, Some(text), None) => ("text/plain; charset=utf-8", scope.text(text)?.into()),
        (None, None, Some(encoded)) => (
            "application/octet-stream",
            STANDARD
                .decode(encoded)
                .map_err(|error| format!("body_base64: {error}"))?
                .into(),
        ),
        _ => return Err("an answer has one of json, text and body_base64".to_owned()),
    };
    answer
        .headers
        .push(("content-type".to_owned(), content_type.to_owned()));
    answer.body = body;
    Ok(answer)
}

/// Adds headers; one that is given replaces ours, a list becomes several lines, `"date": null` sends none.
pub(crate) fn set_headers(
    answer: &mut Answer,
    headers: &Map<String, Value>,
    scope: &mut Scope<'_>,
) -> Result<(), String> {
    for (name, value) in headers {
        if !is_token(name) {
            return Err(format!("not a header name: {name}"));
        }
        answer
            .headers
            .retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        if name.eq_ignore_ascii_case("date") {
            answer.no_date = true;
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
            answer.headers.push((name.clone(), text));
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

/// A route that is more than a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteObject {
    answers: Vec<ScriptedAnswer>,
    #[serde(default)]
    repeat_last: bool,
}

#[derive(Debug)]
struct Lane {
    answers: Vec<Arc<ScriptedAnswer>>,
    repeat_last: bool,
    /// Index of the current answer and how often it was given.
    at: usize,
    given: u64,
}

impl Lane {
    fn next(&mut self) -> Option<Arc<ScriptedAnswer>> {
        while let Some(answer) = self.answers.get(self.at) {
            let is_last = self.at + 1 == self.answers.len();
            if self.given < answer.times || (is_last && self.repeat_last) {
                self.given += 1;
                return Some(Arc::clone(answer));
            }
            self.at += 1;
            self.given = 0;
        }
        None
    }

    fn left(&self) -> u64 {
        let ahead: u64 = self
            .answers
            .iter()
            .skip(self.at)
            .map(|answer| answer.times)
            .sum();
        ahead.saturating_sub(self.given)
    }
}

/// What the script says about a request.
#[derive(Debug, Clone)]
pub(crate) enum Claim {
    Answer(Arc<ScriptedAnswer>),
    Exhausted,
}

impl Claim {
    pub(crate) fn fault(&self) -> Option<Fault> {
        match self {
            Self::Answer(answer) => answer.fault.clone(),
            Self::Exhausted => None,
        }
    }
}

/// All scripted routes.
#[derive(Debug, Default)]
pub(crate) struct Script {
    lanes: BTreeMap<String, Lane>,
    /// Tokens named by `as=`.
    pub(crate) vars: HashMap<String, String>,
}

impl Script {
    /// Replaces the routes that `script` names; nothing changes if any of it is wrong.
    pub(crate) fn load(&mut self, script: &Value) -> Result<usize, String> {
        let Value::Object(routes) = script else {
            return Err("a script is an object of routes".to_owned());
        };
        let mut lanes = BTreeMap::new();
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
            lanes.insert(
                key.clone(),
                lane(value).map_err(|error| format!("{key}: {error}"))?,
            );
        }
        self.lanes.append(&mut lanes);
        Ok(self.lanes.len())
    }

    pub(crate) fn claim(&mut self, request: &Request) -> Option<Claim> {
        let key = self.key_for(request)?;
        let lane = self.lanes.get_mut(&key)?;
        Some(lane.next().map_or(Claim::Exhausted, Claim::Answer))
    }

    pub(crate) fn to_json(&self) -> Value {
        let routes: Map<String, Value> = self
            .lanes
            .iter()
            .map(|(key, lane)| {
                (
                    key.clone(),
                    json!({"left": lane.left(), "repeat_last": lane.repeat_last}),
                )
            })
            .collect();
        json!({ "routes": routes })
    }

    /// Exact before prefix, with a method before without, a longer prefix before a shorter one.
    fn key_for(&self, request: &Request) -> Option<String> {
        if self.lanes.is_empty() {
            return None;
        }
        let with_method = request.route_key();
        if self.lanes.contains_key(&with_method) {
            return Some(with_method);
        }
        if self.lanes.contains_key(&request.path) {
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
        self.lanes
            .keys()
            .filter(fits)
            .max_by_key(|key| key.len())
            .cloned()
    }
}

fn lane(value: &Value) -> Result<Lane, String> {
    let (answers, repeat_last): (Vec<ScriptedAnswer>, bool) = if value.is_array() {
        (
            serde_json::from_value(value.clone()).map_err(|error| error.to_string())?,
            false,
        )
    } else {
        let object: RouteObject =
            serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
        (object.answers, object.repeat_last)
    };
    for answer in &answers {
        check(answer)?;
    }
    Ok(Lane {
        answers: answers.into_iter().map(Arc::new).collect(),
        repeat_last,
        at: 0,
        given: 0,
    })
}

/// Renders once, so that a mistake is told when the script is posted and not when a request meets it.
fn check(answer: &ScriptedAnswer) -> Result<(), String> {
    let mut vars = HashMap::new();
    let mut scope = Scope {
        now_ms: 0,
        base: "",
        foreign: "",
        vars: &mut vars,
    };
    match answer.render(&mut scope) {
        // Whether a name is known depends on what was answered before.
        Err(error) if !error.starts_with("no token was named") => Err(error),
        _ => Ok(()),
    }
}
