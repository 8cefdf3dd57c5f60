//! The library's own runtime, for callers who bring none: the blocking face and the bindings.
//!
//! Started at first use, never at load; a forked child starts its own. Async Rust never needs it.

use std::future::Future;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, ErrorKind, Result};
use crate::fork::PerProcess;

/// Two threads: the work is waiting, and one busy hook must not stall the sockets.
const THREADS: usize = 2;

static RUNTIME: OnceLock<PerProcess<Runtime>> = OnceLock::new();

fn start() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(8)
        .thread_name("evertoken-io")
        .enable_all()
        .build()
        .expect("the operating system allows no more threads or file descriptors")
}

/// The library runtime of this process.
pub fn handle() -> Handle {
    RUNTIME
        .get_or_init(|| PerProcess::new(start))
        .get()
        .handle()
        .clone()
}

/// Runs `future` to its end on this thread, for blocking callers.
///
/// # Errors
/// `internal` when called from a thread of a runtime: waiting there would stall or deadlock it. Use the
/// asynchronous form in callbacks and async code.
pub fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    if Handle::try_current().is_ok() {
        return Err(Error::new(
            ErrorKind::Internal,
            "a blocking call was made from inside an asynchronous runtime or a callback; use the asynchronous form there",
        ));
    }
    handle().block_on(future)
}

/// Spawns on the caller's runtime, or on the library's where there is none.
pub(crate) fn spawn<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Handle::try_current()
        .unwrap_or_else(|_| handle())
        .spawn(future)
}
