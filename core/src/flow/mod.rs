//! Flows make token requests from credentials and grants from responses. Pure: no clock, no network, no environment.
//!
//! There are two engines, [`oauth2`] and [`json_login`]; the providers are presets of them. An engine's settings (fields,
//! units, headers, Basic encoding) can describe a further provider without code.

use std::fmt;

use url::Url;

use crate::error::{Error, Result, one_line};
use crate::scrub::Scrubber;
use crate::secret::Secret;

/// Implements `Debug` with the type's name only: a user name or URL in a builder is not checked yet and may contain
/// anything.
macro_rules! opaque_debug {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

mod by_name;
mod check;
mod date;
mod elsewhere;
mod exchange;
mod further_step;
mod identity;
pub mod json_login;
mod life;
pub mod oauth2;
pub mod passkit;
pub mod pismo;
mod refusal;
mod response_layout;
mod success;
mod waiting;
pub mod wso2;

pub use by_name::{from_options, is_secret_entry, names, option_names, secret_names, takes_table};
pub use date::of_answer as server_date;
pub use exchange::{Grant, TokenRequest, TokenResponse};
pub use json_login::JsonLogin;
pub use life::Life;
pub use oauth2::{ClientCredentials, Password};
pub use passkit::PassKit;
pub use pismo::Pismo;
pub use waiting::retry_after;
pub use wso2::Wso2;

use identity::Identity;
use response_layout::ResponseLayout;

/// A configured and checked flow: makes requests and reads their responses.
#[derive(Clone)]
pub struct Flow {
    name: &'static str,
    label: String,
    identity: Vec<Secret>,
    engine: Engine,
    layout: ResponseLayout,
    scrubber: Scrubber,
    default_life_secs: Option<f64>,
    default_base_url: Option<Url>,
}

#[derive(Clone)]
enum Engine {
    OAuth2(oauth2::Engine),
    JsonLogin(json_login::Engine),
    Pasted(Secret),
}

impl Flow {
    /// The flow's stable name: `pismo`, `passkit`, `wso2`, `password`, `client_credentials` or `json_login`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Who logs in where, for errors and logs: without secrets, ids shortened.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Everything that makes two tokens different, secrets included, each as `name=value`, in a fixed order. For hashing only;
    /// never show it.
    pub fn identity(&self) -> Vec<Secret> {
        self.identity.clone()
    }

    /// The URL of the token endpoint; `None` for a pasted token.
    pub fn token_url(&self) -> Option<&Url> {
        match &self.engine {
            Engine::OAuth2(engine) => Some(&engine.token_url),
            Engine::JsonLogin(engine) => Some(&engine.url),
            Engine::Pasted(_) => None,
        }
    }

    /// Every URL that secrets are sent to, with the name of its option.
    pub fn secret_urls(&self) -> impl Iterator<Item = (&'static str, &Url)> {
        let (refresh, revoke) = match &self.engine {
            Engine::OAuth2(engine) => (None, engine.revoke_url.as_ref()),
            Engine::JsonLogin(engine) => (engine.refresh.as_ref().map(|route| &route.url), None),
            Engine::Pasted(_) => (None, None),
        };
        [
            ("token_url", self.token_url()),
            ("refresh_url", refresh),
            ("revoke_url", revoke),
        ]
        .into_iter()
        .filter_map(|(option, url)| Some((option, url?)))
    }

    /// The request that logs in; `None` for a pasted token, which has no credentials.
    pub fn login(&self) -> Option<TokenRequest> {
        match &self.engine {
            Engine::OAuth2(engine) => Some(engine.login()),
            Engine::JsonLogin(engine) => engine.login(),
            Engine::Pasted(_) => None,
        }
    }

    /// The token that the user gave instead of credentials.
    pub fn pasted(&self) -> Option<&Secret> {
        match &self.engine {
            Engine::Pasted(token) => Some(token),
            Engine::OAuth2(_) | Engine::JsonLogin(_) => None,
        }
    }

    /// The request that renews with `refresh_token`; `None` if the flow has none.
    pub fn refresh(&self, refresh_token: &Secret, access_token: &Secret) -> Option<TokenRequest> {
        match &self.engine {
            Engine::OAuth2(engine) => Some(engine.refresh(refresh_token)),
            Engine::JsonLogin(engine) => engine.refresh(refresh_token, access_token),
            Engine::Pasted(_) => None,
        }
    }

    /// The request that revokes `token` (RFC 7009), an access or a refresh token; `None` if the provider has no revocation
    /// endpoint.
    pub fn revoke(&self, token: &Secret) -> Option<TokenRequest> {
        match &self.engine {
            Engine::OAuth2(engine) => engine.revoke(token),
            Engine::JsonLogin(_) | Engine::Pasted(_) => None,
        }
    }

    /// Reads the response to [`Self::login`].
    ///
    /// # Errors
    /// The server's refusal as `credentials_rejected`, `locked_out`, `rate_limited` or `server_unavailable`; `bad_response` for
    /// anything that is not a token response. Always with the status and this flow's label, never with a secret or a raw body.
    pub fn read(&self, response: &TokenResponse) -> Result<Grant> {
        self.read_answer(response, &self.scrubber)
    }

    /// Reads the response to [`Self::refresh`] with these tokens. If the server quotes one of them, it is removed from the
    /// error.
    ///
    /// # Errors
    /// As [`Self::read`]; `credentials_rejected` here means that the refresh token is no longer valid.
    pub fn read_refresh(
        &self,
        response: &TokenResponse,
        refresh_token: &Secret,
        access_token: &Secret,
    ) -> Result<Grant> {
        let scrubber = self.scrubber.with(refresh_token).with(access_token);
        self.read_answer(response, &scrubber)
    }

    /// Reads the response to [`Self::revoke`] of this token. It is a success as well if the server revokes only tokens of the
    /// other kind (RFC 7009 §2.2.1) or does not know the token.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_revocation(&self, response: &TokenResponse, token: &Secret) -> Result<()> {
        let scrubber = self.scrubber.with(token);
        self.context(&scrubber)
            .revoked(response)
            .map_err(|error| self.named(error, response))
    }

    fn context<'a>(&'a self, scrubber: &'a Scrubber) -> refusal::Context<'a> {
        refusal::Context {
            scrubber,
            token_url: self.token_url(),
            may_be_misread: match &self.engine {
                // WSO2's form is known.
                Engine::OAuth2(engine) => self.name != wso2::NAME && engine.has_ambiguous_client(),
                Engine::JsonLogin(_) | Engine::Pasted(_) => false,
            },
        }
    }

    fn named(&self, error: Error, response: &TokenResponse) -> Error {
        error
            .with_http_status(response.status)
            .with_identity(self.label.clone())
    }

    fn read_answer(&self, response: &TokenResponse, scrubber: &Scrubber) -> Result<Grant> {
        self.layout
            .read(&self.context(scrubber), response)
            .map_err(|error| self.named(error, response))
    }

    /// The lifetime in seconds of a token whose response states none: Pismo 600, others none.
    pub fn default_life_secs(&self) -> Option<f64> {
        self.default_life_secs
    }

    /// The API's base URL, if the preset knows it.
    pub fn default_base_url(&self) -> Option<&Url> {
        self.default_base_url.as_ref()
    }
}

