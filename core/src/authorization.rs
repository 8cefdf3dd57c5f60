//! The header that carries a token, and what a response to it means.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use url::Url;

use crate::clock::{Clock, Moment};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;
use crate::token::Current;
use crate::verdict::Reason;

static TARGET_KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A token in the form of its header, and how long it may be served without asking the keeper.
pub(crate) struct Header {
    pub(crate) text: Secret,
    pub(crate) value: HeaderValue,
    pub(crate) current: Arc<Current>,
    /// On the coarse clocks. The token is fresh while both are before it; `None` if it lives until refused.
    pub(crate) fresh_until: Option<Moment>,
}

/// The header's bytes, wiped when the last owner is dropped.
struct Wiped(Secret);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

impl Header {
    /// `scheme` and the token, or the bare token for an empty scheme.
    pub(crate) fn new(scheme: &str, current: Arc<Current>, clock: &dyn Clock) -> Result<Self> {
        let value = current.value.expose();
        let text = Secret::new(if scheme.is_empty() {
            value.to_owned()
        } else {
            format!("{scheme} {value}")
        });
        let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(Wiped(text.clone())))
            .map_err(|_| {
                Error::new(
                    ErrorKind::BadResponse,
                    "the token contains characters that a header cannot carry",
                )
            })?;
        header.set_sensitive(true);
        let fresh_until = current.remaining(clock.now()).map(|left| {
            clock
                .coarse()
                .plus(left.saturating_sub(current.windows.soft))
        });
        Ok(Self {
            text,
            value: header,
            current,
            fresh_until,
        })
    }

    /// Whether it may be served without asking the keeper. Costs two reads of coarse clocks and one of a flag.
    pub(crate) fn fresh(&self, clock: &dyn Clock) -> bool {
        !self.current.refused()
            && self.fresh_until.is_none_or(|until| {
                let now = clock.coarse();
                now.boot < until.boot && now.wall < until.wall
            })
    }
}

/// How long a header may be served from a cache. Plain numbers, for bindings that keep the header in a form of their own
/// and must check it without a lock, a reference count or a write to shared memory.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    pub(crate) changes: u64,
    /// On the coarse clocks.
    pub(crate) until: Moment,
    /// What the coarse boot clock showed when both clocks were last checked; `MAX` before the first check.
    pub(crate) checked: Duration,
}

impl Freshness {
    /// The value as five numbers, without `checked`: the next check reads both clocks.
    pub fn to_words(self) -> [u64; 5] {
        let Moment { boot, wall } = self.until;
        [
            self.changes,
            boot.as_secs(),
            boot.subsec_nanos().into(),
            wall.as_secs(),
            wall.subsec_nanos().into(),
        ]
    }

    /// The reverse of [`Self::to_words`]. Accepts any numbers.
    pub fn from_words([changes, boot_secs, boot_nanos, wall_secs, wall_nanos]: [u64; 5]) -> Self {
        // A torn read can mix the numbers of two writers; nanoseconds are kept below a second, so that no sum overflows.
        let time = |secs: u64, nanos: u64| {
            Duration::new(
                secs,
                u32::try_from(nanos).map_or(0, |nanos| nanos % 1_000_000_000),
            )
        };
        let until = Moment {
            boot: time(boot_secs, boot_nanos),
            wall: time(wall_secs, wall_nanos),
        };
        Self {
            changes,
            until,
            checked: Duration::MAX,
        }
    }
}

/// Permission to send one request with the token: the header's value, and which token it carries.
///
/// Pass it to [`Client::judge`](crate::Client::judge) with the response. `Debug` shows the token's fingerprint.
#[derive(Clone)]
pub struct Authorization {
    pub(crate) header: Arc<Header>,
    /// The request's URL, as [`target_of`] makes it.
    pub(crate) target: u64,
    pub(crate) resent: bool,
    /// The resend's token is the refused one, which the server issued again.
    pub(crate) reissued: bool,
}

impl Authorization {
    /// The value of the `Authorization` header.
    pub fn value(&self) -> &str {
        self.header.text.expose()
    }

    /// The value for an HTTP library that uses the `http` crate, marked sensitive.
    pub fn header_value(&self) -> HeaderValue {
        self.header.value.clone()
    }

    /// The token's number, unique in this process; a later token has a higher one.
    pub fn generation(&self) -> u64 {
        self.header.current.generation
    }

    /// The token's fingerprint: the first 8 hex digits of its SHA-256.
    pub fn fingerprint(&self) -> String {
        self.header.current.value.fingerprint()
    }

    /// The same authorization for a request to `url`. Needed because 401s are remembered by resource.
    #[doc(hidden)]
    #[must_use]
    pub fn for_url(&self, url: &Url) -> Self {
        Self {
            target: target_of(url),
            ..self.clone()
        }
    }

    /// Whether an API has accepted the token. If so, further good responses need not be judged.
    #[doc(hidden)]
    pub fn is_accepted(&self) -> bool {
        self.header.current.accepted()
    }

    /// Whether this is for the one resend after a 401.
    pub fn is_resend(&self) -> bool {
        self.resent
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("fingerprint", &self.fingerprint())
            .field("generation", &self.generation())
            .field("resent", &self.resent)
            .finish_non_exhaustive()
    }
}

/// The resource that a 401 is about: its URL without the query, as a keyed hash.
pub(crate) fn target_of(url: &Url) -> u64 {
    target_at(url.host_str(), url.port_or_known_default(), url.path())
}

/// As [`target_of`], for a URL in parts.
pub(crate) fn target_at(host: Option<&str>, port: Option<u16>, path: &str) -> u64 {
    TARGET_KEYS.hash_one((host, port, path))
}

/// What the code that sent a request must do about its response.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Nothing: hand the response to the caller.
    Done,
    /// Send the same request again with this authorization, once.
    Resend(Authorization),
    /// Hand the response, a 401 that could not be recovered from, to the caller.
    GiveBack(GiveBack),
}

/// Why a 401 is handed to the caller.
#[derive(Clone, Debug)]
pub struct GiveBack {
    /// The reason.
    pub reason: Reason,
    /// The error of the renewal, if one was made and failed, or brought the refused token again.
    pub error: Option<Error>,
}

/// What [`Client::judge`](crate::Client::judge) must know about a response and its request.
#[derive(Clone, Copy, Debug)]
pub struct ResponseFacts<'a> {
    /// The response's status code.
    pub status: u16,
    /// The response's headers.
    pub headers: &'a http::HeaderMap,
    /// The beginning of the response's body. A few kilobytes are enough, and it may be empty: providers say there whether a 401
    /// is about rights or about the token.
    pub body_prefix: &'a [u8],
    /// Whether the request's whole body can be sent again.
    pub replayable: bool,
    /// How long to wait for a renewal; `None`: the client's timeout.
    pub timeout: Option<Duration>,
}
