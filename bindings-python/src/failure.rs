//! Errors as Python exceptions. The class is found by the kind's stable string.

use evertoken::verdict::Reason;
use evertoken::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

/// Why a call failed.
pub(crate) enum Failure {
    /// The core's error.
    Core(Error),
    /// An exception of the caller's own code, such as the iterator of a body.
    Python(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl Failure {
    pub(crate) fn into_py_err(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Core(error) => raised(py, &error),
            Self::Python(error) => error,
        }
    }
}

/// The failure of a call that panicked, which is a defect in this library.
pub(crate) fn panicked() -> Failure {
    Error::new(ErrorKind::Internal, "a call ended in a panic").into()
}

/// The exception for `error`, ready to be raised.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    match exception(py, error) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failed) => failed,
    }
}

/// The exception object for `error`, made by the package's own `errors` module.
pub(crate) fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = MAKE.import(py, "evertoken.errors", "from_native")?;
    let fields = PyDict::new(py);
    fields.set_item("message", error.message())?;
    fields.set_item("retryable", error.retryable())?;
    fields.set_item("http_status", error.http_status())?;
    fields.set_item("provider_code", error.provider_code())?;
    fields.set_item("provider_message", error.provider_message())?;
    fields.set_item(
        "retry_after",
        error.retry_after().map(|wait| wait.as_secs_f64()),
    )?;
    fields.set_item("fingerprint", error.fingerprint())?;
    fields.set_item("identity", error.identity())?;
    make.call((error.kind().code(), error.to_string()), Some(&fields))
}

/// Every row of the error table: stable string, number, retryable, hint.
#[pyfunction]
pub(crate) fn error_kinds() -> Vec<(&'static str, i32, bool, &'static str)> {
    ErrorKind::ALL
        .iter()
        .map(|kind| (kind.code(), kind.number(), kind.retryable(), kind.hint()))
        .collect()
}

/// An exception of the kind with this stable string, as the core would raise it.
#[pyfunction]
pub(crate) fn error_of_kind<'py>(
    py: Python<'py>,
    code: &str,
    message: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let kind = ErrorKind::from_code(code).ok_or_else(|| {
        raised(
            py,
            &Error::config("code", format_args!("{code:?} is not in the error table")),
        )
    })?;
    exception(py, &Error::new(kind, message))
}

/// The stable string of every reason to give a 401 back.
#[pyfunction]
pub(crate) fn reasons() -> Vec<&'static str> {
    Reason::ALL.iter().map(|reason| reason.code()).collect()
}
