//! yup-oauth2 as a service account: it signs a JWT with the key of the file that `BENCH_KEY` names and is given a token for it. On a 401 its
//! user can only force a renewal.

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use yup_oauth2::authenticator::Authenticator;
use yup_oauth2::{CustomHyperClientBuilder, ServiceAccountAuthenticator, ServiceAccountKey};

use super::{Adapter, bare};
use crate::server::Server;

const SCOPES: &[&str] = &["read"];

/// The authenticator and the HTTP client beside it.
#[derive(Clone)]
pub struct Yup {
    authenticator: Authenticator<HttpConnector>,
    client: reqwest::Client,
    url: String,
}

impl Yup {
    async fn send(&self, token: Option<&str>) -> u16 {
        match token {
            Some(token) => bare::get(&self.client, &self.url, bare::bearer(token)).await,
            None => 0,
        }
    }
}

impl Adapter for Yup {
    async fn prepare(server: Server) -> Self {
        let path = std::env::var("BENCH_KEY").expect("BENCH_KEY names a private key's file");
        let key = ServiceAccountKey {
            key_type: Some("service_account".to_owned()),
            project_id: None,
            private_key_id: None,
            private_key: std::fs::read_to_string(&path).expect("a private key"),
            client_email: "bench@localhost".to_owned(),
            client_id: None,
            auth_uri: None,
            token_uri: server.token_url(),
            auth_provider_x509_cert_url: None,
            client_x509_cert_url: None,
        };
        let client = CustomHyperClientBuilder::from(
            hyper_util::client::legacy::Client::builder(TokioExecutor::new())
                .build(HttpConnector::new()),
        );
        let authenticator = ServiceAccountAuthenticator::with_client(key, client)
            .build()
            .await;
        Self {
            authenticator: authenticator.expect("a valid key"),
            client: reqwest::Client::new(),
            url: server.resource(),
        }
    }

    async fn header(&self) -> usize {
        let token = self.authenticator.token(SCOPES).await;
        token.map_or(0, |token| token.token().map_or(0, str::len))
    }

    async fn get(&self) -> u16 {
        let token = self.authenticator.token(SCOPES).await.ok();
        let status = self
            .send(token.as_ref().and_then(|token| token.token()))
            .await;
        if status != 401 {
            return status;
        }
        let token = self.authenticator.force_refreshed_token(SCOPES).await.ok();
        self.send(token.as_ref().and_then(|token| token.token()))
            .await
    }
}
