//! The faults.

mod armed;
mod response;

pub(crate) use armed::{ArmedFault, ArmedFaults, RoutePattern};
pub(crate) use response::{described, response};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::settings::FaultFormat;

/// A fault with its options.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fault {
    /// Wait this long in real time before acting.
    pub delay_ms: u64,
    /// Whether the provider processes the request before the fault.
    pub processed: bool,
    /// What happens.
    #[serde(flatten)]
    pub action: FaultAction,
}

/// What a fault does; the fields are described in the crate's README.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultAction {
    /// Another response.
    Status {
        /// Its status.
        #[serde(default = "unavailable")]
        status: u16,
        /// Its headers: text or lists of texts.
        #[serde(default)]
        headers: Map<String, Value>,
        /// Its body as JSON.
        #[serde(default)]
        json: Option<Value>,
        /// Its body as text.
        #[serde(default)]
        text: Option<String>,
        /// Its body as base64.
        #[serde(default)]
        body_base64: Option<String>,
    },
    /// The provider's own 401.
    Unauthorized {
        /// WSO2 code, which also decides the status.
        #[serde(default)]
        code: Option<u32>,
        /// Form of the body.
        #[serde(default)]
        format: Option<FaultFormat>,
        /// Overrides the status.
        #[serde(default)]
        status: Option<u16>,
        /// Overrides the text.
        #[serde(default)]
        description: Option<String>,
    },
    /// 429.
    RateLimited {
        /// `Retry-After` in seconds.
        #[serde(default)]
        retry_after: Option<i64>,
        /// `Retry-After` as a date, this many seconds from virtual now.
        #[serde(default)]
        retry_after_date: Option<i64>,
        /// No `Retry-After`.
        #[serde(default)]
        no_retry_after: bool,
    },
    /// 500, as WSO2's gateway responds when its backend is unavailable.
    Gateway {
        /// XML (`auto`) or flat JSON.
        #[serde(default = "auto")]
        format: FaultFormat,
    },
    /// The normal response, after a delay.
    Delay {
        /// Milliseconds of real time.
        #[serde(default = "hundred")]
        ms: u64,
    },
    /// Held until released, then served normally.
    Gate,
    /// Held until released, then closed.
    Hang,
    /// RST.
    Reset {
        /// Before the first byte or in the middle.
        #[serde(default)]
        at: ResetPoint,
    },
    /// FIN without a byte.
    Close,
    /// Half a status line, then FIN.
    HalfStatus,
    /// Fewer bytes than announced, then FIN.
    Truncate,
    /// More bytes than announced, then FIN.
    ShortLength,
    /// A chunk size that is not a number.
    BadChunk,
    /// Bytes that are not HTTP.
    Garbage,
    /// An HTML page.
    Html {
        /// Its status.
        #[serde(default = "ok")]
        status: u16,
    },
    /// No body.
    Empty {
        /// Its status.
        #[serde(default = "ok")]
        status: u16,
    },
    /// JSON cut in the middle.
    BadJson {
        /// Its status.
        #[serde(default = "ok")]
        status: u16,
    },
    /// A JSON object of many bytes.
    Huge {
        /// How many.
        #[serde(default = "two_mebibytes")]
        bytes: usize,
        /// Its status.
        #[serde(default = "ok")]
        status: u16,
    },
    /// To another origin.
    Redirect {
        /// Its status.
        #[serde(default = "temporary")]
        status: u16,
        /// Where to; by default, the same path on the foreign listener.
        #[serde(default)]
        location: Option<String>,
    },
    /// The provider's tokens are revoked first.
    Revoke {
        /// Which of them.
        #[serde(default)]
        what: Kill,
    },
    /// All grants are renewed first, as by another client.
    Rotate,
}

/// When a reset happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResetPoint {
    /// Before the first byte of the response.
    #[default]
    Before,
    /// After half of its body.
    Middle,
}

