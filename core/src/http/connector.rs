//! Makes connections: directly or through a proxy, with TLS for `https`.

use std::io;
use std::sync::Arc;
#[cfg(unix)]
use std::sync::OnceLock;
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, Ready, ready};
use http::Uri;
use http::header::{HeaderMap, PROXY_AUTHORIZATION, USER_AGENT};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpSocket;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::connect::HttpSettings;
use super::dial::dial;
use super::explain::{
    bare_host, explain_proxy, explain_tls, no_connection_in_time, no_tunnel_in_time,
};
use super::keep_reading::{Established, KeepReading};
use super::proxy::{Proxies, default_port, is_https, with_port};
#[cfg(unix)]
use super::socket::Socket;
use super::stream::{Io, Stream};
use super::tls::Tls;
use crate::error::{Error, ErrorKind, Result};

/// Makes the connections of one client.
#[derive(Clone)]
pub(super) struct Connector {
    settings: Arc<HttpSettings>,
    proxies: Arc<Proxies>,
    tls: Arc<Tls>,
    /// Receives the socket of a connection that its caller drives.
    #[cfg(unix)]
    for_caller: Option<Arc<OnceLock<Socket>>>,
    /// Of the connection that is being made.
    established: Established,
}

impl Connector {
    pub(super) fn new(settings: Arc<HttpSettings>, proxies: Arc<Proxies>, tls: Arc<Tls>) -> Self {
        Self {
            settings,
            proxies,
            tls,
            #[cfg(unix)]
            for_caller: None,
            established: Established::default(),
        }
    }

    /// A connection that the caller drives, within the connect timeout.
    #[cfg(unix)]
    pub(super) async fn connect_for_caller(&self, to: &Uri) -> Result<(Stream, Socket)> {
        let place = Arc::<OnceLock<Socket>>::default();
        let mut connector = self.clone();
        connector.for_caller = Some(Arc::clone(&place));
        let stream = connector.call(to.clone()).await?.into_inner();
        let socket = place.get().cloned();
        let lost = || {
            Error::new(
                ErrorKind::Internal,
                "a connection was made without a socket",
            )
        };
        Ok((stream, socket.ok_or_else(lost)?))
    }

    async fn connect(&self, to: &Uri) -> Result<Stream> {
        let Some(proxy) = self.proxies.intercept(to) else {
            let tcp = self.tcp(to).await?;
            return self.secured(to, tcp, Alpn::Http).await;
        };
        match proxy.uri().scheme_str() {
            Some("http" | "https") if is_https(to) => self.through_tunnel(to, &proxy).await,
            Some("http" | "https") => {
                let stream = self.proxy_connection(proxy.uri()).await?;
                Ok(stream.with_forwarding_proxy())
            }
            Some("socks5" | "socks5h") => self.through_socks(to, &proxy).await,
            _ => Err(Error::config("proxy", super::proxy::SCHEMES)),
        }
    }

    /// The error of a connection that took longer than the connect timeout.
    fn too_slow(&self, to: &Uri) -> Error {
        match self.proxies.intercept(to) {
            Some(proxy) => no_tunnel_in_time(bare_host(to), bare_host(proxy.uri())),
            None => no_connection_in_time(bare_host(to)),
        }
    }

    async fn tcp(&self, to: &Uri) -> Result<Box<dyn Io>> {
        let (host, patience) = (bare_host(to), self.settings.connect_timeout);
        let port = to.port_u16().unwrap_or_else(|| default_port(to));
        let established = self.established.clone();
        #[cfg(unix)]
        if let Some(place) = &self.for_caller {
            let socket = dial(host, port, patience, Socket::connect).await?;
            let socket = place.get_or_init(|| socket).clone();
            return Ok(Box::new(KeepReading::new(socket, established)));
        }
        let tcp = dial(host, port, patience, |socket, address| {
            TcpSocket::from_std_stream(socket.into()).connect(address)
        });
        Ok(Box::new(KeepReading::new(tcp.await?, established)))
    }

