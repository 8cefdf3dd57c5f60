//! Blocking calls under gevent: while one waits, other greenlets run.
//!
//! All greenlets share one thread, which must not block. So the call runs on the library's runtime, as it does for asyncio, and
//! its greenlet waits as it would for a socket.

use std::sync::mpsc::sync_channel;

use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::start_in;
use crate::failure::{Failure, panicked};
use crate::imported::imported;

/// The hub's stand-in for an event loop; `None` if the caller may block its thread.
pub(crate) fn running(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    if imported(py, intern!(py, "gevent.monkey"))?.is_none() {
        return Ok(None);
    }
    let hub = py
        .import(intern!(py, "evertoken._gevent"))?
        .call_method0(intern!(py, "running"))?;
    Ok((!hub.is_none()).then_some(hub))
}

/// Runs a call to its end while this greenlet waits. An exception in the greenlet, such as `gevent.Timeout`, ends the call.
///
/// Not inlined, so that the frames of threads without greenlets have no room for this call's future.
#[inline(never)]
pub(crate) fn wait<T, F>(hub: &Bound<'_, PyAny>, call: impl FnOnce() -> F) -> PyResult<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let py = hub.py();
    let (sender, outcome) = sync_channel(1);
    let call = call();
    let waiter = start_in(hub, async move {
        // Fails if the greenlet no longer waits.
        let _ = sender.send(call.await);
        Ok(())
    })?;
    waiter.call_method0(intern!(py, "wait"))?;
    outcome
        .try_recv()
        .unwrap_or_else(|_| Err(panicked()))
        .map_err(|failure| failure.into_py_err(py))
}
