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
use napi::bindgen_prelude::{FnArgs, Function, ToNapiValue, Unknown};
use napi::threadsafe_function::{
    ThreadsafeFunction, ThreadsafeFunctionCallMode, UnknownReturnValue,
};
use napi::{Env, Status};
use napi_derive::napi;
use tokio::task::AbortHandle;

use crate::events::Told as ToldEvent;
use crate::failure::Failure;

/// `(id, failure, value)`.
type Told = FnArgs<(i64, Option<Failure>, Option<Value>)>;
/// Unreferenced: it never keeps a process or a worker alive. JavaScript holds the loop while a call is pending.
type Deliver = ThreadsafeFunction<Message, UnknownReturnValue, Told, Status, false, true>;

/// What a call ends with.
pub struct Message {
    id: i64,
    outcome: evertoken::Result<Value>,
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
    under_way: Mutex<HashMap<i64, AbortHandle>>,
}

#[napi]
impl Port {
    /// A way back through `deliver(id, failure, value)`.
    ///
    /// # Errors
    /// The environment is going down.
    #[napi(constructor, catch_unwind)]
    pub fn new(deliver: Function<'_, Told, UnknownReturnValue>) -> napi::Result<Self> {
        let deliver = deliver
            .build_threadsafe_function::<Message>()
            .weak::<true>()
            .callee_handled::<false>()
            .build_callback(|context| {
                let Message { id, outcome } = context.value;
                let (failure, value) = match outcome {
                    Ok(value) => (None, Some(value)),
                    Err(error) => (Some(error.into()), None),
                };
                Ok(FnArgs::from((id, failure, value)))
            })?;
        Ok(Self {
            line: Arc::new(Line {
                deliver,
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
        self.start_with(id, async move { work.await.map(told) });
    }

    /// As [`Self::start`], for work that makes the value itself.
    pub(crate) fn start_with(
        self: &Arc<Self>,
        id: i64,
        work: impl Future<Output = evertoken::Result<Value>> + Send + 'static,
    ) {
        let line = Arc::clone(self);
        // Held until the task is listed, so that one which ends at once finds itself there.
        let mut tasks = self.tasks();
        let task = runtime::handle().spawn(async move {
            let outcome = AssertUnwindSafe(work).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| Err(defect()));
            if line.tasks().remove(&id).is_some() {
                line.send(id, outcome);
            }
        });
        tasks.insert(id, task.abort_handle());
    }

    /// Delivers without a call: an event.
    pub(crate) fn send(&self, id: i64, outcome: evertoken::Result<Value>) {
        // Refused when the environment has ended: then nobody is left to tell.
        self.deliver.call(
            Message { id, outcome },
            ThreadsafeFunctionCallMode::NonBlocking,
        );
    }
}

fn defect() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a call was ended by a defect in this library",
    )
}
