//! google-cloud-auth, as a user's credentials with a refresh token. It has no means to tell it of a 401.

use google_cloud_auth::credentials::{CacheableResource, Credentials, user_account};
use http::Extensions;
use http::header::AUTHORIZATION;
use serde_json::json;

use super::{Adapter, bare};
use crate::server::Server;

/// The credentials and the HTTP client beside them.
#[derive(Clone)]
pub struct Google {
    credentials: Credentials,
    client: reqwest::Client,
    url: String,
}

impl Google {
    async fn value(&self) -> Option<http::HeaderValue> {
        match self.credentials.headers(Extensions::new()).await.ok()? {
            CacheableResource::New { data, .. } => data.get(AUTHORIZATION).cloned(),
            CacheableResource::NotModified => None,
        }
    }
}

impl Adapter for Google {
    async fn prepare(server: Server) -> Self {
        let user = json!({
            "type": "authorized_user",
            "client_id": "bench",
            "client_secret": "secret",
            "refresh_token": "refresh",
        });
        let builder = user_account::Builder::new(user).with_token_uri(server.token_url());
        Self {
            credentials: builder.build().expect("a valid configuration"),
            client: reqwest::Client::new(),
            url: server.resource(),
        }
    }

    async fn header(&self) -> usize {
        self.value().await.map_or(0, |value| value.len())
    }

    async fn get(&self) -> u16 {
        match self.value().await {
            Some(value) => bare::get(&self.client, &self.url, value).await,
            None => 0,
        }
    }
}
