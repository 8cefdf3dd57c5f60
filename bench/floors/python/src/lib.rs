//! What a call from Python into native code costs at least, built as the library's own module is.

use pyo3::prelude::*;
use pyo3::types::PyString;

/// Holds one string.
#[pyclass(frozen)]
struct Holder(Py<PyString>);

#[pymethods]
impl Holder {
    #[new]
    fn new(text: Bound<'_, PyString>) -> Self {
        Self(text.unbind())
    }

    /// The same string object on every call.
    fn cached(&self, py: Python<'_>) -> Py<PyString> {
        self.0.clone_ref(py)
    }

    /// Nothing.
    #[allow(clippy::unused_self)]
    fn empty(&self) {}
}

/// The floors of the header case.
#[pymodule]
mod bench_floors {
    #[pymodule_export]
    use super::Holder;
}
