//! The only way to a listening socket. It takes a port and no address, so the sandbox cannot listen on other interfaces.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use tokio::net::{TcpListener, TcpSocket};

/// Enough for the test in which ten thousand callers connect at once. The system may lower it.
const BACKLOG: u32 = 16_384;

/// A port on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Loopback(u16);

impl Loopback {
    pub(crate) const fn port(port: u16) -> Self {
        Self(port)
    }

    /// Listens; must be called inside a runtime.
    pub(crate) fn listen(self) -> io::Result<(TcpListener, Self)> {
        let socket = TcpSocket::new_v4()?;
        // On Windows this option would let a second process take the port.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::V4(SocketAddrV4::new(
            Ipv4Addr::LOCALHOST,
            self.0,
        )))?;
        let listener = socket.listen(BACKLOG)?;
        let bound = Self(listener.local_addr()?.port());
        Ok((listener, bound))
    }

    pub(crate) fn url(self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.0)
    }
}
