//! The password grant (RFC 6749 §4.3) and client credentials (§4.4) of any OAuth 2.0 server.

use url::Url;

use super::common::{Common, common_setters};
use crate::encode::FieldValue;
use crate::error::{Error, Result};
use crate::flow::identity::{Identity, shortened};
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

    /// The client's id and secret. An empty secret is sent as such, because some servers have clients with one.
    #[must_use]
    pub fn client(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.common.client_id = Some(id.into());
        self.common.client_secret = Some(Secret::new(secret));
        self
    }

    /// A client without a secret. Its id is sent in the body (RFC 6749 §3.2.1).
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
        let layout = self.common.layout()?;
        let identity = Identity::new(PASSWORD)
            .with("username", &self.username)
            .with("password", self.user_secret.expose());
        let label = format!(
            "{PASSWORD} {} at {}",
            self.username,
            engine.token_url.host_str().unwrap_or_default()
        );
        Ok(Flow::of_oauth2(PASSWORD, label, engine, identity, layout))
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
        let layout = self.common.layout()?;
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
            layout,
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
