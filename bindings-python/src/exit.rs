//! The interpreter's end.
//!
//! CPython ends a thread that runs Python code during finalization by unwinding it, Rust frames included, which aborts the
//! process. So this library's threads enter Python through a gate: the last exit handler closes it, and waits until no thread is
//! inside.

use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use pyo3::prelude::*;

use crate::turn::{self, Turn};

/// How many of this library's threads are inside Python, or about to be. Signed, because a thread that forks while it is
/// inside leaves in the child as well, where the count began anew.
static INSIDE: AtomicIsize = AtomicIsize::new(0);
static CLOSED: AtomicBool = AtomicBool::new(false);
static FORKS: AtomicUsize = AtomicUsize::new(0);
/// The thread that ends the interpreter. It may still enter Python, for exit handlers and finalizers.
static ENDING: Mutex<Option<ThreadId>> = Mutex::new(None);

/// How long the interpreter's end waits for threads that are inside, such as in a slow event callback.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
const CHECK_EVERY: Duration = Duration::from_millis(1);

/// Permission to be inside Python.
pub(crate) struct Pass(());

impl Pass {
    /// `None` once the interpreter is ending, except for the thread that ends it.
    fn get() -> Option<Self> {
        INSIDE.fetch_add(1, SeqCst);
        let pass = Self(());
        if !CLOSED.load(SeqCst) {
            return Some(pass);
        }
        let ending = *ENDING.lock().unwrap_or_else(PoisonError::into_inner);
        (ending == Some(thread::current().id())).then_some(pass)
    }

    /// For a thread that has to return to Python. Once the interpreter is ending it stays here for ever instead.
    fn to_return() -> Self {
        loop {
            match Self::get() {
                Some(pass) => return pass,
                None => thread::park(),
            }
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, SeqCst);
    }
}

/// Attaches this thread to Python; `None` if the interpreter is ending.
pub(crate) fn attach<R>(enter: impl FnOnce(Python<'_>) -> R) -> Option<R> {
    let _pass = Pass::get()?;
    Python::try_attach(enter)
}

/// Runs `work` without the GIL.
pub(crate) fn leave<R: Send>(py: Python<'_>, work: impl FnOnce() -> R + Send) -> R {
    let (result, _pass, turn) = py.detach(|| (work(), Pass::to_return(), Turn::take()));
    drop(turn);
    result
}

/// Whether the interpreter is ending, or has ended.
pub(crate) fn is_over() -> bool {
    CLOSED.load(SeqCst)
}

/// How many forks lie between the process that imported this library and this one.
pub(crate) fn forks() -> usize {
    FORKS.load(SeqCst)
}

/// Closes the gate. This is the last exit handler to run.
#[pyfunction]
fn close_gate(py: Python<'_>) {
    *ENDING.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current().id());
    CLOSED.store(true, SeqCst);
    py.detach(|| {
        let mut waited = Duration::ZERO;
        while INSIDE.load(SeqCst) > 0 && waited < LONGEST_WAIT {
            thread::sleep(CHECK_EVERY);
            waited += CHECK_EVERY;
        }
    });
}

/// Opens the gate in a forked child, in which none of the parent's threads exists.
#[pyfunction]
fn reopen_gate() {
    INSIDE.store(0, SeqCst);
    CLOSED.store(false, SeqCst);
    FORKS.fetch_add(1, SeqCst);
    turn::forget();
}

/// Registers the handlers. This is done at import, because exit handlers run in reverse order, and the program's may still use
/// this library.
pub(crate) fn watch(py: Python<'_>) -> PyResult<()> {
    let at_exit = py.import("atexit")?;
    at_exit.call_method1("register", (wrap_pyfunction!(close_gate, py)?,))?;
    if let Some(register) = py.import("os")?.getattr_opt("register_at_fork")? {
        let hooks = pyo3::types::PyDict::new(py);
        hooks.set_item("after_in_child", wrap_pyfunction!(reopen_gate, py)?)?;
        register.call((), Some(&hooks))?;
    }
    Ok(())
}
