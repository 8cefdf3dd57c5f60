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

/// A token in its header's form, and until when it may be served without asking the keeper.
pub(crate) struct Header {
    pub(crate) text: Secret,
    pub(crate) value: HeaderValue,
    pub(crate) current: Arc<Current>,
    /// On the coarse clocks: before it on both, the token is fresh.
    pub(crate) fresh_until: Option<Moment>,
}

/// The header's bytes, wiped with its last owner.
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

    /// Whether it may be served without asking the keeper: two coarse clock reads and one flag.
    pub(crate) fn fresh(&self, clock: &dyn Clock) -> bool {
        !self.current.refused()
            && self.fresh_until.is_none_or(|until| {
                let now = clock.coarse();
                now.boot < until.boot && now.wall < until.wall
            })
    }
}

/// How long a header may be served from a cache. Plain numbers, for faces that keep the header in a form of their own
/// and must check it without a lock, a reference count or a write to shared memory.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    pub(crate) changes: u64,
    /// On the coarse clocks.
    pub(crate) until: Moment,
    /// What the coarse boot clock said when both clocks were looked at last; `MAX` before the first look.
    pub(crate) looked: Duration,
}

impl Freshness {
    /// The same as five numbers. `looked` is not among them: the next check reads both clocks.
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

    /// What [`Self::to_words`] made numbers of.
    pub fn from_words([changes, boot_secs, boot_nanos, wall_secs, wall_nanos]: [u64; 5]) -> Self {
        // A torn read can mix two writers' numbers; nanoseconds are kept below a second, so that no sum overflows.
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
            looked: Duration::MAX,
        }
    }
}

/// Permission to send one request with the token: the header, and which token it carries.
///
/// Show it to `judge` with the response. `Debug` shows a fingerprint.
#[derive(Clone)]
pub struct Authorization {
    pub(crate) header: Arc<Header>,
    /// What [`target_of`] the URL says.
    pub(crate) target: u64,
    pub(crate) resent: bool,
}

impl Authorization {
    /// The `Authorization` header's value.
    pub fn value(&self) -> &str {
        self.header.text.expose()
    }

    /// The same, ready for an HTTP library, marked sensitive.
    pub fn header_value(&self) -> HeaderValue {
        self.header.value.clone()
    }

    /// The token's number in this process.
    pub fn generation(&self) -> u64 {
        self.header.current.generation
    }

    /// The token's fingerprint.
    pub fn fingerprint(&self) -> String {
        self.header.current.value.fingerprint()
    }

    /// The same header for a request to another URL, for callers that keep it: 401s are remembered by resource.
    #[doc(hidden)]
    #[must_use]
    pub fn for_url(&self, url: &Url) -> Self {
        Self {
            target: target_of(url),
            ..self.clone()
        }
    }

    /// Whether an API has taken the token: another good response to it is no news.
    #[doc(hidden)]
    pub fn is_accepted(&self) -> bool {
        self.header.current.accepted()
    }

    /// Whether this is the one resend after a 401.
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

/// The same of a URL in parts.
pub(crate) fn target_at(host: Option<&str>, port: Option<u16>, path: &str) -> u64 {
    TARGET_KEYS.hash_one((host, port, path))
}

/// What a response means for the code that sent the request.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Nothing to do: the response is the caller's.
    Done,
    /// Send the same request again with this header, once.
    Resend(Authorization),
    /// Nothing to do: the response is the caller's, a 401 that was not healed.
    GiveBack(GiveBack),
}

/// Why a 401 is given back.
#[derive(Clone, Debug)]
pub struct GiveBack {
    /// The reason.
    pub reason: Reason,
    /// The failed renewal, where there was one.
    pub error: Option<Error>,
}

/// What `judge` looks at besides the authorization.
#[derive(Clone, Copy, Debug)]
pub struct ResponseFacts<'a> {
    /// The response's status; of the `http` crate's type, `as_u16()`.
    pub status: u16,
    /// The response's headers.
    pub headers: &'a http::HeaderMap,
    /// The first bytes of the body; some kilobytes are enough, none is allowed.
    pub body_prefix: &'a [u8],
    /// Whether the request's body can be sent again whole.
    pub replayable: bool,
    /// How long to wait for a renewal; `None` for the client's timeout.
    pub timeout: Option<Duration>,
}
