"""Responses of an API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

TYPE_CHECKING = False  # typing costs more to import than all of this package
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any

    from ._native import Stream, WholeResponse
    from .errors import EvertokenError

__all__ = ["AuthOutcome", "Headers", "Response"]


class Headers(Mapping[str, str]):
    """A response's headers. Names are case-insensitive; the values of a repeated header are joined by ", ".

    `get_list` returns them one by one, as Set-Cookie needs it.

        >>> headers = Headers([("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
        >>> headers["content-type"], headers.get_list("set-cookie")
        ('text/plain', ['a=1', 'b=2'])
    """

    __slots__ = ("_fields", "_values")

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields
        self._values: dict[str, list[str]] = {}
        for name, value in fields:
            self._values.setdefault(name.lower(), []).append(value)

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._values[name.lower()])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def get_list(self, name: str) -> list[str]:
        """All values of this header, in order; empty if there is none."""
        return list(self._values.get(name.lower(), ()))

    def multi_items(self) -> list[tuple[str, str]]:
        """All header fields in order, repeated ones included."""
        return list(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"


class AuthOutcome:
    """Whether the token was accepted, and if not, why the 401 was not healed.

    Attributes:
        reason: Why a 401 was not healed: "foreign_origin", "insufficient_rights", "refused_again",
            "body_not_replayable", "renewal_failed", "storm_guard", "not_renewable" or "same_token".
            None for every other response.
        error: The EvertokenError of the renewal, if one was made and failed; else None.
    """

    __slots__ = ("error", "reason")

    reason: str | None
    error: EvertokenError | None

    def __init__(self, reason: str | None, error: EvertokenError | None) -> None:
        self.reason = reason
        self.error = error

    def __repr__(self) -> str:
        return f"<AuthOutcome {self.reason or 'accepted'}>"


class Head:
    """Everything of a response but its body."""

    __slots__ = ("_elapsed", "_headers", "_method", "_native")

    _native: WholeResponse | Stream

    def __init__(self, native: WholeResponse | Stream, method: str, elapsed: float) -> None:
        self._native = native
        self._method = method
        self._elapsed = elapsed
        self._headers: Headers | None = None

    @property
    def status_code(self) -> int:
        """The status."""
        return self._native.status

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self._native.status < 400

    @property
    def reason_phrase(self) -> str:
        """The status in words (RFC 9110), such as "Not Found"; empty for a status that has none."""
        from http import HTTPStatus

        try:
            return HTTPStatus(self._native.status).phrase
        except ValueError:
            return ""

    @property
    def headers(self) -> Headers:
        """The headers."""
        if self._headers is None:
            self._headers = Headers(self._native.headers)
        return self._headers

    @property
    def url(self) -> str:
        """The URL that sent this response, after redirects."""
        return self._native.url

    @property
    def http_version(self) -> str:
        """The protocol, such as "HTTP/1.1"."""
        return self._native.version

    @property
    def elapsed(self) -> timedelta:
        """The time from the call to the whole response, or to its headers if it is streamed; includes a renewal of the token."""
        from datetime import timedelta

        return timedelta(seconds=self._elapsed)

    @property
    def auth(self) -> AuthOutcome:
        """Whether the token was accepted: `auth.reason` says why a 401 was not healed."""
        return AuthOutcome(self._native.reason, self._native.error)

    @property
    def encoding(self) -> str:
        """The charset of `text`: the one of the content type, if Python knows it, else UTF-8."""
        return charset(self.headers.get("content-type", ""))

    def _check(self, response: Any) -> None:
        if self.ok:
            return
        from .errors import HTTPStatusError

        status = f"{self.status_code} {self.reason_phrase}".rstrip()
        reason = f" ({self._native.reason})" if self._native.reason else ""
        # Without the query, which may contain a secret: exceptions are logged.
        where = self.url.partition("?")[0]
        raise HTTPStatusError(f"{status}{reason} for {self._method} {where}", response=response)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status_code} {self.reason_phrase}]>".replace(" ]", "]")


class Response(Head):
    """A response with its whole body.

    >>> response = client.get("/pismo/api/accounts/123")
    >>> response.status_code, response.ok, response.headers["content-type"], response.auth.reason
    (200, True, 'application/json', None)
    >>> response.raise_for_status().json()["path"]
    '/pismo/api/accounts/123'
    """

    __slots__ = ()

    _native: WholeResponse

    def __init__(self, native: WholeResponse, method: str, elapsed: float) -> None:
        super().__init__(native, method, elapsed)

    @property
    def content(self) -> bytes:
        """The body."""
        return self._native.content

    @property
    def text(self) -> str:
        """The body as text, decoded by `encoding`; bytes that cannot be decoded become U+FFFD."""
        return self._native.content.decode(self.encoding, "replace")

    def json(self, **options: Any) -> Any:
        """The body, parsed as JSON.

        Args:
            **options: Passed to `json.loads`.

        Raises:
            json.JSONDecodeError: It is not JSON. This is a ValueError.
        """
        from json import loads

        return loads(self._native.content, **options)

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The body in pieces of at most `chunk_size` bytes. For a body too large for memory, use `client.stream`."""
        content = self._native.content
        size = chunk_size or len(content) or 1
        return (content[start : start + size] for start in range(0, len(content), size))

    def raise_for_status(self) -> Response:
        """Returns this response if its status is below 400.

        Raises:
            HTTPStatusError: The status is 400 or more.
        """
        self._check(self)
        return self


def charset(content_type: str) -> str:
    """The charset parameter of a content type if Python has a codec for it, else "utf-8"."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            from codecs import lookup

            try:
                return lookup(value.strip().strip("\"'")).name
            except (LookupError, ValueError):
                break
    return "utf-8"
