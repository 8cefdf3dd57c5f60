//! Makes a grant the current token, unless it is of no use.

use std::sync::Arc;
use std::time::Duration;

use super::{Flight, Obtained};
use crate::clock::Moment;
use crate::event::{EventKind, Via, count};
use crate::expiry::{self, Evidence, Windows};
use crate::flow::Life;
use crate::health::Health;
use crate::random;
use crate::token::{Current, Flags};

impl Flight<'_> {
    /// Makes the grant the current token.
    ///
    /// # Errors
    /// The token, if it is of no use: already refused, or almost expired.
    pub(super) fn install(
        &self,
        held: Option<&Current>,
        obtained: Obtained,
    ) -> Result<Arc<Current>, Box<Current>> {
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
            open_ended: jwt.exp.is_none() && !matches!(grant.life, Life::Secs(_)),
            after_refusal: held.is_some_and(Current::refused),
            flags: Arc::new(Flags::default()),
        };
        match held.filter(|held| held.value.same_as(&fresh.value)) {
            Some(held) => self.install_reissued(held, fresh, now, jwt.exp.is_some()),
            None if fresh
                .remaining(now)
                .is_some_and(|left| left <= fresh.windows.hard) =>
            {
                Err(Box::new(fresh))
            }
            None => Ok(self.install_new(fresh)),
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
    ) -> Result<Arc<Current>, Box<Current>> {
        if held.refused() && !held.reissued_after_refusal() {
            return Err(Box::new(fresh));
        }
        let left = |current: &Current| current.remaining(now).unwrap_or(Duration::MAX);
        // A token that had expired by our calculation and is granted again is valid again, unless its own `exp` says
        // otherwise. So is a refused one that the server still issues in the flight after `same_token`: the refusal may
        // have been a passing failure of the API, and if not, the storm guard limits the cost of believing the server.
        let revived = left(held).is_zero() && !absolute;
        if revived || held.refused() {
            return if left(&fresh) > fresh.windows.hard {
                Ok(self.install_new(fresh))
            } else {
                Err(Box::new(fresh))
            };
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
            open_ended: held.open_ended && fresh.open_ended,
            flags: Arc::clone(&held.flags),
            after_refusal: held.after_refusal,
            ..fresh
        };
        let remaining = left(&again);
        if remaining <= again.windows.hard {
            return Err(Box::new(again));
        }
        let again = Arc::new(again);
        self.keeper.current.store(Some(Arc::clone(&again)));
        let rest = remaining.saturating_sub(again.windows.hard);
        self.keeper
            .change_health(|health| health.rest(now.plus(rest)));
        Ok(again)
    }

    pub(super) fn install_new(&self, fresh: Current) -> Arc<Current> {
        let keeper = self.keeper;
        let now = keeper.clock.now();
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
