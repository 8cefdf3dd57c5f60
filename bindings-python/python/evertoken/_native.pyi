from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final, Literal, final

from typing_extensions import Self, disjoint_base

from ._types import HeaderFields, Path, Seconds
from .errors import EvertokenError

__all__ = [
    "VERSION",
    "AsyncClient",
    "Authorization",
    "BaseClient",
    "Client",
    "Event",
    "Feed",
    "Head",
    "Sandbox",
    "State",
    "Stats",
    "Stream",
    "Subscription",
    "Token",
    "Verdict",
    "WholeResponse",
    "client_option_names",
    "error_kinds",
    "error_of_kind",
    "flow_option_names",
    "reasons",
    "run_cli",
]

VERSION: Final[str]

_Reason = Literal[
    "foreign_origin",
    "insufficient_rights",
    "refused_again",
    "body_not_replayable",
    "renewal_failed",
    "storm_guard",
    "not_renewable",
    "same_token",
]
_Standing = Literal["fresh", "soft", "expired", "none", "locked_out"]
_Via = Literal["login", "refresh", "store"]

@disjoint_base
class BaseClient:
    """What both clients have in common."""

    @property
    def identity(self) -> str:
        """Whose token it is, without secrets: for logs."""
    @property
    def base_url(self) -> str:
        """The API's URL: relative URLs are below it, and its origin may receive the token."""
    @property
    def timeout(self) -> float:
        """The deadline of calls that set none of their own, in seconds."""
    def resolve(self, url: str) -> str:
        """The absolute URL for `url`, which may be relative to the base URL."""
    def allows(self, url: str) -> bool:
        """Whether the token may go to this URL."""
    def _authorize_now(self, url: str) -> Authorization | None:
        """For adapters: permission to send one request; None if that would take waiting."""
    def _for_url(self, authorization: Authorization, url: str) -> Authorization:
        """For adapters: the same authorization for a request to another URL of the same origin."""
    def _accepted(self, authorization: Authorization, status: int) -> bool:
        """For adapters: reports a response other than a 401, which needs no verdict. Returns whether an API has accepted the token:
        then further such responses need not be reported."""
    def state(self) -> State:
        """The identity's state. Makes no request and never waits."""
    def stats(self) -> Stats:
        """Counters of the identity since its first use in this process."""
    def reset(self) -> None:
        """Ends all pauses after failures (rejected logins, `Retry-After`, futile renewals). Call it once the cause is fixed."""
    def invalidate(self) -> None:
        """Marks the current token as refused, so that the next call renews it."""
    def on_event(self, callback: Callable[[Event], object]) -> Subscription:
        """Calls `callback` with every event of the identity until the subscription or the client is closed.

        It runs on the thread that caused the event, with no lock held, and must not block on this library: a blocking call inside it
        raises InternalError. Its exceptions go to `sys.unraisablehook` and affect nothing else.

        Raises:
            ClosedError: The client is closed, and there would be no events.

        >>> names = []
        >>> with client.on_event(lambda event: names.append(event.name)):
        ...     client.invalidate()
        ...     token = client.token()
        >>> ", ".join(names)
        'flight_started, token_installed'
        """

# The clients' methods that are written in Python are in _client.py and _async_client.py.

