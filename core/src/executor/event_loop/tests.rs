use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::io::Write;
use std::os::fd::AsFd;
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;

use futures_util::future::BoxFuture;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::oneshot;

use super::super::BlockingExecutor;
use super::super::tests::{byte, connection};
use super::{EventLoop, READS_PER_TURN, WRITTEN_PER_TURN};
use crate::executor::runner::Home;
use crate::executor::{home, runs_blocking_call};
use crate::runtime::handle;

fn event_loop() -> EventLoop {
    EventLoop::new(handle()).unwrap()
}

/// Whether a turn is due, or becomes due within `patience`.
fn is_ready(event_loop: &EventLoop, patience: PollTimeout) -> bool {
    let mut fds = [PollFd::new(event_loop.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, patience).unwrap() == 1
}

/// Stands in for the language's event loop until `call` is over.
fn finish<T: 'static>(event_loop: &EventLoop, call: impl Future<Output = T> + 'static) -> T {
    let outcome = Rc::new(RefCell::new(None));
    let place = Rc::clone(&outcome);
    event_loop.start(async move {
        let done = call.await;
        place.replace(Some(done));
    });
    loop {
        if let Some(done) = outcome.take() {
            return done;
        }
        assert!(is_ready(event_loop, PollTimeout::NONE));
        event_loop.turn();
    }
}

#[test]
fn a_call_begins_at_once_and_on_its_own_thread() {
    let event_loop = event_loop();
    let begun = Rc::new(Cell::new(None));
    let place = Rc::clone(&begun);
    event_loop.start(async move { place.set(Some((home(), runs_blocking_call()))) });
    let number = event_loop.sockets.number();
    assert_eq!(begun.get(), Some((Some(Home::EventLoop(number)), false)));
    assert_eq!(home(), None);
}

#[test]
fn a_call_may_start_another_and_take_a_turn() {
    let event_loop = Rc::new(event_loop());
    let heard = Rc::new(RefCell::new(Vec::new()));
    let (inner, place) = (Rc::downgrade(&event_loop), Rc::clone(&heard));
    event_loop.start(async move {
        let event_loop = inner.upgrade().unwrap();
        let inner = Rc::clone(&place);
        event_loop.start(async move { inner.borrow_mut().push("inner") });
        event_loop.turn();
        place.borrow_mut().push("outer");
    });
    assert_eq!(*heard.borrow(), ["outer", "inner"]);
}

#[test]
fn a_call_may_run_another_event_loop_and_is_where_it_was() {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let place = Rc::clone(&heard);
    event_loop().start(async move {
        let outer = home();
        let inner = Rc::clone(&place);
        event_loop().start(async move { inner.borrow_mut().push(home() == outer) });
        place.borrow_mut().push(home() == outer);
    });
    assert_eq!(*heard.borrow(), [false, true]);
}

#[test]
fn a_loop_whose_calls_are_send_goes_on_on_another_thread() {
    let event_loop = EventLoop::<BoxFuture<'static, ()>>::new(handle()).unwrap();
    let (answer, answered) = oneshot::channel();
    let (tell, told) = mpsc::channel();
    event_loop.start(async move {
        answered.await.unwrap();
        tell.send(thread::current().id()).unwrap();
    });
    let other = thread::spawn(move || {
        answer.send(()).unwrap();
        event_loop.turn();
        told.try_recv().unwrap() == thread::current().id()
    });
    assert!(other.join().unwrap());
}

#[test]
fn a_call_goes_on_when_another_thread_wakes_it_whether_the_loop_waits_by_then_or_not() {
    let (ask, asked) = mpsc::channel::<oneshot::Sender<u32>>();
    let other = thread::spawn(move || {
        for (nth, asker) in (0..).zip(asked) {
            asker.send(nth).unwrap();
        }
    });
    let event_loop = event_loop();
    for nth in 0..2_000 {
        let (response, answered) = oneshot::channel();
        ask.send(response).unwrap();
        assert_eq!(finish(&event_loop, answered), Ok(nth));
    }
    drop(ask);
    other.join().unwrap();
}

