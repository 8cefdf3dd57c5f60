//! Opens TCP connections.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use super::explain::{explain_connect, unresolved};
use super::resolver::{Unresolved, resolve};
use crate::error::Result;
use crate::runtime::sleep;

/// How long the addresses of the preferred family are tried before those of the other one are tried beside them (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);
/// How often a silent connection is probed, so that a dead peer is noticed and middleboxes keep the connection.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// After so many probes without an answer the connection counts as dead.
const KEEPALIVE_PROBES: u32 = 3;
/// How long sent bytes may stay unacknowledged. The system limits connecting in the same way, so a longer patience counts.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// A connection to `host`, made by `connect` from a non-blocking socket. `patience` is divided among a name's addresses, so that
/// one that does not respond leaves time for the next.
pub(super) async fn dial<T, F>(
    host: &str,
    port: u16,
    patience: Duration,
    connect: impl Fn(Socket, SocketAddr) -> F,
) -> Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let addresses = resolve(host, port).await;
    let addresses = addresses.map_err(|Unresolved| unresolved(host))?;
    let attempt = |address| {
        let connecting = socket(address, patience).map(|socket| connect(socket, address));
        async { connecting?.await }
    };
    let connected = first_of(addresses, patience, attempt).await;
    connected.map_err(|error| explain_connect(&error, host))
}

/// A socket for a connection to `address`, which may take as long as `patience` to connect.
fn socket(address: SocketAddr, patience: Duration) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    // A system without one of these options still connects.
    let _ = socket.set_tcp_nodelay(true);
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE)
        .with_retries(KEEPALIVE_PROBES);
    let _ = socket.set_tcp_keepalive(&keepalive);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED.max(patience)));
    Ok(socket)
}

/// The first connection that is made: the addresses of a family are tried in turn, and both families race (RFC 8305). The error
/// is that of the last attempt that tells something about the server.
async fn first_of<T, F>(
    addresses: Vec<SocketAddr>,
    patience: Duration,
    attempt: impl Fn(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    if let [only] = addresses[..] {
        return attempt(only).await;
    }
    let preferred = addresses[0].is_ipv6();
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == preferred);
    let first = Box::pin(in_turn(first, patience, &attempt));
    if second.is_empty() {
        return first.await;
    }
    let second = Box::pin(in_turn(second, patience, &attempt));
    match select(first, pin!(sleep(HEAD_START))).await {
        Either::Left((Ok(connected), _)) => Ok(connected),
        Either::Left((Err(failed), _)) => after(failed, second.await),
        Either::Right(((), first)) => match select(first, second).await.factor_first() {
            (Ok(connected), _) => Ok(connected),
            (Err(failed), other) => after(failed, other.await),
        },
    }
}

/// The outcome of an attempt after one that failed. A machine without IPv6 tries such addresses last; that there is no route to
/// them must not hide that the server refused the others.
fn after<T>(failed: io::Error, outcome: io::Result<T>) -> io::Result<T> {
    use io::ErrorKind::{ConnectionRefused, ConnectionReset, TimedOut};
    let tells =
        |error: &io::Error| matches!(error.kind(), ConnectionRefused | ConnectionReset | TimedOut);
    outcome.map_err(|error| {
        if tells(&failed) && !tells(&error) {
            failed
        } else {
            error
        }
    })
}

