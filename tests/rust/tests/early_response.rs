//! If a server responds before it has read the whole request, and closes, the caller gets the response.

use std::sync::LazyLock;

use bytes::Bytes;
use evertoken::flow::PassKit;
use evertoken::runtime::handle;
use evertoken::{Client, Error, Method, RequestBuilder, blocking};
use evertoken_tests::acceptor;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// More than the sockets between client and server hold.
static BODY: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(vec![7; 16 << 20]));
/// Each way of sending, over plain connections and TLS.
const ROUNDS: usize = 20;

/// Reads the head of a request, responds, and closes the connection without reading the body.
async fn respond(stream: impl AsyncRead + AsyncWrite + Unpin) -> Option<()> {
    let mut stream = BufReader::with_capacity(1, stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        stream
            .read_line(&mut line)
            .await
            .ok()
            .filter(|read| *read > 0)?;
    }
    let response = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 9\r\n\r\ntoo large";
    stream.write_all(response).await.ok()?;
    stream.flush().await.ok()
}

/// A client of such a server.
fn client(is_tls: bool) -> Client {
    let (acceptor, pem) = acceptor(&[]);
    let listener = handle().block_on(TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    handle().spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            // Otherwise the response might wait behind what TLS has sent, and be lost with the connection.
            tcp.set_nodelay(true).expect("a socket");
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if is_tls {
                    respond(acceptor.accept(tcp).await.ok()?).await
                } else {
                    respond(tcp).await
                }
            });
        }
    });
    let scheme = if is_tls { "https" } else { "http" };
    let ca = std::env::temp_dir().join(format!("evertoken-early-{}.pem", address.port()));
    std::fs::write(&ca, pem).expect("a file");
    let builder = Client::builder(PassKit::token("pasted-secret-1"));
    let builder = builder
        .base_url(format!("{scheme}://{address}"))
        .ca_file(&ca);
    let client = builder.build().expect("good options");
    std::fs::remove_file(&ca).expect("read by now");
    client
}

async fn whole(request: RequestBuilder) -> Result<(u16, Bytes), Error> {
    let mut response = request.send().await?;
    Ok((response.status().as_u16(), response.bytes().await?))
}

fn is_read(mut send: impl FnMut(RequestBuilder) -> Result<(u16, Bytes), Error>) {
    for is_tls in [false, true] {
        let client = client(is_tls);
        for round in 0..ROUNDS {
            let (status, body) = send(client.request(Method::POST, "/").body(BODY.clone()))
                .unwrap_or_else(|error| panic!("TLS {is_tls}, round {round}: {error}"));
            assert_eq!((status, &body[..]), (413, &b"too large"[..]));
        }
    }
}

#[test]
fn by_a_blocking_call() {
    is_read(|request| {
        let (response, body) = blocking::send(request)?;
        Ok((response.status().as_u16(), body))
    });
}

#[test]
fn by_a_call_of_a_runtime() {
    is_read(|request| handle().block_on(whole(request)));
}

#[cfg(unix)]
#[test]
fn by_a_call_of_an_event_loop() {
    use evertoken_tests::event_loop::{event_loop, finish};

    let event_loop = event_loop();
    is_read(|request| finish(&event_loop, whole(request)));
}
