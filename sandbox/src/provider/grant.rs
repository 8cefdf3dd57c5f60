//! Issues tokens in each provider's form.

use serde_json::{Map, Value, json};

use crate::digest::{random_hex, random_uuid};
use crate::http::Response;
use crate::jwt::{hs256, hs512};
use crate::ledger::{Grant, Issue, Owner, RefreshRefused};
use crate::settings::{ProviderSettings, TokenForm};
use crate::state::Shared;

use super::Provider;

/// Issues tokens for an accepted login.
pub(super) fn login(shared: &Shared, settings: &ProviderSettings, owner: &Owner) -> Grant {
    let mint = |iat, exp| mint(owner, settings, iat, exp);
    let issue = Issue {
        owner: owner.clone(),
        settings,
        now_ms: shared.clock.now_ms(),
        mint: &mint,
    };
    shared.lock().ledger.login(&issue)
}

/// Checks and exchanges a refresh token in one step.
pub(super) fn refresh(
    shared: &Shared,
    settings: &ProviderSettings,
    provider: Provider,
    refresh_token: &str,
) -> Result<Grant, RefreshRefused> {
    let now_ms = shared.clock.now_ms();
    let mut inner = shared.lock();
    let owner = inner
        .ledger
        .refresh_owner(refresh_token, provider, settings, now_ms)?;
    let mint = |iat, exp| mint(&owner, settings, iat, exp);
    let issue = Issue {
        owner: owner.clone(),
        settings,
        now_ms,
        mint: &mint,
    };
    Ok(inner.ledger.refresh(refresh_token, &issue))
}

/// Renews every live grant, as another client would. Returns their number.
pub(crate) fn rotate_all(shared: &Shared, provider: Option<Provider>) -> usize {
    let now_ms = shared.clock.now_ms();
    let settings = shared.settings();
    let mut inner = shared.lock();
    let owners = inner.ledger.live_owners(provider, now_ms);
    for owner in &owners {
        let settings = settings.provider(owner.provider);
        let mint = |iat, exp| mint(owner, settings, iat, exp);
        inner.ledger.rotate(&Issue {
            owner: owner.clone(),
            settings,
            now_ms,
            mint: &mint,
        });
    }
    owners.len()
}

/// Notes in a response which tokens it issues.
pub(super) fn billed(mut response: Response, grant: &Grant, is_login: bool) -> Response {
    response.issued.push(grant.access.clone());
    response.issued_refresh.extend(grant.refresh.clone());
    response.superfluous_login = is_login && grant.superfluous_login;
    response
}

/// The remaining seconds, rounded down as servers do; for a token that never expires, what WSO2 sends.
pub(super) fn seconds_left(grant: &Grant) -> i64 {
    grant.left_ms.map_or(i64::MAX, |left| left.max(0) / 1000)
}

/// The setting `expires_in`: `Ok(None)` to send none, `Ok(Some)` for fixed JSON, `Err` if it is not overridden.
pub(super) fn expires_override(settings: &ProviderSettings) -> Result<Option<Value>, Honest> {
    match settings.expires_in.as_str() {
        Some("auto") => Err(Honest),
        Some("absent") => Ok(None),
        _ => Ok(Some(settings.expires_in.clone())),
    }
}

/// The setting is not overridden.
pub(super) struct Honest;

fn mint(owner: &Owner, settings: &ProviderSettings, iat: i64, exp: Option<i64>) -> String {
    if settings.token == TokenForm::Opaque {
        return match owner.provider {
            // WSO2's opaque tokens are UUIDs.
            Provider::Wso2 => random_uuid(),
            _ => random_hex(24),
        };
    }
    let skew = settings.claims_skew_secs;
    let mut claims = own_claims(owner);
    claims.insert("iat".to_owned(), (iat + skew).into());
    if let Some(exp) = exp {
        claims.insert("exp".to_owned(), exp.saturating_add(skew).into());
    }
    for (name, value) in &settings.claims {
        if value.is_null() {
            claims.remove(name);
        } else {
            claims.insert(name.clone(), value.clone());
        }
    }
    match owner.provider {
        Provider::Pismo => hs512(&claims),
        _ => hs256(&claims),
    }
}

fn own_claims(owner: &Owner) -> Map<String, Value> {
    let claims = match owner.provider {
        // As in the sample of Pismo's documentation.
        Provider::Pismo => json!({
            "iss": "Passport",
            "sub": format!("AUTH-{}", random_uuid()),
            "uid": format!("TN-{}:{}", random_uuid(), random_hex(20)),
            "tkver": "2",
        }),
        Provider::Passkit => json!({"uid": owner.identity, "jti": random_hex(8)}),
        Provider::Wso2 => json!({
            "iss": "https://localhost:9443/oauth2/token",
            "sub": owner.identity,
            "jti": random_uuid(),
            "scope": owner.scope,
        }),
        Provider::Plain => {
            json!({"iss": "plain", "sub": owner.identity, "jti": random_uuid(), "scope": owner.scope})
        }
    };
    match claims {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
