//! The library's own runtime and the executors of blocking calls, for callers without a runtime: the blocking client and
//! the language bindings.
//!
//! Both start at first use, never at load; a forked child starts its own. Async Rust needs neither.

use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

#[cfg(unix)]
pub use crate::executor::EventLoop;
pub use crate::executor::sleep;

use crate::error::{Error, ErrorKind, Result};
use crate::executor::BlockingExecutor;
use crate::fork::PerProcess;

/// Two threads: the work is mostly waiting, but one busy event listener must not stall the sockets.
static THREADS: AtomicUsize = AtomicUsize::new(2);
/// Blocking calls that wait for their own sockets at the same time. With more of them that costs more than it saves: a
/// thousand calls at once finish in half the time if all but these share the runtime.
const EXECUTORS_MAX: usize = 64;

static SHARED: LazyLock<PerProcess<SharedRuntime>> =
    LazyLock::new(|| PerProcess::new(SharedRuntime::default));
static EXECUTORS: LazyLock<PerProcess<BlockingExecutors>> =
    LazyLock::new(|| PerProcess::new(BlockingExecutors::default));

/// The library's runtime. If it cannot be started, the next call tries again.
#[derive(Default)]
struct SharedRuntime {
    started: OnceLock<Runtime>,
    /// Held while it starts, so that a thousand first calls do not start one each.
    starting: Mutex<()>,
}

impl SharedRuntime {
    fn get(&self) -> io::Result<&Runtime> {
        if let Some(started) = self.started.get() {
            return Ok(started);
        }
        let _turn = self.starting.lock();
        if let Some(started) = self.started.get() {
            return Ok(started);
        }
        let runtime = start()?;
        Ok(self.started.get_or_init(|| runtime))
    }
}

/// The executors of blocking calls.
#[derive(Default)]
struct BlockingExecutors {
    /// Calls that have an executor or are about to get one.
    busy: AtomicUsize,
    /// Kept for later calls.
    idle: Mutex<Vec<BlockingExecutor>>,
}

fn start() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(THREADS.load(Ordering::Relaxed))
        .max_blocking_threads(8)
        .thread_name("evertoken-io")
        .enable_all()
        .build()
}

/// Gives the library's runtime one thread, for a binding that runs none of its callers' code there. A lone request takes
/// a fifth less processor time if no second thread is woken to look for more work; many requests at once take the same.
/// Must be called before anything else.
pub fn use_one_thread() {
    THREADS.store(1, Ordering::Relaxed);
}

/// The library's runtime of this process: flights, background renewals and asynchronous calls run on it.
///
/// # Panics
/// It is not running yet, and the operating system allows no more threads or file descriptors.
pub fn handle() -> Handle {
    try_handle().expect("a runtime")
}

/// As [`handle`], for callers that can report an error.
///
/// # Errors
/// `unreachable` where [`handle`] panics.
pub fn try_handle() -> Result<Handle> {
    let shared = SHARED.get();
    let started = shared.get().map_err(|_| {
        Error::new(
            ErrorKind::Unreachable,
            "the operating system allows no more threads or file descriptors",
        )
    });
    Ok(started?.handle().clone())
}

/// Runs a call to completion on this thread, its socket included. That takes half the processor time of waiting for the
/// shared runtime's threads, which must be woken for each request and must wake this thread for each response.
///
/// `future` must not return anything that needs the executor afterwards, such as a response whose body is still to be
/// read: [`block_on_shared`] is for those. A flight that it starts runs on the shared runtime and may outlive it.
///
/// # Errors
/// `internal` when called from a runtime's thread, which waiting would stall or deadlock. Callbacks and async code must
/// use the asynchronous form. `unreachable` if the runtime is not running yet, and the operating system allows no more threads
/// or file descriptors.
pub fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    refuse_nested()?;
    // A call's future has several kilobytes: it is not moved beyond this point.
    let future = pin!(future);
    let executors = EXECUTORS.get();
    match executors.take() {
        Some((_slot, executor)) => executors.run(executor, future),
        None => try_handle()?.block_on(future),
    }
}

