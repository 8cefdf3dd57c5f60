//! One flight: uses the refresh token if there is one, logs in if it must, and retries where that may help.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{EventKind, Via, count};
use crate::expiry::{self, Evidence, Windows};
use crate::flow::{self, Grant, TokenRequest};
use crate::health::Health;
use crate::keeper::{Keeper, RenewalPolicy};
use crate::random;
use crate::retry::{self, Class};
use crate::secret::Secret;
use crate::token::{Current, Flags};

/// After so many failures in a row, a refresh that the server fails at is followed by a login, even if there is a token to serve:
/// otherwise callers would have to wait for it once that token has expired.
const FAILURES_BEFORE_LOGIN: u32 = 2;

/// The resolution of a JWT's times.
const JWT_TICK: Duration = Duration::from_secs(1);

/// A grant, and when and how it was requested.
struct Obtained {
    grant: Grant,
    sent: Moment,
    via: Via,
}

/// Runs one flight: its attempts, its pauses and its deadline.
pub(crate) async fn renew(keeper: &Arc<Keeper>, policy: &RenewalPolicy) -> Result<Arc<Current>> {
    let started = keeper.clock.now();
    let flight = Flight {
        keeper,
        policy,
        started,
    };
    if let Ok(outcome) = tokio::time::timeout(policy.timeout, flight.run()).await {
        return outcome;
    }
    let secs = policy.timeout.as_secs_f64();
    let error = keeper.named(Error::new(
        ErrorKind::TimedOut,
        format!("the token endpoint did not deliver within {secs} s"),
    ));
    flight.note(&error);
    Err(error)
}

/// A token that the user gave. It lives until refused, unless it is a JWT with an expiry.
pub(crate) fn pasted(value: &Secret, clock: &dyn Clock) -> Current {
    let issued = clock.now();
    let jwt = crate::jwt::times(value.expose()).unwrap_or_default();
    let life_secs = expiry::life_secs(&Evidence {
        jwt_exp: jwt.exp,
        wall_now: issued.wall_secs(),
        ..Evidence::default()
    });
    let life = life_secs.map(expiry::seconds);
    Current {
        generation: Current::next_generation(),
        value: value.clone(),
        refresh_token: None,
        scope: None,
        via: Via::Store,
        issued,
        life,
        windows: Windows::default(),
        after_refusal: false,
        flags: Arc::default(),
    }
}

struct Flight<'a> {
    keeper: &'a Arc<Keeper>,
    policy: &'a RenewalPolicy,
    started: Moment,
}

