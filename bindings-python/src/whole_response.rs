//! A response with its whole body.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use evertoken::Response;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyBytes;

use crate::failure::Failure;
use crate::head::{Head, Received};

/// A response with its whole body.
#[pyclass(extends = Head, frozen, module = "evertoken._native")]
pub(crate) struct WholeResponse {
    /// The body as it was received, until it is asked for.
    pieces: Mutex<Vec<Bytes>>,
    content: PyOnceLock<Py<PyBytes>>,
}

impl WholeResponse {
    pub(crate) async fn read(mut response: Response) -> Result<Received<Self>, Failure> {
        let head = Head::from(&response);
        let mut pieces = Vec::new();
        while let Some(piece) = response.chunk().await? {
            pieces.push(piece);
        }
        let body = Self {
            pieces: Mutex::new(pieces),
            content: PyOnceLock::new(),
        };
        Ok(Received { head, body })
    }
}

#[pymethods]
impl WholeResponse {
    /// The body, copied once: from the received pieces into the Python object.
    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let content = self.content.get_or_try_init(py, || {
            let pieces =
                std::mem::take(&mut *self.pieces.lock().unwrap_or_else(PoisonError::into_inner));
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
