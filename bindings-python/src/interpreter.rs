//! Which interpreter of the process this is.

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

/// Refuses to be imported by a subinterpreter.
///
/// Classes and what the package puts onto them are there once per process: what a subinterpreter brought would be gone with
/// it, for the main interpreter as well, and its exit handlers would end the library for all. What comes from the library's
/// own threads, such as events, would run in the main interpreter anyway.
pub(crate) fn only_main(_py: Python<'_>) -> PyResult<()> {
    // SAFETY: the argument proves that this thread is attached to an interpreter.
    let id = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    if id == 0 {
        return Ok(());
    }
    Err(PyImportError::new_err(
        "evertoken works in the main interpreter only, not in a subinterpreter \
         (mod_wsgi: set `WSGIApplicationGroup %{GLOBAL}`)",
    ))
}
