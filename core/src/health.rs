//! The record of an identity's failures: pauses, the breaker and the storm guard. Pure values, without a clock.

use std::time::Duration;

use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::retry::{self, Class};

/// Targets whose own 401s are remembered. A program rarely calls more resources that are forbidden to it.
const TARGETS_MAX: usize = 64;

/// Replaced as a whole, so that readers and forked children see a consistent value without a lock.
#[derive(Clone, Default)]
pub(crate) struct Health {
    failures: u32,
    rejections: u32,
    not_before: Option<Moment>,
    locked_until: Option<Moment>,
    last_error: Option<Error>,
    storm: Storm,
    targets: Vec<(u64, Storm)>,
    /// Server time minus ours in seconds, as last observed.
    pub(crate) skew_secs: i64,
}

#[derive(Clone, Copy, Default)]
struct Storm {
    streak: u32,
    until: Option<Moment>,
}

impl Storm {
    fn next(self, now: Moment) -> Self {
        let streak = self.streak.saturating_add(1);
        Self {
            streak,
            until: Some(now.plus(retry::storm_pause(streak))),
        }
    }

    fn active(self, now: Moment) -> bool {
        self.until.is_some_and(|until| !now.until(until).is_zero())
    }
}

/// Whether a flight may start now.
pub(crate) enum Clearance {
    /// It may start at once.
    Go,
    /// It may start after this pause. A caller that cannot wait so long gets the error.
    After(Duration, Error),
    /// It may not start before this pause is over; callers get the error.
    No(Duration, Error),
}

impl Clearance {
    /// The pause before the flight, for a caller that can wait for `patience`.
    pub(crate) fn pause_within(self, patience: Duration) -> Result<Duration> {
        match self {
            Self::Go => Ok(Duration::ZERO),
            Self::After(wait, _) if wait < patience => Ok(wait),
            Self::After(wait, error) | Self::No(wait, error) => {
                let secs = wait.as_secs_f64().ceil();
                Err(error.with_retry_after(wait).with_note(format_args!(
                    "no request was made, the next try is due in {secs} s"
                )))
            }
        }
    }
}

impl Health {
    pub(crate) fn clearance(&self, now: Moment) -> Clearance {
        let left = |until: Option<Moment>| {
            until
                .map(|until| now.until(until))
                .filter(|left| !left.is_zero())
        };
        let Some(error) = &self.last_error else {
            return Clearance::Go;
        };
        if let Some(wait) = left(self.locked_until) {
            return Clearance::No(wait, error.clone());
        }
        match left(self.not_before) {
            None => Clearance::Go,
            Some(wait) if retry::class(error) == Class::Transient => {
                Clearance::After(wait, error.clone())
            }
            Some(wait) => Clearance::No(wait, error.clone()),
        }
    }

    /// Whether early renewals are paused.
    pub(crate) fn resting(&self, now: Moment) -> bool {
        [self.not_before, self.locked_until]
            .into_iter()
            .flatten()
            .any(|until| !now.until(until).is_zero())
    }

    /// Records a failed attempt and returns the pause before the next one.
    pub(crate) fn failed(&mut self, error: &Error, now: Moment, draw: f64) -> Duration {
        self.last_error = Some(error.clone());
        if retry::class(error) == Class::Permanent {
            self.rejections = self.rejections.saturating_add(1);
            // A lock may be stated to last longer than the breaker's pause, and a login before its end may prolong it.
            let asked = error.retry_after().unwrap_or_default();
            let pause = retry::breaker(self.rejections).max(asked.min(retry::RETRY_AFTER_MAX));
            self.locked_until = Some(now.plus(pause));
            return pause;
        }
        self.failures = self.failures.saturating_add(1);
        let pause = retry::pause(self.failures, error.retry_after(), draw);
        self.not_before = Some(now.plus(pause));
        pause
    }

