//! Executors that run calls, and wait for their sockets, on the threads that make them.
//!
//! A [`BlockingExecutor`] runs one blocking call and waits in `poll(2)` for the sockets that the call needs. An
//! [`EventLoop`] runs the calls of a thread with an event loop of its own, whenever that loop finds one of their sockets
//! ready. A tokio runtime could do both, but at a higher cost: it asks its reactor for socket events before and after each
//! wait, and runs the connection as a task beside the call, so that the two wake each other. Without it a small request
//! takes a fifth less processor time. Everything else that a call may wait for (a login, name resolution, a body that
//! another thread writes) runs on a runtime and wakes the executor through its [`WakePipe`].

use std::future::{Future, poll_fn};
use std::io;
use std::iter::once;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use smallvec::SmallVec;
use tokio::runtime::Handle;
use tokio::time;

use crate::clock::timers_in;
use runner::{RunGuard, Runner, WaitSet};
use wake_pipe::WakePipe;

mod event_loop;
mod runner;
mod wake_pipe;
mod watched_socket;

pub use event_loop::EventLoop;
pub(crate) use runner::{home, poll_until, runs_blocking_call};
pub(crate) use watched_socket::WatchedSocket;

/// Completes after `duration`. In a blocking call `poll(2)` keeps the time: to set a runtime's timer would wake the thread
/// that drives the timers, which in turn would have to wake this one.
pub async fn sleep(duration: Duration) {
    match timers_in(duration).filter(|_| runs_blocking_call()) {
        Some(end) => poll_fn(|_| poll_until(end)).await,
        None => time::sleep(duration).await,
    }
}

/// Runs blocking calls, one at a time. It is kept for the next call when one is over.
pub(crate) struct BlockingExecutor {
    wake_pipe: Arc<WakePipe>,
    /// Runs what a call waits for besides its own socket.
    runtime: Handle,
}

impl BlockingExecutor {
    pub(crate) fn new(runtime: Handle) -> io::Result<Self> {
        let wake_pipe = Arc::new(WakePipe::new()?);
        Ok(Self { wake_pipe, runtime })
    }

    /// Runs `call` to completion on this thread.
    pub(crate) fn run<F: Future>(&self, mut call: Pin<&mut F>) -> F::Output {
        let _runtime = self.runtime.enter();
        let _guard = RunGuard::enter(Runner::BlockingCall);
        let waker = Waker::from(Arc::clone(&self.wake_pipe));
        let mut cx = Context::from_waker(&waker);
        loop {
            self.wake_pipe.begin_polling();
            if let Poll::Ready(outcome) = call.as_mut().poll(&mut cx) {
                return outcome;
            }
            let wait_set = WaitSet::take();
            if self.wake_pipe.may_sleep() {
                self.wait(&wait_set);
            }
        }
    }

    /// Waits for what `wait_set` names or for the wake pipe. A spurious return, as after a signal, only costs one poll of
    /// the call.
    fn wait(&self, wait_set: &WaitSet) {
        let pipe = PollFd::new(self.wake_pipe.reader(), PollFlags::POLLIN);
        let sockets = wait_set.sockets.iter();
        let sockets = sockets.map(|(socket, flags)| PollFd::new(socket.tcp.as_fd(), *flags));
        let mut fds: SmallVec<[_; 2]> = once(pipe).chain(sockets).collect();
        if poll(&mut fds, poll_timeout(wait_set.time)).is_err() {
            return;
        }
        let is_ready = |fd: &PollFd<'_>| fd.any() != Some(false);
        for (fd, (socket, _)) in fds[1..].iter().zip(&wait_set.sockets) {
            if is_ready(fd) {
                socket.assume_readable();
            }
        }
        if is_ready(&fds[0]) {
            self.wake_pipe.drain();
        }
    }
}

/// Rounded up: to wake too early means to wait once more.
fn poll_timeout(time: Option<Duration>) -> PollTimeout {
    time.map_or(PollTimeout::NONE, |time| {
        PollTimeout::try_from(time.as_millis() + 1).unwrap_or(PollTimeout::MAX)
    })
}

#[cfg(test)]
mod tests;
