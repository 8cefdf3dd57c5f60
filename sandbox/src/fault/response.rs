//! The responses of faults that send their own.

use crate::exchange::template_error;
use crate::http::{Request, Response};
use crate::provider::{
    ApiRefusal, Kind, Provider, Route, api_refusal, gateway_fault, rate_limited, token_refusal,
};
use crate::script::{GivenBody, rendered};
use crate::state::Shared;
use crate::template::Scope;

use super::FaultAction;

/// The response of a fault, in place of the provider's.
pub(crate) fn response(
    shared: &Shared,
    request: &Request,
    route: &Route,
    action: &FaultAction,
) -> Response {
    if let Some(described) = shared.with_scope(|scope| described(action, scope)) {
        return described.unwrap_or_else(|error| template_error(&error));
    }
    match action {
        FaultAction::Unauthorized {
            code,
            format,
            status,
            description,
        } => {
            let refusal = ApiRefusal {
                status: *status,
                code: code.unwrap_or(900_901),
                description: description.clone().unwrap_or_default(),
                format: *format,
            };
            unauthorized(shared, route, &refusal)
        }
        FaultAction::RateLimited {
            retry_after,
            retry_after_date,
            no_retry_after,
        } => {
            let provider = provider_of(route);
            let seconds = retry_after.map(|after| (after, false));
            let date = retry_after_date.map(|after| (after, true));
            let by_default = (1, provider == Provider::Wso2);
            let retry_after = (!no_retry_after).then(|| seconds.or(date).unwrap_or(by_default));
            let now_secs = shared.clock.now_secs();
            rate_limited(
                provider,
                route.kind,
                &shared.settings(),
                now_secs,
                retry_after,
            )
        }
        FaultAction::Gateway { format } => gateway_fault(*format),
        FaultAction::Html { status } => Response::html(*status, "It works"),
        FaultAction::Empty { status } => Response::new(*status),
        FaultAction::BadJson { status } => {
            let cut = "{\"access_token\":\"abc\",\"token\":\"ab";
            Response::text(*status, "application/json", cut)
        }
        FaultAction::Huge { bytes, status } => {
            let frame = "{\"pad\":\"\"}".len();
            let pad = "x".repeat(bytes.saturating_sub(frame));
            let body = format!("{{\"pad\":\"{pad}\"}}");
            Response::text(*status, "application/json", body)
        }
        FaultAction::Redirect { status, location } => {
            let other_origin = || format!("{}{}", shared.addresses.foreign_url, request.path);
            Response::new(*status)
                .with_header("location", location.clone().unwrap_or_else(other_origin))
        }
        // The others send the normal response, or none.
        _ => Response::new(500),
    }
}

/// The response that a fault of the type `status` describes, with its templates rendered; `None` for other types.
pub(crate) fn described(
    action: &FaultAction,
    scope: &mut Scope<'_>,
) -> Option<Result<Response, String>> {
    let FaultAction::Status {
        status,
        headers,
        json,
        text,
        body_base64,
    } = action
    else {
        return None;
    };
    let body = GivenBody {
        json: json.as_ref(),
        text: text.as_deref(),
        base64: body_base64.as_deref(),
    };
    Some(rendered(*status, headers, body, scope))
}

/// The provider's own 401, of its token endpoint or of its API.
fn unauthorized(shared: &Shared, route: &Route, refusal: &ApiRefusal) -> Response {
    let (provider, settings) = (provider_of(route), shared.settings());
    match route.kind {
        Kind::Login | Kind::Refresh | Kind::Revoke => {
            token_refusal(provider, &settings, refusal.status)
        }
        Kind::Api | Kind::Other => api_refusal(provider, &settings, refusal),
    }
}

fn provider_of(route: &Route) -> Provider {
    route.provider.unwrap_or(Provider::Plain)
}
