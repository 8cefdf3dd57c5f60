//! Calls for asyncio, trio and gevent, without a thread for each.
//!
//! A call runs on the library's runtime. Its outcome is put into the loop's queue without the GIL. Only the first of a batch
//! attaches to Python, to have the loop call [`Settle`], which passes the whole batch on, on the loop's own thread. Requests do
//! without that if the loop can watch their sockets: see [`driven`].

use std::cell::RefCell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{AbortHandle, abortable};
use pyo3::exceptions::{PyOSError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};
use pyo3::{IntoPyObjectExt, intern};

use crate::driven::{Calls, Driven};
use crate::exit;
use crate::failure::{Failure, panicked};
use crate::imported::imported;
use crate::wait::{at_once, handle};

type Outcome = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// The outcome of a call, and the Python future that waits for it.
struct Completion {
    waiter: Py<PyAny>,
    outcome: Outcome,
}

/// The completions that an event loop has not taken yet.
struct LoopQueue {
    /// Weak, because calls in progress keep the queue alive even after its loop is gone.
    event_loop: Py<PyWeakrefReference>,
    sender: Sender<Completion>,
    receiver: Mutex<Receiver<Completion>>,
    /// [`Settle`] is scheduled and has not run yet.
    is_scheduled: AtomicBool,
    /// The calls whose sockets the loop watches, if it can.
    driven: OnceLock<Option<Driven>>,
    /// [`exit::forks`] when it was made: a child that goes on with its parent's loop needs a queue of its own.
    forks: usize,
}

thread_local! {
    /// The queue of the loop that last ran on this thread. A thread runs one loop at a time.
    static QUEUE: RefCell<Held> = const { RefCell::new(Held(None)) };
}

/// A thread's queue. If it outlives the interpreter it is leaked: a greenlet that was never resumed leaves its thread marked as
/// one that holds the GIL, so that dropping Python objects would seem safe and would not be.
struct Held(Option<Arc<LoopQueue>>);

impl Drop for Held {
    fn drop(&mut self) {
        if exit::is_over() {
            std::mem::forget(self.0.take());
        }
    }
}

impl LoopQueue {
    /// The queue of this event loop, which runs on this thread.
    fn of(event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Self>> {
        let py = event_loop.py();
        let forks = exit::forks();
        let held = QUEUE.with_borrow(|held| held.0.clone());
        if let Some(held) = held.filter(|held| {
            let old = held.event_loop.bind(py).upgrade();
            held.forks == forks && old.is_some_and(|old| old.is(event_loop))
        }) {
            return Ok(held);
        }
        let (sender, receiver) = channel();
        let queue = Arc::new(Self {
            event_loop: PyWeakrefReference::new(event_loop)?.unbind(),
            sender,
            receiver: Mutex::new(receiver),
            is_scheduled: AtomicBool::new(false),
            driven: OnceLock::new(),
            forks,
        });
        QUEUE.set(Held(Some(Arc::clone(&queue))));
        Ok(queue)
    }

    /// The calls whose sockets `event_loop`, the queue's own, watches.
    fn driven(&self, event_loop: &Bound<'_, PyAny>) -> PyResult<Option<Arc<Calls>>> {
        let driven = if let Some(known) = self.driven.get() {
            known
        } else {
            let found = match Driven::of(event_loop) {
                // Later there may be file descriptors again. Now the runtime may still have an idle connection.
                Err(error) if error.is_instance_of::<PyOSError>(event_loop.py()) => {
                    return Ok(None);
                }
                found => found?,
            };
            self.driven.get_or_init(|| found)
        };
        Ok(driven.as_ref().and_then(Driven::calls))
    }

    /// Adds from any thread, with the GIL or without.
    fn push(self: &Arc<Self>, completion: Completion) {
        // Cannot fail: the receiver lives as long as `self`.
        let _ = self.sender.send(completion);
        if self.is_scheduled.swap(true, Ordering::AcqRel) {
            return;
        }
        exit::attach(|py| {
            if let Some(event_loop) = self.event_loop.bind(py).upgrade() {
                // Fails if the loop is closed; then nobody waits any more.
                let _ = event_loop.call_method1(
                    intern!(py, "call_soon_threadsafe"),
                    (Settle(Arc::clone(self)),),
                );
            }
        });
    }
}

/// The callback for the event loop, which completes the futures of all calls that have ended.
#[pyclass(frozen, module = "evertoken._native")]
struct Settle(Arc<LoopQueue>);

#[pymethods]
impl Settle {
    fn __call__(&self, py: Python<'_>) {
        // Before the queue is emptied, so that what is added later schedules another turn.
        self.0.is_scheduled.store(false, Ordering::Release);
        loop {
            let completion = self
                .0
                .receiver
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .try_recv();
            let Ok(Completion { waiter, outcome }) = completion else {
                return;
            };
            complete(waiter.bind(py), outcome);
        }
    }
}

/// Completes a future. An error must not stop the others, so it goes to `sys.unraisablehook`.
fn complete(waiter: &Bound<'_, PyAny>, outcome: Outcome) {
    if let Err(error) = try_complete(waiter, outcome) {
        error.write_unraisable(waiter.py(), Some(waiter));
    }
}

fn try_complete(waiter: &Bound<'_, PyAny>, outcome: Outcome) -> PyResult<()> {
    let py = waiter.py();
    let is_cancelled = waiter.call_method0(intern!(py, "done"))?.is_truthy()?;
    if is_cancelled {
        return Ok(());
    }
    match outcome(py) {
        Ok(value) => waiter.call_method1(intern!(py, "set_result"), (value,)),
        Err(error) => waiter.call_method1(intern!(py, "set_exception"), (error,)),
    }
    .map(drop)
}

/// The future's callback: ends the call if the future was cancelled. What the call shares with others, such as a login, goes on.
#[pyclass(frozen, module = "evertoken._native")]
struct Abandon(AbortHandle);

#[pymethods]
impl Abandon {
    fn __call__(&self, waiter: &Bound<'_, PyAny>) -> PyResult<()> {
        if waiter
            .call_method0(intern!(waiter.py(), "cancelled"))?
            .is_truthy()?
        {
            self.0.abort();
        }
        Ok(())
    }
}

/// An awaitable that has its result already: awaiting it does not suspend.
#[pyclass(frozen, module = "evertoken._native")]
struct Ready(Py<PyAny>);

#[pymethods]
impl Ready {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Err(PyStopIteration::new_err((self.0.clone_ref(py),)))
    }
}

