//! Calls whose sockets asyncio's own event loop watches.
//!
//! All their sockets are behind one descriptor, which the loop watches (`add_reader`). Sending and receiving on the library's
//! runtime, and waking the loop from there, would take three times the processor time for a small request. The calls run with the
//! GIL held, because releasing it and getting it back takes longer than most turns of the loop.

use std::future::Future;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use evertoken::runtime::{EventLoop, try_handle};
use futures_util::future::BoxFuture;
use pyo3::exceptions::{PyException, PyOSError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};

use crate::exit;

/// The calls of all event loops.
static ALL: Mutex<Vec<Weak<Calls>>> = Mutex::new(Vec::new());

/// The calls of one event loop, whichever thread runs it. The loop holds them, through [`Turn`].
pub(crate) struct Calls {
    /// The loop. Weak, because it holds this.
    watcher: Py<PyWeakrefReference>,
    event_loop: Arc<EventLoop<BoxFuture<'static, ()>>>,
    /// [`exit::forks`] when they were made: shows whether they are the parent's.
    forks: usize,
}

/// An event loop's calls, referred to weakly.
pub(crate) struct Driven(Weak<Calls>);

impl Driven {
    /// Has `event_loop` watch the sockets of calls, unless it does already. `None` if it cannot do that; an `OSError` if there
    /// is no file descriptor for it now.
    pub(crate) fn of(event_loop: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        match Calls::find(event_loop) {
            Some(known) => Ok(Some(Self(Arc::downgrade(&known)))),
            None => Calls::watch(event_loop),
        }
    }

    /// The calls; `None` if the loop was closed.
    pub(crate) fn calls(&self) -> Option<Arc<Calls>> {
        self.0.upgrade()
    }
}

impl Calls {
    fn find(event_loop: &Bound<'_, PyAny>) -> Option<Arc<Self>> {
        // A copy, because dropping the last reference to calls may run any code, which may look here again.
        let all = all().clone();
        let mut all = all.iter().filter_map(Weak::upgrade);
        all.find(|calls| calls.is_ours() && calls.is_of(event_loop))
    }

    fn is_of(&self, event_loop: &Bound<'_, PyAny>) -> bool {
        let own = self.watcher.bind(event_loop.py()).upgrade();
        own.is_some_and(|own| own.is(event_loop))
    }

    /// Whether this process made them.
    fn is_ours(&self) -> bool {
        self.forks == exit::forks()
    }

    fn watch(event_loop: &Bound<'_, PyAny>) -> PyResult<Option<Driven>> {
        let py = event_loop.py();
        let scarce = |error: evertoken::Error| PyOSError::new_err(error.message().to_owned());
        let calls = EventLoop::new(try_handle().map_err(scarce)?)?;
        let descriptor = calls.as_fd().as_raw_fd();
        let calls = Arc::new(Self {
            watcher: PyWeakrefReference::new(event_loop)?.unbind(),
            event_loop: Arc::new(calls),
            forks: exit::forks(),
        });
        let driven = Arc::downgrade(&calls);
        let turn = Turn(calls);
        // In an empty context, because the loop keeps the callback's context, and so would keep this caller's values alive.
        let context = py.import("contextvars")?.getattr("Context")?.call0()?;
        let watched = event_loop
            .getattr(intern!(py, "add_reader"))
            .and_then(|add| context.call_method1(intern!(py, "run"), (add, descriptor, turn)));
        match watched {
            Ok(_) => {
                let mut all = all();
                all.retain(|calls| calls.strong_count() > 0);
                all.push(Weak::clone(&driven));
                Ok(Some(Driven(driven)))
            }
            // Some event loops have no `add_reader`, such as the stand-in for trio.
            Err(error) if error.is_instance_of::<PyException>(py) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Starts `call`, which runs in the loop's thread, inside [`Turn::__call__`] or here.
    pub(crate) fn start(&self, call: impl Future<Output = ()> + Send + 'static) {
        self.event_loop.start(call);
    }
}

fn all() -> MutexGuard<'static, Vec<Weak<Calls>>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The callback for a ready socket. A loop that is closed drops it, which drops the calls.
#[pyclass(frozen, module = "evertoken._native")]
struct Turn(Arc<Calls>);

#[pymethods]
impl Turn {
    fn __call__(&self) {
        let Self(calls) = self;
        // A forked child may go on with its parent's loop. The parent's events must not be taken from it.
        if calls.is_ours() {
            calls.event_loop.turn();
        }
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        // In a forked child: a parent's thread may hold a lock that dropping the calls would take, and the poller behind them is
        // the parent's too. After the interpreter's end: Python objects can no longer be released.
        if !self.is_ours() || exit::is_over() {
            std::mem::forget(Arc::clone(&self.event_loop));
        }
    }
}
