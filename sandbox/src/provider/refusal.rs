//! How each provider refuses an API request.

use serde_json::json;

use crate::clock::{http_date, iso};
use crate::http::Response;
use crate::settings::{ErrorProfile, FaultFormat, ProviderSettings, Settings};

use super::{Kind, Provider};

/// A refusal, independent of the form in which it is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct ApiRefusal {
    /// Overrides the status of the code.
    pub(crate) status: Option<u16>,
    /// WSO2's code.
    pub(crate) code: u32,
    pub(crate) description: String,
    /// Overrides the form of the settings.
    pub(crate) format: Option<FaultFormat>,
}

/// A refusal in the provider's form, with its challenge.
pub(crate) fn api_refusal(
    provider: Provider,
    settings: &Settings,
    refusal: &ApiRefusal,
) -> Response {
    let switches = settings.provider(provider);
    let (code_status, message) = wso2_code(refusal.code);
    let status = refusal.status.unwrap_or(if provider == Provider::Wso2 {
        code_status
    } else {
        401
    });
    let format = match refusal.format.unwrap_or(switches.fault_format) {
        FaultFormat::Auto => own_format(provider, switches),
        chosen => chosen,
    };
    let text = if refusal.description.is_empty() {
        message
    } else {
        &refusal.description
    };
    let mut response = match (format, provider) {
        (FaultFormat::Auto, Provider::Pismo) => {
            Response::json(status, &json!({"message": own_text(status)}))
        }
        (FaultFormat::Auto, _) => Response::json(
            status,
            &json!({"error": "invalid_token", "error_description": text}),
        ),
        (format, Provider::Wso2) => fault_body(format, status, refusal.code, message, text),
        (format, _) => fault_body(format, status, refusal.code, own_text(status), text),
    };
    if status == 401 {
        for challenge in challenges(provider, switches) {
            response
                .headers
                .push(("www-authenticate".to_owned(), challenge));
        }
    }
    response
}

/// 429 in the provider's form. `retry_after`: seconds, and whether to send them as a date; `None`: no header.
pub(crate) fn rate_limited(
    provider: Provider,
    kind: Kind,
    settings: &Settings,
    now_secs: i64,
    retry_after: Option<(i64, bool)>,
) -> Response {
    let switches = settings.provider(provider);
    let mut response = match (provider, kind) {
        (Provider::Wso2, Kind::Api) => {
            let refusal = ApiRefusal {
                code: 900_800,
                description: "You have exceeded your quota".to_owned(),
                ..ApiRefusal::default()
            };
            let mut response = api_refusal(provider, settings, &refusal);
            if let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&response.body) {
                let next = retry_after.map_or(now_secs, |(after, _)| now_secs + after);
                let target = if body.get("fault").is_some() {
                    &mut body["fault"]
                } else {
                    &mut body
                };
                target["nextAccessTime"] = json!(iso(next.saturating_mul(1000)));
                response.body = body.to_string().into();
            }
            response
        }
        (Provider::Pismo, _) => Response::json(429, &json!({"message": own_text(429)})),
        (Provider::Passkit, _) => passkit_error(switches.fault_format, 429, "rate limit exceeded"),
        _ => Response::json(
            429,
            &json!({"error": "temporarily_unavailable", "error_description": "too many requests"}),
        ),
    };
    if let Some((after, as_date)) = retry_after {
        let value = if as_date {
            http_date(now_secs + after)
        } else {
            after.to_string()
        };
        response.headers.push(("retry-after".to_owned(), value));
    }
    response
}

/// The fault of WSO2's gateway if its backend is unavailable, also on the token route. Its namespace is not that of the security
/// faults, and in JSON its code is a string.
pub(crate) fn gateway_fault(format: FaultFormat) -> Response {
    let (code, message, description) =
        (101_503, "Runtime Error", "Error connecting to the back end");
    if matches!(format, FaultFormat::Auto | FaultFormat::Xml) {
        let body = format!(
            "<am:fault xmlns:am=\"http://wso2.org/apimanager\"><am:code>{code}</am:code><am:type>Status report</am:type>\
             <am:message>{message}</am:message><am:description>{description}</am:description></am:fault>"
        );
        return Response::text(500, "application/xml; charset=UTF-8", body);
    }
    let body = json!({"code": code.to_string(), "type": "Status report", "message": message, "description": description});
    Response::json(500, &body)
}

