//! Tables and words that JavaScript shares with the core.

use std::sync::atomic::{AtomicU32, Ordering};

use evertoken::verdict::Reason;
use evertoken::{ErrorKind, builder, flow, token};
use napi::bindgen_prelude::Uint32Array;
use napi_derive::napi;

use crate::names;

/// One row of the error table.
#[napi(object, object_from_js = false)]
pub struct Kind {
    /// The stable string.
    pub code: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// What the reader should do.
    pub hint: String,
}

/// The version of the core.
#[napi(catch_unwind)]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// The error table.
#[napi(catch_unwind)]
pub fn error_kinds() -> Vec<Kind> {
    let row = |kind: &ErrorKind| Kind {
        code: kind.code().to_owned(),
        retryable: kind.retryable(),
        hint: names::in_javascript(kind.hint(), names::Spelling::All(&[])),
    };
    ErrorKind::ALL.iter().map(row).collect()
}

/// Why a 401 may be given back.
#[napi(catch_unwind)]
pub fn reasons() -> Vec<String> {
    Reason::ALL
        .iter()
        .map(|reason| reason.code().to_owned())
        .collect()
}

/// The options of a flow under their JavaScript names; none for an unknown flow.
#[napi(catch_unwind)]
pub fn option_names(flow_name: String) -> Vec<String> {
    let own = flow::option_names(&flow_name);
    let general = if own.is_empty() {
        &[]
    } else {
        builder::CLIENT_OPTIONS
    };
    own.iter()
        .chain(general)
        .map(|name| names::camel(name))
        .collect()
}

/// The word that counts refused tokens, as memory that JavaScript reads without a call.
#[napi(catch_unwind)]
pub fn refusals() -> Uint32Array {
    let word: &'static AtomicU32 = token::refusals();
    // SAFETY: the pointer is valid for reads and writes for the whole life of the process, an AtomicU32 has
    // the layout of a u32, and Rust touches it by atomic operations only, so a write from JavaScript, which
    // does not happen, could do no more than cost a look. Nothing is to be freed.
    unsafe { Uint32Array::with_external_data(word.as_ptr(), 1, |_, _| {}) }
}

/// Counts one refusal, so that JavaScript can see whether the memory is really shared: some runtimes copy it.
/// Costs every kept header one look.
#[napi(catch_unwind)]
pub fn touch_refusals() {
    token::refusals().fetch_add(1, Ordering::Release);
}

/// Runs the command line; the first argument is the program's name. Returns the exit code.
#[napi(catch_unwind)]
pub fn run_cli(arguments: Vec<String>) -> i32 {
    evertoken_cli::run(arguments.into_iter().map(Into::into))
}
