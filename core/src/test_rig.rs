//! Gated fakes for the core's tests: a server that responds as told, a clock that stands still.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::clock::fake::FakeClock;
use crate::error::{Error, ErrorKind, Result};
use crate::flow::{Flow, IntoFlow, TokenRequest, TokenResponse, Wso2};
use crate::http::Transport;
use crate::keeper::{Keeper, RenewalPolicy};
use crate::token::Current;

pub(crate) const START: u64 = 1_700_000_000;

/// Responds in order, each let through by one permit of the gate; remembers what was asked.
pub(crate) struct FakeServer {
    responses: Mutex<VecDeque<Result<TokenResponse>>>,
    asked: Mutex<Vec<&'static str>>,
    pub(crate) gate: Semaphore,
}

impl FakeServer {
    pub(crate) fn asked(&self) -> Vec<&'static str> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn will(&self, response: Result<TokenResponse>) {
        self.responses.lock().unwrap().push_back(response);
    }

    pub(crate) fn open(&self) {
        self.gate.add_permits(1_000);
    }
}

impl Transport for FakeServer {
    fn exchange(
        &self,
        request: TokenRequest,
        _timeout: Duration,
    ) -> BoxFuture<'_, Result<TokenResponse>> {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let kind = if body.contains("grant_type=refresh_token") {
            "refresh"
        } else if request.url.path().ends_with("/revoke") {
            "revoke"
        } else {
            "login"
        };
        self.asked.lock().unwrap().push(kind);
        Box::pin(async move {
            self.gate.acquire().await.unwrap().forget();
            self.responses
                .lock()
                .unwrap()
                .pop_front()
                .unwrap_or_else(|| panic!("an unplanned {kind}"))
        })
    }
}

#[allow(clippy::unnecessary_wraps)] // a response among failures
pub(crate) fn response(status: u16, json: &str) -> Result<TokenResponse> {
    Ok(TokenResponse {
        status,
        headers: http::HeaderMap::default(),
        body: Zeroizing::new(json.as_bytes().to_vec()),
    })
}

pub(crate) fn token(value: &str, expires_in: u32) -> Result<TokenResponse> {
    response(
        200,
        &format!(r#"{{"access_token":"{value}","expires_in":{expires_in},"token_type":"Bearer"}}"#),
    )
}

pub(crate) fn pair(value: &str, refresh: &str, expires_in: u32) -> Result<TokenResponse> {
    response(
        200,
        &format!(
            r#"{{"access_token":"{value}","refresh_token":"{refresh}","expires_in":{expires_in}}}"#
        ),
    )
}

pub(crate) fn rejected() -> Result<TokenResponse> {
    response(400, r#"{"error":"invalid_grant"}"#)
}

#[allow(clippy::unnecessary_wraps)] // a response among responses
pub(crate) fn down() -> Result<TokenResponse> {
    Err(Error::new(ErrorKind::Unreachable, "down"))
}

pub(crate) struct Rig {
    pub(crate) server: Arc<FakeServer>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) policy: Arc<RenewalPolicy>,
}

impl Rig {
    /// A keeper of its own, outside the process's registry, with the gate shut.
    pub(crate) fn gated(responses: impl IntoIterator<Item = Result<TokenResponse>>) -> Self {
        let flow = Wso2::new(
            "https://gw.example/token",
            "key",
            "secret",
            "user",
            "password",
        )
        .into_flow(None)
        .unwrap();
        Self::with(flow, responses)
    }

    pub(crate) fn with(
        flow: Flow,
        responses: impl IntoIterator<Item = Result<TokenResponse>>,
    ) -> Self {
        let server = Arc::new(FakeServer {
            responses: Mutex::new(responses.into_iter().collect()),
            asked: Mutex::default(),
            gate: Semaphore::new(0),
        });
        let clock = Arc::new(FakeClock::at_wall_secs(START));
        let keeper = Arc::new(Keeper::new(flow, Arc::<FakeClock>::clone(&clock)));
        let policy = Arc::new(RenewalPolicy {
            transport: Arc::<FakeServer>::clone(&server),
            timeout: Duration::from_secs(30),
            max_attempts: 3,
            default_life_secs: None,
            soft_window: None,
            hard_window: None,
            keep_warm: false,
        });
        Self {
            server,
            clock,
            keeper,
            policy,
        }
    }

    pub(crate) fn open(responses: impl IntoIterator<Item = Result<TokenResponse>>) -> Self {
        let rig = Self::gated(responses);
        rig.server.open();
        rig
    }

    pub(crate) async fn ask(&self) -> Result<Arc<Current>> {
        self.keeper
            .token(&self.policy, Duration::ZERO, self.policy.timeout)
            .await
    }

    pub(crate) async fn value(&self) -> String {
        self.ask().await.unwrap().value.expose().to_owned()
    }

    pub(crate) async fn kind(&self) -> ErrorKind {
        self.ask().await.err().unwrap().kind()
    }

    /// Both of the keeper's clocks and the timers move.
    pub(crate) async fn pass(&self, secs: f64) {
        let by = Duration::from_secs_f64(secs);
        self.clock.advance(by);
        tokio::time::advance(by).await;
    }

    /// Lets background flights run until none of them can go on.
    pub(crate) async fn settle(&self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}
