//! Where sockets cannot be waited for through a descriptor, no event loop waits for calls.

use std::convert::Infallible;
use std::future::Future;

use napi::Env;

/// See its namesake for Unix.
pub(crate) struct Driven(Infallible);

impl Driven {
    pub(crate) fn new(_: Env, _: impl Fn() + 'static) -> Option<Self> {
        None
    }

    pub(crate) fn start(&self, _: impl Future<Output = ()> + 'static) {
        match self.0 {}
    }

    pub(crate) fn turn(&self) {
        match self.0 {}
    }
}
