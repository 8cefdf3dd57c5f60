//! Calls that an environment's event loop waits for.

use std::future::Future;
use std::os::fd::AsFd;

use evertoken::runtime::{EventLoop, handle};
use napi::Env;

use crate::libuv::Watch;

pub(crate) struct Driven {
    /// Before what it watches.
    _watch: Watch,
    calls: EventLoop,
}

impl Driven {
    /// Has the event loop call `on_news` when there is something to do in a [`turn`](Self::turn). `None` where it cannot.
    pub(crate) fn new(env: Env, on_news: impl Fn() + 'static) -> Option<Self> {
        let calls = EventLoop::new(handle()).ok()?;
        let watch = Watch::new(env, calls.as_fd(), on_news)?;
        Some(Self {
            _watch: watch,
            calls,
        })
    }

    /// Begins `call` at once, and goes on with it in the turns to come.
    pub(crate) fn start(&self, call: impl Future<Output = ()> + 'static) {
        self.calls.start(call);
    }

    /// Goes on with the calls that can.
    pub(crate) fn turn(&self) {
        self.calls.turn();
    }
}
