//! The command `evertoken`, which the wheel contains.

use std::ffi::OsString;

use pyo3::prelude::*;

use crate::exit;

/// Runs the command line with these arguments, the program's name first; returns its exit status.
#[pyfunction]
pub(crate) fn run_cli(py: Python<'_>, args: Vec<OsString>) -> i32 {
    exit::leave(py, || evertoken_cli::run(args))
}
