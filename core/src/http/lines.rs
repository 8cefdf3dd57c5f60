//! The connections that calls drive themselves: who has one, and which rest between two calls.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::uri::Authority;
use http::{Request, Response, Uri};

use super::Failure;
use super::body::{Arriving, Body};
use super::connect::IDLE_TIMEOUT;
use super::connector::Connector;
use super::explain::{bare_host, explain, resend};
use super::line::{Line, Opened};
use crate::clock::{Clock, SystemClock};
use crate::driver::home;
use crate::error::Result;

/// A server is unlikely to have closed a connection that rested no longer than a tick of the coarse clock. To look costs
/// a fortieth of a small request, so one that can be sent again if need be does without.
const SHORT_REST: Duration = Duration::from_millis(1);

/// The connections of such calls with one set of settings.
#[derive(Default)]
pub(super) struct Lines {
    /// The one that came last is at the end.
    resting: Mutex<Vec<Resting>>,
    /// The servers that prefer HTTP/2.
    http2: Mutex<Vec<Uri>>,
}

struct Resting {
    line: Box<Line>,
    since: Duration,
}

/// The connection of an answer that is still arriving.
pub(super) struct Engaged {
    line: Box<Line>,
    lines: Arc<Lines>,
}

impl Engaged {
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        self.line.drive(cx);
    }

    /// Leaves it to the next call.
    pub(super) fn rest(mut self) {
        // Nobody is to be woken when the next request is handed to it.
        let mut unheard = Context::from_waker(Waker::noop());
        if self.line.is_free(&mut unheard) {
            let since = SystemClock.coarse_boot();
            let line = self.line;
            lock(&self.lines.resting).push(Resting { line, since });
        }
    }
}

/// What became of a request.
pub(super) enum Sent {
    Answered(Response<Arriving>),
    /// The server prefers HTTP/2.
    NotHere(Request<Body>),
}

impl Lines {
    /// Sends `request` and waits for the head of its answer.
    pub(super) async fn send(
        self: &Arc<Self>,
        connector: impl Fn() -> Connector,
        mut request: Request<Body>,
        can_be_sent_again: bool,
    ) -> Result<Sent, Failure> {
        let to = request.uri().clone();
        loop {
            let rested = self.take(&to, can_be_sent_again).await;
            let was_used = rested.is_some();
            let line = match rested {
                Some(line) => Some(line),
                // Most calls find one, and every call would be as large.
                None => Box::pin(self.open(&connector, &to)).await?,
            };
            let Some(mut line) = line else {
                return Ok(Sent::NotHere(request));
            };
            let mut failed = match line.send(request).await {
                Ok(answer) => {
                    let lines = Arc::clone(self);
                    let engaged = Engaged { line, lines };
                    return Ok(Sent::Answered(
                        answer.map(|body| Arriving::over(engaged, body)),
                    ));
                }
                Err(failed) => failed,
            };
            if was_used {
                // The server has closed one of them, and probably all.
                self.close(&to);
            }
            match failed.take_message() {
                // Nothing of it went out.
                Some(unsent) if was_used => {
                    request = unsent;
                    *request.uri_mut() = to.clone();
                }
                _ => {
                    let error = failed.into_error();
                    return Err(Failure {
                        error: explain(&error, bare_host(&to)),
                        resend: resend(&error, Some(line.progress())),
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
    ) -> Result<Option<Box<Line>>> {
        let is_known = |known: &Uri| is_one_server(known, to);
        if lock(&self.http2).iter().any(is_known) {
            return Ok(None);
        }
        match Line::open(&connector(), to).await? {
            Opened::Line(line) => Ok(Some(line)),
            Opened::Http2 => {
                lock(&self.http2).push(to.clone());
                Ok(None)
            }
        }
    }

    /// A resting connection that leads to `to`. It is made sure that the server has left it open, unless it hardly rested
    /// and the request can be sent again.
    async fn take(&self, to: &Uri, can_be_sent_again: bool) -> Option<Box<Line>> {
        let now = SystemClock.coarse_boot();
        let rested = |resting: &Resting| now.saturating_sub(resting.since);
        loop {
            let (expired, found) = {
                let mut all = lock(&self.resting);
                let is_expired = |resting: &&Resting| rested(resting) > IDLE_TIMEOUT;
                let expired = all.iter().take_while(is_expired).count();
                let expired: Vec<_> = all.drain(..expired).collect();
                let found = all.iter().rposition(|resting| resting.leads_to(to));
                (expired, found.map(|at| all.remove(at)))
            };
            close(expired);
            let mut found = found?;
            if can_be_sent_again && rested(&found) <= SHORT_REST
                || poll_fn(|cx| Poll::Ready(found.line.is_still_free(cx))).await
            {
                return Some(found.line);
            }
        }
    }

    /// Closes those that rest and lead to `to`.
    fn close(&self, to: &Uri) {
        let gone = lock(&self.resting)
            .extract_if(.., |resting| resting.leads_to(to))
            .collect();
        close(gone);
    }
}

impl Resting {
    /// For the calls of whoever runs this one.
    fn leads_to(&self, to: &Uri) -> bool {
        is_one_server(self.line.to(), to) && Some(self.line.home()) == home()
    }
}

fn close(gone: Vec<Resting>) {
    for resting in gone {
        resting.line.close();
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let resting = self.resting.get_mut();
        close(std::mem::take(
            resting.unwrap_or_else(PoisonError::into_inner),
        ));
    }
}

/// Whether both name it alike; a URL that was read is in lower case.
fn is_one_server(one: &Uri, other: &Uri) -> bool {
    fn authority(uri: &Uri) -> Option<&str> {
        uri.authority().map(Authority::as_str)
    }
    authority(one) == authority(other) && one.scheme() == other.scheme()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
