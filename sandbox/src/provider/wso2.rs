//! WSO2 API Manager.

use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::settings::ErrorProfile;
use crate::state::Shared;

use super::oauth::{self, Exchanged, TokenFault};
use super::{Provider, grant};

/// `POST /token` and `/oauth2/token`.
pub(super) fn token(shared: &Shared, request: &Request) -> Response {
    let all = shared.settings();
    let settings = &all.wso2;
    let exchanged = match oauth::exchange(shared, request, Provider::Wso2) {
        Ok(exchanged) => exchanged,
        Err(fault) => return refused(&fault, settings.error_profile, &settings.wrong_password),
    };
    let expires_in = match grant::expires_override(settings) {
        Ok(raw) => raw,
        Err(grant::Honest) => Some(json!(grant::seconds_left(&exchanged.grant))),
    };
    let body = ordered_body(&exchanged, expires_in, &settings.token_type);
    let response = Response::text(settings.status, "application/json", body)
        .with_header("cache-control", "no-store")
        .with_header("pragma", "no-cache");
    grant::billed(response, &exchanged.grant, exchanged.is_login)
}

/// `POST /revoke` and `/oauth2/revoke`: 200 and an empty page whether or not the token is known.
pub(super) fn revoke(shared: &Shared, request: &Request) -> Response {
    let all = shared.settings();
    let revoked = match oauth::revoke(shared, request, Provider::Wso2) {
        Ok(revoked) => revoked,
        Err(fault) => return refused(&fault, all.wso2.error_profile, &all.wso2.wrong_password),
    };
    let mut response = Response::text(200, "text/html", "");
    if let Some((access, refresh, owner)) = revoked {
        let user = owner
            .identity
            .split_once('|')
            .map_or(owner.identity.as_str(), |(_, user)| user)
            .to_owned();
        let found = [
            ("RevokedAccessToken", access),
            ("RevokedRefreshToken", refresh),
            ("AuthorizedUser", Some(user)),
        ];
        response.headers.extend(
            found
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?))),
        );
    }
    response
}

/// The response to a wrong client. WSO2 does not quote the realm.
pub(super) fn invalid_client(status: u16) -> Response {
    error(status, "invalid_client", "Client Authentication failed.")
        .with_header("www-authenticate", "Basic realm=127.0.0.1")
}

/// WSO2 makes this object from an unordered map. Here the order depends on the token, so that no client can rely on one.
fn ordered_body(exchanged: &Exchanged, expires_in: Option<Value>, token_type: &str) -> String {
    let grant = &exchanged.grant;
    let mut fields: Vec<(&str, Value)> = vec![
        ("access_token", json!(grant.access)),
        ("scope", json!(grant.scope)),
    ];
    if let (true, Some(refresh)) = (exchanged.with_refresh, &grant.refresh) {
        fields.push(("refresh_token", json!(refresh)));
    }
    if !token_type.is_empty() {
        fields.push(("token_type", json!(token_type)));
    }
    if let Some(expires_in) = expires_in {
        fields.push(("expires_in", expires_in));
    }
    let turn = grant
        .access
        .bytes()
        .fold(0_usize, |sum, byte| sum + usize::from(byte))
        % fields.len();
    fields.rotate_left(turn);
    let members: Vec<String> = fields
        .into_iter()
        .map(|(name, value)| format!("{}:{value}", Value::from(name)))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn refused(fault: &TokenFault, profile: ErrorProfile, wrong_password: &(u16, String)) -> Response {
    match fault {
        TokenFault::NotAForm => error(400, "invalid_request", "Missing grant_type parameter value"),
        TokenFault::Parameter(name) => error(
            400,
            "invalid_request",
            &format!("Missing parameters: {name}"),
        ),
        TokenFault::ClientMissing | TokenFault::ClientWrong => invalid_client(401),
        // Each generation responds differently to a malformed Basic header.
        TokenFault::ClientMalformed => match profile {
            ErrorProfile::V21 => Response::html(404, "404 Not Found"),
            ErrorProfile::V26 => error(
                400,
                "invalid_request",
                "Error decoding authorization header",
            ),
            ErrorProfile::V4 => invalid_client(401),
        },
        TokenFault::GrantNotEnabled => error(
            400,
            "unauthorized_client",
            "The authenticated client is not authorized to use this authorization grant type",
        ),
        TokenFault::GrantUnknown => error(
            400,
            "unsupported_grant_type",
            "Unsupported grant_type value",
        ),
        TokenFault::WrongUser(username) => error(
            wrong_password.0,
            &wrong_password.1,
            &format!("Authentication failed for {username}"),
        ),
        TokenFault::UnknownScope => error(400, "invalid_scope", "Invalid Scope!"),
        TokenFault::RefreshExpired if profile == ErrorProfile::V21 => {
            error(400, "invalid_request", "Refresh token is expired.")
        }
        TokenFault::RefreshExpired => error(400, "invalid_grant", "Refresh token is expired."),
        TokenFault::RefreshUnknown => error(
            400,
            "invalid_grant",
            "Persisted access token data not found",
        ),
    }
}

fn error(status: u16, error: &str, description: &str) -> Response {
    Response::json(
        status,
        &json!({"error": error, "error_description": description}),
    )
    .with_header("cache-control", "no-store")
    .with_header("pragma", "no-cache")
}
