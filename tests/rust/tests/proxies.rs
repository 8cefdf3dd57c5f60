//! Through a proxy: what it is told, what it is not, and what its refusal is called.

use std::time::Duration;

use evertoken::flow::PassKit;
use evertoken::runtime::handle;
use evertoken::{Client, ErrorKind, Method, blocking};
use evertoken_sandbox::Sandbox;
use evertoken_tests::{Place, Proxy, acceptor, plain_at, sandbox};
use serde_json::json;
use tokio::net::TcpListener;

/// The credentials `user:proxy-secret-1` as a field value.
const BASIC: &str = "Basic dXNlcjpwcm94eS1zZWNyZXQtMQ==";

const SILENT: &str = "no connection to api.example through the proxy 127.0.0.1 in time";
const UNRESOLVED: &str = "proxy.invalid could not be reached: its name could not be resolved";

async fn get(client: &Client) -> u16 {
    let sent = client.request(Method::GET, "/plain/api/orders").send();
    sent.await.expect("a response").status().as_u16()
}

/// The same from a thread that waits, which drives a connection of its own.
async fn get_blocking(client: &Client) -> u16 {
    let request = client.request(Method::GET, "/plain/api/orders");
    let sent = tokio::task::spawn_blocking(|| {
        std::thread::spawn(|| blocking::send(request))
            .join()
            .expect("no panic")
    });
    let (response, _) = sent.await.expect("no panic").expect("a response");
    response.status().as_u16()
}

fn https(place: &Place) -> evertoken::ClientBuilder {
    let base = place.sandbox.https_url().expect("https").to_owned();
    plain_at(&place.sandbox, &base)
        .ca_file(place.file("ca.pem"))
        .client_cert(place.file("cert.pem"), Some(place.file("key.pem").into()))
}

/// Host and port of a URL.
fn authority(url: &str) -> String {
    let rest = url.split_once("://").expect("a scheme").1;
    rest.trim_end_matches('/').to_owned()
}

