//! A failure as data, for JavaScript to make an error of.

use evertoken::Error;
use napi_derive::napi;

use crate::names::{Spelling, in_javascript, pause_millis};

/// Everything an `EvertokenError` holds.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Failure {
    /// Always true: tells a failure from a result.
    pub failed: bool,
    /// The stable string of its kind.
    pub code: String,
    /// What happened, to whom, and what to do.
    pub message: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// The status of the response that led to it.
    pub http_status: Option<u32>,
    /// The provider's own code.
    pub provider_code: Option<String>,
    /// The provider's own words, scrubbed.
    pub provider_message: Option<String>,
    /// Milliseconds to wait before the next try.
    pub retry_after: Option<f64>,
    /// The fingerprint of the token it concerns.
    pub fingerprint: Option<String>,
    /// The identity it happened to.
    pub identity: Option<String>,
}

impl Failure {
    /// A failure in JavaScript's spelling.
    pub(crate) fn spelt(error: &Error, spelling: Spelling<'_>) -> Self {
        Self {
            failed: true,
            code: error.kind().code().to_owned(),
            message: message(error, spelling),
            retryable: error.retryable(),
            http_status: error.http_status().map(u32::from),
            provider_code: error.provider_code().map(str::to_owned),
            provider_message: error.provider_message().map(str::to_owned),
            retry_after: error.retry_after().map(pause_millis),
            fingerprint: error.fingerprint().map(str::to_owned),
            identity: error.identity().map(str::to_owned),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::spelt(&error, Spelling::All(&[]))
    }
}

/// The error's full text. Only the core's own words are translated, never the provider's.
fn message(error: &Error, spelling: Spelling<'_>) -> String {
    let text = error.to_string();
    let hint = error.kind().hint();
    let own = error.message();
    let between = text
        .strip_prefix(own)
        .and_then(|rest| rest.strip_suffix(&format!("{hint})")));
    match between {
        Some(between) => format!(
            "{}{between}{})",
            in_javascript(own, spelling),
            in_javascript(hint, spelling)
        ),
        None => text,
    }
}