/// Like [`block_on`], for a call that may run on any thread. When many calls wait at once, the whole call moves to the
/// shared runtime, so that this thread is woken once and not for each step. `call` makes the future where it runs, which
/// saves moving it.
///
/// # Errors
/// As [`block_on`].
///
/// # Panics
/// If the call panics.
pub fn block_on_whole<T, F>(call: impl FnOnce() -> F) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    refuse_nested()?;
    let executors = EXECUTORS.get();
    if let Some((_slot, executor)) = executors.take() {
        return executors.run_made(executor, call);
    }
    let shared = try_handle()?;
    let task = shared.spawn(boxed(call));
    match shared.block_on(task) {
        Ok(outcome) => outcome,
        Err(failed) => resume_unwind(failed.into_panic()),
    }
}

/// Not inlined, so that the future's several kilobytes are not on the stack while the thread waits: a thread's first call
/// touches each page of its frames, and a thousand threads that wait at once would spend a twentieth of their time on that.
#[inline(never)]
fn boxed<F: Future>(call: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(call())
}

impl BlockingExecutors {
    /// `None` if all are in use, or there is no file descriptor for a new one.
    fn take(&self) -> Option<(Slot<'_>, BlockingExecutor)> {
        let slot = Slot::take(&self.busy)?;
        let kept = lock(&self.idle).pop();
        let executor = kept.or_else(|| BlockingExecutor::new(try_handle().ok()?).ok())?;
        Some((slot, executor))
    }

    /// As [`Self::run`]; not inlined, as [`boxed`] is not.
    #[inline(never)]
    fn run_made<T, F: Future<Output = T>>(
        &self,
        executor: BlockingExecutor,
        call: impl FnOnce() -> F,
    ) -> T {
        self.run(executor, pin!(call()))
    }

    /// Runs `call` on this thread.
    fn run<T>(&self, executor: BlockingExecutor, call: Pin<&mut impl Future<Output = T>>) -> T {
        let outcome = executor.run(call);
        lock(&self.idle).push(executor);
        outcome
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One of the [`EXECUTORS_MAX`] slots, given back on drop, also through a panic.
struct Slot<'a>(&'a AtomicUsize);

impl<'a> Slot<'a> {
    fn take(busy: &'a AtomicUsize) -> Option<Self> {
        let slot = Self(busy);
        (busy.fetch_add(1, Ordering::Relaxed) < EXECUTORS_MAX).then_some(slot)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs `future` to completion on the shared runtime's sockets, for calls that return a body still to be read.
///
/// # Errors
/// As [`block_on`].
pub fn block_on_shared<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    refuse_nested()?;
    try_handle()?.block_on(future)
}

fn refuse_nested() -> Result<()> {
    if Handle::try_current().is_ok() {
        return Err(Error::new(
            ErrorKind::Internal,
            "a blocking call was made from inside an asynchronous runtime or a callback; use the asynchronous form there",
        ));
    }
    Ok(())
}

/// Spawns on the caller's runtime, or on the library's if the caller has none.
pub(crate) fn spawn<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Handle::try_current()
        .unwrap_or_else(|_| handle())
        .spawn(future)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::{
        EXECUTORS, EXECUTORS_MAX, Ordering, Result, Slot, block_on, block_on_whole, handle,
    };

    /// The thread that `call` ran on, of one that found `taken` places taken.
    fn ran_on(taken: usize, call: fn() -> Result<thread::ThreadId>) -> thread::ThreadId {
        let executors = EXECUTORS.get();
        let _taken: Vec<_> = (0..taken).map(|_| Slot::take(&executors.busy)).collect();
        call().unwrap()
    }

    #[test]
    fn a_call_runs_on_its_thread_while_there_are_places_and_else_on_the_shared_runtime_if_it_may() {
        let here = thread::current().id();
        let whole = || block_on_whole(|| async { Ok(thread::current().id()) });
        let borrowing = || block_on(async { Ok(thread::current().id()) });
        assert_eq!(ran_on(0, borrowing), here);
        assert_eq!(ran_on(EXECUTORS_MAX, borrowing), here);
        assert_eq!(ran_on(0, whole), here);
        assert_ne!(ran_on(EXECUTORS_MAX, whole), here);

        let panicked = thread::spawn(|| {
            ran_on(EXECUTORS_MAX, || {
                block_on_whole(|| async { panic!("a defect") })
            })
        });
        let payload = panicked.join().unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"a defect"));
        assert_eq!(EXECUTORS.get().busy.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn inside_a_runtime_both_refuse() {
        handle().block_on(async {
            assert!(block_on(async { Ok(()) }).is_err());
            assert!(block_on_whole(|| async { Ok(()) }).is_err());
        });
    }
}
