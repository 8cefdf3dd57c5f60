//! The pool of connections that calls drive themselves.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::uri::Authority;
use http::{Request, Response, Uri};

use super::Failure;
use super::body::{Body, ResponseBody};
use super::connect::IDLE_TIMEOUT;
use super::connection::{Connection, Opened};
use super::connector::Connector;
use super::explain::{bare_host, explain, resend};
use crate::clock::{Clock, SystemClock};
use crate::error::Result;

/// A connection that was idle for no longer than this is not checked before a request that can be sent again: the server is
/// unlikely to have closed it, and a check costs a fortieth of a small request.
const BRIEFLY_IDLE: Duration = Duration::from_millis(1);

/// The idle connections of one set of settings.
#[derive(Default)]
pub(super) struct Pool {
    /// In the order in which they were returned.
    idle: Mutex<Vec<Idle>>,
    /// The servers that prefer HTTP/2, for which this pool opens no connections.
    http2: Mutex<Vec<Uri>>,
}

struct Idle {
    connection: Box<Connection>,
    since: Duration,
}

/// A connection whose response is still arriving.
pub(super) struct InUse {
    connection: Box<Connection>,
    pool: Arc<Pool>,
}

impl InUse {
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        self.connection.drive(cx);
    }

    /// Returns the connection to the pool, if it can take another request.
    pub(super) fn release(mut self) {
        // With a waker that does nothing, so that this call is not woken when the next one uses the connection.
        let mut cx = Context::from_waker(Waker::noop());
        if self.connection.is_free(&mut cx) {
            let since = SystemClock.coarse_boot();
            let connection = self.connection;
            lock(&self.pool.idle).push(Idle { connection, since });
        }
    }
}

/// The outcome of sending a request.
pub(super) enum Sent {
    Response(Response<ResponseBody>),
    /// The server prefers HTTP/2; the request was not sent.
    NeedsHttp2(Request<Body>),
}

impl Pool {
    /// Sends `request` and waits for the head of its response.
    pub(super) async fn send(
        self: &Arc<Self>,
        connector: impl Fn() -> Connector,
        mut request: Request<Body>,
        can_be_resent: bool,
    ) -> Result<Sent, Failure> {
        let to = request.uri().clone();
        loop {
            let idle = self.take(&to, can_be_resent).await;
            let was_used = idle.is_some();
            let connection = match idle {
                Some(connection) => Some(connection),
                // Boxed, because it would enlarge the future of every call and most calls find an idle connection.
                None => Box::pin(self.open(&connector, &to)).await?,
            };
            let Some(mut connection) = connection else {
                return Ok(Sent::NeedsHttp2(request));
            };
            let mut failed = match connection.send(request).await {
                Ok(response) => {
                    let pool = Arc::clone(self);
                    let connection = InUse { connection, pool };
                    return Ok(Sent::Response(
                        response.map(|body| ResponseBody::over(connection, body)),
                    ));
                }
                Err(failed) => failed,
            };
            if was_used {
                // A server that has closed one idle connection has probably closed all of them.
                self.close(&to);
            }
            match failed.take_message() {
                // Nothing of the request was sent.
                Some(unsent) if was_used => {
                    request = unsent;
                    *request.uri_mut() = to.clone();
                }
                _ => {
                    let error = failed.into_error();
                    return Err(Failure {
                        error: explain(&error, bare_host(&to)),
                        resend: resend(&error, Some(connection.progress())),
                    });
                }
            }
        }
    }

    /// A new connection; `None` if the server prefers HTTP/2.
    async fn open(
        &self,
        connector: &impl Fn() -> Connector,
        to: &Uri,
    ) -> Result<Option<Box<Connection>>> {
        let is_known = |known: &Uri| is_one_server(known, to);
        if lock(&self.http2).iter().any(is_known) {
            return Ok(None);
        }
        match Connection::open(&connector(), to).await? {
            Opened::Connection(connection) => Ok(Some(connection)),
            Opened::Http2 => {
                let mut http2 = lock(&self.http2);
                // Another call may have found that out meanwhile.
                if !http2.iter().any(is_known) {
                    http2.push(to.clone());
                }
                Ok(None)
            }
        }
    }

    /// An idle connection to `to`, moved to the executor that runs this code; preferably one that is there already. Checks that the
    /// server has not closed it, unless it was idle only briefly and the request can be sent again.
    async fn take(&self, to: &Uri, can_be_resent: bool) -> Option<Box<Connection>> {
        let now = SystemClock.coarse_boot();
        let idle_for = |idle: &Idle| now.saturating_sub(idle.since);
        loop {
            let (expired, found) = {
                let mut all = lock(&self.idle);
                let is_expired = |idle: &&Idle| idle_for(idle) > IDLE_TIMEOUT;
                let expired = all.iter().take_while(is_expired).count();
                let expired: Vec<_> = all.drain(..expired).collect();
                let is_here = |idle: &Idle| idle.leads_to(to) && idle.connection.socket().is_here();
                let here = all.iter().rposition(is_here);
                let found = here.or_else(|| all.iter().rposition(|idle| idle.leads_to(to)));
                (expired, found.map(|at| all.remove(at)))
            };
            close(expired);
            let mut found = found?;
            if found.connection.socket().move_here().is_err() {
                continue;
            }
            if can_be_resent && idle_for(&found) <= BRIEFLY_IDLE
                || poll_fn(|cx| Poll::Ready(found.connection.is_still_free(cx))).await
            {
                return Some(found.connection);
            }
        }
    }

    /// Closes the idle connections that lead to `to`.
    fn close(&self, to: &Uri) {
        let gone = lock(&self.idle)
            .extract_if(.., |idle| idle.leads_to(to))
            .collect();
        close(gone);
    }
}

impl Idle {
    fn leads_to(&self, to: &Uri) -> bool {
        is_one_server(self.connection.to(), to)
    }
}

fn close(gone: Vec<Idle>) {
    for idle in gone {
        idle.connection.close();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let idle = self.idle.get_mut();
        close(std::mem::take(idle.unwrap_or_else(PoisonError::into_inner)));
    }
}

/// Whether both URIs name the same server. Parsed URLs have their host in lower case.
fn is_one_server(one: &Uri, other: &Uri) -> bool {
    fn authority(uri: &Uri) -> Option<&str> {
        uri.authority().map(Authority::as_str)
    }
    authority(one) == authority(other) && one.scheme() == other.scheme()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
