"""For aiohttp: a client middleware that adds the token and heals a 401."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp.hdrs import AUTHORIZATION

from ..errors import OriginRefusedError

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
    from yarl import URL

    from .._async_client import AsyncClient
    from .._native import Authorization

__all__ = ["AiohttpMiddleware"]


class AiohttpMiddleware:
    """Middleware for aiohttp (3.12 and later): `aiohttp.ClientSession(middlewares=[client.aiohttp_middleware()])`.

    aiohttp calls it for each hop of a redirect; a hop to an origin that is not pinned is sent without the token. A 401 leads to one
    renewal, shared by all tasks, and one resend of that hop, with its body if aiohttp can read it again (bytes, forms, seekable
    files). If the body cannot be sent again, or renewing did not help, the 401 is returned with the attributes `evertoken_reason`
    (see `AuthOutcome.reason`) and `evertoken_error`. Neither a response's `request_info` nor aiohttp's exceptions show the token.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._accepted: _Accepted | None = None

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        client, known = self._client, self._accepted
        if known is None or known.value is not client._cached() or not known.has_origin_of(request.url):
            known = None
        try:
            authorization = known.authorization if known else await self._authorize(request.url)
        except OriginRefusedError:
            request.headers.pop(AUTHORIZATION, None)
            response = await handler(request)
            if response.status == 401:
                _give_back(response, "foreign_origin", None)
            return response
        value = known.value if known else client._text(authorization)
        is_resend = False
        # One coroutine for both attempts: another for each would cost a hundredth of a request.
        while True:
            request.headers[AUTHORIZATION] = value
            try:
                response = await handler(request)
            finally:
                # The head has been sent. A response's `request_info` refers to these headers, and aiohttp's exceptions show
                # them in their `repr`.
                request.headers.pop(AUTHORIZATION, None)
            if response.status != 401:
                if not known and client._accepted(authorization, response.status) and not is_resend:
                    self._accepted = _Accepted(authorization, value, request.url)
                return response
            if known:
                authorization = client._for_url(authorization, _without_query(request.url))
            replayable = is_resend or _replayable(request)
            body = await response.read()
            verdict = await client.judge(authorization, 401, headers=response.headers.items(), body=body, replayable=replayable)
            if is_resend or verdict.authorization is None:
                _give_back(response, verdict.reason, verdict.error)
                return response
            response.release()
            authorization, is_resend, known = verdict.authorization, True, None
            value = client._text(authorization)

    async def _authorize(self, url: URL) -> Authorization:
        text = _without_query(url)
        return self._client._authorize_now(text) or await self._client.authorize(text)


class _Accepted:
    """An authorization that the API has accepted. While the token and the origin are the same, a request needs no other and its
    response is no news, which saves a fiftieth of a request.
    """

    __slots__ = ("_authority", "_scheme", "authorization", "value")

    def __init__(self, authorization: Authorization, value: str, url: URL) -> None:
        self.authorization, self.value = authorization, value
        self._scheme, self._authority = url.scheme, url.raw_authority

    def has_origin_of(self, url: URL) -> bool:
        return self._authority == url.raw_authority and self._scheme == url.scheme


def _without_query(url: URL) -> str:
    """The query does not matter for the origin, and `str(url)` takes three times as long."""
    return f"{url.scheme}://{url.raw_authority}{url.raw_path}"


def _replayable(request: ClientRequest) -> bool:
    body = request.body
    return not body or isinstance(body, bytes) or not body.consumed


def _give_back(response: ClientResponse, reason: str | None, error: Exception | None) -> None:
    response.evertoken_reason = reason  # type: ignore[attr-defined]
    response.evertoken_error = error  # type: ignore[attr-defined]
