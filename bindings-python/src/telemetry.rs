//! Events to OpenTelemetry, for a program that uses it.

use std::sync::OnceLock;

use evertoken::{Subscription, on_any_event};
use pyo3::intern;
use pyo3::prelude::*;

use crate::event::Event;
use crate::exit;
use crate::imported::imported;

/// Listens to every identity of this process. Called by the first client, not at import.
///
/// There is one listener for all, because clients of one identity share its token requests, which must be counted once.
pub(crate) fn install() {
    static LISTENING: OnceLock<Subscription> = OnceLock::new();
    LISTENING.get_or_init(|| {
        on_any_event(|event| {
            exit::attach(|py| {
                if let Err(error) = hand_over(py, event) {
                    error.write_unraisable(py, None);
                }
            });
        })
    });
}

/// Passes an event on if the program has imported OpenTelemetry's API. If it has not, no provider can have been set up.
fn hand_over(py: Python<'_>, event: &evertoken::Event) -> PyResult<()> {
    if imported(py, intern!(py, "opentelemetry.trace"))?.is_none()
        && imported(py, intern!(py, "opentelemetry.metrics"))?.is_none()
    {
        return Ok(());
    }
    // The text of an identity need not be unique, its address is.
    let identity = event.identity.as_ptr() as usize;
    py.import(intern!(py, "evertoken._telemetry"))?
        .call_method1(intern!(py, "heard"), (identity, Event::from(event.clone())))?;
    Ok(())
}
