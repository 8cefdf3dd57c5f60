//! A plain server whose behaviour is fixed, and which reports the connections that have ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use evertoken::Client;
use evertoken::flow::PassKit;

/// What a server does once it has read a request.
#[derive(Clone, Copy)]
pub enum Act {
    /// Responds with the connection's number.
    Respond,
    /// The same, and closes the connection without `Connection: close`.
    RespondAndClose,
    /// Sends an endless body.
    Flood,
    /// Sends the head of its response before it has read the request's body, and echoes that then.
    RespondEarly,
}

/// Runs until the test's process ends.
pub struct Server {
    /// Its URL.
    pub url: String,
    /// The numbers of connections that have ended.
    pub ended: Receiver<usize>,
}

impl Server {
    /// Starts a server that does this with each request.
    ///
    /// # Panics
    /// There is no free port.
    pub fn start(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (end, ended) = channel();
        thread::spawn(move || {
            for (nth, tcp) in listener.incoming().flatten().enumerate() {
                let end: Sender<usize> = end.clone();
                thread::spawn(move || {
                    while serve(&tcp, act, nth + 1).is_some() {}
                    // Closed before it is reported.
                    drop(tcp);
                    end.send(nth + 1)
                });
            }
        });
        Self { url, ended }
    }

    /// A client for it, whose token needs no login.
    ///
    /// # Panics
    /// The options are refused.
    pub fn client(&self) -> Client {
        let built = Client::builder(PassKit::token("pasted-secret-1"))
            .base_url(&self.url)
            .build();
        built.expect("good options")
    }
}

/// Serves one request; `None` if it was the connection's last.
fn serve(tcp: &TcpStream, act: Act, number: usize) -> Option<()> {
    // With a buffer of one byte, so that the reader of this request takes nothing of the next one.
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
    if !matches!(act, Act::RespondEarly) {
        reader.read_exact(&mut body).ok()?;
    }
    match act {
        Act::Respond | Act::RespondAndClose => {
            let text = number.to_string();
            let length = text.len();
            write!(
                writer,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{text}"
            )
            .ok()?;
            matches!(act, Act::Respond).then_some(())
        }
        Act::Flood => {
            write!(writer, "HTTP/1.1 200 OK\r\n\r\n").ok()?;
            let piece = vec![b'x'; 64 * 1024];
            while writer.write_all(&piece).is_ok() {}
            None
        }
        Act::RespondEarly => {
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

/// The connection's number, which is a response's body.
///
/// # Panics
/// The body is not a number.
pub fn number(body: &[u8]) -> usize {
    let text = std::str::from_utf8(body).expect("a number");
    text.parse().expect("a number")
}
