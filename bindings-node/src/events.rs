//! Events, state and counters as data.

use evertoken::clock::{Clock, SystemClock};
use evertoken::{Event, State, Stats};
use napi_derive::napi;

use crate::failure::Failure;
use crate::names::{millis, pause_millis};

/// One event. Which fields are there depends on its name.
#[napi(object, object_from_js = false)]
pub struct Told {
    /// The stable name.
    pub name: String,
    /// The identity, in a form fit for a log.
    pub identity: String,
    /// The fingerprint of the token it is about.
    pub fingerprint: Option<String>,
    /// How the token came to be.
    pub via: Option<String>,
    /// Whether the token has an end.
    pub expires: Option<bool>,
    /// The new token's life in milliseconds.
    pub expires_in: Option<f64>,
    /// The failure.
    pub error: Option<Failure>,
    /// Why a 401 was given back.
    pub reason: Option<String>,
    /// Milliseconds without a login.
    pub pause: Option<f64>,
    /// For telemetry: a number for the identity, its own while it lives; two may read alike in a log.
    pub key: Option<f64>,
    /// For telemetry: milliseconds on a clock that never steps.
    pub uptime: Option<f64>,
    /// For telemetry: Unix milliseconds.
    pub time: Option<f64>,
}

impl Told {
    /// With what a listener of all identities needs besides: whose event it is, and when it happened.
    pub(crate) fn dated(event: &Event) -> Self {
        let now = SystemClock.now();
        Self {
            // Exact: addresses have fewer than 53 bits.
            #[allow(clippy::cast_precision_loss)]
            key: Some(event.identity.as_ptr() as usize as f64),
            uptime: Some(now.boot.as_secs_f64() * 1_000.0),
            time: Some(now.wall.as_secs_f64() * 1_000.0),
            ..Self::from(event)
        }
    }
}

impl From<&Event> for Told {
    fn from(event: &Event) -> Self {
        Self {
            name: event.name().to_owned(),
            identity: event.identity.to_string(),
            fingerprint: event.fingerprint().map(str::to_owned),
            via: event.via().map(|via| via.code().to_owned()),
            expires: event.via().map(|_| event.expires_in().is_some()),
            expires_in: event.expires_in().map(millis),
            error: event.error().cloned().map(Failure::from),
            reason: event.reason().map(|reason| reason.code().to_owned()),
            pause: event.pause().map(pause_millis),
            key: None,
            uptime: None,
            time: None,
        }
    }
}

/// The state of an identity.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct NativeState {
    /// The stable string.
    pub standing: String,
    /// Milliseconds left of the token's life.
    pub expires_in: Option<f64>,
    /// The token's fingerprint.
    pub fingerprint: Option<String>,
    /// How the token came to be.
    pub via: Option<String>,
    /// The last failure since the last success.
    pub last_error: Option<Failure>,
    /// Milliseconds without a token request.
    pub next_try_in: Option<f64>,
}

impl From<State> for NativeState {
    fn from(state: State) -> Self {
        Self {
            standing: state.standing.code().to_owned(),
            expires_in: state.expires_in.map(millis),
            fingerprint: state.fingerprint,
            via: state.via.map(|via| via.code().to_owned()),
            last_error: state.last_error.map(Failure::from),
            next_try_in: state.next_try_in.map(pause_millis),
        }
    }
}

/// Counters of an identity.
#[napi(object, object_from_js = false)]
pub struct NativeStats {
    /// Tokens handed out by a call that looked at the keeper.
    pub tokens_served: f64,
    /// Flights started.
    pub flights: f64,
    /// Flights that ended without a token.
    pub failures: f64,
    /// Logins that brought a token.
    pub logins: f64,
    /// Refreshes that brought a token.
    pub refreshes: f64,
    /// 401s that were judged.
    pub refused: f64,
    /// Requests sent again.
    pub resends: f64,
    /// 401s handed to the caller.
    pub given_back: f64,
    /// Callers waiting now.
    pub waiting: f64,
}

impl From<Stats> for NativeStats {
    // Exact up to 2^53.
    #[allow(clippy::cast_precision_loss)]
    fn from(stats: Stats) -> Self {
        Self {
            tokens_served: stats.tokens_served as f64,
            flights: stats.flights as f64,
            failures: stats.failures as f64,
            logins: stats.logins as f64,
            refreshes: stats.refreshes as f64,
            refused: stats.refused as f64,
            resends: stats.resends as f64,
            given_back: stats.given_back as f64,
            waiting: stats.waiting as f64,
        }
    }
}
