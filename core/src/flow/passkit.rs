//! `PassKit`: a login for a long-lived token, or a token pasted from the portal (docs/wire.md §2).

use http::{HeaderName, HeaderValue};
use url::Url;

use super::identity::Identity;
use super::json_login::Engine;
use super::response_layout::{ResponseLayout, is_header_safe};
use super::{Flow, IntoFlow, check};
use crate::encode::{FieldValue, Fields};
use crate::error::{Error, Result};
use crate::jwt;
use crate::options::Options;
use crate::scrub::Scrubber;
use crate::secret::Secret;

pub(super) const NAME: &str = "passkit";
pub(super) const OPTIONS: &[&str] = &[
    "username",
    "password",
    "token",
    "region",
    "two_fa_token",
    "two_fa_code",
    "token_url",
];

/// Region and host: Europe, USA.
const REGIONS: &[(&str, &str)] = &[
    ("pub1", "https://api.pub1.passkit.io"),
    ("pub2", "https://api.pub2.passkit.io"),
];
/// Requests a token that lives until it is revoked, instead of a JWT that lives for an hour.
const LONG_LIVED: HeaderName = HeaderName::from_static("x-passkit-longlived-token");

/// A `PassKit` account, or a token of one.
#[derive(Clone)]
pub struct PassKit {
    username: Option<String>,
    password: Option<Secret>,
    token: Option<Secret>,
    region: String,
    two_fa_token: Option<Secret>,
    two_fa_code: Option<Secret>,
    token_url: Option<String>,
}

opaque_debug!(PassKit);

impl PassKit {
    /// Logs in with user name and password.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: Some(username.into()),
            password: Some(Secret::new(password)),
            ..Self::empty()
        }
    }

    /// Uses a token pasted from the portal. It cannot be renewed: once refused, it stays refused.
    pub fn token(token: impl Into<String>) -> Self {
        Self {
            token: Some(Secret::new(token)),
            ..Self::empty()
        }
    }

    fn empty() -> Self {
        Self {
            username: None,
            password: None,
            token: None,
            region: REGIONS[0].0.to_owned(),
            two_fa_token: None,
            two_fa_code: None,
            token_url: None,
        }
    }

    /// `pub1` (Europe, default) or `pub2` (USA). In the wrong region the login succeeds but the account's data are missing.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// `twoFAToken` of an account with a second factor.
    #[must_use]
    pub fn two_fa_token(mut self, token: impl Into<String>) -> Self {
        self.two_fa_token = Some(Secret::new(token));
        self
    }

    /// `twoFACode` of an account with a second factor.
    #[must_use]
    pub fn two_fa_code(mut self, code: impl Into<String>) -> Self {
        self.two_fa_code = Some(Secret::new(code));
        self
    }

    /// Another login URL than `{base_url or region host}/login`.
    #[must_use]
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.token_url = Some(url.into());
        self
    }

    fn pasted(&self, token: &Secret, base: Url) -> Result<Flow> {
        let given: [(&str, bool); 5] = [
            ("username", self.username.is_some()),
            ("password", self.password.is_some()),
            ("two_fa_token", self.two_fa_token.is_some()),
            ("two_fa_code", self.two_fa_code.is_some()),
            ("token_url", self.token_url.is_some()),
        ];
        if let Some((other, _)) = given.iter().find(|(_, given)| *given) {
            return Err(Error::config(
                "token",
                format_args!(
                    "stands alone; give token, or username and password, but not {other} too"
                ),
            ));
        }
        check::required("token", token.expose())?;
        // Users may paste the whole header.
        let token = Secret::new(jwt::without_scheme(token.expose()));
        if token.is_empty() || !is_header_safe(token.expose()) {
            return Err(Error::config(
                "token",
                "must be visible ASCII without blanks",
            ));
        }
        let identity = Identity::new(NAME)
            .with("base", base.as_str())
            .with("region", &self.region)
            .with("token", token.expose());
        let label = format!(
            "{NAME} pasted token {} region {}",
            token.fingerprint(),
            self.region
        );
        let mut flow = Flow::of_pasted(NAME, label, token, identity.parts());
        flow.default_base_url = Some(base);
        Ok(flow)
    }
}

impl IntoFlow for PassKit {
    fn into_flow(self, base_url: Option<&Url>) -> Result<Flow> {
        let host = REGIONS
            .iter()
            .find(|(name, _)| *name == self.region)
            .map(|(_, host)| *host);
        let host = host.ok_or_else(|| Error::config("region", "must be pub1 or pub2"))?;
        let base = match base_url {
            Some(base) => base.clone(),
            None => check::url("region", host)?,
        };
        if let Some(token) = &self.token {
            return self.pasted(token, base);
        }
        let (Some(username), Some(password)) = (&self.username, &self.password) else {
            return Err(Error::config(
                if self.username.is_none() {
                    "username"
                } else {
                    "password"
                },
                "is required, or a token instead of user name and password",
            ));
        };
        check::required("username", username)?;
        check::required("password", password.expose())?;
        let url = match &self.token_url {
            Some(text) => check::url("token_url", text)?,
            None => check::under(&base, "login")?,
        };
        let mut identity = Identity::new(NAME)
            .with("token_url", url.as_str())
            .with("username", username)
            .with("password", password.expose())
            .with("region", &self.region);
        let mut fields: Fields = vec![
            ("username".to_owned(), FieldValue::text(username)),
            ("password".to_owned(), FieldValue::Text(password.clone())),
        ];
        let mut scrubber = Scrubber::new([password]).with_pair(username, password);
        let factors = [
            ("two_fa_token", "twoFAToken", self.two_fa_token),
            ("two_fa_code", "twoFACode", self.two_fa_code),
        ];
        for (option, field, value) in factors {
            if let Some(value) = value {
                check::required(option, value.expose())?;
                identity = identity.with(option, value.expose());
                scrubber = scrubber.with(&value);
                fields.push((field.to_owned(), FieldValue::Text(value)));
            }
        }
        let label = format!("{NAME} {username} region {}", self.region);
        let mut engine = Engine::post(url, fields);
        engine
            .headers
            .insert(LONG_LIVED, HeaderValue::from_static("true"));
        let mut flow = Flow::of_json(
            NAME,
            label,
            engine,
            identity.parts(),
            ResponseLayout::default().with_token("token"),
            scrubber,
        );
        flow.default_base_url = Some(base);
        Ok(flow)
    }
}

pub(super) fn from_options(options: &mut Options, base_url: Option<&Url>) -> Result<Flow> {
    let mut passkit = PassKit {
        username: options.take_text("username")?,
        password: options.take_secret("password")?,
        token: options.take_secret("token")?,
        two_fa_token: options.take_secret("two_fa_token")?,
        two_fa_code: options.take_secret("two_fa_code")?,
        token_url: options.take_text("token_url")?,
        ..PassKit::empty()
    };
    if let Some(region) = options.take_text("region")? {
        passkit.region = region;
    }
    passkit.into_flow(base_url)
}
