use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_util::future::{Either, select, select_all};
use tokio::sync::oneshot;

use super::{BlockingExecutor, WatchedSocket, poll_until, runs_blocking_call, sleep};
use crate::clock::timers_now;
use crate::runtime::handle;

fn executor() -> BlockingExecutor {
    BlockingExecutor::new(handle()).unwrap()
}

fn run<T>(call: impl Future<Output = T>) -> T {
    executor().run(pin!(call))
}

/// Both ends of a connection, the first watched.
pub(super) fn connection() -> (Arc<WatchedSocket>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    near.set_nonblocking(true).unwrap();
    let (far, _) = listener.accept().unwrap();
    (Arc::new(WatchedSocket::new(near).unwrap()), far)
}

/// One byte, waited for as long as it takes.
pub(super) async fn byte(watched: &Arc<WatchedSocket>) -> io::Result<u8> {
    poll_fn(|cx| {
        let mut byte = [0];
        if watched.may_be_readable() {
            if !watched.may_read(cx) {
                return Poll::Pending;
            }
            match (&watched.tcp).read_exact(&mut byte) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => watched.mark_drained(),
                done => return Poll::Ready(done.map(|()| byte[0])),
            }
        }
        watched.wait_to_read(cx)
    })
    .await
}

#[test]
fn a_call_goes_on_when_another_thread_wakes_it_whether_it_sleeps_by_then_or_not() {
    let (ask, asked) = mpsc::channel::<oneshot::Sender<u32>>();
    let other = thread::spawn(move || {
        for (nth, asker) in (0..).zip(asked) {
            asker.send(nth).unwrap();
        }
    });
    let executor = executor();
    for nth in 0..2_000 {
        let call = async {
            let (response, answered) = oneshot::channel();
            ask.send(response).unwrap();
            answered.await.unwrap()
        };
        assert_eq!(executor.run(pin!(call)), nth);
    }
    drop(ask);
    other.join().unwrap();
}

#[test]
fn a_call_goes_on_when_its_socket_has_something_to_read() {
    let (near, far) = connection();
    let echo = thread::spawn(move || {
        let mut byte = [0];
        while (&far).read_exact(&mut byte).is_ok() {
            (&far).write_all(&[byte[0] + 1]).unwrap();
        }
    });
    let executor = executor();
    for sent in 0..200 {
        let call = async {
            (&near.tcp).write_all(&[sent]).unwrap();
            byte(&near).await.unwrap()
        };
        assert_eq!(executor.run(pin!(call)), sent + 1);
    }
    drop(near);
    echo.join().unwrap();
}

#[test]
fn what_came_while_nobody_waited_is_found_once_it_is_assumed_readable() {
    let (near, far) = connection();
    near.mark_drained();
    (&far).write_all(&[7]).unwrap();
    assert!(!near.may_be_readable());
    // The wait ends at once, because there is something to read.
    assert_eq!(run(byte(&near)).unwrap(), 7);
    near.assume_readable();
    assert!(near.may_be_readable());
}

#[test]
fn time_ends_a_wait_for_something_that_does_not_come() {
    let (near, _far) = connection();
    let begun = timers_now();
    let outcome = run(async {
        let silent = pin!(async { byte(&near).await });
        let patience = pin!(sleep(Duration::from_millis(5)));
        matches!(select(silent, patience).await, Either::Right(_))
    });
    assert!(outcome);
    assert!(timers_now() >= begun + Duration::from_millis(5));
}

#[test]
fn the_earlier_of_two_ends_counts() {
    let now = timers_now();
    let (near, far) = (
        now + Duration::from_millis(5),
        now + Duration::from_secs(600),
    );
    for ends in [[near, far], [far, near]] {
        let first = run(poll_fn(|_| {
            let over = ends.map(|end| poll_until(end).is_ready());
            if over.contains(&true) {
                Poll::Ready(over)
            } else {
                Poll::Pending
            }
        }));
        assert_eq!(first, ends.map(|end| end == near));
    }
}

#[test]
fn nothing_waits_where_no_executor_runs() {
    let (near, _far) = connection();
    near.mark_drained();
    let mut alone = Context::from_waker(Waker::noop());
    let read = pin!(byte(&near));
    let Poll::Ready(Err(error)) = read.poll(&mut alone) else {
        panic!("it would wait for ever")
    };
    assert_eq!(error.to_string(), "nobody waits for this socket");
}

#[test]
fn a_call_that_panics_leaves_no_mark() {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        run(async {
            assert!(runs_blocking_call());
            panic!("a defect")
        })
    }));
    assert!(panicked.is_err());
    assert!(!runs_blocking_call());
}

#[test]
fn a_call_waits_for_all_its_sockets_at_once() {
    let (near, mut far): (Vec<_>, Vec<_>) = (0..3).map(|_| connection()).unzip();
    for sent in 0..3 {
        far[usize::from(sent)].write_all(&[sent]).unwrap();
        let heard = run(async {
            let any = select_all(near.iter().map(|socket| Box::pin(byte(socket))));
            match select(any, pin!(sleep(Duration::from_secs(20)))).await {
                Either::Left(((byte, _, _), _)) => Some(byte.unwrap()),
                Either::Right(_) => None,
            }
        });
        assert_eq!(heard, Some(sent));
    }
}
