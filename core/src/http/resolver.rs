//! Name resolution by the operating system.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{LazyLock, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use tokio::task::spawn_blocking;

use crate::fork::PerProcess;

type Lookup = BoxFuture<'static, Outcome>;
type Outcome = Result<Vec<SocketAddr>, Unresolved>;
type Lookups = HashMap<Name, WeakShared<Lookup>>;

/// The lookups under way. Callers who ask for the same name meanwhile share one, because the system does only a few at a time:
/// a thousand connections at once would wait for one another's lookups.
static UNDER_WAY: LazyLock<PerProcess<Mutex<Lookups>>> =
    LazyLock::new(|| PerProcess::new(Mutex::default));

#[derive(Clone, PartialEq, Eq, Hash)]
struct Name {
    host: String,
    port: u16,
}

/// The name could not be resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unresolved;

/// The addresses of `host`, which may be an address itself, in the order in which they should be tried (RFC 6724). There is
/// at least one.
pub(super) async fn resolve(host: &str, port: u16) -> Outcome {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let host = host.to_owned();
    shared(&Name { host, port }).await
}

fn shared(name: &Name) -> Shared<Lookup> {
    let under_way = UNDER_WAY.get();
    let mut under_way = under_way.lock().unwrap_or_else(PoisonError::into_inner);
    let known = under_way.get(name).and_then(WeakShared::upgrade);
    if let Some(known) = known.filter(|lookup| lookup.peek().is_none()) {
        return known;
    }
    under_way.retain(|_, lookup| lookup.upgrade().is_some());
    let lookup = look_up(name.clone()).boxed().shared();
    // `None` only after its end.
    if let Some(weak) = lookup.downgrade() {
        under_way.insert(name.clone(), weak);
    }
    lookup
}

async fn look_up(Name { host, port }: Name) -> Outcome {
    let found = spawn_blocking(move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    match found.await {
        Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
        // It has no address, or the runtime has ended.
        _ => Err(Unresolved),
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, Unresolved, resolve, shared};

    /// Each test has a port of its own, so that none shares a lookup with another.
    fn name(host: &str, port: u16) -> Name {
        let host = host.to_owned();
        Name { host, port }
    }

    #[tokio::test]
    async fn an_address_stands_for_itself_and_a_name_for_its_addresses() {
        for (host, expected) in [
            ("192.0.2.7", Ok("192.0.2.7:81")),
            ("2001:db8::7", Ok("[2001:db8::7]:81")),
            ("nowhere.invalid", Err(Unresolved)),
        ] {
            let found = resolve(host, 81).await;
            let found = found.map(|addresses| addresses.iter().map(ToString::to_string).collect());
            assert_eq!(found, expected.map(|address| vec![address.to_owned()]));
        }
        let found = resolve("localhost", 81).await.unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback()));
    }

    #[tokio::test]
    async fn callers_share_a_lookup_while_it_is_under_way() {
        let (one, other) = (name("localhost", 82), name("localhost", 83));
        let (first, second) = (shared(&one), shared(&one));
        assert!(first.ptr_eq(&second));
        assert!(!first.ptr_eq(&shared(&other)));
        assert_eq!(first.await, second.clone().await);
        assert!(!second.ptr_eq(&shared(&one)));
    }
}
