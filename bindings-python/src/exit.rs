//! The interpreter's end.
//!
//! A thread that is inside Python while the interpreter ends is killed at its next bytecode, Rust frames and
//! all, which takes the process down. So this library's threads enter Python through a gate, and the last
//! exit handler closes it and waits until nobody is inside.

use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use pyo3::prelude::*;

use crate::turn::{self, Turn};

/// Threads that are inside Python, or about to be, on behalf of this library. Signed: a thread that forks
/// while it is inside leaves once more in the child, where nobody was counted.
static INSIDE: AtomicIsize = AtomicIsize::new(0);
static CLOSED: AtomicBool = AtomicBool::new(false);
static FORKS: AtomicUsize = AtomicUsize::new(0);
/// The thread that ends the interpreter: it may go on as before, in exit handlers and finalizers.
static ENDING: Mutex<Option<ThreadId>> = Mutex::new(None);

/// A hook that takes longer than this at the very end is not waited for.
const LAST_CALL: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Permission to be inside Python.
pub(crate) struct Pass(());

impl Pass {
    /// `None` once the interpreter is ending, but for the thread that ends it.
    fn get() -> Option<Self> {
        INSIDE.fetch_add(1, SeqCst);
        let pass = Self(());
        if !CLOSED.load(SeqCst) {
            return Some(pass);
        }
        let ending = *ENDING.lock().unwrap_or_else(PoisonError::into_inner);
        (ending == Some(thread::current().id())).then_some(pass)
    }

    /// For a thread that is about to return to Python, which it cannot avoid: once the interpreter is
    /// ending, it stops here for ever instead.
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

/// Leaves Python for `work`, and comes back.
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

/// Closes the gate; the last of the exit handlers.
#[pyfunction]
fn close_gate(py: Python<'_>) {
    *ENDING.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current().id());
    CLOSED.store(true, SeqCst);
    py.detach(|| {
        let mut waited = Duration::ZERO;
        while INSIDE.load(SeqCst) > 0 && waited < LAST_CALL {
            thread::sleep(LOOK_AGAIN);
            waited += LOOK_AGAIN;
        }
    });
}

/// A forked child has none of the parent's threads, whatever they were about to do.
#[pyfunction]
fn reopen_gate() {
    INSIDE.store(0, SeqCst);
    CLOSED.store(false, SeqCst);
    FORKS.fetch_add(1, SeqCst);
    turn::forget();
}

/// Registers the handlers. At import: exit handlers run last come first served, and those of the program
/// may still use this library.
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