/// The response of a token route to a client that is not the expected one.
pub(crate) fn token_refusal(
    provider: Provider,
    settings: &Settings,
    status: Option<u16>,
) -> Response {
    let status = status.unwrap_or(401);
    match provider {
        Provider::Pismo => Response::json(status, &json!({"message": own_text(status)})),
        Provider::Passkit => passkit_error(
            settings.passkit.fault_format,
            status,
            "invalid username or password",
        ),
        Provider::Wso2 => super::wso2::invalid_client(status),
        Provider::Plain => super::plain::invalid_client(status),
    }
}

/// PassKit's error in one of its three forms.
pub(super) fn passkit_error(format: FaultFormat, status: u16, message: &str) -> Response {
    // gRPC code 16 is "unauthenticated", 3 "invalid argument", 8 "resource exhausted": the API is a gRPC gateway.
    let code = match status {
        401 => 16,
        429 => 8,
        _ => 3,
    };
    let format = if format == FaultFormat::Auto {
        FaultFormat::Text
    } else {
        format
    };
    fault_body(format, status, code, message, message)
}

fn own_format(provider: Provider, switches: &ProviderSettings) -> FaultFormat {
    match (provider, switches.error_profile) {
        (Provider::Wso2, ErrorProfile::V21) => FaultFormat::Xml,
        (Provider::Wso2, ErrorProfile::V26) => FaultFormat::Wrapped,
        (Provider::Wso2, ErrorProfile::V4) => FaultFormat::Flat,
        (Provider::Passkit, _) => FaultFormat::Text,
        (Provider::Pismo | Provider::Plain, _) => FaultFormat::Auto,
    }
}

fn fault_body(
    format: FaultFormat,
    status: u16,
    code: u32,
    message: &str,
    description: &str,
) -> Response {
    match format {
        FaultFormat::Xml => Response::text(
            status,
            "application/xml; charset=UTF-8",
            format!(
                "<ams:fault xmlns:ams=\"http://wso2.org/apimanager/security\"><ams:code>{code}</ams:code>\
                 <ams:message>{message}</ams:message><ams:description>{}</ams:description></ams:fault>",
                escaped(description)
            ),
        ),
        FaultFormat::Wrapped => Response::json(
            status,
            &json!({"fault": {"code": code, "message": message, "description": description}}),
        ),
        FaultFormat::Flat => Response::json(
            status,
            &json!({"code": code.to_string(), "message": message, "description": description}),
        ),
        FaultFormat::Object => Response::json(
            status,
            &json!({"error": {"code": code, "message": description}}),
        ),
        FaultFormat::Html => Response::html(status, &format!("{status} {message}")),
        FaultFormat::Empty => Response::new(status),
        FaultFormat::Text | FaultFormat::Auto => {
            Response::json(status, &json!({ "error": description }))
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn challenges(provider: Provider, switches: &ProviderSettings) -> Vec<String> {
    if let Some(chosen) = &switches.www_authenticate {
        return chosen.clone();
    }
    let own = match (provider, switches.error_profile) {
        (Provider::Wso2, ErrorProfile::V21 | ErrorProfile::V26) => {
            "OAuth2 realm=\"WSO2 API Manager\""
        }
        (Provider::Wso2, ErrorProfile::V4) => {
            "Bearer realm=\"WSO2 API Manager\", error=\"invalid_token\", error_description=\"The provided token is invalid\""
        }
        // RFC 6750 §3.
        (Provider::Plain, _) => "Bearer realm=\"plain\", error=\"invalid_token\"",
        (Provider::Pismo | Provider::Passkit, _) => return Vec::new(),
    };
    vec![own.to_owned()]
}

fn own_text(status: u16) -> &'static str {
    match status {
        401 => "Unauthorized",
        403 => "Forbidden",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        _ => "Error",
    }
}

/// Status and message of WSO2's gateway codes, from its source (`APISecurityConstants`, `APIThrottleConstants`).
fn wso2_code(code: u32) -> (u16, &'static str) {
    match code {
        900_800 | 900_802..=900_807 => (429, "Message throttled out"),
        900_801 => (503, "API Limit Reached"),
        900_900 => (500, "Unclassified Authentication Failure"),
        900_902 => (401, "Missing Credentials"),
        900_903 => (401, "Access Token Expired"),
        900_904 => (401, "Access Token Inactive"),
        900_905 => (401, "Incorrect Access Token Type is provided"),
        900_906 => (
            403,
            "No matching resource found in the API for the given request",
        ),
        900_907 => (401, "The requested API is temporarily blocked"),
        900_908 => (403, "Resource forbidden"),
        900_909 => (401, "The subscription to the API is inactive"),
        900_910 => (
            403,
            "The access token does not allow you to access the requested resource",
        ),
        _ => (401, "Invalid Credentials"),
    }
}
