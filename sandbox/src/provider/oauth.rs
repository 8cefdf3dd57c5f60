//! The OAuth2 token endpoint that WSO2 and the plain server have in common. Each writes its own error responses.

use crate::http::{Request, field};
use crate::ledger::{Grant, Owner, RefreshRefused};
use crate::settings::{GrantType, ProviderSettings, Settings, UnknownScope};
use crate::state::Shared;

use super::Provider;
use super::client_auth::authenticate;
use super::grant;

/// Why a token request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenFault {
    NotAForm,
    /// A parameter is missing or occurs twice.
    Parameter(&'static str),
    ClientMissing,
    ClientMalformed,
    ClientWrong,
    GrantNotEnabled,
    GrantUnknown,
    WrongUser(String),
    UnknownScope,
    RefreshUnknown,
    RefreshExpired,
}

/// An accepted token request.
pub(super) struct Exchanged {
    pub(super) grant: Grant,
    pub(super) is_login: bool,
    /// Whether the response contains the refresh token.
    pub(super) with_refresh: bool,
}

struct Expected<'a> {
    client: (&'a str, &'a str),
    user: (&'a str, &'a str),
}

fn expected(settings: &Settings, provider: Provider) -> Expected<'_> {
    if provider == Provider::Wso2 {
        let known = &settings.credentials.wso2;
        return Expected {
            client: (&known.consumer_key, &known.consumer_secret),
            user: (&known.username, &known.password),
        };
    }
    let known = &settings.credentials.plain;
    Expected {
        client: (&known.client_id, &known.client_secret),
        user: (&known.username, &known.password),
    }
}

/// RFC 6749 §4.3, §4.4 and §6.
pub(super) fn exchange(
    shared: &Shared,
    request: &Request,
    provider: Provider,
) -> Result<Exchanged, TokenFault> {
    let all = shared.settings();
    let settings = all.provider(provider);
    let expected = expected(&all, provider);
    let form = request.form().ok_or(TokenFault::NotAForm)?;
    check_repetitions(&form)?;
    authenticate(request, &form, &settings.client_auth, expected.client)?;
    // WSO2 splits the decoded pair at every colon, so that a secret with a colon never matches.
    if provider == Provider::Wso2 && expected.client.1.contains(':') {
        return Err(TokenFault::ClientWrong);
    }
    let asked = TokenRequest {
        shared,
        provider,
        settings,
        expected,
        form: &form,
    };
    match field(&form, "grant_type").unwrap_or_default() {
        "" => Err(TokenFault::Parameter("grant_type")),
        "password" => asked.password(),
        "client_credentials" => asked.client_credentials(),
        "refresh_token" => asked.refresh_token(),
        _ => Err(TokenFault::GrantUnknown),
    }
}

/// RFC 6749 §3.2: parameters must not occur more than once.
fn check_repetitions(form: &[(String, String)]) -> Result<(), TokenFault> {
    for name in [
        "grant_type",
        "username",
        "password",
        "refresh_token",
        "scope",
        "client_id",
        "client_secret",
    ] {
        if form.iter().filter(|(key, _)| key == name).count() > 1 {
            return Err(TokenFault::Parameter(name));
        }
    }
    Ok(())
}

/// A token request of a client that has authenticated.
struct TokenRequest<'a> {
    shared: &'a Shared,
    provider: Provider,
    settings: &'a ProviderSettings,
    expected: Expected<'a>,
    form: &'a [(String, String)],
}

