//! Keeps one identity's token: serves it and has it renewed in time, by one flight for all waiting callers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::clock::{Clock, Moment};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Counters, Event, EventKind, Listeners, Stats, Via, count};
use crate::expiry::Stage;
use crate::flight::{Completer, SingleFlight, Waiter};
use crate::flow::Flow;
use crate::health::{Clearance, Health};
use crate::http::Transport;
use crate::keep_warm::KeepWarm;
use crate::registry;
use crate::renewal;
use crate::runtime;
use crate::secret::Secret;
use crate::token::Current;

/// How one client wants its token renewed. Clients of one identity share a keeper; a flight follows the policy of the client
/// that started it.
pub(crate) struct RenewalPolicy {
    pub(crate) transport: Arc<dyn Transport>,
    /// The deadline of a flight, its attempts and pauses included, and of a caller that sets none of its own.
    pub(crate) timeout: Duration,
    pub(crate) max_attempts: u32,
    pub(crate) default_life_secs: Option<f64>,
    pub(crate) soft_window: Option<Duration>,
    pub(crate) hard_window: Option<Duration>,
    pub(crate) keep_warm: bool,
}

/// One identity's token, and everything known about it.
pub(crate) struct Keeper {
    pub(crate) identity: Arc<str>,
    pub(crate) flow: Flow,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) current: ArcSwapOption<Current>,
    pub(crate) health: ArcSwap<Health>,
    /// Increased by everything that may end a header's freshness early: a refusal, a newer header, a closed client.
    pub(crate) changes: AtomicU64,
    pub(crate) counters: Counters,
    pub(crate) listeners: Arc<Listeners>,
    pub(crate) keep_warm: KeepWarm,
    flights: Arc<SingleFlight<Arc<Current>>>,
    /// The key under which its failures are remembered; none in tests.
    key: Option<registry::Key>,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            registry::remember(key, &self.health.load(), self.clock.now());
        }
    }
}

/// How a caller gets its token.
enum Next {
    Serve(Arc<Current>),
    Wait(Waiter<Arc<Current>>),
    Start(Completer<Arc<Current>>, Waiter<Arc<Current>>, Duration),
}

/// Counts a waiting caller until it is dropped, also when the caller is cancelled.
struct Waiting<'a>(&'a Keeper);