    /// How many attempts in a row have failed without a rejection.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
        self.rejections = 0;
        self.not_before = None;
        self.locked_until = None;
        self.last_error = None;
    }

    /// A renewal returned the same token; the next early renewal waits until then.
    pub(crate) fn rest(&mut self, until: Moment) {
        self.succeeded();
        self.not_before = Some(until);
    }

    /// Whether this record must outlive the identity's clients. It must where it protects an account or its server, but not for
    /// a pause after a network failure, which other options may fix. A rejection counts for an hour after its pause: rejected
    /// logins stay far apart only if later ones know of earlier ones.
    pub(crate) fn troubled(&self, now: Moment) -> bool {
        let ahead = |until: Moment| !now.until(until).is_zero();
        let asked = self.last_error.as_ref().and_then(Error::retry_after);
        let storms = self.targets.iter().map(|(_, storm)| storm);
        self.locked_until
            .is_some_and(|until| ahead(until.plus(retry::REJECTION_MEMORY)))
            || (asked.is_some_and(|wait| !wait.is_zero()) && self.not_before.is_some_and(ahead))
            || storms.chain([&self.storm]).any(|storm| storm.active(now))
    }

    /// Ends pauses, the breaker and the storm guard.
    pub(crate) fn forget(&mut self) {
        *self = Self {
            skew_secs: self.skew_secs,
            ..Self::default()
        };
    }

    pub(crate) fn last_error(&self) -> Option<&Error> {
        self.last_error.as_ref()
    }

    pub(crate) fn locked_out(&self, now: Moment) -> bool {
        self.locked_until
            .is_some_and(|until| !now.until(until).is_zero())
    }

    pub(crate) fn next_try_in(&self, now: Moment) -> Option<Duration> {
        [self.not_before, self.locked_until]
            .into_iter()
            .flatten()
            .map(|until| now.until(until))
            .max()
            .filter(|wait| !wait.is_zero())
    }

    /// Whether 401s are returned without a renewal, for the whole identity or for this target.
    pub(crate) fn storm(&self, target: u64, now: Moment) -> bool {
        self.storm.active(now)
            || self
                .targets
                .iter()
                .any(|(other, storm)| *other == target && storm.active(now))
    }

    /// A token that was obtained because of a 401 was refused on its first use.
    pub(crate) fn futile_everywhere(&mut self, now: Moment) {
        self.storm = self.storm.next(now);
    }

    /// This target refused a renewed token. Its guard outlasts the identity's: if other targets accept the token, this 401 has
    /// another cause, and each call would cost a login.
    pub(crate) fn futile_at(&mut self, target: u64, now: Moment) {
        let before = self
            .targets
            .iter()
            .position(|(other, _)| *other == target)
            .map(|index| self.targets.remove(index).1);
        if self.targets.len() >= TARGETS_MAX {
            self.targets.remove(0);
        }
        self.targets
            .push((target, before.unwrap_or_default().next(now)));
    }

    /// An API accepted a token again. The guards of single targets stay.
    pub(crate) fn calm(&mut self) {
        self.storm = Storm::default();
    }

    pub(crate) fn stormy(&self) -> bool {
        self.storm.streak > 0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Clearance, Health};
    use crate::clock::Moment;
    use crate::error::{Error, ErrorKind};

    fn at(secs: u64) -> Moment {
        Moment::default().plus(Duration::from_secs(secs))
    }

    #[test]
    fn breaker_holds_for_its_pause_and_a_success_closes_it() {
        let mut health = Health::default();
        let rejected = Error::new(ErrorKind::CredentialsRejected, "no");
        assert_eq!(
            health.failed(&rejected, at(0), 0.5),
            Duration::from_secs(60)
        );
        assert!(
            matches!(health.clearance(at(59)), Clearance::No(wait, _) if wait == Duration::from_secs(1))
        );
        assert!(matches!(health.clearance(at(60)), Clearance::Go));
        assert_eq!(
            health.failed(&rejected, at(60), 0.5),
            Duration::from_secs(600)
        );
        health.succeeded();
        assert!(matches!(health.clearance(at(61)), Clearance::Go));
    }

    #[test]
    fn a_lock_with_a_stated_end_is_waited_for() {
        for (asked, pause) in [(900, 900), (7, 60), (7_200, 3_600)] {
            let mut health = Health::default();
            let locked = Error::new(ErrorKind::LockedOut, "locked")
                .with_retry_after(Duration::from_secs(asked));
            assert_eq!(
                health.failed(&locked, at(0), 0.5),
                Duration::from_secs(pause)
            );
            assert!(health.locked_out(at(pause - 1)) && !health.locked_out(at(pause)));
        }
    }

    #[test]
    fn a_stepped_wall_clock_does_not_shorten_a_pause() {
        let mut health = Health::default();
        health.failed(
            &Error::new(ErrorKind::CredentialsRejected, "no"),
            at(0),
            0.5,
        );
        let stepped = Moment {
            boot: Duration::from_secs(1),
            wall: Duration::from_secs(100_000),
        };
        assert!(health.locked_out(stepped));
    }

    #[test]
    fn what_protects_an_account_outlasts_its_clients() {
        let failed = |error: Error| {
            let mut health = Health::default();
            health.failed(&error, at(0), 1.0);
            health
        };
        let rejected = failed(Error::new(ErrorKind::CredentialsRejected, "no"));
        assert!(rejected.troubled(at(60 + 3_599)) && !rejected.troubled(at(60 + 3_600)));
        let limited = Error::new(ErrorKind::RateLimited, "slowly");
        assert!(!failed(limited.clone()).troubled(at(0)));
        let limited = failed(limited.with_retry_after(Duration::from_secs(20)));
        assert!(limited.troubled(at(19)) && !limited.troubled(at(20)));
        assert!(!failed(Error::new(ErrorKind::Tls, "unknown CA")).troubled(at(0)));
        let mut refused = Health::default();
        refused.futile_at(7, at(0));
        assert!(refused.troubled(at(29)) && !refused.troubled(at(30)));
        let mut well = rejected.clone();
        well.succeeded();
        assert!(!well.troubled(at(0)) && !Health::default().troubled(at(0)));
    }

    #[test]
    fn storm_of_one_target_leaves_the_others_alone() {
        let mut health = Health::default();
        health.futile_at(7, at(0));
        assert!(health.storm(7, at(29)) && !health.storm(8, at(29)) && !health.storm(7, at(30)));
        health.futile_at(7, at(30));
        assert!(health.storm(7, at(89)));
    }

    #[test]
    fn a_pause_after_a_failure_is_waited_out_by_callers_with_more_time_than_it() {
        let mut health = Health::default();
        let secs = Duration::from_secs;
        let down = Error::new(ErrorKind::Unreachable, "down").with_retry_after(secs(5));
        health.failed(&down, at(0), 0.5);
        assert_eq!(
            health.clearance(at(0)).pause_within(secs(6)).unwrap(),
            secs(5)
        );
        let error = health.clearance(at(0)).pause_within(secs(5)).unwrap_err();
        assert_eq!(error.retry_after(), Some(secs(5)));
        assert_eq!(
            (health.next_try_in(at(1)), health.next_try_in(at(5))),
            (Some(secs(4)), None)
        );
    }

    #[test]
    fn storm_of_all_targets_ends_when_an_api_takes_a_token() {
        let mut health = Health::default();
        health.futile_everywhere(at(0));
        assert!(health.stormy() && health.storm(7, at(29)));
        health.calm();
        assert!(!health.stormy() && !health.storm(7, at(29)));
    }

    #[test]
    fn targets_are_bounded() {
        let mut health = Health::default();
        for target in 0..1_000 {
            health.futile_at(target, at(0));
        }
        assert_eq!(health.targets.len(), super::TARGETS_MAX);
    }
}