class Client(BaseClient):
    def __new__(cls, flow: str | None, options: dict[str, Any], *, profile: tuple[str, Path | None] | None = None) -> Self: ...
    def token(self, *, min_ttl: Seconds | None = None, timeout: Seconds | None = None) -> Token:
        """A token that is valid now, from the cache where possible.

        Args:
            min_ttl: The least remaining lifetime, in seconds; for tokens that never live longer, half of their lifetime.
            timeout: Stop waiting after this long; the login goes on for the next caller. None: the client's timeout.

        Raises:
            CredentialsRejectedError: The server refused the credentials, the grant or the scope.
            TimedOutError: No response came in time.
            EvertokenError: Base of these and all others.
        """
    def authorization(self, url: str | None = None) -> str:
        """The value of the Authorization header: the same str object until the token changes.

        Args:
            url: Where the request goes. None: the API's own origin, which takes only tens of nanoseconds.

        Raises:
            OriginRefusedError: The token may not go there.
            EvertokenError: As `token`.
        """
    def authorize(self, url: str) -> Authorization:
        """Permission to send one request with another HTTP library. Pass it to `judge` together with the response.

        Raises:
            OriginRefusedError: The token may not go there.
            EvertokenError: As `token`.
        """
    def judge(
        self,
        authorization: Authorization,
        status: int,
        *,
        headers: HeaderFields | Iterable[tuple[str, str]] | None = None,
        body: bytes | None = None,
        replayable: bool = True,
        timeout: Seconds | None = None,
    ) -> Verdict:
        """What to do about a response: nothing, send the request again with another header, or return the 401.

        For a 401 it renews the token if that can help; all callers whose requests were refused with the same token share one
        renewal. A renewal that fails raises nothing: the verdict is then to return the 401.

        Args:
            authorization: The one that the request was sent with.
            status: The response's status.
            headers: The response's headers; read only for a 401.
            body: The body, or its first kilobytes; read only for a 401.
            replayable: Whether the request's whole body can be sent again.
            timeout: How long to wait for a renewal. None: the client's timeout.

        >>> from http.client import HTTPConnection
        >>> authorization = client.authorize("/pismo/api/accounts/123")
        >>> connection = HTTPConnection(base_url.removeprefix("http://"))
        >>> connection.request("GET", "/pismo/api/accounts/123", headers={"Authorization": authorization.value})
        >>> response = connection.getresponse()
        >>> client.judge(authorization, response.status, headers=response.getheaders(), body=response.read()).action
        'done'
        >>> connection.close()
        """
    def close(self, *, revoke: bool = False) -> None:
        """Closes the client: later calls raise ClosedError, requests in progress are finished. Returns at once; idempotent.

        Other clients of the same identity are not affected.

        Args:
            revoke: Revoke the token at the server first, if the provider has a revocation endpoint (RFC 7009).

        Raises:
            EvertokenError: The revocation failed; the client is closed all the same.
        """
    def _send(self, request: tuple[Any, ...]) -> WholeResponse: ...
    def _open(self, request: tuple[Any, ...]) -> Stream: ...

class AsyncClient(BaseClient):
    def __new__(cls, flow: str | None, options: dict[str, Any], *, profile: tuple[str, Path | None] | None = None) -> Self: ...
    def _token(self, min_ttl: Seconds | None, timeout: Seconds | None) -> Awaitable[Token]: ...
    def _cached(self) -> str | None: ...
    def _text(self, authorization: Authorization) -> str: ...
    def _authorize(self, url: str | None) -> Awaitable[Authorization]: ...
    def _judge(
        self,
        authorization: Authorization,
        status: int,
        headers: HeaderFields | Iterable[tuple[str, str]] | None,
        body: bytes | None,
        replayable: bool,
        timeout: Seconds | None,
    ) -> Awaitable[Verdict]: ...
    def _send(self, request: tuple[Any, ...]) -> Awaitable[WholeResponse]: ...
    def _open(self, request: tuple[Any, ...]) -> Awaitable[Stream]: ...
    def _close(self, revoke: bool) -> Awaitable[None] | None: ...

@final
class Token:
    """A token and what is known about it. Its repr shows a fingerprint, never the value."""

    @property
    def value(self) -> str:
        """The token itself."""
    @property
    def expires_at(self) -> datetime | None:
        """When it expires, by this machine's clock: an aware datetime in UTC. None if it is valid until refused."""
    @property
    def expires_in(self) -> timedelta | None:
        """Its remaining lifetime when it was returned, a timedelta; None if it is valid until refused."""
    @property
    def scope(self) -> str | None:
        """The granted scopes, separated by spaces; None if the server did not say."""
    @property
    def claims(self) -> dict[str, Any] | None:
        """The claims of a JWT, not verified; None if the token is not a JWT that can be decoded."""
    @property
    def fingerprint(self) -> str:
        """The first 8 hex digits of its SHA-256, for logs."""
    @property
    def via(self) -> _Via:
        """How it was obtained: "login", "refresh" or "store"."""

@final
class Authorization:
    """Permission to send one request with the token. Its repr shows a fingerprint, never the value."""

    @property
    def value(self) -> str:
        """The Authorization header's value."""
    @property
    def generation(self) -> int:
        """The token's number in this process; a later token has a higher one."""
    @property
    def fingerprint(self) -> str:
        """The token's fingerprint: the first 8 hex digits of its SHA-256."""
    @property
    def is_resend(self) -> bool:
        """Whether this is for the one resend after a 401."""

@final
class Verdict:
    """What the code that sent the request is to do about its response."""

    @property
    def action(self) -> Literal["done", "resend", "give_back"]:
        """ "done": use the response. "resend": send the request again, once, with `authorization`. "give_back": return the 401."""
    @property
    def authorization(self) -> Authorization | None:
        """For "resend": the authorization to send the request again with; else None."""
    @property
    def reason(self) -> _Reason | None:
        """For "give_back": why the 401 was not healed, as in `AuthOutcome.reason`; else None."""
    @property
    def error(self) -> EvertokenError | None:
        """The EvertokenError of the renewal, if one was made and failed; else None."""

