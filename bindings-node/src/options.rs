//! A client from options by name.

use std::collections::HashMap;
use std::path::Path;

use evertoken::options::{OptionValue, Options};
use evertoken::{Client, ClientBuilder, Secret, profile};
use napi_derive::napi;

use crate::failure::Failure;
use crate::names::{self, Spelling};

/// One option as JavaScript sorted it: exactly one of the values is there.
#[napi(object, object_to_js = false)]
pub struct Given {
    /// The name as the caller wrote it.
    pub name: String,
    /// A string, or what stands for one.
    pub text: Option<String>,
    /// A number.
    pub number: Option<f64>,
    /// A switch.
    pub flag: Option<bool>,
    /// A list of strings.
    pub list: Option<Vec<String>>,
    /// An object of strings.
    pub map: Option<HashMap<String, String>>,
}

impl Given {
    fn into_value(self, name: &str) -> Option<OptionValue> {
        if let Some(text) = self.text {
            return Some(text.into());
        }
        if let Some(number) = self.number {
            let in_seconds = names::DURATIONS.contains(&name);
            return Some(OptionValue::Number(if in_seconds {
                number / 1_000.0
            } else {
                number
            }));
        }
        if let Some(map) = self.map {
            let fields = map.into_iter().map(|(key, text)| (key, Secret::new(text)));
            return Some(OptionValue::Map(fields.collect()));
        }
        self.flag
            .map(OptionValue::Flag)
            .or(self.list.map(OptionValue::List))
    }
}

/// The client of this flow with these options.
pub(crate) fn build(flow: &str, given: Vec<Given>) -> Result<Client, Box<Failure>> {
    let mut options = Options::new();
    let asked = put(&mut options, given);
    ClientBuilder::from_options(flow, options)
        .and_then(ClientBuilder::build)
        .map_err(|error| Box::new(Failure::spelt(&error, Spelling::All(&asked))))
}

/// The client of this profile, with these options set on top, and what its reader should know.
pub(crate) fn build_profile(
    name: &str,
    path: Option<&str>,
    given: Vec<Given>,
) -> Result<(Client, Vec<String>), Box<Failure>> {
    let mut asked = Vec::new();
    profile::load(name, path.map(Path::new))
        .and_then(|mut profile| {
            asked = put(&mut profile.options, given);
            let warnings = std::mem::take(&mut profile.warnings);
            Ok((profile.builder()?.build()?, warnings))
        })
        .map_err(|error| Box::new(Failure::spelt(&error, Spelling::Given(&asked))))
}

/// Sets what is given; returns its names.
fn put(options: &mut Options, given: Vec<Given>) -> Vec<String> {
    let mut asked = Vec::with_capacity(given.len());
    for option in given {
        let name = names::snake(&option.name);
        if let Some(value) = option.into_value(&name) {
            options.set(&name, value);
            asked.push(name);
        }
    }
    asked
}
