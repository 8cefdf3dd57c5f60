//! A map of shared values that are kept as long as somebody holds them.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, LazyLock, Weak};

use arc_swap::ArcSwap;

/// The map is split, so that a change copies one part only: some programs make thousands of clients, one for each of their
/// customers.
const PARTS: usize = 256;

/// Copied on write instead of locked, because a forked child must be able to use it.
pub(crate) struct WeakMap<K, V>(LazyLock<Parts<K, V>>);

type Part<K, V> = HashMap<K, Weak<V>>;

struct Parts<K, V> {
    hasher: RandomState,
    parts: Box<[ArcSwap<Part<K, V>>]>,
}

impl<K, V> Default for Parts<K, V> {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            parts: (0..PARTS).map(|_| ArcSwap::default()).collect(),
        }
    }
}

impl<K: Eq + Hash + Clone, V> WeakMap<K, V> {
    pub(crate) const fn new() -> Self {
        Self(LazyLock::new(Parts::default))
    }

    /// The value of `key` that somebody still holds, else `fresh`, which is inserted.
    pub(crate) fn get_or(&self, key: &K, fresh: Arc<V>) -> Arc<V> {
        let Parts { hasher, parts } = &*self.0;
        // The remainder is far below what a usize holds.
        #[allow(clippy::cast_possible_truncation)]
        let part = &parts[(hasher.hash_one(key) % PARTS as u64) as usize];
        let mut found = None;
        part.rcu(|values| {
            found = values.get(key).and_then(Weak::upgrade);
            if found.is_some() {
                return Arc::clone(values);
            }
            let held = values.iter().filter(|(_, value)| value.strong_count() > 0);
            let mut held: Part<K, V> = held
                .map(|(key, value)| (key.clone(), Weak::clone(value)))
                .collect();
            held.insert(key.clone(), Arc::downgrade(&fresh));
            Arc::new(held)
        });
        found.unwrap_or(fresh)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::WeakMap;

    #[test]
    fn a_value_is_shared_while_it_is_held_and_made_anew_after() {
        let map = WeakMap::new();
        let first = map.get_or(&"a", Arc::new(1));
        assert_eq!(*map.get_or(&"a", Arc::new(2)), 1);
        assert_eq!(*map.get_or(&"b", Arc::new(3)), 3);
        drop(first);
        assert_eq!(*map.get_or(&"a", Arc::new(4)), 4);
    }

    #[test]
    fn many_values_are_held_apart() {
        let map = WeakMap::new();
        let held: Vec<_> = (0..10_000)
            .map(|key| map.get_or(&key, Arc::new(key)))
            .collect();
        for (key, value) in held.iter().enumerate() {
            let again = map.get_or(&key, Arc::new(usize::MAX));
            assert!(Arc::ptr_eq(value, &again), "{key}");
        }
    }
}
