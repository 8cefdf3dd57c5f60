//! Name resolution by the operating system.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{LazyLock, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::Shared;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::fork::PerProcess;

/// It has no outcome if it did not begin before its runtime ended.
type Lookup = Shared<oneshot::Receiver<Outcome>>;
type Outcome = Result<Vec<SocketAddr>, Unresolved>;

/// The lookups under way, by name. Callers who ask for the same name meanwhile share one, because the system does only a few at
/// a time: a thousand connections at once would wait for one another's lookups. A lookup that nobody waits for any longer is
/// shared as well: it cannot be stopped, and each call that gave up on a slow one would take one more of the few places.
static UNDER_WAY: LazyLock<PerProcess<Mutex<HashMap<String, Lookup>>>> =
    LazyLock::new(|| PerProcess::new(Mutex::default));

/// The name could not be resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unresolved;

/// The addresses of `host`, which may be an address itself, in the order in which they should be tried (RFC 6724). There is
/// at least one.
pub(super) async fn resolve(host: &str, port: u16) -> Outcome {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let mut addresses = loop {
        let (lookup, is_new) = shared(host);
        match lookup.await {
            Ok(outcome) => break outcome?,
            Err(_) if is_new => return Err(Unresolved),
            // It was to run on another caller's runtime.
            Err(_) => {}
        }
    };
    for address in &mut addresses {
        address.set_port(port);
    }
    Ok(addresses)
}

/// The lookup of `host` that is under way, or a new one.
fn shared(host: &str) -> (Lookup, bool) {
    let (outcome, lookup) = oneshot::channel();
    let lookup = lookup.shared();
    if let Some(known) = under_way(|lookups| {
        let known = lookups.get(host).cloned();
        if known.is_none() {
            lookups.insert(host.to_owned(), lookup.clone());
        }
        known
    }) {
        return (known, false);
    }
    let entry = EntryGuard {
        host: host.to_owned(),
    };
    let task = Task { entry, outcome };
    // Not under the lock: a runtime that has ended drops the task here.
    spawn_blocking(|| task.run());
    (lookup, true)
}

fn under_way<T>(act: impl FnOnce(&mut HashMap<String, Lookup>) -> T) -> T {
    let lookups = UNDER_WAY.get();
    act(&mut lookups.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A lookup for the system to do.
struct Task {
    /// Dropped first: who then finds that there is no outcome must not find the entry again.
    entry: EntryGuard,
    outcome: oneshot::Sender<Outcome>,
}

impl Task {
    fn run(self) {
        let Self { entry, outcome } = self;
        let found = (entry.host.as_str(), 0).to_socket_addrs();
        let addresses = found.map(Vec::from_iter).unwrap_or_default();
        drop(entry);
        let found = (!addresses.is_empty()).then_some(addresses);
        let _ = outcome.send(found.ok_or(Unresolved));
    }
}

/// Removes a lookup from those under way.
struct EntryGuard {
    host: String,
}

impl Drop for EntryGuard {
    fn drop(&mut self) {
        under_way(|lookups| lookups.remove(&self.host));
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::pin::pin;
    use std::sync::mpsc;

    use futures_util::FutureExt;
    use tokio::runtime::{Builder, Runtime};
    use tokio::sync::oneshot;

    use super::{EntryGuard, Task, Unresolved, resolve, under_way};

    /// A runtime that begins no lookup before the sender is dropped.
    fn busy_runtime() -> (Runtime, mpsc::Sender<()>) {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        let (gate, held) = mpsc::channel();
        runtime.spawn_blocking(move || held.recv());
        (runtime, gate)
    }

    fn is_under_way(host: &str) -> bool {
        under_way(|lookups| lookups.contains_key(host))
    }

    #[test]
    fn an_address_stands_for_itself_at_once() {
        for (host, expected) in [
            ("192.0.2.7", "192.0.2.7:81"),
            ("2001:db8::7", "[2001:db8::7]:81"),
        ] {
            let found = resolve(host, 81).now_or_never();
            assert_eq!(found, Some(Ok(vec![expected.parse().unwrap()])));
        }
    }

    #[tokio::test]
    async fn a_name_stands_for_its_addresses_if_it_has_any() {
        assert_eq!(resolve("nowhere.invalid", 81).await, Err(Unresolved));
        let found = resolve("localhost", 81).await.unwrap();
        let is_expected = |address: &SocketAddr| address.ip().is_loopback() && address.port() == 81;
        assert!(found.iter().all(is_expected));
    }

    // Each of the following tests writes the name in its own way, so that none shares a lookup with another.

    #[test]
    fn callers_share_a_lookup_while_it_is_under_way_also_one_that_its_caller_gave_up() {
        let (runtime, gate) = busy_runtime();
        runtime.block_on(async {
            assert_eq!(resolve("Localhost", 81).now_or_never(), None);
            let known = || under_way(|lookups| lookups.get("Localhost").cloned()).unwrap();
            let first = known();
            let (mut one, mut other) = (
                pin!(resolve("Localhost", 82)),
                pin!(resolve("Localhost", 83)),
            );
            assert_eq!(one.as_mut().now_or_never(), None);
            assert_eq!(other.as_mut().now_or_never(), None);
            assert!(first.ptr_eq(&known()));
            drop(gate);
            assert!(
                one.await
                    .unwrap()
                    .iter()
                    .all(|address| address.port() == 82)
            );
            assert!(
                other
                    .await
                    .unwrap()
                    .iter()
                    .all(|address| address.port() == 83)
            );
            assert!(!is_under_way("Localhost"));
        });
    }

    #[tokio::test]
    async fn who_shares_a_lookup_that_never_began_starts_another() {
        let (outcome, lookup) = oneshot::channel();
        let host = "LOCALHOST".to_owned();
        under_way(|lookups| lookups.insert(host.clone(), lookup.shared()));
        let entry = EntryGuard { host };
        let task = Task { entry, outcome };
        let mut here = pin!(resolve("LOCALHOST", 81));
        assert_eq!(here.as_mut().now_or_never(), None);
        drop(task);
        assert!(here.await.is_ok());
    }

    #[test]
    fn a_runtime_that_has_ended_looks_nothing_up() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let ended = runtime.handle().clone();
        drop(runtime);
        let _there = ended.enter();
        let found = resolve("localHost", 81).now_or_never();
        assert_eq!(found, Some(Err(Unresolved)));
        assert!(!is_under_way("localHost"));
    }
}
