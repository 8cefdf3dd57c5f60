//! The `evertoken` command as a library: the binary, the Python wheel and the npm package all call [`run`].
//!
//! Data goes to standard output, everything said to a person to standard error. One file per subcommand.

mod sandbox;

use std::ffi::OsString;
use std::io::Write as _;

use clap::{Parser, Subcommand};

/// A subcommand that did what it was asked.
const SUCCESS: i32 = 0;
/// It could not; the reason is on standard error.
const FAILURE: i32 = 1;
/// It was asked wrongly.
const USAGE: i32 = 2;

/// A bearer token that is always valid.
#[derive(Debug, Parser)]
#[command(name = "evertoken", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Sandbox(sandbox::Args),
}

/// Runs the command line; `args` begins with the program's name. Returns the exit code: 0 done, 1 failed, 2 asked wrongly.
pub fn run(args: impl IntoIterator<Item = OsString>) -> i32 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors and go to standard output; printing fails only if nobody reads.
            let _ = error.print();
            return if error.use_stderr() { USAGE } else { SUCCESS };
        }
    };
    let outcome = match cli.command {
        Command::Sandbox(args) => sandbox::run(&args),
    };
    match outcome {
        Ok(()) => SUCCESS,
        Err(failure) => {
            // Nothing can be said when standard error is closed.
            let _ = writeln!(std::io::stderr(), "error: {}", failure.message);
            failure.code
        }
    }
}

/// Why a subcommand ended early.
#[derive(Debug)]
struct Failure {
    code: i32,
    message: String,
}

impl Failure {
    fn usage(message: impl Into<String>) -> Self {
        Self {
            code: USAGE,
            message: message.into(),
        }
    }

    fn new(message: impl std::fmt::Display) -> Self {
        Self {
            code: FAILURE,
            message: message.to_string(),
        }
    }
}

/// Writes one line of data and flushes it.
fn print_line(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::new(format!("standard output: {error}")))
}
