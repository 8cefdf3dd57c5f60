//! Events and counters, with the same names in every language.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::error::Error;
use crate::verdict::Reason;

/// How a token was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// By sending the credentials.
    Login,
    /// By sending the refresh token (RFC 6749 §6).
    Refresh,
    /// From the user, as an option.
    Store,
}

impl Via {
    /// The stable string.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Refresh => "refresh",
            Self::Store => "store",
        }
    }
}

/// What happened. Tokens appear as fingerprints only.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// A token request is about to be made.
    FlightStarted,
    /// There is a new token.
    TokenInstalled {
        /// How it was obtained.
        via: Via,
        /// The new token's fingerprint.
        fingerprint: String,
        /// Its remaining lifetime; `None` if it lives until refused.
        expires_in: Option<Duration>,
    },
    /// A flight ended without a token; the old one is served as long as it is valid.
    FlightFailed {
        /// Why.
        error: Error,
    },
    /// The API refused a token with 401.
    Refused {
        /// The refused token's fingerprint.
        fingerprint: String,
    },
    /// A request is sent again with the current token.
    Resent {
        /// The fingerprint of the token it is sent with.
        fingerprint: String,
    },
    /// A 401 is returned to the caller.
    GivenBack {
        /// Why the request was not repeated with success.
        reason: Reason,
    },
    /// The credentials were rejected; logins are paused.
    LockedOut {
        /// For how long.
        pause: Duration,
        /// The rejection.
        error: Error,
    },
}

/// One event of one identity.
#[derive(Clone, Debug)]
pub struct Event {
    /// The identity, without secrets: fit for a log.
    pub identity: Arc<str>,
    /// What happened.
    pub kind: EventKind,
}

impl Event {
    /// The stable name.
    pub fn name(&self) -> &'static str {
        match self.kind {
            EventKind::FlightStarted => "flight_started",
            EventKind::TokenInstalled { .. } => "token_installed",
            EventKind::FlightFailed { .. } => "flight_failed",
            EventKind::Refused { .. } => "refused",
            EventKind::Resent { .. } => "resent",
            EventKind::GivenBack { .. } => "given_back",
            EventKind::LockedOut { .. } => "locked_out",
        }
    }

    /// The fingerprint of the token it is about.
    pub fn fingerprint(&self) -> Option<&str> {
        match &self.kind {
            EventKind::TokenInstalled { fingerprint, .. }
            | EventKind::Refused { fingerprint }
            | EventKind::Resent { fingerprint } => Some(fingerprint),
            _ => None,
        }
    }

    /// How the new token was obtained.
    pub fn via(&self) -> Option<Via> {
        match self.kind {
            EventKind::TokenInstalled { via, .. } => Some(via),
            _ => None,
        }
    }

    /// The new token's remaining lifetime.
    pub fn expires_in(&self) -> Option<Duration> {
        match self.kind {
            EventKind::TokenInstalled { expires_in, .. } => expires_in,
            _ => None,
        }
    }

    /// The failure it reports.
    pub fn error(&self) -> Option<&Error> {
        match &self.kind {
            EventKind::FlightFailed { error } | EventKind::LockedOut { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Why a 401 was returned to the caller.
    pub fn reason(&self) -> Option<Reason> {
        match self.kind {
            EventKind::GivenBack { reason } => Some(reason),
            _ => None,
        }
    }

    /// How long logins are paused.
    pub fn pause(&self) -> Option<Duration> {
        match self.kind {
            EventKind::LockedOut { pause, .. } => Some(pause),
            _ => None,
        }
    }
}

/// A function that is called with every event of an identity, on the thread that caused the event and without a lock
/// held. It should return quickly. A panic in it affects nothing else.
pub type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// Removes its listener when dropped.
pub struct Subscription {
    listeners: Arc<Listeners>,
    id: u64,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.listeners.remove(self.id);
    }
}

/// The listeners to every identity.
static EVERYWHERE: LazyLock<Arc<Listeners>> = LazyLock::new(Arc::default);

/// Calls `listener` with the events of every identity in the process, also of clients made later, until the subscription is
/// dropped. For traces and metrics, which must count a token request once, however many clients share the identity.
pub fn on_any_event(listener: impl Fn(&Event) + Send + Sync + 'static) -> Subscription {
    let listener: Listener = Arc::new(listener);
    EVERYWHERE.add(&listener)
}

/// The listeners to one identity, or to all.
#[derive(Default)]
pub(crate) struct Listeners {
    list: ArcSwap<Vec<(u64, Listener)>>,
    next: AtomicU64,
}

impl Listeners {
    pub(crate) fn add(self: &Arc<Self>, listener: &Listener) -> Subscription {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.list.rcu(|list| {
            let mut list = list.as_ref().clone();
            list.push((id, Arc::clone(listener)));
            list
        });
        Subscription {
            listeners: Arc::clone(self),
            id,
        }
    }

    fn remove(&self, id: u64) {
        self.list.rcu(|list| {
            list.iter()
                .filter(|(other, _)| *other != id)
                .cloned()
                .collect::<Vec<_>>()
        });
    }

    pub(crate) fn tell(&self, event: &Event) {
        log(event);
        let (own, everywhere) = (self.list.load_full(), EVERYWHERE.list.load_full());
        for (_, listener) in own.iter().chain(everywhere.iter()) {
            // The panic hook has reported it; the other listeners still get the event.
            let _ = catch_unwind(AssertUnwindSafe(|| listener(event)));
        }
    }
}

fn log(event: &Event) {
    let (identity, name) = (&*event.identity, event.name());
    match &event.kind {
        EventKind::TokenInstalled {
            via,
            fingerprint,
            expires_in,
        } => {
            let expires_in_secs = expires_in.map(|life| life.as_secs());
            tracing::info!(
                identity,
                via = via.code(),
                fingerprint,
                expires_in_secs,
                "{name}"
            );
        }
        EventKind::FlightFailed { error } => {
            tracing::warn!(identity, kind = error.kind().code(), error = %error.message(), "{name}");
        }
        EventKind::LockedOut { pause, error } => {
            let pause_secs = pause.as_secs();
            tracing::warn!(identity, pause_secs, kind = error.kind().code(), "{name}");
        }
        EventKind::Refused { fingerprint } | EventKind::Resent { fingerprint } => {
            tracing::debug!(identity, fingerprint, "{name}");
        }
        EventKind::GivenBack { reason } => {
            tracing::debug!(identity, reason = reason.code(), "{name}");
        }
        EventKind::FlightStarted => tracing::debug!(identity, "{name}"),
    }
}

/// Counters of an identity since its first use in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Tokens returned by calls that asked the keeper; the cached fast path is not counted.
    pub tokens_served: u64,
    /// Flights started.
    pub flights: u64,
    /// Flights that ended without a token.
    pub failures: u64,
    /// Logins that returned a token.
    pub logins: u64,
    /// Refreshes that returned a token.
    pub refreshes: u64,
    /// 401 responses that were judged.
    pub refused: u64,
    /// Requests sent again after a 401.
    pub resends: u64,
    /// 401s returned to the caller.
    pub given_back: u64,
    /// Callers waiting for a flight now.
    pub waiting: u64,
}

