//! Reads a grant from a successful response (RFC 6749 §5.1, and everything that servers send instead).

use std::borrow::Cow;

use http::HeaderName;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::Value;
use zeroize::Zeroize;

use super::elsewhere::{elsewhere, is_bare_token};
use super::further_step::further_step;
use super::life::{Life, Stated, Unit};
use super::success::Success;
use super::{Grant, TokenResponse, date, refusal};
use crate::document::{self, Document};
use crate::error::{Error, Result};
use crate::jwt::{self, Times};
use crate::scrub::is_code;
use crate::secret::Secret;

/// Where a value is in a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A key, or keys and array indices separated by dots.
    Field(String),
    /// A response header.
    Header(HeaderName),
    /// The whole body: Magento responds with a JSON string, Azure Cognitive Services with the bare token.
    Body,
}

impl Place {
    pub(super) fn field(path: &str) -> Self {
        Self::Field(path.to_owned())
    }

    /// `data.access.token`, `header:X-Auth-Token`, or, for the token, `.`.
    pub(super) fn parse(option: &str, text: &str) -> Result<Self> {
        super::check::required(option, text)?;
        if text == "." && option == "token_field" {
            return Ok(Self::Body);
        }
        match text.strip_prefix("header:") {
            Some(name) => HeaderName::from_bytes(name.trim().as_bytes())
                .map(Self::Header)
                .map_err(|_| Error::config(option, "does not name a header behind header:")),
            None => Ok(Self::field(text)),
        }
    }

    /// For messages: the configured name, which is not a secret.
    fn name(&self) -> String {
        match self {
            Self::Field(path) => format!("the field {path}"),
            Self::Header(name) => format!("the header {name}"),
            Self::Body => "the whole body as a token".to_owned(),
        }
    }

    /// For the identity.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Field(path) => path.clone(),
            Self::Header(name) => format!("header:{name}"),
            Self::Body => ".".to_owned(),
        }
    }

    fn find<'a>(
        &self,
        response: &'a TokenResponse,
        document: Option<&'a Document>,
    ) -> Option<Cow<'a, Value>> {
        match self {
            Self::Field(path) => document?.get(path).map(Cow::Borrowed),
            Self::Header(name) => {
                let text = response.headers.get(name)?.to_str().ok()?;
                Some(Cow::Owned(Value::String(text.to_owned())))
            }
            Self::Body => {
                document::as_text(&response.body).map(|text| Cow::Owned(Value::String(text)))
            }
        }
    }
}

/// Where the values are in the response to a login.
#[derive(Clone, Debug)]
pub(super) struct ResponseLayout {
    pub(super) token: Place,
    pub(super) expires: Place,
    pub(super) unit: Unit,
    pub(super) refresh_token: Place,
    pub(super) success: Option<Success>,
}

impl Default for ResponseLayout {
    /// RFC 6749 §5.1.
    fn default() -> Self {
        Self {
            token: Place::field("access_token"),
            expires: Place::field("expires_in"),
            unit: Unit::Secs,
            refresh_token: Place::field("refresh_token"),
            success: None,
        }
    }
}

impl ResponseLayout {
    /// The same layout with the token in this field.
    pub(super) fn with_token(mut self, path: &str) -> Self {
        self.token = Place::field(path);
        self
    }

    /// For the identity: tokens that are read from different places are different.
    pub(super) fn text(&self) -> String {
        let Self {
            token,
            expires,
            unit,
            refresh_token,
            success,
        } = self;
        let success = success
            .as_ref()
            .map_or_else(String::new, |success| format!(" {success:?}"));
        format!(
            "{} {} {} {}{success}",
            token.text(),
            expires.text(),
            unit.name(),
            refresh_token.text()
        )
    }

    pub(super) fn read(
        &self,
        context: &refusal::Context<'_>,
        response: &TokenResponse,
    ) -> Result<Grant> {
        if !(200..300).contains(&response.status) {
            return Err(context.refused(response));
        }
        let content_type = response
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let marker = match &self.token {
            Place::Field(path) => path,
            Place::Header(_) | Place::Body => "",
        };
        let document = Document::read(content_type, &response.body, marker);
        let token = self.token(response, document.as_ref().ok());
        if let Ok(document) = &document {
            let failed = self
                .success
                .as_ref()
                .filter(|success| !success.holds(document));
            if let Some(error) = context.stated(response, document, failed, token.is_ok()) {
                return Err(error);
            }
        }
        let document = match (document, &self.token) {
            (Ok(document), _) => Some(document),
            (Err(_), Place::Header(_)) if self.success.is_none() => None,
            (Err(_), Place::Body) if self.success.is_none() && token.is_ok() => None,
            (Err(what), _) => {
                let what = match unasked_encoding(response) {
                    Some(name) => format!("compressed as {name}, which was not asked for"),
                    None => what.to_owned(),
                };
                let is_token = is_bare_token(response) && self.token != Place::Body;
                let advice = if is_token {
                    ", but the whole body looks like a token: see token_field"
                } else {
                    ""
                };
                return Err(context
                    .unreadable(response, &format!("the answer is {what}{advice}"))
                    .with_retryable(!is_token));
            }
        };
        let token = token.map_err(|problem| {
            let mut words = problem.words;
            let asking = document.as_ref().filter(|_| !problem.misplaced);
            if let Some(step) = asking.and_then(|document| further_step(document, context.scrubber))
            {
                words = format!("{words}, but {step}");
            }
            let error = context.unreadable(response, &words);
            // A readable response without a token is the server's decision, which another request would not change. It might
            // send the user another code, or count as another attempt.
            error.with_retryable(document.is_none() && !problem.misplaced)
        })?;
        if let Some(kind) = document.as_ref().and_then(unusable_type) {
            return Err(context
                .unreadable(
                    response,
                    &format!("token_type names {kind}, not a bearer token"),
                )
                .with_retryable(false));
        }
        Ok(self.grant(response, document.as_ref(), token))
    }

