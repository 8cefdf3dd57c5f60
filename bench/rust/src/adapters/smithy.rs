//! aws-smithy-runtime's lazy identity cache over a plain token request. It has no means to tell it of a 401.

use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::identity::http::Token;
use aws_smithy_runtime_api::client::identity::{
    Identity, IdentityFuture, ResolveCachedIdentity, ResolveIdentity, SharedIdentityCache,
    SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::config_bag::ConfigBag;

use super::{Adapter, bare};
use crate::server::Server;

/// Asks the token endpoint.
#[derive(Debug)]
struct Login {
    client: reqwest::Client,
    url: String,
}

impl ResolveIdentity for Login {
    fn resolve_identity<'a>(
        &'a self,
        _: &'a RuntimeComponents,
        _: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::new(async move {
            let sent = SystemTime::now();
            let form = "grant_type=client_credentials&client_id=bench&client_secret=secret";
            let answer = self.client.post(&self.url).body(form).send().await?;
            let grant: serde_json::Value = serde_json::from_slice(&answer.bytes().await?)?;
            let life = Duration::from_secs(grant["expires_in"].as_u64().unwrap_or(0));
            let token = grant["access_token"].as_str().unwrap_or_default();
            let expires = sent + life;
            Ok(Identity::new(
                Token::new(token, Some(expires)),
                Some(expires),
            ))
        })
    }
}

/// The cache and the HTTP client beside it.
#[derive(Clone)]
pub struct Smithy {
    cache: SharedIdentityCache,
    resolver: SharedIdentityResolver,
    components: RuntimeComponents,
    client: reqwest::Client,
    url: String,
}

impl Smithy {
    async fn identity(&self) -> Option<Identity> {
        let bag = ConfigBag::base();
        let resolver = self.resolver.clone();
        let found = self
            .cache
            .resolve_cached_identity(resolver, &self.components, &bag)
            .await;
        found.ok()
    }
}

impl Adapter for Smithy {
    async fn prepare(server: Server) -> Self {
        let client = reqwest::Client::new();
        let components = RuntimeComponentsBuilder::for_tests()
            .with_sleep_impl(Some(SharedAsyncSleep::new(TokioSleep::new())))
            .with_time_source(Some(SharedTimeSource::new(SystemTimeSource::new())))
            .build();
        Self {
            cache: IdentityCache::lazy().build(),
            resolver: SharedIdentityResolver::new(Login {
                client: client.clone(),
                url: server.token_url(),
            }),
            components: components.expect("all components are set"),
            client,
            url: server.resource(),
        }
    }

    async fn header(&self) -> usize {
        let identity = self.identity().await;
        let token = identity
            .as_ref()
            .and_then(|identity| identity.data::<Token>());
        token.map_or(0, |token| token.token().len())
    }

    async fn get(&self) -> u16 {
        let identity = self.identity().await;
        match identity
            .as_ref()
            .and_then(|identity| identity.data::<Token>())
        {
            Some(token) => bare::get(&self.client, &self.url, bare::bearer(token.token())).await,
            None => 0,
        }
    }
}
