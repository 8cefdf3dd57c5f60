//! `evertoken._native`: the core for the package beside it, which is the public interface.
//!
//! Nothing is decided here. Options, responses and errors are converted, the GIL is released while a
//! call waits, and asyncio is woken up when something has arrived. Importing starts no thread.

// What is documented for Python reads as Python people write it.
#![allow(clippy::doc_markdown)]

mod aio;
mod answer;
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

use pyo3::prelude::*;

/// The native half of the package `evertoken`; private.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::aio::AsyncClient;
    #[pymodule_export]
    use crate::answer::Answer;
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

    /// The version of the core, and so of the package.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_init]
    fn init(py: pyo3::Python<'_>) -> pyo3::PyResult<()> {
        crate::interpreter::only_main(py)?;
        crate::exit::watch(py)
    }
}
