//! The API routes, which check the token and echo the request.

use serde_json::{Map, Value, json};

use crate::digest::fingerprint;
use crate::http::{Request, Response};
use crate::jwt::{is_from_passport, verify_hs256};
use crate::ledger::{Access, Standing};
use crate::redact::push;
use crate::settings::{ApiAuthorization, Settings};
use crate::state::Shared;

use super::refusal::{ApiRefusal, api_refusal};
use super::{Provider, grant};

/// The greatest age of a signed PassKit JWT, by its `iat`.
const PASSKIT_MAX_AGE_SECS: i64 = 60;

/// The provider whose token was sent to `/api/…`.
pub(super) fn provider_of_token(request: &Request, shared: &Shared) -> Provider {
    let inner = shared.lock();
    let Some((_, token)) = request.authorization() else {
        return inner.settings.default_provider;
    };
    match inner.ledger.standing(token, 0) {
        Standing::Good(access) | Standing::Dead(access) | Standing::Expired(access) => {
            access.owner.provider
        }
        Standing::Unknown if is_from_passport(token) => Provider::Pismo,
        Standing::Unknown
            if verify_hs256(token, &inner.settings.credentials.passkit.api_secret).is_some() =>
        {
            Provider::Passkit
        }
        Standing::Unknown => inner.settings.default_provider,
    }
}

/// Checks the token and echoes the request.
pub(super) fn respond(
    shared: &Shared,
    request: &Request,
    provider: Provider,
    seq: u64,
) -> Response {
    let settings = shared.settings();
    match admit(shared, request, provider, &settings) {
        Ok(pass) => echo(shared, request, provider, seq, &pass, &settings),
        Err(refusal) => api_refusal(provider, &settings, &refusal),
    }
}

/// A valid token.
struct Pass {
    token: String,
    access: Option<Access>,
}

fn admit(
    shared: &Shared,
    request: &Request,
    provider: Provider,
    settings: &Settings,
) -> Result<Pass, ApiRefusal> {
    let switches = settings.provider(provider);
    let invalid = |description: &str| ApiRefusal {
        code: 900_901,
        description: description.to_owned(),
        ..ApiRefusal::default()
    };
    let Some((scheme, token)) = request.authorization() else {
        return Err(ApiRefusal {
            code: 900_902,
            description: "Make sure your API invocation call has a header: 'Authorization: Bearer ACCESS_TOKEN'".to_owned(),
            ..ApiRefusal::default()
        });
    };
    if !accepts(switches.authorization, scheme) {
        return Err(invalid("Invalid authorization scheme"));
    }
    let now_ms = shared.clock.now_ms();
    let standing = shared.lock().ledger.standing(token, now_ms);
    match standing {
        Standing::Good(access) if access.owner.provider == provider => Ok(Pass {
            token: token.to_owned(),
            access: Some(access),
        }),
        Standing::Expired(access) if access.owner.provider == provider => Err(ApiRefusal {
            status: (switches.expired_status != 401).then_some(switches.expired_status),
            code: switches.expired_code,
            description: "Access token expired".to_owned(),
            format: None,
        }),
        _ if provider == Provider::Passkit => {
            signed_by_client(token, settings, now_ms / 1000).map_err(invalid)
        }
        _ => Err(invalid(
            "Make sure you have provided the correct security credentials",
        )),
    }
}

fn accepts(wanted: ApiAuthorization, scheme: Option<&str>) -> bool {
    match (wanted, scheme) {
        (ApiAuthorization::Raw | ApiAuthorization::Both, None) => true,
        (ApiAuthorization::Bearer | ApiAuthorization::Both, Some(scheme)) => {
            scheme.eq_ignore_ascii_case("bearer")
        }
        (ApiAuthorization::ExactBearer, Some(scheme)) => scheme == "Bearer",
        (ApiAuthorization::Bearer | ApiAuthorization::ExactBearer, None)
        | (ApiAuthorization::Raw, Some(_)) => false,
    }
}

/// The JWT that PassKit recommends signing for each request.
fn signed_by_client(token: &str, settings: &Settings, now: i64) -> Result<Pass, &'static str> {
    let known = &settings.credentials.passkit;
    let claims = verify_hs256(token, &known.api_secret).ok_or("invalid token")?;
    let time = |name| claims.get(name).and_then(Value::as_i64);
    if claims.get("uid").and_then(Value::as_str) != Some(&known.api_key) {
        return Err("invalid token");
    }
    let (Some(iat), Some(exp)) = (time("iat"), time("exp")) else {
        return Err("invalid token");
    };
    if iat > now {
        return Err("Token used before issued");
    }
    if now - iat >= PASSKIT_MAX_AGE_SECS {
        return Err("jwt was issued too long ago");
    }
    if exp <= now {
        return Err("Token is expired");
    }
    Ok(Pass {
        token: token.to_owned(),
        access: None,
    })
}

fn echo(
    shared: &Shared,
    request: &Request,
    provider: Provider,
    seq: u64,
    pass: &Pass,
    settings: &Settings,
) -> Response {
    let now_ms = shared.clock.now_ms();
    let owner = pass.access.as_ref().map(|access| &access.owner);
    let (headers, query) = shared.redacted(|redactor| {
        let mut headers = Map::new();
        for (name, value) in &request.headers {
            push(
                &mut headers,
                name.clone(),
                redactor.header(name, value).into(),
            );
        }
        (headers, redactor.query(&request.query))
    });
    let body = json!({
        "seq": seq,
        "provider": provider,
        "method": request.method,
        "path": request.path,
        "query": query,
        "headers": headers,
        "body_length": request.body.len(),
        "body_sha256": request.body_sha256(),
        "token": {
            "fingerprint": fingerprint(&pass.token),
            "identity": owner.map(|owner| &owner.identity),
            "account": owner.and_then(|owner| owner.account.as_ref()),
            "scope": owner.map(|owner| &owner.scope),
            "expires_in_ms": pass.access.as_ref().and_then(|access| access.expires_ms).map(|at| at - now_ms),
        },
    });
    let mut response = Response::json(200, &body);
    if let Some(access) = &pass.access
        && provider == Provider::Passkit
        && settings.passkit.renewed_token_header
        && half_is_over(access, now_ms)
    {
        let renewed = grant::login(shared, &settings.passkit, &access.owner);
        response
            .headers
            .push(("x-passkit-token".to_owned(), renewed.access.clone()));
        response.issued.push(renewed.access);
    }
    response
}

fn half_is_over(access: &Access, now_ms: i64) -> bool {
    access
        .expires_ms
        .is_some_and(|at| (at - now_ms) * 2 <= at - access.issued_ms)
}
