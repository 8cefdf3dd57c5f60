//! TLS configuration: trusted roots and the client's certificate. There is one for each set of settings. It is made for the
//! first `https` connection, because reading the platform's roots takes 5 to 44 ms and a megabyte.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio::task::spawn_blocking;

use super::connect::HttpSettings;
use super::self_signed::SelfSigned;
use crate::error::{Error, ErrorKind, Result};

type Chain = Vec<CertificateDer<'static>>;

/// The configuration, once it is needed.
#[derive(Default)]
pub(super) struct Tls {
    made: OnceLock<Arc<ClientConfig>>,
    making: Mutex<Option<Making>>,
}

/// Shared by all who need the configuration, and moved on by each: an event loop that stands still must not keep others waiting.
/// `None` if the runtime was shut down before it was made.
type Making = Shared<BoxFuture<'static, Option<Result<Arc<ClientConfig>>>>>;

impl Tls {
    /// The configuration. It is made on a thread that may block, so that neither an event loop nor other tasks must wait.
    pub(super) async fn config(&self, settings: &Arc<HttpSettings>) -> Result<Arc<ClientConfig>> {
        loop {
            if let Some(made) = self.made.get() {
                return Ok(Arc::clone(made));
            }
            let (making, is_own) = self.join(settings);
            let outcome = making.clone().await;
            if let Some(Ok(made)) = &outcome {
                let _ = self.made.set(Arc::clone(made));
            }
            self.forget(&making);
            match outcome {
                Some(outcome) => return outcome,
                None if is_own => return Err(broken()),
                None => {}
            }
        }
    }

    /// Has the configuration made, if nobody has yet, and tells whether that was so.
    fn join(&self, settings: &Arc<HttpSettings>) -> (Making, bool) {
        let mut making = self.making();
        if let Some(making) = &*making {
            return (making.clone(), false);
        }
        let settings = Arc::clone(settings);
        let made = spawn_blocking(move || config(&settings).map(Arc::new));
        let own = made.map(std::result::Result::ok).boxed().shared();
        *making = Some(own.clone());
        (own, true)
    }

    /// After a failure the next call tries again.
    fn forget(&self, ended: &Making) {
        let mut making = self.making();
        if making.as_ref().is_some_and(|making| making.ptr_eq(ended)) {
            *making = None;
        }
    }

    fn making(&self) -> MutexGuard<'_, Option<Making>> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn broken() -> Error {
    Error::new(ErrorKind::Internal, "TLS could not be set up")
}

/// The crypto provider that the program has chosen, else ours. A library must not choose one for the whole process.
fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default()
        .map_or_else(|| Arc::new(aws_lc_rs::default_provider()), Arc::clone)
}

/// The certificates of `ca_file`.
pub(super) fn authorities(pem: Option<&[u8]>) -> Result<Chain> {
    let Some(pem) = pem else {
        return Ok(Vec::new());
    };
    match CertificateDer::pem_slice_iter(pem).collect::<Result<Chain, _>>() {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(Error::config("ca_file", "holds no PEM certificate")),
    }
}

/// The chain and the key of `client_cert`.
pub(super) fn identity(pem: Option<&[u8]>) -> Result<Option<(Chain, PrivateKeyDer<'static>)>> {
    let Some(pem) = pem else { return Ok(None) };
    let chain = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Chain, _>>()
        .unwrap_or_default();
    match PrivateKeyDer::from_pem_slice(pem) {
        Ok(key) if !chain.is_empty() => Ok(Some((chain, key))),
        _ => Err(Error::config(
            "client_cert",
            "must hold a PEM certificate and its unencrypted private key",
        )),
    }
}

/// Trusts the platform's roots, Mozilla's (slim containers have no others), and those of `ca_file`.
fn config(settings: &HttpSettings) -> Result<ClientConfig> {
    let provider = provider();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|_| broken())?;
    let verifier: Arc<dyn ServerCertVerifier> = if settings.skip_certificate_check {
        Arc::new(Unchecked(provider))
    } else {
        let mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
        let named = authorities(settings.ca_pem.as_deref())?;
        let roots = mozilla.chain(named.iter().cloned());
        let verifier = Verifier::new_with_extra_roots(roots, provider).map_err(|_| broken())?;
        SelfSigned::new(Arc::new(verifier), named)
    };
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity(settings.client_pem.as_ref().map(|pem| pem.0.as_slice()))? {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|_| {
            Error::config(
                "client_cert",
                "the private key does not fit the certificate",
            )
        })?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Accepts any certificate, for `danger_accept_invalid_certs`.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    use futures_util::poll;
    use tokio::runtime::Builder;
    use tokio::task::spawn_blocking;
    use tokio::time::timeout;

    use super::{HttpSettings, Tls};

    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn the_roots_are_read_where_nothing_else_waits_for_it() {
        let settings = Arc::new(HttpSettings {
            connect_timeout: Duration::from_secs(1),
            ca_pem: None,
            client_pem: None,
            proxy: None,
            user_agent: "tests".to_owned(),
            skip_certificate_check: false,
        });
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(1)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (open, gate) = mpsc::channel();
            let before = spawn_blocking(move || gate.recv());
            let tls = Tls::default();
            let mut first = pin!(tls.config(&settings));
            let mut second = pin!(tls.config(&settings));
            assert!(poll!(&mut first).is_pending());
            assert!(poll!(&mut second).is_pending());
            open.send(()).unwrap();
            before.await.unwrap().unwrap();
            // The first to come is the last to be polled, as in an event loop that stands still.
            let second = timeout(PATIENCE, second).await.expect("it is held up");
            let (first, second) = (first.await.unwrap(), second.unwrap());
            assert!(Arc::ptr_eq(&first, &second));
        });
    }
}
