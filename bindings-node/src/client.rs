//! A client's native half.

use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use evertoken::http::Payload;
use evertoken::{Authorization, Client, Subscription, Token, runtime};
use futures_util::FutureExt;
use napi::bindgen_prelude::{Buffer, Either, Either3, Null};
use napi_derive::napi;

use crate::authorization::{self, Header, JudgedResponse, NativeAuthorization};
use crate::body::NativeBody;
use crate::calls::Calls;
use crate::events::{NativeState, NativeStats, Told};
use crate::failure::Failure;
use crate::line::Value;
use crate::names::{duration, millis};
use crate::options::{self, Given};
use crate::port::Port;
use crate::request::{self, Details};

/// A token as data.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct NativeToken {
    /// The token itself.
    pub value: String,
    /// Unix milliseconds of its end.
    pub expires_at: Option<f64>,
    /// Milliseconds left when it was handed out.
    pub expires_in: Option<f64>,
    /// The granted scope.
    pub scope: Option<String>,
    /// The claims as JSON text.
    pub claims: Option<String>,
    /// The first 8 hex digits of its SHA-256.
    pub fingerprint: String,
}

impl From<Token> for NativeToken {
    fn from(token: Token) -> Self {
        let since_1970 = |at: std::time::SystemTime| at.duration_since(std::time::UNIX_EPOCH).ok();
        Self {
            value: token.value().to_owned(),
            expires_at: token.expires_at().and_then(since_1970).map(millis),
            expires_in: token.expires_in().map(millis),
            scope: token.scope().map(str::to_owned),
            claims: token.claims().map(|claims| claims.to_string()),
            fingerprint: token.fingerprint(),
        }
    }
}

/// One client of the core, in one environment.
#[napi]
pub struct NativeClient {
    client: Client,
    calls: Rc<Calls>,
    subscription: Mutex<Option<Subscription>>,
    warnings: Vec<String>,
}

impl NativeClient {
    fn new(port: &Port, client: Client, warnings: Vec<String>) -> Self {
        Self {
            client,
            calls: port.calls(),
            subscription: Mutex::default(),
            warnings,
        }
    }
}

/// A client of this flow with these options.
#[napi(catch_unwind)]
pub fn make_client(
    port: &Port,
    flow: String,
    options: Vec<Given>,
) -> Either<NativeClient, Failure> {
    match options::build(&flow, options) {
        Ok(client) => Either::A(NativeClient::new(port, client, Vec::new())),
        Err(failure) => Either::B(*failure),
    }
}

/// A client of this profile, with these options set on top.
#[napi(catch_unwind)]
pub fn make_profile_client(
    port: &Port,
    name: String,
    path: Option<String>,
    options: Vec<Given>,
) -> Either<NativeClient, Failure> {
    match options::build_profile(&name, path.as_deref(), options) {
        Ok((client, warnings)) => Either::A(NativeClient::new(port, client, warnings)),
        Err(failure) => Either::B(*failure),
    }
}

#[napi]
impl NativeClient {
    /// The identity, in a form fit for a log.
    #[napi(getter, catch_unwind)]
    pub fn identity(&self) -> String {
        self.client.identity().to_owned()
    }

    /// What the reader of the profile should know.
    #[napi(getter, catch_unwind)]
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// The API's base URL.
    #[napi(getter, catch_unwind)]
    pub fn base_url(&self) -> String {
        self.client.base_url().to_string()
    }

    /// The URL a caller means.
    #[napi(catch_unwind)]
    pub fn resolve(&self, url: String) -> Either<String, Failure> {
        match self.client.resolve(&url) {
            Ok(url) => Either::A(url.into()),
            Err(error) => Either::B(error.into()),
        }
    }

    /// Nothing if the token may go there, else why not.
    #[napi(catch_unwind)]
    pub fn refusal(&self, url: String) -> Option<Failure> {
        let checked = self
            .client
            .resolve(&url)
            .and_then(|url| self.client.check_origin(&url));
        checked.err().map(Failure::from)
    }

