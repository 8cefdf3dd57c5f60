//! Flows by name, for callers that hold names and values.

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

/// The flow of this name from options by name. Takes the flow's own options out of `options` and
/// leaves the others.
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
    let names: Vec<_> = FLOWS.iter().map(|(name, ..)| *name).collect();
    Err(Error::config(
        "flow",
        format_args!("must be one of {}", names.join(", ")),
    ))
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
