//! The way back into JavaScript: one function per environment that answers every call that waits.
//!
//! Not a native promise per call, because those borrow what an environment owns: a worker that exits with
//! calls in flight would free it under them. Here the environment owns a function only, whose handle knows
//! when the environment is gone; the work runs on the core's runtime and may end whenever it likes.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evertoken::{Error, ErrorKind, Subscription, on_any_event, runtime};
use futures_util::FutureExt;
use futures_util::future::{AbortHandle, abortable};
use napi::bindgen_prelude::{FnArgs, Function, Null, ToNapiValue, Unknown};
use napi::threadsafe_function::{
    ThreadsafeFunction, ThreadsafeFunctionCallMode, UnknownReturnValue,
};
use napi::{Env, Status};
use napi_derive::napi;

use crate::events::Told as ToldEvent;
use crate::failure::Failure;

/// All that is to be told by now: id, failure, value; id, failure, value; …
type Told = FnArgs<(Batch,)>;
/// Unreferenced: it never keeps a process or a worker alive. JavaScript holds the loop while a call is pending.
type Deliver = ThreadsafeFunction<Arc<Queue>, UnknownReturnValue, Told, Status, false, true>;

/// What a call ends with.
struct Message {
    id: i64,
    outcome: evertoken::Result<Value>,
}

/// What JavaScript has not been told yet. However much comes together, it is told in one turn of the event
/// loop: a function call each would be taken up a thousand at a time.
type Queue = Mutex<Vec<Message>>;

/// What is told at once.
pub struct Batch(Vec<Message>);

impl ToNapiValue for Batch {
    unsafe fn to_napi_value(
        env: napi::sys::napi_env,
        batch: Self,
    ) -> napi::Result<napi::sys::napi_value> {
        let env = Env::from_raw(env);
        let length = u32::try_from(batch.0.len() * 3).unwrap_or(u32::MAX);
        let mut list = env.create_array(length)?;
        let mut index = 0;
        for Message { id, outcome } in batch.0 {
            list.set(index, id)?;
            match outcome {
                Ok(value) => {
                    list.set(index + 1, Null)?;
                    list.set(index + 2, value)?;
                }
                Err(error) => list.set(index + 1, Failure::from(error))?,
            }
            index += 3;
        }
        // SAFETY: the array was made in this environment, in the scope of this call.
        unsafe { ToNapiValue::to_napi_value(env.raw(), list) }
    }
}

type Make = dyn FnOnce(&Env) -> napi::Result<napi::sys::napi_value> + Send;

/// A result that becomes a JavaScript value on the environment's own thread.
pub struct Value(Box<Make>);

impl Value {
    /// Any value that can cross threads and the border.
    pub(crate) fn of<T: ToNapiValue + Send + 'static>(value: T) -> Self {
        Self::made(move |env| value.into_unknown(env))
    }

    /// A value that is made where it is used.
    pub(crate) fn made<M>(make: M) -> Self
    where
        M: for<'env> FnOnce(&'env Env) -> napi::Result<Unknown<'env>> + Send + 'static,
    {
        Self(Box::new(|env| {
            use napi::JsValue;
            make(env).map(|value| value.raw())
        }))
    }
}

impl ToNapiValue for Value {
    unsafe fn to_napi_value(
        env: napi::sys::napi_env,
        value: Self,
    ) -> napi::Result<napi::sys::napi_value> {
        (value.0)(&Env::from_raw(env))
    }
}

/// One environment's way back. Calls and clients share it; when JavaScript lets go of it, the environment
/// ends and what is under way for it is dropped.
#[napi]
pub struct Port {
    line: Arc<Line>,
    /// The number of this environment.
    number: u32,
    watching: Mutex<Option<Subscription>>,
}

/// The environment whose listener hears the events of all identities; 0 for none. Others would tell them twice.
static WATCHER: AtomicU32 = AtomicU32::new(0);
static ENVIRONMENTS: AtomicU32 = AtomicU32::new(1);

/// The way itself, shared by all who answer through it.
pub struct Line {
    deliver: Deliver,
    queue: Arc<Queue>,
    under_way: Mutex<HashMap<i64, AbortHandle>>,
}

#[napi]
impl Port {
    /// A way back through `deliver([id, failure, value, …])`.
    ///
    /// # Errors
    /// The environment is going down.
    #[napi(constructor, catch_unwind)]
    pub fn new(deliver: Function<'_, Told, UnknownReturnValue>) -> napi::Result<Self> {
        let deliver = deliver
            .build_threadsafe_function::<Arc<Queue>>()
            .weak::<true>()
            .callee_handled::<false>()
            .build_callback(|context| Ok(FnArgs::from((Batch(taken(&context.value)),))))?;
        Ok(Self {
            line: Arc::new(Line {
                deliver,
                queue: Arc::default(),
                under_way: Mutex::default(),
            }),
            number: ENVIRONMENTS.fetch_add(1, Ordering::Relaxed),
            watching: Mutex::default(),
        })
    }

