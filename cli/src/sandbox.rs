//! `evertoken sandbox`: runs the sandbox.

use std::io::Read as _;

use evertoken_sandbox::{Sandbox, Settings};
use serde_json::{Map, Value, json};

use crate::{Failure, print_line};

const AFTER_HELP: &str = "\
Prints one JSON line: url, foreign_url, https_url, control_url, providers, credentials, ca_pem. Then serves until Ctrl-C or SIGTERM.

Examples:
  evertoken sandbox --port 8099 --life 60
  evertoken sandbox --https --client-cert
  evertoken sandbox --set wso2.token=jwt --set wso2.error_profile=2.6
  evertoken sandbox --settings '{\"pismo\":{\"status\":201}}'
  curl -s \"$URL/_sandbox/clock\" -d '{\"advance_secs\":600}'      ten minutes later, at once
  curl -s \"$URL/_sandbox/faults\" -d '{\"route\":\"api\",\"fault\":\"unauthorized\"}'
  curl -s \"$URL/_sandbox/journal\"                             what was asked, without secrets";

/// Serve the three token providers on loopback, for tests and demonstrations
///
/// Pismo Passport, PassKit, WSO2 API Manager and a plain OAuth2 server under their real paths, with faults on request, a virtual clock and a
/// journal. Only this machine reaches it.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Port of the plain http listener; 0 picks a free one
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true
    )]
    port: u16,
    /// Port of the second origin; 0 picks a free one
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true
    )]
    foreign_port: u16,
    /// Port of the https listener; 0 picks a free one
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true
    )]
    https_port: u16,
    /// Also serve https, with a throw-away CA whose PEM is in the start line
    #[arg(long)]
    https: bool,
    /// Demand a client certificate on https (implies --https)
    #[arg(long)]
    client_cert: bool,
    /// Life of every provider's tokens, in seconds; -1 never expires
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    life: Option<i64>,
    /// Settings as a JSON object, or @FILE
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// One setting by its path, such as wso2.token=jwt; the value is JSON or plain text. Wins over --settings
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// A script of responses as JSON, or @FILE
    #[arg(long, value_name = "JSON")]
    script: Option<String>,
    /// End when standard input reaches its end, so that no sandbox outlives the program that started it
    #[arg(long)]
    until_stdin_closes: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let settings = settings(args)?;
    raise_file_limit();
    // Before the start line is printed, so that a signal right after it is not missed.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::new)?;
    let end = runtime
        .block_on(async { End::listen(args.until_stdin_closes) })
        .map_err(Failure::new)?;
    let sandbox = Sandbox::start(settings)
        .map_err(|error| Failure::new(format!("cannot start the sandbox: {error}")))?;
    if let Some(script) = &args.script {
        sandbox
            .script(&json_argument(script, "--script")?)
            .map_err(|error| Failure::usage(error.message))?;
    }
    print_line(&sandbox.info().to_string())?;
    runtime.block_on(end.wait());
    sandbox.close();
    // A blocked read of standard input must not keep the process alive.
    runtime.shutdown_background();
    Ok(())
}

fn settings(args: &Args) -> Result<Settings, Failure> {
    let mut patch = match &args.settings {
        Some(text) => json_argument(text, "--settings")?,
        None => json!({}),
    };
    let Value::Object(object) = &mut patch else {
        return Err(Failure::usage("--settings is a JSON object"));
    };
    for (name, port) in [
        ("port", args.port),
        ("foreign_port", args.foreign_port),
        ("https_port", args.https_port),
    ] {
        if port != 0 {
            object.insert(name.to_owned(), json!(port));
        }
    }
    if args.https || args.client_cert {
        object.insert("https".to_owned(), json!(true));
    }
    if args.client_cert {
        object.insert("client_cert".to_owned(), json!(true));
    }
    if let Some(life) = args.life {
        for provider in evertoken_sandbox::Provider::ALL {
            put(object, &[provider.name(), "life_secs"], json!(life))?;
        }
    }
    for pair in &args.set {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("--set {pair}: not NAME=VALUE")))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        put(object, &name.split('.').collect::<Vec<_>>(), value)?;
    }
    Settings::from_json(&patch).map_err(|error| Failure::usage(format!("settings: {error}")))
}

