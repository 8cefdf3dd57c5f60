//! A response whose body is read piece by piece.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use evertoken::{Error, ErrorKind, Response};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::bridge::start;
use crate::failure::Failure;
use crate::head::{Head, Received};
use crate::wait::wait_shared;

/// A response whose body is read piece by piece.
#[pyclass(extends = Head, frozen, module = "evertoken._native")]
pub(crate) struct Stream {
    rest: Rest,
}

/// The rest of the response. `None` while a piece is being read, and once it is closed.
#[derive(Clone)]
struct Rest(Arc<Mutex<Option<Response>>>);

/// A piece of the body; `None` at its end.
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
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Response>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next(self) -> Result<Piece, Failure> {
        let taken = self.lock().take();
        let Some(mut response) = taken else {
            return Err(Error::new(
                ErrorKind::Closed,
                "the answer's body was closed, or is being read elsewhere",
            )
            .into());
        };
        let piece = response.chunk().await?;
        *self.lock() = Some(response);
        Ok(Piece(piece))
    }
}

impl Stream {
    pub(crate) fn received(response: Response) -> Received<Self> {
        let head = Head::from(&response);
        let rest = Rest(Arc::new(Mutex::new(Some(response))));
        Received {
            head,
            body: Self { rest },
        }
    }
}

#[pymethods]
impl Stream {
    /// The next piece of the body; `None` at its end.
    fn read<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        wait_shared(py, self.rest.clone().next())?.into_pyobject(py)
    }

    /// As `read`, awaitable.
    fn aread<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        start(py, self.rest.clone().next())
    }

    /// Releases the connection.
    fn close(&self) {
        // In two steps, so that the response is not dropped while the lock is held.
        let rest = self.rest.lock().take();
        drop(rest);
    }
}
