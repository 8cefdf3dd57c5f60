//! Values shared for as long as somebody holds one, by key.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, LazyLock, Weak};

use arc_swap::ArcSwap;

/// Copied on write and without a lock, because a forked child must be able to use it. For the handful
/// of keys a process has.
pub(crate) struct WeakMap<K, V>(LazyLock<ArcSwap<HashMap<K, Weak<V>>>>);

impl<K: Eq + Hash + Clone, V> WeakMap<K, V> {
    pub(crate) const fn new() -> Self {
        Self(LazyLock::new(ArcSwap::default))
    }

    /// The value of this key that is still held by somebody, else `fresh`.
    pub(crate) fn get_or(&self, key: &K, fresh: Arc<V>) -> Arc<V> {
        let mut found = None;
        self.0.rcu(|values| {
            found = values.get(key).and_then(Weak::upgrade);
            if found.is_some() {
                return Arc::clone(values);
            }
            let held = values.iter().filter(|(_, value)| value.strong_count() > 0);
            let mut held: HashMap<K, Weak<V>> = held
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
}
