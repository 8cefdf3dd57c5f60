//! HTTP/2: used if the server offers it; requests that the server did not process are sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytes::Bytes;
use evertoken::flow::Password;
use evertoken::{Client, ErrorKind, Method, blocking};
use evertoken_tests::acceptor;
use h2::Reason;
use h2::server::SendResponse;
use http::{Request, Response, StatusCode, Version};
use tokio::net::TcpListener;

/// What the API does with a request.
#[derive(Clone, Copy)]
enum Act {
    Respond,
    /// `REFUSED_STREAM` (RFC 9113 §8.7).
    Refuse,
    /// The stream breaks after the server has begun.
    Break,
}

/// A token endpoint and an API, which does the given things with one request after another.
struct Server {
    url: String,
    pem: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn start(acts: Vec<Act>) -> Self {
        let (tls, pem) = acceptor(&["h2"]);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("https://{}", listener.local_addr().expect("an address"));
        let requests = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&requests);
        let connections = Arc::<AtomicUsize>::default();
        let opened = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                opened.fetch_add(1, Ordering::SeqCst);
                let (tls, counter, acts) = (tls.clone(), Arc::clone(&counter), acts.clone());
                tokio::spawn(async move {
                    let stream = tls.accept(tcp).await.ok()?;
                    let mut connection = h2::server::handshake(stream).await.ok()?;
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        take(&request, respond, &acts, &counter);
                    }
                    Some(())
                });
            }
        });
        Self {
            url,
            pem,
            connections,
            requests,
        }
    }

    fn client(&self) -> Client {
        let ca = std::env::temp_dir().join(format!(
            "evertoken-http2-{}-{}.pem",
            std::process::id(),
            self.url.rsplit(':').next().unwrap_or_default()
        ));
        std::fs::write(&ca, &self.pem).expect("written");
        let flow = Password::new(format!("{}/token", self.url), "user", "password-secret-1");
        let built = Client::builder(flow)
            .base_url(&self.url)
            .ca_file(&ca)
            .build();
        std::fs::remove_file(&ca).expect("removed");
        built.expect("good options")
    }
}

fn take(
    request: &Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
    acts: &[Act],
    counter: &AtomicUsize,
) {
    let (act, body) = if request.uri().path() == "/token" {
        let grant = r#"{"access_token":"access-secret-1","token_type":"Bearer","expires_in":3600}"#;
        (Act::Respond, grant)
    } else {
        let nth = counter.fetch_add(1, Ordering::SeqCst);
        let authorization = request.headers().get("authorization");
        assert_eq!(authorization.expect("a token"), "Bearer access-secret-1");
        (acts.get(nth).copied().unwrap_or(Act::Respond), "ok")
    };
    match act {
        Act::Respond => {
            let head = Response::builder().header("content-type", "application/json");
            let mut stream = respond.send_response(head.body(()).expect("a head"), false);
            let sent = stream
                .as_mut()
                .map(|stream| stream.send_data(body.into(), true));
            drop(sent);
        }
        Act::Refuse => respond.send_reset(Reason::REFUSED_STREAM),
        Act::Break => respond.send_reset(Reason::INTERNAL_ERROR),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_offers_http2_gets_it() {
    let server = Server::start(Vec::new()).await;
    let mut response = server
        .client()
        .request(Method::GET, "/api")
        .send()
        .await
        .expect("a response");
    assert_eq!(
        (response.status(), response.version()),
        (StatusCode::OK, Version::HTTP_2)
    );
    assert_eq!(&response.bytes().await.expect("a body")[..], b"ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocking_calls_share_one_http2_connection() {
    let server = Server::start(Vec::new()).await;
    let client = server.client();
    let calls = || {
        (0..2).map(|_| {
            let request = client.request(Method::GET, "/api");
            let (response, body) = blocking::send(request).expect("a response");
            (response.status(), response.version(), body)
        })
    };
    let responses = thread::scope(|scope| scope.spawn(|| calls().collect::<Vec<_>>()).join());
    let expected = (StatusCode::OK, Version::HTTP_2, Bytes::from_static(b"ok"));
    assert_eq!(responses.expect("no panic"), [expected.clone(), expected]);
    // The login's, one that showed what the server prefers, and theirs.
    assert!(server.connections.load(Ordering::SeqCst) <= 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_the_server_did_not_process_is_sent_once_more() {
    let server = Server::start(vec![Act::Refuse]).await;
    let sent = server
        .client()
        .request(Method::POST, "/api")
        .body("order")
        .send();
    assert_eq!(sent.await.expect("a response").status(), 200);
    assert_eq!(server.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_the_server_may_have_processed_is_not_sent_again() {
    for acts in [vec![Act::Break], vec![Act::Refuse, Act::Refuse]] {
        let requests = acts.len();
        let server = Server::start(acts).await;
        let sent = server
            .client()
            .request(Method::POST, "/api")
            .body("order")
            .send();
        let error = sent.await.expect_err("no response");
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
        assert_eq!(server.requests.load(Ordering::SeqCst), requests);
    }
}
