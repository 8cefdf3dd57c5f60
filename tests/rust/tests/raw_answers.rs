//! Token answers byte by byte: what framing, compression and connections of odd servers come to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use evertoken::flow::Password;
use evertoken::{Client, ErrorKind};

const BODY: &str = r#"{"access_token":"access-secret-1","token_type":"Bearer","expires_in":3600}"#;
const SECRETS: [&str; 3] = ["access-secret-1", "password-secret-1", "client-secret-1"];

/// What the server does once it has sent its bytes.
#[derive(Clone, Copy)]
enum Then {
    /// Nothing, for as long as the client stays.
    Stay,
    Close,
}

/// What the client makes of it.
type Outcome = Result<(), ErrorKind>;
use ErrorKind::{BadResponse, Unreachable};

fn head(fields: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n")
}

fn sized(fields: &str) -> String {
    format!(
        "{}{BODY}",
        head(&format!("{fields}Content-Length: {}\r\n", BODY.len()))
    )
}

fn chunked(size: usize, extension: &str, trailer: &str) -> String {
    let mut answer = head("Transfer-Encoding: chunked\r\n");
    for piece in BODY.as_bytes().chunks(size) {
        let piece = std::str::from_utf8(piece).expect("ASCII");
        answer += &format!("{:x}{extension}\r\n{piece}\r\n", piece.len());
    }
    answer + "0\r\n" + trailer + "\r\n"
}

/// An answer's bytes, what happens then, and the outcome.
fn answers() -> Vec<(&'static str, Vec<u8>, Then, Outcome)> {
    use Then::{Close, Stay};
    let fields: String = (0..90)
        .map(|nth| format!("X-Field-{nth}: value\r\n"))
        .collect();
    let cookies: String = (0..10)
        .map(|nth| format!("Set-Cookie: c{nth}={}\r\n", "x".repeat(3000)))
        .collect();
    let announced = |length: &str| head(&format!("Content-Length: {length}\r\n")) + BODY;
    let interim = |lines: &str| format!("{lines}{}", sized(""));
    let in_version = |version: &str| sized("").replacen("HTTP/1.1", version, 1);
    let table: Vec<(&'static str, String, Then, Outcome)> = vec![
        (
            "as it should be",
            sized("Content-Type: application/json\r\n"),
            Stay,
            Ok(()),
        ),
        (
            "a status without words",
            sized("").replacen("200 OK", "200", 1),
            Stay,
            Ok(()),
        ),
        ("HTTP/1.0", in_version("HTTP/1.0"), Close, Ok(())),
        ("until it closes", head("") + BODY, Close, Ok(())),
        (
            "line feeds alone",
            sized("").replace("\r\n", "\n"),
            Stay,
            Ok(()),
        ),
        (
            "a folded field",
            sized("X-Folded: one\r\n two\r\n"),
            Stay,
            Ok(()),
        ),
        (
            "a blank before the colon",
            sized("X-Odd : one\r\n"),
            Stay,
            Ok(()),
        ),
        ("many fields", sized(&fields), Stay, Ok(())),
        ("large fields", sized(&cookies), Stay, Ok(())),
        (
            "the length twice",
            sized(&format!("Content-Length: {}\r\n", BODY.len())),
            Stay,
            Ok(()),
        ),
        (
            "no encoding by name",
            sized("Content-Encoding: identity\r\n"),
            Stay,
            Ok(()),
        ),
        (
            "a byte order mark",
            announced(&(BODY.len() + 3).to_string()).replacen(BODY, &format!("\u{FEFF}{BODY}"), 1),
            Stay,
            Ok(()),
        ),
        ("chunks", chunked(7, "", ""), Stay, Ok(())),
        ("chunks of a byte", chunked(1, "", ""), Stay, Ok(())),
        (
            "chunk extensions",
            chunked(7, ";name=value", ""),
            Stay,
            Ok(()),
        ),
        ("trailers", chunked(7, "", "X-Sum: 1\r\n"), Stay, Ok(())),
        (
            "chunks and a length",
            chunked(7, "", "").replacen("Transfer", "Content-Length: 5\r\nTransfer", 1),
            Stay,
            Ok(()),
        ),
        (
            "100 first",
            interim("HTTP/1.1 100 Continue\r\n\r\n"),
            Stay,
            Ok(()),
        ),
        (
            "102 and 103 first",
            interim(
                "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
            ),
            Stay,
            Ok(()),
        ),
        ("nothing", String::new(), Close, Err(Unreachable)),
        (
            "half a status line",
            "HTTP/1.1 20".into(),
            Close,
            Err(Unreachable),
        ),
        (
            "half a head",
            "HTTP/1.1 200 OK\r\nContent-Ty".into(),
            Close,
            Err(Unreachable),
        ),
        (
            "an interim answer alone",
            "HTTP/1.1 100 Continue\r\n\r\n".into(),
            Close,
            Err(Unreachable),
        ),
        (
            "less than announced",
            announced("500"),
            Close,
            Err(Unreachable),
        ),
        (
            "chunks that break off",
            chunked(7, "", "")[..70].into(),
            Close,
            Err(Unreachable),
        ),
        (
            "more than announced",
            announced("20"),
            Close,
            Err(BadResponse),
        ),
        (
            "two lengths",
            sized("Content-Length: 3\r\n"),
            Close,
            Err(BadResponse),
        ),
        (
            "a negative length",
            announced("-1"),
            Close,
            Err(BadResponse),
        ),
        (
            "a length in words",
            announced("some"),
            Close,
            Err(BadResponse),
        ),
        (
            "chunk sizes in words",
            head("Transfer-Encoding: chunked\r\n") + "zz\r\n",
            Close,
            Err(BadResponse),
        ),
        (
            "a length beyond all bounds",
            announced("999999999999"),
            Stay,
            Err(BadResponse),
        ),
        (
            "a length just beyond the bound",
            announced("1048577"),
            Stay,
            Err(BadResponse),
        ),
        (
            "no HTTP",
            "SSH-2.0-OpenSSH_9.2\r\n".into(),
            Close,
            Err(BadResponse),
        ),
        ("a body alone", BODY.into(), Close, Err(BadResponse)),
        (
            "a TLS alert",
            "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{28}".into(),
            Close,
            Err(BadResponse),
        ),
        (
            "HTTP/2 unasked",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
            Close,
            Err(BadResponse),
        ),
        ("HTTP/3", in_version("HTTP/3.0"), Close, Err(BadResponse)),
        (
            "a status of two digits",
            sized("").replacen("200", "99", 1),
            Close,
            Err(BadResponse),
        ),
        (
            "a status beyond the table",
            sized("").replacen("200", "799", 1),
            Close,
            Err(BadResponse),
        ),
        (
            "a change of protocols",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n".into(),
            Close,
            Err(BadResponse),
        ),
        (
            "an unknown encoding",
            sized("Content-Encoding: br\r\n").replace('"', "\u{1}"),
            Stay,
            Err(BadResponse),
        ),
        (
            "gzip that is none",
            sized("Content-Encoding: gzip\r\n"),
            Stay,
            Err(BadResponse),
        ),
        (
            "no content",
            "HTTP/1.1 204 No Content\r\n\r\n".into(),
            Stay,
            Err(BadResponse),
        ),
    ];
    table
        .into_iter()
        .map(|(name, answer, then, outcome)| (name, answer.into_bytes(), then, outcome))
        .collect()
}

