//! The client for callers without a runtime: each call blocks its thread.

use std::time::Duration;

use bytes::Bytes;
use http::Method;

use crate::authorization::{Authorization, ResponseFacts, Verdict};
use crate::error::Result;
use crate::request::RequestBuilder;
use crate::response::Response;
use crate::runtime::{block_on, block_on_whole};
use crate::token::Token;

/// A [`Client`](crate::Client) whose calls block. Inside an asynchronous runtime every method fails with `internal`.
#[derive(Clone, Debug)]
pub struct Client(crate::Client);

impl From<crate::Client> for Client {
    fn from(client: crate::Client) -> Self {
        Self(client)
    }
}

impl Client {
    /// The asynchronous client that it uses.
    pub fn inner(&self) -> &crate::Client {
        &self.0
    }

    /// As [`crate::Client::token`].
    ///
    /// # Errors
    /// As there.
    pub fn token(&self) -> Result<Token> {
        let client = self.0.clone();
        block_on_whole(|| async move { client.token().await })
    }

    /// As [`crate::Client::token_for`].
    ///
    /// # Errors
    /// As there.
    pub fn token_for(&self, min_ttl: Duration, timeout: Option<Duration>) -> Result<Token> {
        let client = self.0.clone();
        block_on_whole(|| async move { client.token_for(min_ttl, timeout).await })
    }

    /// As [`crate::Client::authorization`].
    ///
    /// # Errors
    /// As there.
    pub fn authorization(&self) -> Result<Authorization> {
        let client = self.0.clone();
        block_on_whole(|| async move { client.authorization().await })
    }

    /// As [`crate::Client::authorize`].
    ///
    /// # Errors
    /// As there.
    pub fn authorize(&self, url: &str) -> Result<Authorization> {
        block_on(self.0.authorize(url))
    }

    /// As [`crate::Client::judge`].
    ///
    /// # Errors
    /// `internal` inside an asynchronous runtime.
    pub fn judge(&self, sent: &Authorization, seen: ResponseFacts<'_>) -> Result<Verdict> {
        block_on(async { Ok(self.0.judge(sent, seen).await) })
    }

    /// As [`crate::Client::request`]; finish with [`send`].
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        self.0.request(method, url)
    }
}

/// Sends a request and reads its whole body.
///
/// # Errors
/// As [`RequestBuilder::send`] and [`Response::bytes`].
pub fn send(request: RequestBuilder) -> Result<(Response, Bytes)> {
    block_on_whole(|| async {
        let mut response = request.send().await?;
        let body = response.bytes().await?;
        Ok((response, body))
    })
}
