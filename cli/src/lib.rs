//! The `evertoken` command as a library: the binary, the Python wheel and the npm package all call [`run`].
//!
//! Data goes to standard output, messages for people to standard error. Each subcommand has its file.

// The doc comments of arguments are their help texts, in which backticks would only disturb.
#![allow(clippy::doc_markdown)]

mod doctor;
mod failure;
mod human;
mod inspect;
mod request;
mod run;
mod sandbox;
mod source;
mod token;

use std::ffi::OsString;
use std::io::Write as _;
use std::time::Duration;

use clap::{Parser, Subcommand};

use failure::Failure;

pub use inspect::inspect;

/// The exit status of a subcommand that succeeded.
const SUCCESS: i32 = 0;
/// It failed; the reason is on standard error.
const FAILURE: i32 = 1;
/// Arguments or configuration are wrong, and nothing was sent.
const USAGE: i32 = 2;

const AFTER_HELP: &str = "\
Profiles stand in evertoken.toml; a secret in one is a reference:
  [profiles.pismo]
  flow = \"pismo\"
  base_url = \"https://sandbox.pismolabs.io\"
  server_key = { env = \"PISMO_SERVER_KEY\" }
  server_secret = { command = [\"pass\", \"show\", \"pismo\"] }

Data goes to standard output, everything said to a person to standard error.
Exit status: 0 done, 1 failed, 2 asked or configured wrongly.";

/// A bearer token that is always valid
#[derive(Debug, Parser)]
#[command(name = "evertoken", version, propagate_version = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Token(token::Args),
    Request(request::Args),
    Run(run::Args),
    Inspect(inspect::Args),
    Doctor(doctor::Args),
    Sandbox(sandbox::Args),
}

/// Runs the command line; `args` begins with the program's name. Returns the exit status: 0 done, 1 failed, 2 asked or
/// configured wrongly. On Unix, `run` replaces the calling process and returns only if it cannot.
pub fn run(args: impl IntoIterator<Item = OsString>) -> i32 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Also the help and the version, which go to standard output. Printing fails only if nobody reads.
            let _ = error.print();
            return if error.use_stderr() { USAGE } else { SUCCESS };
        }
    };
    let done = |()| SUCCESS;
    let outcome = match cli.command {
        Command::Token(args) => token::run(&args).map(done),
        Command::Request(args) => request::run(&args).map(done),
        Command::Run(args) => run::run(&args),
        Command::Inspect(args) => inspect::run(&args).map(done),
        Command::Doctor(args) => doctor::run(&args),
        Command::Sandbox(args) => sandbox::run(&args).map(done),
    };
    outcome.unwrap_or_else(|failure| {
        failure.tell();
        failure.code
    })
}

/// Runs `future` to its end on the library's runtime, or until Ctrl-C.
fn wait<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    evertoken::runtime::handle().block_on(async {
        tokio::select! {
            outcome = future => outcome,
            Ok(()) = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
        }
    })
}

/// A number of seconds, 0 or more.
fn seconds(text: &str) -> Result<Duration, &'static str> {
    let secs = text.parse().map_err(|_| "must be a number of seconds")?;
    Duration::try_from_secs_f64(secs).map_err(|_| "must be a number of seconds, 0 or more")
}

/// Writes one line of data and flushes it.
fn print_line(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::new(format!("standard output: {error}")))
}
