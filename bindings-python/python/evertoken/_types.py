"""Types for annotations. Imported by type checkers only, never at run time."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from datetime import timedelta
from os import PathLike
from typing import IO, Any, TypeAlias, TypedDict

Seconds: TypeAlias = int | float | timedelta
"""A duration: seconds, or a timedelta."""

Path: TypeAlias = str | PathLike[str]

Scope: TypeAlias = str | Iterable[str]
"""Scopes: one string of words, or several strings."""

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
    """The API: relative URLs and the pinned origin come from it. Default: the provider's own host, else the token URL's origin."""
    allowed_origins: Iterable[str] | None
    """Further origins (scheme, host and port of these URLs) that the token may go to."""
    auth_scheme: str | None
    """The word before the token, default "Bearer"; "" sends the bare token."""
    timeout: Seconds | None
    """Deadline of a call that names none, and of a login with its tries; default 30 s."""
    connect_timeout: Seconds | None
    """How long it may take to establish a connection; default 5 s."""
    ca_file: Path | None
    """A file of PEM certificates to trust besides the platform's and Mozilla's."""
    client_cert: Path | tuple[Path, Path] | None
    """A PEM file with a certificate chain and its unencrypted key, or a tuple of one file for each."""
    proxy: str | None
    """The proxy for all requests; default: the environment's."""
    default_life: Seconds | None
    """The life of a token about which the server says nothing; default: the provider's, else until refused."""
    soft_window: Seconds | None
    """With this much life left a token is renewed in the background; default 20 % of its life within 5 s and 300 s."""
    hard_window: Seconds | None
    """With this much life left callers wait for the next token; default 2 % of its life within 1 s and 10 s."""
    max_attempts: int | None
    """Tries of one login when there is no token to serve: 1 to 10, default 3."""
    keep_warm: bool | None
    """Renew by timer even without traffic; default off, an idle program should not log in for ever."""
    allow_insecure_http: bool | None
    """Allow http to other hosts than this machine; default off, it shows secrets and tokens to everyone on the way."""
    danger_accept_invalid_certs: bool | None
    """Accept any certificate; default off, anyone on the way can then read the secrets. Prefer `ca_file`."""
    user_agent: str | None
    """The User-Agent header; default "evertoken/" and the version."""


class RequestOptions(TypedDict, total=False):
    """What a request takes besides its method and URL."""

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
    """As RequestOptions, with bodies from asynchronous iterables too."""

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