/// Which tokens are revoked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kill {
    /// Both kinds.
    #[default]
    All,
    /// Access tokens.
    Access,
    /// Refresh tokens.
    Refresh,
}

fn unavailable() -> u16 {
    503
}

fn ok() -> u16 {
    200
}

fn temporary() -> u16 {
    307
}

fn auto() -> FaultFormat {
    FaultFormat::Auto
}

fn hundred() -> u64 {
    100
}

fn two_mebibytes() -> usize {
    // Twice the 1 MiB above which the client refuses a token response.
    2 * 1024 * 1024
}

impl FaultAction {
    /// The default of `processed`: true only if the fault needs the normal response.
    fn processed_by_default(&self) -> bool {
        matches!(
            self,
            Self::Delay { .. }
                | Self::Reset {
                    at: ResetPoint::Middle
                }
                | Self::Truncate
                | Self::ShortLength
                | Self::BadChunk
                | Self::Revoke { .. }
                | Self::Rotate
        )
    }

    /// The name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Unauthorized { .. } => "unauthorized",
            Self::RateLimited { .. } => "rate_limited",
            Self::Gateway { .. } => "gateway",
            Self::Delay { .. } => "delay",
            Self::Gate => "gate",
            Self::Hang => "hang",
            Self::Reset { .. } => "reset",
            Self::Close => "close",
            Self::HalfStatus => "half_status",
            Self::Truncate => "truncate",
            Self::ShortLength => "short_length",
            Self::BadChunk => "bad_chunk",
            Self::Garbage => "garbage",
            Self::Html { .. } => "html",
            Self::Empty { .. } => "empty",
            Self::BadJson { .. } => "bad_json",
            Self::Huge { .. } => "huge",
            Self::Redirect { .. } => "redirect",
            Self::Revoke { .. } => "revoke",
            Self::Rotate => "rotate",
        }
    }
}

impl<'de> Deserialize<'de> for Fault {
    /// From an object, or from the name of the type alone.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;

        let mut fields = match Value::deserialize(deserializer)? {
            Value::String(name) => Map::from_iter([("type".to_owned(), Value::String(name))]),
            Value::Object(fields) => fields,
            _ => {
                return Err(Error::custom(
                    "a fault is an object or the name of its type",
                ));
            }
        };
        let delay_ms = fields
            .remove("delay_ms")
            .map(serde_json::from_value)
            .transpose()
            .map_err(Error::custom)?;
        let processed = fields
            .remove("processed")
            .map(serde_json::from_value)
            .transpose()
            .map_err(Error::custom)?;
        let action: FaultAction =
            serde_json::from_value(Value::Object(fields.clone())).map_err(Error::custom)?;
        // serde does not refuse unknown fields of a variant without fields.
        let known = serde_json::to_value(&action).map_err(Error::custom)?;
        if let Some(name) = fields
            .keys()
            .find(|name| known.get(name.as_str()).is_none())
        {
            return Err(Error::custom(format!(
                "{} has no field {name}",
                action.name()
            )));
        }
        Ok(Self {
            delay_ms: delay_ms.unwrap_or(0),
            processed: processed.unwrap_or_else(|| action.processed_by_default()),
            action,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_alone_is_a_fault_with_its_defaults() {
        let fault: Fault = serde_json::from_value(json!("reset")).expect("fits");
        assert_eq!(
            fault.action,
            FaultAction::Reset {
                at: ResetPoint::Before
            }
        );
        assert!(!fault.processed);
        let fault: Fault =
            serde_json::from_value(json!({"type": "reset", "at": "middle"})).expect("fits");
        assert!(fault.processed);
    }

    #[test]
    fn unknown_types_and_fields_are_refused() {
        assert!(serde_json::from_value::<Fault>(json!("explode")).is_err());
        assert!(serde_json::from_value::<Fault>(json!({"type": "gate", "statsu": 1})).is_err());
        assert!(serde_json::from_value::<Fault>(json!({"type": "status", "statsu": 1})).is_err());
    }
}
