//! https with the throw-away CA.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use evertoken_sandbox::Sandbox;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;

use crate::client::sandbox;

fn get(sandbox: &Sandbox, with_certificate: bool) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(sandbox.ca_pem().unwrap().as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = if with_certificate {
        let cert =
            CertificateDer::from_pem_slice(sandbox.client_cert_pem().unwrap().as_bytes()).unwrap();
        let key =
            PrivateKeyDer::from_pem_slice(sandbox.client_key_pem().unwrap().as_bytes()).unwrap();
        builder.with_client_auth_cert(vec![cert], key).unwrap()
    } else {
        builder.with_no_client_auth()
    };
    let address = sandbox
        .https_url()
        .unwrap()
        .trim_start_matches("https://")
        .to_owned();
    let connection =
        ClientConnection::new(Arc::new(config), ServerName::try_from("127.0.0.1").unwrap())
            .unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
    stream.write_all(b"GET /api/x HTTP/1.1\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn https_serves_what_http_serves() {
    let sandbox = sandbox(&json!({"https": true}));
    assert!(get(&sandbox, false).unwrap().starts_with("HTTP/1.1 401 "));
    assert_eq!(sandbox.journal().unwrap()[0]["listener"], "https");
}

#[test]
fn a_client_certificate_can_be_demanded() {
    let sandbox = sandbox(&json!({"https": true, "client_cert": true}));
    assert!(get(&sandbox, false).is_err());
    assert!(get(&sandbox, true).unwrap().starts_with("HTTP/1.1 401 "));
    assert_eq!(sandbox.journal().unwrap().len(), 1);
}

#[test]
fn faults_reach_below_tls() {
    let sandbox = sandbox(&json!({"https": true}));
    sandbox
        .arm(&json!([{"fault": "reset"}, {"fault": "half_status"}]))
        .unwrap();
    assert!(get(&sandbox, false).is_err());
    assert_eq!(get(&sandbox, false).unwrap(), "HTTP/1.1 20");
}

#[test]
fn without_https_there_is_no_certificate() {
    let sandbox = sandbox(&json!({}));
    assert!(
        sandbox.https_url().is_none()
            && sandbox.ca_pem().is_none()
            && sandbox.client_key_pem().is_none()
    );
}
