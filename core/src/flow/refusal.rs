//! Turns responses without a token into typed errors (RFC 6749 §5.2, and what servers send instead).

use http::header::LOCATION;
use url::{Position, Url};

use super::further_step::further_step;
use super::success::Success;
use super::{TokenResponse, waiting};
use crate::document::{Details, Document, as_text, is_page};
use crate::error::{Error, ErrorKind, Result};
use crate::scrub::Scrubber;

mod denial;
mod limited;
mod locked;
mod mistaken;
mod passing;

use denial::denied_with;
use limited::says_limited;
use locked::{says_closed, says_locked};
use mistaken::{says_mistaken, says_unknown_user};
use passing::says_unavailable;

/// What an error message needs besides the response.
pub(super) struct Context<'a> {
    pub(super) scrubber: &'a Scrubber,
    pub(super) token_url: Option<&'a Url>,
    /// The client credentials have characters that servers decode differently, and the option `basic` says how they are sent.
    pub(super) may_be_misread: bool,
}

/// The meaning of a response without a token, and the words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: ErrorKind,
    pub(super) retryable: bool,
    words: &'static str,
}

impl Failure {
    const fn new(kind: ErrorKind, words: &'static str) -> Self {
        Self {
            kind,
            retryable: kind.retryable(),
            words,
        }
    }

    /// For a request that goes to the wrong place, so that waiting does not help.
    const fn wrong_place(words: &'static str) -> Self {
        Self {
            kind: ErrorKind::BadResponse,
            retryable: false,
            words,
        }
    }
}

const REJECTED: Failure = Failure::new(
    ErrorKind::CredentialsRejected,
    "the token request was rejected",
);
const LOCKED: Failure = Failure::new(ErrorKind::LockedOut, "the account is locked or disabled");
const LIMITED: Failure = Failure::new(
    ErrorKind::RateLimited,
    "the token endpoint asks for fewer requests",
);
const UNAVAILABLE: Failure =
    Failure::new(ErrorKind::ServerUnavailable, "the token endpoint failed");

/// Error codes of OAuth (RFC 6749 §4.1.2.1 and §5.2, RFC 8628 §3.5, RFC 8707 §2) and of other login endpoints.
const CODES: &[(&str, Failure)] = &[
    ("invalid_client", REJECTED),
    ("invalid_grant", REJECTED),
    ("unauthorized_client", REJECTED),
    ("unsupported_grant_type", REJECTED),
    ("invalid_scope", REJECTED),
    ("invalid_request", REJECTED),
    ("access_denied", REJECTED),
    ("invalid_target", REJECTED),
    ("temporarily_unavailable", UNAVAILABLE),
    ("server_error", UNAVAILABLE),
    ("internal_error", UNAVAILABLE),
    ("fatal_error", UNAVAILABLE),
    // Salesforce, with 400 and "retry your request"; Keycloak, after an exception.
    ("unknown_error", UNAVAILABLE),
    ("service_unavailable", UNAVAILABLE),
    ("request_timeout", UNAVAILABLE),
    ("slow_down", LIMITED),
    ("too_many_requests", LIMITED),
    ("too_many_attempts", LIMITED),
    ("rate_limit_exceeded", LIMITED),
    ("rate_limited", LIMITED),
    ("ratelimited", LIMITED),
    // Amazon, with 400.
    ("TooManyRequestsException", LIMITED),
    ("ThrottlingException", LIMITED),
];

