//! The OAuth 2.0 engine (RFC 6749 §4.3, §4.4, §6; RFC 7009) and the plain flows that use it.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use url::Url;

use super::response_layout::ResponseLayout;
use super::{TokenRequest, check};
use crate::encode::{self, FieldValue, Fields};
use crate::error::{Error, Result};
use crate::scrub::Scrubber;
use crate::secret::Secret;

mod common;
mod plain;

pub(super) use plain::{
    CLIENT_CREDENTIALS, CLIENT_CREDENTIALS_OPTIONS, PASSWORD, PASSWORD_OPTIONS,
    client_credentials_from_options, password_from_options,
};
pub use plain::{ClientCredentials, Password};

/// How the client's id and secret are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basic {
    /// Form-encoded before Basic: RFC 6749 §2.3.1.
    Form,
    /// Percent-encoded before Basic, a space is `%20`.
    Percent,
    /// As they are: WSO2 and many others.
    Raw,
    /// As `client_id` and `client_secret` in the body.
    Body,
}

impl Basic {
    const NAMES: &[(&str, Self)] = &[
        ("form", Self::Form),
        ("percent", Self::Percent),
        ("raw", Self::Raw),
        ("body", Self::Body),
    ];

    fn parse(option: &str, text: &str) -> Result<Self> {
        let found = Self::NAMES
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, basic)| *basic);
        found.ok_or_else(|| Error::config(option, "must be one of form, percent, raw, body"))
    }

    fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, basic)| *basic == self)
            .map_or("form", |(name, _)| name)
    }
}

/// The client's own credentials.
#[derive(Clone)]
pub(super) struct ClientAuth {
    pub(super) id: String,
    /// `None` for a public client; an empty secret is sent as such.
    pub(super) secret: Option<Secret>,
    pub(super) basic: Basic,
}

impl ClientAuth {
    /// Refuses credentials that the chosen encoding cannot carry.
    pub(super) fn check(&self, id_option: &str, secret_option: &str) -> Result<()> {
        check::required(id_option, &self.id)?;
        let Some(secret) = &self.secret else {
            return Ok(());
        };
        crate::options::check_line(secret_option, secret.expose())?;
        if self.basic == Basic::Raw {
            // RFC 7617 §2: the first colon ends the id. WSO2 splits at every colon, so the secret must have none either.
            for (option, value) in [
                (id_option, self.id.as_str()),
                (secret_option, secret.expose()),
            ] {
                if value.contains(':') {
                    return Err(Error::config(
                        option,
                        "must not contain a colon: unencoded Basic credentials are split at it",
                    ));
                }
            }
        }
        Ok(())
    }

    fn header(&self) -> Option<HeaderValue> {
        let secret = self.secret.as_ref()?.expose();
        let pair = match self.basic {
            Basic::Form => encode::basic_pair(
                &encode::form_encoded(&self.id),
                &encode::form_encoded(secret),
            ),
            Basic::Percent => encode::basic_pair(
                &encode::percent_encoded(&self.id),
                &encode::percent_encoded(secret),
            ),
            Basic::Raw => encode::basic_pair(&self.id, secret),
            Basic::Body => return None,
        };
        encode::credentials("Basic", &pair)
    }

    /// Whether the forms of Basic differ for these credentials, so that a server may read others than were meant.
    fn is_ambiguous(&self) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        self.basic != Basic::Body
            && self
                .secret
                .as_ref()
                .is_some_and(|secret| !self.id.bytes().chain(secret.expose().bytes()).all(is_plain))
    }

    /// What is sent in the body if no header carries it (RFC 6749 §2.3.1, §3.2.1).
    fn body(&self) -> Fields {
        match &self.secret {
            None => vec![("client_id".to_owned(), FieldValue::text(&self.id))],
            Some(secret) if self.basic == Basic::Body => vec![
                ("client_id".to_owned(), FieldValue::text(&self.id)),
                ("client_secret".to_owned(), FieldValue::Text(secret.clone())),
            ],
            Some(_) => Vec::new(),
        }
    }

    pub(super) fn scrubber(&self, scrubber: Scrubber) -> Scrubber {
        match &self.secret {
            Some(secret) => scrubber.with(secret).with_pair(&self.id, secret),
            None => scrubber,
        }
    }
}

/// A token endpoint and what is sent to it.
#[derive(Clone)]
pub(super) struct Engine {
    pub(super) token_url: Url,
    pub(super) revoke_url: Option<Url>,
    pub(super) client: Option<ClientAuth>,
    /// The grant and its parameters, in order.
    pub(super) grant: Fields,
    pub(super) scope: Vec<String>,
    pub(super) extra_fields: Vec<(String, Secret)>,
    pub(super) extra_headers: HeaderMap,
}

