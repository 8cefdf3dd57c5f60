//! Options that the password and client credentials grants share.

use super::{Basic, ClientAuth, Engine};
use crate::encode::Fields;
use crate::error::{Error, Result};
use crate::flow::check;
use crate::flow::json_login::layout_of;
use crate::flow::response_layout::ResponseLayout;
use crate::options::Options;
use crate::secret::Secret;

/// The shared options.
#[derive(Clone, Default)]
pub(super) struct Common {
    pub(super) token_url: String,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Secret>,
    pub(super) scope: Vec<String>,
    pub(super) basic: Option<String>,
    pub(super) revoke_url: Option<String>,
    pub(super) extra_fields: Vec<(String, Secret)>,
    pub(super) extra_headers: Vec<(String, Secret)>,
    pub(super) token_field: Option<String>,
    pub(super) expires_field: Option<String>,
    pub(super) expires_unit: Option<String>,
    pub(super) refresh_token_field: Option<String>,
}

impl Common {
    pub(super) fn from_options(options: &mut Options) -> Result<Self> {
        Ok(Self {
            token_url: options.need_text("token_url")?,
            client_id: options.take_text("client_id")?,
            client_secret: options.take_secret("client_secret")?,
            scope: options.take_list("scope")?.unwrap_or_default(),
            basic: options.take_text("basic")?,
            revoke_url: options.take_text("revoke_url")?,
            extra_fields: options.take_map("extra_fields")?.unwrap_or_default(),
            extra_headers: options.take_map("extra_headers")?.unwrap_or_default(),
            token_field: options.take_text("token_field")?,
            expires_field: options.take_text("expires_field")?,
            expires_unit: options.take_text("expires_unit")?,
            refresh_token_field: options.take_text("refresh_token_field")?,
        })
    }

    fn client(&self) -> Result<Option<ClientAuth>> {
        let basic = self
            .basic
            .as_deref()
            .map_or(Ok(Basic::Form), |text| Basic::parse("basic", text))?;
        let client = match (&self.client_id, &self.client_secret) {
            (Some(id), secret) => ClientAuth {
                id: id.clone(),
                secret: secret.clone(),
                basic,
            },
            (None, Some(_)) => {
                return Err(Error::config("client_id", "is required with client_secret"));
            }
            (None, None) => return Ok(None),
        };
        client.check("client_id", "client_secret")?;
        Ok(Some(client))
    }

    pub(super) fn engine(&self, grant: Fields) -> Result<Engine> {
        let engine = Engine {
            token_url: check::url("token_url", &self.token_url)?,
            revoke_url: self
                .revoke_url
                .as_deref()
                .map(|text| check::url("revoke_url", text))
                .transpose()?,
            client: self.client()?,
            grant,
            scope: check::scope("scope", &self.scope)?,
            extra_fields: self.extra_fields.clone(),
            extra_headers: check::headers("extra_headers", &self.extra_headers)?,
        };
        engine.check()?;
        Ok(engine)
    }

    pub(super) fn layout(&self) -> Result<ResponseLayout> {
        layout_of(
            ResponseLayout::default(),
            [
                self.token_field.as_deref(),
                self.expires_field.as_deref(),
                self.expires_unit.as_deref(),
                self.refresh_token_field.as_deref(),
            ],
        )
    }
}

/// Defines the setters of [`Common`] in both builders.
macro_rules! common_setters {
    () => {
        /// The scopes to request. The server may grant fewer.
        #[must_use]
        pub fn scope(mut self, scope: impl IntoIterator<Item = impl Into<String>>) -> Self {
            self.common.scope = scope.into_iter().map(Into::into).collect();
            self
        }

        /// How the client's id and secret are sent: `form` (form-encoded, then Basic, RFC 6749 §2.3.1; the default), `percent`
        /// (percent-encoded, then Basic), `raw` (Basic as they are, without a colon in either), or `body` (as form fields).
        #[must_use]
        pub fn basic(mut self, encoding: impl Into<String>) -> Self {
            self.common.basic = Some(encoding.into());
            self
        }

        /// The revocation endpoint (RFC 7009). Without one nothing is revoked.
        #[must_use]
        pub fn revoke_url(mut self, url: impl Into<String>) -> Self {
            self.common.revoke_url = Some(url.into());
            self
        }

        /// Adds a form field to login and refresh, such as `audience` or `resource`.
        #[must_use]
        pub fn extra_field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.common
                .extra_fields
                .push((name.into(), Secret::new(value)));
            self
        }

        /// Adds a header to each request to the token endpoint; its value is treated as a secret.
        #[must_use]
        pub fn extra_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.common
                .extra_headers
                .push((name.into(), Secret::new(value)));
            self
        }

        /// Where the token stands: keys and array indices separated by dots, `header:X-Auth-Token`, or `.` for the whole body.
        /// Default `access_token`.
        #[must_use]
        pub fn token_field(mut self, place: impl Into<String>) -> Self {
            self.common.token_field = Some(place.into());
            self
        }

        /// Where the expiry is, in the same notation. Default `expires_in`.
        #[must_use]
        pub fn expires_field(mut self, place: impl Into<String>) -> Self {
            self.common.expires_field = Some(place.into());
            self
        }

        /// The unit of the expiry: `s` (default) or `ms` for a lifetime; `unix`, `unix_ms` or `iso8601` for an instant.
        #[must_use]
        pub fn expires_unit(mut self, unit: impl Into<String>) -> Self {
            self.common.expires_unit = Some(unit.into());
            self
        }

        /// Where the refresh token is. Default `refresh_token`.
        #[must_use]
        pub fn refresh_token_field(mut self, place: impl Into<String>) -> Self {
            self.common.refresh_token_field = Some(place.into());
            self
        }
    };
}

pub(super) use common_setters;
