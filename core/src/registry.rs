//! The keepers of this process, by identity: ten clients with the same credentials share one token.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwapOption;

use crate::clock::{Moment, SystemClock};
use crate::flow::Flow;
use crate::health::Health;
use crate::keeper::Keeper;
use crate::secret::Secret;
use crate::weak_map::WeakMap;

static KEEPERS: WeakMap<Key, Keeper> = WeakMap::new();
// Keyed per process, so that an identity's hash tells nothing about its secrets to whoever sees it.
static KEYS: LazyLock<(RandomState, RandomState)> =
    LazyLock::new(|| (RandomState::new(), RandomState::new()));

/// The failures of identities whose last client was dropped. They contain no secret and outlive their keepers: a program that
/// makes a client for each call must not send a wrong password each time.
static TROUBLES: ArcSwapOption<Troubles> = ArcSwapOption::const_empty();
/// Far more identities than those of a program that fail within an hour.
const TROUBLES_MAX: usize = 1_000;

type Troubles = HashMap<Key, Arc<Health>>;

/// A hash of an identity that reveals nothing about it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(u128);

/// The keeper of this flow's identity. A new one is made if no client of the identity exists.
pub(crate) fn keeper(flow: Flow) -> Arc<Keeper> {
    let key = key(&flow);
    let fresh = Keeper::known(flow, Arc::new(SystemClock), key, troubles_of(key));
    KEEPERS.get_or(&key, Arc::new(fresh))
}

/// Records the health of an identity whose keeper is dropped.
pub(crate) fn remember(key: Key, health: &Arc<Health>, now: Moment) {
    let lasting = health.troubled(now);
    if !lasting && troubles_of(key).is_none() {
        return;
    }
    TROUBLES.rcu(|troubles| {
        let mut troubles = others(troubles.as_deref(), key, now);
        if lasting && troubles.len() < TROUBLES_MAX {
            troubles.insert(key, Arc::clone(health));
        }
        Some(Arc::new(troubles))
    });
}

fn troubles_of(key: Key) -> Option<Arc<Health>> {
    TROUBLES.load().as_ref()?.get(&key).cloned()
}

/// The records of other identities that still matter.
fn others(troubles: Option<&Troubles>, key: Key, now: Moment) -> Troubles {
    let all = troubles.into_iter().flatten();
    all.filter(|(other, health)| **other != key && health.troubled(now))
        .map(|(key, health)| (*key, Arc::clone(health)))
        .collect()
}

fn key(flow: &Flow) -> Key {
    let half = |state: &RandomState| {
        let mut hasher = state.build_hasher();
        for part in std::iter::once(flow.name()).chain(flow.identity().iter().map(Secret::expose)) {
            hasher.write_usize(part.len());
            hasher.write(part.as_bytes());
        }
        u128::from(hasher.finish())
    };
    Key((half(&KEYS.0) << 64) | half(&KEYS.1))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{Key, keeper, others};
    use crate::clock::{Clock, Moment, SystemClock};
    use crate::error::{Error, ErrorKind};
    use crate::flow::{Flow, IntoFlow, Pismo};
    use crate::health::Health;

    fn flow(secret: &str) -> Flow {
        let base = "https://api.example/".parse().expect("a URL");
        Pismo::new("key", secret)
            .into_flow(Some(&base))
            .expect("a flow")
    }

    fn reject(secret: &str) {
        let keeper = keeper(flow(secret));
        let now = keeper.clock.now();
        let error = Error::new(ErrorKind::CredentialsRejected, "no");
        keeper.change_health(|health| health.failed(&error, now, 0.5));
    }

    #[test]
    fn a_rejection_is_known_to_the_next_client_and_a_success_forgets_it() {
        reject("registry-1");
        let now = SystemClock.now();
        let next = keeper(flow("registry-1"));
        assert!(next.health.load().locked_out(now));
        assert!(!keeper(flow("registry-2")).health.load().locked_out(now));
        next.change_health(Health::succeeded);
        drop(next);
        assert!(!keeper(flow("registry-1")).health.load().locked_out(now));
    }

    #[test]
    fn what_a_client_alive_knows_is_newer() {
        reject("registry-3");
        let alive = keeper(flow("registry-3"));
        alive.reset();
        drop(keeper(flow("registry-3")));
        assert!(
            !keeper(flow("registry-3"))
                .health
                .load()
                .locked_out(SystemClock.now())
        );
        drop(alive);
        assert!(
            !keeper(flow("registry-3"))
                .health
                .load()
                .locked_out(SystemClock.now())
        );
    }

    #[test]
    fn troubles_that_are_over_are_dropped_with_the_next() {
        let mut rejected = Health::default();
        rejected.failed(
            &Error::new(ErrorKind::CredentialsRejected, "no"),
            Moment::default(),
            0.5,
        );
        let troubles = (0..3)
            .map(|key| (Key(key), Arc::new(rejected.clone())))
            .collect();
        let soon = Moment::default().plus(Duration::from_secs(60));
        assert_eq!(others(Some(&troubles), Key(1), soon).len(), 2);
        let later = soon.plus(Duration::from_secs(3_600));
        assert_eq!(others(Some(&troubles), Key(9), later).len(), 0);
    }
}
