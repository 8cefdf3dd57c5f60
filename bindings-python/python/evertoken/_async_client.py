"""The client for asyncio and trio."""

from __future__ import annotations

from time import perf_counter

from . import _native
from ._constructors import Constructors
from ._native_class import native
from ._request import prepare
from ._response import Response
from ._stream import AsyncStreamedResponse, Opening

TYPE_CHECKING = False  # typing costs more to import than all of this package
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from types import TracebackType
    from typing import Any, TypeVar

    from typing_extensions import Self, Unpack

    from ._native import Authorization, Token, Verdict
    from ._types import AsyncRequestOptions, HeaderFields, Seconds
    from .adapters._aiohttp import AiohttpMiddleware
    from .adapters._httpx import AsyncHttpxAuth

    Native = TypeVar("Native", _native.WholeResponse, _native.Stream)

__all__ = ["AsyncClient"]


@native
class AsyncClient(_native.AsyncClient, Constructors):
    """A client for one identity and one API, for asyncio and trio. It has the constructors and calls of `Client`, to be awaited.

    A call that waits takes no thread. Cancelling a task, or a timeout around it, ends only this caller's waiting: a login that others
    wait for goes on. One client may serve several event loops and threads.

        >>> import asyncio
        >>> async def main():
        ...     async with AsyncClient.pismo(server_key=server_key, server_secret=server_secret, base_url=base_url) as client:
        ...         return (await client.get("/pismo/api/accounts/123")).status_code
        >>> asyncio.run(main())
        200

    The options of the constructors are those of `Client`.
    """

    __slots__ = ()

    async def token(self, *, min_ttl: Seconds | None = None, timeout: Seconds | None = None) -> Token:
        """As `Client.token`."""
        return await self._token(min_ttl, timeout)

    async def authorization(self, url: str | None = None) -> str:
        """As `Client.authorization`."""
        if url is None and (text := self._cached()) is not None:
            return text
        return self._text(await self._authorize(url))

    async def authorize(self, url: str) -> Authorization:
        """As `Client.authorize`."""
        return await self._authorize(url)

    async def judge(
        self,
        authorization: Authorization,
        status: int,
        *,
        headers: HeaderFields | Iterable[tuple[str, str]] | None = None,
        body: bytes | None = None,
        replayable: bool = True,
        timeout: Seconds | None = None,
    ) -> Verdict:
        """As `Client.judge`."""
        return await self._judge(authorization, status, headers, body, replayable, timeout)

    async def request(self, method: str, url: str, **options: Unpack[AsyncRequestOptions]) -> Response:
        """As `Client.request`; `content` may also be an asynchronous iterable of bytes."""
        started = perf_counter()
        return Response(await self._call(self._send, method, url, options), method, perf_counter() - started)

    def stream(self, method: str, url: str, **options: Unpack[AsyncRequestOptions]) -> Opening:
        """As `request`, but returns when the headers have arrived: `async with client.stream("GET", "/big") as response`.

        Without `async with`, await it and close the response. `timeout` includes reading the body.
        """

        async def coming() -> AsyncStreamedResponse:
            started = perf_counter()
            return AsyncStreamedResponse(await self._call(self._open, method, url, options), method, perf_counter() - started)

        return Opening(coming())

    async def get(self, url: str, **options: Unpack[AsyncRequestOptions]) -> Response:
        """Sends a GET, as `request` does, with the same options."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Unpack[AsyncRequestOptions]) -> Response:
        """Sends a POST, as `request` does, with the same options."""
        return await self.request("POST", url, **options)

    async def put(self, url: str, **options: Unpack[AsyncRequestOptions]) -> Response:
        """Sends a PUT, as `request` does, with the same options."""
        return await self.request("PUT", url, **options)

    async def patch(self, url: str, **options: Unpack[AsyncRequestOptions]) -> Response:
        """Sends a PATCH, as `request` does, with the same options."""
        return await self.request("PATCH", url, **options)

    async def delete(self, url: str, **options: Unpack[AsyncRequestOptions]) -> Response:
        """Sends a DELETE, as `request` does, with the same options."""
        return await self.request("DELETE", url, **options)

    async def head(self, url: str, **options: Unpack[AsyncRequestOptions]) -> Response:
        """Sends a HEAD, as `request` does, with the same options."""
        return await self.request("HEAD", url, **options)

    async def options(self, url: str, **options: Unpack[AsyncRequestOptions]) -> Response:
        """Sends an OPTIONS, as `request` does, with the same options."""
        return await self.request("OPTIONS", url, **options)

    async def close(self, *, revoke: bool = False) -> None:
        """As `Client.close`."""
        revocation = self._close(revoke)
        if revocation is not None:
            await revocation

    def httpx_auth(self) -> AsyncHttpxAuth:
        """For httpx and httpx2: `httpx.AsyncClient(auth=client.httpx_auth())`, under asyncio and trio."""
        from .adapters._httpx import AsyncHttpxAuth

        return AsyncHttpxAuth(self)

    def aiohttp_middleware(self) -> AiohttpMiddleware:
        """For aiohttp: `aiohttp.ClientSession(middlewares=[client.aiohttp_middleware()])`."""
        from .adapters._aiohttp import AiohttpMiddleware

        return AiohttpMiddleware(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def _call(self, start: Callable[[Any], Awaitable[Native]], method: str, url: str, options: AsyncRequestOptions) -> Native:
        content: Any = options.get("content")
        if not hasattr(content, "__aiter__"):
            return await start(prepare(method, url, **options))
        from ._feed import feeding

        feed = _native.Feed()
        fed: Any = {**options, "content": feed}
        prepared = prepare(method, url, **fed)
        async with feeding(feed, content):
            return await start(prepared)
