//! Plain OAuth 2.0 servers: the password grant (RFC 6749 §4.3) and client credentials (§4.4), with knobs for their habits.

use url::Url;

use super::{Basic, ClientAuth, Engine};
use crate::encode::{FieldValue, Fields};
use crate::error::{Error, Result};
use crate::flow::identity::{Identity, shortened};
use crate::flow::json_login::reading_of;
use crate::flow::reading::Reading;
use crate::flow::{Flow, IntoFlow, check};
use crate::options::Options;
use crate::secret::Secret;

pub(in crate::flow) const PASSWORD: &str = "password";
pub(in crate::flow) const PASSWORD_OPTIONS: &[&str] = &[
    "token_url",
    "client_id",
    "client_secret",
    "username",
    "password",
    "scope",
    "basic",
    "revoke_url",
    "extra_fields",
    "extra_headers",
    "token_field",
    "expires_field",
    "expires_unit",
    "refresh_token_field",
];
pub(in crate::flow) const CLIENT_CREDENTIALS: &str = "client_credentials";
pub(in crate::flow) const CLIENT_CREDENTIALS_OPTIONS: &[&str] = &[
    "token_url",
    "client_id",
    "client_secret",
    "scope",
    "basic",
    "revoke_url",
    "extra_fields",
    "extra_headers",
    "token_field",
    "expires_field",
    "expires_unit",
    "refresh_token_field",
];

/// What both grants share.
#[derive(Clone, Default)]
struct Common {
    token_url: String,
    client_id: Option<String>,
    client_secret: Option<Secret>,
    scope: Vec<String>,
    basic: Option<String>,
    revoke_url: Option<String>,
    extra_fields: Vec<(String, Secret)>,
    extra_headers: Vec<(String, Secret)>,
    token_field: Option<String>,
    expires_field: Option<String>,
    expires_unit: Option<String>,
    refresh_token_field: Option<String>,
}

impl Common {
    fn from_options(options: &mut Options) -> Result<Self> {
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

    fn engine(&self, grant: Fields) -> Result<Engine> {
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

    fn reading(&self) -> Result<Reading> {
        reading_of(
            Reading::default(),
            [
                self.token_field.as_deref(),
                self.expires_field.as_deref(),
                self.expires_unit.as_deref(),
                self.refresh_token_field.as_deref(),
            ],
        )
    }
}

/// The setters of [`Common`], for both builders.
macro_rules! common_setters {
    () => {
        /// The scopes to ask for. The server may grant fewer.
        #[must_use]
        pub fn scope(mut self, scope: impl IntoIterator<Item = impl Into<String>>) -> Self {
            self.common.scope = scope.into_iter().map(Into::into).collect();
            self
        }

        /// How the client's id and secret travel: `form` (RFC 6749 §2.3.1: form-encoded, then Basic; default), `percent`
        /// (`%20` for a blank), `raw` (as they are; no colon in either), or `body`.
        #[must_use]
        pub fn basic(mut self, encoding: impl Into<String>) -> Self {
            self.common.basic = Some(encoding.into());
            self
        }

        /// The revoke route (RFC 7009). Without one nothing is revoked.
        #[must_use]
        pub fn revoke_url(mut self, url: impl Into<String>) -> Self {
            self.common.revoke_url = Some(url.into());
            self
        }

        /// One more form field of login and refresh, such as `audience` or `resource`.
        #[must_use]
        pub fn extra_field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.common
                .extra_fields
                .push((name.into(), Secret::new(value)));
            self
        }

        /// One more header of each request to the token endpoint; its value is treated as a secret.
        #[must_use]
        pub fn extra_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.common
                .extra_headers
                .push((name.into(), Secret::new(value)));
            self
        }

        /// Where the token stands: keys and array indices separated by dots, or `header:X-Auth-Token`.
        /// Default `access_token`.
        #[must_use]
        pub fn token_field(mut self, place: impl Into<String>) -> Self {
            self.common.token_field = Some(place.into());
            self
        }

        /// Where the expiry stands, in the same notation. Default `expires_in`.
        #[must_use]
        pub fn expires_field(mut self, place: impl Into<String>) -> Self {
            self.common.expires_field = Some(place.into());
            self
        }

        /// What the expiry counts: `s` (default) or `ms` of life, `unix` or `unix_ms` or `iso8601` for an instant.
        #[must_use]
        pub fn expires_unit(mut self, unit: impl Into<String>) -> Self {
            self.common.expires_unit = Some(unit.into());
            self
        }

        /// Where the refresh token stands. Default `refresh_token`.
        #[must_use]
        pub fn refresh_token_field(mut self, place: impl Into<String>) -> Self {
            self.common.refresh_token_field = Some(place.into());
            self
        }
    };
}

