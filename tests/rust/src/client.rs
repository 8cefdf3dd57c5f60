//! A client from options by name.

use evertoken::{ClientBuilder, OptionValue, Options, Secret};
use serde_json::{Map, Value};

use crate::Failure;

/// The builder for this flow and these options.
///
/// # Errors
/// The outer one: an option has a type that no option can have. The inner one is the core's own refusal.
pub fn builder(
    flow: &str,
    options: &Map<String, Value>,
) -> Result<evertoken::Result<ClientBuilder>, Failure> {
    let mut own = Options::new();
    for (name, value) in options {
        own.set(
            name,
            option(value).ok_or_else(|| format!("no option value: {name}"))?,
        );
    }
    Ok(ClientBuilder::from_options(flow, own))
}

fn option(value: &Value) -> Option<OptionValue> {
    Some(match value {
        Value::String(text) => text.as_str().into(),
        Value::Number(number) => number.as_f64()?.into(),
        Value::Bool(flag) => (*flag).into(),
        Value::Array(list) => list
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()?
            .into(),
        Value::Object(map) => {
            let rows = map
                .iter()
                .map(|(key, item)| Some((key.clone(), Secret::new(item.as_str()?))))
                .collect::<Option<Vec<_>>>()?;
            OptionValue::Map(rows)
        }
        Value::Null => return None,
    })
}
