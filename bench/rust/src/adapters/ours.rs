//! Evertoken: its client, and its blocking client.

use std::hint::black_box;
use std::time::Instant;

use evertoken::Method;
use evertoken::flow::ClientCredentials;
use serde_json::Value;

use super::Adapter;
use crate::cases::{Plan, Samples};
use crate::server::Server;
use crate::{herd, meter};

fn client(server: Server) -> evertoken::Client {
    evertoken::Client::builder(ClientCredentials::new(
        server.token_url(),
        "bench",
        "secret",
    ))
    .base_url(server.base_url())
    .build()
    .expect("a valid configuration")
}

async fn get(client: &evertoken::Client) -> u16 {
    let request = client.request(Method::GET, "/accounts/123");
    let Ok(mut response) = request.send().await else {
        return 0;
    };
    match response.bytes().await {
        Ok(body) => {
            black_box(body);
            response.status().as_u16()
        }
        Err(_) => 0,
    }
}

/// The asynchronous client; its header by the fast path that needs no await.
#[derive(Clone)]
pub struct Client(evertoken::Client);

impl Adapter for Client {
    async fn prepare(server: Server) -> Self {
        Self(client(server))
    }

    async fn header(&self) -> usize {
        match self.0.cached(|text| black_box(text).len()) {
            Some(length) => length,
            None => self
                .0
                .authorization()
                .await
                .map_or(0, |value| value.value().len()),
        }
    }

    async fn get(&self) -> u16 {
        get(&self.0).await
    }
}

/// The asynchronous client; its header as an owned value, fit for `judge` later.
#[derive(Clone)]
pub struct Authorization(evertoken::Client);

impl Adapter for Authorization {
    async fn prepare(server: Server) -> Self {
        Self(client(server))
    }

    async fn header(&self) -> usize {
        let authorization = self.0.authorization().await;
        authorization.map_or(0, |authorization| {
            black_box(authorization.header_value()).len()
        })
    }

    async fn get(&self) -> u16 {
        get(&self.0).await
    }
}

/// The blocking client: each caller is a thread.
pub fn blocking(plan: &Plan) -> Value {
    let client = evertoken::blocking::Client::from(client(plan.server));
    let get = |client: &evertoken::blocking::Client| {
        let request = client.request(Method::GET, "/accounts/123");
        evertoken::blocking::send(request).map_or(0, |(response, body)| {
            black_box(body);
            response.status().as_u16()
        })
    };
    if plan.case.starts_with("herd") {
        let warm = || get(&client);
        return herd::threads(plan, warm, &|| get(&client));
    }
    assert_eq!(get(&client), 200, "the warm-up request succeeds");
    let caller = |time| {
        let mut samples = Samples::default();
        let end = Instant::now() + time;
        while Instant::now() < end {
            let began = Instant::now();
            samples.add(get(&client), began.elapsed());
        }
        samples
    };
    let run = |time| {
        if plan.callers == 1 {
            return caller(time);
        }
        std::thread::scope(|scope| {
            let callers: Vec<_> = (0..plan.callers)
                .map(|_| scope.spawn(|| caller(time)))
                .collect();
            let found = callers
                .into_iter()
                .map(|caller| caller.join().expect("no caller panics"));
            found.fold(Samples::default(), Samples::and)
        })
    };
    let (samples, wall, cpu) = meter::measured(plan.time, run, Samples::and);
    samples.report(wall, cpu)
}
