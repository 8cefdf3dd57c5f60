//! Token responses with unusual or broken framing, compression and connections.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use evertoken::ErrorKind::{BadResponse, Unreachable};
use evertoken::flow::Password;
use evertoken::{Client, ErrorKind, Result, Token};

use Then::{Close, Stay};

const BODY: &str = r#"{"access_token":"access-secret-1","token_type":"Bearer","expires_in":3600}"#;
const SECRETS: [&str; 3] = ["access-secret-1", "password-secret-1", "client-secret-1"];

/// What the server does once it has sent its bytes.
#[derive(Clone, Copy)]
enum Then {
    /// Nothing, for as long as the client stays.
    Stay,
    Close,
}

fn head(fields: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n")
}

fn sized(fields: &str) -> String {
    announced(&BODY.len().to_string()).replacen("\r\n", &format!("\r\n{fields}"), 1)
}

fn announced(length: &str) -> String {
    head(&format!("Content-Length: {length}\r\n")) + BODY
}

fn in_version(version: &str) -> String {
    sized("").replacen("HTTP/1.1", version, 1)
}

fn of_status(status: &str) -> String {
    sized("").replacen("200 OK", status, 1)
}

fn chunked(size: usize, extension: &str, trailer: &str) -> String {
    let pieces = BODY.as_bytes().chunks(size).map(|piece| {
        let text = std::str::from_utf8(piece).expect("ASCII");
        [
            &format!("{:x}", piece.len()),
            extension,
            "\r\n",
            text,
            "\r\n",
        ]
        .concat()
    });
    let pieces: Vec<String> = pieces.collect();
    head("Transfer-Encoding: chunked\r\n") + &pieces.concat() + "0\r\n" + trailer + "\r\n"
}

/// Odd responses from which the token can be read.
fn readable() -> Vec<(&'static str, String, Then)> {
    let cookies = format!("Set-Cookie: c={}\r\n", "x".repeat(3000)).repeat(10);
    let marked =
        announced(&(BODY.len() + 3).to_string()).replacen(BODY, &format!("\u{FEFF}{BODY}"), 1);
    let interim = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    vec![
        (
            "as it should be",
            sized("Content-Type: application/json\r\n"),
            Stay,
        ),
        ("a status without words", of_status("200"), Stay),
        ("HTTP/1.0", in_version("HTTP/1.0"), Close),
        ("until it closes", head("") + BODY, Close),
        ("line feeds alone", sized("").replace("\r\n", "\n"), Stay),
        ("a folded field", sized("X-Folded: one\r\n two\r\n"), Stay),
        ("a blank before the colon", sized("X-Odd : one\r\n"), Stay),
        ("many fields", sized(&"X-Field: value\r\n".repeat(90)), Stay),
        ("large fields", sized(&cookies), Stay),
        (
            "the length twice",
            sized(&format!("Content-Length: {}\r\n", BODY.len())),
            Stay,
        ),
        (
            "no encoding by name",
            sized("Content-Encoding: identity\r\n"),
            Stay,
        ),
        ("a byte order mark", marked, Stay),
        ("chunks", chunked(7, "", ""), Stay),
        ("chunks of a byte", chunked(1, "", ""), Stay),
        ("chunk extensions", chunked(7, ";name=value", ""), Stay),
        ("trailers", chunked(7, "", "X-Sum: 1\r\n"), Stay),
        (
            "chunks and a length",
            chunked(7, "", "").replacen("Transfer", "Content-Length: 5\r\nTransfer", 1),
            Stay,
        ),
        (
            "100 first",
            "HTTP/1.1 100 Continue\r\n\r\n".to_owned() + &sized(""),
            Stay,
        ),
        ("102 and 103 first", interim.to_owned() + &sized(""), Stay),
    ]
}

