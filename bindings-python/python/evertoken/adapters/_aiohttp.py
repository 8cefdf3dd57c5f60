"""For aiohttp: a client middleware that adds the token and heals a 401."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp.hdrs import AUTHORIZATION

from ..errors import OriginRefusedError

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

    from .._async_client import AsyncClient

__all__ = ["AiohttpMiddleware"]


class AiohttpMiddleware:
    """Middleware for aiohttp (3.12 and later): `aiohttp.ClientSession(middlewares=[client.aiohttp_middleware()])`.

    aiohttp asks it for each hop of a redirect: where the origin is not pinned, a hop goes out without the token. A 401
    leads to one renewal, shared by all tasks, and one resend of the hop. The body is sent again whole where aiohttp can
    read it again (bytes, forms, seekable files). Where that cannot be, and where renewing did not help, the 401 is
    returned with the attributes `evertoken_reason` (as `AuthOutcome.reason`) and `evertoken_error`. Neither a response's
    `request_info` nor an exception of aiohttp shows the token.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        client = self._client
        # Not `str(request.url)`, which takes three times as long: the query says nothing about where the token may go.
        url = f"{request.url.scheme}://{request.url.raw_authority}{request.url.raw_path}"
        try:
            authorization = client._authorize_now(url) or await client.authorize(url)
        except OriginRefusedError:
            request.headers.pop(AUTHORIZATION, None)
            response = await handler(request)
            if response.status == 401:
                _give_back(response, "foreign_origin", None)
            return response
        is_resend = False
        # One coroutine for both attempts: another for each would cost a hundredth of a request.
        while True:
            request.headers[AUTHORIZATION] = authorization.value
            try:
                response = await handler(request)
            finally:
                # The head is on its way. A response's `request_info` looks at these very headers, and the `repr` of what
                # `raise_for_status()` and a circle of redirects raise shows them all.
                request.headers.pop(AUTHORIZATION, None)
            if response.status != 401:
                client._accepted(authorization, response.status)
                return response
            replayable = is_resend or _replayable(request)
            body = await response.read()
            verdict = await client.judge(authorization, 401, headers=response.headers.items(), body=body, replayable=replayable)
            if is_resend or verdict.authorization is None:
                _give_back(response, verdict.reason, verdict.error)
                return response
            response.release()
            authorization, is_resend = verdict.authorization, True


def _replayable(request: ClientRequest) -> bool:
    body = request.body
    return not body or isinstance(body, bytes) or not body.consumed


def _give_back(response: ClientResponse, reason: str | None, error: Exception | None) -> None:
    response.evertoken_reason = reason  # type: ignore[attr-defined]
    response.evertoken_error = error  # type: ignore[attr-defined]