/// As [`start`], for a future that is often ready at once: then there is nothing to wait for.
pub(crate) fn start_now<'py, T, F>(py: Python<'py>, future: F) -> PyResult<Bound<'py, PyAny>>
where
    T: for<'a> IntoPyObject<'a> + Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let mut future = Box::pin(future);
    match at_once(py, future.as_mut())? {
        Some(outcome) => {
            let value = outcome
                .map_err(|failure| failure.into_py_err(py))?
                .into_py_any(py)?;
            Ok(Bound::new(py, Ready(value))?.into_any())
        }
        None => start(py, future),
    }
}

/// The event loop that runs on this thread: asyncio's, or the package's stand-in for trio.
fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    // trio first: it can run as a guest inside asyncio, and then both are running.
    if imported(py, intern!(py, "trio"))?.is_some() {
        let trio = py
            .import(intern!(py, "evertoken._trio"))?
            .call_method0(intern!(py, "running"))?;
        if !trio.is_none() {
            return Ok(trio);
        }
    }
    RUNNING_LOOP
        .import(py, "asyncio", "get_running_loop")?
        .call0()
}

/// A Python future of the running loop for the outcome of `future`. Cancelling it drops `future`.
pub(crate) fn start<'py, T, F>(py: Python<'py>, future: F) -> PyResult<Bound<'py, PyAny>>
where
    T: for<'a> IntoPyObject<'a> + Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    start_in(&running_loop(py)?, future)
}

/// As [`start`], for the given loop.
pub(crate) fn start_in<'py, T, F>(
    event_loop: &Bound<'py, PyAny>,
    future: F,
) -> PyResult<Bound<'py, PyAny>>
where
    T: for<'a> IntoPyObject<'a> + Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let queue = LoopQueue::of(event_loop)?;
    let call = Call::new(event_loop, future)?;
    let waiter = call.waiter.clone().unbind();
    handle(event_loop.py())?.spawn(call.ended.map(move |outcome| {
        if let Some(outcome) = outcome {
            queue.push(Completion { waiter, outcome });
        }
    }));
    Ok(call.waiter)
}

/// As [`start`], for a request: it runs on this thread if the event loop can watch its socket.
pub(crate) fn start_here<'py, T, F>(py: Python<'py>, future: F) -> PyResult<Bound<'py, PyAny>>
where
    T: for<'a> IntoPyObject<'a> + Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let event_loop = running_loop(py)?;
    let Some(calls) = LoopQueue::of(&event_loop)?.driven(&event_loop)? else {
        return start_in(&event_loop, future);
    };
    let call = Call::new(&event_loop, future)?;
    let waiter = call.waiter.clone().unbind();
    calls.start(call.ended.map(move |outcome| {
        if let Some(outcome) = outcome {
            exit::attach(|py| complete(waiter.bind(py), outcome));
        }
    }));
    Ok(call.waiter)
}

/// A call, and the Python future that waits for it.
struct Call<'py, F> {
    waiter: Bound<'py, PyAny>,
    /// The call's outcome; `None` if the waiter was cancelled.
    ended: F,
}

impl<'py> Call<'py, ()> {
    fn new<T, F>(
        event_loop: &Bound<'py, PyAny>,
        future: F,
    ) -> PyResult<Call<'py, impl Future<Output = Option<Outcome>> + Send + 'static>>
    where
        T: for<'a> IntoPyObject<'a> + Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let py = event_loop.py();
        let waiter = event_loop.call_method0(intern!(py, "create_future"))?;
        // Boxed: it takes some kilobytes, and the task is moved.
        let future = Box::pin(AssertUnwindSafe(future).catch_unwind());
        let (future, handle) = abortable(future);
        waiter.call_method1(intern!(py, "add_done_callback"), (Abandon(handle),))?;
        let ended = future.map(|outcome| {
            let outcome = outcome.ok()?.unwrap_or_else(|_| Err(panicked()));
            let outcome: Outcome = Box::new(move |py| match outcome {
                Ok(value) => value.into_py_any(py),
                Err(failure) => Err(failure.into_py_err(py)),
            });
            Some(outcome)
        });
        Ok(Call { waiter, ended })
    }
}
