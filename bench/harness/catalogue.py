"""Who is measured, and in which cases."""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = {"python": "Python", "node": "Node", "rust": "Rust", "c": "C", "wrk": "wrk"}


@dataclass(frozen=True)
class Adapter:
    """One client as its language's worker knows it."""

    language: str
    #: The worker's name for it.
    name: str
    #: What it is called in tables and plots.
    label: str
    #: `ours`, `peer` (does tokens), `bare` (an HTTP client that carries a token it was given) or `floor`.
    kind: str
    #: Of `header`, `request`, `herd` and `memory`.
    cases: frozenset[str]
    #: The package whose version counts; None for ours and for what the language ships.
    package: str | None = None
    #: The module or file whose import is the start case; None to leave it out there.
    imports: str | None = None
    #: Left out of the short version: slow, and no candidate for the lead.
    slow: bool = False

    @property
    def key(self) -> str:
        return f"{self.language}/{self.name}"

    @property
    def beneath(self) -> str | None:
        """The key of the client that an adapter of ours sits on."""
        return _BENEATH.get(self.key)


_BENEATH = {
    f"{language}/evertoken_{library}": f"{language}/{library}"
    for language, libraries in (("python", "requests httpx httpx_async aiohttp urllib3"), ("node", "fetch undici axios got"))
    for library in libraries.split()
}


def _table(language: str, kind: str, rows: list[tuple]) -> list[Adapter]:
    """Rows of name, label, cases and, where it has them, package, imports and slow."""
    return [Adapter(language, name, label, kind, frozenset(cases.split()), *rest) for name, label, cases, *rest in rows]


