//! WSO2 API Manager and products based on it: the password grant with raw Basic credentials (docs/wire.md §3).

use url::Url;

use super::identity::Identity;
use super::oauth2::{self, Basic, ClientAuth};
use super::response_layout::ResponseLayout;
use super::{Flow, IntoFlow, check};
use crate::encode::FieldValue;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::secret::Secret;

pub(super) const NAME: &str = "wso2";
pub(super) const OPTIONS: &[&str] = &[
    "token_url",
    "consumer_key",
    "consumer_secret",
    "username",
    "password",
    "organization",
    "scope",
    "revoke_url",
    "device",
];

/// The password grant of a WSO2 gateway.
#[derive(Clone)]
pub struct Wso2 {
    token_url: String,
    consumer_key: String,
    consumer_secret: Secret,
    username: String,
    password: Secret,
    organization: Option<String>,
    scope: Vec<String>,
    revoke_url: Option<String>,
    device: Option<String>,
}

opaque_debug!(Wso2);

impl Wso2 {
    /// `token_url` is, for example, `https://gateway:8243/token`; key and secret are the application's. `username` is the full
    /// name that the server expects (`john@johns.org@johnsorg`, `user@mail.com@carbon.super`), unless [`Self::organization`]
    /// completes it.
    pub fn new(
        token_url: impl Into<String>,
        consumer_key: impl Into<String>,
        consumer_secret: impl Into<String>,
        username: impl Into<String>,
        password: impl Into<String>,
    ) -> Self {
        Self {
            token_url: token_url.into(),
            consumer_key: consumer_key.into(),
            consumer_secret: Secret::new(consumer_secret),
            username: username.into(),
            password: Secret::new(password),
            organization: None,
            scope: Vec::new(),
            revoke_url: None,
            device: None,
        }
    }

    /// The organization key or tenant domain: the user name becomes `username@organization`.
    #[must_use]
    pub fn organization(mut self, organization: impl Into<String>) -> Self {
        self.organization = Some(organization.into());
        self
    }

    /// The scopes to request. The server may grant fewer.
    #[must_use]
    pub fn scope(mut self, scope: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scope = scope.into_iter().map(Into::into).collect();
        self
    }

    /// The revocation endpoint. Default: `…/revoke` for a token URL that ends in `/token`.
    #[must_use]
    pub fn revoke_url(mut self, url: impl Into<String>) -> Self {
        self.revoke_url = Some(url.into());
        self
    }

    /// Requests the scope `device_<name>`, for a token of its own that processes with another name do not revoke.
    #[must_use]
    pub fn device(mut self, name: impl Into<String>) -> Self {
        self.device = Some(name.into());
        self
    }

    /// `username@organization`.
    fn full_username(&self) -> Result<String> {
        check::required("username", &self.username)?;
        let Some(organization) = &self.organization else {
            return Ok(self.username.clone());
        };
        check::required("organization", organization)?;
        if organization.contains('@') || organization.contains(char::is_whitespace) {
            return Err(Error::config(
                "organization",
                "must be the key or domain alone, without @ and blanks",
            ));
        }
        let ending = format!("@{organization}");
        if self.username.ends_with(&ending) {
            return Err(Error::config(
                "organization",
                "is at the end of username already; give it once",
            ));
        }
        Ok(format!("{}{ending}", self.username))
    }

    fn full_scope(&self) -> Result<Vec<String>> {
        let mut scope = self.scope.clone();
        if let Some(device) = &self.device {
            check::required("device", device)?;
            if !device
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            {
                return Err(Error::config(
                    "device",
                    "must consist of ASCII letters, digits, -, _ and .",
                ));
            }
            scope.push(format!("device_{device}"));
        }
        check::scope("scope", &scope)
    }
}

impl IntoFlow for Wso2 {
    fn into_flow(self, _base_url: Option<&Url>) -> Result<Flow> {
        let token_url = check::url("token_url", &self.token_url)?;
        let username = self.full_username()?;
        check::required("password", self.password.expose())?;
        check::required("consumer_secret", self.consumer_secret.expose())?;
        let revoke_url = match &self.revoke_url {
            Some(text) => Some(check::url("revoke_url", text)?),
            None => beside(&token_url),
        };
        let scope = self.full_scope()?;
        let client = ClientAuth {
            id: self.consumer_key,
            secret: Some(self.consumer_secret),
            basic: Basic::Raw,
        };
        client.check("consumer_key", "consumer_secret")?;
        let grant = vec![
            ("grant_type".to_owned(), FieldValue::text("password")),
            ("username".to_owned(), FieldValue::text(&username)),
            (
                "password".to_owned(),
                FieldValue::Text(self.password.clone()),
            ),
        ];
        let engine = oauth2::Engine {
            token_url,
            revoke_url,
            client: Some(client),
            grant,
            scope,
            extra_fields: Vec::new(),
            extra_headers: http::HeaderMap::new(),
        };
        let identity = Identity::new(NAME)
            .with("username", &username)
            .with("password", self.password.expose());
        Ok(Flow::of_oauth2(
            NAME,
            format!("{NAME} {username}"),
            engine,
            identity,
            ResponseLayout::default(),
        ))
    }
}

/// `…/revoke` for `…/token`.
fn beside(token_url: &Url) -> Option<Url> {
    let path = token_url.path().strip_suffix("/token")?;
    let mut url = token_url.clone();
    url.set_path(&format!("{path}/revoke"));
    url.set_query(None);
    Some(url)
}

pub(super) fn from_options(options: &mut Options, base_url: Option<&Url>) -> Result<Flow> {
    let wso2 = Wso2 {
        token_url: options.need_text("token_url")?,
        consumer_key: options.need_text("consumer_key")?,
        consumer_secret: options.need_secret("consumer_secret")?,
        username: options.need_text("username")?,
        password: options.need_secret("password")?,
        organization: options.take_text("organization")?,
        scope: options.take_list("scope")?.unwrap_or_default(),
        revoke_url: options.take_text("revoke_url")?,
        device: options.take_text("device")?,
    };
    wso2.into_flow(base_url)
}