    /// A connection to the proxy itself. Over TLS it negotiates no protocol, because `CONNECT` is sent in HTTP/1.1 here.
    async fn proxy_connection(&self, proxy: &Uri) -> Result<Stream> {
        let tcp = self.tcp(proxy).await?;
        self.secured(proxy, tcp, Alpn::None).await
    }

    /// A connection through a `CONNECT` tunnel (RFC 9110 §9.3.6).
    async fn through_tunnel(&self, to: &Uri, proxy: &Intercept) -> Result<Stream> {
        let agent = self.settings.agent()?;
        let mut headers = HeaderMap::from_iter([(USER_AGENT, agent)]);
        if let Some(credentials) = proxy.basic_auth() {
            headers.insert(PROXY_AUTHORIZATION, credentials.clone());
        }
        let inner = self.proxy_connection(proxy.uri()).await?;
        let mut tunnel =
            Tunnel::new(proxy.uri().clone(), ToProxy(Some(inner))).with_headers(headers);
        let tunnelled = tunnel.call(to.clone()).await;
        let stream = tunnelled.map_err(|error| explain_proxy(&error, proxy.uri()))?;
        self.secured(to, Box::new(stream.into_inner()), Alpn::Http)
            .await
    }

    /// A connection through a SOCKS5 proxy (RFC 1928), which resolves the name, so that no DNS query leaves this machine.
    async fn through_socks(&self, to: &Uri, proxy: &Intercept) -> Result<Stream> {
        let at = with_port(proxy.uri(), 1080);
        let inner = self.proxy_connection(&at).await?;
        let mut socks = SocksV5::new(at, ToProxy(Some(inner)));
        if let Some((user, password)) = proxy.raw_auth() {
            socks = socks.with_auth(user.to_owned(), password.to_owned());
        }
        let tunnelled = socks.call(with_port(to, default_port(to))).await;
        let stream = tunnelled.map_err(|error| explain_proxy(&error, proxy.uri()))?;
        self.secured(to, Box::new(stream.into_inner()), Alpn::Http)
            .await
    }

    /// Adds TLS if `to` is `https`.
    async fn secured(&self, to: &Uri, io: Box<dyn Io>, alpn: Alpn) -> Result<Stream> {
        if !is_https(to) {
            return Ok(Stream::new(io));
        }
        let host = bare_host(to);
        let mut config = self.tls.config(&self.settings).await?;
        if matches!(alpn, Alpn::None) {
            Arc::make_mut(&mut config).alpn_protocols.clear();
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            Error::new(
                ErrorKind::Tls,
                format!("{host} is no name that a certificate can carry"),
            )
        })?;
        let tls = TlsConnector::from(config)
            .connect(name, io)
            .await
            .map_err(|error| explain_tls(&error, host))?;
        let is_h2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        let stream = Stream::new(Box::new(tls));
        Ok(if is_h2 { stream.with_h2() } else { stream })
    }
}

/// Which protocols are offered in the TLS handshake (RFC 7301).
enum Alpn {
    Http,
    None,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<TokioIo<Stream>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let mut connector = self.clone();
        connector.established = Established::default();
        Box::pin(async move {
            let patience = connector.settings.connect_timeout;
            let connected = timeout(patience, connector.connect(&to)).await;
            let stream = connected.unwrap_or_else(|_| Err(connector.too_slow(&to)))?;
            connector.established.set();
            Ok(TokioIo::new(stream))
        })
    }
}

/// Hands over the connection to the proxy. It is made before, so that the error, if there is one, is ours.
struct ToProxy(Option<Stream>);

impl Service<Uri> for ToProxy {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Ready<io::Result<TokioIo<Stream>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let handed_over = || io::Error::other("there is one connection to the proxy");
        ready(self.0.take().map(TokioIo::new).ok_or_else(handed_over))
    }
}
