//! Where a socket cannot be waited for together with a ring, blocking calls wait for the library's runtime.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time;

use crate::clock::Instant;

/// See its namesake for Unix.
pub(crate) struct Driver(Handle);

impl Driver {
    #[allow(clippy::unnecessary_wraps)]
    pub(crate) fn new(elsewhere: Handle) -> io::Result<Self> {
        Ok(Self(elsewhere))
    }

    pub(crate) fn run<F: Future>(&self, call: Pin<&mut F>) -> F::Output {
        self.0.block_on(call)
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
