//! Calls of an event loop: their connections, and what else goes on meanwhile.
#![cfg(unix)]

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use evertoken::{Client, Error, ErrorKind, Method, blocking};
use evertoken_tests::event_loop::{event_loop, finish, outcome, start, turn};
use evertoken_tests::server::{Act, Server, number};
use futures_util::future::{Either, select};
use tokio::sync::oneshot;

/// The number of the connection that a call went over.
async fn call(client: Client, method: Method) -> usize {
    let sent = client.request(method, "/").send().await;
    let body = sent.expect("a response").bytes().await.expect("a body");
    number(&body)
}

#[test]
fn a_resting_connection_is_used_by_whoever_asks_next() {
    let server = Server::start(Act::Respond);
    let client = server.client();
    let blocking = || blocking::send(client.request(Method::GET, "/"));
    for method in [Method::GET, Method::POST] {
        // Each is gone before the next asks, as with a program that starts an event loop for each of its tasks.
        for _ in 0..2 {
            let used = finish(&event_loop(), call(client.clone(), method.clone()));
            assert_eq!(used, 1);
        }
        assert_eq!(blocking().expect("a response").1, "1");
    }
}

#[test]
fn an_event_loop_keeps_to_the_connections_that_it_watches_already() {
    let server = Server::start(Act::Respond);
    let client = server.client();
    let [one, other] = [event_loop(), event_loop()];
    let both: Vec<_> = (0..2)
        .map(|_| start(&one, call(client.clone(), Method::GET)))
        .collect();
    let opened: usize = both.iter().map(|place| outcome(&one, place)).sum();
    assert_eq!(opened, 1 + 2);
    let moved = finish(&other, call(client.clone(), Method::GET));
    for _ in 0..2 {
        // The one that came to rest last is the other loop's.
        let kept = finish(&one, call(client.clone(), Method::GET));
        assert_eq!(kept, opened - moved);
        assert_eq!(finish(&other, call(client.clone(), Method::GET)), moved);
    }
}

#[test]
fn a_connection_that_the_server_has_closed_takes_no_request_that_cannot_be_repeated() {
    let server = Server::start(Act::RespondAndClose);
    let client = server.client();
    let event_loop = event_loop();
    for number in 1..=20 {
        let used = finish(&event_loop, call(client.clone(), Method::POST));
        assert_eq!(used, number);
        // Closed by now: nothing of the next request may go there.
        assert_eq!(server.ended.recv(), Ok(number));
    }
}

#[test]
fn an_endless_body_leaves_other_calls_their_turn() {
    let (flood, quiet) = (Server::start(Act::Flood), Server::start(Act::Respond));
    let flooded = flood.client();
    let event_loop = event_loop();
    let pieces = Rc::new(Cell::new(0));
    let count = Rc::clone(&pieces);
    let (give_up, end) = oneshot::channel::<()>();
    let reading = start(&event_loop, async move {
        let mut response = flooded.request(Method::GET, "/").send().await.expect("one");
        let read = Box::pin(async move {
            while let Ok(Some(_)) = response.chunk().await {
                count.set(count.get() + 1);
            }
        });
        matches!(select(read, end).await, Either::Right(_))
    });
    while pieces.get() == 0 {
        turn(&event_loop);
    }
    assert_eq!(finish(&event_loop, call(quiet.client(), Method::GET)), 1);
    give_up.send(()).expect("it is being read");
    assert!(outcome(&event_loop, &reading));
    assert_eq!(flood.ended.recv(), Ok(1));
}

#[test]
fn the_deadline_ends_an_endless_body() {
    let server = Server::start(Act::Flood);
    let client = server.client();
    let read = finish(&event_loop(), async move {
        let request = client.request(Method::GET, "/");
        let request = request.timeout(Some(Duration::from_millis(50)));
        let mut response = request.send().await?;
        while response.chunk().await?.is_some() {}
        Ok::<_, Error>(())
    });
    assert_eq!(read.expect_err("no end").kind(), ErrorKind::TimedOut);
    assert_eq!(server.ended.recv(), Ok(1));
}

#[test]
fn a_long_body_goes_out_while_its_response_comes_in() {
    let server = Server::start(Act::RespondEarly);
    let client = server.client();
    let event_loop = event_loop();
    // More than the sockets between them hold.
    let sent = Bytes::from(vec![7; 16 << 20]);
    for _ in 0..2 {
        let request = client.request(Method::POST, "/").body(sent.clone());
        let body = finish(&event_loop, async { request.send().await?.bytes().await });
        assert!(body.expect("a response") == sent);
    }
}
