//! Events to OpenTelemetry, for a program that uses it.

use std::sync::OnceLock;

use evertoken::{Subscription, on_any_event};
use pyo3::intern;
use pyo3::prelude::*;

use crate::event::Event;
use crate::exit;
use crate::imported::imported;

/// Listens to every identity of this process from now on. Done with the first client, not at import.
///
/// One listener for all: clients of one identity share its token requests, which must be counted once.
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

/// The API is asked for only where the program has imported it: without that nobody has set up a provider.
fn hand_over(py: Python<'_>, event: &evertoken::Event) -> PyResult<()> {
    if imported(py, intern!(py, "opentelemetry.trace"))?.is_none()
        && imported(py, intern!(py, "opentelemetry.metrics"))?.is_none()
    {
        return Ok(());
    }
    // Two identities may read alike in a log; what they are kept in has an address of its own.
    let identity = event.identity.as_ptr() as usize;
    py.import(intern!(py, "evertoken._telemetry"))?
        .call_method1(intern!(py, "heard"), (identity, Event::from(event.clone())))?;
    Ok(())
}
