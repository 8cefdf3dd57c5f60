//! What an event loop does for the calls that it waits for.

use std::cell::RefCell;
use std::future::Future;
use std::os::fd::AsFd;
use std::rc::Rc;

use evertoken::runtime::{EventLoop, handle};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// One without calls.
///
/// # Panics
/// There are no descriptors for it.
pub fn event_loop() -> EventLoop {
    EventLoop::new(handle()).expect("descriptors")
}

/// Waits for news as the loop would.
///
/// # Panics
/// A signal came.
pub fn turn(event_loop: &EventLoop) {
    let mut fds = [PollFd::new(event_loop.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::NONE).expect("no signal");
    event_loop.turn();
}

/// Where the outcome of a call is put.
pub type Place<T> = Rc<RefCell<Option<T>>>;

/// Begins a call.
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

/// Waits for the end of a call that was begun.
pub fn outcome<T>(event_loop: &EventLoop, place: &Place<T>) -> T {
    loop {
        if let Some(done) = place.take() {
            return done;
        }
        turn(event_loop);
    }
}

/// Begins a call and waits for its end.
pub fn finish<T: 'static>(event_loop: &EventLoop, call: impl Future<Output = T> + 'static) -> T {
    outcome(event_loop, &start(event_loop, call))
}