/// Sends the same answer on every connection, once a request has come.
fn serve(answer: Vec<u8>, then: Then) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            answer_once(tcp, &answer, then);
        }
    });
    url
}

fn answer_once(mut tcp: TcpStream, answer: &[u8], then: Then) -> Option<()> {
    let mut request = Vec::new();
    // The password is the last field of the form.
    while !request.ends_with(b"password-secret-1") {
        let mut piece = [0; 4096];
        let length = tcp.read(&mut piece).ok().filter(|length| *length > 0)?;
        request.extend_from_slice(&piece[..length]);
    }
    tcp.write_all(answer).ok()?;
    if matches!(then, Then::Close) {
        tcp.shutdown(std::net::Shutdown::Write).ok()?;
    }
    // Until the client has closed: a socket with unread bytes would be reset.
    tcp.read_to_end(&mut Vec::new()).ok()?;
    Some(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_a_token_or_a_typed_error_that_quotes_nothing_of_it() {
    for (name, answer, then, outcome) in answers() {
        let url = serve(answer, then);
        let flow = Password::new(format!("{url}/token"), "user", "password-secret-1")
            .client("app", "client-secret-1");
        let client = Client::builder(flow)
            .base_url(&url)
            .max_attempts(1)
            .build()
            .expect("good options");
        match (client.token().await, outcome) {
            (Ok(token), Ok(())) => {
                assert_eq!(token.value(), "access-secret-1", "{name}");
                let left = token.expires_in().expect("a life").as_secs();
                assert!((3_500..=3_600).contains(&left), "{name}: {left}");
            }
            (Err(error), Err(kind)) => {
                assert_eq!(error.kind(), kind, "{name}: {error}");
                assert!(error.retryable(), "{name}: {error}");
                let text = format!("{error} {error:?} {:?}", client.state());
                for secret in SECRETS {
                    assert!(!text.contains(secret), "{name}: {text}");
                }
            }
            (Ok(_), Err(_)) => panic!("{name}: a token"),
            (Err(error), Ok(())) => panic!("{name}: {error}"),
        }
    }
}
