//! An event loop for tests: waits for the descriptor, and turns the calls.

use std::cell::RefCell;
use std::future::Future;
use std::os::fd::AsFd;
use std::rc::Rc;

use evertoken::runtime::{EventLoop, handle};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// An event loop without calls.
///
/// # Panics
/// There are no file descriptors left.
pub fn event_loop() -> EventLoop {
    EventLoop::new(handle()).expect("descriptors")
}

/// Waits for the descriptor to be readable, and takes a turn.
///
/// # Panics
/// A signal interrupted it.
pub fn turn(event_loop: &EventLoop) {
    let mut fds = [PollFd::new(event_loop.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::NONE).expect("no signal");
    event_loop.turn();
}

/// Where a call puts its outcome.
pub type Place<T> = Rc<RefCell<Option<T>>>;

/// Starts a call.
pub fn start<T: 'static>(
    event_loop: &EventLoop,
    call: impl Future<Output = T> + 'static,
) -> Place<T> {
    let outcome = Place::default();
    let place = Rc::clone(&outcome);
    event_loop.start(async move {
        let done = call.await;
        place.replace(Some(done));
    });
    outcome
}

/// Takes turns until the call has ended, and returns its outcome.
pub fn outcome<T>(event_loop: &EventLoop, place: &Place<T>) -> T {
    loop {
        if let Some(done) = place.take() {
            return done;
        }
        turn(event_loop);
    }
}

/// Starts a call, and takes turns until it has ended.
pub fn finish<T: 'static>(event_loop: &EventLoop, call: impl Future<Output = T> + 'static) -> T {
    outcome(event_loop, &start(event_loop, call))
}
