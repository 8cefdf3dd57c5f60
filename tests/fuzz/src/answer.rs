//! Responses of token endpoints, read by every flow.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evertoken::flow::{self, Flow, Life, TokenResponse};
use evertoken::{HeaderMap, HeaderValue, OptionValue, Options, Secret};
use http::HeaderName;
use url::form_urlencoded::byte_serialize;

use crate::fields::head_and_body;
use crate::promise::{self, SECRET};

const NOW: i64 = 1_700_000_000;

/// Flows that read differently: fields, headers, units, conditions.
static FLOWS: LazyLock<Vec<Flow>> = LazyLock::new(|| {
    let table: &[(&str, &[(&str, &str)])] = &[
        ("pismo", &[("server_key", "key"), ("server_secret", SECRET)]),
        (
            "wso2",
            &[
                ("token_url", "https://gateway.example/token"),
                ("consumer_key", "key"),
                ("consumer_secret", "consumer"),
                ("username", "john@johns.org@johnsorg"),
                ("password", SECRET),
            ],
        ),
        (
            "client_credentials",
            &[
                ("token_url", "https://as.example/token"),
                ("client_id", "id"),
                ("client_secret", SECRET),
            ],
        ),
        ("passkit", &[("username", "user"), ("password", SECRET)]),
        (
            "json_login",
            &[
                ("token_url", "https://as.example/login"),
                ("token_field", "data.0.token"),
                ("expires_field", "data.0.expires"),
                ("expires_unit", "iso8601"),
            ],
        ),
        (
            "json_login",
            &[
                ("token_url", "https://as.example/login"),
                ("token_field", "header:x-auth-token"),
                ("expires_field", "header:x-expires"),
                ("expires_unit", "unix_ms"),
            ],
        ),
    ];
    let base = "https://api.example".parse().expect("a URL");
    table
        .iter()
        .map(|(name, texts)| {
            let mut options = Options::new();
            for (name, value) in *texts {
                options.set(*name, *value);
            }
            if *name == "json_login" {
                options.set(
                    "body",
                    OptionValue::Map(vec![("password".to_owned(), Secret::new(SECRET))]),
                );
            }
            flow::from_options(name, &mut options, Some(&base)).expect("a flow")
        })
        .collect()
});

/// A digit for the flow and the status on the first line, headers below it, and the body behind an empty line. The bytes
/// 1 to 4 in the body stand for the client's secret, as it is and encoded.
pub fn answer(data: &[u8]) {
    let (head, body) = head_and_body(data);
    let mut lines = head.split(|byte| *byte == b'\n');
    let start = lines.next().unwrap_or_default();
    let (flow, status) = start.split_first().unwrap_or((&b'0', b"200"));
    let status = std::str::from_utf8(status)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(200);
    let flow = &FLOWS[usize::from(*flow) % FLOWS.len()];
    let answer = TokenResponse {
        status,
        headers: headers(lines),
        body: quoting(body).into(),
    };
    let refresh = Secret::new("r3fresh-of-the-test");
    let outcomes = [
        flow.read(&answer),
        flow.read_refresh(&answer, &refresh, &Secret::new(SECRET)),
    ];
    for outcome in outcomes {
        match outcome {
            Ok(grant) => {
                promise::token(grant.token.expose());
                if let Life::Secs(secs) = grant.life {
                    assert!(secs.is_finite() && secs >= 0.0);
                }
                let control = |text: &str| text.contains(char::is_control);
                assert!(
                    grant
                        .refresh_token
                        .is_none_or(|token| !token.is_empty() && !control(token.expose()))
                );
                assert!(grant.scope.is_none_or(|scope| !control(&scope)));
            }
            Err(error) => {
                promise::error(&error);
                assert_eq!(error.http_status(), Some(status));
            }
        }
    }
    let wait = flow::retry_after(&answer, NOW);
    assert!(wait.is_none_or(|wait| wait.as_secs() <= 3600));
}

/// Lines such as `name: value`; what is no header is left out.
pub(crate) fn headers<'a>(lines: impl Iterator<Item = &'a [u8]>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let pairs = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        Some((name, value))
    });
    for (name, value) in pairs {
        headers.append(name, value);
    }
    headers
}

/// The body with the secret in the places of the bytes 1 to 4.
fn quoting(body: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(body.len());
    for byte in body {
        match byte {
            1 => quoted.extend(SECRET.bytes()),
            2 => {
                let json = serde_json::to_string(SECRET).unwrap_or_default();
                quoted.extend(json[1..json.len() - 1].bytes());
            }
            3 => quoted.extend(byte_serialize(SECRET.as_bytes()).flat_map(str::bytes)),
            4 => quoted.extend(STANDARD.encode(SECRET).bytes()),
            _ => quoted.push(*byte),
        }
    }
    quoted
}
