//! A request to the token endpoint, the response to it, and what that grants.

use std::fmt;

use http::{HeaderMap, Method};
use url::Url;
use zeroize::Zeroizing;

use super::Life;
use crate::jwt;
use crate::secret::Secret;

/// A request to the token endpoint, or to another endpoint of the flow, as data.
#[derive(Clone)]
pub struct TokenRequest {
    /// The method.
    pub method: Method,
    /// The absolute URL. Its query may contain a key: do not log it.
    pub url: Url,
    /// The headers; those with a secret are marked sensitive. The transport adds `Content-Length` and `Host`.
    pub headers: HeaderMap,
    /// The body, wiped on drop. Empty: no body.
    pub body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("path", &self.url.path())
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The whole response to a [`TokenRequest`].
#[derive(Clone)]
pub struct TokenResponse {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, wiped on drop. The transport has bounded it (1 MiB).
    pub body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What a successful response grants.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The token: visible ASCII, which a header can carry.
    pub token: Secret,
    /// The refresh token, if there is one. Pismo's is not used: its flow has no refresh request.
    pub refresh_token: Option<Secret>,
    /// The granted scope, separated by single spaces, if the response names it (RFC 6749 §5.1).
    pub scope: Option<String>,
    /// The lifetime that the response states.
    pub life: Life,
    /// `exp` and `iat` of a token that is a JWT. An absolute expiry field (`expires_unit` `unix`, `unix_ms`, `iso8601`) counts
    /// as `exp` too, because it is compared with the server's time in the same way; the earlier of both is used.
    pub jwt: Option<jwt::Times>,
    /// The response's `Date` header in Unix seconds (RFC 9110 §5.6.7, all three forms).
    pub server_date_unix_secs: Option<i64>,
}
