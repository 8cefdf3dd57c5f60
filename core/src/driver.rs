//! Runs calls on the threads that make them, their sockets included.
//!
//! A blocking call waits there for the one socket that it needs ([`Driver`]); the calls of an event loop are run by its
//! thread whenever it finds news for them ([`EventLoop`]). A runtime would do that too, with more ado: it asks a reactor for
//! news of its sockets before and after each wait, and runs the connection as a task beside the call, which wake one another.
//! A small request takes a fifth less processor time without. All else that a call may wait for goes on elsewhere and
//! rings: a login, a name to be resolved, a body that another thread writes.

use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::runtime::Handle;
use tokio::time;

use crate::clock::timers_in;
use doorbell::Doorbell;
use here::{Here, RunBy, Wanted};

mod doorbell;
mod event_loop;
mod here;
mod watched;

pub use event_loop::EventLoop;
pub(crate) use here::{Home, home, is_driving, poll_until};
pub(crate) use watched::Watched;

/// Over after `duration`. A runtime's timer wakes the thread that minds them when it is set, and that one this.
pub async fn nap(duration: Duration) {
    match timers_in(duration).filter(|_| is_driving()) {
        Some(end) => poll_fn(|_| poll_until(end)).await,
        None => time::sleep(duration).await,
    }
}

/// What a blocking call is waited for with; kept for the next one.
pub(crate) struct Driver {
    doorbell: Arc<Doorbell>,
    /// What a call waits for besides its own socket goes on there.
    elsewhere: Handle,
}

impl Driver {
    pub(crate) fn new(elsewhere: Handle) -> io::Result<Self> {
        let doorbell = Arc::new(Doorbell::new()?);
        Ok(Self {
            doorbell,
            elsewhere,
        })
    }

    /// Runs `call` to its end.
    pub(crate) fn run<F: Future>(&self, mut call: Pin<&mut F>) -> F::Output {
        let _elsewhere = self.elsewhere.enter();
        let _here = Here::is_run_by(RunBy::Driver);
        let waker = Waker::from(Arc::clone(&self.doorbell));
        let mut cx = Context::from_waker(&waker);
        loop {
            self.doorbell.run();
            if let Poll::Ready(outcome) = call.as_mut().poll(&mut cx) {
                return outcome;
            }
            let wanted = Wanted::take();
            if self.doorbell.may_sleep() {
                self.sleep(&wanted);
            }
        }
    }

    /// A sleep that ends for no reason, such as a signal, costs one look at the call.
    fn sleep(&self, wanted: &Wanted) {
        let socket = wanted.socket.as_ref();
        let reader = || PollFd::new(self.doorbell.reader(), PollFlags::POLLIN);
        let other = socket.map(|(socket, flags)| PollFd::new(socket.tcp.as_fd(), *flags));
        let count = 1 + usize::from(other.is_some());
        let mut fds = [reader(), other.unwrap_or_else(reader)];
        if poll(&mut fds[..count], millis(wanted.time)).is_err() {
            return;
        }
        let [rung, news] = fds.map(|fd| fd.any() != Some(false));
        if let Some((socket, _)) = socket
            && news
        {
            socket.look_again();
        }
        if rung {
            self.doorbell.hear();
        }
    }
}

/// Rounded up: to wake too early is to wait once more.
fn millis(time: Option<Duration>) -> PollTimeout {
    time.map_or(PollTimeout::NONE, |time| {
        PollTimeout::try_from(time.as_millis() + 1).unwrap_or(PollTimeout::MAX)
    })
}

#[cfg(test)]
mod tests;
