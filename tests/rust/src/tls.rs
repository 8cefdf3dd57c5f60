//! A TLS end for servers that the sandbox does not play.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Takes connections to this machine with a certificate of its own, which the PEM text makes known, and
/// agrees on one of these protocols (RFC 7301).
///
/// # Panics
/// No certificate can be made.
pub fn acceptor(protocols: &[&str]) -> (TlsAcceptor, String) {
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    acceptor_with(&CertificateParams::new(names).expect("names"), protocols)
}

/// The same with a self-signed certificate of this make.
///
/// # Panics
/// No such certificate can be made.
pub fn acceptor_with(make: &CertificateParams, protocols: &[&str]) -> (TlsAcceptor, String) {
    let key = KeyPair::generate().expect("a key");
    let certificate = make.self_signed(&key).expect("a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a key that fits");
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    (TlsAcceptor::from(Arc::new(config)), certificate.pem())
}
