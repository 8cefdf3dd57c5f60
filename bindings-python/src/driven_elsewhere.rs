//! Stands in for `driven.rs` on platforms without descriptors that an event loop can watch: the library runtime does it all.

use pyo3::prelude::*;

/// No event loop can.
pub(crate) fn watch(_event_loop: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
    Ok(None)
}

/// There are no such calls.
pub(crate) fn find(_number: usize) -> Option<Driven> {
    None
}

pub(crate) enum Driven {}

impl Driven {
    pub(crate) fn start(&self, _call: impl Future<Output = ()> + 'static) {
        match *self {}
    }
}
