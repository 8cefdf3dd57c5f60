//! The client: one identity and one API.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use http::Method;
use url::Url;

use crate::authorization::{
    Authorization, Freshness, GiveBack, Header, ResponseFacts, Verdict, target_at, target_of,
};
use crate::builder::ClientBuilder;
use crate::challenge;
use crate::clock::Moment;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, EventKind, Listener, Stats, Subscription, count};
use crate::flow::IntoFlow;
use crate::http::Http;
use crate::keeper::{Keeper, RenewalPolicy, State};
use crate::origin::{self, Origins};
use crate::request::RequestBuilder;
use crate::target::Target;
use crate::token::{Current, Token};
use crate::verdict::{Facts, Reason, Step, decide};

mod closing;

/// A client for one identity and one API. Cheap to clone. Clients with the same identity in one process share one token and
/// its renewal.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) policy: Arc<RenewalPolicy>,
    pub(crate) http: Arc<Http>,
    /// The HTTP clients of calls with a connect timeout of their own, which have connections of their own.
    pub(crate) apart: ArcSwap<Vec<(Duration, Arc<Http>)>>,
    pub(crate) base_url: Url,
    /// What paths are appended to.
    pub(crate) base_text: String,
    pub(crate) origins: Origins,
    pub(crate) scheme: String,
    pub(crate) closed: AtomicBool,
    /// The header of the last token that this client asked for.
    pub(crate) header: ArcSwapOption<Header>,
}

impl Client {
    /// A builder for a client that logs in with `flow`, such as [`Pismo`](crate::flow::Pismo).
    pub fn builder(flow: impl IntoFlow + Send + 'static) -> ClientBuilder {
        ClientBuilder::new(flow)
    }

    /// Returns a token that is valid now, from the cache if possible.
    ///
    /// # Errors
    /// Any kind of the error table but `origin_refused` and `cancelled`.
    pub async fn token(&self) -> Result<Token> {
        self.token_for(Duration::ZERO, None).await
    }

    /// As [`Self::token`], for a token that stays valid for at least `min_ttl`, within `timeout` (`None`: the client's).
    /// If tokens have no longer lifetime than `min_ttl`, half their lifetime is required instead.
    ///
    /// # Errors
    /// As [`Self::token`]; `timed_out` after `timeout`. The login continues for the next caller.
    pub async fn token_for(&self, min_ttl: Duration, timeout: Option<Duration>) -> Result<Token> {
        let current = self.current(min_ttl, timeout).await?;
        Ok(Token(current, self.0.keeper.clock.now()))
    }

    async fn current(&self, min_ttl: Duration, timeout: Option<Duration>) -> Result<Arc<Current>> {
        let inner = &*self.0;
        self.check_open()?;
        inner
            .keeper
            .token(
                &inner.policy,
                min_ttl,
                timeout.unwrap_or(inner.policy.timeout),
            )
            .await
    }

    /// Calls `visit` with the `Authorization` header's value for this client's API, if it is available without waiting.
    /// The fast path: no lock and no allocation.
    pub fn cached<R>(&self, visit: impl FnOnce(&str) -> R) -> Option<R> {
        let header = self.0.header.load();
        let header = header
            .as_ref()
            .filter(|header| header.fresh(&*self.0.keeper.clock))?;
        Some(visit(header.text.expose()))
    }

    /// The header that [`Self::cached`] shows, for a request to the base URL.
    fn cached_authorization(&self) -> Option<Authorization> {
        Some(Authorization {
            header: self.fresh_header()?,
            target: target_of(&self.0.base_url),
            resent: false,
            reissued: false,
        })
    }

    /// The current header and how long it may be served from a cache; `None` if there is none to serve from a cache.
    #[doc(hidden)]
    pub fn freshness(&self) -> Option<(Authorization, Freshness)> {
        // Read before the header, so that `holds` notices every later change.
        let changes = self.0.keeper.changes.load(Ordering::Acquire);
        let authorization = self.cached_authorization()?;
        let until = authorization.header.fresh_until.unwrap_or(Moment {
            boot: Duration::MAX,
            wall: Duration::MAX,
        });
        let checked = Duration::MAX;
        let freshness = Freshness {
            changes,
            until,
            checked,
        };
        Some((authorization, freshness))
    }

