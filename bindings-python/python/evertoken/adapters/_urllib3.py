"""For urllib3: a pool manager that sends with the token and heals a 401."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import urllib3
from urllib3.util import Retry, parse_url

if TYPE_CHECKING:
    from .._client import Client

__all__ = ["PoolWrapper"]

HEADER = "Authorization"


class PoolWrapper:
    """Sends through a `urllib3.PoolManager` with the token: `client.urllib3_pool().request("GET", "https://…/accounts/1")`.

    A request to an origin that is not pinned raises OriginRefusedError; on a redirect to another origin the token is dropped, whatever
    `Retry` says. A 401 leads to one renewal, shared by all threads, and one resend with the whole body: bytes, forms, and files from the
    position they had. If the body cannot be sent again, if a redirect was followed with a method that may not be repeated, or if
    renewing did not help, the 401 is returned with the attributes `evertoken_reason` (see `AuthOutcome.reason`) and `evertoken_error`.
    """

    def __init__(self, client: Client, pool: urllib3.PoolManager | None = None) -> None:
        self._client = client
        self._pool = urllib3.PoolManager() if pool is None else pool
        self._retries = _careful(self._pool.connection_pool_kw.get("retries"))

    def request(self, method: str, url: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """As `urllib3.PoolManager.request`. `url` may be relative to the client's base URL."""
        client = self._client
        if not url.startswith(("http://", "https://")):
            url = client.resolve(url)
        body = options.get("body") if options else None
        in_memory = body is None or isinstance(body, (bytes, str))
        start = None if in_memory else _position(body)
        authorization = client._authorize_now(url) or client.authorize(url)
        response = self._send(method, url, authorization.value, options)
        hops = _redirects(response)
        if hops and _leads_away(url, hops):
            return _given_back(response, "foreign_origin", None)
        if response.status != 401:
            client._accepted(authorization, response.status)
            return response
        replayable = in_memory or start is not None
        if hops:
            replayable = replayable and method.upper() in {"GET", "HEAD", "OPTIONS"}
        verdict = client.judge(authorization, 401, headers=response.headers.items(), body=response.data, replayable=replayable)
        again = verdict.authorization
        if again is None:
            return _given_back(response, verdict.reason, verdict.error)
        if start is not None and body is not None:
            body.seek(start)
        response.release_conn()
        response = self._send(method, url, again.value, options)
        if response.status != 401:
            client._accepted(again, response.status)
            return response
        verdict = client.judge(again, 401, headers=response.headers.items(), body=response.data)
        return _given_back(response, verdict.reason, verdict.error)

    def _send(self, method: str, url: str, authorization: str, options: dict[str, Any]) -> urllib3.BaseHTTPResponse:
        pool = self._pool
        if not options and not pool.headers and self._retries is None:
            return pool.request(method, url, headers={HEADER: authorization})
        headers = options.get("headers") or pool.headers
        if isinstance(headers, urllib3.HTTPHeaderDict):
            headers = headers.copy()
            headers[HEADER] = authorization
        else:
            headers = {**{name: value for name, value in headers.items() if name.lower() != "authorization"}, HEADER: authorization}
        more: dict[str, Any] = {"headers": headers}
        retries = _careful(options.get("retries")) or self._retries
        if retries is not None:
            more["retries"] = retries
        return pool.request(method, url, **{**options, **more})


def _careful(retries: Any) -> Retry | None:
    """`retries` with the setting that drops the token on a redirect to another origin; None for urllib3's default, which has it."""
    if not isinstance(retries, Retry):
        return None
    removed = retries.remove_headers_on_redirect
    return retries if "authorization" in removed else retries.new(remove_headers_on_redirect={*removed, "authorization"})


def _redirects(response: urllib3.BaseHTTPResponse) -> list[str]:
    """The locations of the redirects that were followed. The response itself knows only its path, not its host."""
    history = response.retries.history if response.retries is not None else ()
    return [hop.redirect_location for hop in history if hop.redirect_location]


def _leads_away(url: str, hops: list[str]) -> bool:
    """Whether a hop led to another origin. From there on the token was not sent, even if a later hop led back."""
    home = _origin(url)
    for hop in hops:
        url = urljoin(url, hop)
        if _origin(url) != home:
            return True
    return False


def _origin(url: str) -> tuple[str | None, str | None, int | None]:
    parsed = parse_url(url)
    return parsed.scheme, parsed.host, parsed.port or {"http": 80, "https": 443}.get(parsed.scheme or "")


def _position(body: Any) -> int | None:
    """A file's position, if it can be restored."""
    try:
        return int(body.tell()) if body.seekable() else None
    except (AttributeError, OSError):
        return None


def _given_back(response: urllib3.BaseHTTPResponse, reason: str | None, error: Exception | None) -> urllib3.BaseHTTPResponse:
    if response.status == 401:
        response.evertoken_reason = reason  # type: ignore[attr-defined]
        response.evertoken_error = error  # type: ignore[attr-defined]
    return response
