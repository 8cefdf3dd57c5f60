//! Parses the file's text into a profile, without following its references. Pure.

use toml::{Table, Value as Toml};

use super::reference::{self, Text};
use crate::error::{Error, ErrorKind, Result};
use crate::flow;
use crate::options::OptionValue;

/// Whole numbers up to this are exact as a float. An account number may be larger.
const EXACT_UP_TO: u64 = 1 << 53;
/// Options that are paths, relative to the profile's file.
const PATHS: &[&str] = &["ca_file", "client_cert"];

/// A profile as it is written.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) flow: String,
    pub(super) values: Vec<(String, Value)>,
    /// The names of options that are secrets in clear text.
    pub(super) literal_secrets: Vec<String>,
}

/// An option as it is written.
#[derive(Debug)]
pub(super) enum Value {
    Text(Text),
    Path(String),
    Paths(Vec<String>),
    Table(Vec<(String, Text)>),
    Ready(OptionValue),
}

/// All profiles by name, sorted.
///
/// # Errors
/// `config_invalid`, with the line where it is not TOML.
pub(super) fn profiles(text: &str) -> Result<Vec<(String, Toml)>> {
    // Only the problem and the line number: the library's full message quotes the line, which may contain a secret.
    let document: Table = toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        let problem = error.message().replace('\n', ", ");
        invalid(format!("line {line}: not valid TOML: {problem}"))
    })?;
    let mut found = Vec::new();
    for (key, value) in document {
        match (key.as_str(), value) {
            ("profiles", Toml::Table(profiles)) => found.extend(profiles),
            ("profiles", _) => return Err(Error::config("profiles", "must be a table")),
            _ => {
                return Err(Error::config(
                    &key,
                    "is not known here; a profile starts with [profiles.NAME]",
                ));
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found)
}

/// The profile `name`.
///
/// # Errors
/// `config_invalid` that names the profile and the option at fault.
pub(super) fn profile(name: &str, text: &str) -> Result<Parsed> {
    let mut profiles = profiles(text)?;
    let Some(at) = profiles.iter().position(|(other, _)| other == name) else {
        let known: Vec<_> = profiles.iter().map(|(other, _)| other.as_str()).collect();
        return Err(invalid(if known.is_empty() {
            format!("there is no profile {name:?}, and no other: it starts with [profiles.{name}]")
        } else {
            format!(
                "there is no profile {name:?}; there are: {}",
                known.join(", ")
            )
        }));
    };
    read(profiles.swap_remove(at).1).map_err(|error| error.within(format_args!("profile {name:?}")))
}

fn read(profile: Toml) -> Result<Parsed> {
    let Toml::Table(mut table) = profile else {
        return Err(invalid("must be a table"));
    };
    let flow = match table.remove("flow") {
        Some(Toml::String(flow)) if !flow::option_names(&flow).is_empty() => flow,
        None => return Err(flow_error("is required; ")),
        Some(_) => return Err(flow_error("")),
    };
    let mut parsed = Parsed {
        values: Vec::with_capacity(table.len()),
        literal_secrets: Vec::new(),
        flow,
    };
    for (name, value) in table {
        let value = option(&name, value)?;
        match &value {
            Value::Text(Text::Literal(_))
                if flow::secret_names(&parsed.flow).any(|secret| secret == name) =>
            {
                parsed.literal_secrets.push(name.clone());
            }
            Value::Table(entries) => parsed.literal_secrets.extend(
                entries
                    .iter()
                    .filter(|(key, text)| {
                        flow::is_secret_entry(key) && matches!(text, Text::Literal(_))
                    })
                    .map(|(key, _)| format!("{name}.{key}")),
            ),
            _ => {}
        }
        parsed.values.push((name, value));
    }
    Ok(parsed)
}

fn flow_error(before: &str) -> Error {
    let names: Vec<_> = flow::names().collect();
    Error::config(
        "flow",
        format_args!("{before}must be one of {}", names.join(", ")),
    )
}

fn option(name: &str, value: Toml) -> Result<Value> {
    let is_path = PATHS.contains(&name);
    Ok(match value {
        Toml::String(path) if is_path => Value::Path(path),
        Toml::String(text) => Value::Text(text.into()),
        Toml::Integer(number) if number.unsigned_abs() > EXACT_UP_TO => {
            Value::Text(number.to_string().into())
        }
        // Exact up to 2^53, as just checked.
        #[allow(clippy::cast_precision_loss)]
        Toml::Integer(number) => Value::Ready(OptionValue::Number(number as f64)),
        Toml::Float(number) => Value::Ready(OptionValue::Number(number)),
        Toml::Boolean(flag) => Value::Ready(OptionValue::Flag(flag)),
        Toml::Array(list) => {
            let list = texts(list)
                .ok_or_else(|| Error::config(name, "must be a list of strings and nothing else"))?;
            if is_path {
                Value::Paths(list)
            } else {
                Value::Ready(OptionValue::List(list))
            }
        }
        Toml::Table(table) if flow::takes_table(name) => Value::Table(
            table
                .into_iter()
                .map(|(key, value)| {
                    let text = entry(value)
                        .map_err(|problem| Error::config(&format!("{name}.{key}"), problem))?;
                    Ok((key, text))
                })
                .collect::<Result<_>>()?,
        ),
        Toml::Table(table) => Value::Text(
            reference::parse(table)
                .map(Text::Reference)
                .map_err(|problem| Error::config(name, problem))?,
        ),
        Toml::Datetime(_) => {
            return Err(Error::config(name, "must not be a date; put it in quotes"));
        }
    })
}

fn entry(value: Toml) -> Result<Text, &'static str> {
    match value {
        Toml::String(text) => Ok(text.into()),
        Toml::Table(table) => reference::parse(table).map(Text::Reference),
        _ => Err("must be a string or a reference"),
    }
}

pub(super) fn texts(list: Vec<Toml>) -> Option<Vec<String>> {
    list.into_iter()
        .map(|entry| match entry {
            Toml::String(text) => Some(text),
            _ => None,
        })
        .collect()
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::ConfigInvalid, message)
}