fn http_sandbox() -> Sandbox {
    sandbox(&json!({}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_is_forwarded_with_the_proxys_credentials_in_each_request() {
    let sandbox = http_sandbox();
    let proxy = Proxy::start(Some(BASIC), None).await;
    let client = plain_at(&sandbox, sandbox.url())
        .proxy(format!(
            "http://user:proxy-secret-1@127.0.0.1:{}",
            proxy.port
        ))
        .build()
        .expect("good options");
    assert_eq!(get(&client).await, 200);
    let base = sandbox.url().trim_end_matches('/');
    let expected = [
        format!("POST {base}/plain/token HTTP/1.1"),
        format!("GET {base}/plain/api/orders HTTP/1.1"),
    ];
    assert_eq!(proxy.asked(), expected);
    assert_eq!(get_blocking(&client).await, 200);
    assert_eq!(proxy.asked(), expected[1..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_goes_through_a_tunnel_of_which_the_proxy_sees_only_the_end() {
    let place = Place::start().expect("a sandbox");
    let end = authority(place.sandbox.https_url().expect("https"));
    let (tls, pem) = acceptor(&[]);
    let both = place.file("both-authorities.pem");
    let ours = std::fs::read_to_string(place.file("ca.pem")).expect("a file");
    std::fs::write(&both, ours + &pem).expect("written");
    for (scheme, tls) in [("http", None), ("https", Some(tls))] {
        let proxy = Proxy::start(Some(BASIC), tls).await;
        let client = https(&place)
            .ca_file(&both)
            .proxy(format!(
                "{scheme}://user:proxy-secret-1@127.0.0.1:{}",
                proxy.port
            ))
            .build()
            .expect("good options");
        assert_eq!(get(&client).await, 200, "{scheme}");
        let expected = [format!("CONNECT {end} HTTP/1.1")];
        assert_eq!(proxy.asked(), expected, "{scheme}");
        assert_eq!(get_blocking(&client).await, 200, "{scheme}");
        assert_eq!(proxy.asked(), expected, "{scheme}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socks_proxy_carries_http_and_https_and_resolves_the_name() {
    let place = Place::start().expect("a sandbox");
    let proxy = Proxy::start(Some("user:proxy-secret-1"), None).await;
    let url = format!("socks5h://user:proxy-secret-1@127.0.0.1:{}", proxy.port);
    let secure = https(&place).proxy(&url).build().expect("good options");
    assert_eq!(get(&secure).await, 200);
    assert_eq!(proxy.asked(), ["SOCKS 127.0.0.1"]);
    assert_eq!(get_blocking(&secure).await, 200);
    assert_eq!(proxy.asked(), ["SOCKS 127.0.0.1"]);
    let sandbox = http_sandbox();
    let named = sandbox.url().replace("127.0.0.1", "localhost");
    let plain = plain_at(&sandbox, &named)
        .proxy(&url)
        .build()
        .expect("good options");
    assert_eq!(get(&plain).await, 200);
    assert_eq!(proxy.asked(), ["SOCKS localhost"]);
    assert_eq!(get_blocking(&plain).await, 200);
    assert_eq!(proxy.asked(), ["SOCKS localhost"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_says_nothing_or_has_no_address_is_named() {
    // Takes connections, and leaves them to themselves.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = silent.local_addr().expect("an address").port();
    for (proxy, to, why) in [
        ("http://127.0.0.1", "https", SILENT),
        ("https://127.0.0.1", "https", SILENT),
        ("https://127.0.0.1", "http", SILENT),
        ("socks5://127.0.0.1", "http", SILENT),
        ("http://proxy.invalid", "https", UNRESOLVED),
        ("http://proxy.invalid", "http", UNRESOLVED),
        ("socks5h://proxy.invalid", "http", UNRESOLVED),
    ] {
        let is_silent = why == SILENT;
        let error = Client::builder(PassKit::token("pasted"))
            .base_url(format!("{to}://api.example"))
            .allow_insecure_http(true)
            .proxy(format!("{proxy}:{silent}"))
            .connect_timeout(Duration::from_millis(if is_silent { 50 } else { 20_000 }))
            .build()
            .expect("good options")
            .request(Method::GET, "/")
            .send()
            .await
            .expect_err("no response");
        assert_eq!(error.message(), why, "{proxy}");
        let is_late = error.kind() == ErrorKind::TimedOut;
        assert_eq!(is_late, is_silent, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_is_spoken_to_in_http_1_1_also_if_it_prefers_http_2() {
    let sandbox = http_sandbox();
    let (tls, pem) = acceptor(&["h2", "http/1.1"]);
    let proxy = Proxy::start(None, Some(tls)).await;
    let ca = std::env::temp_dir().join(format!("evertoken-proxy-{}.pem", proxy.port));
    std::fs::write(&ca, pem).expect("a file");
    let client = plain_at(&sandbox, sandbox.url())
        .ca_file(&ca)
        .proxy(format!("https://127.0.0.1:{}", proxy.port))
        .build()
        .expect("good options");
    assert_eq!(get(&client).await, 200);
    assert_eq!(get_blocking(&client).await, 200);
    std::fs::remove_file(ca).expect("removed");
}

/// Each handshake: whether the reset comes before the first write or after it is chance.
const ROUNDS: usize = 20;

#[test]
fn whoever_resets_a_handshake_is_not_waited_for() {
    let listener = handle().block_on(TcpListener::bind("127.0.0.1:0"));
    let listener = listener.expect("a port");
    let here = listener.local_addr().expect("an address");
    handle().spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tcp.set_zero_linger().expect("a socket");
        }
    });
    for proxy in [None, Some("http"), Some("https"), Some("socks5")] {
        let builder = Client::builder(PassKit::token("pasted"))
            .base_url(format!("https://{here}"))
            .connect_timeout(Duration::from_secs(20));
        let client = match proxy {
            Some(scheme) => builder.proxy(format!("{scheme}://{here}")),
            None => builder,
        };
        let client = client.build().expect("good options");
        for _ in 0..ROUNDS {
            let sent = blocking::send(client.request(Method::POST, "/"));
            let error = sent.expect_err("no response");
            assert_eq!(error.kind(), ErrorKind::Unreachable, "{proxy:?} {error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_refuses_or_is_not_there_is_named_without_its_credentials() {
    let place = Place::start().expect("a sandbox");
    let strict = Proxy::start(Some("nobody has these"), None).await;
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("an address").port()
    };
    for (scheme, port, why) in [
        ("http", strict.port, "proxy authorization required"),
        ("socks5", strict.port, "the proxy 127.0.0.1"),
        (
            "http",
            closed,
            "127.0.0.1 could not be reached: the connection was refused",
        ),
        (
            "socks5",
            closed,
            "127.0.0.1 could not be reached: the connection was refused",
        ),
    ] {
        let error = https(&place)
            .proxy(format!("{scheme}://user:proxy-secret-2@127.0.0.1:{port}"))
            .max_attempts(1)
            .build()
            .expect("good options")
            .token()
            .await
            .expect_err("no token");
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
        assert!(error.message().contains(why), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