impl Flight<'_> {
    /// What is left of the flight's time. A wall clock that is set meanwhile does not matter.
    fn left(&self) -> Duration {
        let spent = self.started.until(self.keeper.clock.now());
        self.policy.timeout.saturating_sub(spent)
    }

    /// Records a failure and returns the pause before the next attempt.
    fn note(&self, error: &Error) -> Duration {
        let (now, draw) = (self.keeper.clock.now(), random::unit());
        let pause = self
            .keeper
            .change_health(|health| health.failed(error, now, draw));
        if retry::class(error) == Class::Permanent {
            self.keeper.tell(EventKind::LockedOut {
                pause,
                error: error.clone(),
            });
        }
        pause
    }

    /// Whether there is a token that callers get meanwhile.
    fn serves(&self) -> bool {
        let current = self.keeper.current.load();
        current
            .as_ref()
            .is_some_and(|current| current.alive(self.keeper.clock.now()))
    }

    async fn run(&self) -> Result<Arc<Current>> {
        let mut attempts = 1;
        loop {
            let is_last = attempts >= self.policy.max_attempts;
            let failed_often = self.keeper.health.load().failures() >= FAILURES_BEFORE_LOGIN;
            let may_log_in = failed_often || (is_last && !self.serves());
            let error = match self.attempt(may_log_in).await {
                Ok(current) => return Ok(current),
                Err(error) => self.keeper.named(error),
            };
            let pause = self.note(&error);
            // With a token to serve nobody waits for a second attempt; the next caller starts one.
            if self.serves()
                || is_last
                || retry::class(&error) != Class::Transient
                || pause >= self.left()
            {
                return Err(error);
            }
            tracing::debug!(
                identity = &*self.keeper.identity,
                tries = attempts,
                ?pause,
                kind = error.kind().code(),
                "token request failed; trying again"
            );
            tokio::time::sleep(pause).await;
            attempts += 1;
        }
    }

    /// One attempt: refresh, then log in, then once more in another way if the server issues a token that is of no use.
    ///
    /// `may_log_in`: also after a refresh that the server failed at, because that has happened often, or because this flight makes
    /// no further attempt and there is no token to serve.
    async fn attempt(&self, may_log_in: bool) -> Result<Arc<Current>> {
        let held = self.keeper.current.load_full();
        if let Some(obtained) = self.refresh_held(held.as_deref(), may_log_in).await?
            && let Some(current) = self.install(held.as_deref(), obtained)
        {
            return Ok(current);
        }
        let obtained = self.log_in().await?;
        let refresh_token = obtained.grant.refresh_token.clone();
        let useless = obtained.grant.token.clone();
        if let Some(current) = self.install(held.as_deref(), obtained) {
            return Ok(current);
        }
        if let Some(refresh_token) = refresh_token
            && let Ok(Some(obtained)) = self.refresh(&refresh_token, &useless, false).await
            && let Some(current) = self.install(held.as_deref(), obtained)
        {
            return Ok(current);
        }
        if let Some(request) = self.keeper.flow.revoke(&useless) {
            self.keeper
                .exchange(self.policy, request, self.left())
                .await?;
            let obtained = self.log_in().await?;
            if let Some(current) = self.install(held.as_deref(), obtained) {
                return Ok(current);
            }
        }
        if self.differs_a_second_later(held.as_deref(), &useless) {
            tokio::time::sleep(JWT_TICK).await;
            let obtained = self.log_in().await?;
            if let Some(current) = self.install(held.as_deref(), obtained) {
                return Ok(current);
            }
        }
        let error = Error::new(
            ErrorKind::SameToken,
            "the server hands out a token that is refused already, or expired or about to expire",
        )
        .with_fingerprint(useless.fingerprint());
        match held.filter(|held| held.refused() && held.value.same_as(&useless)) {
            Some(held) => {
                held.mark_reissued_after_refusal();
                Err(error.with_retry_after(retry::storm_pause(1)))
            }
            None => Err(error),
        }
    }

    /// Whether the token is the refused one only because both were issued within one second: a JWT without an id of its own,
    /// as many frameworks make it, has whole seconds and is otherwise the same for every login.
    fn differs_a_second_later(&self, held: Option<&Current>, useless: &Secret) -> bool {
        /// The second and the time that the request for the first token took.
        const YOUNG: Duration = Duration::from_secs(2);
        let now = self.keeper.clock.now();
        let has_times = |token: &Secret| {
            crate::jwt::times(token.expose()).is_some_and(|times| times.iat.or(times.exp).is_some())
        };
        held.is_some_and(|held| {
            held.refused()
                && held.value.same_as(useless)
                && held.issued.until(now) < YOUNG
                && self.left() > JWT_TICK
                && has_times(useless)
        })
    }

    async fn refresh_held(
        &self,
        held: Option<&Current>,
        may_log_in: bool,
    ) -> Result<Option<Obtained>> {
        match held.and_then(|held| Some((held, held.refresh_token.as_ref()?))) {
            Some((held, refresh_token)) => {
                self.refresh(refresh_token, &held.value, may_log_in).await
            }
            None => Ok(None),
        }
    }

    /// `None` if the flow has no refresh request, or the refresh token was rejected: the login is next. A transient failure is
    /// an error, because the refresh token may still be good; except with `may_log_in`, if the server did respond: WSO2
    /// Identity Server 5.1 responds to a dead refresh token with 500 for ever, and so does every server whose program throws.
    async fn refresh(
        &self,
        refresh_token: &Secret,
        access_token: &Secret,
        may_log_in: bool,
    ) -> Result<Option<Obtained>> {
        let Some(request) = self.keeper.flow.refresh(refresh_token, access_token) else {
            return Ok(None);
        };
        let sent = self.keeper.clock.now();
        let response = self
            .keeper
            .exchange(self.policy, request, self.left())
            .await?;
        match self
            .keeper
            .flow
            .read_refresh(&response, refresh_token, access_token)
        {
            Ok(mut grant) => {
                // A response without a new refresh token leaves the old one in force (RFC 6749 §6).
                grant
                    .refresh_token
                    .get_or_insert_with(|| refresh_token.clone());
                Ok(Some(Obtained {
                    grant,
                    sent,
                    via: Via::Refresh,
                }))
            }
            Err(error)
                if retry::class(&error) == Class::Transient
                    && !(may_log_in && may_mean_a_dead_refresh_token(&error)) =>
            {
                Err(self.timed(error, &response))
            }
            Err(error) => {
                tracing::debug!(
                    identity = &*self.keeper.identity,
                    kind = error.kind().code(),
                    "refresh token rejected; logging in"
                );
                self.keeper.drop_refresh_token(refresh_token);
                Ok(None)
            }
        }
    }

    async fn log_in(&self) -> Result<Obtained> {
        let request = self.keeper.flow.login().ok_or_else(|| {
            Error::new(
                ErrorKind::CredentialsRejected,
                "the given token is no longer valid and there are no credentials to log in with; give a new token",
            )
        })?;
        let sent = self.keeper.clock.now();
        let response = self
            .keeper
            .exchange(self.policy, request, self.left())
            .await?;
        let grant = self
            .keeper
            .flow
            .read(&response)
            .map_err(|error| self.timed(error, &response))?;
        Ok(Obtained {
            grant,
            sent,
            via: Via::Login,
        })
    }

    /// The error with the wait that the response asks for.
    fn timed(&self, error: Error, response: &flow::TokenResponse) -> Error {
        match flow::retry_after(response, self.keeper.clock.now().wall_secs()) {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        }
    }

    /// Makes the grant the current token. `None` if it is of no use: already refused, or almost expired.
    fn install(&self, held: Option<&Current>, obtained: Obtained) -> Option<Arc<Current>> {
        let keeper = self.keeper;
        let now = keeper.clock.now();
        let Obtained { grant, sent, via } = obtained;
        let jwt = grant.jwt.unwrap_or_default();
        let evidence = Evidence {
            stated: grant.life,
            jwt_exp: jwt.exp,
            jwt_iat: jwt.iat,
            server_date: grant.server_date_unix_secs,
            wall_now: now.wall_secs(),
            skew: keeper.health.load().skew_secs,
            default: self
                .policy
                .default_life_secs
                .or(keeper.flow.default_life_secs()),
        };
        let life_secs = expiry::life_secs(&evidence);
        let policy = self.policy;
        let windows = life_secs.map_or_else(Windows::default, |life| {
            expiry::windows(life, policy.soft_window, policy.hard_window, random::unit())
        });
        let fresh = Current {
            generation: Current::next_generation(),
            value: grant.token,
            refresh_token: grant.refresh_token,
            scope: grant.scope,
            via,
            issued: sent,
            life: life_secs.map(expiry::seconds),
            windows,
            after_refusal: held.is_some_and(Current::refused),
            flags: Arc::new(Flags::default()),
        };
        match held.filter(|held| held.value.same_as(&fresh.value)) {
            Some(held) => self.install_reissued(held, fresh, now, jwt.exp.is_some()),
            None if fresh
                .remaining(now)
                .is_some_and(|left| left <= fresh.windows.hard) =>
            {
                None
            }
            None => Some(self.install_new(fresh, now)),
        }
    }

    /// Handles a server that issued the current token again. It does not count as new: it keeps its expiry, unless the response
    /// states an earlier one.
    fn install_reissued(
        &self,
        held: &Current,
        fresh: Current,
        now: Moment,
        absolute: bool,
    ) -> Option<Arc<Current>> {
        if held.refused() && !held.reissued_after_refusal() {
            return None;
        }
        let left = |current: &Current| current.remaining(now).unwrap_or(Duration::MAX);
        // A token that had expired by our calculation and is granted again is valid again, unless its own `exp` says
        // otherwise. So is a refused one that the server still issues in the flight after `same_token`: the refusal may
        // have been a passing failure of the API, and if not, the storm guard limits the cost of believing the server.
        let revived = left(held).is_zero() && !absolute;
        if revived || held.refused() {
            return (left(&fresh) > fresh.windows.hard).then(|| self.install_new(fresh, now));
        }
        let keeps = left(held) <= left(&fresh);
        let (issued, life, windows) = if keeps {
            (held.issued, held.life, held.windows)
        } else {
            (fresh.issued, fresh.life, held.windows)
        };
        let again = Current {
            issued,
            life,
            windows,
            flags: Arc::clone(&held.flags),
            after_refusal: held.after_refusal,
            ..fresh
        };
        let remaining = left(&again);
        if remaining <= again.windows.hard {
            return None;
        }
        let again = Arc::new(again);
        self.keeper.current.store(Some(Arc::clone(&again)));
        let rest = remaining.saturating_sub(again.windows.hard);
        self.keeper
            .change_health(|health| health.rest(now.plus(rest)));
        Some(again)
    }

    fn install_new(&self, fresh: Current, now: Moment) -> Arc<Current> {
        let keeper = self.keeper;
        let fresh = Arc::new(fresh);
        keeper.current.store(Some(Arc::clone(&fresh)));
        keeper.change_health(Health::succeeded);
        keeper.tell(EventKind::TokenInstalled {
            via: fresh.via,
            fingerprint: fresh.value.fingerprint(),
            expires_in: fresh.remaining(now),
        });
        // Last, so that a reader who sees the count finds the token.
        count(match fresh.via {
            Via::Refresh => &keeper.counters.refreshes,
            Via::Login | Via::Store => &keeper.counters.logins,
        });
        fresh
    }
}

impl Keeper {
    /// One exchange with the token endpoint. Also records the difference between its clock and ours.
    pub(crate) async fn exchange(
        &self,
        policy: &RenewalPolicy,
        request: TokenRequest,
        timeout: Duration,
    ) -> Result<flow::TokenResponse> {
        let response = policy.transport.exchange(request, timeout).await?;
        if let Some(date) = flow::server_date(&response.headers) {
            let skew_secs = date.saturating_sub(self.clock.now().wall_secs());
            if self.health.load().skew_secs != skew_secs {
                self.change_health(|health| health.skew_secs = skew_secs);
            }
        }
        Ok(response)
    }
}

/// Whether a server may have failed at the refresh token, rather than for another reason: 500, or a success without a token.
fn may_mean_a_dead_refresh_token(error: &Error) -> bool {
    matches!(
        (error.kind(), error.http_status()),
        (ErrorKind::ServerUnavailable, Some(500)) | (ErrorKind::BadResponse, Some(200..300))
    )
}

#[cfg(test)]
mod tests;
