//! `evertoken run`: runs a program with a token in its environment.

use std::ffi::OsString;
use std::io;
use std::process::Command;
use std::time::Duration;

use crate::failure::Failure;
use crate::source::Source;
use crate::{seconds, wait};

/// The exit statuses of failures before the program runs, as those of `env` and `timeout`.
const NO_TOKEN: i32 = 125;
const CANNOT_RUN: i32 = 126;
const NOT_FOUND: i32 = 127;

const AFTER_HELP: &str = "\
Examples:
  evertoken run --profile pismo -- ./nightly-report.sh
  evertoken run --profile wso2 --min-ttl 900 --var API_TOKEN -- python3 import.py

The token is not renewed while the program runs: ask for enough life with --min-ttl, or use the library in it.
On Unix the program takes this one's place, so signals reach it and its exit status is the exit status.

Exit status: the program's; 125 there is no token, 126 it cannot be run, 127 it was not found, 2 asked wrongly.";

/// Run a program with a valid token in its environment
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,
    /// The variable that holds the token
    #[arg(long, value_name = "NAME", default_value = "EVERTOKEN_TOKEN", value_parser = variable)]
    var: String,
    /// Life the token must have left, in seconds; half its whole life where that is shorter
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    min_ttl: Option<Duration>,
    /// The program and its arguments
    #[arg(required = true, last = true, value_name = "PROGRAM")]
    command: Vec<OsString>,
}

fn variable(name: &str) -> Result<String, &'static str> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err("must be the name of a variable");
    }
    Ok(name.to_owned())
}

pub(crate) fn run(args: &Args) -> Result<i32, Failure> {
    let no_token = |failure: Failure| Failure {
        code: NO_TOKEN,
        ..failure
    };
    let client = args.source.client().map_err(no_token)?;
    let token = wait(async {
        Ok(client
            .token_for(args.min_ttl.unwrap_or_default(), None)
            .await?)
    })
    .map_err(no_token)?;
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Failure::usage("name a program after --"));
    };
    let mut command = Command::new(program);
    command.args(arguments).env(&args.var, token.value());
    exec(&mut command).map_err(|error| Failure {
        code: if error.kind() == io::ErrorKind::NotFound {
            NOT_FOUND
        } else {
            CANNOT_RUN
        },
        ..Failure::new(format!("{}: {error}", program.to_string_lossy()))
    })
}

/// Replaces this process by the program. Returns only if it could not be started.
#[cfg(unix)]
fn exec(command: &mut Command) -> io::Result<i32> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

/// Runs the program, and returns its exit status.
#[cfg(not(unix))]
fn exec(command: &mut Command) -> io::Result<i32> {
    Ok(command.status()?.code().unwrap_or(crate::FAILURE))
}
