//! A server that answers in a way of its own, and tells which connections have ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use evertoken::Client;
use evertoken::flow::PassKit;

/// What a server does once it has read a request.
#[derive(Clone, Copy)]
pub enum Act {
    /// Answers with the connection's number.
    Answer,
    /// The same, and closes without having said so.
    AnswerAndClose,
    /// Sends a body without end.
    Flood,
    /// Answers before it has read the body, with one as long, and reads the rest then.
    AnswerEarly,
}

/// It runs until the test's process ends.
pub struct Server {
    /// Where it is.
    pub url: String,
    /// The numbers of connections that have ended.
    pub ended: Receiver<usize>,
}

impl Server {
    /// One that does this with each request.
    ///
    /// # Panics
    /// There is no port for it.
    pub fn start(act: Act) -> Self {
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

    /// A client of it, whose token needs no login.
    ///
    /// # Panics
    /// Its options are refused.
    pub fn client(&self) -> Client {
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

/// The number of the connection that an answer's body tells.
///
/// # Panics
/// It tells none.
pub fn number(body: &[u8]) -> usize {
    let text = std::str::from_utf8(body).expect("a number");
    text.parse().expect("a number")
}
