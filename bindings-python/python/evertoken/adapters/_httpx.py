"""For httpx and httpx2: auth objects that put the token on and heal a 401."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

    from .._async_client import AsyncClient
    from .._client import Client
    from .._native import Authorization, BaseClient

    Base = httpx.Auth
else:

    def _bases() -> tuple[type, ...]:
        """`Auth` of each of the two that is installed: they accept instances of their own class only."""
        found = []
        for name in ("httpx", "httpx2"):
            try:
                found.append(import_module(name).Auth)
            except ImportError:
                continue
        if not found:
            raise ImportError("httpx_auth() needs httpx or httpx2: pip install httpx")
        return tuple(found)

    Base = type("Base", _bases(), {})

__all__ = ["AsyncHttpxAuth", "HttpxAuth"]

Rewind = Callable[[], None]


class HttpxAuth(Base):
    """Auth for `httpx.Client`: `httpx.Client(auth=client.httpx_auth())`.

    A request to an origin that is not pinned raises OriginRefusedError; on a redirect to another origin httpx drops the token. (It
    takes one for the same origin: a server on port 80 that leads to https on port 443 of its host. Give `base_url` with https.) A 401
    leads to one renewal, shared by all threads, and one resend. The body is sent again whole: bytes, forms, and files
    from where they stood. Where that cannot be (a generator), and where renewing did not help, the 401 is returned with
    `response.extensions["evertoken_reason"]` (as `AuthOutcome.reason`) and `["evertoken_error"]`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        client, rewind = self._client, _rewind(request)
        url = str(request.url)
        authorization = client._authorize_now(url) or client.authorize(url)
        request.headers["Authorization"] = authorization.value
        response = yield request
        if response.request is not request and not _carried(client, response, authorization):
            return
        if response.status_code != 401:
            client._accepted(authorization, response.status_code)
            return
        response.read()
        verdict = client.judge(authorization, 401, headers=response.headers.multi_items(), body=response.content, replayable=bool(rewind))
        again = verdict.authorization
        if again is None:
            _give_back(response, verdict.reason, verdict.error)
            return
        response = yield _again(response, again, rewind)
        if response.status_code != 401:
            client._accepted(again, response.status_code)
            return
        response.read()
        verdict = client.judge(again, 401, headers=response.headers.multi_items(), body=response.content)
        _give_back(response, verdict.reason, verdict.error)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        raise RuntimeError(
            "this auth belongs to evertoken.Client and would block the event loop; use evertoken.AsyncClient with httpx.AsyncClient"
        )
        yield request


class AsyncHttpxAuth(Base):
    """Auth for `httpx.AsyncClient`: `httpx.AsyncClient(auth=client.httpx_auth())`. Behaves as `HttpxAuth`."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        raise RuntimeError("evertoken.AsyncClient needs an event loop; use evertoken.Client with httpx.Client")
        yield request  # what makes this a generator

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        client, rewind = self._client, _rewind(request)
        url = str(request.url)
        authorization = client._authorize_now(url) or await client.authorize(url)
        request.headers["Authorization"] = authorization.value
        response = yield request
        if response.request is not request and not _carried(client, response, authorization):
            return
        if response.status_code != 401:
            client._accepted(authorization, response.status_code)
            return
        await response.aread()
        verdict = await client.judge(
            authorization, 401, headers=response.headers.multi_items(), body=response.content, replayable=bool(rewind)
        )
        again = verdict.authorization
        if again is None:
            _give_back(response, verdict.reason, verdict.error)
            return
        response = yield _again(response, again, rewind)
        if response.status_code != 401:
            client._accepted(again, response.status_code)
            return
        await response.aread()
        verdict = await client.judge(again, 401, headers=response.headers.multi_items(), body=response.content)
        _give_back(response, verdict.reason, verdict.error)


def _carried(client: BaseClient, response: httpx.Response, authorization: Authorization) -> bool:
    """Whether this answer is to a request with our token: redirects were followed, maybe elsewhere."""
    request = response.request
    if request.headers.get("Authorization") == authorization.value and client.allows(str(request.url)):
        return True
    if response.status_code == 401:
        _give_back(response, "foreign_origin", None)
    return False


def _again(response: httpx.Response, authorization: Authorization, rewind: Rewind | None) -> httpx.Request:
    """The request to send again: the last hop's, so that no hop before it is done twice."""
    if rewind is not None:
        rewind()
    response.request.headers["Authorization"] = authorization.value
    return response.request


def _give_back(response: httpx.Response, reason: str | None, error: Exception | None) -> None:
    response.extensions["evertoken_reason"] = reason
    response.extensions["evertoken_error"] = error


def _rewind(request: httpx.Request) -> Rewind | None:
    """How to bring the body back to its beginning; None if it can be sent once only.

    httpx tells apart what it has made of a body by class, and does not say whether it can be read again:
    a file that was sent is at its end, and sending it again sends nothing, without an error.
    """
    kind = type(request.stream).__name__
    if kind == "ByteStream":
        return _nothing
    if kind == "MultipartStream":
        # It rewinds its files itself, to their very beginning, as it did when it was first sent.
        fields = getattr(request.stream, "fields", None)
        rewinds = fields is not None and all(_rereadable(getattr(field, "file", b"")) for field in fields)
        return _nothing if rewinds else None
    source = getattr(request.stream, "_stream", None)
    if hasattr(source, "read") and _rereadable(source):
        return _seeker(source)
    return None


def _rereadable(file: Any) -> bool:
    if isinstance(file, (bytes, str)):
        return True
    try:
        return bool(file.seekable())
    except (AttributeError, OSError):
        return False


def _seeker(file: Any) -> Rewind:
    start = file.tell()

    def seek() -> None:
        file.seek(start)

    return seek


def _nothing() -> None:
    pass
