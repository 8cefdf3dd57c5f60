//! The header as JavaScript keeps it, and the verdict on a response.

use evertoken::{Authorization, Client, GiveBack, ResponseFacts, Verdict};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::failure::Failure;
use crate::line::Value;
use crate::names::millis;

/// Which token a header carries: to be shown with the response.
#[napi]
pub struct NativeAuthorization(pub(crate) Authorization);

/// A header and how long it may be kept.
#[napi(object, object_from_js = false)]
pub struct Header {
    /// The `Authorization` header's value.
    pub value: String,
    /// Milliseconds until somebody has to look again; `Infinity` if it lives until refused.
    pub fresh_for: f64,
    /// The token's number in this process.
    pub generation: f64,
    /// To be shown with the response.
    pub authorization: NativeAuthorization,
}

impl Header {
    pub(crate) fn of(client: &Client, authorization: Authorization) -> Self {
        Self {
            value: authorization.value().to_owned(),
            fresh_for: client
                .fresh_for(&authorization)
                .map_or(f64::INFINITY, millis),
            // Exact up to 2^53 tokens.
            #[allow(clippy::cast_precision_loss)]
            generation: authorization.generation() as f64,
            authorization: NativeAuthorization(authorization),
        }
    }
}

/// The verdict on a response.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Judgement {
    /// With it the request is sent again.
    pub header: Option<Header>,
    /// Why a 401 is given back.
    pub reason: Option<String>,
    /// The renewal that failed.
    pub error: Option<Failure>,
}

impl Judgement {
    fn of(client: &Client, verdict: Verdict) -> Self {
        match verdict {
            Verdict::Done => Self {
                header: None,
                reason: None,
                error: None,
            },
            Verdict::Resend(authorization) => Self {
                header: Some(Header::of(client, authorization)),
                reason: None,
                error: None,
            },
            Verdict::GiveBack(GiveBack { reason, error }) => Self {
                header: None,
                reason: Some(reason.code().to_owned()),
                error: error.map(Failure::from),
            },
        }
    }
}

/// A response as it is shown to the core.
#[napi(object, object_to_js = false)]
pub struct JudgedResponse {
    /// The URL that answered.
    pub url: String,
    /// Its status.
    pub status: u32,
    /// Its headers: name, value, name, value.
    pub headers: Vec<String>,
    /// The beginning of its body.
    pub body: Option<Buffer>,
    /// Whether the request can be sent again whole.
    pub replayable: bool,
}

/// Judges a response, renewing the token where that may heal it.
pub(crate) async fn judge(client: Client, sent: Authorization, response: JudgedResponse) -> Value {
    let sent = match client.resolve(&response.url) {
        Ok(url) => sent.for_url(&url),
        Err(_) => sent,
    };
    let headers = header_map(&response.headers);
    let seen = ResponseFacts {
        status: status(response.status),
        headers: &headers,
        body_prefix: response.body.as_deref().unwrap_or_default(),
        replayable: response.replayable,
        timeout: None,
    };
    let verdict = client.judge(&sent, seen).await;
    Value::of(Judgement::of(&client, verdict))
}

/// Notes the first good response to a token. Such a verdict waits for nothing.
pub(crate) fn note(client: &Client, sent: &Authorization, status_code: u32) {
    let seen = ResponseFacts {
        status: status(status_code),
        headers: &HeaderMap::new(),
        body_prefix: &[],
        replayable: true,
        timeout: None,
    };
    client.judge(sent, seen).now_or_never();
}

fn status(status: u32) -> u16 {
    u16::try_from(status).unwrap_or_default()
}

/// What an HTTP library of JavaScript has let through and ours does not is left out: it cannot matter here.
fn header_map(pairs: &[String]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for pair in pairs.chunks_exact(2) {
        let name = HeaderName::from_bytes(pair[0].as_bytes());
        let value = HeaderValue::from_bytes(pair[1].as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}
