//! Flows from named options.

use url::Url;

use super::{Flow, json_login, oauth2, passkit, pismo, wso2};
use crate::error::{Error, Result};
use crate::options::Options;

type Build = fn(&mut Options, Option<&Url>) -> Result<Flow>;

/// One row per flow: its name, its options, its constructor.
const FLOWS: &[(&str, &[&str], Build)] = &[
    (pismo::NAME, pismo::OPTIONS, pismo::from_options),
    (passkit::NAME, passkit::OPTIONS, passkit::from_options),
    (wso2::NAME, wso2::OPTIONS, wso2::from_options),
    (
        oauth2::PASSWORD,
        oauth2::PASSWORD_OPTIONS,
        oauth2::password_from_options,
    ),
    (
        oauth2::CLIENT_CREDENTIALS,
        oauth2::CLIENT_CREDENTIALS_OPTIONS,
        oauth2::client_credentials_from_options,
    ),
    (
        json_login::NAME,
        json_login::OPTIONS,
        json_login::from_options,
    ),
];

/// Makes the flow of this name. Takes the flow's own options out of `options` and leaves the others.
///
/// # Errors
/// `config_invalid` for an unknown flow name, or that names the option at fault.
pub fn from_options(
    flow_name: &str,
    options: &mut Options,
    base_url: Option<&Url>,
) -> Result<Flow> {
    if let Some((.., build)) = FLOWS.iter().find(|(name, ..)| *name == flow_name) {
        return build(options, base_url);
    }
    let names: Vec<_> = names().collect();
    Err(Error::config(
        "flow",
        format_args!("must be one of {}", names.join(", ")),
    ))
}

/// Options whose value is a secret, whatever the flow.
const SECRETS: &[&str] = &[
    "client_secret",
    "consumer_secret",
    "password",
    "server_secret",
    "token",
    "two_fa_code",
    "two_fa_token",
];

/// Options whose value is a table of texts.
const TABLES: &[&str] = &["body", "extra_fields", "extra_headers"];

/// The names of all flows.
pub fn names() -> impl Iterator<Item = &'static str> {
    FLOWS.iter().map(|(name, ..)| *name)
}

/// The flow's options that are secrets, which should not be written in clear text in a file or on a command line.
pub fn secret_names(flow_name: &str) -> impl Iterator<Item = &'static str> {
    let own = option_names(flow_name).iter().copied();
    own.filter(|name| SECRETS.contains(name))
}

/// Whether the option's value is a table of texts, such as additional form fields.
pub fn takes_table(option: &str) -> bool {
    TABLES.contains(&option)
}

/// Whether an entry of such a table is a secret, judging by its name: `password`, `x-api-key`.
pub fn is_secret_entry(entry: &str) -> bool {
    const WORDS: &[&str] = &[
        "assertion",
        "authorization",
        "cookie",
        "credential",
        "key",
        "passphrase",
        "passw",
        "pwd",
        "secret",
        "token",
    ];
    let entry = entry.to_ascii_lowercase();
    WORDS.iter().any(|word| entry.contains(word))
}

/// The names of the options that the flow takes; none for an unknown flow.
pub fn option_names(flow_name: &str) -> &'static [&'static str] {
    FLOWS
        .iter()
        .find(|(name, ..)| *name == flow_name)
        .map_or(&[], |(_, options, _)| options)
}

#[cfg(test)]
mod tests;
