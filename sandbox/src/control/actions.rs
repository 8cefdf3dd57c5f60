//! The control calls that return immediately.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::iso;
use crate::digest::random_hex;
use crate::fault::{ArmedFault, Kill, described};
use crate::jwt;
use crate::provider::{Provider, rotate_all};
use crate::settings::Settings;
use crate::state::Shared;

use super::{ControlError, Outcome};

pub(super) fn journal(shared: &Shared, since: u64) -> Value {
    let (entries, dropped) = shared.lock().journal.since(since);
    json!({"entries": entries, "dropped": dropped})
}

pub(super) fn clear_journal(shared: &Shared) -> Value {
    let mut inner = shared.lock();
    inner.journal.clear();
    inner.counts = crate::counts::Counts::default();
    json!({})
}

pub(super) fn counts(shared: &Shared) -> Value {
    let held = shared.held();
    shared.lock().counts.to_json(held)
}

pub(super) fn clock(shared: &Shared) -> Value {
    let now_ms = shared.clock.now_ms();
    json!({"now_ms": now_ms, "now": iso(now_ms), "offset_ms": shared.clock.offset_ms()})
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    #[serde(default)]
    advance_secs: i64,
    #[serde(default)]
    advance_ms: i64,
}

pub(super) fn advance(shared: &Shared, by: &Advance) -> Outcome {
    let by_ms = by
        .advance_secs
        .checked_mul(1000)
        .and_then(|ms| ms.checked_add(by.advance_ms));
    // A thousand years. Beyond that, sums of times could overflow.
    let by_ms = by_ms
        .filter(|ms| ms.unsigned_abs() < 31_557_600_000_000)
        .ok_or_else(|| ControlError::bad("too far"))?;
    shared.clock.advance_ms(by_ms);
    Ok(clock(shared))
}

pub(super) fn settings(shared: &Shared) -> Outcome {
    serde_json::to_value(&*shared.settings()).map_err(|error| ControlError::bad(error.to_string()))
}

pub(super) fn configure(shared: &Shared, patch: &Value) -> Outcome {
    let mut inner = shared.lock();
    let new = inner.settings.patched(patch).map_err(ControlError::bad)?;
    if !same_start(&inner.settings, &new) {
        return Err(ControlError::bad(
            "ports, https and client_cert are fixed at start",
        ));
    }
    inner.settings = Arc::new(new);
    drop(inner);
    settings(shared)
}

fn same_start(old: &Settings, new: &Settings) -> bool {
    let fixed = |settings: &Settings| {
        (
            settings.port,
            settings.foreign_port,
            settings.https_port,
            settings.https,
            settings.client_cert,
        )
    };
    fixed(old) == fixed(new)
}

pub(super) fn faults(shared: &Shared) -> Value {
    json!({"armed": shared.lock().armed.list()})
}

pub(super) fn arm(shared: &Shared, body: &Value) -> Outcome {
    let list = match body {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    let armed: Vec<ArmedFault> = list
        .into_iter()
        .map(serde_json::from_value)
        .collect::<Result<_, _>>()
        .map_err(|error| ControlError::bad(error.to_string()))?;
    for fault in &armed {
        check(shared, fault)?;
    }
    let mut inner = shared.lock();
    for fault in armed {
        inner.armed.arm(fault);
    }
    Ok(json!({"armed": inner.armed.list().len()}))
}

/// Checks that deserialization does not make.
fn check(shared: &Shared, armed: &ArmedFault) -> Result<(), ControlError> {
    if !armed.route.is_valid() {
        return Err(ControlError::bad(format!(
            "unknown route {:?}",
            armed.route.as_str()
        )));
    }
    match shared.with_scope(|scope| described(&armed.fault.action, scope)) {
        Some(Err(error)) => Err(ControlError::bad(error)),
        Some(Ok(_)) | None => Ok(()),
    }
}

pub(super) fn disarm(shared: &Shared) -> Value {
    shared.lock().armed.clear();
    json!({})
}

pub(super) fn script(shared: &Shared, body: &Value) -> Outcome {
    let routes = shared.lock().script.load(body).map_err(ControlError::bad)?;
    Ok(json!({"routes": routes}))
}

pub(super) fn clear_script(shared: &Shared) -> Value {
    shared.lock().script = crate::script::Script::default();
    json!({})
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revoke {
    #[serde(default)]
    provider: Option<Provider>,
    #[serde(default)]
    what: Kill,
}

pub(super) fn revoke(shared: &Shared, wanted: &Revoke) -> Value {
    let (access, refresh) = shared
        .lock()
        .ledger
        .revoke_all(wanted.provider, wanted.what);
    json!({"access": access, "refresh": refresh})
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    #[serde(default)]
    provider: Option<Provider>,
    #[serde(default)]
    secret: bool,
}

pub(super) fn rotate(shared: &Shared, wanted: &Rotate) -> Value {
    if !wanted.secret {
        return json!({"grants": rotate_all(shared, wanted.provider)});
    }
    let mut inner = shared.lock();
    let mut settings = Settings::clone(&inner.settings);
    for provider in Provider::ALL
        .into_iter()
        .filter(|provider| wanted.provider.is_none_or(|one| one == *provider))
    {
        // With the same kinds of characters as the first one, but no colon, which WSO2 cannot handle.
        let new = format!("n$e&w%+;é{}", random_hex(8));
        let known = &mut settings.credentials;
        match provider {
            Provider::Pismo => known.pismo.server_secret = new,
            Provider::Passkit => known.passkit.password = new,
            Provider::Wso2 => known.wso2.password = new,
            Provider::Plain => known.plain.password = new,
        }
    }
    inner.settings = Arc::new(settings);
    json!({"credentials": inner.settings.credentials})
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    #[serde(default)]
    count: Option<usize>,
}

pub(super) fn release(shared: &Shared, wanted: &Release) -> Value {
    let (released, held) = shared.release(wanted.count);
    json!({"released": released, "held": held})
}

pub(super) fn openid_key() -> Value {
    let (private, public) = jwt::openid_key();
    json!({"private_key_pem": private, "public_key_pem": public})
}

pub(super) fn certificates(shared: &Shared) -> Value {
    let addresses = &shared.addresses;
    json!({
        "ca_pem": addresses.ca_pem,
        "client_cert_pem": addresses.client_cert_pem,
        "client_key_pem": addresses.client_key_pem,
    })
}
