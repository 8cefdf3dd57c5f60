//! What JavaScript holds of an environment's calls.

use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evertoken::{Subscription, on_any_event};
use napi::Env;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::UnknownReturnValue;
use napi_derive::napi;

use crate::calls::Calls;
use crate::events::Told as ToldEvent;
use crate::line::{Line, Told, Value};

/// One environment's calls and their way back. Clients share it; when JavaScript lets go of it, the environment
/// ends and what is under way for it is dropped.
#[napi]
pub struct Port {
    calls: Rc<Calls>,
    /// The number of this environment.
    number: u32,
    watching: Mutex<Option<Subscription>>,
}

/// The environment whose listener hears the events of all identities; 0 for none. Others would tell them twice.
static WATCHER: AtomicU32 = AtomicU32::new(0);
static ENVIRONMENTS: AtomicU32 = AtomicU32::new(1);

#[napi]
impl Port {
    /// A way back through `deliver([id, failure, value, …])`. `has_libuv`: the environment's event loop is libuv's.
    ///
    /// # Errors
    /// The environment is going down.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        deliver: Function<'_, Told, UnknownReturnValue>,
        has_libuv: bool,
    ) -> napi::Result<Self> {
        Ok(Self {
            calls: Rc::new(Calls::new(env, deliver, has_libuv)?),
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
        let line = self.calls.line();
        let subscription =
            on_any_event(move |event| line.send(id, Ok(Value::of(ToldEvent::dated(event)))));
        self.watched().replace(subscription);
        true
    }

    /// Calls of which JavaScript has not been told the end, and whose end is not on its way either.
    #[napi(getter, catch_unwind)]
    pub fn under_way(&self) -> u32 {
        u32::try_from(self.line().under_way().len()).unwrap_or(u32::MAX)
    }

    /// Gives up a call: nothing is delivered for it, and what it waited for goes on for the others.
    #[napi(catch_unwind)]
    pub fn abandon(&self, id: i64) {
        let given_up = self.line().under_way().remove(&id);
        if let Some(call) = given_up {
            call.abort();
        }
    }
}

impl Port {
    pub(crate) fn calls(&self) -> Rc<Calls> {
        Rc::clone(&self.calls)
    }

    fn line(&self) -> Arc<Line> {
        self.calls.line()
    }

    fn watched(&self) -> MutexGuard<'_, Option<Subscription>> {
        self.watching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        for (_, call) in self.line().under_way().drain() {
            call.abort();
        }
        if self.watched().take().is_some() {
            WATCHER.store(0, Ordering::Release);
        }
    }
}
