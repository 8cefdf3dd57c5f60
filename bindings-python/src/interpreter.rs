//! The package works in the main interpreter only.

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

/// Refuses to be imported by a subinterpreter.
///
/// The classes exist once per process, with the methods that the package adds to them: those that a subinterpreter added would
/// disappear with it, for the main interpreter too, and its exit handlers would stop the library for all. Callbacks from the
/// library's own threads, such as events, would run in the main interpreter in any case.
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