/// The failure that status, code and words of a response mean.
pub(super) fn classify(status: u16, details: &Details) -> Failure {
    let by_code = details
        .code
        .as_deref()
        .and_then(|code| CODES.iter().find(|(known, _)| *known == code))
        .map(|(_, failure)| *failure);
    match status {
        500 if says_locked(details) => LOCKED,
        500 if says_mistaken(details) => REJECTED,
        408 | 425 | 500..600 => UNAVAILABLE,
        // Auth0: "Your account has been blocked after multiple consecutive login attempts". Later requests do not unlock it.
        429 if says_closed(details) => LOCKED,
        429 => LIMITED,
        300..400 => Failure::wrong_place("redirects of a token endpoint are not followed"),
        423 => LOCKED,
        400..500 if says_locked(details) => LOCKED,
        400..500 if says_limited(details) => LIMITED,
        400..500 if says_unavailable(details) && !says_mistaken(details) => UNAVAILABLE,
        // ServiceNow, for a wrong password. A 401 is not a failure of the server, and trying again would lock the account.
        401 if by_code.is_some_and(|failure| failure.kind == ErrorKind::ServerUnavailable)
            && details.code.as_deref() != Some("temporarily_unavailable") =>
        {
            REJECTED
        }
        400..500 => match (by_code, status) {
            (Some(failure), _) => failure,
            // 402: a licence is missing; 451: the region is blocked.
            (None, 400 | 401 | 402 | 403 | 422 | 451) => REJECTED,
            (None, 407) => Failure::wrong_place("the proxy wants credentials of its own"),
            // Parse says 404 to a wrong password, and others to an unknown user.
            (None, _) if says_mistaken(details) || says_unknown_user(details) => REJECTED,
            (None, 404 | 410) => {
                Failure::wrong_place("the token endpoint is not there; check token_url")
            }
            (None, _) => Failure::wrong_place(
                "the token endpoint does not take a token request; check token_url",
            ),
        },
        _ => Failure::new(
            ErrorKind::BadResponse,
            "the token endpoint answered with an unexpected status",
        ),
    }
}

