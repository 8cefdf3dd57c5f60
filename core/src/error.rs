//! The error table as data: one row per kind, read by every binding.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Makes the enum, its numbers, its strings and the list of all rows from one table.
macro_rules! error_kinds {
    ($($(#[$meta:meta])* $variant:ident = ($number:literal, $code:literal, retryable: $retryable:literal, hint: $hint:literal)),+ $(,)?) => {
        /// What kind of failure it was: one row of the error table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$meta])* $variant,)+
        }

        impl ErrorKind {
            /// Every kind, in the order of the numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable number, which is the status code in C.
            pub const fn number(self) -> i32 {
                match self { $(Self::$variant => $number),+ }
            }

            /// The stable string, which is `code` in Python and Node.js.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// Whether the same call may succeed later without a change to the configuration.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$variant => $retryable),+ }
            }

            /// What the reader can do about it.
            pub const fn hint(self) -> &'static str {
                match self { $(Self::$variant => $hint),+ }
            }
        }
    };
}

// The numbers are part of the C ABI and never reused; they start far from 0 and from errno's.
error_kinds! {
    /// An option, a credential or a URL is missing, malformed or contradicts another.
    ConfigInvalid = (7001, "config_invalid", retryable: false, hint: "correct the option that the message names"),
    /// The server refused the credentials, the grant or the scope (RFC 6749 §5.2).
    CredentialsRejected = (7002, "credentials_rejected", retryable: false, hint: "check the key, secret, user name, password and scope; logins stay paused until they change or reset() is called"),
    /// The server says that the account is locked or disabled.
    LockedOut = (7003, "locked_out", retryable: false, hint: "have the account unlocked at the provider, then call reset()"),
    /// The server asked for fewer requests (429).
    RateLimited = (7004, "rate_limited", retryable: true, hint: "wait retry_after, then call again"),
    /// The server failed (5xx, 408, 425, or an error code of its own that says so).
    ServerUnavailable = (7005, "server_unavailable", retryable: true, hint: "call again later; if it lasts, ask the provider"),
    /// No connection could be made, or it was lost: DNS, refused, reset, closed early.
    Unreachable = (7006, "unreachable", retryable: true, hint: "check the host name, the port, the proxy and the network"),
    /// The TLS handshake failed: certificate, host name, protocol.
    Tls = (7007, "tls", retryable: false, hint: "name the server's CA with ca_file, and check the host name and this machine's clock"),
    /// No response came in time.
    TimedOut = (7008, "timed_out", retryable: true, hint: "call again, or raise timeout"),
    /// The server's response is not what was asked for: a web page, a malformed document, a redirect, too large.
    BadResponse = (7009, "bad_response", retryable: true, hint: "check that token_url is the token endpoint, and base_url the API"),
    /// The server keeps issuing a token that was refused or is about to expire.
    SameToken = (7010, "same_token", retryable: true, hint: "call again after the old token's expiry, or have it revoked at the provider"),
    /// The URL does not belong to an origin that may receive the token.
    OriginRefused = (7011, "origin_refused", retryable: false, hint: "add the origin to allowed_origins if the token is meant for it"),
    /// The caller cancelled the call.
    Cancelled = (7012, "cancelled", retryable: true, hint: "call again if the result is still wanted"),
    /// The client was closed.
    Closed = (7013, "closed", retryable: false, hint: "make a new client"),
    /// Reserved for token stores. Tokens are kept in memory only, so nothing fails with it yet.
    Store = (7014, "store", retryable: true, hint: "check the store's path and permissions"),
    /// A defect in this library, or a blocking call where none is allowed.
    Internal = (7015, "internal", retryable: false, hint: "report it with the message and the steps that led to it"),
}

impl ErrorKind {
    /// The kind with this stable string.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

/// A failure: what happened, to which identity, and what to do about it. It contains no secret and no raw body.
///
/// Cheap to clone: all callers that waited for the same outcome share it.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    retryable: bool,
    identity: Option<String>,
    http_status: Option<u16>,
    provider_code: Option<String>,
    provider_message: Option<String>,
    retry_after: Option<Duration>,
    fingerprint: Option<String>,
}

