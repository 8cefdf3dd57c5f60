//! `evertoken._native`: the core as a Python module, private to the package `evertoken`.
//!
//! It converts options, responses and errors, releases the GIL while a call waits, and wakes the event loop when a call has
//! ended. It decides nothing, and importing it starts no thread.

// Documentation that Python shows is written as Python's is, without backticks around each name.
#![allow(clippy::doc_markdown)]

mod aio;
mod authorization;
mod base;
mod body;
mod bridge;
mod call;
mod cli;
#[cfg_attr(not(unix), path = "driven_elsewhere.rs")]
mod driven;
mod event;
mod exit;
mod failure;
mod greenlet;
mod head;
mod header;
mod imported;
mod interpreter;
mod log;
mod options;
mod sandbox;
mod state;
mod stream;
mod sync;
mod telemetry;
mod token;
mod turn;
mod wait;
mod whole_response;

use pyo3::prelude::*;

/// The native half of the package `evertoken`; private.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::aio::AsyncClient;
    #[pymodule_export]
    use crate::authorization::{Authorization, Verdict};
    #[pymodule_export]
    use crate::base::BaseClient;
    #[pymodule_export]
    use crate::body::Feed;
    #[pymodule_export]
    use crate::cli::run_cli;
    #[pymodule_export]
    use crate::event::{Event, Subscription};
    #[pymodule_export]
    use crate::failure::{error_kinds, error_of_kind, reasons};
    #[pymodule_export]
    use crate::head::Head;
    #[pymodule_export]
    use crate::options::{client_option_names, flow_option_names};
    #[pymodule_export]
    use crate::sandbox::Sandbox;
    #[pymodule_export]
    use crate::state::{State, Stats};
    #[pymodule_export]
    use crate::stream::Stream;
    #[pymodule_export]
    use crate::sync::SyncClient;
    #[pymodule_export]
    use crate::token::Token;
    #[pymodule_export]
    use crate::whole_response::WholeResponse;

    /// The version of the core, and so of the package.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_init]
    fn init(py: pyo3::Python<'_>) -> pyo3::PyResult<()> {
        crate::interpreter::only_main(py)?;
        crate::exit::watch(py)
    }
}
