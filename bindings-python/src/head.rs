//! What whole and streamed responses have in common: everything but the body.

use std::fmt::Debug;

use evertoken::{GiveBack, HeaderMap, Response};
use pyo3::PyClass;
use pyo3::prelude::*;

use crate::failure::exception;

/// Everything of a response but its body: status, headers, and why a 401 was not healed.
#[pyclass(subclass, frozen, module = "evertoken._native")]
pub(crate) struct Head {
    status: u16,
    version: String,
    url: String,
    headers: HeaderMap,
    given_back: Option<GiveBack>,
}

impl From<&Response> for Head {
    fn from(response: &Response) -> Self {
        Self {
            status: response.status().as_u16(),
            version: version_text(&response.version()),
            url: response.url_text().to_owned(),
            headers: response.headers().clone(),
            given_back: response.given_back().cloned(),
        }
    }
}

/// The version as HTTP writes it: "HTTP/1.1", but "HTTP/2", which the type prints as "HTTP/2.0".
fn version_text(version: &impl Debug) -> String {
    let text = format!("{version:?}");
    match text.strip_suffix(".0") {
        Some(short) if short != "HTTP/1" => short.to_owned(),
        _ => text,
    }
}

#[pymethods]
impl Head {
    #[getter]
    fn status(&self) -> u16 {
        self.status
    }

    #[getter]
    fn version(&self) -> &str {
        &self.version
    }

    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    /// The header fields in order. Bytes beyond ASCII are decoded as Latin-1, which loses nothing.
    #[getter]
    fn headers(&self) -> Vec<(&str, String)> {
        self.headers
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str(),
                    value.as_bytes().iter().copied().map(char::from).collect(),
                )
            })
            .collect()
    }

    #[getter]
    fn reason(&self) -> Option<&'static str> {
        self.given_back.as_ref().map(|why| why.reason.code())
    }

    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.given_back
            .as_ref()
            .and_then(|why| why.error.as_ref())
            .map(|error| exception(py, error))
            .transpose()
    }
}

/// A response that becomes a Python `T`, a subclass of [`Head`] with the body in its own form.
pub(crate) struct Received<T> {
    pub(crate) head: Head,
    pub(crate) body: T,
}

impl<'py, T: PyClass<BaseType = Head>> IntoPyObject<'py> for Received<T> {
    type Target = T;
    type Output = Bound<'py, T>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        Bound::new(py, (self.body, self.head))
    }
}