impl Context<'_> {
    /// The error for a response whose status is not a success.
    pub(super) fn refused(&self, response: &TokenResponse) -> Error {
        let document = Document::of_error(&response.body);
        let details = document.as_ref().map(Document::details).unwrap_or_default();
        let failure = match &document {
            Some(_) => classify(response.status, &details),
            None => classify(response.status, &heard(&response.body)),
        };
        // A token endpoint itself does not refuse with an HTML page.
        let page = match failure.kind {
            ErrorKind::CredentialsRejected | ErrorKind::BadResponse if is_page(&response.body) => {
                ", by an HTML page, perhaps of a firewall or gateway before the token endpoint"
            }
            _ => "",
        };
        let mut words = format!(
            "{} (status {}{}{page})",
            failure.words,
            response.status,
            self.place()
        );
        if (300..400).contains(&response.status)
            && let Some(target) = self.redirect_target(response)
        {
            words = format!("{words}, it points to {target}");
        }
        let mut words = self.with_step(words, &failure, document.as_ref());
        let says_nothing = details.code.is_none() && details.message.is_none();
        if self.may_be_misread
            && failure.kind == ErrorKind::CredentialsRejected
            && (says_nothing || details.code.as_deref() == Some("invalid_client"))
        {
            words.push_str(
                "; servers decode some characters of the client credentials differently, see the option basic",
            );
        }
        self.error(failure, words, response, document.as_ref(), &details)
    }

    /// Reads the response to a revocation, of which only the status matters.
    pub(super) fn revoked(&self, response: &TokenResponse) -> Result<()> {
        if (200..300).contains(&response.status) {
            return Ok(());
        }
        let document = Document::of_error(&response.body);
        let details = document.as_ref().map(Document::details).unwrap_or_default();
        if details.code.as_deref() == Some("unsupported_token_type") {
            return Ok(());
        }
        let words = format!("the token was not revoked (status {})", response.status);
        let failure = classify(response.status, &details);
        Err(self.error(failure, words, response, document.as_ref(), &details))
    }

    /// The error in a response with a success status, such as `{"error":"invalid_grant"}` with 200; `None` if there is none.
    ///
    /// `failed`: the flow's own condition for success, if it does not hold. If there is a token, an `error` counts only if it is a
    /// known code, because some servers always write `"error":"none"`.
    pub(super) fn stated(
        &self,
        response: &TokenResponse,
        document: &Document,
        failed: Option<&Success>,
        has_token: bool,
    ) -> Option<Error> {
        let details = document.details();
        let known = details
            .code
            .as_deref()
            .is_some_and(|code| CODES.iter().any(|(known, _)| *known == code));
        let denied = denied_with(document)
            .or_else(|| says_locked(&details).then_some(400))
            .filter(|_| !has_token);
        if !(failed.is_some() || (details.stated && (known || !has_token)) || denied.is_some()) {
            return None;
        }
        // {"error":{"code":503,…}} names the status that the response should have had. It counts only if it says that the server
        // failed or wants fewer requests. Everything else is a rejection, because trying again with a wrong password locks accounts:
        // many servers write 500 for a wrong password, and 404 for an unknown user.
        let status = details
            .code
            .as_deref()
            .and_then(|code| code.parse().ok())
            .or(denied)
            .filter(|status| matches!(status, 408 | 423 | 425 | 429 | 501..600));
        let failure = classify(status.unwrap_or(400), &details);
        let words = format!(
            "{}{} (in an answer with status {}{})",
            failure.words,
            failed.map_or_else(String::new, |success| format!(": {success} does not hold")),
            response.status,
            self.place()
        );
        let words = self.with_step(words, &failure, Some(document));
        Some(self.error(failure, words, response, Some(document), &details))
    }

    /// The error for a success without a usable token. `problem` must not contain values of the response.
    pub(super) fn unreadable(&self, response: &TokenResponse, problem: &str) -> Error {
        // In a success, a list of strings is more likely to contain tokens than messages.
        let document = Document::read(None, &response.body, "")
            .ok()
            .or_else(|| Document::of_error(&response.body));
        let details = document.as_ref().map(Document::details).unwrap_or_default();
        let words = format!(
            "no token in the answer: {problem} (status {}{})",
            response.status,
            self.place()
        );
        self.error(
            Failure::new(ErrorKind::BadResponse, ""),
            words,
            response,
            document.as_ref(),
            &details,
        )
    }

    /// Adds to a rejection that the login seems to have a further step.
    fn with_step(&self, words: String, failure: &Failure, document: Option<&Document>) -> String {
        let rejection = document.filter(|_| failure.kind == ErrorKind::CredentialsRejected);
        match rejection.and_then(|document| further_step(document, self.scrubber)) {
            Some(step) => format!("{words}; {step}"),
            None => words,
        }
    }

    fn error(
        &self,
        failure: Failure,
        words: String,
        response: &TokenResponse,
        document: Option<&Document>,
        details: &Details,
    ) -> Error {
        let mut error = Error::new(failure.kind, words).with_retryable(failure.retryable);
        if let Some(code) = details
            .code
            .as_deref()
            .and_then(|code| self.scrubber.code(code))
        {
            error = error.with_provider_code(code);
        }
        if let Some(message) = details
            .message
            .as_deref()
            .and_then(|message| self.scrubber.message(message))
        {
            error = error.with_provider_message(message);
        }
        if let Some(wait) = waiting::without_clock(response, document) {
            error = error.with_retry_after(wait);
        }
        error
    }

    /// ` from host`, without path and query.
    fn place(&self) -> String {
        self.token_url
            .and_then(Url::host_str)
            .map_or_else(String::new, |host| format!(" from {host}"))
    }

    /// The target of a redirect: only the host, or the URL without its query if that is the same host. So the message shows what
    /// `token_url` should be if only a slash at the end or https is missing.
    fn redirect_target(&self, response: &TokenResponse) -> Option<String> {
        let location = response.headers.get(LOCATION)?.to_str().ok()?;
        let target = match self.token_url {
            Some(base) => base.join(location).ok()?,
            None => Url::parse(location).ok()?,
        };
        let host = target.host_str()?;
        if self.token_url.and_then(Url::host_str) != Some(host) {
            return self.scrubber.message(host);
        }
        let place = &target[Position::BeforeHost..Position::AfterPath];
        // Java servers append the session's id.
        let place = place.split(';').next().unwrap_or_default();
        self.scrubber
            .message(&format!("{}://{place}", target.scheme()))
    }
}

/// What a short plain text says, to classify it. It is not shown, because nothing tells that it is meant for people.
fn heard(body: &[u8]) -> Details {
    /// "Account locked: too many login attempts. Please try again later."
    const LONGEST: usize = 300;
    let mut details = Details::default();
    details.message = as_text(body).filter(|text| text.len() <= LONGEST);
    details
}

/// Whether the words of `message`, in lower case, satisfy `says`.
fn in_words(message: Option<&str>, says: impl Fn(&[&str]) -> bool) -> bool {
    message.is_some_and(|message| {
        let message = message.to_lowercase();
        let words: Vec<&str> = message
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        says(&words)
    })
}

#[cfg(test)]
mod tests;