#[test]
fn each_call_goes_on_when_its_own_socket_is_ready() {
    let event_loop = event_loop();
    let heard = Rc::new(RefCell::new(Vec::new()));
    let mut others = Vec::new();
    for nth in 0..3 {
        let heard = Rc::clone(&heard);
        let (tell, told) = mpsc::channel();
        event_loop.start(async move {
            let (near, far) = connection();
            tell.send(far).unwrap();
            for _ in 0..2 {
                let read = byte(&near).await.unwrap();
                heard.borrow_mut().push((nth, read));
            }
        });
        others.push(told.recv().unwrap());
    }
    for (sent, nth) in [(5, 1), (6, 0), (7, 1), (8, 2)] {
        (&others[nth]).write_all(&[sent]).unwrap();
        while heard.borrow().last() != Some(&(nth, sent)) {
            assert!(is_ready(&event_loop, PollTimeout::NONE));
            event_loop.turn();
        }
    }
    assert_eq!(*heard.borrow(), [(1, 5), (0, 6), (1, 7), (2, 8)]);
    // The second call is over, and its socket forgotten.
    assert_eq!(event_loop.sockets.watched().len(), 2);
}

#[test]
fn a_call_that_always_has_something_to_read_leaves_the_loop_its_turn() {
    let event_loop = event_loop();
    let read = Rc::new(Cell::new(0));
    let count = Rc::clone(&read);
    event_loop.start(async move {
        let (near, far) = connection();
        (&far).write_all(&[0; 3 * READS_PER_TURN as usize]).unwrap();
        loop {
            byte(&near).await.unwrap();
            count.set(count.get() + 1);
        }
    });
    for turn in 1..=3 {
        assert_eq!(read.get(), turn * READS_PER_TURN);
        assert!(is_ready(&event_loop, PollTimeout::ZERO));
        event_loop.turn();
    }
    assert_eq!(read.get(), 3 * READS_PER_TURN);
    assert!(!is_ready(&event_loop, PollTimeout::ZERO));
}

#[test]
fn a_call_that_can_always_write_leaves_the_loop_its_turn() {
    let event_loop = event_loop();
    let written = Rc::new(Cell::new(0));
    let count = Rc::clone(&written);
    event_loop.start(async move {
        let (near, _far) = connection();
        for _ in 0..3 {
            poll_fn(|cx| {
                if near.may_write(cx) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
            near.has_written(WRITTEN_PER_TURN);
            count.set(count.get() + 1);
        }
    });
    for turn in 1..=3 {
        assert_eq!(written.get(), turn);
        assert_eq!(is_ready(&event_loop, PollTimeout::ZERO), turn < 3);
        event_loop.turn();
    }
}

#[test]
fn what_is_read_from_one_socket_is_nothing_to_another() {
    let event_loop = event_loop();
    let may_read = finish(&event_loop, async {
        let (busy, far) = connection();
        let (other, _far) = connection();
        (&far).write_all(&[0; READS_PER_TURN as usize]).unwrap();
        for _ in 0..READS_PER_TURN {
            byte(&busy).await.unwrap();
        }
        poll_fn(|cx| Poll::Ready([busy.may_read(cx), other.may_read(cx)])).await
    });
    assert_eq!(may_read, [false, true]);
}

#[test]
fn a_call_that_always_wakes_itself_leaves_the_loop_its_turn() {
    let event_loop = event_loop();
    event_loop.start(poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::Pending
    }));
    for _ in 0..3 {
        assert!(is_ready(&event_loop, PollTimeout::ZERO));
        event_loop.turn();
    }
}

#[test]
fn the_end_is_found_if_it_was_told_before_the_last_bytes_were_read() {
    let event_loop = event_loop();
    let outcome = finish(&event_loop, async {
        let (near, far) = connection();
        (&far).write_all(&[7]).unwrap();
        drop(far);
        // Both are told at once.
        near.mark_drained();
        let last = byte(&near).await.unwrap();
        // As after a read that found less than it had room for.
        near.mark_drained();
        (last, near.may_be_readable())
    });
    assert_eq!(outcome, (7, true));
}

#[test]
fn nobody_else_waits_for_its_sockets() {
    let event_loop = event_loop();
    let near = finish(&event_loop, async { connection().0 });
    near.mark_drained();
    let refused = |outcome: std::io::Result<u8>| {
        assert_eq!(
            outcome.unwrap_err().to_string(),
            "nobody waits for this socket"
        );
    };
    let other = EventLoop::new(handle()).unwrap();
    let there = near.clone();
    refused(finish(&other, async move { byte(&there).await }));
    refused(
        BlockingExecutor::new(handle())
            .unwrap()
            .run(pin!(byte(&near))),
    );
}

#[test]
fn what_wakes_a_call_after_its_loop_is_gone_does_no_harm() {
    let event_loop = event_loop();
    let (response, answered) = oneshot::channel::<u32>();
    let near = finish(&event_loop, async { connection().0 });
    event_loop.start(async move {
        let _ = answered.await;
        pending::<()>().await;
    });
    drop(event_loop);
    assert_eq!(response.send(1), Err(1));
    drop(near);
}
