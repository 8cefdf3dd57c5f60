//! A token as the keeper holds it, and as callers see it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::clock::Moment;
use crate::event::Via;
use crate::expiry::{self, Stage, Windows};
use crate::jwt;
use crate::secret::Secret;

static GENERATIONS: AtomicU64 = AtomicU64::new(1);
static REFUSALS: AtomicU32 = AtomicU32::new(0);

/// The number of tokens of this process that were refused or invalidated, wrapping around.
///
/// For bindings that keep a header outside this library: while the number is what it was before they asked for the header,
/// nothing has invalidated the header.
pub fn refusals() -> &'static AtomicU32 {
    &REFUSALS
}

/// A token as the keeper holds it. Immutable except for its flags, so that readers need no lock.
pub(crate) struct Current {
    /// Unique in this process; a new token has a higher one.
    pub(crate) generation: u64,
    pub(crate) value: Secret,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) scope: Option<String>,
    pub(crate) via: Via,
    /// When it was requested: its lifetime starts here.
    pub(crate) issued: Moment,
    /// `None`: it lives until refused.
    pub(crate) life: Option<Duration>,
    pub(crate) windows: Windows,
    /// Neither the response nor the token itself states an expiry; `life` may still be an assumption.
    pub(crate) open_ended: bool,
    /// It was obtained because its predecessor was refused with a 401.
    pub(crate) after_refusal: bool,
    /// Shared with what the server issued again while nobody had refused it: that is the same token, of another generation.
    pub(crate) flags: Arc<Flags>,
}

/// What became known about a token after it was obtained.
#[derive(Default)]
pub(crate) struct Flags {
    refused: AtomicBool,
    accepted: AtomicBool,
    futile: AtomicBool,
    reissued_after_refusal: AtomicBool,
}

impl Current {
    pub(crate) fn next_generation() -> u64 {
        GENERATIONS.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether what becomes known about one is known about the other. Not so for a token that the server issued again after a
    /// refusal: it counts as another one, although its value is the same, because the refusal was before that.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.flags, &other.flags)
    }

    /// Its remaining lifetime; `None` if it has no expiry.
    pub(crate) fn remaining(&self, now: Moment) -> Option<Duration> {
        self.life
            .map(|life| life.saturating_sub(now.since(self.issued)))
    }

    pub(crate) fn stage(&self, now: Moment, min_ttl: Duration) -> Stage {
        match (self.refused(), self.life, self.remaining(now)) {
            (true, ..) => Stage::Expired,
            (false, Some(life), Some(remaining)) => {
                expiry::stage(remaining, life, self.windows, min_ttl)
            }
            _ => Stage::Fresh,
        }
    }

    /// Neither expired nor refused.
    pub(crate) fn alive(&self, now: Moment) -> bool {
        self.stage(now, Duration::ZERO) != Stage::Expired
    }

    /// A server refused it.
    pub(crate) fn refused(&self) -> bool {
        self.flags.refused.load(Ordering::Acquire)
    }

    pub(crate) fn mark_refused(&self) {
        self.flags.refused.store(true, Ordering::Release);
        REFUSALS.fetch_add(1, Ordering::Release);
    }

    /// An API accepted it.
    pub(crate) fn accepted(&self) -> bool {
        self.flags.accepted.load(Ordering::Acquire)
    }

    pub(crate) fn mark_accepted(&self) {
        self.flags.accepted.store(true, Ordering::Release);
    }

    /// Records that renewing because of a 401 did not help. Returns true for the first to record it.
    pub(crate) fn mark_futile(&self) -> bool {
        !self.flags.futile.swap(true, Ordering::AcqRel)
    }

    /// A flight ended with `same_token` because the server issued this refused token again.
    pub(crate) fn reissued_after_refusal(&self) -> bool {
        self.flags.reissued_after_refusal.load(Ordering::Acquire)
    }

    pub(crate) fn mark_reissued_after_refusal(&self) {
        self.flags
            .reissued_after_refusal
            .store(true, Ordering::Release);
    }

    /// The same token with another refresh token.
    pub(crate) fn with_refresh_token(&self, refresh_token: Option<Secret>) -> Self {
        Self {
            generation: self.generation,
            value: self.value.clone(),
            refresh_token,
            scope: self.scope.clone(),
            via: self.via,
            issued: self.issued,
            life: self.life,
            windows: self.windows,
            open_ended: self.open_ended,
            after_refusal: self.after_refusal,
            flags: Arc::clone(&self.flags),
        }
    }
}

/// A token: its value and what is known about it. `Debug` shows its fingerprint only.
#[derive(Clone)]
pub struct Token(pub(crate) Arc<Current>, pub(crate) Moment);

impl Token {
    /// The token itself.
    pub fn value(&self) -> &str {
        self.0.value.expose()
    }

    /// When it expires, on this machine's wall clock; `None` if it lives until refused.
    pub fn expires_at(&self) -> Option<SystemTime> {
        let life = self.0.life?;
        SystemTime::UNIX_EPOCH
            .checked_add(self.0.issued.wall)?
            .checked_add(life)
    }

    /// Its remaining lifetime when it was returned; `None` if it lives until refused.
    pub fn expires_in(&self) -> Option<Duration> {
        self.0.remaining(self.1)
    }

    /// The granted scope, space-separated, if the server named it (RFC 6749 §3.3).
    pub fn scope(&self) -> Option<&str> {
        self.0.scope.as_deref()
    }

    /// The claims, if the token is a readable JWT. They are read, not verified.
    pub fn claims(&self) -> Option<serde_json::Value> {
        jwt::parts(self.value()).map(|(_, claims)| claims)
    }

    /// The first 8 hex digits of its SHA-256.
    pub fn fingerprint(&self) -> String {
        self.0.value.fingerprint()
    }

    /// Its number, unique in this process; a later token has a higher one.
    pub fn generation(&self) -> u64 {
        self.0.generation
    }

    /// How it was obtained.
    pub fn via(&self) -> Via {
        self.0.via
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("fingerprint", &self.fingerprint())
            .field("expires_in", &self.expires_in())
            .field("scope", &self.scope())
            .finish_non_exhaustive()
    }
}
