//! The steps of a vector and what they may expect.

// Absent: not checked. Null: must be absent.
#![allow(clippy::option_option)]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::vector::present;

/// Seconds, both ends included.
pub(crate) type Span = (f64, f64);

/// One step.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Step {
    Token(TokenStep),
    Authorization(AuthorizationStep),
    Request(RequestStep),
    Judge(JudgeStep),
    Control(ControlStep),
    Until(UntilStep),
    State(StateStep),
    Stats(StatsStep),
    Invalidate(Bare),
    Reset(Bare),
    Close(CloseStep),
    Join(JoinStep),
    Cancel(CancelStep),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenStep {
    pub(crate) client: Option<String>,
    pub(crate) min_ttl: Option<f64>,
    pub(crate) timeout: Option<f64>,
    pub(crate) callers: Option<usize>,
    pub(crate) id: Option<String>,
    pub(crate) save: Option<String>,
    #[serde(default)]
    pub(crate) expect: CallExpect,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthorizationStep {
    pub(crate) client: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) callers: Option<usize>,
    pub(crate) id: Option<String>,
    pub(crate) save: Option<String>,
    #[serde(default)]
    pub(crate) expect: CallExpect,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestStep {
    pub(crate) client: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Option<String>,
    #[serde(default)]
    pub(crate) one_shot: bool,
    pub(crate) timeout: Option<f64>,
    pub(crate) callers: Option<usize>,
    pub(crate) id: Option<String>,
    #[serde(default)]
    pub(crate) expect: CallExpect,
}

/// What any of the calls may expect; each call fills what it has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallExpect {
    pub(crate) value: Option<String>,
    pub(crate) same_as: Option<String>,
    pub(crate) differs_from: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) expires_in: Option<Option<Span>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) scope: Option<Option<String>>,
    pub(crate) status: Option<u16>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) reason: Option<Option<String>>,
    pub(crate) body: Option<String>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) error: Option<ErrorExpect>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorExpect {
    pub(crate) kind: String,
    #[serde(default, deserialize_with = "present")]
    pub(crate) http_status: Option<Option<u16>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) provider_code: Option<Option<String>>,
    pub(crate) provider_message: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) retry_after: Option<Option<Span>>,
    pub(crate) retryable: Option<bool>,
    #[serde(default)]
    pub(crate) mentions: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JudgeStep {
    pub(crate) client: Option<String>,
    pub(crate) url: String,
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) body: String,
    #[serde(default = "yes")]
    pub(crate) replayable: bool,
    pub(crate) expect: JudgeExpect,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JudgeExpect {
    pub(crate) verdict: String,
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControlStep {
    pub(crate) post: Option<String>,
    pub(crate) get: Option<String>,
    pub(crate) delete: Option<String>,
    #[serde(default)]
    pub(crate) body: Value,
    #[serde(default)]
    pub(crate) expect: ControlExpect,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControlExpect {
    #[serde(default)]
    pub(crate) answer: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UntilStep {
    pub(crate) client: Option<String>,
    pub(crate) stats: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateStep {
    pub(crate) client: Option<String>,
    pub(crate) expect: StateExpect,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateExpect {
    pub(crate) standing: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) expires_in: Option<Option<Span>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) via: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) last_error: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) next_try_in: Option<Option<Span>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatsStep {
    pub(crate) client: Option<String>,
    pub(crate) expect: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bare {
    pub(crate) client: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseStep {
    pub(crate) client: Option<String>,
    #[serde(default)]
    pub(crate) revoke: bool,
    #[serde(default)]
    pub(crate) expect: CallExpect,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinStep {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) expect: CallExpect,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelStep {
    pub(crate) id: String,
}
