"""Evertoken: a bearer token that is always valid.

A client logs in, keeps the token, renews it in time, and heals a 401: it renews the token and sends the request again.

    >>> import evertoken
    >>> client = evertoken.Client.pismo(server_key=server_key, server_secret=server_secret, base_url=base_url)
    >>> client.get("/pismo/api/accounts/123").json()["method"]
    'GET'

`AsyncClient` has the same constructors, and the same calls to await. For code that uses requests, httpx, aiohttp or urllib3 there are
`Client.requests_auth`, `httpx_auth`, `urllib3_pool` and `AsyncClient.aiohttp_middleware`. For tests there are `evertoken.testing` and
the pytest fixture `evertoken_sandbox`.

Every error of this library is an `EvertokenError`, with one subclass for each kind; see `evertoken.errors`.
"""

from __future__ import annotations

from ._async_client import AsyncClient
from ._client import Client
from ._native import VERSION, Authorization, Event, State, Stats, Subscription, Token, Verdict
from ._response import AuthOutcome, Headers, Response
from ._stream import AsyncStreamedResponse, StreamedResponse
from .errors import (
    BadResponseError,
    CancelledError,
    ClosedError,
    ConfigInvalidError,
    CredentialsRejectedError,
    EvertokenError,
    HTTPStatusError,
    InternalError,
    LockedOutError,
    OriginRefusedError,
    RateLimitedError,
    SameTokenError,
    ServerUnavailableError,
    StoreError,
    TimedOutError,
    TlsError,
    UnreachableError,
)

__version__ = VERSION

__all__ = [
    "AsyncClient",
    "AsyncStreamedResponse",
    "AuthOutcome",
    "Authorization",
    "BadResponseError",
    "CancelledError",
    "Client",
    "ClosedError",
    "ConfigInvalidError",
    "CredentialsRejectedError",
    "Event",
    "EvertokenError",
    "HTTPStatusError",
    "Headers",
    "InternalError",
    "LockedOutError",
    "OriginRefusedError",
    "RateLimitedError",
    "Response",
    "SameTokenError",
    "ServerUnavailableError",
    "State",
    "Stats",
    "StoreError",
    "StreamedResponse",
    "Subscription",
    "TimedOutError",
    "TlsError",
    "Token",
    "UnreachableError",
    "Verdict",
    "__version__",
]
