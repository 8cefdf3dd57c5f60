//! Connections of blocking calls: who uses them, how long they live, and what goes on in them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use evertoken::flow::PassKit;
use evertoken::runtime::block_on;
use evertoken::{Client, ErrorKind, Method, blocking};

/// What a server does once it has read a request.
#[derive(Clone, Copy)]
enum Act {
    /// Answers with the connection's number.
    Answer,
    /// The same, and closes without having said so.
    AnswerAndClose,
    /// Sends a body without end.
    Flood,
    /// Answers before it has read the body, with one as long, and reads the rest then.
    AnswerEarly,
}

struct Server {
    url: String,
    /// The numbers of connections that have ended.
    ended: Receiver<usize>,
}

impl Server {
    fn start(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (end, ended) = channel();
        thread::spawn(move || {
            for (nth, tcp) in listener.incoming().flatten().enumerate() {
                let end: Sender<usize> = end.clone();
                thread::spawn(move || {
                    while serve(&tcp, act, nth + 1).is_some() {}
                    // Closed before it is told.
                    drop(tcp);
                    end.send(nth + 1)
                });
            }
        });
        Self { url, ended }
    }

    fn client(&self) -> Client {
        let built = Client::builder(PassKit::token("pasted-secret-1"))
            .base_url(&self.url)
            .build();
        built.expect("good options")
    }
}

/// One exchange; `None` if it was the last.
fn serve(tcp: &TcpStream, act: Act, number: usize) -> Option<()> {
    // As many bytes as there are, so that no reader takes more than its own.
    let mut reader = BufReader::with_capacity(1, tcp);
    let mut length = 0;
    for nth in 0.. {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if nth > 0 && line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    let mut writer = tcp;
    if !matches!(act, Act::AnswerEarly) {
        reader.read_exact(&mut body).ok()?;
    }
    match act {
        Act::Answer | Act::AnswerAndClose => {
            let text = number.to_string();
            let length = text.len();
            write!(
                writer,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{text}"
            )
            .ok()?;
            matches!(act, Act::Answer).then_some(())
        }
        Act::Flood => {
            write!(writer, "HTTP/1.1 200 OK\r\n\r\n").ok()?;
            let piece = vec![b'x'; 64 * 1024];
            while writer.write_all(&piece).is_ok() {}
            None
        }
        Act::AnswerEarly => {
            write!(
                writer,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n"
            )
            .ok()?;
            let mut piece = [0; 1024];
            while length > 0 {
                let read = reader.read(&mut piece).ok().filter(|read| *read > 0)?;
                writer.write_all(&piece[..read]).ok()?;
                length -= read;
            }
            Some(())
        }
    }
}

/// The number of the connection that a call went over.
fn call(client: &Client, method: Method) -> usize {
    let (answer, body) = blocking::send(client.request(method, "/")).expect("an answer");
    assert_eq!(answer.status(), 200);
    let text = std::str::from_utf8(&body).expect("a number");
    text.parse().expect("a number")
}

#[test]
fn calls_one_after_another_go_over_one_connection_whatever_their_thread_and_client() {
    let server = Server::start(Act::Answer);
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
fn one_that_the_server_has_closed_takes_no_request_that_cannot_be_repeated() {
    let server = Server::start(Act::AnswerAndClose);
    let client = server.client();
    for number in 1..=20 {
        assert_eq!(call(&client, Method::POST), number);
        // Closed by now: nothing of the next request may go there.
        assert_eq!(server.ended.recv(), Ok(number));
    }
}

#[test]
fn they_end_with_the_last_client_that_has_such_settings() {
    let server = Server::start(Act::Answer);
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
        let answer = client.request(Method::GET, "/").send().await?;
        Ok(answer.status())
    });
    assert_eq!(status.expect("an answer"), 200);
    assert_eq!(server.ended.recv(), Ok(1));
}

#[test]
fn time_ends_a_body_that_keeps_coming() {
    let server = Server::start(Act::Flood);
    let client = server.client();
    let read = block_on(async {
        let request = client.request(Method::GET, "/");
        let request = request.timeout(Some(Duration::from_millis(50)));
        let mut answer = request.send().await?;
        while answer.chunk().await?.is_some() {}
        Ok(())
    });
    assert_eq!(read.expect_err("no end").kind(), ErrorKind::TimedOut);
    assert_eq!(server.ended.recv(), Ok(1));
}

#[test]
fn a_long_body_goes_out_while_its_answer_comes_in() {
    let server = Server::start(Act::AnswerEarly);
    let client = server.client();
    // More than the sockets between them hold.
    let sent = Bytes::from(vec![7; 16 << 20]);
    for _ in 0..2 {
        let request = client.request(Method::POST, "/").body(sent.clone());
        let (_, body) = blocking::send(request).expect("an answer");
        assert!(body == sent);
    }
}
