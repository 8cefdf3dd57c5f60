//! Replaces `driven.rs` on platforms without descriptors that an event loop can watch. There the library's runtime runs all calls.

use std::sync::Arc;

use pyo3::prelude::*;

pub(crate) enum Driven {}

impl Driven {
    /// No event loop can.
    pub(crate) fn of(_event_loop: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        Ok(None)
    }

    pub(crate) fn calls(&self) -> Option<Arc<Calls>> {
        match *self {}
    }
}

pub(crate) enum Calls {}

impl Calls {
    pub(crate) fn start(&self, _call: impl Future<Output = ()> + 'static) {
        match *self {}
    }
}
