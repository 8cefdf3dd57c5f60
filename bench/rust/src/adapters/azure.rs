//! `azure_identity`'s client secret credential. It has no means to tell it of a 401, and it insists on https, so its
//! token requests are sent by a transport that knows better.

use std::sync::Arc;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{AsyncRawResponse, ClientOptions, HttpClient, Method, Request, Transport};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};

use super::{Adapter, bare};
use crate::server::Server;

/// Sends to http what asks for https.
#[derive(Debug)]
struct Plain(Arc<dyn HttpClient>);

#[async_trait::async_trait]
impl HttpClient for Plain {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut url = request.url().clone();
        url.set_scheme("http").expect("https may become http");
        let mut plain = Request::new(url, Method::Post);
        *plain.headers_mut() = request.headers().clone();
        plain.set_body(request.body().clone());
        self.0.execute_request(&plain).await
    }
}

/// The credential and the HTTP client beside it.
#[derive(Clone)]
pub struct Azure {
    credential: Arc<ClientSecretCredential>,
    client: reqwest::Client,
    url: String,
}

impl Azure {
    async fn token(&self) -> Option<String> {
        let token = self.credential.get_token(&["read/.default"], None).await;
        Some(token.ok()?.token.secret().to_owned())
    }
}

impl Adapter for Azure {
    async fn prepare(server: Server) -> Self {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = server.base_url().replace("http:", "https:");
        let options = ClientSecretCredentialOptions {
            client_options: ClientOptions {
                transport: Some(Transport::new(Arc::new(Plain(
                    azure_core::http::new_http_client(None),
                )))),
                cloud: Some(Arc::new(CloudConfiguration::Custom(cloud))),
                ..ClientOptions::default()
            },
        };
        let credential = ClientSecretCredential::new(
            "tenant",
            "bench".to_owned(),
            Secret::new("secret"),
            Some(options),
        );
        Self {
            credential: credential.expect("a valid configuration"),
            client: reqwest::Client::new(),
            url: server.resource(),
        }
    }

    async fn header(&self) -> usize {
        self.token().await.map_or(0, |token| token.len())
    }

    async fn get(&self) -> u16 {
        match self.token().await {
            Some(token) => bare::get(&self.client, &self.url, bare::bearer(&token)).await,
            None => 0,
        }
    }
}
