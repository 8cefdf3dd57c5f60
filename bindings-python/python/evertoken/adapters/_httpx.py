"""For httpx and httpx2: auth objects that add the token and heal a 401."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import httpx

    from .._async_client import AsyncClient
    from .._client import Client
    from .._native import Authorization, BaseClient

    Base = httpx.Auth
else:

    def _bases() -> tuple[type, ...]:
        """The `Auth` classes of those that are installed: each accepts only instances of its own."""
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
_Step = Literal["send", "read", "call"]


class HttpxAuth(Base):
    """Auth for `httpx.Client`: `httpx.Client(auth=client.httpx_auth())`.

    A request to an origin that is not pinned raises OriginRefusedError; on a redirect to another origin httpx drops the token. (httpx
    takes one redirect for the same origin that is not: from port 80 to https on port 443 of the host. Give `base_url` with https.) A 401
    leads to one renewal, shared by all threads, and one resend. The body is sent again whole: bytes, forms, and files from the position
    they had. If the body cannot be sent again (a generator), or renewing did not help, the 401 is returned with
    `response.extensions["evertoken_reason"]` (see `AuthOutcome.reason`) and `["evertoken_error"]`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        flow = _auth_flow(self._client, request)
        try:
            step, value = next(flow)
            while True:
                if step == "send":
                    value = yield value
                elif step == "read":
                    value.read()
                step, value = flow.send(value)
        except StopIteration:
            return

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        raise RuntimeError(
            "this auth belongs to evertoken.Client and would block the event loop; use evertoken.AsyncClient with httpx.AsyncClient"
        )
        yield request  # what makes this a generator


class AsyncHttpxAuth(Base):
    """Auth for `httpx.AsyncClient`: `httpx.AsyncClient(auth=client.httpx_auth())`. Behaves like `HttpxAuth`."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        raise RuntimeError("evertoken.AsyncClient needs an event loop; use evertoken.Client with httpx.Client")
        yield request  # what makes this a generator

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        flow = _auth_flow(self._client, request)
        try:
            step, value = next(flow)
            while True:
                if step == "send":
                    value = yield value
                elif step == "read":
                    await value.aread()
                else:
                    value = await value
                step, value = flow.send(value)
        except StopIteration:
            return


def _auth_flow(client: Client | AsyncClient, request: httpx.Request) -> Generator[tuple[_Step, Any], Any, None]:
    """What both auth classes do, as steps for them to carry out, which one awaits and the other does not.

    `send`: send the request, and pass its response in. `read`: read the response's body. `call`: pass in the result of this call of
    the client.
    """
    url, rewind = str(request.url), _rewind(request)
    authorization = client._authorize_now(url) or (yield "call", client.authorize(url))
    request.headers["Authorization"] = authorization.value
    response = yield "send", request
    if response.request is not request and not _carried(client, response, authorization):
        return
    # Ends after one resend, because the verdict on a second 401 has no authorization.
    while response.status_code == 401:
        yield "read", response
        headers, body = response.headers.multi_items(), response.content
        verdict = yield "call", client.judge(authorization, 401, headers=headers, body=body, replayable=rewind is not None)
        if verdict.authorization is None:
            _give_back(response, verdict.reason, verdict.error)
            return
        authorization = verdict.authorization
        response = yield "send", _again(response, authorization, rewind)
    client._accepted(authorization, response.status_code)


def _carried(client: BaseClient, response: httpx.Response, authorization: Authorization) -> bool:
    """Whether this response's request carried our token: httpx may have followed redirects to another origin."""
    request = response.request
    if request.headers.get("Authorization") == authorization.value and client.allows(str(request.url)):
        return True
    if response.status_code == 401:
        _give_back(response, "foreign_origin", None)
    return False


def _again(response: httpx.Response, authorization: Authorization, rewind: Rewind | None) -> httpx.Request:
    """The request to send again: the last hop's, so that earlier hops are not repeated."""
    if rewind is not None:
        rewind()
    response.request.headers["Authorization"] = authorization.value
    return response.request


def _give_back(response: httpx.Response, reason: str | None, error: Exception | None) -> None:
    response.extensions["evertoken_reason"] = reason
    response.extensions["evertoken_error"] = error


def _rewind(request: httpx.Request) -> Rewind | None:
    """A function that rewinds the body; None if it can be sent only once.

    httpx does not say whether a body can be read again. Sending a file a second time sends nothing, without an error, because it
    is at its end.
    """
    kind = type(request.stream).__name__
    if kind == "ByteStream":
        return _nothing
    if kind == "MultipartStream":
        # It rewinds its files itself each time it is sent.
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
