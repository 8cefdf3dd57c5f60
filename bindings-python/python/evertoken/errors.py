"""The exceptions: one base class, and one class for each kind of the error table.

    EvertokenError
    ├── ConfigInvalidError        an option, credential or URL is missing, malformed or contradictory (also ValueError)
    ├── CredentialsRejectedError  the server refused the credentials, the grant or the scope
    ├── LockedOutError            the server says that the account is locked or disabled
    ├── RateLimitedError          the server asked for fewer requests; wait `retry_after`
    ├── ServerUnavailableError    the server failed (5xx and its like)
    ├── UnreachableError          no connection could be made, or it was lost (also ConnectionError)
    ├── TlsError                  the TLS handshake failed
    ├── TimedOutError             no response came in time (also TimeoutError)
    ├── BadResponseError          the server's response is not what was asked for
    ├── SameTokenError            the server keeps issuing a token that was refused or is about to expire
    ├── OriginRefusedError        the token may not go to this URL (also ValueError)
    ├── CancelledError            the caller cancelled the call
    ├── ClosedError               the client was closed
    ├── StoreError                reserved: tokens are kept in memory, and nothing raises it
    └── InternalError             a defect in this library, or a blocking call inside one of its callbacks

    >>> try:
    ...     client.get("https://elsewhere.example/accounts/123")
    ... except EvertokenError as error:
    ...     error.code, error.retryable
    ('origin_refused', False)

`HTTPStatusError` is not one of them: `Response.raise_for_status` raises it for a response with status 400 or more, which is not a
failure of this library.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing costs more to import than all of this package
if TYPE_CHECKING:
    from typing import Any, ClassVar

    from ._response import Response
    from ._stream import AsyncStreamedResponse, StreamedResponse

__all__ = [
    "BadResponseError",
    "CancelledError",
    "ClosedError",
    "ConfigInvalidError",
    "CredentialsRejectedError",
    "EvertokenError",
    "HTTPStatusError",
    "InternalError",
    "LockedOutError",
    "OriginRefusedError",
    "RateLimitedError",
    "SameTokenError",
    "ServerUnavailableError",
    "StoreError",
    "TimedOutError",
    "TlsError",
    "UnreachableError",
]


class EvertokenError(Exception):
    """Base of all errors of this library. The text says what happened, to which identity, and what to do.

    Attributes:
        code: Stable name of the kind, such as "credentials_rejected"; the same in every language.
        message: What happened, without identity and hint.
        retryable: Whether the same call may succeed later without a change to the configuration.
        http_status: Status of the response that caused it, or None.
        provider_code: The provider's own code, such as "invalid_grant" or "900901", or None.
        provider_message: The provider's own message, one line of at most 300 characters without secrets, or None.
        retry_after: Seconds to wait before the next attempt, or None.
        fingerprint: First 8 hex digits of the SHA-256 of the token it concerns, or None.
        identity: The identity it concerns, without secrets: fit for a log, or None.
    """

    code: ClassVar[str] = ""

    message: str
    retryable: bool
    http_status: int | None
    provider_code: str | None
    provider_message: str | None
    retry_after: float | None
    fingerprint: str | None
    identity: str | None

    def __init__(
        self,
        text: str,
        *,
        message: str | None = None,
        retryable: bool = False,
        http_status: int | None = None,
        provider_code: str | None = None,
        provider_message: str | None = None,
        retry_after: float | None = None,
        fingerprint: str | None = None,
        identity: str | None = None,
    ) -> None:
        super().__init__(text)
        self.message = text if message is None else message
        self.retryable = retryable
        self.http_status = http_status
        self.provider_code = provider_code
        self.provider_message = provider_message
        self.retry_after = retry_after
        self.fingerprint = fingerprint
        self.identity = identity

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""

    def __reduce__(self) -> tuple[Any, ...]:
        # The default passes only the text, so that the attributes would be lost on the way to another process.
        return type(self), self.args[:1], self.__dict__


class ConfigInvalidError(EvertokenError, ValueError):
    """An option, a credential or a URL is missing, malformed or contradicts another; the text names it."""

    code = "config_invalid"


class CredentialsRejectedError(EvertokenError):
    """The server refused the credentials, the grant or the scope. Logins stay paused until `reset()` or other credentials."""

    code = "credentials_rejected"


class LockedOutError(EvertokenError):
    """The server says that the account is locked or disabled."""

    code = "locked_out"


class RateLimitedError(EvertokenError):
    """The server asked for fewer requests; wait `retry_after` seconds."""

    code = "rate_limited"


class ServerUnavailableError(EvertokenError):
    """The server failed: with a 5xx status, or an equivalent error code."""

    code = "server_unavailable"


class UnreachableError(EvertokenError, ConnectionError):
    """No connection could be made, or it was lost."""

    code = "unreachable"


class TlsError(EvertokenError):
    """The TLS handshake failed: certificate, host name, protocol."""

    code = "tls"


class TimedOutError(EvertokenError, TimeoutError):
    """No response came in time. A login in progress goes on for the next caller."""

    code = "timed_out"


class BadResponseError(EvertokenError):
    """The server's response is not the expected one: an HTML page, invalid JSON, a redirect, or too large."""

    code = "bad_response"


class SameTokenError(EvertokenError):
    """The server keeps issuing a token that was refused or is about to expire."""

    code = "same_token"


class OriginRefusedError(EvertokenError, ValueError):
    """The URL does not belong to an origin that may receive the token; `allowed_origins` adds one."""

    code = "origin_refused"


class CancelledError(EvertokenError):
    """The caller cancelled the call. A cancelled asyncio task gets asyncio's own CancelledError instead."""

    code = "cancelled"


class ClosedError(EvertokenError):
    """The client was closed."""

    code = "closed"


class StoreError(EvertokenError):
    """Reserved for token stores: tokens are kept in memory, and nothing raises it."""

    code = "store"


class InternalError(EvertokenError):
    """A defect in this library, or a blocking call made inside one of its callbacks."""

    code = "internal"


class HTTPStatusError(Exception):
    """A response has a status of 400 or more; raised only by `raise_for_status()`.

    Not an `EvertokenError`, because the call itself succeeded.

    Attributes:
        response: The response.
        status_code: Its status.
    """

    response: Response | StreamedResponse | AsyncStreamedResponse
    status_code: int

    def __init__(self, text: str, *, response: Response | StreamedResponse | AsyncStreamedResponse) -> None:
        super().__init__(text)
        self.response = response
        self.status_code = response.status_code

    def __reduce__(self) -> tuple[Any, ...]:
        return _status_error, (self.args[0], self.response)


def _status_error(text: str, response: Response) -> HTTPStatusError:
    return HTTPStatusError(text, response=response)


_BY_CODE: dict[str, type[EvertokenError]] = {kind.code: kind for kind in EvertokenError.__subclasses__()}


def from_native(code: str, text: str, **fields: Any) -> EvertokenError:
    """The exception for an error of the core; EvertokenError itself for a kind that has no class here."""
    return _BY_CODE.get(code, EvertokenError)(text, **fields)
