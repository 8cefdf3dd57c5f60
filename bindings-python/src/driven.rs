//! Calls whose sockets asyncio's own event loop waits for.
//!
//! All the sockets are behind one descriptor, which the loop watches (`add_reader`). Sending and receiving on the library
//! runtime, and waking the loop from there, takes three times the processor time of a small request. The GIL is held
//! meanwhile: to give it back and to wait for it again takes longer than most turns.

use std::cell::RefCell;
use std::future::Future;
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evertoken::runtime::{EventLoop, handle};
use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;

use crate::exit;

static LAST_NUMBER: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The calls of this thread's event loops. Not in [`Turn`], which the garbage collector may drop on any thread.
    static ALL: RefCell<Vec<Calls>> = const { RefCell::new(Vec::new()) };
}

struct Calls {
    number: usize,
    event_loop: Rc<EventLoop>,
    /// Of the process that made them.
    forks: usize,
}

/// Has `event_loop`, which runs on this thread, watch the sockets of calls, and returns their number. `None` if it cannot.
pub(crate) fn watch(event_loop: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
    let py = event_loop.py();
    // No file descriptors are left: the runtime may still have a connection.
    let Ok(calls) = EventLoop::new(handle()) else {
        return Ok(None);
    };
    let descriptor = calls.as_fd().as_raw_fd();
    let number = LAST_NUMBER.fetch_add(1, Ordering::Relaxed);
    let turn = Turn { number };
    ALL.with_borrow_mut(|all| {
        all.push(Calls {
            number,
            event_loop: Rc::new(calls),
            forks: exit::forks(),
        });
    });
    // In an empty context: the loop would keep the values of this caller's context alive.
    let context = py.import("contextvars")?.getattr("Context")?.call0()?;
    let watched = event_loop
        .getattr(intern!(py, "add_reader"))
        .and_then(|add| context.call_method1(intern!(py, "run"), (add, descriptor, turn)));
    match watched {
        Ok(_) => Ok(Some(number)),
        // Not every event loop can, such as the stand-in for trio's.
        Err(error) if error.is_instance_of::<PyException>(py) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The calls with this number, if they are this thread's and its event loop still watches them.
pub(crate) fn find(number: usize) -> Option<Driven> {
    ALL.with_borrow(|all| {
        let found = all.iter().find(|calls| calls.number == number)?;
        Some(Driven(Rc::clone(&found.event_loop)))
    })
}

/// An event loop's calls.
pub(crate) struct Driven(Rc<EventLoop>);

impl Driven {
    /// Starts `call`, which runs on this thread, inside [`Turn::__call__`] or here.
    pub(crate) fn start(&self, call: impl Future<Output = ()> + 'static) {
        self.0.start(call);
    }
}

/// What the event loop calls when a socket is ready. A loop that is closed drops it, and the calls with it.
#[pyclass(frozen, module = "evertoken._native")]
struct Turn {
    number: usize,
}

#[pymethods]
impl Turn {
    fn __call__(&self) {
        if let Some(calls) = find(self.number) {
            calls.0.turn();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let gone = ALL.try_with(|all| {
            let mut all = all.try_borrow_mut().ok()?;
            let at = all.iter().position(|calls| calls.number == self.number)?;
            Some(all.swap_remove(at))
        });
        // Not while `ALL` is borrowed: the calls hold Python objects, and dropping those may run any code.
        drop(gone);
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        // A child has none of its parent's threads, one of which may have held a lock that the calls need to end; and the
        // two share the poller that watches the sockets. An interpreter that has ended takes no objects back.
        if self.forks != exit::forks() || exit::is_over() {
            std::mem::forget(Rc::clone(&self.event_loop));
        }
    }
}
