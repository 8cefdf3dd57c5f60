//! An environment's calls: where they run.
//!
//! Those that send and receive do it on the environment's own thread, and Node's event loop waits for their sockets: to have
//! another thread do it, and to be woken by that, takes longer than a small request. All others run on the core's
//! runtime, and so do these where the event loop is not Node's.

use std::cell::OnceCell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::ptr;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use evertoken::{Error, ErrorKind, runtime};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, abortable};
use napi::bindgen_prelude::{Function, FunctionRef, ToNapiValue};
use napi::threadsafe_function::UnknownReturnValue;
use napi::{Env, JsValue, check_status, sys};

use crate::driven::Driven;
use crate::line::{Line, Told, Value};

/// The calls of one environment, all begun on its thread.
pub(crate) struct Calls {
    env: Env,
    line: Arc<Line>,
    deliver: FunctionRef<Told, UnknownReturnValue>,
    has_libuv: bool,
    driven: OnceCell<Driven>,
}

impl Calls {
    pub(crate) fn new(
        env: Env,
        deliver: Function<'_, Told, UnknownReturnValue>,
        has_libuv: bool,
    ) -> napi::Result<Self> {
        Ok(Self {
            env,
            deliver: deliver.create_ref()?,
            line: Arc::new(Line::new(deliver)?),
            has_libuv,
            driven: OnceCell::new(),
        })
    }

    pub(crate) fn line(&self) -> Arc<Line> {
        Arc::clone(&self.line)
    }

    /// Does `work` on the core's runtime and delivers what `told` makes of its result, unless it is abandoned before.
    pub(crate) fn start<T>(
        &self,
        id: i64,
        work: impl Future<Output = evertoken::Result<T>> + Send + 'static,
        told: impl FnOnce(T) -> Value + Send + 'static,
    ) {
        self.start_elsewhere(id, work.map(|outcome| outcome.map(told)).boxed());
    }

    fn start_elsewhere(&self, id: i64, work: Work) {
        let call = self.call(id, work);
        let line = self.line();
        runtime::handle().spawn(call.map(move |is_first| {
            if is_first {
                line.wake();
            }
        }));
    }

    /// As [`Self::start`], for work that sends and receives: on this thread, if its event loop can wait for sockets.
    pub(crate) fn start_here<T>(
        self: &Rc<Self>,
        id: i64,
        work: impl Future<Output = evertoken::Result<T>> + Send + 'static,
        told: impl FnOnce(T) -> Value + Send + 'static,
    ) {
        let work = work.map(|outcome| outcome.map(told)).boxed();
        let Some(driven) = self.driven() else {
            return self.start_elsewhere(id, work);
        };
        let call = self.call(id, work);
        driven.start(call.map(|_| ()));
        // Its end, if it came at once, is not told from here: JavaScript has not been returned to yet.
        if self.line.has_news() {
            self.line.wake();
        }
    }

    /// The call of this number. It ends with whether JavaScript is to be woken.
    fn call(&self, id: i64, work: Work) -> impl Future<Output = bool> + Send + 'static {
        let line = self.line();
        let (work, call) = abortable(AssertUnwindSafe(work).catch_unwind());
        // Before it starts, so that one which ends at once finds itself there; and unlocked again, since the thread that
        // is woken may run at once, on this core, and had to wait for this one at its end.
        self.line.under_way().insert(id, call);
        async move {
            let Ok(outcome) = work.await else {
                return false;
            };
            line.end(id, outcome.unwrap_or_else(|_| Err(defect())))
        }
    }

    /// Where the event loop can wait for sockets.
    fn driven(self: &Rc<Self>) -> Option<&Driven> {
        let known = self.driven.get();
        if known.is_some() || !self.has_libuv {
            return known;
        }
        // Without a descriptor to be had this call goes on elsewhere, and the next one tries again.
        let all = Rc::downgrade(self);
        let driven = Driven::new(self.env, move || turn(&all))?;
        Some(self.driven.get_or_init(|| driven))
    }

    /// Tells JavaScript what has come, from the event loop.
    fn deliver(&self) -> napi::Result<()> {
        if !self.line.has_news() {
            return Ok(());
        }
        let env = self.env.raw();
        let mut scope = ptr::null_mut();
        // SAFETY: this is the environment's thread, and it lives: its event loop runs.
        check_status!(unsafe { sys::napi_open_handle_scope(env, &raw mut scope) })?;
        let told = self.tell();
        // SAFETY: opened above; nothing made since goes out of it.
        check_status!(unsafe { sys::napi_close_handle_scope(env, scope) })?;
        told
    }

    fn tell(&self) -> napi::Result<()> {
        let env = self.env.raw();
        let deliver = self.deliver.borrow_back(&self.env)?.raw();
        // SAFETY: made and used in the scope that the caller has opened. Promises that are settled go on before this returns,
        // as after any callback of Node's own.
        let told = unsafe {
            let news = ToNapiValue::to_napi_value(env, self.line.news())?;
            let context = ptr::null_mut();
            let outcome = ptr::null_mut();
            sys::napi_make_callback(env, context, deliver, deliver, 1, &raw const news, outcome)
        };
        check_status!(told)
    }
}

/// What a call does. Boxed, since it has some kilobytes, which would be moved about; and so that what is done with all of them
/// is compiled once.
pub(crate) type Work = BoxFuture<'static, evertoken::Result<Value>>;

fn turn(calls: &Weak<Calls>) {
    let Some(calls) = calls.upgrade() else { return };
    if let Some(driven) = calls.driven.get() {
        driven.turn();
    }
    // It fails where the environment is being ended: then nobody is left to tell.
    let _ = calls.deliver();
}

fn defect() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a call was ended by a defect in this library",
    )
}