macro_rules! counters {
    ($($name:ident),+) => {
        #[derive(Default)]
        pub(crate) struct Counters { $(pub(crate) $name: AtomicU64),+ }

        impl Counters {
            pub(crate) fn read(&self) -> Stats {
                Stats { $($name: self.$name.load(Ordering::Relaxed)),+ }
            }
        }
    };
}

counters!(
    tokens_served,
    flights,
    failures,
    logins,
    refreshes,
    refused,
    resends,
    given_back,
    waiting
);

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{Event, EventKind, Listener, Listeners, on_any_event};

    #[test]
    fn a_panicking_hook_harms_nobody_and_a_dropped_subscription_is_silent() {
        let listeners = Arc::new(Listeners::default());
        let seen = Arc::new(AtomicUsize::new(0));
        let panics: Listener =
            Arc::new(|event| assert_eq!(event.name(), "no such event", "this hook always panics"));
        let _bad = listeners.add(&panics);
        let counter = Arc::clone(&seen);
        let count: Listener = Arc::new(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let good = listeners.add(&count);
        let event = Event {
            identity: "test".into(),
            kind: EventKind::FlightStarted,
        };
        listeners.tell(&event);
        drop(good);
        listeners.tell(&event);
        assert_eq!(seen.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_hook_for_all_sees_every_identity_until_it_is_dropped() {
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&seen);
        let everywhere = on_any_event(move |event| {
            if event.identity.starts_with("hook for all") {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        let tell = |identity: &str| {
            Arc::new(Listeners::default()).tell(&Event {
                identity: identity.into(),
                kind: EventKind::FlightStarted,
            });
        };
        tell("hook for all, one");
        tell("hook for all, two");
        drop(everywhere);
        tell("hook for all, three");
        assert_eq!(seen.load(Ordering::Relaxed), 2);
    }
}
