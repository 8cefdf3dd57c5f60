"""Makes a request for the native client of the arguments of `Client.request`."""

from __future__ import annotations

from ._body import FileBody, chunks, multipart
from ._native import Feed

TYPE_CHECKING = False  # typing costs more to import than all of this package
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ._body import Source
    from ._types import AsyncContent, Files, Form, HeaderFields, Query, Seconds

    Body = bytes | Source | Feed
    # Method, URL, headers, body, whether it can be sent again, timeout, connect timeout, read timeout, whether redirects are
    # followed; read by `Prepared` in call.rs.
    Prepared = tuple[str, str, list[tuple[str, str]], Body | None, bool, Seconds | None, Seconds | None, Seconds | None, bool]


def prepare(
    method: str,
    url: str,
    *,
    params: Query | None = None,
    headers: HeaderFields | None = None,
    json: Any = None,
    data: Form | str | bytes | None = None,
    content: AsyncContent | Feed | None = None,
    files: Files | None = None,
    timeout: Seconds | None = None,
    connect_timeout: Seconds | None = None,
    read_timeout: Seconds | None = None,
    follow_redirects: bool = True,
) -> Prepared:
    """The tuple that the native client takes and checks.

    Raises:
        TypeError: More than one body was given, or one of the wrong type.
    """
    _one_body(json, data, content, files)
    fields = _header_list(headers)
    body: Body | None = None
    replayable = True
    content_type: str | None = None
    length: int | None = None
    if json is not None:
        body, content_type = _json(json), "application/json"
    elif files is not None:
        source, content_type = multipart(files, _form_pairs(data))
        body, length = source, source.length
        if source.is_bytes:
            body, length = b"".join(source), None
    elif isinstance(data, (str, bytes)):
        body = _bytes(data)
    elif data is not None:
        body, content_type = _urlencode(_form_pairs(data)).encode("ascii"), "application/x-www-form-urlencoded"
    elif content is not None:
        body, replayable, length = _content(content)
    if content_type is not None:
        _default(fields, "content-type", content_type)
    if length is not None:
        _default(fields, "content-length", str(length))
    url = url if params is None else _with_query(url, params)
    return method, url, fields, body, replayable, timeout, connect_timeout, read_timeout, follow_redirects


# For Python's message about an unknown argument, which the caller gave to `request`.
prepare.__qualname__ = "request"


def _one_body(json: Any, data: Any, content: Any, files: Any) -> None:
    given = [name for name, value in (("json", json), ("data", data), ("content", content), ("files", files)) if value is not None]
    if len(given) > 1 and not (given == ["data", "files"] and not isinstance(data, (str, bytes))):
        raise TypeError(f"a request has one body; {' and '.join(given)} were given")


def _content(content: AsyncContent | Feed) -> tuple[Body, bool, int | None]:
    """The body, whether it can be sent again, and its length if that has to be set as a header."""
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content), True, None
    if isinstance(content, str):
        return content.encode("utf-8"), True, None
    if hasattr(content, "read"):
        file = FileBody(content)
        return (file, True, file.length) if file.rewindable else (chunks(content), False, None)
    if isinstance(content, Feed):
        return content, False, None
    if hasattr(content, "__aiter__"):
        raise TypeError("an asynchronous iterable is a body for AsyncClient only")
    if isinstance(content, (list, tuple)):
        return content, True, None
    if hasattr(content, "__iter__") and not hasattr(content, "items"):
        # A generator can be iterated once, and a second iteration of other iterables may yield something else.
        return content, False, None
    raise TypeError(f"content must be bytes, str, a file or an iterable of bytes, not {type(content).__name__}")


def _bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8") if isinstance(text, str) else text


def _json(value: Any) -> bytes:
    from json import dumps

    # NaN and Infinity are not JSON: an error here is clearer than what a server would make of them.
    return dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


def _form_pairs(data: Any) -> list[tuple[str, Any]]:
    if data is None:
        return []
    pairs: list[tuple[str, Any]] = []
    for name, value in data.items() if hasattr(data, "items") else data:
        if isinstance(value, (list, tuple, set, frozenset)):
            pairs.extend((name, one) for one in value if one is not None)
        elif value is not None:
            pairs.append((name, value))
    return pairs


def _urlencode(pairs: Iterable[tuple[str, Any]]) -> str:
    from urllib.parse import urlencode

    return urlencode([(name, _plain(value)) for name, value in pairs])


def _plain(value: Any) -> Any:
    """Booleans in lower case, as JavaScript writes them and servers expect them."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def _with_query(url: str, params: Query) -> str:
    query = params.lstrip("?") if isinstance(params, str) else _urlencode(_form_pairs(params))
    if not query:
        return url
    url, hash_sign, fragment = url.partition("#")
    return f"{url}{'&' if '?' in url else '?'}{query}{hash_sign}{fragment}"


def _header_list(headers: HeaderFields | None) -> list[tuple[str, str]]:
    if headers is None:
        return []
    return list(headers.items()) if hasattr(headers, "items") else list(headers)


def _default(fields: list[tuple[str, str]], name: str, value: str) -> None:
    if all(other.lower() != name for other, _ in fields):
        fields.append((name, value))
