"""For requests: an auth object that adds the token and heals a 401."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from requests.auth import AuthBase
from requests.cookies import extract_cookies_to_jar
from requests.utils import rewind_body

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

    from .._client import Client
    from .._native import Authorization

__all__ = ["RequestsAuth"]


class RequestsAuth(AuthBase):
    """Auth for a requests session or call: `session.auth = client.requests_auth()`.

    A request to an origin that is not pinned raises OriginRefusedError; a redirect to one is followed without the token. A 401 leads
    to one renewal, shared by all threads, and one resend with the whole body: bytes, and files from the position they had. If the body
    cannot be sent again, or renewing did not help, the 401 is returned with the attributes `evertoken_reason` (see
    `AuthOutcome.reason`) and `evertoken_error`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        url = request.url or ""
        authorization = self._client._authorize_now(url) or self._client.authorize(url)
        request.headers["Authorization"] = authorization.value
        request.register_hook("response", partial(self._answered, authorization))  # type: ignore[no-untyped-call]
        return request

    def _answered(self, authorization: Authorization, response: Response, **send_options: Any) -> Response:
        request = response.request
        if request.headers.get("Authorization") != authorization.value or not self._client.allows(request.url or ""):
            # A redirect led to another origin. The token was not sent there, so the response says nothing about it.
            if response.status_code == 401:
                self._give_back(response, "foreign_origin", None)
            return response
        if response.is_redirect:
            # requests keeps the header on a redirect from http to https of the same host, which is another origin.
            if not self._client.allows(urljoin(response.url, response.headers["location"])):
                del request.headers["Authorization"]
            return response
        if response.status_code != 401:
            self._client._accepted(authorization, response.status_code)
            return response
        return self._refused(authorization, response, send_options)

    def _refused(self, authorization: Authorization, response: Response, send_options: dict[str, Any]) -> Response:
        verdict = self._client.judge(
            authorization, 401, headers=response.headers.items(), body=response.content, replayable=_replayable(response.request)
        )
        renewed = verdict.authorization
        if renewed is None:
            self._give_back(response, verdict.reason, verdict.error)
            return response
        again = response.request.copy()
        again.headers["Authorization"] = renewed.value
        # As requests' own digest authentication does: cookies that the 401 set are sent.
        jar = again._cookies  # type: ignore[attr-defined]
        extract_cookies_to_jar(jar, response.request, response.raw)  # type: ignore[no-untyped-call]
        again.prepare_cookies(jar)
        if not isinstance(again.body, (bytes, str, type(None))):
            rewind_body(again)
        response.close()
        second = response.connection.send(again, **send_options)
        second.history.append(response)
        second.request = again
        if second.status_code == 401:
            verdict = self._client.judge(renewed, 401, headers=second.headers.items(), body=second.content)
            self._give_back(second, verdict.reason, verdict.error)
        else:
            self._client._accepted(renewed, second.status_code)
        return second

    @staticmethod
    def _give_back(response: Response, reason: str | None, error: Exception | None) -> None:
        response.evertoken_reason = reason  # type: ignore[attr-defined]
        response.evertoken_error = error  # type: ignore[attr-defined]


def _replayable(request: PreparedRequest) -> bool:
    """Whether the body is bytes, or a file whose position requests has noted and can return to."""
    if isinstance(request.body, (bytes, str, type(None))):
        return True
    position = getattr(request, "_body_position", None)
    return isinstance(position, int) and hasattr(request.body, "seek")