/// A result with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of this kind. `message` must be one line and contain no secret, no body and no URL query. Control characters in
    /// it, as the names of options and files may contain them, are escaped.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: one_line(message.into()),
            retryable: kind.retryable(),
            identity: None,
            http_status: None,
            provider_code: None,
            provider_message: None,
            retry_after: None,
            fingerprint: None,
        }))
    }

    /// `config_invalid` for the option `field`.
    pub fn config(field: &str, problem: impl fmt::Display) -> Self {
        Self::new(ErrorKind::ConfigInvalid, format!("{field}: {problem}"))
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// The same error with the identity it concerns, unless it has one already.
    #[must_use]
    pub fn with_identity(self, identity: impl Into<String>) -> Self {
        self.edit(|inner| {
            inner
                .identity
                .get_or_insert_with(|| one_line(identity.into()));
        })
    }

    /// The same error with the response's status.
    #[must_use]
    pub fn with_http_status(self, status: u16) -> Self {
        self.edit(|inner| inner.http_status = Some(status))
    }

    /// The same error with the provider's own code, such as `invalid_grant` or `900901`.
    #[must_use]
    pub fn with_provider_code(self, code: impl Into<String>) -> Self {
        self.edit(|inner| inner.provider_code = Some(code.into()))
    }

    /// The same error with the provider's own message, which the caller must have scrubbed and bounded.
    #[must_use]
    pub fn with_provider_message(self, message: impl Into<String>) -> Self {
        self.edit(|inner| inner.provider_message = Some(message.into()))
    }

    /// The same error with the time to wait before the next attempt.
    #[must_use]
    pub fn with_retry_after(self, wait: Duration) -> Self {
        self.edit(|inner| inner.retry_after = Some(wait))
    }

    /// The same error with the fingerprint of the token it concerns.
    #[must_use]
    pub fn with_fingerprint(self, fingerprint: impl Into<String>) -> Self {
        self.edit(|inner| inner.fingerprint = Some(fingerprint.into()))
    }

    /// The same error, retryable or not regardless of its kind.
    #[must_use]
    pub fn with_retryable(self, retryable: bool) -> Self {
        self.edit(|inner| inner.retryable = retryable)
    }

    /// The same error with `note` added to its message.
    #[must_use]
    pub fn with_note(self, note: impl fmt::Display) -> Self {
        self.edit(|inner| inner.message = one_line(format!("{}; {note}", inner.message)))
    }

    /// The same error with `place`, such as a file, before its message.
    pub(crate) fn within(self, place: impl fmt::Display) -> Self {
        self.edit(|inner| inner.message = one_line(format!("{place}: {}", inner.message)))
    }

    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened, in one line without identity and hint.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the same call may succeed later without a change to the configuration.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// The identity it concerns, without secrets: fit for a log.
    pub fn identity(&self) -> Option<&str> {
        self.0.identity.as_deref()
    }

    /// The status of the response that caused it.
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// The provider's own code.
    pub fn provider_code(&self) -> Option<&str> {
        self.0.provider_code.as_deref()
    }

    /// The provider's own message: one line, at most 300 characters, secrets removed.
    pub fn provider_message(&self) -> Option<&str> {
        self.0.provider_message.as_deref()
    }

    /// How long to wait before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The fingerprint of the token it concerns.
    pub fn fingerprint(&self) -> Option<&str> {
        self.0.fingerprint.as_deref()
    }
}

/// `text` with its control characters escaped. The names of options, files and profiles may contain them, and a line break
/// could forge a line of a log.
pub fn one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    text.chars().fold(String::new(), |mut line, c| {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
        line
    })
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.write_str(&inner.message)?;
        if let Some(code) = &inner.provider_code {
            write!(f, " ({code})")?;
        }
        if let Some(words) = &inner.provider_message {
            write!(f, ": \"{words}\"")?;
        }
        if let Some(identity) = &inner.identity {
            write!(f, " [{identity}]")?;
        }
        write!(f, " (hint: {})", inner.kind.hint())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind.code())
            .field("message", &self.0.message)
            .field("identity", &self.0.identity)
            .field("http_status", &self.0.http_status)
            .field("provider_code", &self.0.provider_code)
            .field("provider_message", &self.0.provider_message)
            .field("retry_after", &self.0.retry_after)
            .field("retryable", &self.0.retryable)
            .field("fingerprint", &self.0.fingerprint)
            .finish()
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Error, ErrorKind};

    #[test]
    fn numbers_and_codes_are_unique_and_found_again() {
        let numbers: HashSet<_> = ErrorKind::ALL.iter().map(|kind| kind.number()).collect();
        assert_eq!(numbers.len(), ErrorKind::ALL.len());
        for &kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_code(kind.code()), Some(kind));
        }
    }

    #[test]
    fn a_name_with_a_line_break_does_not_begin_a_line() {
        let error = Error::config("a\nb", "is not an option here")
            .within("file\r")
            .with_note("\u{1b}[2J")
            .with_identity("x\u{85}y");
        assert_eq!(
            error.message(),
            "file\\r: a\\nb: is not an option here; \\u{1b}[2J"
        );
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }

    #[test]
    fn display_says_what_to_whom_and_what_to_do() {
        let error = Error::new(
            ErrorKind::CredentialsRejected,
            "login refused with status 400",
        )
        .with_provider_code("invalid_grant")
        .with_identity("wso2 john@johnsorg");
        let text = error.to_string();
        for part in [
            "login refused",
            "invalid_grant",
            "wso2 john@johnsorg",
            "hint:",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
