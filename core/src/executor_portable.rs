//! The executor where `poll(2)` is not available: blocking calls run on the library's runtime.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time;

use crate::clock::Instant;

/// Has the interface of its Unix counterpart in `executor.rs`.
pub(crate) struct BlockingExecutor(Handle);

impl BlockingExecutor {
    #[allow(clippy::unnecessary_wraps)]
    pub(crate) fn new(runtime: Handle) -> io::Result<Self> {
        Ok(Self(runtime))
    }

    pub(crate) fn run<F: Future>(&self, call: Pin<&mut F>) -> F::Output {
        self.0.block_on(call)
    }
}

/// Completes after `duration`.
pub async fn sleep(duration: Duration) {
    time::sleep(duration).await;
}

/// Never called: no blocking executor keeps the time here.
pub(crate) fn poll_until(_: Instant) -> Poll<()> {
    Poll::Pending
}
