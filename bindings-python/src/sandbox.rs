//! The sandbox, for tests in Python. It runs in this process, and control calls need no socket.

use std::mem;
use std::process;

use evertoken_sandbox::{ControlError, Settings};
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use serde_json::Value;

use crate::exit;

/// The status of a control call that waited too long.
const TIMED_OUT: u16 = 408;
/// The status of control calls to a closed sandbox.
const CLOSED: u16 = 503;

/// A running sandbox. Its JSON is passed as text.
#[pyclass(frozen, module = "evertoken._native")]
pub(crate) struct Sandbox {
    /// `None` only while it is dropped.
    sandbox: Option<evertoken_sandbox::Sandbox>,
    /// The process that started it. A forked child has the handle but not the threads, and must not wait for them.
    owner: u32,
}

#[pymethods]
impl Sandbox {
    #[new]
    fn new(py: Python<'_>, settings: &str) -> PyResult<Self> {
        let settings = Settings::from_json(&json(settings)?).map_err(PyValueError::new_err)?;
        let sandbox = exit::leave(py, || evertoken_sandbox::Sandbox::start(settings))
            .map_err(PyOSError::new_err)?;
        Ok(Self {
            sandbox: Some(sandbox),
            owner: process::id(),
        })
    }

    /// What the command `evertoken sandbox` prints when it starts.
    fn info(&self) -> PyResult<String> {
        Ok(self.running()?.info().to_string())
    }

    /// Any control call; waits without the GIL.
    fn control(&self, py: Python<'_>, method: &str, path: &str, body: &str) -> PyResult<String> {
        let body = json(body)?;
        let sandbox = self.running()?;
        exit::leave(py, || sandbox.control(method, path, &body))
            .map(|result| result.to_string())
            .map_err(refused)
    }

    /// Stops it. When this returns, its connections are closed and its ports are free.
    fn close(&self, py: Python<'_>) {
        if let Ok(sandbox) = self.running() {
            exit::leave(py, || sandbox.close());
        }
    }
}

impl Sandbox {
    fn running(&self) -> PyResult<&evertoken_sandbox::Sandbox> {
        match &self.sandbox {
            Some(sandbox) if self.owner == process::id() => Ok(sandbox),
            _ => Err(PyRuntimeError::new_err(
                "the sandbox runs in the process that started it; a forked child reaches it by its URL",
            )),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if self.owner != process::id() {
            mem::forget(self.sandbox.take());
        }
    }
}

fn json(text: &str) -> PyResult<Value> {
    serde_json::from_str(text).map_err(|error| PyValueError::new_err(format!("no JSON: {error}")))
}

fn refused(error: ControlError) -> PyErr {
    match error.status {
        TIMED_OUT => PyTimeoutError::new_err(error.message),
        CLOSED => PyRuntimeError::new_err(error.message),
        _ => PyValueError::new_err(error.message),
    }
}
