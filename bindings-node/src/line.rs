//! The way back into JavaScript: one function per environment that delivers the result of every waiting call.
//!
//! Not a native promise per call, because those borrow what an environment owns: a worker that exits with
//! calls in flight would free it under them. Here the environment owns a function only, whose handle knows
//! when the environment is gone; the work may end whenever it likes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::AbortHandle;
use napi::bindgen_prelude::{FnArgs, Function, Null, ToNapiValue, Unknown};
use napi::threadsafe_function::{
    ThreadsafeFunction, ThreadsafeFunctionCallMode, UnknownReturnValue,
};
use napi::{Env, Status};

use crate::failure::Failure;

/// All that is to be told by now: id, failure, value; id, failure, value; …
pub(crate) type Told = FnArgs<(Batch,)>;
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
pub(crate) struct Value(Box<Make>);

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

/// The queue of results and its delivery, shared by all calls of an environment.
pub(crate) struct Line {
    deliver: Deliver,
    queue: Arc<Queue>,
    under_way: Mutex<HashMap<i64, AbortHandle>>,
}

impl Line {
    /// One that ends in `deliver`.
    pub(crate) fn new(deliver: Function<'_, Told, UnknownReturnValue>) -> napi::Result<Self> {
        let deliver = deliver
            .build_threadsafe_function::<Arc<Queue>>()
            .weak::<true>()
            .callee_handled::<false>()
            .build_callback(|context| Ok(FnArgs::from((Batch(taken(&context.value)),))))?;
        Ok(Self {
            deliver,
            queue: Arc::default(),
            under_way: Mutex::default(),
        })
    }

    /// Calls that have begun and not ended.
    pub(crate) fn under_way(&self) -> MutexGuard<'_, HashMap<i64, AbortHandle>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a call's end, unless it was given up; whether to [`wake`](Self::wake) JavaScript.
    #[must_use]
    pub(crate) fn end(&self, id: i64, outcome: evertoken::Result<Value>) -> bool {
        // Listed until it is queued, so that nothing is in between.
        let mut under_way = self.under_way();
        under_way.remove(&id).is_some() && self.queue(id, outcome)
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
    pub(crate) fn wake(&self) {
        // Refused when the environment has ended: then nobody is left to tell.
        self.deliver.call(
            Arc::clone(&self.queue),
            ThreadsafeFunctionCallMode::NonBlocking,
        );
    }

    /// Whether something is to be told.
    pub(crate) fn has_news(&self) -> bool {
        !locked(&self.queue).is_empty()
    }

    /// All that is to be told by now, for who is on JavaScript's thread.
    pub(crate) fn news(&self) -> Batch {
        Batch(taken(&self.queue))
    }
}

fn taken(queue: &Queue) -> Vec<Message> {
    std::mem::take(&mut *locked(queue))
}

fn locked(queue: &Queue) -> MutexGuard<'_, Vec<Message>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
