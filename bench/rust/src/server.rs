//! The server's address and its control routes.

use std::io::{Read, Write};
use std::net::TcpStream;

/// Where the measured server listens.
#[derive(Clone, Copy)]
pub struct Server {
    port: u16,
}

impl Server {
    /// The server on this port of the loopback interface.
    pub fn new(port: u16) -> Self {
        Self { port }
    }

    /// The API's base URL.
    pub fn base_url(self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The URL that is requested over and over.
    pub fn resource(self) -> String {
        format!("{}/accounts/123", self.base_url())
    }

    /// The token endpoint.
    pub fn token_url(self) -> String {
        format!("{}/token", self.base_url())
    }

    /// Asks a control route and returns the counts.
    pub fn control(self, command: &str) -> serde_json::Value {
        self.exchange("GET", &format!("/control/{command}"))
    }

    /// A token, for clients that only carry one.
    pub fn token(self) -> String {
        let answer = self.exchange("POST", "/token");
        answer["access_token"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    fn exchange(self, method: &str, path: &str) -> serde_json::Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server listens");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
        )
        .expect("it reads");
        let mut answer = Vec::new();
        let mut piece = [0; 4096];
        loop {
            let length = stream.read(&mut piece).expect("it answers");
            answer.extend_from_slice(&piece[..length]);
            let body = answer.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(parsed) = body.and_then(|at| serde_json::from_slice(&answer[at + 4..]).ok())
            {
                return parsed;
            }
            assert!(length > 0, "the server hung up");
        }
    }
}
