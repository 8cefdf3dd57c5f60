//! The server that every client is measured against: an API behind a bearer token, and its token endpoint, on loopback.
//!
//! One thread and no framework, so that the client is what is measured. It prints `{"port":N}` and lives until its
//! standard input ends. Routes:
//!
//! | route | what it does |
//! |---|---|
//! | `POST` anything that ends in `/token` | a new token; counted |
//! | `GET /control/set?life=&token_ms=&gate=&spread_ms=&hold=` | sets what is named; see [`Settings`] |
//! | `GET /control/revoke` | every token made so far is dead |
//! | `GET /control/counts` | the counts since the last `set`, as JSON |
//! | `GET /…/openid-configuration`, `/…/discovery/instance` | what some clients ask for first |
//! | anything else | 200 with a small JSON document, or 401 without a living token |

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{LocalSet, spawn_local};

use crate::authority::Authority;
use crate::http::{Parsed, parse};

mod authority;
mod http;
mod routes;

/// Room for every caller of a herd: a connection that finds none is tried again after a second.
const BACKLOG: u32 = 4096;

/// What all connections share; one thread, so a cell is enough.
type Shared = Rc<RefCell<Authority>>;

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(LocalSet::new().run_until(serve()))
}

async fn serve() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener = socket.listen(BACKLOG)?;
    println!("{{\"port\":{}}}", listener.local_addr()?.port());
    let shared = Shared::default();
    tokio::select! {
        outcome = accept(&listener, &shared) => outcome,
        () = until_input_ends() => Ok(()),
    }
}

async fn accept(listener: &TcpListener, shared: &Shared) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let shared = Rc::clone(shared);
        spawn_local(async move {
            // A client that hangs up in the middle ends its connection, nothing else.
            let _ = converse(stream, &shared).await;
        });
    }
}

async fn until_input_ends() {
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 64];
    while matches!(input.read(&mut ignored).await, Ok(length) if length > 0) {}
}

/// One connection: requests one after another until the client closes it.
async fn converse(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut input = Vec::with_capacity(4096);
    let mut output = Vec::with_capacity(1024);
    loop {
        let consumed = match parse(&input) {
            Parsed::Request(request) => {
                output.clear();
                routes::answer(&request, shared, &mut output).await;
                request.length
            }
            Parsed::Partial => {
                if stream.read_buf(&mut input).await? == 0 {
                    return Ok(());
                }
                continue;
            }
            Parsed::Malformed => return Ok(()),
        };
        input.drain(..consumed);
        send(&mut stream, &output).await?;
    }
}

/// Tries to write at once: the socket's buffer is nearly always empty, so there is nothing to wait for.
async fn send(stream: &mut TcpStream, mut rest: &[u8]) -> io::Result<()> {
    while !rest.is_empty() {
        match stream.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
