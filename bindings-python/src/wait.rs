//! Blocking calls. They release the GIL while they wait, and Ctrl-C ends them.

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use evertoken::runtime;
use futures_util::FutureExt;
use pyo3::intern;
use pyo3::prelude::*;
use tokio::runtime::Handle;

use crate::exit;
use crate::failure::Failure;
use crate::greenlet;
use crate::imported::imported;

/// How often a waiting call checks for signals: often enough for Ctrl-C to seem immediate.
const SIGNAL_TICK: Duration = Duration::from_millis(50);

/// Runs a call to its end on this thread, which drives its connections. Nothing that outlives the call may need them.
pub(crate) fn wait<T, F>(py: Python<'_>, future: F) -> PyResult<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    if let Some(hub) = greenlet::running(py)? {
        return greenlet::wait(&hub, || future);
    }
    // Pinned here: the future takes some kilobytes, and is not moved again.
    wait_here(py, pin!(future))
}

fn wait_here<T, F>(py: Python<'_>, future: Pin<&mut F>) -> PyResult<T>
where
    T: Send,
    F: Future<Output = Result<T, Failure>> + Send,
{
    let here = signals_come_here(py);
    let outcome = exit::leave(py, || {
        runtime::block_on(interruptible(future, here).map(Ok))
    });
    finished(py, outcome)
}

/// As [`wait`], for a call that may run on other threads: when many wait at once, this thread is woken only at its end.
pub(crate) fn wait_whole<T, F>(py: Python<'_>, call: impl FnOnce() -> F + Send) -> PyResult<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    if let Some(hub) = greenlet::running(py)? {
        return greenlet::wait(&hub, call);
    }
    if signals_come_here(py) {
        return wait_made(py, call);
    }
    let outcome = exit::leave(py, || runtime::block_on_whole(|| call().map(Ok)));
    finished(py, outcome)
}

/// As [`wait_here`]; not inlined, so that threads without signals have no future in their frames.
#[inline(never)]
fn wait_made<T, F>(py: Python<'_>, call: impl FnOnce() -> F) -> PyResult<T>
where
    T: Send,
    F: Future<Output = Result<T, Failure>> + Send,
{
    wait_here(py, pin!(call()))
}

/// The outcome of a call, for its caller.
fn finished<T>(py: Python<'_>, outcome: evertoken::Result<Result<T, Failure>>) -> PyResult<T> {
    outcome
        .map_err(Failure::from)
        .and_then(|outcome| outcome)
        .map_err(|failure| failure.into_py_err(py))
}

/// As [`wait`], for a call whose connection is used after it: its response's body is still to be read.
pub(crate) fn wait_shared<T, F>(py: Python<'_>, future: F) -> PyResult<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    if let Some(hub) = greenlet::running(py)? {
        return greenlet::wait(&hub, || future);
    }
    let future = pin!(future);
    let here = signals_come_here(py);
    let outcome = exit::leave(py, || {
        runtime::block_on_shared(interruptible(future, here).map(Ok))
    });
    finished(py, outcome)
}

/// As [`wait`], for a result that is often available at once, such as a token: then the GIL is not even released.
pub(crate) fn wait_or_now<T, F>(py: Python<'_>, future: F) -> PyResult<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    if let Some(hub) = greenlet::running(py)? {
        let mut future = Box::pin(future);
        return match at_once(py, future.as_mut())? {
            Some(outcome) => outcome.map_err(|failure| failure.into_py_err(py)),
            None => greenlet::wait(&hub, || future),
        };
    }
    let mut future = pin!(future);
    match at_once(py, future.as_mut())? {
        Some(outcome) => outcome.map_err(|failure| failure.into_py_err(py)),
        None => wait_here(py, future),
    }
}

/// Polls the future once; its outcome if that was enough.
pub(crate) fn at_once<F: Future>(
    py: Python<'_>,
    future: Pin<&mut F>,
) -> PyResult<Option<F::Output>> {
    let runtime = handle(py)?;
    let _entered = runtime.enter();
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Ok(Some(outcome)),
        Poll::Pending => Ok(None),
    }
}

/// The library's runtime.
pub(crate) fn handle(py: Python<'_>) -> PyResult<Handle> {
    runtime::try_handle().map_err(|error| Failure::from(error).into_py_err(py))
}

/// Runs signal handlers while `future` is pending, and ends with what one raises. Only on the thread that runs them (`here`): a
/// check takes the GIL, which a thousand threads that wait for one token would all want at once.
async fn interruptible<T>(
    mut future: Pin<&mut impl Future<Output = Result<T, Failure>>>,
    here: bool,
) -> Result<T, Failure> {
    if !here {
        return future.await;
    }
    loop {
        tokio::select! {
            biased;
            outcome = &mut future => return outcome,
            () = runtime::sleep(SIGNAL_TICK) => {}
        }
        // `None` if the interpreter is ending: this thread will not return to it.
        if let Some(Err(error)) = exit::attach(signals) {
            return Err(error.into());
        }
    }
}

/// Runs the handlers of pending signals. The error is what one of them raised.
fn signals(py: Python<'_>) -> PyResult<()> {
    py.check_signals()
}

/// Whether signal handlers run on this thread. True if that is unknown: an unnecessary check does no harm.
fn signals_come_here(py: Python<'_>) -> bool {
    thread_local! {
        /// The result, and the number of forks at that time: the thread that forks is its child's main thread.
        static FOUND: Cell<Option<(usize, bool)>> = const { Cell::new(None) };
    }
    let forks = exit::forks();
    match FOUND.get() {
        Some((then, here)) if then == forks => here,
        _ => match is_main_thread(py) {
            Ok(Some(here)) => {
                FOUND.set(Some((forks, here)));
                here
            }
            Ok(None) | Err(_) => true,
        },
    }
}

/// `None` if the program has not imported `threading`, the module that knows.
fn is_main_thread(py: Python<'_>) -> PyResult<Option<bool>> {
    let Some(threading) = imported(py, intern!(py, "threading"))? else {
        return Ok(None);
    };
    let main = threading.call_method0(intern!(py, "main_thread"))?;
    let here = threading.call_method0(intern!(py, "get_ident"))?;
    main.getattr(intern!(py, "ident"))?.eq(here).map(Some)
}
