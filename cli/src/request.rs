//! `evertoken request`: sends one request to the API with a valid token.

use std::io::{Read as _, Write};
use std::path::PathBuf;
use std::time::Duration;

use evertoken::{Client, GiveBack, Method, Response};

use crate::failure::{Failure, tell};
use crate::source::Source;
use crate::{human, seconds, wait};

mod verbose;

type Headers<'a> = Vec<(&'a str, &'a str)>;

const AFTER_HELP: &str = "\
Examples:
  evertoken request GET /accounts/123 --profile pismo
  evertoken request POST /members --profile passkit --json '{\"externalId\":\"7\"}'
  evertoken request PUT /files/7 --profile wso2 -H 'content-type: image/png' -d @logo.png
  generate | evertoken request POST /batch --profile wso2 --json - -o answer.json -v

A 401 is healed once: a new token, and the request sent again. -v shows when that happens, with fingerprints instead of tokens.

Exit status: 0 the API answered, whatever it said (with --fail: below 400); 1 no answer; 2 asked or configured wrongly.";

/// Send one request with a valid token, much as curl would
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// GET, POST, PUT, PATCH, DELETE …
    #[arg(value_parser = method)]
    method: Method,
    /// A path below the base URL, or an absolute URL of an allowed origin
    url: String,
    #[command(flatten)]
    source: Source,
    /// A header; may be repeated
    #[arg(long, short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    /// The body: text, @FILE, or - for standard input; a form unless -H says otherwise
    #[arg(long, short = 'd', value_name = "DATA", conflicts_with = "json")]
    data: Option<String>,
    /// A JSON body: text, @FILE, or - for standard input
    #[arg(long, value_name = "JSON")]
    json: Option<String>,
    /// Print status and headers before the body
    #[arg(long, short)]
    include: bool,
    /// Write the body to a file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Give up after this many seconds, login and body included [default: the profile's timeout, 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Exit with 1 if the status is 400 or more
    #[arg(long, short)]
    fail: bool,
    /// Tell on standard error what is sent, what comes back, and what happens to the token
    #[arg(long, short)]
    verbose: bool,
}

fn method(text: &str) -> Result<Method, &'static str> {
    Method::from_bytes(text.to_ascii_uppercase().as_bytes())
        .map_err(|_| "must be an HTTP method, such as GET")
}

fn header(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text
        .split_once(':')
        .ok_or("must be a name, a colon and a value")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (body, mut headers) = body(args)?;
    headers.retain(|(name, _)| {
        !args
            .header
            .iter()
            .any(|(own, _)| own.eq_ignore_ascii_case(name))
    });
    headers.extend(
        args.header
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    let client = args.source.client()?;
    let url = client.resolve(&args.url)?;
    let _events = args.verbose.then(|| client.on_event(verbose::event));
    if args.verbose {
        verbose::request(&args.method, &url, &headers, body.as_ref().map(Vec::len));
    }
    let status = wait(async {
        let mut response = send(args, &client, headers, body).await?;
        if args.verbose {
            verbose::response(&response);
        }
        if let Some(given_back) = response.given_back() {
            tell_refusal(given_back);
        }
        write_out(args, &mut response).await?;
        Ok(response.status().as_u16())
    })?;
    if args.fail && status >= 400 {
        return Err(Failure::new(format!(
            "the API answered with status {status}"
        )));
    }
    Ok(())
}

async fn send(
    args: &Args,
    client: &Client,
    headers: Headers<'_>,
    body: Option<Vec<u8>>,
) -> Result<Response, Failure> {
    let mut request = client.request(args.method.clone(), &args.url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if let Some(body) = body {
        request = request.body(body);
    }
    if args.timeout.is_some() {
        request = request.timeout(args.timeout);
    }
    Ok(request.send().await?)
}

/// The body, read into memory so that it has a length and can be sent again after a 401, and the headers for it.
fn body(args: &Args) -> Result<(Option<Vec<u8>>, Headers<'_>), Failure> {
    if let Some(text) = &args.json {
        let bytes = read(text, "--json")?;
        if serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_err() {
            return Err(Failure::usage("--json: not a JSON document"));
        }
        let headers = vec![
            ("content-type", "application/json"),
            ("accept", "application/json"),
        ];
        return Ok((Some(bytes), headers));
    }
    match &args.data {
        Some(text) => Ok((
            Some(read(text, "--data")?),
            vec![("content-type", "application/x-www-form-urlencoded")],
        )),
        None => Ok((None, Vec::new())),
    }
}

fn read(text: &str, option: &str) -> Result<Vec<u8>, Failure> {
    if text == "-" {
        let mut bytes = Vec::new();
        return std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map(|_| bytes)
            .map_err(|error| Failure::new(format!("standard input: {error}")));
    }
    match text.strip_prefix('@') {
        Some(path) => std::fs::read(path)
            .map_err(|error| Failure::usage(format!("{option} @{path}: {error}"))),
        None => Ok(text.as_bytes().to_vec()),
    }
}

fn tell_refusal(given_back: &GiveBack) {
    let reason = given_back.reason;
    tell(
        "note",
        &format!(
            "the 401 was not healed ({}): {}",
            reason.code(),
            verbose::reason(reason)
        ),
    );
    if let Some(error) = &given_back.error {
        Failure::from(error.clone()).tell();
    }
}

async fn write_out(args: &Args, response: &mut Response) -> Result<(), Failure> {
    let (name, mut out): (_, Box<dyn Write>) = match &args.output {
        Some(path) => {
            let shown = path.display().to_string();
            let file = std::fs::File::create(path)
                .map_err(|error| Failure::new(format!("{shown}: {error}")))?;
            (shown, Box::new(file))
        }
        None => ("standard output".to_owned(), Box::new(std::io::stdout())),
    };
    let failed = |error| Failure::new(format!("{name}: {error}"));
    if args.include {
        out.write_all(&verbose::head(response)).map_err(failed)?;
    }
    while let Some(chunk) = response.chunk().await? {
        out.write_all(&chunk).map_err(failed)?;
    }
    out.flush().map_err(failed)
}