impl TokenRequest<'_> {
    /// RFC 6749 §4.3.
    fn password(&self) -> Result<Exchanged, TokenFault> {
        self.enabled(GrantType::Password)?;
        let (username, password) = (self.parameter("username")?, self.parameter("password")?);
        if (username, password) != self.expected.user {
            return Err(TokenFault::WrongUser(username.to_owned()));
        }
        let scope = granted_scope(self.form, self.settings, self.provider)?;
        let identity = format!("{}|{username}", self.expected.client.0);
        let owner = owner(self.provider, identity, scope);
        Ok(logged_in(self.shared, self.settings, &owner))
    }

    /// RFC 6749 §4.4.
    fn client_credentials(&self) -> Result<Exchanged, TokenFault> {
        self.enabled(GrantType::ClientCredentials)?;
        let scope = granted_scope(self.form, self.settings, self.provider)?;
        // RFC 6749 §4.4.3: no refresh token with this grant.
        let settings = ProviderSettings {
            refresh: false,
            ..self.settings.clone()
        };
        let owner = owner(self.provider, self.expected.client.0.to_owned(), scope);
        Ok(logged_in(self.shared, &settings, &owner))
    }

    /// RFC 6749 §6.
    fn refresh_token(&self) -> Result<Exchanged, TokenFault> {
        self.enabled(GrantType::RefreshToken)?;
        let token = self.parameter("refresh_token")?;
        redeem(self.shared, self.settings, self.provider, token)
    }

    fn enabled(&self, grant: GrantType) -> Result<(), TokenFault> {
        if self.settings.grants.contains(&grant) {
            Ok(())
        } else {
            Err(TokenFault::GrantNotEnabled)
        }
    }

    fn parameter(&self, name: &'static str) -> Result<&str, TokenFault> {
        field(self.form, name).ok_or(TokenFault::Parameter(name))
    }
}

/// A refresh by a client that has authenticated.
pub(super) fn redeem(
    shared: &Shared,
    settings: &ProviderSettings,
    provider: Provider,
    token: &str,
) -> Result<Exchanged, TokenFault> {
    if !settings.refresh {
        return Err(TokenFault::GrantNotEnabled);
    }
    // The refresh token may be left out only if the old one stays valid (RFC 6749 §6).
    let settings = ProviderSettings {
        rotation: settings.rotation && !settings.omit_refresh,
        ..settings.clone()
    };
    let grant =
        grant::refresh(shared, &settings, provider, token).map_err(|refused| match refused {
            RefreshRefused::Unknown => TokenFault::RefreshUnknown,
            RefreshRefused::Expired => TokenFault::RefreshExpired,
        })?;
    Ok(Exchanged {
        grant,
        is_login: false,
        with_refresh: !settings.omit_refresh,
    })
}

pub(super) fn logged_in(shared: &Shared, settings: &ProviderSettings, owner: &Owner) -> Exchanged {
    Exchanged {
        grant: grant::login(shared, settings, owner),
        is_login: true,
        with_refresh: true,
    }
}

pub(super) fn owner(provider: Provider, identity: String, scope: String) -> Owner {
    Owner {
        provider,
        identity,
        account: None,
        scope,
    }
}

/// The granted scopes, in the order of the request. WSO2 grants `default` if none is left.
fn granted_scope(
    form: &[(String, String)],
    settings: &ProviderSettings,
    provider: Provider,
) -> Result<String, TokenFault> {
    let asked: Vec<&str> = field(form, "scope")
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let is_known = |scope: &str| {
        // WSO2 accepts every `device_…` scope, which only separates the tokens of devices.
        let device = provider == Provider::Wso2 && scope.starts_with("device_");
        device
            || settings
                .scopes
                .as_ref()
                .is_none_or(|known| known.iter().any(|name| name == scope))
    };
    if settings.unknown_scope == UnknownScope::Reject && !asked.iter().all(|scope| is_known(scope))
    {
        return Err(TokenFault::UnknownScope);
    }
    let granted: Vec<&str> = asked.into_iter().filter(|scope| is_known(scope)).collect();
    if granted.is_empty() && provider == Provider::Wso2 {
        return Ok("default".to_owned());
    }
    Ok(granted.join(" "))
}

/// The tokens that a revocation (RFC 7009) has revoked, if any.
pub(super) type Revoked = Option<(Option<String>, Option<String>, Owner)>;

/// RFC 7009: the client must be known, the token may be unknown.
pub(super) fn revoke(
    shared: &Shared,
    request: &Request,
    provider: Provider,
) -> Result<Revoked, TokenFault> {
    let all = shared.settings();
    let form = request.form().ok_or(TokenFault::NotAForm)?;
    authenticate(
        request,
        &form,
        &all.provider(provider).client_auth,
        expected(&all, provider).client,
    )?;
    let token = field(&form, "token").ok_or(TokenFault::Parameter("token"))?;
    Ok(shared.lock().ledger.revoke_one(token, provider))
}
