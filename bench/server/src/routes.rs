//! What each route answers.

use std::time::Duration;

use crate::Shared;
use crate::http::{Request, write};

/// 200 bytes, as an account's data may be.
const DOCUMENT: &str = concat!(
    r#"{"id":123,"name":"A customer with an account","currency":"BRL","balance":1042.17,"status":"NORMAL","#,
    r#""opened":"2024-03-01","limits":{"daily":500,"monthly":9000},"tags":["gold","web","app"],"ok":true}    "#
);

/// Writes the answer to `request`, when its time has come.
pub async fn answer(request: &Request<'_>, shared: &Shared, output: &mut Vec<u8>) {
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((request.target, ""));
    if path.ends_with("/token") {
        token(shared, output).await;
    } else if let Some(command) = path.strip_prefix("/control/") {
        control(command, query, shared, output);
    } else if path.ends_with("/openid-configuration") || path.ends_with("/discovery/instance") {
        write(output, "200 OK", "", &discovery(request.host, path));
    } else {
        api(request, shared, output).await;
    }
}

async fn token(shared: &Shared, output: &mut Vec<u8>) {
    let time = {
        let mut authority = shared.borrow_mut();
        authority.counts.tokens += 1;
        authority.settings.token_time
    };
    if time > Duration::ZERO {
        tokio::time::sleep(time).await;
    }
    let mut authority = shared.borrow_mut();
    let life = authority.settings.life_secs;
    let value = authority.mint();
    let body = format!(
        r#"{{"access_token":"{value}","token_type":"Bearer","expires_in":{life},"ext_expires_in":{life}}}"#
    );
    write(output, "200 OK", "cache-control: no-store\r\n", &body);
}

async fn api(request: &Request<'_>, shared: &Shared, output: &mut Vec<u8>) {
    let (is_good, pause) = {
        let mut authority = shared.borrow_mut();
        if authority.accepts(request.authorization) {
            authority.counts.accepted += 1;
            (true, authority.pause_good())
        } else {
            authority.counts.refused += 1;
            (false, Some(authority.pause()))
        }
    };
    if let Some(pause) = pause {
        pause.over(shared).await;
    }
    if is_good {
        write(output, "200 OK", "", DOCUMENT);
        return;
    }
    let challenge = "www-authenticate: Bearer error=\"invalid_token\"\r\n";
    write(
        output,
        "401 Unauthorized",
        challenge,
        r#"{"error":"invalid_token"}"#,
    );
}

fn control(command: &str, query: &str, shared: &Shared, output: &mut Vec<u8>) {
    let mut authority = shared.borrow_mut();
    match command {
        "set" => {
            let known = query
                .split('&')
                .filter(|pair| !pair.is_empty())
                .all(|pair| set(&mut authority.settings, pair).is_some());
            if !known {
                write(
                    output,
                    "400 Bad Request",
                    "",
                    r#"{"error":"unknown setting"}"#,
                );
                return;
            }
            authority.counts = crate::authority::Counts::default();
        }
        "revoke" => authority.revoke(),
        "counts" => {}
        _ => {
            write(
                output,
                "404 Not Found",
                "",
                r#"{"error":"unknown command"}"#,
            );
            return;
        }
    }
    let counts = &authority.counts;
    let body = format!(
        r#"{{"tokens":{},"accepted":{},"refused":{}}}"#,
        counts.tokens, counts.accepted, counts.refused
    );
    write(output, "200 OK", "", &body);
}

fn set(settings: &mut crate::authority::Settings, pair: &str) -> Option<()> {
    let (name, value) = pair.split_once('=')?;
    let value = value.parse::<u64>().ok()?;
    match name {
        "life" => settings.life_secs = value,
        "token_ms" => settings.token_time = Duration::from_millis(value),
        "gate" => settings.gate = usize::try_from(value).ok()?,
        "spread_ms" => settings.spread = Duration::from_millis(value),
        "hold" => settings.holds_good = value != 0,
        _ => return None,
    }
    Some(())
}

/// Clients that insist on https are given https URLs; their adapter sends them here all the same.
fn discovery(host: &str, path: &str) -> String {
    let tenant = path.split('/').nth(1).unwrap_or("tenant");
    let base = format!("https://{host}/{tenant}");
    format!(
        r#"{{"issuer":"{base}/v2.0","authorization_endpoint":"{base}/authorize","token_endpoint":"{base}/oauth2/v2.0/token","jwks_uri":"{base}/keys","tenant_discovery_endpoint":"{base}/v2.0/.well-known/openid-configuration","metadata":[]}}"#
    )
}