/// Constructors for the presets, which have already checked everything.
impl Flow {
    fn of(
        name: &'static str,
        label: String,
        identity: Vec<Secret>,
        engine: Engine,
        layout: ResponseLayout,
        scrubber: Scrubber,
    ) -> Self {
        /// Every error contains the label, and a user name may have any length.
        const LABEL_CHARS: usize = 160;
        let label = one_line(label);
        let label = match label.char_indices().nth(LABEL_CHARS) {
            Some((end, _)) => format!("{}…", &label[..end]),
            None => label,
        };
        Self {
            name,
            label,
            identity,
            engine,
            layout,
            scrubber,
            default_life_secs: None,
            default_base_url: None,
        }
    }

    fn of_oauth2(
        name: &'static str,
        label: String,
        engine: oauth2::Engine,
        identity: Identity,
        layout: ResponseLayout,
    ) -> Self {
        let scrubber = engine.scrubber();
        let identity = engine.identity(identity, &layout);
        Self::of(
            name,
            label,
            identity,
            Engine::OAuth2(engine),
            layout,
            scrubber,
        )
    }

    fn of_json(
        name: &'static str,
        label: String,
        engine: json_login::Engine,
        identity: Vec<Secret>,
        layout: ResponseLayout,
        scrubber: Scrubber,
    ) -> Self {
        Self::of(
            name,
            label,
            identity,
            Engine::JsonLogin(engine),
            layout,
            scrubber,
        )
    }

    fn of_pasted(name: &'static str, label: String, token: Secret, identity: Vec<Secret>) -> Self {
        let scrubber = Scrubber::new([&token]);
        Self::of(
            name,
            label,
            identity,
            Engine::Pasted(token),
            ResponseLayout::default(),
            scrubber,
        )
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("name", &self.name)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// Credentials from which a flow is made; implemented by each preset.
pub trait IntoFlow {
    /// Checks the credentials and makes the flow. `base_url` is the client's base URL, if it was given.
    ///
    /// # Errors
    /// `config_invalid` that names the option.
    fn into_flow(self, base_url: Option<&Url>) -> Result<Flow>;
}

impl IntoFlow for Flow {
    fn into_flow(self, _base_url: Option<&Url>) -> Result<Flow> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