    /// Whether the header of [`Self::freshness`] may still be served. Costs one atomic load and one or two reads of coarse
    /// clocks.
    ///
    /// Both clocks tick together, every few milliseconds. While the boot clock shows what it showed at the last check, the
    /// wall clock is not read again, which saves 5 of 18 ns. If the wall clock is set, that is noticed at the next tick, which
    /// is as exact as coarse clocks are.
    #[doc(hidden)]
    pub fn holds(&self, freshness: &mut Freshness) -> bool {
        let keeper = &self.0.keeper;
        if keeper.changes.load(Ordering::Acquire) != freshness.changes {
            return false;
        }
        let boot = keeper.clock.coarse_boot();
        if boot == freshness.checked {
            return true;
        }
        let holds =
            boot < freshness.until.boot && keeper.clock.coarse_wall() < freshness.until.wall;
        if holds {
            freshness.checked = boot;
        }
        holds
    }

    /// How long this header may be served from a cache; `None` if until it is refused, zero if not at all.
    #[doc(hidden)]
    pub fn fresh_for(&self, authorization: &Authorization) -> Option<Duration> {
        let current = &authorization.header.current;
        let left = current.remaining(self.0.keeper.clock.now())?;
        Some(left.saturating_sub(current.windows.soft))
    }

    /// Returns the authorization for a request to the base URL.
    ///
    /// # Errors
    /// As [`Self::token`].
    pub async fn authorization(&self) -> Result<Authorization> {
        self.authorize_url(&self.0.base_url, None).await
    }

    /// Returns the authorization for a request to `url`, absolute or below the base URL.
    ///
    /// # Errors
    /// `origin_refused` if the URL may not receive the token, `config_invalid` if it is not a URL; otherwise as
    /// [`Self::token`].
    pub async fn authorize(&self, url: &str) -> Result<Authorization> {
        if let Some(at_hand) = self.authorize_now(url)? {
            return Ok(at_hand);
        }
        let url = self.resolve(url)?;
        self.check_origin(&url)?;
        self.authorize_url(&url, None).await
    }

    /// As [`Self::authorize`], if the token is fresh; otherwise `None`. Never waits and starts nothing.
    ///
    /// # Errors
    /// As [`Self::authorize`].
    pub fn authorize_now(&self, url: &str) -> Result<Option<Authorization>> {
        let Some(header) = self.fresh_header() else {
            return Ok(None);
        };
        let target = if let Some((origin, path)) = self.0.origins.plain(url) {
            let (host, port) = origin.host_and_port();
            target_at(Some(host), Some(port), path)
        } else {
            let url = self.resolve(url)?;
            self.check_origin(&url)?;
            target_of(&url)
        };
        Ok(Some(Authorization {
            header,
            target,
            resent: false,
            reissued: false,
        }))
    }

    /// The full URL of `url`, absolute or below the base URL.
    ///
    /// # Errors
    /// `config_invalid` if it is not a URL.
    pub fn resolve(&self, url: &str) -> Result<Url> {
        origin::resolve(&self.0.base_url, url)
    }

    /// Where a request to `url` goes.
    ///
    /// # Errors
    /// `config_invalid` if it is not a URL, `origin_refused` if it may not receive the token.
    pub(crate) fn target(&self, url: &str) -> Result<Target> {
        if let Some(plain) = Target::plain(&self.0.origins, &self.0.base_text, url) {
            return Ok(plain);
        }
        let url = self.resolve(url)?;
        self.check_origin(&url)?;
        Ok(url.into())
    }

    /// Checks that `url` may receive the token.
    ///
    /// # Errors
    /// `origin_refused` if not.
    pub fn check_origin(&self, url: &Url) -> Result<()> {
        if self.0.origins.allow(url) {
            return Ok(());
        }
        Err(self.0.keeper.named(self.0.origins.refusal(url)))
    }

