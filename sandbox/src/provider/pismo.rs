//! Pismo Passport.

use serde_json::{Map, Value, json};

use crate::digest::random_hex;
use crate::http::{Request, Response, field};
use crate::jwt::{openid_key, verify_rs256};
use crate::ledger::Owner;
use crate::settings::{ProviderSettings, SecretField};
use crate::state::Shared;

use super::oauth::owner;
use super::{Provider, grant};

/// The lifetime of OpenID and OAuth2 tokens in Pismo's documentation.
const LONG_LIFE_SECS: i64 = 3600;

/// `POST /passport/v2/s2s/access-token`.
pub(super) fn server_to_server(shared: &Shared, request: &Request) -> Response {
    let all = shared.settings();
    let (settings, known) = (&all.pismo, &all.credentials.pismo);
    let Some(body) = request.json_object() else {
        return refused(400, "Invalid request body");
    };
    let secret = match (
        settings.secret_field,
        body.get("server_secret"),
        body.get("secret_key"),
    ) {
        (SecretField::ServerSecret | SecretField::Both, Some(secret), None)
        | (SecretField::SecretKey | SecretField::Both, None, Some(secret)) => secret.as_str(),
        _ => None,
    };
    let (Some(key), Some(secret)) = (body.get("server_key").and_then(Value::as_str), secret) else {
        return refused(400, "Invalid request body");
    };
    let account = match body.get("account_id") {
        None | Some(Value::Null) => None,
        // The documentation has a number; some clients send a string.
        Some(Value::Number(id)) => Some(id.to_string()),
        Some(_) => return refused(400, "account_id must be a number"),
    };
    if key != known.server_key || secret != known.server_secret {
        return refused(401, "Unauthorized");
    }
    let owner = Owner {
        account: account.or_else(|| text(&body, "external_account_id").map(str::to_owned)),
        ..owner(Provider::Pismo, key.to_owned(), String::new())
    };
    let grant = grant::login(shared, settings, &owner);
    let mut response = json!({
        "server_key": key,
        "tenant": "TN-sandbox",
        "program_ids": [1, 2],
        "roles": ["pismo-v1:sandbox:rw"],
        "token": grant.access,
        // The same value, as in the documented sample; there is no refresh endpoint.
        "refresh": grant.access,
    });
    if let Ok(Some(raw)) = grant::expires_override(settings) {
        response["expires_in"] = raw;
    }
    grant::billed(Response::json(settings.status, &response), &grant, true)
}

/// `POST /passport/v1/oauth2/token`: an assertion signed by the client.
pub(super) fn openid(shared: &Shared, request: &Request) -> Response {
    let all = shared.settings();
    let known = &all.credentials.pismo;
    let Some(assertion) = request
        .json_object()
        .and_then(|body| text(&body, "token").map(str::to_owned))
    else {
        return refused(400, "Invalid request body");
    };
    let public_key = known
        .public_key_pem
        .as_deref()
        .unwrap_or_else(|| &openid_key().1);
    let Some(claims) = verify_rs256(&assertion, public_key) else {
        return refused(401, "Unauthorized");
    };
    let expected = [
        ("iss", &known.issuer),
        ("sub", &known.subject),
        ("aud", &known.audience),
        ("tenant_id", &known.tenant_id),
    ];
    if expected
        .into_iter()
        .any(|(name, value)| text(&claims, name) != Some(value))
    {
        return refused(401, "Unauthorized");
    }
    let now = shared.clock.now_secs();
    let time = |name| claims.get(name).and_then(Value::as_i64);
    match (time("iat"), time("exp")) {
        (Some(iat), Some(exp)) if iat <= now && now < exp && exp - iat <= LONG_LIFE_SECS => {}
        _ => return refused(401, "Unauthorized"),
    }
    let account = text(&claims, "uid")
        .or_else(|| text(&claims, "external_account_id"))
        .map(str::to_owned);
    let owner = Owner {
        account,
        ..owner(
            Provider::Pismo,
            format!("openid|{}", known.subject),
            String::new(),
        )
    };
    let settings = long_lived(&all.pismo);
    let grant = grant::login(shared, &settings, &owner);
    let expires_in = match grant::expires_override(&settings) {
        Ok(raw) => raw,
        Err(grant::Honest) => Some(json!(grant::seconds_left(&grant).to_string())),
    };
    let mut response = json!({"token": grant.access, "refresh_token": random_hex(24)});
    if let Some(expires_in) = expires_in {
        response["expires_in"] = expires_in;
    }
    // Always 201, and all three are strings.
    grant::billed(Response::json(201, &response), &grant, true)
}

/// `POST /passport/v2/oauth/token`.
pub(super) fn client_credentials(shared: &Shared, request: &Request) -> Response {
    let all = shared.settings();
    let known = &all.credentials.pismo;
    let form = request
        .form()
        .or_else(|| request.json_object().map(|body| as_form(&body)))
        .unwrap_or_default();
    if field(&form, "grant_type") != Some("client_credentials") {
        return oauth_refused(400, "unsupported_grant_type");
    }
    if field(&form, "client_id") != Some(&known.client_id)
        || field(&form, "client_secret") != Some(&known.client_secret)
    {
        return oauth_refused(401, "invalid_client");
    }
    let scope = field(&form, "scope").unwrap_or_default().to_owned();
    let owner = Owner {
        account: field(&form, "uid").map(str::to_owned),
        ..owner(
            Provider::Pismo,
            format!("oauth2|{}", known.client_id),
            scope,
        )
    };
    let settings = long_lived(&all.pismo);
    let grant = grant::login(shared, &settings, &owner);
    let mut response =
        json!({"access_token": grant.access, "token_type": "Bearer", "scope": grant.scope});
    match grant::expires_override(&settings) {
        Ok(None) => {}
        Ok(Some(raw)) => response["expires_in"] = raw,
        Err(grant::Honest) => {
            response["expires_in"] = json!(grant::seconds_left(&grant));
        }
    }
    grant::billed(Response::json(settings.status, &response), &grant, true)
}

/// In these two flows a token lives for an hour, unless the lifetime was set.
fn long_lived(settings: &ProviderSettings) -> ProviderSettings {
    let untouched = settings.life_secs == ProviderSettings::pismo().life_secs;
    ProviderSettings {
        life_secs: if untouched {
            LONG_LIFE_SECS
        } else {
            settings.life_secs
        },
        ..settings.clone()
    }
}

fn refused(status: u16, message: &str) -> Response {
    Response::json(status, &json!({ "message": message }))
}

fn oauth_refused(status: u16, error: &str) -> Response {
    Response::json(status, &json!({ "error": error }))
}

fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.get(name).and_then(Value::as_str)
}

fn as_form(body: &Map<String, Value>) -> Vec<(String, String)> {
    body.iter()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}
