//! PassKit.

use serde_json::{Value, json};

use crate::http::{Request, Response};
use crate::settings::{ProviderSettings, TokenForm};
use crate::state::Shared;

use super::oauth::owner;
use super::refusal::passkit_error;
use super::{Provider, grant};

/// `POST /login`.
pub(super) fn login(shared: &Shared, request: &Request) -> Response {
    let all = shared.settings();
    let (settings, known) = (&all.passkit, &all.credentials.passkit);
    let error = |status, message: &str| passkit_error(settings.fault_format, status, message);
    let Some(body) = request.json_object() else {
        return error(400, "invalid character looking for beginning of value");
    };
    let text = |name| body.get(name).and_then(Value::as_str);
    let (Some(username), Some(password)) = (text("username"), text("password")) else {
        return error(400, "username and password are required");
    };
    if username != known.username || password != known.password {
        return error(401, "invalid username or password");
    }
    let long_lived = request
        .header("x-passkit-longlived-token")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let grant = if long_lived {
        // Permanent, and not a JWT.
        let settings = ProviderSettings {
            life_secs: -1,
            token: TokenForm::Opaque,
            ..settings.clone()
        };
        grant::login(
            shared,
            &settings,
            &owner(
                Provider::Passkit,
                username.to_owned(),
                "long-lived".to_owned(),
            ),
        )
    } else {
        grant::login(
            shared,
            settings,
            &owner(Provider::Passkit, username.to_owned(), String::new()),
        )
    };
    let mut response = json!({"token": grant.access});
    if let Ok(Some(raw)) = grant::expires_override(settings) {
        response["expires_in"] = raw;
    }
    grant::billed(Response::json(settings.status, &response), &grant, true)
}