/// The password grant of any OAuth 2.0 server.
#[derive(Clone)]
pub struct Password {
    common: Common,
    username: String,
    user_secret: Secret,
}

opaque_debug!(Password);

impl Password {
    /// The token endpoint and the user. The client is optional: [`Self::client`], [`Self::public_client`].
    pub fn new(
        token_url: impl Into<String>,
        username: impl Into<String>,
        password: impl Into<String>,
    ) -> Self {
        let common = Common {
            token_url: token_url.into(),
            ..Common::default()
        };
        Self {
            common,
            username: username.into(),
            user_secret: Secret::new(password),
        }
    }

    /// The client's id and secret. An empty secret is sent as such: some servers have clients like that.
    #[must_use]
    pub fn client(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.common.client_id = Some(id.into());
        self.common.client_secret = Some(Secret::new(secret));
        self
    }

    /// A client without a secret: its id goes into the body (RFC 6749 §3.2.1).
    #[must_use]
    pub fn public_client(mut self, id: impl Into<String>) -> Self {
        self.common.client_id = Some(id.into());
        self.common.client_secret = None;
        self
    }

    common_setters!();
}

impl IntoFlow for Password {
    fn into_flow(self, _base_url: Option<&Url>) -> Result<Flow> {
        check::required("username", &self.username)?;
        check::required("password", self.user_secret.expose())?;
        let grant = vec![
            ("grant_type".to_owned(), FieldValue::text(PASSWORD)),
            ("username".to_owned(), FieldValue::text(&self.username)),
            (
                "password".to_owned(),
                FieldValue::Text(self.user_secret.clone()),
            ),
        ];
        let engine = self.common.engine(grant)?;
        let reading = self.common.reading()?;
        let identity = Identity::new(PASSWORD)
            .with("username", &self.username)
            .with("password", self.user_secret.expose());
        let label = format!(
            "{PASSWORD} {} at {}",
            self.username,
            engine.token_url.host_str().unwrap_or_default()
        );
        Ok(Flow::of_oauth2(PASSWORD, label, engine, identity, reading))
    }
}

/// The client credentials grant of any OAuth 2.0 server.
#[derive(Clone)]
pub struct ClientCredentials {
    common: Common,
}

opaque_debug!(ClientCredentials);

impl ClientCredentials {
    /// The token endpoint and the client.
    pub fn new(
        token_url: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Self {
        let common = Common {
            token_url: token_url.into(),
            client_id: Some(client_id.into()),
            client_secret: Some(Secret::new(client_secret)),
            ..Common::default()
        };
        Self { common }
    }

    common_setters!();
}

impl IntoFlow for ClientCredentials {
    fn into_flow(self, _base_url: Option<&Url>) -> Result<Flow> {
        let id = self.common.client_id.as_deref().unwrap_or_default();
        check::required("client_id", id)?;
        check::required(
            "client_secret",
            self.common
                .client_secret
                .as_ref()
                .map_or("", Secret::expose),
        )?;
        let engine = self.common.engine(vec![(
            "grant_type".to_owned(),
            FieldValue::text(CLIENT_CREDENTIALS),
        )])?;
        let reading = self.common.reading()?;
        let label = format!(
            "{CLIENT_CREDENTIALS} {} at {}",
            shortened(id),
            engine.token_url.host_str().unwrap_or_default()
        );
        Ok(Flow::of_oauth2(
            CLIENT_CREDENTIALS,
            label,
            engine,
            Identity::new(CLIENT_CREDENTIALS),
            reading,
        ))
    }
}

pub(in crate::flow) fn password_from_options(
    options: &mut Options,
    base_url: Option<&Url>,
) -> Result<Flow> {
    let password = Password {
        common: Common::from_options(options)?,
        username: options.need_text("username")?,
        user_secret: options.need_secret("password")?,
    };
    password.into_flow(base_url)
}

pub(in crate::flow) fn client_credentials_from_options(
    options: &mut Options,
    base_url: Option<&Url>,
) -> Result<Flow> {
    let common = Common::from_options(options)?;
    for (name, missing) in [
        ("client_id", common.client_id.is_none()),
        ("client_secret", common.client_secret.is_none()),
    ] {
        if missing {
            return Err(Error::config(name, "is required"));
        }
    }
    ClientCredentials { common }.into_flow(base_url)
}
