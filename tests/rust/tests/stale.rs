//! A server that closes connections between requests without saying so.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use evertoken::flow::{PassKit, Password};
use evertoken::runtime::block_on;
use evertoken::{Client, ErrorKind, Method, blocking};

const GRANT: &str = r#"{"access_token":"access-secret-1","token_type":"Bearer","expires_in":3600}"#;

/// Responds to a given number of requests on each connection, reads one more, and closes without a response.
struct Server {
    url: String,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `responses`: their number on each connection; the last one is for all further connections.
    fn start(responses: &'static [usize]) -> Self {
        Self::start_together(0, responses)
    }

    /// The same; after the login's connection, this many get their first responses together.
    fn start_together(together: usize, responses: &'static [usize]) -> Self {
        let barrier = Arc::new(Barrier::new(together.max(1)));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let taken = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&taken);
        thread::spawn(move || {
            for (nth, tcp) in listener.incoming().flatten().enumerate() {
                let responses = responses[nth.min(responses.len() - 1)];
                let log = Arc::clone(&log);
                let barrier = (1..=together).contains(&nth).then(|| Arc::clone(&barrier));
                thread::spawn(move || serve(&tcp, responses, &log, barrier.as_deref()));
            }
        });
        Self { url, taken }
    }

    fn client(&self) -> Client {
        let flow = Password::new(format!("{}/token", self.url), "user", "password-secret-1");
        let built = Client::builder(flow)
            .base_url(&self.url)
            .max_attempts(1)
            .build();
        built.expect("good options")
    }

    fn taken(&self) -> Vec<String> {
        self.taken.lock().expect("a log").clone()
    }
}

fn serve(
    tcp: &TcpStream,
    responses: usize,
    log: &Mutex<Vec<String>>,
    barrier: Option<&Barrier>,
) -> Option<()> {
    let mut reader = BufReader::new(tcp);
    for nth in 0.. {
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|length| *length > 0)?;
        let mut length = 0;
        loop {
            let mut field = String::new();
            reader.read_line(&mut field).ok()?;
            if let Some(value) = field.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if field == "\r\n" {
                break;
            }
        }
        reader.read_exact(&mut vec![0; length]).ok()?;
        let what = line.trim_end_matches(" HTTP/1.1\r\n");
        log.lock().ok()?.push(what.to_owned());
        if nth == responses {
            return None;
        }
        if let (0, Some(barrier)) = (nth, barrier) {
            barrier.wait();
        }
        let body = if what.ends_with("/token") {
            GRANT
        } else {
            "ok"
        };
        let length = body.len();
        let response = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        (&mut &*tcp).write_all(response.as_bytes()).ok()?;
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_may_be_repeated_is_sent_once_more() {
    let server = Server::start(&[2, 9]);
    let client = server.client();
    for method in [Method::GET, Method::PUT] {
        let sent = client.request(method, "/api").body("text").send().await;
        let mut response = sent.expect("a response");
        assert_eq!(&response.bytes().await.expect("a body")[..], b"ok");
    }
    // How often is for the blocking test to say: this connection may not have come to rest when the next request begins.
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_passes_over_every_idle_connection_that_the_server_has_closed() {
    const TOGETHER: usize = 3;
    let server = Server::start_together(TOGETHER, &[1]);
    let client = server.client();
    client.token().await.expect("a token");
    let get = || async {
        let mut response = client.request(Method::GET, "/api").send().await?;
        response.bytes().await
    };
    // Each has a connection of its own, as none is answered before all are there.
    let (first, second, third) = tokio::join!(get(), get(), get());
    for response in [first, second, third] {
        assert_eq!(&response.expect("a response")[..], b"ok");
    }
    assert_eq!(&get().await.expect("a response")[..], b"ok");
}

#[test]
fn a_blocking_request_passes_over_every_idle_connection_too() {
    // The login has a connection of its own.
    let server = Server::start(&[1, 1, 9]);
    let client = server.client();
    for _ in 0..2 {
        let response = block_on(async {
            let mut response = client.request(Method::GET, "/api").send().await?;
            response.bytes().await
        });
        assert_eq!(&response.expect("a response")[..], b"ok");
    }
    let expected = ["POST /token", "GET /api", "GET /api", "GET /api"];
    assert_eq!(server.taken(), expected);
}

// Blocking, where a connection rests as soon as its response has been read.
#[test]
fn a_request_that_may_not_be_repeated_fails() {
    // The login has a connection of its own.
    let server = Server::start(&[1, 1, 9]);
    let client = server.client();
    let call = |method, body: &'static str| {
        block_on(async {
            let mut response = client.request(method, "/api").body(body).send().await?;
            response.bytes().await
        })
    };
    assert_eq!(&call(Method::GET, "").expect("a response")[..], b"ok");
    let error = call(Method::POST, "order").expect_err("no response");
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    assert_eq!(server.taken(), ["POST /token", "GET /api", "POST /api"]);
}

#[test]
fn a_fresh_connection_is_not_stale_and_a_try_on_it_is_the_last() {
    let server = Server::start(&[1, 1, 0]);
    let client = server.client();
    let get = || {
        block_on(async {
            let mut response = client.request(Method::GET, "/api").send().await?;
            response.bytes().await
        })
    };
    assert_eq!(&get().expect("a response")[..], b"ok");
    // One meets the connection that the server closes, and then a new one; the other has a new one from the start.
    for sent in [2, 1] {
        let before = server.taken().len();
        let error = get().expect_err("no response");
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
        assert_eq!(server.taken().len() - before, sent);
    }
}

#[test]
fn a_server_sees_that_a_blocking_call_has_given_up_with_no_other_call_after_it() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = thread::spawn(move || {
        let (tcp, _) = listener.accept().expect("a connection");
        // Far more than it takes: an error is told from a test that hangs.
        tcp.set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a limit");
        let mut request = Vec::new();
        (&tcp).read_to_end(&mut request).map(|_| request)
    });
    let client = Client::builder(PassKit::token("pasted-secret-1"))
        .base_url(&url)
        .build()
        .expect("good options");
    let call = client
        .request(Method::GET, "/api")
        .timeout(Some(Duration::from_millis(50)));
    let error = blocking::send(call).expect_err("no response");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(error.message(), "no answer from 127.0.0.1 within 0.05 s");
    let request = server.join().expect("no panic").expect("the end of it");
    assert!(request.starts_with(b"GET /api "));
}
