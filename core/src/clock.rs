//! Port: time. The only file that reads a clock.

use std::time::Duration;

pub(crate) use tokio::time::Instant;

/// A point in time on two clocks.
///
/// The boot clock includes suspend and never steps; the wall clock may step. For an age the larger answer counts: neither
/// a suspended laptop nor a clock that was set back can make a token look younger than it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Moment {
    /// Since boot, suspend included.
    pub boot: Duration,
    /// Since 1970-01-01 UTC on this machine's wall clock.
    pub wall: Duration,
}

impl Moment {
    /// How long ago `earlier` was: the larger of the two clocks' answers.
    pub fn since(self, earlier: Self) -> Duration {
        self.boot
            .saturating_sub(earlier.boot)
            .max(self.wall.saturating_sub(earlier.wall))
    }

    /// The moment `by` later on both clocks.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self {
            boot: self.boot.saturating_add(by),
            wall: self.wall.saturating_add(by),
        }
    }

    /// How long until `later` on the boot clock: a stepped wall clock must not prolong a pause.
    pub fn until(self, later: Self) -> Duration {
        later.boot.saturating_sub(self.boot)
    }

    /// Whole seconds since 1970 on the wall clock.
    pub fn wall_secs(self) -> i64 {
        i64::try_from(self.wall.as_secs()).unwrap_or(i64::MAX)
    }
}

/// Reads the time; tests put a fake in its place.
pub trait Clock: Send + Sync {
    /// Now, exactly.
    fn now(&self) -> Moment;

    /// The present on clocks that cost a few nanoseconds to read and may lag by some milliseconds. Their origin differs from
    /// that of [`Clock::now`], so coarse moments must only be compared with coarse moments. This boot clock may stand still
    /// during suspend; the wall clock does not, and the larger age counts.
    fn coarse(&self) -> Moment {
        Moment {
            boot: self.coarse_boot(),
            wall: self.coarse_wall(),
        }
    }

    /// One half of [`Clock::coarse`].
    fn coarse_boot(&self) -> Duration {
        self.now().boot
    }

    /// The other half.
    fn coarse_wall(&self) -> Duration {
        self.now().wall
    }
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The present on the clock of the runtime's timers.
#[allow(clippy::disallowed_methods)]
pub(crate) fn timers_now() -> Instant {
    Instant::now()
}

/// The instant `left` from now on that clock; `None` if it is too far away for a timer.
pub(crate) fn timers_in(left: Duration) -> Option<Instant> {
    timers_now().checked_add(left)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use std::time::Duration;

    use super::{Clock, Moment, SystemClock};

    // Called directly and not through a safe wrapper: wrappers return both fields in one piece, which costs a third of the
    // whole check of a fresh header.
    #[allow(unsafe_code)]
    fn read(clock: libc::clockid_t) -> Duration {
        let mut time = std::mem::MaybeUninit::<libc::timespec>::zeroed();
        // SAFETY: the pointer is good for a write of one timespec.
        let failed = unsafe { libc::clock_gettime(clock, time.as_mut_ptr()) } != 0;
        // Cannot happen on a supported kernel. A zero makes tokens look old, which is safe.
        if failed {
            return Duration::ZERO;
        }
        // Field by field: reading both at once waits for the two writes to arrive in the cache, 3 ns each time.
        // SAFETY: zeroed and then written; both fields are plain numbers.
        let (secs, nanos) = unsafe { ((*time.as_ptr()).tv_sec, (*time.as_ptr()).tv_nsec) };
        Duration::new(
            u64::try_from(secs).unwrap_or(0),
            u32::try_from(nanos).unwrap_or(0),
        )
    }

    impl Clock for SystemClock {
        fn now(&self) -> Moment {
            Moment {
                boot: read(libc::CLOCK_BOOTTIME),
                wall: read(libc::CLOCK_REALTIME),
            }
        }

        // The exact clocks cost about 21 ns each, the coarse ones 3 ns (they skip the cycle counter).
        fn coarse_boot(&self) -> Duration {
            read(libc::CLOCK_MONOTONIC_COARSE)
        }

        fn coarse_wall(&self) -> Duration {
            read(libc::CLOCK_REALTIME_COARSE)
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use std::sync::LazyLock;
    use std::time::{Instant, SystemTime};

    use super::{Clock, Moment, SystemClock};

    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

    impl Clock for SystemClock {
        #[allow(clippy::disallowed_methods)]
        fn now(&self) -> Moment {
            Moment {
                boot: ORIGIN.elapsed(),
                wall: SystemTime::now()
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap_or_default(),
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod fake {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::{Clock, Moment};

    /// A clock that stands still until told otherwise.
    #[derive(Debug)]
    pub(crate) struct FakeClock(Mutex<Moment>);

    impl FakeClock {
        pub(crate) fn at_wall_secs(secs: u64) -> Self {
            Self(Mutex::new(Moment {
                boot: Duration::from_secs(1_000),
                wall: Duration::from_secs(secs),
            }))
        }

        /// Both clocks move.
        pub(crate) fn advance(&self, by: Duration) {
            let mut now = self.0.lock().unwrap();
            *now = now.plus(by);
        }

        /// Only the wall clock is set.
        pub(crate) fn set_wall_secs(&self, secs: u64) {
            self.0.lock().unwrap().wall = Duration::from_secs(secs);
        }
    }

    impl Clock for FakeClock {
        fn now(&self) -> Moment {
            *self.0.lock().unwrap()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Clock, Moment, SystemClock};

    fn at(boot: u64, wall: u64) -> Moment {
        Moment {
            boot: Duration::from_secs(boot),
            wall: Duration::from_secs(wall),
        }
    }

    #[test]
    fn the_clock_that_says_older_wins() {
        for (now, earlier, secs, why) in [
            (at(110, 1_010), at(100, 1_000), 10, "both agree"),
            (at(110, 500), at(100, 1_000), 10, "wall set back"),
            (at(100, 4_600), at(100, 1_000), 3_600, "wall went on"),
            (at(90, 900), at(100, 1_000), 0, "never negative"),
        ] {
            assert_eq!(now.since(earlier), Duration::from_secs(secs), "{why}");
        }
    }

    #[test]
    fn the_system_clock_moves_forward() {
        let (a, b) = (SystemClock.now(), SystemClock.now());
        assert!(b.boot >= a.boot && a.wall > Duration::from_secs(1_700_000_000));
        assert!(SystemClock.coarse().wall > Duration::from_secs(1_700_000_000));
    }
}
