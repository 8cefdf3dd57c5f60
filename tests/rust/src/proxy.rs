//! A proxy of every kind: it forwards (RFC 9110 §7.6), tunnels (§9.3.6), and speaks SOCKS5 (RFC 1928, RFC 1929).

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A running proxy; it ends with the runtime.
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts one that lets in who brings `credentials` (`user:password` as the kind of proxy writes them),
    /// or everybody.
    ///
    /// # Panics
    /// It cannot listen.
    pub async fn start(credentials: Option<&'static str>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let session = Session {
                    credentials,
                    log: Arc::clone(&log),
                };
                let tls = tls.clone();
                // What a client does to its connection is no failure of the proxy.
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => session.serve(tls.accept(tcp).await?).await,
                        None => session.serve(tcp).await,
                    }
                });
            }
        });
        Self { port, asked }
    }

    /// What it was asked to do since the last call, a line each.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Session {
    credentials: Option<&'static str>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Session {
    fn note(&self, line: String) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(line);
    }

    async fn serve(&self, mut client: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let first = client.read_u8().await?;
        if first == 5 {
            self.socks(client).await
        } else {
            self.http(first, client).await
        }
    }

    async fn http(
        &self,
        first: u8,
        mut client: impl AsyncRead + AsyncWrite + Unpin,
    ) -> io::Result<()> {
        let mut head = vec![first];
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let (line, fields) = head.split_once("\r\n").expect("a request line");
        self.note(line.to_owned());
        let brought = fields.lines().find_map(|field| {
            let (name, value) = field.split_once(": ")?;
            name.eq_ignore_ascii_case("proxy-authorization")
                .then_some(value)
        });
        if self.credentials.is_some() && brought != self.credentials {
            let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            return client.write_all(refusal.as_bytes()).await;
        }
        let mut parts = line.split(' ');
        let (Some(method), Some(target)) = (parts.next(), parts.next()) else {
            return Ok(());
        };
        if method == "CONNECT" {
            let mut server = TcpStream::connect(target).await?;
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            copy_bidirectional(&mut client, &mut server).await?;
            return Ok(());
        }
        let rest = target.strip_prefix("http://").expect("a whole URL");
        let (authority, path) = rest.split_once('/').expect("a path");
        let mut server = TcpStream::connect(authority).await?;
        let forwarded = format!("{method} /{path} HTTP/1.1\r\nconnection: close\r\n{fields}");
        server.write_all(forwarded.as_bytes()).await?;
        copy_bidirectional(&mut client, &mut server).await?;
        Ok(())
    }

    async fn socks(&self, mut client: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let mut methods = vec![0; client.read_u8().await?.into()];
        client.read_exact(&mut methods).await?;
        client
            .write_all(&[5, u8::from(self.credentials.is_some()) * 2])
            .await?;
        if let Some(credentials) = self.credentials {
            client.read_u8().await?;
            let (user, password) = (text(&mut client).await?, text(&mut client).await?);
            let known = format!("{user}:{password}") == credentials;
            client.write_all(&[1, u8::from(!known)]).await?;
        }
        let mut request = [0; 4];
        client.read_exact(&mut request).await?;
        let host = match request[3] {
            1 => {
                let mut address = [0; 4];
                client.read_exact(&mut address).await?;
                std::net::Ipv4Addr::from(address).to_string()
            }
            _ => text(&mut client).await?,
        };
        let port = client.read_u16().await?;
        self.note(format!("SOCKS {host}"));
        let mut server = TcpStream::connect((host, port)).await?;
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        copy_bidirectional(&mut client, &mut server).await?;
        Ok(())
    }
}

/// A text with its length in front.
async fn text(client: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut text = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
