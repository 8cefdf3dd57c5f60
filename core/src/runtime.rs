//! The library's own runtimes, for callers who bring none: the blocking face and the bindings.
//!
//! Started at first use, never at load; a forked child starts its own. Async Rust never needs them.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::runtime::{Builder, Handle, Runtime};

#[cfg(unix)]
pub use crate::driver::EventLoop;
pub use crate::driver::nap;

use crate::driver::Driver;
use crate::error::{Error, ErrorKind, Result};
use crate::fork::PerProcess;

/// Two threads: the work is waiting, and one busy hook must not stall the sockets.
static THREADS: AtomicUsize = AtomicUsize::new(2);
/// Blocking calls that drive their own sockets at a time. To do so with more costs more than it saves: a thousand calls
/// at a time are done in half the time if all but these share a runtime.
const DRIVEN_MAX: usize = 64;

/// Where it cannot be started, the next call tries again.
static SHARED: LazyLock<PerProcess<OnceLock<Runtime>>> =
    LazyLock::new(|| PerProcess::new(OnceLock::new));
static DRIVERS: LazyLock<PerProcess<Drivers>> = LazyLock::new(|| PerProcess::new(Drivers::default));

/// What blocking calls are run by.
#[derive(Default)]
struct Drivers {
    /// Calls that have one or are about to.
    busy: AtomicUsize,
    /// Kept for the next calls.
    idle: Mutex<Vec<Driver>>,
}

fn start() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(THREADS.load(Ordering::Relaxed))
        .max_blocking_threads(8)
        .thread_name("evertoken-io")
        .enable_all()
        .build()
        .expect("the operating system allows no more threads or file descriptors")
}

/// Gives the library runtime one thread, for a binding that runs no code of its callers there. A lone request takes a
/// fifth less processor time if no second thread is woken to see whether there is more to do; many at once take the
/// same. To be called before anything else.
pub fn use_one_thread() {
    THREADS.store(1, Ordering::Relaxed);
}

/// The library runtime of this process: flights, background renewals and asynchronous callers run on it.
///
/// # Panics
/// The operating system allows no more threads or file descriptors.
pub fn handle() -> Handle {
    SHARED.get().get_or_init(start).handle().clone()
}

/// Runs a call to its end on this thread, its socket included. Half the processor time of waiting for
/// the shared runtime's threads, which would have to be woken and to wake this one for each answer.
///
/// `future` must not hand out anything that goes on after it, such as a response whose body is still to
/// be read: use [`block_on_shared`] for those. A flight it starts goes to the shared runtime and outlives it.
///
/// # Errors
/// `internal` when called from a thread of a runtime: waiting there would stall or deadlock it. Use the
/// asynchronous form in callbacks and async code.
pub fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    refuse_nested()?;
    // A call's future is some kilobytes: it is moved no further than here.
    let future = pin!(future);
    let drivers = DRIVERS.get();
    match drivers.take() {
        Some((_seat, driver)) => drivers.drive(driver, future),
        None => handle().block_on(future),
    }
}

/// As [`block_on`], for a call that needs nothing of this thread: where many wait at once, it goes to the shared
/// runtime whole, and this thread is woken once instead of for each of its steps. The call is made where it runs,
/// which spares moving it.
///
/// # Errors
/// As [`block_on`].
///
/// # Panics
/// As the call does.
pub fn block_on_whole<T, F>(call: impl FnOnce() -> F) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    refuse_nested()?;
    let drivers = DRIVERS.get();
    if let Some((_seat, driver)) = drivers.take() {
        return drivers.drive(driver, pin!(call()));
    }
    let shared = handle();
    let task = shared.spawn(Box::pin(call()));
    match shared.block_on(task) {
        Ok(outcome) => outcome,
        Err(failed) => resume_unwind(failed.into_panic()),
    }
}

impl Drivers {
    /// `None` if there are too many, or no file descriptors for one more.
    fn take(&self) -> Option<(Seat<'_>, Driver)> {
        let seat = Seat::take(&self.busy)?;
        let kept = lock(&self.idle).pop();
        let driver = kept.or_else(|| Driver::new(handle()).ok())?;
        Some((seat, driver))
    }

    /// Runs `call` on this thread.
    fn drive<T>(&self, driver: Driver, call: Pin<&mut impl Future<Output = T>>) -> T {
        let outcome = driver.run(call);
        lock(&self.idle).push(driver);
        outcome
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One of the [`DRIVEN_MAX`] places, given back on drop, through a panic too.
struct Seat<'a>(&'a AtomicUsize);

impl<'a> Seat<'a> {
    fn take(busy: &'a AtomicUsize) -> Option<Self> {
        let seat = Self(busy);
        (busy.fetch_add(1, Ordering::Relaxed) < DRIVEN_MAX).then_some(seat)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs `future` to its end with the shared runtime's sockets, for what may hand out a body still to be read.
///
/// # Errors
/// As [`block_on`].
pub fn block_on_shared<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    refuse_nested()?;
    handle().block_on(future)
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

/// Spawns on the caller's runtime, or on the library's where the caller has none.
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

    use super::{DRIVEN_MAX, DRIVERS, Ordering, Result, Seat, block_on, block_on_whole, handle};

    /// The thread that `call` ran on, of one that found `taken` places taken.
    fn ran_on(taken: usize, call: fn() -> Result<thread::ThreadId>) -> thread::ThreadId {
        let drivers = DRIVERS.get();
        let _taken: Vec<_> = (0..taken).map(|_| Seat::take(&drivers.busy)).collect();
        call().unwrap()
    }

    #[test]
    fn a_call_runs_on_its_thread_while_there_are_places_and_else_on_the_shared_runtime_if_it_may() {
        let here = thread::current().id();
        let whole = || block_on_whole(|| async { Ok(thread::current().id()) });
        let borrowing = || block_on(async { Ok(thread::current().id()) });
        assert_eq!(ran_on(0, borrowing), here);
        assert_eq!(ran_on(DRIVEN_MAX, borrowing), here);
        assert_eq!(ran_on(0, whole), here);
        assert_ne!(ran_on(DRIVEN_MAX, whole), here);

        let panicked = thread::spawn(|| {
            ran_on(DRIVEN_MAX, || {
                block_on_whole(|| async { panic!("a defect") })
            })
        });
        let payload = panicked.join().unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"a defect"));
        assert_eq!(DRIVERS.get().busy.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn inside_a_runtime_both_refuse() {
        handle().block_on(async {
            assert!(block_on(async { Ok(()) }).is_err());
            assert!(block_on_whole(|| async { Ok(()) }).is_err());
        });
    }
}
