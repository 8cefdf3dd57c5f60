//! A server after RFC 6749, with settings for the deviations of real ones.

use serde_json::{Map, Value, json};

use crate::clock::iso;
use crate::http::{Request, Response};
use crate::ledger::Grant;
use crate::settings::{ExpiresUnit, ProviderSettings};
use crate::state::Shared;

use super::oauth::{self, Exchanged, TokenFault, owner};
use super::{Provider, grant};

/// `POST /plain/token`.
pub(super) fn token(shared: &Shared, request: &Request) -> Response {
    let all = shared.settings();
    response(
        &all.plain,
        oauth::exchange(shared, request, Provider::Plain),
    )
}

/// `POST /plain/login`: a login with JSON, for which there is no preset.
pub(super) fn login(shared: &Shared, request: &Request) -> Response {
    let all = shared.settings();
    let known = &all.credentials.plain;
    let Some(body) = request.json_object() else {
        return refused(&TokenFault::NotAForm, &all.plain);
    };
    let text = |name| body.get(name).and_then(Value::as_str);
    let outcome = match (text("username"), text("password")) {
        (Some(username), Some(password))
            if username == known.username && password == known.password =>
        {
            Ok(oauth::logged_in(
                shared,
                &all.plain,
                &owner(Provider::Plain, format!("json|{username}"), String::new()),
            ))
        }
        (Some(username), Some(_)) => Err(TokenFault::WrongUser(username.to_owned())),
        (None, _) => Err(TokenFault::Parameter("username")),
        (_, None) => Err(TokenFault::Parameter("password")),
    };
    response(&all.plain, outcome)
}

/// `POST /plain/refresh`: the refresh token in JSON or as Bearer.
pub(super) fn refresh(shared: &Shared, request: &Request) -> Response {
    let all = shared.settings();
    let in_body = request
        .json_object()
        .and_then(|body| Some(body.get("refresh_token")?.as_str()?.to_owned()));
    let as_bearer = request
        .authorization()
        .filter(|(scheme, _)| scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer")));
    let outcome = match in_body.as_deref().or(as_bearer.map(|(_, token)| token)) {
        Some(token) => oauth::redeem(shared, &all.plain, Provider::Plain, token),
        None => Err(TokenFault::Parameter("refresh_token")),
    };
    response(&all.plain, outcome)
}

/// `POST /plain/revoke` (RFC 7009 §2.2: 200 also for an unknown token).
pub(super) fn revoke(shared: &Shared, request: &Request) -> Response {
    match oauth::revoke(shared, request, Provider::Plain) {
        Ok(_) => Response::new(200),
        Err(fault) => refused(&fault, &shared.settings().plain),
    }
}

/// RFC 6749 §5.2.
pub(super) fn invalid_client(status: u16) -> Response {
    error(status, "invalid_client", "unknown client")
        .with_header("www-authenticate", "Basic realm=\"plain\"")
}

fn response(settings: &ProviderSettings, outcome: Result<Exchanged, TokenFault>) -> Response {
    let exchanged = match outcome {
        Ok(exchanged) => exchanged,
        Err(fault) => return refused(&fault, settings),
    };
    let grant = &exchanged.grant;
    let mut body = Value::Object(Map::new());
    let mut headers = Vec::new();
    put(
        &mut body,
        &mut headers,
        &settings.token_field,
        json!(grant.access),
    );
    if let (true, Some(refresh)) = (exchanged.with_refresh, &grant.refresh) {
        put(
            &mut body,
            &mut headers,
            &settings.refresh_field,
            json!(refresh),
        );
    }
    let expires = match grant::expires_override(settings) {
        Ok(raw) => raw,
        Err(grant::Honest) => Some(lifetime(settings.expires_unit, grant)),
    };
    if let Some(expires) = expires {
        put(&mut body, &mut headers, &settings.expires_field, expires);
    }
    if !settings.token_type.is_empty() {
        body["token_type"] = json!(settings.token_type);
    }
    if !grant.scope.is_empty() {
        body["scope"] = json!(grant.scope);
    }
    let mut response =
        Response::json(settings.status, &body).with_header("cache-control", "no-store");
    response.headers.extend(headers);
    grant::billed(response, grant, exchanged.is_login)
}

fn lifetime(unit: ExpiresUnit, grant: &Grant) -> Value {
    let at_ms = grant.expires_ms.unwrap_or(i64::MAX);
    match unit {
        ExpiresUnit::Seconds => json!(grant::seconds_left(grant)),
        ExpiresUnit::Milliseconds => json!(grant.left_ms.unwrap_or(i64::MAX)),
        ExpiresUnit::Unix => json!(at_ms / 1000),
        ExpiresUnit::UnixMs => json!(at_ms),
        ExpiresUnit::Iso => json!(iso(at_ms)),
    }
}

/// Sets a value at a dotted path of the body, or as a header.
fn put(body: &mut Value, headers: &mut Vec<(String, String)>, place: &str, value: Value) {
    if let Some(name) = place.strip_prefix("header:") {
        headers.push((
            name.to_ascii_lowercase(),
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned),
        ));
        return;
    }
    let mut at = body;
    for part in place.split('.') {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[part];
    }
    *at = value;
}

fn refused(fault: &TokenFault, settings: &ProviderSettings) -> Response {
    match fault {
        TokenFault::NotAForm => error(400, "invalid_request", "wrong content type or body"),
        TokenFault::Parameter(name) => error(
            400,
            "invalid_request",
            &format!("{name} is missing or repeated"),
        ),
        TokenFault::ClientMissing | TokenFault::ClientMalformed | TokenFault::ClientWrong => {
            invalid_client(401)
        }
        TokenFault::GrantNotEnabled => error(400, "unauthorized_client", "grant not enabled"),
        TokenFault::GrantUnknown => error(400, "unsupported_grant_type", "unknown grant"),
        TokenFault::WrongUser(_) => error(
            settings.wrong_password.0,
            &settings.wrong_password.1,
            "wrong user or password",
        ),
        TokenFault::UnknownScope => error(400, "invalid_scope", "unknown scope"),
        TokenFault::RefreshUnknown => error(400, "invalid_grant", "unknown refresh token"),
        TokenFault::RefreshExpired => error(400, "invalid_grant", "expired refresh token"),
    }
}

fn error(status: u16, error: &str, description: &str) -> Response {
    Response::json(
        status,
        &json!({"error": error, "error_description": description}),
    )
    .with_header("cache-control", "no-store")
}
