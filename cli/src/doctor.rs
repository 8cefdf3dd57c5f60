//! `evertoken doctor`: checks a profile step by step.

mod network;
mod report;

use std::time::Duration;

use evertoken::{Client, Method, Options, Token};
use url::Url;

use crate::failure::Failure;
use crate::source::{Loaded, Source};
use crate::{FAILURE, SUCCESS, human, wait};
use network::Server;
use report::Report;

const AFTER_HELP: &str = "\
Examples:
  evertoken doctor --profile pismo
  evertoken doctor --profile wso2 --path /accounts/me
  evertoken doctor --profile passkit --json

Each server gets one GET without a token; then it logs in once and sends one GET with the token. A wrong password counts at
the provider as one failed login.
Checks, in this order: profile; then for the login server and the API: name (dns), connection (tcp), certificate (tls) or
answer (http), clock; then login; then api. No secret is printed.

Exit status: 0 no check failed, 1 one did, 2 asked wrongly.";

/// Find out why a profile does not work: clock, DNS, TLS, credentials, API, each with a hint
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,
    /// Path below the base URL that is asked for with the token
    #[arg(long, value_name = "PATH", default_value = "/")]
    path: String,
    /// Print a JSON object: ok, and checks with check, standing, detail, hint
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<i32, Failure> {
    args.source.check_named()?;
    let mut report = Report::new(args.json);
    wait(examine(args, &mut report))?;
    report.close()?;
    Ok(if report.has_failed() {
        FAILURE
    } else {
        SUCCESS
    })
}

async fn examine(args: &Args, report: &mut Report) -> Result<(), Failure> {
    let Some((client, options)) = profile(args, report)? else {
        return Ok(());
    };
    let (mut login, mut api) = (true, true);
    for server in Server::all(client.token_url(), client.base_url()) {
        let is_well = network::examine(&client, &options, &server, report).await?;
        login &= is_well || !server.is_for_login;
        api &= is_well || !server.is_for_api;
    }
    if !login {
        report.skip("login", "its server could not be reached")?;
        return report.skip("api", "there is no token");
    }
    let Some(token) = self::login(&client, &options, report).await? else {
        return report.skip("api", "there is no token");
    };
    if !api {
        return report.skip("api", "its server could not be reached");
    }
    self::api(args, &client, &token, report).await
}

fn profile(args: &Args, report: &mut Report) -> Result<Option<(Client, Options)>, Failure> {
    let loaded = args.source.load().and_then(|loaded| {
        let options = loaded.options().clone();
        let told = format!("{}, flow {}", loaded.place(), loaded.flow());
        let warnings = loaded.warnings().to_vec();
        Loaded::client(loaded).map(|client| (client, options, told, warnings))
    });
    let (client, options, told, warnings) = match loaded {
        Ok(loaded) => loaded,
        Err(failure) => {
            report.fail("profile", failure)?;
            return Ok(None);
        }
    };
    report.ok("profile", &told)?;
    for warning in warnings {
        report.warn("profile", &warning, "")?;
    }
    if options.clone().take_flag("danger_accept_invalid_certs")? == Some(true) {
        report.warn(
            "profile",
            "certificates are not checked: anyone on the way can read the secrets",
            "name the server's CA with ca_file instead of danger_accept_invalid_certs",
        )?;
    }
    Ok(Some((client, options)))
}

async fn login(
    client: &Client,
    options: &Options,
    report: &mut Report,
) -> Result<Option<Token>, Failure> {
    let token = match client.token_for(Duration::ZERO, None).await {
        Ok(token) => token,
        Err(error) => {
            report.fail("login", error.into())?;
            return Ok(None);
        }
    };
    let life = token.expires_in().map_or_else(
        || "lives until it is refused".to_owned(),
        |left| format!("lives {}", human::span(left)),
    );
    report.ok(
        "login",
        &format!(
            "token {} via {}, {life}",
            token.fingerprint(),
            token.via().code()
        ),
    )?;
    let asked = options.clone().take_list("scope")?.unwrap_or_default();
    if let Some(granted) = token.scope() {
        let missing: Vec<_> = asked
            .iter()
            .filter(|word| !granted.split(' ').any(|other| other == word.as_str()))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            report.warn(
                "login",
                &format!("the server left out the scope {}", missing.join(" ")),
                "have it allowed for this client and user, or do not ask for it",
            )?;
        }
    }
    Ok(Some(token))
}

async fn api(
    args: &Args,
    client: &Client,
    token: &Token,
    report: &mut Report,
) -> Result<(), Failure> {
    let response = match client.request(Method::GET, &args.path).send().await {
        Ok(response) => response,
        Err(error) => return report.fail("api", error.into()),
    };
    let status = response.status().as_u16();
    let told = format!("status {status} to GET {}", shown(response.url()));
    match (status, response.given_back()) {
        (_, Some(given_back)) => report.fail(
            "api",
            Failure::new(format!(
                "{told}: the token {} was refused ({})",
                token.fingerprint(),
                given_back.reason.code()
            ))
            .with_hint(
                "check that base_url, auth_scheme, account and region belong to these credentials",
            ),
        ),
        (403, _) => report.warn(
            "api",
            &told,
            "the token was taken and lacks a right here; ask for the scope or the subscription",
        ),
        (500.., _) => report.warn("api", &told, "the API is in trouble; ask its provider"),
        (404, _) => report.ok(
            "api",
            &format!("{told}; --path with a route that exists tells whether the token is taken"),
        ),
        _ => report.ok("api", &told),
    }
}

/// A URL without its query, which may contain secrets.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}
