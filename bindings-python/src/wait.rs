//! Blocking calls: the GIL is released while one waits, and Ctrl-C ends it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use evertoken::runtime;
use pyo3::intern;
use pyo3::prelude::*;

use crate::exit;
use crate::failure::Failure;
use crate::imported::imported;

/// How often a waiting call looks for signals: a Ctrl-C answered within it feels immediate.
const SIGNAL_TICK: Duration = Duration::from_millis(50);

/// Runs a call to its end on this thread. It must leave nothing behind that still needs its sockets.
pub(crate) fn wait<T, F>(py: Python<'_>, future: F) -> PyResult<T>
where
    T: Send,
    F: Future<Output = Result<T, Failure>> + Send,
{
    exit::leave(py, || {
        runtime::block_on(async { Ok(interruptible(future).await) })
    })
    .map_err(Failure::from)
    .and_then(|outcome| outcome)
    .map_err(|failure| failure.into_py_err(py))
}

/// As [`wait`], for what hands out a body that is still to be read.
pub(crate) fn wait_shared<T, F>(py: Python<'_>, future: F) -> PyResult<T>
where
    T: Send,
    F: Future<Output = Result<T, Failure>> + Send,
{
    exit::leave(py, || {
        runtime::block_on_shared(async { Ok(interruptible(future).await) })
    })
    .map_err(Failure::from)
    .and_then(|outcome| outcome)
    .map_err(|failure| failure.into_py_err(py))
}

/// As [`wait`], for what is often there already, such as a token: then the GIL is not even released.
pub(crate) fn wait_or_now<T, F>(py: Python<'_>, future: F) -> PyResult<T>
where
    T: Send,
    F: Future<Output = Result<T, Failure>> + Send,
{
    let mut future = pin!(future);
    match at_once(future.as_mut()) {
        Some(outcome) => outcome.map_err(|failure| failure.into_py_err(py)),
        None => wait(py, future),
    }
}

/// The future's outcome if one look at it is enough.
pub(crate) fn at_once<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
    let _runtime = runtime::handle().enter();
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

/// A look takes the GIL, so a thread that handles no signals looks once and then only waits: a thousand of them that
/// looked on would keep everybody else from it.
async fn interruptible<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut future = pin!(future);
    loop {
        tokio::select! {
            biased;
            outcome = &mut future => return outcome,
            () = tokio::time::sleep(SIGNAL_TICK) => {}
        }
        // `None`: the interpreter is going away, and this thread with it.
        match exit::attach(signals) {
            Some(Signals::Interrupt(error)) => return Err(error.into()),
            Some(Signals::Elsewhere) => return future.await,
            Some(Signals::Quiet) | None => {}
        }
    }
}

/// What there is to know of signals.
enum Signals {
    /// A handler has raised.
    Interrupt(PyErr),
    /// None has.
    Quiet,
    /// They are another thread's to handle.
    Elsewhere,
}

fn signals(py: Python<'_>) -> Signals {
    if let Err(error) = py.check_signals() {
        return Signals::Interrupt(error);
    }
    match is_main_thread(py) {
        Ok(false) => Signals::Elsewhere,
        // Better a look too many.
        Ok(true) | Err(_) => Signals::Quiet,
    }
}

/// Whether signal handlers run on this thread; if the program has not imported `threading`, it may be.
fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    let Some(threading) = imported(py, intern!(py, "threading"))? else {
        return Ok(true);
    };
    let main = threading.call_method0(intern!(py, "main_thread"))?;
    let here = threading.call_method0(intern!(py, "get_ident"))?;
    main.getattr(intern!(py, "ident"))?.eq(here)
}
