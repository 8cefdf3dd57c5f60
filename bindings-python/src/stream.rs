//! An answer whose body is read piece by piece.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use evertoken::{Error, ErrorKind, Response};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::answer::Head;
use crate::bridge::start;
use crate::failure::Failure;
use crate::wait::wait_shared;

/// An answer whose body is still on the wire.
#[pyclass(frozen, module = "evertoken._native")]
pub(crate) struct Stream {
    head: Head,
    rest: Rest,
}

/// The rest of the answer: in nobody's hands while a piece is read, gone once closed.
#[derive(Clone)]
struct Rest(Arc<Mutex<Option<Response>>>);

/// A piece on its way to Python; `None` at the end.
struct Piece(Option<Bytes>);

impl<'py> IntoPyObject<'py> for Piece {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        Ok(match self.0 {
            Some(piece) => PyBytes::new(py, &piece).into_any(),
            None => py.None().into_bound(py),
        })
    }
}

impl Rest {
    fn hold(&self) -> std::sync::MutexGuard<'_, Option<Response>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next(self) -> Result<Piece, Failure> {
        let taken = self.hold().take();
        let Some(mut response) = taken else {
            return Err(Error::new(
                ErrorKind::Closed,
                "the answer's body was closed, or is being read elsewhere",
            )
            .into());
        };
        let piece = response.chunk().await?;
        *self.hold() = Some(response);
        Ok(Piece(piece))
    }
}

impl Stream {
    pub(crate) fn new(response: Response) -> Self {
        Self {
            head: Head::from(&response),
            rest: Rest(Arc::new(Mutex::new(Some(response)))),
        }
    }
}

#[pymethods]
impl Stream {
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

    /// The next piece of the body; `None` at its end.
    fn read<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        wait_shared(py, self.rest.clone().next())?.into_pyobject(py)
    }

    /// As `read`, awaitable.
    fn aread<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        start(py, self.rest.clone().next())
    }

    /// Lets go of the connection.
    fn close(&self) {
        let rest = self.rest.hold().take();
        drop(rest);
    }
}
