//! Gated fakes for the core's tests: a server that answers as told, a clock that stands still.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::clock::fake::FakeClock;
use crate::error::{Error, ErrorKind, Result};
use crate::flow::{Answer, Flow, IntoFlow, Outgoing, Wso2};
use crate::http::Transport;
use crate::keeper::{Keeper, Terms};
use crate::token::Current;

pub(crate) const START: u64 = 1_700_000_000;

/// Answers in order, each let through by one permit of the gate; remembers what was asked.
pub(crate) struct FakeServer {
    answers: Mutex<VecDeque<Result<Answer>>>,
    asked: Mutex<Vec<&'static str>>,
    pub(crate) gate: Semaphore,
}

impl FakeServer {
    pub(crate) fn asked(&self) -> Vec<&'static str> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn will(&self, answer: Result<Answer>) {
        self.answers.lock().unwrap().push_back(answer);
    }

    pub(crate) fn open(&self) {
        self.gate.add_permits(1_000);
    }
}

impl Transport for FakeServer {
    fn exchange(&self, request: Outgoing, _timeout: Duration) -> BoxFuture<'_, Result<Answer>> {
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
            self.answers
                .lock()
                .unwrap()
                .pop_front()
                .unwrap_or_else(|| panic!("an unplanned {kind}"))
        })
    }
}

#[allow(clippy::unnecessary_wraps)] // an answer among failures
pub(crate) fn answer(status: u16, json: &str) -> Result<Answer> {
    Ok(Answer {
        status,
        headers: http::HeaderMap::default(),
        body: Zeroizing::new(json.as_bytes().to_vec()),
    })
}

pub(crate) fn token(value: &str, expires_in: u32) -> Result<Answer> {
    answer(
        200,
        &format!(r#"{{"access_token":"{value}","expires_in":{expires_in},"token_type":"Bearer"}}"#),
    )
}

pub(crate) fn pair(value: &str, refresh: &str, expires_in: u32) -> Result<Answer> {
    answer(
        200,
        &format!(
            r#"{{"access_token":"{value}","refresh_token":"{refresh}","expires_in":{expires_in}}}"#
        ),
    )
}

pub(crate) fn rejected() -> Result<Answer> {
    answer(400, r#"{"error":"invalid_grant"}"#)
}

#[allow(clippy::unnecessary_wraps)] // an answer among answers
pub(crate) fn down() -> Result<Answer> {
    Err(Error::new(ErrorKind::Unreachable, "down"))
}

pub(crate) struct Rig {
    pub(crate) server: Arc<FakeServer>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) terms: Arc<Terms>,
}

impl Rig {
    /// A keeper of its own, outside the process's registry, with the gate shut.
    pub(crate) fn gated(answers: impl IntoIterator<Item = Result<Answer>>) -> Self {
        let flow = Wso2::new(
            "https://gw.example/token",
            "key",
            "secret",
            "user",
            "password",
        )
        .into_flow(None)
        .unwrap();
        Self::with(flow, answers)
    }

    pub(crate) fn with(flow: Flow, answers: impl IntoIterator<Item = Result<Answer>>) -> Self {
        let server = Arc::new(FakeServer {
            answers: Mutex::new(answers.into_iter().collect()),
            asked: Mutex::default(),
            gate: Semaphore::new(0),
        });
        let clock = Arc::new(FakeClock::at_wall_secs(START));
        let keeper = Arc::new(Keeper::new(flow, Arc::<FakeClock>::clone(&clock)));
        let terms = Arc::new(Terms {
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
            terms,
        }
    }

    pub(crate) fn open(answers: impl IntoIterator<Item = Result<Answer>>) -> Self {
        let rig = Self::gated(answers);
        rig.server.open();
        rig
    }

    pub(crate) async fn ask(&self) -> Result<Arc<Current>> {
        self.keeper
            .token(&self.terms, Duration::ZERO, self.terms.timeout)
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
