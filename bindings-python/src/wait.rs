//! Blocking calls: the GIL is released while one waits, and Ctrl-C ends it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use evertoken::runtime;
use pyo3::prelude::*;

use crate::exit;
use crate::failure::Failure;

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

async fn interruptible<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut future = pin!(future);
    loop {
        tokio::select! {
            biased;
            outcome = &mut future => return outcome,
            () = tokio::time::sleep(SIGNAL_TICK) => {
                #[allow(clippy::redundant_closure_for_method_calls)] // the method alone is not general enough over its lifetime
                // Does nothing but on the main thread. `None`: the interpreter is going away, and this thread with it.
                exit::attach(|py| py.check_signals()).unwrap_or(Ok(()))?;
            }
        }
    }
}