    /// The token, or what is wrong with it.
    fn token(
        &self,
        response: &TokenResponse,
        document: Option<&Document>,
    ) -> Result<Secret, NoToken> {
        let name = self.token.name();
        let found = self.token.find(response, document).ok_or_else(|| {
            match elsewhere(document, &response.headers) {
                Some(place) => NoToken {
                    words: format!("{name} is missing, but {place} looks like it"),
                    misplaced: true,
                },
                None => format!("{name} is missing").into(),
            }
        })?;
        let text = match found.as_ref() {
            Value::String(text) => text.as_str(),
            Value::Null => return Err(format!("{name} is null").into()),
            _ => return Err(format!("{name} is not a string").into()),
        };
        let text = behind_scheme(text);
        if text.is_empty() {
            return Err(format!("{name} is empty").into());
        }
        if !is_header_safe(text) {
            return Err(format!("{name} holds characters that a header cannot carry").into());
        }
        let token = Secret::new(text);
        if let Cow::Owned(Value::String(mut copy)) = found {
            copy.zeroize();
        }
        Ok(token)
    }

    fn grant(&self, response: &TokenResponse, document: Option<&Document>, token: Secret) -> Grant {
        let stated = self
            .expires
            .find(response, document)
            .map_or(Stated::Life(Life::Unknown), |value| self.unit.read(&value));
        let mut jwt = jwt::times(token.expose());
        let life = match stated {
            Stated::Life(life) => life,
            Stated::At(instant) => {
                let times = jwt.get_or_insert(Times::default());
                times.exp = Some(times.exp.map_or(instant, |exp| exp.min(instant)));
                Life::Unknown
            }
        };
        let refresh_token = self
            .refresh_token
            .find(response, document)
            .and_then(|value| {
                // Anything else counts as absent: the login still works.
                let text = value
                    .as_str()
                    .filter(|text| !text.is_empty() && !text.contains(char::is_control))?;
                Some(Secret::new(text))
            });
        let scope = document.and_then(|document| words(document.get("scope")?));
        Grant {
            token,
            refresh_token,
            scope,
            life,
            jwt,
            server_date_unix_secs: date::of_answer(&response.headers),
        }
    }
}

/// What is wrong with a token. Names the field, never its value.
struct NoToken {
    words: String,
    /// There seems to be one in another place: the description of the server is wrong, and a further login would not help.
    misplaced: bool,
}

impl From<String> for NoToken {
    fn from(words: String) -> Self {
        Self {
            words,
            misplaced: false,
        }
    }
}

/// The content coding of a body that the transport could not decode.
fn unasked_encoding(response: &TokenResponse) -> Option<&str> {
    let name = response
        .headers
        .get(CONTENT_ENCODING)?
        .to_str()
        .ok()?
        .trim();
    (is_code(name) && !name.eq_ignore_ascii_case("identity")).then_some(name)
}

/// The token without a leading `Bearer `: some servers respond with the whole header.
pub(super) fn behind_scheme(text: &str) -> &str {
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            token.trim_start_matches(' ')
        }
        _ => text,
    }
}

/// Whether `text` is visible ASCII. That is more than RFC 6750's `b64token`, because servers use more, and everything that a
/// header carries safely.
pub(super) fn is_header_safe(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The kind of proof that the token type requires and this library cannot make.
///
/// RFC 6749 §7.1 forbids using a token of an unknown type. Taken literally, that would refuse servers that send
/// `BearerToken`, `JWT`, `Bearer token` or nothing. So only types that are known to need a proof (RFC 9449, MAC, proof of
/// possession, holder of key) are refused, and RFC 8693's `N_A` for "no access token".
fn unusable_type(document: &Document) -> Option<&'static str> {
    const PROOFS: &[&str] = &["mac", "dpop", "pop", "hok", "hotk"];
    let text = document
        .get("token_type")?
        .as_str()?
        .trim()
        .to_ascii_lowercase();
    if text == "n_a" {
        return Some("no access token (N_A)");
    }
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .find_map(|word| PROOFS.iter().find(|proof| **proof == word))
        .copied()
}

/// Scope words separated by single blanks, from a string or a list of strings.
fn words(value: &Value) -> Option<String> {
    let join = |text: &str| {
        text.split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    match value {
        Value::String(text) => Some(join(text)),
        Value::Array(items) => Some(join(
            &items
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(" "),
        )),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests;