impl<'a> Waiting<'a> {
    fn new(keeper: &'a Keeper) -> Self {
        count(&keeper.counters.waiting);
        Self(keeper)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.counters.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Keeper {
    pub(crate) fn new(flow: Flow, clock: Arc<dyn Clock>) -> Self {
        let pasted = flow
            .pasted()
            .map(|value| Arc::new(renewal::pasted(value, clock.as_ref())));
        Self {
            identity: flow.label().into(),
            flow,
            clock,
            current: ArcSwapOption::new(pasted),
            health: ArcSwap::default(),
            changes: AtomicU64::new(0),
            counters: Counters::default(),
            listeners: Arc::default(),
            keep_warm: KeepWarm::default(),
            flights: Arc::new(SingleFlight::new()),
            key: None,
        }
    }

    /// A keeper that all clients of its identity share. It continues with the failures that an earlier keeper left.
    pub(crate) fn known(
        flow: Flow,
        clock: Arc<dyn Clock>,
        key: registry::Key,
        troubles: Option<Arc<Health>>,
    ) -> Self {
        let mut keeper = Self::new(flow, clock);
        keeper.key = Some(key);
        if let Some(troubles) = troubles {
            keeper.health.store(troubles);
        }
        keeper
    }

    pub(crate) fn tell(&self, kind: EventKind) {
        self.listeners.tell(&Event {
            identity: Arc::clone(&self.identity),
            kind,
        });
    }

    pub(crate) fn stats(&self) -> Stats {
        self.counters.read()
    }

    /// Whether there are credentials to renew the token with.
    pub(crate) fn renewable(&self) -> bool {
        self.flow.pasted().is_none()
    }

    pub(crate) fn change_health<R>(&self, change: impl Fn(&mut Health) -> R) -> R {
        let mut result = None;
        self.health.rcu(|health| {
            let mut health = health.as_ref().clone();
            result = Some(change(&mut health));
            health
        });
        result.expect("rcu runs its closure at least once")
    }

    /// Returns the token: at once while it is fresh or soft, otherwise after a flight.
    ///
    /// Dropping the future does not cancel the flight.
    pub(crate) async fn token(
        self: &Arc<Self>,
        policy: &Arc<RenewalPolicy>,
        min_ttl: Duration,
        timeout: Duration,
    ) -> Result<Arc<Current>> {
        if let Some(current) = self.at_once(policy, min_ttl) {
            return Ok(current);
        }
        let waiting = Waiting::new(self);
        let outcome = tokio::time::timeout(timeout, self.wait(policy, min_ttl, timeout)).await;
        drop(waiting);
        match outcome {
            Ok(outcome) => outcome,
            // As after a failed renewal, a token that is still good enough for this caller is served.
            Err(_) => self
                .good_enough(min_ttl)
                .ok_or_else(|| self.out_of_time(timeout)),
        }
        .inspect(|_| count(&self.counters.tokens_served))
    }

    /// The error of a caller whose time ran out; it has the flight's last failure and the time to its next attempt.
    fn out_of_time(&self, timeout: Duration) -> Error {
        let secs = timeout.as_secs_f64();
        let words = format!("no token within {secs} s; the login goes on for the next caller");
        let error = Error::new(ErrorKind::TimedOut, words);
        let health = self.health.load();
        let error = match health.next_try_in(self.clock.now()) {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        };
        self.named(match health.last_error() {
            Some(last) => error.with_note(format_args!("its last try: {}", last.message())),
            None => error,
        })
    }

    /// The token, if it can be served without waiting. In the soft window this starts its renewal.
    pub(crate) fn at_once(
        self: &Arc<Self>,
        policy: &Arc<RenewalPolicy>,
        min_ttl: Duration,
    ) -> Option<Arc<Current>> {
        let current = self.current.load_full()?;
        match current.stage(self.clock.now(), min_ttl) {
            Stage::Fresh if policy.keep_warm => self.ensure_timer(),
            Stage::Fresh => {}
            Stage::Soft => {
                self.renew_early(policy);
            }
            Stage::Hard | Stage::Expired => return None,
        }
        count(&self.counters.tokens_served);
        Some(current)
    }

    async fn wait(
        self: &Arc<Self>,
        policy: &Arc<RenewalPolicy>,
        min_ttl: Duration,
        timeout: Duration,
    ) -> Result<Arc<Current>> {
        loop {
            let waiter = match self.next_step(min_ttl, timeout, policy)? {
                Next::Serve(current) => return Ok(current),
                Next::Wait(waiter) => waiter,
                Next::Start(completer, waiter, pause) => {
                    self.start_flight(policy, completer, pause);
                    waiter
                }
            };
            match waiter.outcome().await {
                Some(Ok(current)) => return Ok(current),
                // A failed renewal does no harm while the old token is good enough for this caller.
                Some(Err(error)) => return self.good_enough(min_ttl).ok_or(error),
                // The flight's runtime was shut down: start another flight, on this caller's runtime.
                None => {}
            }
        }
    }

    fn next_step(
        &self,
        min_ttl: Duration,
        timeout: Duration,
        policy: &RenewalPolicy,
    ) -> Result<Next> {
        self.flights.visit(|mut locked| {
            // Whoever comes here late finds what another caller's flight has brought.
            let now = self.clock.now();
            if let Some(current) = self
                .current
                .load_full()
                .filter(|current| matches!(current.stage(now, min_ttl), Stage::Fresh | Stage::Soft))
            {
                return Ok(Next::Serve(current));
            }
            if let Some(waiter) = locked.waiter() {
                return Ok(Next::Wait(waiter));
            }
            let pause = match self.health.load().clearance(now) {
                Clearance::Go => Duration::ZERO,
                paused => {
                    if let Some(current) = self.good_enough(min_ttl) {
                        return Ok(Next::Serve(current));
                    }
                    paused.pause_within(timeout.min(policy.timeout))?
                }
            };
            let (completer, waiter) = locked.begin(&self.flights);
            Ok(Next::Start(completer, waiter, pause))
        })
    }

    /// The current token, if it is still valid for at least `min_ttl`.
    fn good_enough(&self, min_ttl: Duration) -> Option<Arc<Current>> {
        let now = self.clock.now();
        self.current.load_full().filter(|current| {
            current.alive(now) && current.remaining(now).is_none_or(|left| left >= min_ttl)
        })
    }

    /// Starts a flight that nobody waits for, unless one is in progress or has just ended, or renewals are paused. Returns
    /// whether one is in progress now.
    pub(crate) fn renew_early(self: &Arc<Self>, policy: &Arc<RenewalPolicy>) -> bool {
        if !self.renewable() || self.health.load().resting(self.clock.now()) {
            return false;
        }
        let (started, flying) = self.flights.visit(|mut locked| {
            if locked.waiter().is_some() {
                return (None, true);
            }
            // Whoever comes here late finds what another caller's flight has brought.
            let now = self.clock.now();
            if let Some(current) = self.current.load().as_ref()
                && current.stage(now, Duration::ZERO) == Stage::Fresh
            {
                return (None, false);
            }
            (Some(locked.begin(&self.flights)), true)
        });
        if let Some((completer, _waiter)) = started {
            self.start_flight(policy, completer, Duration::ZERO);
        }
        flying
    }

    fn start_flight(
        self: &Arc<Self>,
        policy: &Arc<RenewalPolicy>,
        completer: Completer<Arc<Current>>,
        pause: Duration,
    ) {
        let (keeper, policy) = (Arc::clone(self), Arc::clone(policy));
        runtime::spawn(async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            // Events before counters, here and elsewhere: a reader who sees the count can rely on the event.
            keeper.tell(EventKind::FlightStarted);
            count(&keeper.counters.flights);
            let outcome = renewal::renew(&keeper, &policy).await;
            if let Err(error) = &outcome {
                keeper.tell(EventKind::FlightFailed {
                    error: error.clone(),
                });
                count(&keeper.counters.failures);
            }
            completer.complete(outcome);
            keeper.set_timer();
        });
    }

    /// Invalidates this token and no other. It is kept for its refresh token.
    pub(crate) fn refuse(&self, refused: &Current) {
        let current = self.current.load();
        if let Some(current) = current
            .as_ref()
            .filter(|current| current.is_same_as(refused))
        {
            current.mark_refused();
            self.note_change();
        }
    }

    /// Drops a revoked token with its refresh token: neither is sent again.
    pub(crate) fn forget(&self, revoked: &Current) {
        self.current.rcu(|current| {
            let other = |current: &&Arc<Current>| current.generation != revoked.generation;
            current.as_ref().filter(other).cloned()
        });
        self.note_change();
    }

    /// Has headers that were fresh before this checked again.
    pub(crate) fn note_change(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// Ends pauses, the breaker and the storm guard.
    pub(crate) fn reset(&self) {
        self.change_health(Health::forget);
    }

    pub(crate) fn named(&self, error: Error) -> Error {
        error.with_identity(&*self.identity)
    }

    /// Whether 401s of this target are returned without a renewal.
    pub(crate) fn storm(&self, target: u64, now: Moment) -> bool {
        self.health.load().storm(target, now)
    }

    /// Records that a resend, or the first use of a token that was obtained because of a 401, was refused.
    pub(crate) fn note_futile(&self, refused: &Current, target: u64) {
        let now = self.clock.now();
        if refused.accepted() {
            self.change_health(|health| health.futile_at(target, now));
        } else if refused.after_refusal && refused.mark_futile() {
            // A refresh token may keep producing tokens that no API accepts, for example after its session has ended. So the
            // next renewal, after the pause, is a login.
            if let (Via::Refresh, Some(refresh_token)) = (refused.via, &refused.refresh_token) {
                self.drop_refresh_token(refresh_token);
            }
            self.change_health(|health| {
                health.futile_everywhere(now);
                health.futile_at(target, now);
            });
        }
    }

    /// Drops this refresh token, so that the next renewal is a login.
    pub(crate) fn drop_refresh_token(&self, rejected: &Secret) {
        self.current.rcu(|current| {
            let current = current.as_ref()?;
            let own = current.refresh_token.as_ref();
            Some(if own.is_some_and(|own| own.same_as(rejected)) {
                Arc::new(current.with_refresh_token(None))
            } else {
                Arc::clone(current)
            })
        });
    }

    /// Records that an API accepted this token.
    pub(crate) fn note_accepted(&self, taken: &Current) {
        if taken.accepted() {
            return;
        }
        taken.mark_accepted();
        if self.health.load().stormy() {
            self.change_health(Health::calm);
        }
    }

    /// The identity's state.
    pub(crate) fn state(&self) -> State {
        let now = self.clock.now();
        let health = self.health.load();
        let current = self.current.load_full();
        let standing = match &current {
            Some(current) => match current.stage(now, Duration::ZERO) {
                Stage::Fresh => Standing::Fresh,
                Stage::Soft | Stage::Hard => Standing::Soft,
                Stage::Expired if health.locked_out(now) => Standing::LockedOut,
                Stage::Expired => Standing::Expired,
            },
            None if health.locked_out(now) => Standing::LockedOut,
            None => Standing::None,
        };
        State {
            standing,
            expires_in: current.as_ref().and_then(|current| current.remaining(now)),
            fingerprint: current.as_ref().map(|current| current.value.fingerprint()),
            via: current.as_ref().map(|current| current.via),
            last_error: health.last_error().cloned(),
            next_try_in: health.next_try_in(now),
        }
    }
}

/// How usable an identity's token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The token is served, and no renewal is due.
    Fresh,
    /// The token is served and due for renewal.
    Soft,
    /// The token has expired or was refused.
    Expired,
    /// There is no token yet.
    None,
    /// There is no valid token, because the credentials were rejected and logins are paused.
    LockedOut,
}

impl Standing {
    /// The stable string.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Soft => "soft",
            Self::Expired => "expired",
            Self::None => "none",
            Self::LockedOut => "locked_out",
        }
    }
}

/// The current state of an identity.
#[derive(Clone, Debug)]
pub struct State {
    /// How usable the token is.
    pub standing: Standing,
    /// The token's remaining lifetime; `None` without a token, or if it lives until refused.
    pub expires_in: Option<Duration>,
    /// The token's fingerprint.
    pub fingerprint: Option<String>,
    /// How the token was obtained.
    pub via: Option<Via>,
    /// The last failure since the last success.
    pub last_error: Option<Error>,
    /// How long token requests are paused.
    pub next_try_in: Option<Duration>,
}

#[cfg(test)]
mod tests;
