"""Types for annotations, imported only by type checkers."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from datetime import timedelta
from os import PathLike
from typing import IO, Any, TypeAlias, TypedDict

Seconds: TypeAlias = int | float | timedelta
"""A duration: seconds, or a timedelta."""

Path: TypeAlias = str | PathLike[str]

Scope: TypeAlias = str | Iterable[str]
"""Scopes: one string, separated by spaces, or several strings."""

QueryValue: TypeAlias = str | int | float | bool | None
Query: TypeAlias = str | Mapping[str, QueryValue | Sequence[QueryValue]] | Sequence[tuple[str, QueryValue]]
HeaderFields: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]
Form: TypeAlias = Mapping[str, Any] | Sequence[tuple[str, Any]]

Content: TypeAlias = str | bytes | bytearray | memoryview | IO[bytes] | IO[str] | Iterable[bytes]
AsyncContent: TypeAlias = Content | AsyncIterable[bytes]

FileContent: TypeAlias = str | bytes | IO[bytes]
FilePart: TypeAlias = FileContent | tuple[str | None, FileContent] | tuple[str | None, FileContent, str | None]
Files: TypeAlias = Mapping[str, FilePart] | Sequence[tuple[str, FilePart]]


class ClientOptions(TypedDict, total=False):
    """The options that every constructor takes."""

    base_url: str | None
    """The API's URL: relative URLs are below it, and its origin may receive the token. Default: the provider's own
    host, else the token URL's origin."""
    allowed_origins: Iterable[str] | None
    """Further origins (scheme, host and port of these URLs) that may receive the token."""
    auth_scheme: str | None
    """The auth-scheme before the token, default "Bearer"; "" sends the token alone."""
    timeout: Seconds | None
    """Deadline of a login with all its attempts, and of every call that sets none of its own; default 30 s."""
    connect_timeout: Seconds | None
    """How long it may take to establish a connection; default 5 s."""
    ca_file: Path | None
    """A file of PEM certificates to trust in addition to the platform's and Mozilla's."""
    client_cert: Path | tuple[Path, Path] | None
    """A PEM file with a certificate chain and its unencrypted key, or a tuple of one file for each."""
    proxy: str | None
    """The proxy for all requests; default: the environment's."""
    default_life: Seconds | None
    """The lifetime of a token if the server states none; default: the provider's, else until refused."""
    soft_window: Seconds | None
    """With no more than this lifetime left, a token is renewed in the background; default 20 % of its lifetime, within 5 s and 300 s."""
    hard_window: Seconds | None
    """With no more than this lifetime left, callers wait for the next token; default 2 % of its lifetime, within 1 s and 10 s."""
    max_attempts: int | None
    """Attempts of one login while there is no token to serve: 1 to 10, default 3."""
    keep_warm: bool | None
    """Renew by timer even without traffic; default off, an idle program should not keep logging in."""
    allow_insecure_http: bool | None
    """Allow http to other hosts than this machine; default off, everyone on the network path can read secrets and tokens."""
    danger_accept_invalid_certs: bool | None
    """Accept any certificate; default off, everyone on the network path could read the secrets. Prefer `ca_file`."""
    user_agent: str | None
    """The User-Agent header; default "evertoken/" and the version."""


class RequestOptions(TypedDict, total=False):
    """The options of a request: see `Client.request`."""

    params: Query | None
    headers: HeaderFields | None
    json: Any
    data: Form | str | bytes | None
    content: Content | None
    files: Files | None
    timeout: Seconds | None
    connect_timeout: Seconds | None
    read_timeout: Seconds | None
    follow_redirects: bool


class AsyncRequestOptions(TypedDict, total=False):
    """As RequestOptions; `content` may also be an asynchronous iterable."""

    params: Query | None
    headers: HeaderFields | None
    json: Any
    data: Form | str | bytes | None
    content: AsyncContent | None
    files: Files | None
    timeout: Seconds | None
    connect_timeout: Seconds | None
    read_timeout: Seconds | None
    follow_redirects: bool
