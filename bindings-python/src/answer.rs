//! An answer with its whole body.

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use evertoken::{GiveBack, HeaderMap, Response};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyBytes;

use crate::failure::{Failure, exception};

/// Status line, headers and what became of the token: all of an answer but its body.
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
            status: response.status(),
            version: text_of(&response.version()),
            url: response.url().to_string(),
            headers: response.headers().clone(),
            given_back: response.given_back().cloned(),
        }
    }
}

/// As the protocols call themselves: the type's own form would be `HTTP/2.0`.
fn text_of(version: &impl Debug) -> String {
    let text = format!("{version:?}");
    match text.strip_suffix(".0") {
        Some(short) if short != "HTTP/1" => short.to_owned(),
        _ => text,
    }
}

impl Head {
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Header fields in their order. Bytes beyond ASCII are read as Latin-1, which loses nothing.
    pub(crate) fn headers(&self) -> Vec<(&str, String)> {
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

    pub(crate) fn reason(&self) -> Option<&'static str> {
        self.given_back.as_ref().map(|why| why.reason.code())
    }

    pub(crate) fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.given_back
            .as_ref()
            .and_then(|why| why.error.as_ref())
            .map(|error| exception(py, error))
            .transpose()
    }
}

/// An answer, read to its end.
#[pyclass(frozen, module = "evertoken._native")]
pub(crate) struct Answer {
    head: Head,
    /// As they came off the wire, until the body is asked for.
    pieces: Mutex<Vec<Bytes>>,
    content: PyOnceLock<Py<PyBytes>>,
}

impl Answer {
    pub(crate) async fn read(mut response: Response) -> Result<Self, Failure> {
        let head = Head::from(&response);
        let mut pieces = Vec::new();
        while let Some(piece) = response.chunk().await? {
            pieces.push(piece);
        }
        Ok(Self {
            head,
            pieces: Mutex::new(pieces),
            content: PyOnceLock::new(),
        })
    }
}

#[pymethods]
impl Answer {
    #[getter]
    fn status(&self) -> u16 {
        self.head.status()
    }

    #[getter]
    fn version(&self) -> &str {
        self.head.version()
    }

    #[getter]
    fn url(&self) -> &str {
        self.head.url()
    }

    #[getter]
    fn headers(&self) -> Vec<(&str, String)> {
        self.head.headers()
    }

    #[getter]
    fn reason(&self) -> Option<&'static str> {
        self.head.reason()
    }

    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.head.error(py)
    }

    /// The body: copied once, from the pieces as they came off the wire into the Python object.
    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let content = self.content.get_or_try_init(py, || {
            let mut held = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
            let pieces = std::mem::take(&mut *held);
            drop(held);
            PyBytes::new_with(py, pieces.iter().map(Bytes::len).sum(), |mut place| {
                for piece in &pieces {
                    let (here, rest) = place.split_at_mut(piece.len());
                    here.copy_from_slice(piece);
                    place = rest;
                }
                Ok(())
            })
            .map(Bound::unbind)
        })?;
        Ok(content.bind(py).clone())
    }
}
