//! One flight: uses the refresh token if there is one, logs in if it must, and retries where that may help.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{EventKind, Via};
use crate::expiry::{self, Evidence, Windows};
use crate::flow::{self, Grant, TokenRequest};
use crate::keeper::{Keeper, RenewalPolicy};
use crate::random;
use crate::retry::{self, Class};
use crate::secret::Secret;
use crate::token::Current;

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
        open_ended: life.is_none(),
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
        let held = held.as_deref();
        if let Some(obtained) = self.refresh_held(held, may_log_in).await?
            && let Ok(current) = self.install(held, obtained)
        {
            return Ok(current);
        }
        let mut useless = match self.install(held, self.log_in().await?) {
            Ok(current) => return Ok(current),
            Err(useless) => useless,
        };
        if let Some(current) = self.another(held, &mut useless).await? {
            return Ok(current);
        }
        let error = Error::new(
            ErrorKind::SameToken,
            "the server hands out a token that is refused already, or expired or about to expire",
        )
        .with_fingerprint(useless.value.fingerprint());
        let Some(held) = held.filter(|held| held.refused() && held.value.same_as(&useless.value))
        else {
            return Err(error);
        };
        // Nothing says until when it is valid but this response: the refusal may have been a passing failure of the API. If not,
        // the storm guard limits the cost of believing the server.
        if held.open_ended && useless.open_ended {
            return Ok(self.install_new(*useless));
        }
        held.mark_reissued_after_refusal();
        Err(error.with_retry_after(retry::storm_pause(1)))
    }

    /// What may bring another token than the useless one that a login has brought: its refresh token, a login after its
    /// revocation, or one in the next second. If they bring the same once more, that takes the place of `useless`.
    async fn another(
        &self,
        held: Option<&Current>,
        useless: &mut Box<Current>,
    ) -> Result<Option<Arc<Current>>> {
        let value = useless.value.clone();
        let refreshed = match useless.refresh_token.clone() {
            Some(refresh_token) => self.refresh(&refresh_token, &value, false).await,
            None => Ok(None),
        };
        if matches!(refreshed, Ok(None)) {
            useless.refresh_token = None;
        }
        let mut install = |obtained| match self.install(held, obtained) {
            Ok(current) => Some(current),
            Err(again) => {
                if again.value.same_as(&value) {
                    *useless = again;
                }
                None
            }
        };
        if let Ok(Some(obtained)) = refreshed
            && let Some(current) = install(obtained)
        {
            return Ok(Some(current));
        }
        if let Some(request) = self.keeper.flow.revoke(&value) {
            self.keeper
                .exchange(self.policy, request, self.left())
                .await?;
            if let Some(current) = install(self.log_in().await?) {
                return Ok(Some(current));
            }
        }
        if self.differs_a_second_later(held, &value) {
            tokio::time::sleep(JWT_TICK).await;
            return Ok(install(self.log_in().await?));
        }
        Ok(None)
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

    /// `None` if the flow has no refresh request, or the server has decided against the refresh token: the login is next. A
    /// transient failure is an error, because the refresh token may still be good; except with `may_log_in`, if the server did
    /// respond: WSO2 Identity Server 5.1 responds to a dead refresh token with 500 for ever, and so does every server whose
    /// program throws.
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

/// Whether a server may have failed at the refresh token, rather than for another reason: 500, or an unreadable success.
fn may_mean_a_dead_refresh_token(error: &Error) -> bool {
    matches!(
        (error.kind(), error.http_status()),
        (ErrorKind::ServerUnavailable, Some(500)) | (ErrorKind::BadResponse, Some(200..300))
    )
}

mod install;
#[cfg(test)]
mod tests;
