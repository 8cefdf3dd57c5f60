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

    aiohttp calls it for each hop of a redirect; a hop to an origin that is not pinned is sent without the token. A 401 leads to one
    renewal, shared by all tasks, and one resend of that hop, with its body if aiohttp can read it again (bytes, forms, seekable
    files). If the body cannot be sent again, or renewing did not help, the 401 is returned with the attributes `evertoken_reason`
    (see `AuthOutcome.reason`) and `evertoken_error`. Neither a response's `request_info` nor aiohttp's exceptions show the token.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        client = self._client
        # Without the query, which does not matter for the origin: `str(request.url)` takes three times as long.
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
                # The head has been sent. A response's `request_info` refers to these headers, and aiohttp's exceptions show
                # them in their `repr`.
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
