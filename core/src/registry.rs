//! The keepers of this process, by identity: ten clients with equal credentials are one token.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, LazyLock};

use crate::clock::SystemClock;
use crate::flow::Flow;
use crate::keeper::Keeper;
use crate::secret::Secret;
use crate::weak_map::WeakMap;

static KEEPERS: WeakMap<u128, Keeper> = WeakMap::new();
// Keyed per process, so that an identity's hash tells nothing about its secrets to whoever sees it.
static KEYS: LazyLock<(RandomState, RandomState)> =
    LazyLock::new(|| (RandomState::new(), RandomState::new()));

/// The keeper of this flow's identity; made if no client of the identity is alive.
pub(crate) fn keeper(flow: Flow) -> Arc<Keeper> {
    let key = key(&flow);
    KEEPERS.get_or(&key, Arc::new(Keeper::new(flow, Arc::new(SystemClock))))
}

fn key(flow: &Flow) -> u128 {
    let half = |state: &RandomState| {
        let mut hasher = state.build_hasher();
        for part in std::iter::once(flow.name()).chain(flow.identity().iter().map(Secret::expose)) {
            hasher.write_usize(part.len());
            hasher.write(part.as_bytes());
        }
        u128::from(hasher.finish())
    };
    (half(&KEYS.0) << 64) | half(&KEYS.1)
}
