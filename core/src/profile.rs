//! Profiles: named sets of a client's options in the file `evertoken.toml`, which every language reads.
//!
//! ```toml
//! [profiles.pismo]
//! flow = "pismo"
//! base_url = "https://sandbox.pismolabs.io"
//! server_key = { env = "PISMO_SERVER_KEY" }
//! server_secret = { command = ["pass", "show", "pismo"] }
//! timeout = 10
//! ```
//!
//! Options have their usual names; durations are in seconds. Any text may be a reference: `{ env = "NAME" }`,
//! `{ file = "path" }` or `{ command = ["program", "argument"] }`, which runs without a shell and may take 30 s. One line
//! break at the end of a file or an output is not part of the value. Paths are relative to the profile's file. A secret in
//! clear text works and causes a warning.
//!
//! The file is the first of: the path given, `$EVERTOKEN_CONFIG`, `./evertoken.toml`,
//! `$XDG_CONFIG_HOME/evertoken/evertoken.toml` (by default in `~/.config`). A profile can run commands and decides where
//! secrets are sent, so the file must be as trustworthy as a program.

mod locate;
mod parse;
mod reference;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::Path;

use crate::builder::{CLIENT_OPTIONS, ClientBuilder};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::flow;
use crate::options::{OptionValue, Options};

pub use reference::Reference;

use locate::Found;
use parse::{Parsed, Value};
use reference::Text;

/// Reads an environment variable; tests pass a table.
type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// A profile with its references resolved. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The flow's name, as [`ClientBuilder::from_options`] takes it.
    pub flow: String,
    /// The options, secrets included.
    pub options: Options,
    /// Warnings for the user, for example about secrets in clear text. They name options, never values.
    pub warnings: Vec<String>,
    /// The file and the name, for messages.
    place: String,
}

impl Profile {
    /// The file and the profile's name, for messages.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// A builder with these options. Its errors name the file and the profile.
    ///
    /// # Errors
    /// `config_invalid` that names file, profile and option.
    pub fn builder(self) -> Result<ClientBuilder> {
        let Self {
            flow,
            options,
            place,
            ..
        } = self;
        let mut builder =
            ClientBuilder::from_options(&flow, options).map_err(|error| error.within(&place))?;
        builder.place = Some(place);
        Ok(builder)
    }
}

impl ClientBuilder {
    /// A builder from the profile `name` of the file at `path`, or of the first file found. Its warnings are logged.
    ///
    /// Blocks while a `command` of the profile runs, at most 30 s for each.
    ///
    /// # Errors
    /// `config_invalid` that names file, profile and option.
    pub fn from_profile(name: &str, path: Option<&Path>) -> Result<Self> {
        load(name, path)?.builder()
    }
}

impl Client {
    /// A client from the profile `name`; [`ClientBuilder::from_profile`] takes a path and lets options be changed.
    ///
    /// # Errors
    /// `config_invalid` that names file, profile and option.
    pub fn from_profile(name: &str) -> Result<Self> {
        ClientBuilder::from_profile(name, None)?.build()
    }
}

/// The profile `name` of the file at `path`, or of the first file found (see the [module](self)).
///
/// Blocks while a `command` of the profile runs, at most 30 s for each. Warnings are logged and returned.
///
/// # Errors
/// `config_invalid`: no file, no such profile (the message lists those there are), not TOML (with the line),
/// an unknown flow or option, a reference that leads nowhere.
pub fn load(name: &str, path: Option<&Path>) -> Result<Profile> {
    let profile = load_from(name, &locate::find(path, &environment)?, &environment)?;
    for warning in &profile.warnings {
        tracing::warn!("{warning}");
    }
    Ok(profile)
}

/// The sorted names of the profiles in the file at `path`, or in the first file found.
///
/// # Errors
/// `config_invalid`: no file, or not TOML (with the line).
pub fn names(path: Option<&Path>) -> Result<Vec<String>> {
    let found = locate::find(path, &environment)?;
    let profiles = parse::profiles(&found.text).map_err(|error| error.within(&found.shown))?;
    Ok(profiles.into_iter().map(|(name, _)| name).collect())
}

/// Checks the profile `name` of a file's `text` without following references: reads no variable or file and runs no command.
/// Returns the options that are secrets in clear text.
///
/// # Errors
/// `config_invalid`: no such profile, not TOML (with the line), an unknown flow, an option of the wrong form.
pub fn check(name: &str, text: &str) -> Result<Vec<String>> {
    Ok(parse::profile(name, text)?.literal_secrets)
}

// Reading the environment is what the caller asked for: it named the profile, and the profile names the variable.
#[allow(clippy::disallowed_methods)]
fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn load_from(name: &str, found: &Found, env: Env<'_>) -> Result<Profile> {
    let place = format!("{}: profile {name:?}", found.shown);
    let parsed = parse::profile(name, &found.text).map_err(|error| error.within(&found.shown))?;
    let mut warnings: Vec<String> = parsed
        .literal_secrets
        .iter()
        .map(|option| {
            format!("{place}: {option} is a secret in clear; refer to it with env, file or command")
        })
        .collect();
    if !warnings.is_empty() && found.is_world_readable {
        warnings.push(format!(
            "{}: every user of this machine can read it, and it holds secrets in clear; chmod 600 helps",
            found.shown
        ));
    }
    let flow = parsed.flow.clone();
    let options = resolve(parsed, &found.directory, env).map_err(|error| error.within(&place))?;
    options
        .refuse_unknown(&[flow::option_names(&flow), CLIENT_OPTIONS].concat())
        .map_err(|error| error.within(&place))?;
    Ok(Profile {
        flow,
        options,
        warnings,
        place,
    })
}

fn resolve(parsed: Parsed, directory: &Path, env: Env<'_>) -> Result<Options> {
    let text = |name: &str, text: Text| {
        text.resolve(directory, env)
            .map_err(|problem| Error::config(name, problem))
    };
    let mut options = Options::new();
    for (name, value) in parsed.values {
        let value = match value {
            Value::Text(value) => OptionValue::Text(text(&name, value)?),
            Value::Path(path) => OptionValue::from(locate::beside(directory, &path)),
            Value::Paths(paths) => OptionValue::List(
                paths
                    .iter()
                    .map(|path| locate::beside(directory, path))
                    .collect(),
            ),
            Value::Table(entries) => OptionValue::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| Ok((key.clone(), text(&format!("{name}.{key}"), value)?)))
                    .collect::<Result<_>>()?,
            ),
            Value::Ready(value) => value,
        };
        options.set(name, value);
    }
    Ok(options)
}