/// Broken responses, and the kinds of their errors.
fn broken() -> Vec<(&'static str, String, Then, ErrorKind)> {
    vec![
        ("nothing", String::new(), Close, Unreachable),
        (
            "half a status line",
            "HTTP/1.1 20".into(),
            Close,
            Unreachable,
        ),
        (
            "half a head",
            "HTTP/1.1 200 OK\r\nContent-Ty".into(),
            Close,
            Unreachable,
        ),
        (
            "an interim response alone",
            "HTTP/1.1 100 Continue\r\n\r\n".into(),
            Close,
            Unreachable,
        ),
        ("less than announced", announced("500"), Close, Unreachable),
        (
            "chunks that break off",
            chunked(7, "", "")[..70].into(),
            Close,
            Unreachable,
        ),
        ("more than announced", announced("20"), Close, BadResponse),
        (
            "two lengths",
            sized("Content-Length: 3\r\n"),
            Close,
            BadResponse,
        ),
        ("a negative length", announced("-1"), Close, BadResponse),
        ("a length in words", announced("some"), Close, BadResponse),
        (
            "chunk sizes in words",
            head("Transfer-Encoding: chunked\r\n") + "zz\r\n",
            Close,
            BadResponse,
        ),
        (
            "a length beyond all bounds",
            announced("999999999999"),
            Stay,
            BadResponse,
        ),
        (
            "a length just beyond the bound",
            announced("1048577"),
            Stay,
            BadResponse,
        ),
        (
            "no HTTP",
            "SSH-2.0-OpenSSH_9.2\r\n".into(),
            Close,
            BadResponse,
        ),
        ("a body alone", BODY.into(), Close, BadResponse),
        (
            "a TLS alert",
            "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{28}".into(),
            Close,
            BadResponse,
        ),
        (
            "HTTP/2 unasked",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
            Close,
            BadResponse,
        ),
        ("HTTP/3", in_version("HTTP/3.0"), Close, BadResponse),
        (
            "a status of two digits",
            of_status("99 Few"),
            Close,
            BadResponse,
        ),
        (
            "a status beyond the table",
            of_status("799 Many"),
            Close,
            BadResponse,
        ),
        (
            "a change of protocols",
            of_status("101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x"),
            Close,
            BadResponse,
        ),
        (
            "an unknown encoding",
            sized("Content-Encoding: br\r\n").replace('"', "\u{1}"),
            Stay,
            BadResponse,
        ),
        (
            "gzip that is none",
            sized("Content-Encoding: gzip\r\n"),
            Stay,
            BadResponse,
        ),
        (
            "no content",
            "HTTP/1.1 204 No Content\r\n\r\n".into(),
            Stay,
            BadResponse,
        ),
    ]
}

/// Sends the same response on every connection, once a request has come.
fn serve(response: String, then: Then) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            respond_once(tcp, response.as_bytes(), then);
        }
    });
    url
}

fn respond_once(mut tcp: TcpStream, response: &[u8], then: Then) -> Option<()> {
    let mut request = Vec::new();
    // The password is the last field of the form.
    while !request.ends_with(b"password-secret-1") {
        let mut piece = [0; 4096];
        let length = tcp.read(&mut piece).ok().filter(|length| *length > 0)?;
        request.extend_from_slice(&piece[..length]);
    }
    tcp.write_all(response).ok()?;
    if matches!(then, Close) {
        tcp.shutdown(Shutdown::Write).ok()?;
    }
    // Until the client has closed: a socket with unread bytes would be reset.
    tcp.read_to_end(&mut Vec::new()).ok()?;
    Some(())
}

/// What a client gets from a server with this response, and the debug form of its state.
async fn outcome(response: String, then: Then) -> (Result<Token>, String) {
    let url = serve(response, then);
    let flow = Password::new(format!("{url}/token"), "user", "password-secret-1")
        .client("app", "client-secret-1");
    let client = Client::builder(flow)
        .base_url(&url)
        .max_attempts(1)
        .build()
        .expect("good options");
    (client.token().await, format!("{:?}", client.state()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_in_an_odd_response_is_read() {
    for (name, response, then) in readable() {
        let (token, _) = outcome(response, then).await;
        let token = token.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(token.value(), "access-secret-1", "{name}");
        let left = token.expires_in().expect("a life").as_secs();
        assert!((3_500..=3_600).contains(&left), "{name}: {left}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_response_is_a_typed_error_that_quotes_nothing_of_it() {
    for (name, response, then, kind) in broken() {
        let (token, state) = outcome(response, then).await;
        let Err(error) = token else {
            panic!("{name}: a token")
        };
        assert_eq!(
            (error.kind(), error.retryable()),
            (kind, true),
            "{name}: {error}"
        );
        let text = format!("{error} {error:?} {state}");
        for secret in SECRETS {
            assert!(!text.contains(secret), "{name}: {text}");
        }
    }
}