fn put(object: &mut Map<String, Value>, path: &[&str], value: Value) -> Result<(), Failure> {
    match path {
        [] => Ok(()),
        [name] => {
            object.insert((*name).to_owned(), value);
            Ok(())
        }
        [name, rest @ ..] => match object.entry(*name).or_insert_with(|| json!({})) {
            Value::Object(inner) => put(inner, rest, value),
            _ => Err(Failure::usage(format!("settings: {name} is not an object"))),
        },
    }
}

/// JSON given in place or as `@FILE`.
fn json_argument(text: &str, option: &str) -> Result<Value, Failure> {
    let read;
    let json = match text.strip_prefix('@') {
        Some(path) => {
            read = std::fs::read_to_string(path)
                .map_err(|error| Failure::usage(format!("{option} {path}: {error}")))?;
            &read
        }
        None => text,
    };
    serde_json::from_str(json).map_err(|error| Failure::usage(format!("{option}: {error}")))
}

/// The events that end the sandbox.
struct End {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
    stdin: Option<tokio::sync::oneshot::Receiver<()>>,
}

impl End {
    fn listen(until_stdin_closes: bool) -> std::io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            #[cfg(unix)]
            signals: [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
            ],
            stdin: if until_stdin_closes {
                Some(stdin_end()?)
            } else {
                None
            },
        })
    }

    async fn wait(mut self) {
        #[cfg(unix)]
        let [interrupt, terminate] = &mut self.signals;
        #[cfg(unix)]
        let asked = async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        #[cfg(not(unix))]
        let asked = async {
            let _ = tokio::signal::ctrl_c().await;
        };
        let stdin_closed = async {
            match &mut self.stdin {
                // An error means that the reader has ended, for whatever reason.
                Some(closed) => drop(closed.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = asked => {}
            () = stdin_closed => {}
        }
    }
}

/// Resolves at the end of standard input, which a thread reads, because a blocking read cannot be cancelled.
fn stdin_end() -> std::io::Result<tokio::sync::oneshot::Receiver<()>> {
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("evertoken-stdin".to_owned())
        .spawn(move || {
            let mut stdin = std::io::stdin().lock();
            let mut sink = [0_u8; 1024];
            loop {
                match stdin.read(&mut sink) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            // Fails if a signal came first.
            let _ = ended.send(());
        })?;
    Ok(end)
}

/// Ten thousand clients at once need as many file descriptors; the usual soft limit is 1024.
fn raise_file_limit() {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
            && soft < hard
        {
            // If the system refuses (macOS allows less than it reports), the old limit stays.
            let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn parsed(line: &[&str]) -> Result<Settings, String> {
        let line = Line::try_parse_from([&["sandbox"], line].concat())
            .map_err(|error| error.to_string())?;
        settings(&line.args).map_err(|failure| failure.message)
    }

    #[test]
    fn flags_win_over_the_settings_object() {
        let settings = parsed(&[
            "--settings",
            r#"{"pismo":{"life_secs":1,"status":201}}"#,
            "--life",
            "60",
        ])
        .expect("fits");
        assert_eq!(
            (
                settings.pismo.life_secs,
                settings.pismo.status,
                settings.wso2.life_secs
            ),
            (60, 201, 60)
        );
    }

    #[test]
    fn set_takes_json_and_plain_text() {
        let settings = parsed(&[
            "--set",
            "wso2.token=jwt",
            "--set",
            "wso2.life_secs=-1",
            "--set",
            "pismo.expires_in=\"3600\"",
        ])
        .expect("fits");
        assert_eq!(settings.wso2.token, evertoken_sandbox::TokenForm::Jwt);
        assert_eq!(settings.wso2.life_secs, -1);
        assert_eq!(settings.pismo.expires_in, "3600");
    }

    #[test]
    fn a_client_certificate_means_https() {
        assert!(parsed(&["--client-cert"]).expect("fits").https);
    }

    #[test]
    fn mistakes_are_named() {
        assert!(parsed(&["--set", "wso2.tokn=jwt"]).is_err_and(|error| error.contains("tokn")));
        assert!(parsed(&["--settings", "{"]).is_err_and(|error| error.contains("--settings")));
        assert!(parsed(&["--set", "port"]).is_err());
    }
}
