//! Accepts connections and reads requests from them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::exchange;
use crate::http::{Connection, Listener, ReadError, Stream};
use crate::loopback::Loopback;
use crate::settings::Settings;
use crate::state::{Addresses, Shared};
use crate::tls::Authority;
use crate::wire;

/// The bound sockets, before anyone is served.
pub(crate) struct Bound {
    plain: TcpListener,
    foreign: TcpListener,
    tls: Option<(TcpListener, TlsAcceptor)>,
    pub(crate) addresses: Addresses,
}

impl Bound {
    /// Binds what the settings ask for; must be called inside a runtime.
    pub(crate) fn new(settings: &Settings) -> io::Result<Self> {
        let (plain, plain_at) = Loopback::port(settings.port).listen()?;
        let (foreign, foreign_at) = Loopback::port(settings.foreign_port).listen()?;
        let mut addresses = Addresses {
            url: plain_at.url("http"),
            foreign_url: foreign_at.url("http"),
            ..Addresses::default()
        };
        let mut tls = None;
        if settings.https {
            let authority = Authority::new(settings.client_cert)?;
            let (listener, at) = Loopback::port(settings.https_port).listen()?;
            addresses.https_url = Some(at.url("https"));
            addresses.ca_pem = Some(authority.ca_pem);
            addresses.client_cert_pem = Some(authority.client_cert_pem);
            addresses.client_key_pem = Some(authority.client_key_pem);
            tls = Some((listener, authority.acceptor));
        }
        Ok(Self {
            plain,
            foreign,
            tls,
            addresses,
        })
    }

    /// Serves in the background of the current runtime, until that ends.
    pub(crate) fn serve(self, shared: &Arc<Shared>) {
        tokio::spawn(accept(self.plain, Listener::Http, None, Arc::clone(shared)));
        tokio::spawn(accept(
            self.foreign,
            Listener::Foreign,
            None,
            Arc::clone(shared),
        ));
        if let Some((listener, acceptor)) = self.tls {
            tokio::spawn(accept(
                listener,
                Listener::Https,
                Some(acceptor),
                Arc::clone(shared),
            ));
        }
    }
}

async fn accept(
    listener: TcpListener,
    kind: Listener,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Without it, Nagle's algorithm could delay a response by 40 ms.
                let _ = stream.set_nodelay(true);
                shared.lock().counts.connections += 1;
                tokio::spawn(serve(stream, kind, tls.clone(), Arc::clone(&shared)));
            }
            // No file descriptors are left, or the client closed at once. The loop must neither end nor spin.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

async fn serve(stream: TcpStream, kind: Listener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let stream = match tls {
        None => Stream::Plain(stream),
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => Stream::Tls(Box::new(stream)),
            // The client has received a TLS alert.
            Err(_) => return,
        },
    };
    let mut connection = Connection::new(stream, kind);
    loop {
        let request = match connection.read_request().await {
            Ok(Some(request)) => request,
            Ok(None) | Err(ReadError::Gone) => return,
            Err(ReadError::Refused(status)) => {
                return wire::refuse(&shared, connection, status).await;
            }
        };
        match exchange::handle(&shared, connection, request).await {
            Some(kept) => connection = kept,
            None => return,
        }
    }
}
