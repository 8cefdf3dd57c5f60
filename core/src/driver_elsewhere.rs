//! Where a socket cannot be waited for together with a ring, blocking calls wait for the library's runtime.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{self, Instant};

use crate::runtime;

/// See its namesake for Unix.
pub(crate) struct Driver;

impl Driver {
    #[allow(clippy::unnecessary_wraps)]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    #[allow(clippy::unused_self)]
    pub(crate) fn run<F: Future>(&self, call: Pin<&mut F>) -> F::Output {
        runtime::handle().block_on(call)
    }
}

/// Over after `duration`.
pub async fn nap(duration: Duration) {
    time::sleep(duration).await;
}

/// Asked where a driver minds the time, which is nowhere.
pub(crate) fn poll_until(_: Instant) -> Poll<()> {
    Poll::Pending
}
