//! Connections that calls drive themselves: who uses them, how long they live, and what goes on in them.

use std::thread;
use std::time::Duration;

use bytes::Bytes;
use evertoken::flow::PassKit;
use evertoken::runtime::block_on;
use evertoken::{Client, ErrorKind, Method, blocking};
use evertoken_tests::server::{Act, Server, number};

/// The number of the connection that a call went over.
fn call(client: &Client, method: Method) -> usize {
    let (response, body) = blocking::send(client.request(method, "/")).expect("a response");
    assert_eq!(response.status(), 200);
    number(&body)
}

#[test]
fn calls_one_after_another_go_over_one_connection_whatever_their_thread_and_client() {
    let server = Server::start(Act::Respond);
    let client = server.client();
    for method in [Method::GET, Method::POST] {
        assert_eq!(call(&client, method), 1);
    }
    let elsewhere = thread::scope(|scope| {
        let there = scope.spawn(|| call(&client, Method::POST));
        there.join().expect("no panic")
    });
    assert_eq!(elsewhere, 1);
    let other = Client::builder(PassKit::token("pasted-secret-2"));
    let other = other.base_url(&server.url).build().expect("good options");
    assert_eq!(call(&other, Method::GET), 1);
}

#[test]
fn a_connection_that_the_server_has_closed_takes_no_request_that_cannot_be_repeated() {
    let server = Server::start(Act::RespondAndClose);
    let client = server.client();
    for number in 1..=20 {
        assert_eq!(call(&client, Method::POST), number);
        // Closed by now: nothing of the next request may go there.
        assert_eq!(server.ended.recv(), Ok(number));
    }
}

#[test]
fn idle_connections_end_with_the_last_client_that_has_their_settings() {
    let server = Server::start(Act::Respond);
    // Nobody else has these settings.
    let builder = || {
        Client::builder(PassKit::token("pasted-secret-1"))
            .base_url(&server.url)
            .user_agent("lines that end")
    };
    let one = builder().build().expect("good options");
    let other = builder().build().expect("good options");
    assert_eq!(call(&one, Method::GET), 1);
    drop(one);
    assert_eq!(call(&other, Method::GET), 1);
    drop(other);
    assert_eq!(server.ended.recv(), Ok(1));
}

#[test]
fn a_body_that_is_left_unread_ends_its_connection() {
    let server = Server::start(Act::Flood);
    let client = server.client();
    let status = block_on(async {
        let response = client.request(Method::GET, "/").send().await?;
        Ok(response.status())
    });
    assert_eq!(status.expect("a response"), 200);
    assert_eq!(server.ended.recv(), Ok(1));
}

#[test]
fn the_deadline_ends_an_endless_body() {
    let server = Server::start(Act::Flood);
    let client = server.client();
    let read = block_on(async {
        let request = client.request(Method::GET, "/");
        let request = request.timeout(Some(Duration::from_millis(50)));
        let mut response = request.send().await?;
        while response.chunk().await?.is_some() {}
        Ok(())
    });
    assert_eq!(read.expect_err("no end").kind(), ErrorKind::TimedOut);
    assert_eq!(server.ended.recv(), Ok(1));
}

#[test]
fn a_long_body_goes_out_while_its_response_comes_in() {
    let server = Server::start(Act::RespondEarly);
    let client = server.client();
    // More than the sockets between them hold.
    let sent = Bytes::from(vec![7; 16 << 20]);
    for _ in 0..2 {
        let request = client.request(Method::POST, "/").body(sent.clone());
        let (_, body) = blocking::send(request).expect("a response");
        assert!(body == sent);
    }
}