/// Fields that the engine sends itself.
const OWN_FIELDS: &[&str] = &[
    "grant_type",
    "username",
    "password",
    "scope",
    "client_id",
    "client_secret",
    "refresh_token",
    "token",
];

impl Engine {
    /// Refuses extra fields and headers that contradict the engine's own.
    pub(super) fn check(&self) -> Result<()> {
        check::fields("extra_fields", &self.extra_fields, OWN_FIELDS)?;
        if self.extra_headers.contains_key(AUTHORIZATION)
            && self
                .client
                .as_ref()
                .is_some_and(|client| client.header().is_some())
        {
            return Err(Error::config(
                "extra_headers",
                "must not set authorization, the client credentials are sent there",
            ));
        }
        Ok(())
    }

    /// Whether the server may have misread the client credentials.
    pub(super) fn has_ambiguous_client(&self) -> bool {
        self.client.as_ref().is_some_and(ClientAuth::is_ambiguous)
    }

    pub(super) fn login(&self) -> TokenRequest {
        let mut fields = self.grant.clone();
        if !self.scope.is_empty() {
            fields.push(("scope".to_owned(), FieldValue::text(self.scope.join(" "))));
        }
        fields.extend(self.extra());
        self.post(&self.token_url, fields)
    }

    /// RFC 6749 §6. Without a scope, so that it stays the same.
    pub(super) fn refresh(&self, refresh_token: &Secret) -> TokenRequest {
        let mut fields: Fields = vec![
            ("grant_type".to_owned(), FieldValue::text("refresh_token")),
            (
                "refresh_token".to_owned(),
                FieldValue::Text(refresh_token.clone()),
            ),
        ];
        fields.extend(self.extra());
        self.post(&self.token_url, fields)
    }

    /// RFC 7009 §2.1. Without `token_type_hint`: the token may be of either kind, and a wrong hint costs the server a lookup.
    pub(super) fn revoke(&self, token: &Secret) -> Option<TokenRequest> {
        let fields = vec![("token".to_owned(), FieldValue::Text(token.clone()))];
        Some(self.post(self.revoke_url.as_ref()?, fields))
    }

    fn extra(&self) -> impl Iterator<Item = (String, FieldValue)> + '_ {
        self.extra_fields
            .iter()
            .map(|(name, value)| (name.clone(), FieldValue::Text(value.clone())))
    }

    fn post(&self, url: &Url, mut fields: Fields) -> TokenRequest {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        headers.extend(self.extra_headers.clone());
        if let Some(client) = &self.client {
            if let Some(value) = client.header() {
                headers.insert(AUTHORIZATION, value);
            }
            fields.extend(client.body());
        }
        TokenRequest {
            method: Method::POST,
            url: url.clone(),
            headers,
            body: encode::form(&fields),
        }
    }

    /// Adds this engine's parts to the flow's identity.
    pub(super) fn identity(
        &self,
        identity: super::identity::Identity,
        layout: &ResponseLayout,
    ) -> Vec<Secret> {
        let client = self.client.as_ref();
        let headers = self
            .extra_headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
        identity
            .with("token_url", self.token_url.as_str())
            .with_some("revoke_url", self.revoke_url.as_ref().map(Url::as_str))
            .with_some("client", client.map(|client| client.id.as_str()))
            .with_some(
                "client_secret",
                client
                    .and_then(|client| client.secret.as_ref())
                    .map(Secret::expose),
            )
            .with_some("basic", client.map(|client| client.basic.name()))
            .with_scope(&self.scope)
            .with_table(
                "field",
                self.extra_fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.expose())),
            )
            .with_table("header", headers)
            .with("reading", &layout.text())
            .parts()
    }

    /// Knows every secret of this engine, in every form in which it is sent.
    pub(super) fn scrubber(&self) -> Scrubber {
        let headers: Vec<Secret> = self
            .extra_headers
            .values()
            .filter_map(|value| Some(Secret::new(value.to_str().ok()?)))
            .collect();
        let password = self.grant.iter().filter_map(|(name, value)| match value {
            FieldValue::Text(text) if name == "password" => Some(text),
            _ => None,
        });
        let scrubber = Scrubber::new(
            password
                .chain(self.extra_fields.iter().map(|(_, value)| value))
                .chain(&headers),
        );
        match &self.client {
            Some(client) => client.scrubber(scrubber),
            None => scrubber,
        }
    }
}

#[cfg(test)]
mod tests;
