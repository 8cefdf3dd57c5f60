//! A server with the certificate of `openssl req -x509`: self-signed, and marked as one of an authority.

use std::path::PathBuf;

use evertoken::flow::Password;
use evertoken::{Client, Error, ErrorKind, Result};
use evertoken_tests::{acceptor, acceptor_with};
use rcgen::{BasicConstraints, CertificateParams, IsCa, date_time_ymd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const BODY: &str = r#"{"access_token":"access-secret-1","token_type":"Bearer","expires_in":3600}"#;

fn marked(name: &str) -> CertificateParams {
    let mut make = CertificateParams::new([name.to_owned()]).expect("a name");
    make.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    make
}

/// Responds to each connection's first request with a token.
async fn serve(tls: TlsAcceptor) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                let mut stream = tls.accept(tcp).await.ok()?;
                let mut request = Vec::new();
                while !request.ends_with(b"password-secret-1") {
                    (stream.read_buf(&mut request).await.ok()? > 0).then_some(())?;
                }
                let response = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{BODY}",
                    BODY.len()
                );
                stream.write_all(response.as_bytes()).await.ok()
            });
        }
    });
    port
}

/// What a client that trusts `named` gets from a server with this certificate.
async fn outcome(tls: TlsAcceptor, named: &str) -> Result<String, Error> {
    let port = serve(tls).await;
    let ca: PathBuf = std::env::temp_dir().join(format!(
        "evertoken-self-signed-{}-{port}.pem",
        std::process::id()
    ));
    std::fs::write(&ca, named).expect("written");
    let url = format!("https://127.0.0.1:{port}");
    let flow = Password::new(format!("{url}/token"), "user", "password-secret-1");
    let client = Client::builder(flow)
        .base_url(&url)
        .ca_file(&ca)
        .max_attempts(1)
        .build()
        .expect("good options");
    let outcome = client.token().await.map(|token| token.value().to_owned());
    std::fs::remove_file(&ca).expect("removed");
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_self_signed_certificate_is_trusted_if_ca_file_names_it() {
    let (tls, pem) = acceptor_with(&marked("127.0.0.1"), &[]);
    assert_eq!(
        outcome(tls, &pem).await.expect("a token"),
        "access-secret-1"
    );
    // Behind others, as in a bundle, and without the mark.
    let (_, other) = acceptor(&[]);
    let (tls, pem) = acceptor_with(&marked("127.0.0.1"), &[]);
    assert_eq!(
        outcome(tls, &(other + &pem)).await.expect("a token"),
        "access-secret-1"
    );
    let (tls, pem) = acceptor(&[]);
    assert_eq!(
        outcome(tls, &pem).await.expect("a token"),
        "access-secret-1"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_other_certificate_is_refused_and_the_error_says_what_to_do() {
    let (_, named) = acceptor_with(&marked("127.0.0.1"), &[]);
    let (tls, _) = acceptor_with(&marked("127.0.0.1"), &[]);
    let error = outcome(tls, &named).await.expect_err("no token");
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    let words = "its certificate is self-signed; name that very certificate in ca_file";
    assert!(error.message().contains(words), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn name_and_dates_of_a_self_signed_certificate_are_checked_too() {
    let (tls, pem) = acceptor_with(&marked("other.example"), &[]);
    let error = outcome(tls, &pem).await.expect_err("no token");
    assert!(
        error.kind() == ErrorKind::Tls && error.message().contains("not valid for name"),
        "{error}"
    );
    for (from, to) in [(2001, 2002), (2998, 2999)] {
        let mut make = marked("127.0.0.1");
        (make.not_before, make.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        let (tls, pem) = acceptor_with(&make, &[]);
        let error = outcome(tls, &pem).await.expect_err("no token");
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
        let words = if from < 2500 {
            "expired"
        } else {
            "not valid yet"
        };
        assert!(error.message().contains(words), "{error}");
    }
}