    /// Delivers the events of every identity of the process under this number, unless another
    /// environment hears them; whether it does.
    #[napi(catch_unwind)]
    pub fn watch(&self, id: i64) -> bool {
        let taken = WATCHER.compare_exchange(0, self.number, Ordering::AcqRel, Ordering::Relaxed);
        if taken.is_err() {
            return false;
        }
        let line = Arc::clone(&self.line);
        let subscription =
            on_any_event(move |event| line.send(id, Ok(Value::of(ToldEvent::dated(event)))));
        self.watched().replace(subscription);
        true
    }

    /// Calls of which JavaScript has not been told the end, and whose end is not on its way either.
    #[napi(getter, catch_unwind)]
    pub fn under_way(&self) -> u32 {
        u32::try_from(self.line.tasks().len()).unwrap_or(u32::MAX)
    }

    /// Gives up a call: nothing is delivered for it, and what it waited for goes on for the others.
    #[napi(catch_unwind)]
    pub fn abandon(&self, id: i64) {
        if let Some(task) = self.line.tasks().remove(&id) {
            task.abort();
        }
    }
}

impl Port {
    pub(crate) fn line(&self) -> Arc<Line> {
        Arc::clone(&self.line)
    }

    fn watched(&self) -> MutexGuard<'_, Option<Subscription>> {
        self.watching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        for (_, task) in self.line.tasks().drain() {
            task.abort();
        }
        if self.watched().take().is_some() {
            WATCHER.store(0, Ordering::Release);
        }
    }
}

impl Line {
    fn tasks(&self) -> MutexGuard<'_, HashMap<i64, AbortHandle>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` on the core's runtime and delivers what `told` makes of its result, unless it is
    /// abandoned before.
    pub(crate) fn start<T>(
        self: &Arc<Self>,
        id: i64,
        work: impl Future<Output = evertoken::Result<T>> + Send + 'static,
        told: impl FnOnce(T) -> Value + Send + 'static,
    ) {
        self.start_with(id, work.map(|outcome| outcome.map(told)));
    }

    /// As [`Self::start`], for work that makes the value itself.
    pub(crate) fn start_with(
        self: &Arc<Self>,
        id: i64,
        work: impl Future<Output = evertoken::Result<Value>> + Send + 'static,
    ) {
        let line = Arc::clone(self);
        let (work, task) = abortable(AssertUnwindSafe(work).catch_unwind());
        // Some kilobytes, which the runtime would move about with the task.
        let work = Box::pin(work);
        // Before it starts, so that one which ends at once finds itself there; and unlocked again, since the thread that
        // is woken may run at once, on this core, and had to wait for this one at its end.
        self.tasks().insert(id, task);
        runtime::handle().spawn(async move {
            let Ok(outcome) = work.await else { return };
            let outcome = outcome.unwrap_or_else(|_| Err(defect()));
            // Listed until it is queued, so that nothing is in between.
            let mut tasks = line.tasks();
            let queued = tasks.remove(&id).is_some() && line.queue(id, outcome);
            drop(tasks);
            if queued {
                line.wake();
            }
        });
    }

    /// Delivers without a call: an event.
    pub(crate) fn send(&self, id: i64, outcome: evertoken::Result<Value>) {
        if self.queue(id, outcome) {
            self.wake();
        }
    }

    /// Whether the queue was empty: whoever finds it so wakes JavaScript, which takes all that has come until then.
    #[must_use]
    fn queue(&self, id: i64, outcome: evertoken::Result<Value>) -> bool {
        let mut queue = locked(&self.queue);
        queue.push(Message { id, outcome });
        queue.len() == 1
    }

    /// Not to be called with anything locked: JavaScript runs at once, on this core if there is no other, and would
    /// have to wait for this thread to unlock what its next call needs.
    fn wake(&self) {
        // Refused when the environment has ended: then nobody is left to tell.
        self.deliver.call(
            Arc::clone(&self.queue),
            ThreadsafeFunctionCallMode::NonBlocking,
        );
    }
}

fn taken(queue: &Queue) -> Vec<Message> {
    std::mem::take(&mut *locked(queue))
}

fn locked(queue: &Queue) -> MutexGuard<'_, Vec<Message>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn defect() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a call was ended by a defect in this library",
    )
}
