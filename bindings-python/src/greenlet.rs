//! Waiting in a program of greenlets: other greenlets run meanwhile.
//!
//! A blocking call would stop them all, as they share one thread. Here the call runs on the library runtime, as it does for
//! asyncio, and the greenlet waits as it does for a socket of its own.

use std::sync::mpsc::sync_channel;

use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::start_in;
use crate::failure::{Failure, panicked};
use crate::imported::imported;

/// The stand-in for an event loop, where this call was made by a greenlet that others wait beside.
pub(crate) fn running(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    if imported(py, intern!(py, "gevent.monkey"))?.is_none() {
        return Ok(None);
    }
    let hub = py
        .import(intern!(py, "evertoken._gevent"))?
        .call_method0(intern!(py, "running"))?;
    Ok((!hub.is_none()).then_some(hub))
}

/// Runs a call to its end while this greenlet waits. What ends the greenlet, such as a `gevent.Timeout`, ends the call.
pub(crate) fn wait<T, F>(hub: &Bound<'_, PyAny>, call: F) -> PyResult<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let py = hub.py();
    let (told, outcome) = sync_channel(1);
    let waiter = start_in(hub, async move {
        // Whoever waits no more has let go of the other end.
        let _ = told.send(call.await);
        Ok(())
    })?;
    waiter.call_method0(intern!(py, "wait"))?;
    outcome
        .try_recv()
        .unwrap_or_else(|_| Err(panicked()))
        .map_err(|failure| failure.into_py_err(py))
}
