//! TLS by the Rust builder: the certificate and its key in one file or in two, and what a wrong one is.

use std::path::PathBuf;

use evertoken::{ErrorKind, Method};
use evertoken_tests::{Place, count, plain_at};

fn client(place: &Place) -> evertoken::ClientBuilder {
    let https = place.sandbox.https_url().expect("https").to_owned();
    plain_at(&place.sandbox, &https).max_attempts(1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_and_its_key_in_one_file_or_in_two() {
    let place = Place::start().expect("a sandbox");
    let both = PathBuf::from(place.file("both.pem"));
    let read = |name: &str| std::fs::read_to_string(place.file(name)).expect("a file");
    std::fs::write(&both, read("cert.pem") + &read("key.pem")).expect("written");
    let mut clients = Vec::new();
    for (certificate, key) in [
        (both, None),
        (
            place.file("cert.pem").into(),
            Some(place.file("key.pem").into()),
        ),
    ] {
        let client = client(&place)
            .ca_file(place.file("ca.pem"))
            .client_cert(certificate, key)
            .build()
            .expect("good files");
        let response = client
            .request(Method::GET, "/plain/api/orders")
            .send()
            .await
            .expect("a response");
        assert_eq!(response.status(), 200);
        clients.push(client);
    }
    // Connections differ, the identity does not.
    assert_eq!(count(&place.sandbox, "plain.login"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ca_that_did_not_sign_is_a_tls_error_and_nothing_is_sent() {
    let place = Place::start().expect("a sandbox");
    let client = client(&place)
        .ca_file(place.file("cert.pem"))
        .client_cert(place.file("cert.pem"), Some(place.file("key.pem").into()));
    let error = client
        .build()
        .expect("good files")
        .token()
        .await
        .expect_err("no token");
    assert_eq!(
        (error.kind(), error.retryable()),
        (ErrorKind::Tls, false),
        "{error}"
    );
    assert_eq!(count(&place.sandbox, "total.requests"), 0);
}

#[test]
fn files_that_hold_no_certificate_or_no_key_are_refused_by_name() {
    let place = Place::start().expect("a sandbox");
    let empty = place.file("empty.pem");
    std::fs::write(&empty, "no PEM here").expect("written");
    for (builder, option) in [
        (client(&place).ca_file(&empty), "ca_file"),
        (client(&place).client_cert(&empty, None), "client_cert"),
        (
            client(&place).client_cert(place.file("cert.pem"), None),
            "client_cert",
        ),
    ] {
        let error = builder.build().expect_err("a refusal");
        assert!(
            error.kind() == ErrorKind::ConfigInvalid && error.message().contains(option),
            "{error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_file_without_an_end_is_refused() {
    let place = Place::start().expect("a sandbox");
    let endless = client(&place).ca_file("/dev/zero");
    let error = endless.build().expect_err("a refusal");
    assert!(error.message().contains("larger than 16 MiB"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_speaks_no_tls_is_called_so() {
    let sandbox = evertoken_tests::sandbox(&serde_json::json!({}));
    let https = sandbox.url().replacen("http:", "https:", 1);
    let client = plain_at(&sandbox, &https).max_attempts(1).build();
    let error = client
        .expect("good options")
        .token()
        .await
        .expect_err("no token");
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(error.message().contains("does not speak TLS"), "{error}");
}