async fn in_turn<T, F>(
    addresses: Vec<SocketAddr>,
    patience: Duration,
    attempt: &impl Fn(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let share = patience / u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        let outcome = match select(pin!(attempt(address)), pin!(sleep(share))).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        match after(failed, outcome) {
            Ok(connected) => return Ok(connected),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::ErrorKind;
    use std::time::Duration;

    use futures_util::FutureExt;
    use tokio::time::{Instant, sleep};

    use super::{KEEPALIVE, KEEPALIVE_PROBES, first_of, socket};

    #[cfg(target_os = "linux")]
    #[test]
    fn a_socket_sends_at_once_and_notices_a_dead_peer() {
        for (address, patience, unacknowledged) in
            [("127.0.0.1:81", 5, 30), ("127.0.0.2:81", 60, 60)]
        {
            let address = address.parse().unwrap();
            let socket = socket(address, Duration::from_secs(patience)).unwrap();
            assert!(socket.nonblocking().unwrap() && socket.tcp_nodelay().unwrap());
            assert!(socket.keepalive().unwrap());
            assert_eq!(socket.tcp_keepalive_time().unwrap(), KEEPALIVE);
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), KEEPALIVE);
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), KEEPALIVE_PROBES);
            let expected = Some(Duration::from_secs(unacknowledged));
            assert_eq!(socket.tcp_user_timeout().unwrap(), expected);
        }
    }

    /// What an address does: connect or fail after so many milliseconds, or stay silent.
    #[derive(Clone, Copy, Debug)]
    enum Does {
        Connect(u64),
        Fail(u64),
        NoRoute(u64),
        Nothing,
    }

    #[tokio::test(start_paused = true)]
    async fn families_race_and_the_addresses_of_one_take_turns() {
        use Does::{Connect, Fail, NoRoute, Nothing};
        let (six, four, other_six, other_four) =
            ("[2001:db8::1]", "192.0.2.1", "[2001:db8::2]", "192.0.2.2");
        for (addresses, expected, attempts, millis) in [
            (vec![(six, Connect(5))], Ok(six), 1, 5),
            (vec![(six, Connect(5)), (four, Connect(1))], Ok(six), 1, 5),
            // The other family begins as soon as the preferred one has failed, or after its head start.
            (vec![(six, Fail(5)), (four, Connect(1))], Ok(four), 2, 6),
            (vec![(six, Nothing), (four, Connect(1))], Ok(four), 2, 251),
            (
                vec![(six, Connect(400)), (four, Connect(500))],
                Ok(six),
                2,
                400,
            ),
            (
                vec![(six, Fail(300)), (four, Connect(90))],
                Ok(four),
                2,
                340,
            ),
            (vec![(six, Connect(310)), (four, Fail(10))], Ok(six), 2, 310),
            // Each address of a family gets its share of the time.
            (
                vec![(four, Nothing), (other_four, Connect(3))],
                Ok(other_four),
                2,
                503,
            ),
            (
                vec![(four, Fail(2)), (other_four, Connect(3))],
                Ok(other_four),
                2,
                5,
            ),
            (
                vec![(six, Fail(1)), (other_six, Fail(1)), (four, Connect(1))],
                Ok(four),
                3,
                3,
            ),
            // The error is the last attempt's.
            (
                vec![(four, Nothing), (other_four, Fail(1))],
                Err(ErrorKind::ConnectionRefused),
                2,
                501,
            ),
            (
                vec![(four, Fail(1)), (other_four, Nothing)],
                Err(ErrorKind::TimedOut),
                2,
                501,
            ),
            (
                vec![(six, Nothing), (four, Nothing)],
                Err(ErrorKind::TimedOut),
                2,
                1250,
            ),
            // Unless it had no route, and another attempt had one.
            (
                vec![(four, Fail(1)), (six, NoRoute(1))],
                Err(ErrorKind::ConnectionRefused),
                2,
                2,
            ),
            (
                vec![(four, Fail(260)), (six, NoRoute(20))],
                Err(ErrorKind::ConnectionRefused),
                2,
                270,
            ),
            (
                vec![(four, Fail(1)), (other_four, NoRoute(1))],
                Err(ErrorKind::ConnectionRefused),
                2,
                2,
            ),
            (
                vec![(six, NoRoute(1)), (four, NoRoute(1))],
                Err(ErrorKind::NetworkUnreachable),
                2,
                2,
            ),
        ] {
            let does: Vec<_> = addresses
                .iter()
                .map(|(host, does)| (format!("{host}:81").parse().unwrap(), *does))
                .collect();
            let tried = Cell::new(0);
            let begun = Instant::now();
            let outcome = first_of(
                does.iter().map(|(address, _)| *address).collect(),
                Duration::from_secs(1),
                |address| {
                    tried.set(tried.get() + 1);
                    let (_, does) = does.iter().find(|(known, _)| *known == address).unwrap();
                    let (millis, outcome) = match *does {
                        Connect(millis) => (millis, Ok(address)),
                        Fail(millis) => (millis, Err(ErrorKind::ConnectionRefused.into())),
                        NoRoute(millis) => (millis, Err(ErrorKind::NetworkUnreachable.into())),
                        Nothing => (u64::MAX, Ok(address)),
                    };
                    sleep(Duration::from_millis(millis)).map(|()| outcome)
                },
            );
            let outcome = outcome.await.map_err(|error| error.kind());
            let expected = expected.map(|host| format!("{host}:81").parse().unwrap());
            assert_eq!(outcome, expected, "{addresses:?}");
            assert_eq!(tried.take(), attempts, "{addresses:?}");
            let took = begun.elapsed().as_millis();
            assert_eq!(took, millis, "{addresses:?}");
        }
    }
}
