from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final, Literal, final

from typing_extensions import Self, disjoint_base

from ._types import HeaderFields, Path, Seconds
from .errors import EvertokenError

__all__ = [
    "VERSION",
    "Answer",
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
        """Whose token it is, in a form fit for a log."""
    @property
    def base_url(self) -> str:
        """The API's URL: relative URLs are below it, and its origin may receive the token."""
    @property
    def timeout(self) -> float:
        """The deadline of a call that names none, in seconds."""
    def resolve(self, url: str) -> str:
        """The URL a caller means: absolute, or below the base URL."""
    def allows(self, url: str) -> bool:
        """Whether the token may go to this URL."""
    def _authorize_now(self, url: str) -> Authorization | None:
        """For adapters: permission to send one request, if nothing has to be waited for."""
    def _accepted(self, authorization: Authorization, status: int) -> None:
        """For adapters: tells of a response other than a 401, about which there is nothing to judge."""
    def state(self) -> State:
        """The identity's state. Makes no request and never waits."""
    def stats(self) -> Stats:
        """Counters of the identity since its first use in this process."""
    def reset(self) -> None:
        """Forgets pauses, the breaker and the storm guard: to be called once the cause of the failures is fixed."""
    def invalidate(self) -> None:
        """Makes the next call renew the current token, as if an API had refused it."""
    def on_event(self, callback: Callable[[Event], object]) -> Subscription:
        """Calls `callback` with every event of the identity until the subscription or the client is closed.

        It runs on the thread that caused the event, never under a lock, and must not wait for this library: a blocking call inside it
        raises InternalError. What it raises goes to `sys.unraisablehook` and harms nobody.

        Raises:
            ClosedError: The client is closed, so that no event would come.

        >>> names = []
        >>> with client.on_event(lambda event: names.append(event.name)):
        ...     client.invalidate()
        ...     token = client.token()
        >>> ", ".join(names)
        'flight_started, token_installed'
        """

# Of the clients, what is written in Python stands in _client.py and _async_client.py.

class Client(BaseClient):
    def __new__(cls, flow: str | None, options: dict[str, Any], *, profile: tuple[str, Path | None] | None = None) -> Self: ...
    def token(self, *, min_ttl: Seconds | None = None, timeout: Seconds | None = None) -> Token:
        """A token that is valid now, from the cache where possible.

        Args:
            min_ttl: Life that must be left, in seconds. Where a token's whole life is no longer, half of it is asked for.
            timeout: Give up waiting after this long; the login goes on for the next caller. None: the client's timeout.

        Raises:
            CredentialsRejectedError: The server refused the credentials, the grant or the scope.
            TimedOutError: No response came in time.
            EvertokenError: Base of these and all others.
        """
    def authorization(self, url: str | None = None) -> str:
        """The Authorization header's value: the fast path, the same object until the token changes.

        Args:
            url: Where the request goes. None: the API's own origin, some tens of nanoseconds.

        Raises:
            OriginRefusedError: The token may not go there.
            EvertokenError: As `token`.
        """
    def authorize(self, url: str) -> Authorization:
        """Permission to send one request with an HTTP library of your own; show it to `judge` with the response.

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
        """What a response means: done, send again with another header, or give the 401 back.

        Renews the token where that may heal it; callers with the same refused token share one renewal. Never fails
        because a renewal did: that is a reason to give the response back.

        Args:
            authorization: What the request was sent with.
            status: The response's status.
            headers: The response's headers; looked into for a 401 only.
            body: The first bytes of its body, some kilobytes are enough; looked into for a 401 only.
            replayable: Whether the request's body can be sent again whole.
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
        """Closes the client: later calls raise ClosedError, requests under way end as they would. Idempotent, and prompt.

        Other clients of the identity go on.

        Args:
            revoke: Revoke the token at the server first, if the provider has a revocation endpoint (RFC 7009).

        Raises:
            EvertokenError: What kept the revocation from the server; the client is closed all the same.
        """
    def _send(self, request: tuple[Any, ...]) -> Answer: ...
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
    def _send(self, request: tuple[Any, ...]) -> Awaitable[Answer]: ...
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
        """When it expires: an aware datetime in UTC, by this machine's clock; None if it lives until refused."""
    @property
    def expires_in(self) -> timedelta | None:
        """What was left of its life when it was handed out, a timedelta; None if it lives until refused."""
    @property
    def scope(self) -> str | None:
        """The granted scope, space-separated, if the server named it, else None."""
    @property
    def claims(self) -> dict[str, Any] | None:
        """The claims, if the token is a readable JWT, else None. They are read, not verified."""
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
    """What a response means for the code that sent the request."""

    @property
    def action(self) -> Literal["done", "resend", "give_back"]:
        """What to do: "done" (it is the response), "resend" (with `authorization`, once), "give_back" (the 401 is the response)."""
    @property
    def authorization(self) -> Authorization | None:
        """What to send again with, for "resend"; else None."""
    @property
    def reason(self) -> _Reason | None:
        """Why the 401 was not healed, for "give_back", as `AuthOutcome.reason`; else None."""
    @property
    def error(self) -> EvertokenError | None:
        """What made the renewal fail, an EvertokenError, where one failed; else None."""

@final
class Event:
    """Something that happened to an identity."""

    @property
    def name(
        self,
    ) -> Literal["flight_started", "token_installed", "flight_failed", "refused", "resent", "given_back", "locked_out"]:
        """What happened.

        "flight_started": a token request is about to be made. "token_installed": there is a new token. "flight_failed": the request
        brought none; the old token is served as long as it is valid. "refused": an API refused a token with 401. "resent": a
        request is sent again. "given_back": a 401 is handed to its caller. "locked_out": the credentials were rejected.
        """
    @property
    def identity(self) -> str:
        """Whose token it is about."""
    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the token it is about."""
    @property
    def via(self) -> _Via | None:
        """How the token was obtained, for "token_installed": "login", "refresh" or "store"; else None."""
    @property
    def expires_in(self) -> timedelta | None:
        """The new token's life, a timedelta, for "token_installed"; None if it lives until refused."""
    @property
    def error(self) -> EvertokenError | None:
        """The failure, an EvertokenError, for "flight_failed" and "locked_out"; else None."""
    @property
    def reason(self) -> _Reason | None:
        """Why, for "given_back", as `AuthOutcome.reason`; else None."""
    @property
    def pause(self) -> timedelta | None:
        """How long no login is made, a timedelta, for "locked_out"; else None."""

@final
class Subscription:
    """A callable's subscription to the events of an identity. Ends with `close`, its `with` block, or its client."""

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
        """In one word: "fresh", "soft" (served and due for renewal), "expired", "none" (no token yet), "locked_out"."""
    @property
    def expires_in(self) -> timedelta | None:
        """What is left of the token's life, a timedelta; None without a token or with one that lives until refused."""
    @property
    def fingerprint(self) -> str | None:
        """The token's fingerprint: the first 8 hex digits of its SHA-256."""
    @property
    def via(self) -> _Via | None:
        """How the token was obtained."""
    @property
    def last_error(self) -> EvertokenError | None:
        """The last failure, an EvertokenError, if no token has come since; else None."""
    @property
    def next_try_in(self) -> timedelta | None:
        """How long no token request is made, a timedelta; None if the next caller may make one."""

@final
class Stats:
    """Counters of an identity since its first use in this process."""

    @property
    def tokens_served(self) -> int:
        """Tokens handed out; the cached header of `authorization` and of requests is not counted."""
    @property
    def flights(self) -> int:
        """Token requests made; one with several tries counts once."""
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
        """401s handed to their caller."""
    @property
    def waiting(self) -> int:
        """Callers waiting for a token now."""
    def as_dict(self) -> dict[str, int]:
        """All of them by name."""

@disjoint_base
class Head:
    """Status line, headers and what became of the token: all of a response but its body."""

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
class Answer(Head):
    """A response, read to its end."""

    @property
    def content(self) -> bytes: ...

@final
class Stream(Head):
    """A response whose body is still on the wire."""

    def read(self) -> bytes | None: ...
    def aread(self) -> Awaitable[bytes | None]: ...
    def close(self) -> None: ...

@final
class Feed:
    """A body that an asynchronous source fills piece by piece, held back while the network is slow."""

    def __new__(cls) -> Self: ...
    def send(self, piece: bytes | str) -> Awaitable[bool]: ...
    def fail(self, error: BaseException) -> Awaitable[bool]: ...
    def end(self) -> None: ...

@final
class Sandbox:
    """A running sandbox. JSON goes in and out as text."""

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
