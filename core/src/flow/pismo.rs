//! Pismo Passport, server to server (docs/wire.md §1).

use url::Url;

use super::identity::{Identity, shortened};
use super::json_login::Engine;
use super::response_layout::{Place, ResponseLayout};
use super::{Flow, IntoFlow, check};
use crate::encode::{FieldValue, Fields};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::secret::Secret;

pub(super) const NAME: &str = "pismo";
pub(super) const OPTIONS: &[&str] = &[
    "server_key",
    "server_secret",
    "account_id",
    "secret_field",
    "external_account_id",
    "token_url",
];

const TOKEN_PATH: &str = "passport/v2/s2s/access-token";
/// `exp - iat` of the documented sample token. Used only if a token cannot be read.
const DEFAULT_LIFE_SECS: f64 = 600.0;
/// The name of the secret: two versions of the documentation disagree.
const SECRET_FIELDS: &[&str] = &["server_secret", "secret_key"];

/// A server key and secret of Pismo Passport.
#[derive(Clone)]
pub struct Pismo {
    server_key: Secret,
    server_secret: Secret,
    account_id: Option<i64>,
    secret_field: String,
    external_account_id: Option<String>,
    token_url: Option<String>,
}

opaque_debug!(Pismo);

impl Pismo {
    /// The server key and secret. The token URL is below the client's base URL, which must be given: Pismo tells it to its
    /// customers only.
    pub fn new(server_key: impl Into<String>, server_secret: impl Into<String>) -> Self {
        Self {
            server_key: Secret::new(server_key),
            server_secret: Secret::new(server_secret),
            account_id: None,
            secret_field: SECRET_FIELDS[0].to_owned(),
            external_account_id: None,
            token_url: None,
        }
    }

    /// Limits the token to this account.
    #[must_use]
    pub fn account_id(mut self, account_id: i64) -> Self {
        self.account_id = Some(account_id);
        self
    }

    /// The name under which the secret is sent: `server_secret` (default) or `secret_key`.
    #[must_use]
    pub fn secret_field(mut self, name: impl Into<String>) -> Self {
        self.secret_field = name.into();
        self
    }

    /// Also sends `external_account_id`, which older documentation names.
    #[must_use]
    pub fn external_account_id(mut self, id: impl Into<String>) -> Self {
        self.external_account_id = Some(id.into());
        self
    }

    /// Another token URL than `{base_url}/passport/v2/s2s/access-token`.
    #[must_use]
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = Some(url.into());
        self
    }
}

impl IntoFlow for Pismo {
    fn into_flow(self, base_url: Option<&Url>) -> Result<Flow> {
        check::required("server_key", self.server_key.expose())?;
        check::required("server_secret", self.server_secret.expose())?;
        check::optional("external_account_id", self.external_account_id.as_deref())?;
        if !SECRET_FIELDS.contains(&self.secret_field.as_str()) {
            return Err(Error::config(
                "secret_field",
                "must be server_secret or secret_key",
            ));
        }
        let url = match (&self.token_url, base_url) {
            (Some(text), _) => check::url("token_url", text)?,
            (None, Some(base)) => check::under(base, TOKEN_PATH)?,
            (None, None) => {
                return Err(Error::config(
                    "base_url",
                    "is required, for example https://sandbox.pismolabs.io",
                ));
            }
        };
        let base = base_url.cloned().or_else(|| url.join("/").ok());
        let account = self.account_id.map(|id| id.to_string());
        let mut label = format!("{NAME} key {}", shortened(self.server_key.expose()));
        if let Some(account) = &account {
            label = format!("{label} account {account}");
        }
        let identity = Identity::new(NAME)
            .with("token_url", url.as_str())
            .with("server_key", self.server_key.expose())
            .with("server_secret", self.server_secret.expose())
            .with("secret_field", &self.secret_field)
            .with_some("account_id", account.as_deref())
            .with_some("external_account_id", self.external_account_id.as_deref());
        let mut fields: Fields = vec![
            (
                "server_key".to_owned(),
                FieldValue::Text(self.server_key.clone()),
            ),
            (
                self.secret_field,
                FieldValue::Text(self.server_secret.clone()),
            ),
        ];
        fields.extend(
            self.account_id
                .map(|id| ("account_id".to_owned(), FieldValue::Whole(id))),
        );
        fields.extend(
            self.external_account_id
                .map(|id| ("external_account_id".to_owned(), FieldValue::text(id))),
        );
        let mut layout = ResponseLayout::default().with_token("token");
        layout.refresh_token = Place::field("refresh");
        let scrubber = crate::scrub::Scrubber::new([&self.server_key, &self.server_secret])
            .with_pair(self.server_key.expose(), &self.server_secret);
        let engine = Engine::post(url, fields);
        let mut flow = Flow::of_json(NAME, label, engine, identity.parts(), layout, scrubber);
        flow.default_life_secs = Some(DEFAULT_LIFE_SECS);
        flow.default_base_url = base;
        Ok(flow)
    }
}

pub(super) fn from_options(options: &mut Options, base_url: Option<&Url>) -> Result<Flow> {
    let pismo = Pismo {
        server_key: options.need_secret("server_key")?,
        server_secret: options.need_secret("server_secret")?,
        account_id: take_account_id(options)?,
        secret_field: options
            .take_text("secret_field")?
            .unwrap_or_else(|| SECRET_FIELDS[0].to_owned()),
        external_account_id: options.take_text("external_account_id")?,
        token_url: options.take_text("token_url")?,
    };
    pismo.into_flow(base_url)
}

/// A whole number, or a string of one: JavaScript loses digits beyond 2^53.
fn take_account_id(options: &mut Options) -> Result<Option<i64>> {
    const NAME: &str = "account_id";
    const EXACT_UP_TO: f64 = 9_007_199_254_740_992.0;
    let problem = || {
        Error::config(
            NAME,
            "must be a whole number; above 9007199254740992 give it as a string",
        )
    };
    // Tried on a copy, because a failed take removes the option as well.
    if let Ok(Some(number)) = options.clone().take_number(NAME) {
        options.take_number(NAME)?;
        if number.fract() != 0.0 || number.abs() > EXACT_UP_TO {
            return Err(problem());
        }
        // Whole and within range, as just checked.
        #[allow(clippy::cast_possible_truncation)]
        return Ok(Some(number as i64));
    }
    match options.take_text(NAME)? {
        None => Ok(None),
        Some(text) => text.trim().parse().map(Some).map_err(|_| problem()),
    }
}
