//! The library's own runtimes, for callers who bring none: the blocking face and the bindings.
//!
//! Started at first use, never at load; a forked child starts its own. Async Rust never needs them.

use std::cell::Cell;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::clock::{Clock, Moment, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::fork::PerProcess;

/// Two threads: the work is waiting, and one busy hook must not stall the sockets.
static THREADS: AtomicUsize = AtomicUsize::new(2);
/// Blocking calls that drive their own sockets at a time; each runtime is kept for the next call, with its
/// open connections. To set up more at once costs more than it saves: a thousand calls at a time are done
/// in half the time if all but these share a runtime.
const LOCALS_MAX: usize = 64;
/// A server is unlikely to have closed a connection that rested no longer than this.
const SHORT_REST: Duration = Duration::from_millis(1);

/// A connection notices that its caller has gone, then ends; then its socket is closed.
const TURNS_TO_CLOSE: usize = 3;

static SHARED: LazyLock<PerProcess<Runtime>> = LazyLock::new(|| PerProcess::new(start));
static LOCALS: LazyLock<PerProcess<Locals>> = LazyLock::new(|| PerProcess::new(Locals::default));

/// The runtimes of blocking calls.
#[derive(Default)]
struct Locals {
    /// Calls that have one or are about to.
    busy: AtomicUsize,
    idle: Mutex<Vec<Resting>>,
}

/// The runtime of a call that is over.
struct Resting {
    runtime: Runtime,
    since: Moment,
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
pub fn handle() -> Handle {
    SHARED.get().handle().clone()
}

thread_local! {
    /// Whether this thread is inside [`block_on`].
    static IN_LOCAL: Cell<bool> = const { Cell::new(false) };
    /// How long the connections of its runtime have been left alone.
    static RESTED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// Whether an exchange has been broken off there.
    static BROKEN_OFF: Cell<bool> = const { Cell::new(false) };
}

/// A runtime without threads of its own: the calling thread does all the work.
fn local() -> Result<Runtime> {
    let mut builder = Builder::new_current_thread();
    builder
        .max_blocking_threads(1)
        .thread_name("evertoken-dns")
        .enable_all();
    builder.build().map_err(|_| {
        Error::new(
            ErrorKind::Internal,
            "the operating system allows no more file descriptors",
        )
    })
}

/// Runs a call to its end on this thread, its sockets included. Half the processor time of waiting for
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
    let locals = LOCALS.get();
    match Seat::take(&locals.busy) {
        Some(_seat) => locals.drive(future),
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
    let locals = LOCALS.get();
    if let Some(_seat) = Seat::take(&locals.busy) {
        return locals.drive(pin!(call()));
    }
    let shared = handle();
    let task = shared.spawn(Box::pin(call()));
    match shared.block_on(task) {
        Ok(outcome) => outcome,
        Err(failed) => resume_unwind(failed.into_panic()),
    }
}

impl Locals {
    /// Runs `future` on a runtime of this thread's.
    fn drive<T>(&self, future: Pin<&mut impl Future<Output = Result<T>>>) -> Result<T> {
        let kept = lock(&self.idle).pop();
        let rested = kept
            .as_ref()
            .map_or(Duration::ZERO, |kept| SystemClock.now().since(kept.since));
        let runtime = kept.map_or_else(local, |kept| Ok(kept.runtime))?;
        let marked = Marked::new();
        RESTED.set(rested);
        let outcome = runtime.block_on(future);
        if BROKEN_OFF.take() {
            runtime.block_on(clear_away());
        }
        drop(marked);
        let since = SystemClock.now();
        lock(&self.idle).push(Resting { runtime, since });
        outcome
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One of the [`LOCALS_MAX`] places, given back on drop, through a panic too.
struct Seat<'a>(&'a AtomicUsize);

impl<'a> Seat<'a> {
    fn take(busy: &'a AtomicUsize) -> Option<Self> {
        let seat = Self(busy);
        (busy.fetch_add(1, Ordering::Relaxed) < LOCALS_MAX).then_some(seat)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Marks this thread for as long as it lives, through a panic too.
struct Marked;

impl Marked {
    fn new() -> Self {
        IN_LOCAL.set(true);
        Self
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        IN_LOCAL.set(false);
    }
}

/// Called before a request goes out. In a blocking call it lets the connections notice what happened while
/// nobody drove them: one that the server closed must not be taken. The first turn reads the sockets' news, the
/// second acts on it. They cost a tenth of a small request, so one that can be sent again if need be does
/// without after a short rest.
pub(crate) async fn catch_up(can_be_sent_again: bool) {
    let rested = RESTED.take();
    if rested > SHORT_REST || (!can_be_sent_again && !rested.is_zero()) {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    }
}

/// Called when an exchange is given up before its end, for want of time or of an answer that makes sense.
pub(crate) fn broken_off() {
    BROKEN_OFF.set(true);
}

/// Lets the connection of an exchange that was broken off notice it and close. Nobody would drive it before the next
/// call, and the server would hold on to it for as long.
async fn clear_away() {
    for _ in 0..TURNS_TO_CLOSE {
        tokio::task::yield_now().await;
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

/// Spawns on the caller's runtime, or on the library's where the caller has none that outlives its call.
pub(crate) fn spawn<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    if IN_LOCAL.get() {
        return handle().spawn(future);
    }
    Handle::try_current()
        .unwrap_or_else(|_| handle())
        .spawn(future)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::{LOCALS, LOCALS_MAX, Ordering, Result, Seat, block_on, block_on_whole, handle};

    /// The thread that `call` ran on, of one that found `taken` places taken.
    fn ran_on(taken: usize, call: fn() -> Result<thread::ThreadId>) -> thread::ThreadId {
        let locals = LOCALS.get();
        let _taken: Vec<_> = (0..taken).map(|_| Seat::take(&locals.busy)).collect();
        call().unwrap()
    }

    #[test]
    fn a_call_runs_on_its_thread_while_there_are_places_and_else_on_the_shared_runtime_if_it_may() {
        let here = thread::current().id();
        let whole = || block_on_whole(|| async { Ok(thread::current().id()) });
        let borrowing = || block_on(async { Ok(thread::current().id()) });
        assert_eq!(ran_on(0, borrowing), here);
        assert_eq!(ran_on(LOCALS_MAX, borrowing), here);
        assert_eq!(ran_on(0, whole), here);
        assert_ne!(ran_on(LOCALS_MAX, whole), here);

        let panicked = thread::spawn(|| {
            ran_on(LOCALS_MAX, || {
                block_on_whole(|| async { panic!("a defect") })
            })
        });
        let payload = panicked.join().unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"a defect"));
        assert_eq!(LOCALS.get().busy.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn inside_a_runtime_both_refuse() {
        handle().block_on(async {
            assert!(block_on(async { Ok(()) }).is_err());
            assert!(block_on_whole(|| async { Ok(()) }).is_err());
        });
    }
}
