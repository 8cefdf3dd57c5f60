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

    /// The same, with an optional argument, as a header for a URL has.
    #[pyo3(signature = (url = None))]
    fn held(&self, py: Python<'_>, url: Option<&Bound<'_, PyString>>) -> Py<PyString> {
        url.map_or_else(|| self.0.clone_ref(py), |url| url.clone().unbind())
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
