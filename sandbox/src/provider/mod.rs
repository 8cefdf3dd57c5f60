//! The providers: their routes and responses.

mod api;
mod client_auth;
mod grant;
mod oauth;
mod passkit;
mod pismo;
mod plain;
mod refusal;
mod wso2;

use serde::{Deserialize, Serialize};

use crate::http::{Request, Response, field};
use crate::state::Shared;

pub(crate) use grant::rotate_all;
pub(crate) use refusal::{ApiRefusal, api_refusal, gateway_fault, rate_limited, token_refusal};

/// The providers that the sandbox simulates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Pismo Passport.
    Pismo,
    /// PassKit.
    Passkit,
    /// WSO2 API Manager.
    Wso2,
    /// A plain RFC 6749 server.
    Plain,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pismo, Self::Passkit, Self::Wso2, Self::Plain];

    /// The name used in settings, routes and the journal.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pismo => "pismo",
            Self::Passkit => "passkit",
            Self::Wso2 => "wso2",
            Self::Plain => "plain",
        }
    }

    /// Path of the login, as in the provider's documentation.
    pub const fn token_path(self) -> &'static str {
        match self {
            Self::Pismo => "/passport/v2/s2s/access-token",
            Self::Passkit => "/login",
            Self::Wso2 => "/token",
            Self::Plain => "/plain/token",
        }
    }

    /// Path of the revocation, where there is one.
    pub const fn revoke_path(self) -> Option<&'static str> {
        match self {
            Self::Wso2 => Some("/revoke"),
            Self::Plain => Some("/plain/revoke"),
            Self::Pismo | Self::Passkit => None,
        }
    }
}

/// The kind of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Login,
    Refresh,
    Revoke,
    Api,
    Other,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Refresh => "refresh",
            Self::Revoke => "revoke",
            Self::Api => "api",
            Self::Other => "other",
        }
    }
}

/// A request, classified.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) provider: Option<Provider>,
    pub(crate) kind: Kind,
    pub(crate) grant_type: Option<String>,
}

impl Route {
    #[cfg(test)]
    pub(crate) fn new(provider: Option<Provider>, kind: Kind) -> Self {
        Self {
            provider,
            kind,
            grant_type: None,
        }
    }

    /// Classifies a request by its path, and at token endpoints by its grant type. A request with a grant to a scripted path that no
    /// provider has counts as login or refresh.
    pub(crate) fn of(request: &Request, shared: &Shared) -> Self {
        let grant_type = request
            .form()
            .and_then(|form| field(&form, "grant_type").map(str::to_owned));
        let by_grant = match grant_type.as_deref() {
            Some("refresh_token") => Kind::Refresh,
            _ => Kind::Login,
        };
        let (provider, kind) = match request.path.as_str() {
            "/passport/v2/s2s/access-token"
            | "/passport/v1/oauth2/token"
            | "/passport/v2/oauth/token" => (Some(Provider::Pismo), Kind::Login),
            "/login" => (Some(Provider::Passkit), Kind::Login),
            "/token" | "/oauth2/token" => (Some(Provider::Wso2), by_grant),
            "/revoke" | "/oauth2/revoke" => (Some(Provider::Wso2), Kind::Revoke),
            "/plain/token" => (Some(Provider::Plain), by_grant),
            "/plain/login" => (Some(Provider::Plain), Kind::Login),
            "/plain/refresh" => (Some(Provider::Plain), Kind::Refresh),
            "/plain/revoke" => (Some(Provider::Plain), Kind::Revoke),
            path => match ApiPath::of(path) {
                Some(ApiPath::Of(provider)) => (Some(provider), Kind::Api),
                Some(ApiPath::Bare) => (Some(api::provider_of_token(request, shared)), Kind::Api),
                None if grant_type.is_some() => (None, by_grant),
                None => (None, Kind::Other),
            },
        };
        Self {
            provider,
            kind,
            grant_type: grant_type.map(known_grant),
        }
    }
}

/// The grant type, if it is a known one: other text from a body must not be shown.
fn known_grant(grant: String) -> String {
    match grant.as_str() {
        "password" | "refresh_token" | "client_credentials" | "authorization_code" => grant,
        text if text.starts_with("urn:") => grant,
        _ => "other".to_owned(),
    }
}

/// How an API route is addressed.
enum ApiPath {
    /// `/api/…`: the token determines the provider.
    Bare,
    /// `/wso2/api/…`.
    Of(Provider),
}

impl ApiPath {
    fn of(path: &str) -> Option<Self> {
        let is_api = |rest: &str| rest == "/api" || rest.starts_with("/api/");
        if is_api(path) {
            return Some(Self::Bare);
        }
        let owner = |provider: &Provider| {
            let rest = path
                .strip_prefix('/')
                .and_then(|path| path.strip_prefix(provider.name()));
            rest.is_some_and(is_api)
        };
        Provider::ALL.into_iter().find(owner).map(Self::Of)
    }
}

/// The provider's normal response, which no fault has replaced.
pub(crate) fn respond(shared: &Shared, request: &Request, route: &Route, seq: u64) -> Response {
    if let (Kind::Api, Some(provider)) = (route.kind, route.provider) {
        return api::respond(shared, request, provider, seq);
    }
    let known = route.provider.is_some();
    if known && request.method != "POST" {
        return Response::json(405, &serde_json::json!({"message": "Method Not Allowed"}))
            .with_header("allow", "POST");
    }
    match (request.path.as_str(), route.provider) {
        ("/passport/v2/s2s/access-token", _) => pismo::server_to_server(shared, request),
        ("/passport/v1/oauth2/token", _) => pismo::openid(shared, request),
        ("/passport/v2/oauth/token", _) => pismo::client_credentials(shared, request),
        ("/login", _) => passkit::login(shared, request),
        ("/plain/login", _) => plain::login(shared, request),
        ("/plain/refresh", _) => plain::refresh(shared, request),
        (_, Some(Provider::Wso2)) if route.kind == Kind::Revoke => wso2::revoke(shared, request),
        (_, Some(Provider::Wso2)) => wso2::token(shared, request),
        (_, Some(Provider::Plain)) if route.kind == Kind::Revoke => plain::revoke(shared, request),
        (_, Some(Provider::Plain)) => plain::token(shared, request),
        // PassKit responds to an unknown path with an HTML page; for the others it is not documented.
        _ => Response::html(404, "404 Not Found"),
    }
}
