//! `evertoken token`: prints a valid token.

use std::time::Duration;

use serde_json::json;

use crate::failure::Failure;
use crate::source::Source;
use crate::{human, print_line, seconds, wait};

const AFTER_HELP: &str = "\
Examples:
  evertoken token --profile pismo
  curl -H \"$(evertoken token --profile pismo --header)\" https://sandbox.pismolabs.io/accounts/123
  evertoken token --profile wso2 --min-ttl 600 --json
  evertoken token --flow passkit --set username=me@example.com --set password=env:PASSKIT_PASSWORD

Each call logs in: where logins are few (PassKit) or every login ends the one before (WSO2 in JWT mode), keep the result.

Exit status: 0 the token is on standard output, 1 there is none, 2 asked or configured wrongly.";

/// Print a valid token, and nothing else
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,
    /// Life the token must have left, in seconds; half its whole life where that is shorter
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    min_ttl: Option<Duration>,
    /// Give up after this many seconds [default: the profile's timeout, 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Print the whole header: Authorization: Bearer …
    #[arg(long)]
    header: bool,
    /// Print a JSON object: token, authorization, expires_at, expires_in_secs, scope, fingerprint
    #[arg(long, conflicts_with = "header")]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let client = args.source.client()?;
    let (token, authorization) = wait(async {
        let token = client
            .token_for(args.min_ttl.unwrap_or_default(), args.timeout)
            .await?;
        Ok((token, client.authorization().await?))
    })?;
    if args.json {
        let object = json!({
            "token": token.value(),
            "authorization": authorization.value(),
            "expires_at": token.expires_at().and_then(human::rfc3339),
            "expires_in_secs": token.expires_in().map(|left| left.as_secs()),
            "scope": token.scope(),
            "fingerprint": token.fingerprint(),
        });
        print_line(&object.to_string())
    } else if args.header {
        print_line(&format!("Authorization: {}", authorization.value()))
    } else {
        print_line(token.value())
    }
}
