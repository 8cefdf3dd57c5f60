//! The calls a step makes, and what came of them in one form.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use evertoken::http::streaming;
use evertoken::{Client, Error, Method};

use crate::step::{AuthorizationStep, RequestStep, TokenStep};

/// What came of one call.
#[derive(Debug)]
pub(crate) enum Outcome {
    Token {
        value: String,
        expires_in: Option<Duration>,
        scope: Option<String>,
        shown: String,
    },
    Header {
        value: String,
        shown: String,
    },
    Answer {
        status: u16,
        reason: Option<String>,
        headers: BTreeMap<String, String>,
        body: String,
        shown: String,
    },
    Done,
    Failed(Error),
}

impl Outcome {
    /// What can be remembered with `save`.
    pub(crate) fn value(&self) -> Option<&str> {
        match self {
            Self::Token { value, .. } | Self::Header { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Everything about it that could be printed.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Token { shown, .. } | Self::Header { shown, .. } | Self::Answer { shown, .. } => {
                shown.clone()
            }
            Self::Done => String::new(),
            Self::Failed(error) => show_error(error),
        }
    }
}

/// All printed forms of an error.
pub(crate) fn show_error(error: &Error) -> String {
    format!("{} {error} {error:?} {error:#?}", error.message())
}

pub(crate) fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

pub(crate) async fn token(client: Client, step: TokenStep) -> Outcome {
    match client
        .token_for(
            secs(step.min_ttl.unwrap_or_default()),
            step.timeout.map(secs),
        )
        .await
    {
        Ok(token) => Outcome::Token {
            value: token.value().to_owned(),
            expires_in: token.expires_in(),
            scope: token.scope().map(str::to_owned),
            shown: format!("{token:?} {client:?}"),
        },
        Err(error) => Outcome::Failed(error),
    }
}

pub(crate) async fn authorization(client: Client, step: AuthorizationStep) -> Outcome {
    let header = match &step.url {
        None => client.authorization().await,
        Some(url) => client.authorize(url).await,
    };
    match header {
        Ok(header) => Outcome::Header {
            value: header.value().to_owned(),
            shown: format!("{header:?} {:?}", header.header_value()),
        },
        Err(error) => Outcome::Failed(error),
    }
}

pub(crate) async fn request(client: Client, step: RequestStep) -> Outcome {
    answer(&client, step).await.unwrap_or_else(Outcome::Failed)
}

async fn answer(client: &Client, step: RequestStep) -> evertoken::Result<Outcome> {
    let method = Method::from_bytes(step.method.as_deref().unwrap_or("GET").as_bytes())
        .map_err(|_| Error::config("method", "is none"))?;
    let mut request = client.request(method, &step.url);
    for (name, value) in &step.headers {
        request = request.header(name, value);
    }
    if let Some(timeout) = step.timeout {
        request = request.timeout(Some(secs(timeout)));
    }
    if let Some(body) = step.body {
        request = if step.one_shot {
            request.payload(streaming(futures_util::stream::iter([Ok(Bytes::from(
                body,
            ))])))
        } else {
            request.body(body)
        };
    }
    let shown = format!("{request:?}");
    let mut response = request.send().await?;
    let shown = format!("{shown} {response:?}");
    let body = response.bytes().await?;
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    Ok(Outcome::Answer {
        status: response.status().as_u16(),
        reason: response
            .given_back()
            .map(|given| given.reason.code().to_owned()),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        shown,
    })
}
