"""For urllib3: a pool manager that sends with the token and heals a 401."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import urllib3

if TYPE_CHECKING:
    from .._client import Client

__all__ = ["PoolWrapper"]


class PoolWrapper:
    """Sends through a `urllib3.PoolManager` with the token: `client.urllib3_pool().request("GET", "https://…/accounts/1")`.

    A request to an origin that is not pinned raises OriginRefusedError; on a redirect to one urllib3 drops the token. A 401 leads to one
    renewal, shared by all threads, and one resend. The body is sent again whole: bytes, forms, and files from where they stood.
    Where that cannot be, where a redirect was followed on the way with a method that may not be repeated, and where renewing did not
    help, the 401 is returned with the attributes `evertoken_reason` (as `AuthOutcome.reason`) and `evertoken_error`.
    """

    def __init__(self, client: Client, pool: object = None) -> None:
        self._client = client
        self._pool: Any = urllib3.PoolManager() if pool is None else pool

    def request(self, method: str, url: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """As `urllib3.PoolManager.request`. `url` may be below the client's base URL."""
        url = self._client.resolve(url)
        body = options.get("body")
        start = _position(body)
        authorization = self._client.authorize(url)
        response = self._send(method, url, authorization.value, options)
        hops = _redirects(response)
        if not self._client.allows(reduce(urljoin, hops, url)):
            return _given_back(response, "foreign_origin", None)
        if response.status != 401:
            self._client.judge(authorization, response.status)
            return response
        replayable = _is_bytes(body) or start is not None
        if hops:
            replayable = replayable and method.upper() in {"GET", "HEAD", "OPTIONS"}
        verdict = self._client.judge(authorization, 401, headers=response.headers.items(), body=response.data, replayable=replayable)
        again = verdict.authorization
        if again is None:
            return _given_back(response, verdict.reason, verdict.error)
        if start is not None and body is not None:
            body.seek(start)
        response.release_conn()
        response = self._send(method, url, again.value, options)
        if response.status != 401:
            self._client.judge(again, response.status)
            return response
        verdict = self._client.judge(again, 401, headers=response.headers.items(), body=response.data)
        return _given_back(response, verdict.reason, verdict.error)

    def _send(self, method: str, url: str, authorization: str, options: dict[str, Any]) -> urllib3.BaseHTTPResponse:
        headers = urllib3.HTTPHeaderDict(options.get("headers") or self._pool.headers)
        headers["Authorization"] = authorization
        response: urllib3.BaseHTTPResponse = self._pool.request(method, url, **{**options, "headers": headers})
        return response


def _redirects(response: urllib3.BaseHTTPResponse) -> list[str]:
    """The locations that were followed. The response itself knows its path only, not its host."""
    history = response.retries.history if response.retries is not None else ()
    return [hop.redirect_location for hop in history if hop.redirect_location]


def _is_bytes(body: Any) -> bool:
    return body is None or isinstance(body, (bytes, str))


def _position(body: Any) -> int | None:
    """Where a file stands, if it can be brought back there."""
    try:
        return int(body.tell()) if body.seekable() else None
    except (AttributeError, OSError):
        return None


def _given_back(response: urllib3.BaseHTTPResponse, reason: str | None, error: Exception | None) -> urllib3.BaseHTTPResponse:
    if response.status == 401:
        response.evertoken_reason = reason  # type: ignore[attr-defined]
        response.evertoken_error = error  # type: ignore[attr-defined]
    return response
