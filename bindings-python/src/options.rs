//! Converts options from Python's types to the core's, which checks their names and values.

use evertoken::options::check_line;
use evertoken::{Error, OptionValue, Options, Secret, builder, flow};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PyMapping, PySet, PyString, PyTuple,
};

use crate::failure::raised;

/// Up to here every integer is exact as a floating-point number.
const EXACT_MAX: i64 = 1 << 53;

/// Adds the options of `dict`. One that is `None` keeps its default.
pub(crate) fn fill(options: &mut Options, dict: &Bound<'_, PyDict>) -> PyResult<()> {
    for (name, value) in dict.iter() {
        let name = name.extract::<String>()?;
        if !value.is_none() {
            let value = option_value(&name, &value)?;
            options.set(name, value);
        }
    }
    Ok(())
}

fn option_value(name: &str, value: &Bound<'_, PyAny>) -> PyResult<OptionValue> {
    let py = value.py();
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(flag.is_true().into());
    }
    if value.is_instance_of::<PyString>() {
        return text(name, value).map(OptionValue::from);
    }
    if value.is_instance_of::<PyInt>() {
        return match value.extract::<i64>() {
            #[allow(clippy::cast_precision_loss)] // exact below 2^53
            Ok(number) if number.abs() <= EXACT_MAX => Ok((number as f64).into()),
            _ => text(name, value.str()?.as_any()).map(OptionValue::from),
        };
    }
    if value.is_instance_of::<PyFloat>() {
        return Ok(value.extract::<f64>()?.into());
    }
    if let Some(secs) = total_seconds(value)? {
        return Ok(secs.into());
    }
    if value.hasattr(intern!(py, "__fspath__"))? {
        return path(name, value).map(OptionValue::from);
    }
    if let Ok(map) = value.cast::<PyMapping>() {
        let pairs = map.items()?.iter().map(|item| {
            let (key, value) = item.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
            Ok((text(name, &key)?, Secret::new(text(name, &value)?)))
        });
        return Ok(OptionValue::Map(pairs.collect::<PyResult<_>>()?));
    }
    if is_collection(value) {
        let texts = value.try_iter()?.map(|entry| {
            let entry = entry?;
            if entry.hasattr(intern!(py, "__fspath__"))? {
                path(name, &entry)
            } else {
                text(name, &entry)
            }
        });
        return Ok(OptionValue::List(texts.collect::<PyResult<_>>()?));
    }
    let kind = value.get_type().name()?;
    Err(refused(py, name, &format!("cannot be of the type {kind}")))
}

fn is_collection(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyList>()
        || value.is_instance_of::<PyTuple>()
        || value.is_instance_of::<PySet>()
        || value.is_instance_of::<PyFrozenSet>()
}

fn path(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    text(
        name,
        &value.call_method0(intern!(value.py(), "__fspath__"))?,
    )
}

/// A string. The error for anything else names the option, and does not show its value.
fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    let Ok(text) = value.cast::<PyString>() else {
        let kind = value.get_type().name()?;
        return Err(refused(
            value.py(),
            name,
            &format!("must be made of strings, not of the type {kind}"),
        ));
    };
    // A lone surrogate cannot be encoded. Python's own exception for that would contain the whole text.
    text.to_str()
        .map(str::to_owned)
        .map_err(|_| refused(value.py(), name, "is not valid Unicode text"))
}

fn refused(py: Python<'_>, name: &str, problem: &str) -> PyErr {
    raised(py, &Error::config(name, problem))
}

/// The seconds of a `timedelta`; `None` for any other type.
fn total_seconds(value: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
    match value.getattr_opt(intern!(value.py(), "total_seconds"))? {
        Some(method) => method.call0()?.extract().map(Some),
        None => Ok(None),
    }
}

/// A duration argument of a call: seconds as a number, or a `timedelta`.
pub(crate) fn duration(
    name: &str,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<std::time::Duration>> {
    let Some(value) = value.filter(|value| !value.is_none()) else {
        return Ok(None);
    };
    if is_collection(value) {
        // requests takes a tuple of timeouts for the parts of a call.
        let hint = "must be one number of seconds; connect_timeout and read_timeout are options of their own";
        return Err(refused(value.py(), name, hint));
    }
    let mut options = Options::new();
    options.set(name, option_value(name, value)?);
    options
        .take_secs(name)
        .map_err(|error| raised(value.py(), &error))
}

/// The deadline of a call: `None` for the client's, `math.inf` for none, or a duration.
pub(crate) fn deadline(value: Option<&Bound<'_, PyAny>>) -> PyResult<Deadline> {
    if let Some(value) = value
        && value
            .cast::<PyFloat>()
            .is_ok_and(|number| number.value().is_infinite() && number.value() > 0.0)
    {
        return Ok(Deadline::None);
    }
    Ok(duration("timeout", value)?.map_or(Deadline::OfClient, Deadline::In))
}

/// When a call times out.
#[derive(Clone, Copy)]
pub(crate) enum Deadline {
    /// After the client's timeout.
    OfClient,
    /// Never.
    None,
    /// After this long.
    In(std::time::Duration),
}

/// A string for a URL: valid Unicode without control characters.
pub(crate) fn line(name: &str, value: &Bound<'_, PyString>) -> PyResult<String> {
    let text = text(name, value.as_any())?;
    check_line(name, &text).map_err(|error| raised(value.py(), &error))?;
    Ok(text)
}

/// The names of the options that every flow has.
#[pyfunction]
pub(crate) fn client_option_names() -> &'static [&'static str] {
    builder::CLIENT_OPTIONS
}

/// The names of a flow's own options; empty for an unknown flow.
#[pyfunction]
pub(crate) fn flow_option_names(flow_name: &str) -> &'static [&'static str] {
    flow::option_names(flow_name)
}