@final
class Event:
    """Something that happened to an identity."""

    @property
    def name(
        self,
    ) -> Literal["flight_started", "token_installed", "flight_failed", "refused", "resent", "given_back", "locked_out"]:
        """What happened.

        "flight_started": a token request is about to be made. "token_installed": there is a new token. "flight_failed": the token
        request failed; the old token is used as long as it is valid. "refused": an API refused a token with 401. "resent": a
        request is sent again. "given_back": a 401 is returned to its caller. "locked_out": the credentials were rejected.
        """
    @property
    def identity(self) -> str:
        """The identity, without secrets."""
    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the token that the event is about."""
    @property
    def via(self) -> _Via | None:
        """For "token_installed": how the token was obtained, "login", "refresh" or "store"; else None."""
    @property
    def expires_in(self) -> timedelta | None:
        """For "token_installed": the new token's lifetime, a timedelta; None if it is valid until refused."""
    @property
    def error(self) -> EvertokenError | None:
        """For "flight_failed" and "locked_out": the failure, an EvertokenError; else None."""
    @property
    def reason(self) -> _Reason | None:
        """For "given_back": why the 401 was not healed, as in `AuthOutcome.reason`; else None."""
    @property
    def pause(self) -> timedelta | None:
        """For "locked_out": how long no login will be made, a timedelta; else None."""

@final
class Subscription:
    """A callable's subscription to the events of an identity. Ended by `close`, by leaving its `with` block, or with its client."""

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
    def close(self) -> None:
        """Ends it."""
    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None: ...

@final
class State:
    """The state of an identity."""

    @property
    def standing(self) -> _Standing:
        """ "fresh", "soft" (valid, and due for renewal), "expired", "none" (no token yet) or "locked_out" (credentials rejected)."""
    @property
    def expires_in(self) -> timedelta | None:
        """The token's remaining lifetime, a timedelta; None if there is no token, or it is valid until refused."""
    @property
    def fingerprint(self) -> str | None:
        """The token's fingerprint: the first 8 hex digits of its SHA-256."""
    @property
    def via(self) -> _Via | None:
        """How the token was obtained: "login", "refresh" or "store"; None without a token."""
    @property
    def last_error(self) -> EvertokenError | None:
        """The last failure, an EvertokenError; None if a token was obtained since."""
    @property
    def next_try_in(self) -> timedelta | None:
        """How long no token request will be made, a timedelta; None if one may be made now."""

@final
class Stats:
    """Counters of an identity since its first use in this process."""

    @property
    def tokens_served(self) -> int:
        """Tokens returned by `token`, and headers that were not cached."""
    @property
    def flights(self) -> int:
        """Token requests made; several attempts of one count once."""
    @property
    def failures(self) -> int:
        """Token requests that ended without a token."""
    @property
    def logins(self) -> int:
        """Logins that returned a token."""
    @property
    def refreshes(self) -> int:
        """Refreshes that returned a token."""
    @property
    def refused(self) -> int:
        """401 responses that were judged."""
    @property
    def resends(self) -> int:
        """Requests sent again after a 401."""
    @property
    def given_back(self) -> int:
        """401s returned to their caller."""
    @property
    def waiting(self) -> int:
        """Callers that are waiting for a token now."""
    def as_dict(self) -> dict[str, int]:
        """All counters by name."""

@disjoint_base
class Head:
    """Everything of a response but its body: status, headers, and why a 401 was not healed."""

    @property
    def status(self) -> int: ...
    @property
    def version(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def headers(self) -> list[tuple[str, str]]: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def error(self) -> EvertokenError | None: ...

@final
class WholeResponse(Head):
    """A response with its whole body."""

    @property
    def content(self) -> bytes: ...

@final
class Stream(Head):
    """A response whose body is read piece by piece."""

    def read(self) -> bytes | None: ...
    def aread(self) -> Awaitable[bytes | None]: ...
    def close(self) -> None: ...

@final
class Feed:
    """A body that an asynchronous source fills piece by piece, and that makes it wait while the network is slow."""

    def __new__(cls) -> Self: ...
    def send(self, piece: bytes | str) -> Awaitable[bool]: ...
    def fail(self, error: BaseException) -> Awaitable[bool]: ...
    def end(self) -> None: ...

@final
class Sandbox:
    """A running sandbox. Its JSON is passed as text."""

    def __new__(cls, settings: str) -> Self: ...
    def info(self) -> str: ...
    def control(self, method: str, path: str, body: str) -> str: ...
    def close(self) -> None: ...

def error_kinds() -> list[tuple[str, int, bool, str]]: ...
def error_of_kind(code: str, message: str) -> EvertokenError: ...
def reasons() -> list[str]: ...
def client_option_names() -> list[str]: ...
def flow_option_names(flow_name: str) -> list[str]: ...
def run_cli(args: list[str]) -> int: ...