    /// The header if nobody has to wait for it. If somebody has, what brings one has been started, and
    /// nothing is returned.
    #[napi(catch_unwind)]
    pub fn header_now(&self) -> Either3<Header, Failure, Null> {
        // What is started goes on the library's runtime.
        let runtime = runtime::handle();
        let _entered = runtime.enter();
        match self.client.authorization().now_or_never() {
            Some(Ok(authorization)) => Either3::A(Header::of(&self.client, authorization)),
            Some(Err(error)) => Either3::B(error.into()),
            None => Either3::C(Null),
        }
    }

    /// Delivers the header.
    #[napi(catch_unwind)]
    pub fn header(&self, id: i64, timeout: Option<f64>) {
        let (client, told) = (self.client.clone(), self.client.clone());
        self.calls.start(
            id,
            async move { header(&client, timeout.map(duration)).await },
            move |authorization| Value::of(Header::of(&told, authorization)),
        );
    }

    /// Delivers a token with at least `min_ttl` milliseconds left.
    #[napi(catch_unwind)]
    pub fn token(&self, id: i64, min_ttl: f64, timeout: Option<f64>) {
        let client = self.client.clone();
        self.calls.start(
            id,
            async move {
                let wait = timeout.map(duration);
                client.token_for(duration(min_ttl), wait).await
            },
            |token| Value::of(NativeToken::from(token)),
        );
    }

    /// Delivers the verdict on a response.
    #[napi(catch_unwind)]
    pub fn judge(&self, id: i64, sent: &NativeAuthorization, response: JudgedResponse) {
        let (client, sent) = (self.client.clone(), sent.0.clone());
        let judged = async move { Ok(authorization::judge(client, sent, response).await) };
        self.calls.start(id, judged, |verdict| verdict);
    }

    /// Notes a response other than 401; whether the token is known to be taken now.
    #[napi(catch_unwind)]
    pub fn note(&self, sent: &NativeAuthorization, status: u32) -> bool {
        authorization::note(&self.client, &sent.0, status);
        sent.0.is_accepted()
    }

    /// Sends a request and delivers the response.
    #[napi(catch_unwind)]
    pub fn request(
        &self,
        id: i64,
        method: String,
        url: String,
        body: Option<Either3<String, Buffer, &NativeBody>>,
        details: Option<Details>,
    ) {
        let payload = match body {
            None => Payload::Empty,
            Some(Either3::A(text)) => Payload::Bytes(text.into()),
            Some(Either3::B(bytes)) => Payload::Bytes(bytes.to_vec().into()),
            Some(Either3::C(pieces)) => pieces.payload(),
        };
        match request::prepare(&self.client, &method, &url, payload, details.as_ref()) {
            Ok(request) => {
                let stream = details.is_some_and(|details| details.stream);
                request::send(&self.calls, id, request, stream);
            }
            Err(error) => self.calls.line().send(id, Err(error)),
        }
    }

    /// Where the identity stands.
    #[napi(catch_unwind)]
    pub fn state(&self) -> NativeState {
        self.client.state().into()
    }

    /// Counters of the identity.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> NativeStats {
        self.client.stats().into()
    }

    /// Forgets pauses, the breaker and the storm guard.
    #[napi(catch_unwind)]
    pub fn reset(&self) {
        self.client.reset();
    }

    /// Makes the next call renew the token.
    #[napi(catch_unwind)]
    pub fn invalidate(&self) {
        self.client.invalidate();
    }

    /// Delivers every event of the identity under this number.
    #[napi(catch_unwind)]
    pub fn subscribe(&self, id: i64) {
        let line = self.calls.line();
        let subscription = self
            .client
            .on_event(move |event| line.send(id, Ok(Value::of(Told::from(event)))));
        *self
            .subscription
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(subscription);
    }

    /// Closes the client.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.client.close();
    }

    /// Ends the events.
    #[napi(catch_unwind)]
    pub fn unsubscribe(&self) {
        self.subscription
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    /// Closes the client, revokes its token at the server, delivers nothing.
    #[napi(catch_unwind)]
    pub fn revoke_and_close(&self, id: i64) {
        let client = self.client.clone();
        self.calls
            .start(id, async move { client.revoke_and_close().await }, |()| {
                Value::of(true)
            });
    }
}

async fn header(client: &Client, timeout: Option<Duration>) -> evertoken::Result<Authorization> {
    if timeout.is_some() {
        client.token_for(Duration::ZERO, timeout).await?;
    }
    client.authorization().await
}