    /// As [`Self::authorize`], for a URL whose origin is already checked.
    pub(crate) async fn authorize_url(
        &self,
        url: &Url,
        timeout: Option<Duration>,
    ) -> Result<Authorization> {
        let authorization = self.authorize_any_url(|| Ok(timeout)).await?;
        Ok(authorization.for_url(url))
    }

    /// As [`Self::authorize_url`], without the URL: [`Authorization::for_url`] adds it before a 401 is judged, so that other
    /// responses do not pay for it. `timeout` is called only if a token must be waited for.
    pub(crate) async fn authorize_any_url(
        &self,
        timeout: impl FnOnce() -> Result<Option<Duration>>,
    ) -> Result<Authorization> {
        let header = match self.fresh_header() {
            Some(header) => header,
            None => self.header_of(self.current(Duration::ZERO, timeout()?).await?)?,
        };
        Ok(Authorization {
            header,
            target: 0,
            resent: false,
            reissued: false,
        })
    }

    fn fresh_header(&self) -> Option<Arc<Header>> {
        self.0
            .header
            .load_full()
            .filter(|header| header.fresh(&*self.0.keeper.clock))
    }

    /// The header of this token; kept for the fast path.
    fn header_of(&self, current: Arc<Current>) -> Result<Arc<Header>> {
        let inner = &*self.0;
        let held = inner.header.load_full();
        if let Some(held) = held.filter(|held| held.current.generation == current.generation) {
            return Ok(held);
        }
        let header = Arc::new(Header::new(&inner.scheme, current, &*inner.keeper.clock)?);
        if !inner.closed.load(Ordering::Acquire) {
            inner.header.store(Some(Arc::clone(&header)));
            inner.keeper.note_change();
        }
        Ok(header)
    }

    /// Decides what to do about the response to a request that was sent with `sent`. Renews the token if that may help
    /// against a 401; callers whose requests were refused with the same token share one renewal. Call it for every response:
    /// a success shows that the API accepts the token.
    ///
    /// Does not fail: a failed renewal is a reason to hand the response to the caller.
    pub async fn judge(&self, sent: &Authorization, seen: ResponseFacts<'_>) -> Verdict {
        let inner = &*self.0;
        let keeper = &inner.keeper;
        let token = &sent.header.current;
        if seen.status != 401 {
            if is_acceptance(seen.status) {
                keeper.note_accepted(token);
            }
            return Verdict::Done;
        }
        keeper.tell(EventKind::Refused {
            fingerprint: token.value.fingerprint(),
        });
        count(&keeper.counters.refused);
        // A renewed token that is refused again on its first use shows that renewing is futile for now.
        let about_rights = challenge::is_about_rights(seen.headers, seen.body_prefix).is_some();
        if !about_rights && (sent.resent || (token.after_refusal && !token.accepted())) {
            keeper.note_futile(token, sent.target);
        }
        let facts = Facts {
            status: seen.status,
            token_sent: true,
            about_rights,
            resent: sent.resent,
            reissued: sent.reissued,
            still_current: self.still_current(token),
            storm: keeper.storm(sent.target, keeper.clock.now()),
            renewable: keeper.renewable(),
            replayable: seen.replayable,
        };
        match decide(&facts) {
            Step::Done => Verdict::Done,
            Step::GiveBack(reason) => {
                if reason == Reason::NotRenewable {
                    keeper.refuse(token);
                }
                let error = (reason == Reason::SameToken).then(|| {
                    let words =
                        "the server issued the refused token again, and the API refused it again";
                    let error = Error::new(ErrorKind::SameToken, words);
                    keeper.named(error.with_fingerprint(token.value.fingerprint()))
                });
                self.give_back(reason, error)
            }
            Step::ResendCurrent => self.resend(sent, seen.timeout).await,
            Step::Renew => {
                keeper.refuse(token);
                self.resend(sent, seen.timeout).await
            }
            Step::RenewForNext => {
                keeper.refuse(token);
                keeper.renew_early(&inner.policy);
                self.give_back(Reason::BodyNotReplayable, None)
            }
        }
    }

