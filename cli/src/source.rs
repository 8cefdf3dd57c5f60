//! Reads credentials and options from a profile, or from a flow and options on the command line.

use std::path::{Path, PathBuf};

use evertoken::profile::{self, Profile, Reference};
use evertoken::{Client, ClientBuilder, OptionValue, Options, Secret, flow};

use crate::failure::{Failure, tell};

/// The client options that are numbers, which `--set` has as text.
const NUMBERS: &[&str] = &[
    "connect_timeout",
    "default_life",
    "hard_window",
    "max_attempts",
    "soft_window",
    "timeout",
];
/// The client options that are true or false.
const SWITCHES: &[&str] = &[
    "allow_insecure_http",
    "danger_accept_invalid_certs",
    "keep_warm",
];

const HEADING: &str = "Credentials";

#[derive(Debug, clap::Args)]
pub(crate) struct Source {
    /// Profile in evertoken.toml
    #[arg(long, short, value_name = "NAME", help_heading = HEADING)]
    profile: Option<String>,
    /// File with the profiles [default: $EVERTOKEN_CONFIG, ./evertoken.toml, ~/.config/evertoken/evertoken.toml]
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    config: Option<PathBuf>,
    /// Without a profile: pismo, passkit, wso2, password, client_credentials or json_login
    #[arg(long, value_name = "FLOW", help_heading = HEADING, conflicts_with = "profile")]
    flow: Option<String>,
    /// An option by name, winning over the profile's; a secret only as NAME=env:VARIABLE or NAME=file:PATH
    #[arg(long, value_name = "NAME=VALUE", help_heading = HEADING)]
    set: Vec<String>,
}

/// A profile, or a flow with its options.
#[derive(Debug)]
pub(crate) enum Loaded {
    Profile(Profile),
    Flow(String, Options),
}

impl Loaded {
    pub(crate) fn flow(&self) -> &str {
        match self {
            Self::Profile(profile) => &profile.flow,
            Self::Flow(flow, _) => flow,
        }
    }

    pub(crate) fn options(&self) -> &Options {
        match self {
            Self::Profile(profile) => &profile.options,
            Self::Flow(_, options) => options,
        }
    }

    /// The source of the options, for messages.
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Profile(profile) => profile.place(),
            Self::Flow(..) => "the command line",
        }
    }

    pub(crate) fn warnings(&self) -> &[String] {
        match self {
            Self::Profile(profile) => &profile.warnings,
            Self::Flow(..) => &[],
        }
    }

    pub(crate) fn client(self) -> Result<Client, Failure> {
        let builder = match self {
            Self::Profile(profile) => profile.builder(),
            Self::Flow(flow, options) => ClientBuilder::from_options(&flow, options),
        };
        Ok(builder.and_then(ClientBuilder::build)?)
    }
}

impl Source {
    /// The client. Prints the warnings of its profile.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let loaded = self.load()?;
        for warning in loaded.warnings() {
            tell("warning", warning);
        }
        loaded.client()
    }

    /// Refuses a command line that names neither profile nor flow.
    pub(crate) fn check_named(&self) -> Result<(), Failure> {
        if self.profile.is_none() && self.flow.is_none() {
            return Err(nothing_named(self.config.as_deref()));
        }
        Ok(())
    }

    pub(crate) fn load(&self) -> Result<Loaded, Failure> {
        let path = self.config.as_deref();
        match (&self.profile, &self.flow) {
            (Some(name), _) => {
                let mut profile = profile::load(name, path)?;
                set_all(&profile.flow, &mut profile.options, &self.set)?;
                Ok(Loaded::Profile(profile))
            }
            (None, Some(flow)) if flow::names().any(|name| name == flow) => {
                let mut options = Options::new();
                set_all(flow, &mut options, &self.set)?;
                Ok(Loaded::Flow(flow.clone(), options))
            }
            (None, Some(_)) => {
                let names: Vec<_> = flow::names().collect();
                Err(Failure::usage(format!(
                    "--flow must be one of {}",
                    names.join(", ")
                )))
            }
            (None, None) => Err(nothing_named(path)),
        }
    }
}

fn nothing_named(path: Option<&Path>) -> Failure {
    let failure = Failure::usage("name a profile with --profile, or a flow with --flow");
    match profile::names(path) {
        Ok(names) if !names.is_empty() => {
            failure.with_hint(format!("known profiles: {}", names.join(", ")))
        }
        _ => failure,
    }
}

fn set_all(flow: &str, options: &mut Options, pairs: &[String]) -> Result<(), Failure> {
    for pair in pairs {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(Failure::usage("--set takes NAME=VALUE"));
        };
        set(flow, options, name, value)?;
    }
    Ok(())
}

