//! HTTP clients that carry a token they were given: what a token client is compared with.

use std::hint::black_box;

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

use super::Adapter;
use crate::server::Server;

pub(super) fn bearer(token: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("Bearer {token}")).expect("tokens fit headers")
}

/// Gets `url` with reqwest; the status, 0 for no answer.
pub(super) async fn get(client: &reqwest::Client, url: &str, header: HeaderValue) -> u16 {
    let Ok(response) = client.get(url).header(AUTHORIZATION, header).send().await else {
        return 0;
    };
    let status = response.status().as_u16();
    match response.bytes().await {
        Ok(body) => {
            black_box(body);
            status
        }
        Err(_) => 0,
    }
}

/// reqwest.
#[derive(Clone)]
pub struct Reqwest {
    client: reqwest::Client,
    url: String,
    header: HeaderValue,
}

impl Adapter for Reqwest {
    async fn prepare(server: Server) -> Self {
        Self {
            client: reqwest::Client::new(),
            url: server.resource(),
            header: bearer(&server.token()),
        }
    }

    async fn header(&self) -> usize {
        black_box(self.header.clone()).len()
    }

    async fn get(&self) -> u16 {
        get(&self.client, &self.url, self.header.clone()).await
    }
}

/// hyper with hyper-util's pool.
#[derive(Clone)]
pub struct Hyper {
    client: Client<HttpConnector, Empty<Bytes>>,
    url: http::Uri,
    header: HeaderValue,
}

impl Adapter for Hyper {
    async fn prepare(server: Server) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            url: server.resource().parse().expect("a URL"),
            header: bearer(&server.token()),
        }
    }

    async fn header(&self) -> usize {
        black_box(self.header.clone()).len()
    }

    async fn get(&self) -> u16 {
        let request = Request::get(self.url.clone())
            .header(AUTHORIZATION, self.header.clone())
            .body(Empty::new())
            .expect("a valid request");
        let Ok(response) = self.client.request(request).await else {
            return 0;
        };
        let status = response.status().as_u16();
        match response.into_body().collect().await {
            Ok(body) => {
                black_box(body.to_bytes());
                status
            }
            Err(_) => 0,
        }
    }
}