ADAPTERS: list[Adapter] = [
    *_table(
        "python",
        "ours",
        [
            ("evertoken", "Evertoken Client", "header request herd memory", None, "evertoken"),
            ("evertoken_async", "Evertoken AsyncClient", "header request herd memory"),
            ("evertoken_requests", "requests + Evertoken", "request herd"),
            ("evertoken_httpx", "httpx + Evertoken", "request herd"),
            ("evertoken_httpx_async", "httpx async + Evertoken", "request"),
            ("evertoken_aiohttp", "aiohttp + Evertoken", "request herd"),
            ("evertoken_urllib3", "urllib3 + Evertoken", "request"),
        ],
    ),
    *_table(
        "python",
        "peer",
        [
            (
                "google-auth",
                "google-auth",
                "header request herd memory",
                "google-auth",
                "google.oauth2.credentials,google.auth.transport.requests",
            ),
            ("msal", "MSAL + requests", "header request herd", "msal", "msal", True),
            ("azure-identity", "azure-identity + requests", "header request herd", "azure-identity", "azure.identity", True),
            ("authlib", "Authlib (requests)", "header request herd", "Authlib", "authlib.integrations.requests_client", True),
            ("authlib_async", "Authlib (httpx async)", "header request herd", "Authlib", None, True),
            ("requests-oauthlib", "requests-oauthlib", "header request herd", "requests-oauthlib", "requests_oauthlib", True),
            ("httpx-auth", "httpx-auth", "header request herd", "httpx-auth", "httpx_auth", True),
            (
                "aiohttp-oauth2-client",
                "aiohttp-oauth2-client",
                "header request herd",
                "aiohttp-oauth2-client",
                "aiohttp_oauth2_client.middleware",
                True,
            ),
        ],
    ),
    *_table(
        "python",
        "bare",
        [
            ("requests", "requests", "request memory", "requests", "requests"),
            ("httpx", "httpx", "request", "httpx", "httpx"),
            ("urllib3", "urllib3", "request", "urllib3", "urllib3"),
            ("pyreqwest", "pyreqwest", "request memory", "pyreqwest", "pyreqwest.client"),
            ("aiohttp", "aiohttp", "request", "aiohttp", "aiohttp"),
            ("httpx_async", "httpx async", "request", "httpx"),
            ("pyreqwest_async", "pyreqwest async", "request", "pyreqwest"),
        ],
    ),
    *_table(
        "python",
        "floor",
        [
            ("floor_attribute", "a plain attribute", "header"),
            ("floor_python", "an empty Python function", "header"),
            ("floor_empty", "an empty native call", "header"),
            ("floor_cached", "a native call that returns a held string", "header"),
            ("floor_optional", "the same with an optional argument", "header"),
            ("floor_sleep", "threads that sleep 50 ms", "herd"),
        ],
    ),
    *_table(
        "node",
        "ours",
        [
            ("evertoken", "Evertoken request", "header request herd memory", None, "evertoken"),
            ("evertoken_async", "Evertoken await authorization()", "header"),
            ("evertoken_fetch", "fetch + Evertoken", "request herd memory"),
            ("evertoken_undici", "undici + Evertoken", "request herd"),
            ("evertoken_axios", "axios + Evertoken", "request herd"),
            ("evertoken_got", "got + Evertoken", "request"),
        ],
    ),
    *_table(
        "node",
        "peer",
        [
            ("google-auth-library", "google-auth-library", "header request herd memory", "google-auth-library", "google-auth-library"),
            ("openid-client", "openid-client", "header request herd", "openid-client", "openid-client", True),
            ("simple-oauth2", "simple-oauth2 + fetch", "header request herd", "simple-oauth2", "simple-oauth2", True),
            (
                "@badgateway/oauth2-client",
                "@badgateway/oauth2-client",
                "header request herd",
                "@badgateway/oauth2-client",
                "@badgateway/oauth2-client",
                True,
            ),
            ("@azure/identity", "@azure/identity + fetch", "header request herd", "@azure/identity", "@azure/identity", True),
        ],
    ),
    *_table(
        "node",
        "bare",
        [
            ("fetch", "fetch", "request memory"),
            ("undici", "undici.request", "request", "undici", "undici"),
            ("axios", "axios", "request", "axios", "axios"),
            ("got", "got", "request", "got", "got"),
        ],
    ),
    *_table(
        "node",
        "floor",
        [
            ("floor_check", "a plain check in JavaScript", "header"),
            ("floor_await", "await of an empty async function", "header memory"),
            ("floor_empty", "an empty native call", "header"),
            ("floor_cached", "a native call that returns a string", "header"),
        ],
    ),
    *_table(
        "rust",
        "ours",
        [
            ("evertoken", "evertoken", "header request herd memory"),
            ("evertoken_authorization", "evertoken, owned Authorization", "header"),
            ("evertoken_blocking", "evertoken::blocking", "request herd"),
        ],
    ),
    *_table(
        "rust",
        "peer",
        [
            ("google-cloud-auth", "google-cloud-auth + reqwest", "header request herd", "google-cloud-auth"),
            ("azure_identity", "azure_identity + reqwest", "header request herd", "azure_identity"),
            ("yup-oauth2", "yup-oauth2 + reqwest", "header request herd", "yup-oauth2"),
            ("aws-smithy-runtime", "aws-smithy cache + reqwest", "header request herd", "aws-smithy-runtime"),
        ],
    ),
    *_table(
        "rust",
        "bare",
        [("reqwest", "reqwest", "request memory", "reqwest"), ("hyper", "hyper", "request", "hyper")],
    ),
    *_table("rust", "floor", [("floor", "an atomic load and a clock check", "header")]),
    *_table(
        "c",
        "ours",
        [
            ("evertoken", "Evertoken request", "header request herd memory"),
            ("evertoken_async", "Evertoken request_start", "request"),
        ],
    ),
    *_table(
        "c",
        "bare",
        [("curl_easy", "libcurl easy", "request memory", "libcurl"), ("curl_multi", "libcurl multi", "request", "libcurl")],
    ),
    *_table(
        "c",
        "floor",
        [("floor", "an atomic load and a clock check", "header"), ("floor_call", "a call into the library", "header")],
    ),
    *_table("wrk", "floor", [("wrk", "wrk (the server's ceiling)", "request", "wrk")]),
]


def chosen(case: str, languages: set[str], full: bool) -> list[Adapter]:
    """Who takes part in a case. The short version leaves the slow peers out of `request` only."""
    return [
        adapter
        for adapter in ADAPTERS
        if case in adapter.cases and adapter.language in languages and (full or not adapter.slow or case != "request")
    ]


def by_key(key: str) -> Adapter:
    """The adapter with this key."""
    return next(adapter for adapter in ADAPTERS if adapter.key == key)