fn set(flow: &str, options: &mut Options, name: &str, value: &str) -> Result<(), Failure> {
    let entry = name
        .split_once('.')
        .filter(|(table, _)| flow::takes_table(table));
    if let Some((table, entry)) = entry {
        let value = text(name, value, flow::is_secret_entry(entry))?;
        let mut entries = options.take_map(table)?.unwrap_or_default();
        entries.retain(|(other, _)| other != entry);
        entries.push((entry.to_owned(), value));
        options.set(table, OptionValue::Map(entries));
        return Ok(());
    }
    let value: OptionValue = if NUMBERS.contains(&name) {
        let number: f64 = value
            .parse()
            .map_err(|_| Failure::usage(format!("--set {name}: must be a number")))?;
        number.into()
    } else if SWITCHES.contains(&name) {
        let on: bool = value
            .parse()
            .map_err(|_| Failure::usage(format!("--set {name}: must be true or false")))?;
        on.into()
    } else {
        let is_secret = flow::secret_names(flow).any(|secret| secret == name);
        OptionValue::Text(text(name, value, is_secret)?)
    };
    options.set(name, value);
    Ok(())
}

/// A value that is given directly, by a variable, or by a file. A secret must not be given directly, because other users and the
/// shell's history would see it.
fn text(name: &str, value: &str, is_secret: bool) -> Result<Secret, Failure> {
    let reference = if let Some(variable) = value.strip_prefix("env:") {
        Reference::Env(variable.to_owned())
    } else if let Some(path) = value.strip_prefix("file:") {
        Reference::File(path.to_owned())
    } else if is_secret {
        return Err(Failure::usage(format!(
            "--set {name}: a secret on the command line is seen by other users and kept in the shell's history"
        ))
        .with_hint(format!(
            "use {name}=env:VARIABLE or {name}=file:PATH, or a profile"
        )));
    } else {
        return Ok(Secret::new(value));
    };
    reference
        .resolve(Path::new(""))
        .map_err(|problem| Failure::usage(format!("--set {name}: {problem}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(flow: &str, pairs: &[&str]) -> Result<Options, Failure> {
        let mut options = Options::new();
        let pairs: Vec<_> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        set_all(flow, &mut options, &pairs).map(|()| options)
    }

    #[test]
    fn values_take_the_shape_of_their_option() {
        let mut options = all(
            "json_login",
            &[
                "timeout=2.5",
                "keep_warm=true",
                "token_url=https://as/a=b",
                "body.user=alice",
                "body.n=1",
                "body.n=2",
            ],
        )
        .unwrap();
        assert_eq!(options.take_number("timeout").unwrap(), Some(2.5));
        assert_eq!(options.take_flag("keep_warm").unwrap(), Some(true));
        assert_eq!(
            options.take_text("token_url").unwrap().as_deref(),
            Some("https://as/a=b")
        );
        let body = options.take_map("body").unwrap().unwrap();
        let body: Vec<_> = body
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
            .collect();
        assert_eq!(body, [("user", "alice"), ("n", "2")]);
    }

    #[test]
    fn every_client_option_that_is_no_text_is_known_as_such() {
        for &name in evertoken::builder::CLIENT_OPTIONS {
            let mut options = Options::new();
            for required in ["token_url", "client_id", "client_secret"] {
                options.set(required, "https://127.0.0.1/token");
            }
            // `2` is a number, a text and a list of one word, and no switch.
            if set("client_credentials", &mut options, name, "2").is_ok() {
                let taken = ClientBuilder::from_options("client_credentials", options);
                assert!(taken.is_ok(), "{name} is neither number nor switch");
            }
        }
    }

    #[test]
    fn a_secret_in_place_is_refused_without_repeating_it() {
        for (flow, pair) in [
            ("pismo", "server_secret=hunter2"),
            ("passkit", "token=hunter2"),
            ("json_login", "body.password=hunter2"),
            ("password", "extra_headers.x-api-key=hunter2"),
        ] {
            let failure = all(flow, &[pair]).unwrap_err();
            assert_eq!(failure.code, crate::USAGE);
            let told = format!("{failure:?}");
            assert!(!told.contains("hunter2") && told.contains("env:"), "{told}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named_without_repeating_it() {
        for (pair, message) in [
            ("hunter2", "--set takes NAME=VALUE"),
            ("timeout=hunter2", "--set timeout: must be a number"),
            (
                "keep_warm=hunter2",
                "--set keep_warm: must be true or false",
            ),
            (
                "password=env:EVERTOKEN_ABSENT",
                "--set password: the environment variable EVERTOKEN_ABSENT is not set",
            ),
            ("password=file:absent", "--set password: the file absent"),
        ] {
            let failure = all("password", &[pair]).unwrap_err();
            assert!(failure.message.starts_with(message), "{failure:?}");
            assert!(!format!("{failure:?}").contains("hunter2"));
        }
    }
}