    fn still_current(&self, token: &Current) -> bool {
        self.0
            .keeper
            .current
            .load()
            .as_ref()
            .is_some_and(|current| current.is_same_as(token))
    }

    async fn resend(&self, sent: &Authorization, timeout: Option<Duration>) -> Verdict {
        let renewed = self
            .current(Duration::ZERO, timeout)
            .await
            .and_then(|current| self.header_of(current));
        match renewed {
            Ok(header) => {
                let reissued = header.current.value.same_as(&sent.header.current.value);
                self.0.keeper.tell(EventKind::Resent {
                    fingerprint: header.current.value.fingerprint(),
                });
                count(&self.0.keeper.counters.resends);
                Verdict::Resend(Authorization {
                    header,
                    target: sent.target,
                    resent: true,
                    reissued,
                })
            }
            Err(error) if error.kind() == ErrorKind::SameToken => {
                self.give_back(Reason::SameToken, Some(error))
            }
            Err(error) => self.give_back(Reason::RenewalFailed, Some(error)),
        }
    }

    pub(crate) fn give_back(&self, reason: Reason, error: Option<Error>) -> Verdict {
        self.0.keeper.tell(EventKind::GivenBack { reason });
        count(&self.0.keeper.counters.given_back);
        Verdict::GiveBack(GiveBack { reason, error })
    }

    /// The HTTP client for calls with this connect timeout; `None`: the client's.
    pub(crate) fn http_within(&self, connect_timeout: Option<Duration>) -> Result<Arc<Http>> {
        /// A program rarely uses more than one or two such timeouts.
        const KEPT: usize = 4;
        let inner = &*self.0;
        let Some(timeout) = connect_timeout else {
            return Ok(Arc::clone(&inner.http));
        };
        let apart = inner.apart.load();
        if let Some((_, http)) = apart.iter().find(|(other, _)| *other == timeout) {
            return Ok(Arc::clone(http));
        }
        let http = inner.http.with_connect_timeout(timeout)?;
        inner.apart.rcu(|apart| {
            let spare = (apart.len() + 1).saturating_sub(KEPT);
            let mut apart = apart[spare..].to_vec();
            apart.push((timeout, Arc::clone(&http)));
            apart
        });
        Ok(http)
    }

    /// Starts a request to `url`, absolute or below the base URL. It carries the token on pinned origins only.
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, url)
    }

    /// The identity's current state.
    pub fn state(&self) -> State {
        self.0.keeper.state()
    }

    /// Counters of the identity since its first use in this process.
    pub fn stats(&self) -> Stats {
        self.0.keeper.stats()
    }

    /// Who logs in where, without secrets: fit for a log.
    pub fn identity(&self) -> &str {
        &self.0.keeper.identity
    }

    /// The API's base URL.
    pub fn base_url(&self) -> &Url {
        &self.0.base_url
    }

    /// The deadline of calls that set none of their own.
    pub fn timeout(&self) -> Duration {
        self.0.policy.timeout
    }

    /// Calls `listener` with every event of the identity until the subscription is dropped. See [`Listener`] for its thread.
    pub fn on_event(&self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Subscription {
        let listener: Listener = Arc::new(listener);
        self.0.keeper.listeners.add(&listener)
    }

    /// Ends pauses, the breaker and the storm guard. To be called once the cause of the failures is fixed.
    pub fn reset(&self) {
        self.0.keeper.reset();
    }

    /// Makes the next call renew the token, as if an API had refused it.
    pub fn invalidate(&self) {
        if let Some(current) = self.0.keeper.current.load().as_ref() {
            self.0.keeper.refuse(current);
        }
    }
}

/// Whether a status shows that the API accepted the token. A gateway's failure and a rate limit do not.
fn is_acceptance(status: u16) -> bool {
    status < 500 && !matches!(status, 407 | 429)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("identity", &self.identity())
            .field("base_url", &self.0.base_url.as_str())
            .field("state", &self.state().standing.code())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
