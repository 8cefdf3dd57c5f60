"""The adapters and what lies below them: retries that are mounted, redirects to https, streams, HTTP/2."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import trustme
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from evertoken import Client, ConfigInvalidError
from evertoken.testing import Sandbox
from support import PATIENCE_SECS, PROGRAMS

API = "/pismo/api/things"


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with sandbox.pismo().client() as client:
        yield client


def statuses(sandbox: Sandbox) -> list[tuple[int, int]]:
    """Status and length of body of each request to the API."""
    return [(entry["status"], entry["body_length"]) for entry in sandbox.journal() if entry["kind"] == "api"]


def retry(**options: Any) -> Retry:
    return Retry(3, status_forcelist=[503], allowed_methods=None, **options)


def test_a_url_that_is_not_unicode_is_refused_by_name(sandbox: Sandbox, client: Client) -> None:
    client.token()
    for url in (API + "/\udc80", sandbox.url + API + "/\udc80"):
        with pytest.raises(ConfigInvalidError, match="url"):
            client.urllib3_pool().request("GET", url)


def test_requests_with_retries_mounted(sandbox: Sandbox, client: Client) -> None:
    client.token()
    sandbox.revoke()
    sandbox.arm({"type": "status", "status": 503}, route="api", count=2)
    with requests.Session() as session:
        session.auth = client.requests_auth()
        session.mount("http://", HTTPAdapter(max_retries=retry()))
        assert session.post(sandbox.url + API, data=b"body").status_code == 200
    assert statuses(sandbox) == [(503, 4), (503, 4), (401, 4), (200, 4)]
    assert sandbox.counts()["pismo"]["login"] == 2


@pytest.mark.parametrize("where", ["pool", "call"])
def test_urllib3_with_retries(sandbox: Sandbox, client: Client, where: str) -> None:
    client.token()
    sandbox.revoke()
    sandbox.arm({"type": "status", "status": 503}, route="api", count=2)
    with urllib3.PoolManager(retries=retry() if where == "pool" else None) as manager:
        options = {"retries": retry()} if where == "call" else {}
        assert client.urllib3_pool(manager).request("POST", API, body=b"body", **options).status == 200
    assert statuses(sandbox) == [(503, 4), (503, 4), (401, 4), (200, 4)]
    assert sandbox.counts()["pismo"]["login"] == 2


@pytest.mark.parametrize("where", ["pool", "call"])
def test_urllib3_takes_the_token_off_whatever_its_retries_say(sandbox: Sandbox, client: Client, where: str) -> None:
    sandbox.arm({"type": "redirect", "status": 302}, route=API)
    careless = retry(remove_headers_on_redirect=[])
    with urllib3.PoolManager(retries=careless if where == "pool" else None) as manager:
        options = {"retries": careless} if where == "call" else {}
        response = client.urllib3_pool(manager).request("GET", API, **options)
    assert (response.status, response.evertoken_reason) == (401, "foreign_origin")  # type: ignore[attr-defined]
    abroad = [entry for entry in sandbox.journal() if entry["listener"] == "foreign"]
    assert ["authorization" in entry["headers"] for entry in abroad] == [False]


def test_urllib3_judges_no_response_that_the_token_did_not_bring(sandbox: Sandbox) -> None:
    """To an origin that is allowed urllib3 takes no token either: its 401 says nothing about ours."""
    client = sandbox.pismo().client(allowed_origins=[sandbox.foreign_url])
    sandbox.arm({"type": "redirect", "status": 302}, route=API)
    response = client.urllib3_pool().request("GET", API)
    assert (response.status, response.evertoken_reason) == (401, "foreign_origin")  # type: ignore[attr-defined]
    assert client.stats().refused == 0
    assert client.urllib3_pool().request("GET", sandbox.foreign_url + API).status == 200


@dataclass
class Https:
    """A sandbox that serves https as well: the same host, another scheme and port, another origin."""

    sandbox: Sandbox
    ca_file: str


@pytest.fixture
def https(tmp_path: Path) -> Iterator[Https]:
    with Sandbox(https=True) as sandbox:
        (tmp_path / "ca.pem").write_text(sandbox.info["ca_pem"])
        sandbox.arm({"type": "redirect", "status": 302, "location": sandbox.info["https_url"] + API}, route=API)
        yield Https(sandbox, str(tmp_path / "ca.pem"))


def follow(library: str, https: Https, client: Client) -> int:
    """Requests the route that leads to https."""
    url, context = https.sandbox.url + API, ssl.create_default_context(cafile=https.ca_file)
    if library == "requests":
        return requests.get(url, auth=client.requests_auth(), verify=https.ca_file).status_code
    if library == "urllib3":
        return client.urllib3_pool(urllib3.PoolManager(ca_certs=https.ca_file)).request("GET", url).status
    with {"httpx": httpx, "httpx2": httpx2}[library].Client(auth=client.httpx_auth(), follow_redirects=True, verify=context) as session:
        return int(session.get(url).status_code)


@pytest.mark.parametrize("library", ["requests", "urllib3", "httpx", "httpx2"])
def test_a_redirect_from_http_to_https_takes_no_token_along(https: Https, library: str) -> None:
    with https.sandbox.pismo().client() as client:
        assert follow(library, https, client) == 401
    carried = {entry["listener"]: "authorization" in entry["headers"] for entry in https.sandbox.journal() if entry["kind"] == "api"}
    assert carried == {"http": True, "https": False}
    assert https.sandbox.counts()["pismo"]["login"] == 1


async def test_aiohttp_from_http_to_https(https: Https) -> None:
    context = ssl.create_default_context(cafile=https.ca_file)
    async with https.sandbox.pismo().async_client() as client, aiohttp.ClientSession(middlewares=[client.aiohttp_middleware()]) as session:
        async with session.get(https.sandbox.url + API, ssl=context) as response:
            assert (response.status, response.evertoken_reason) == (401, "foreign_origin")  # type: ignore[attr-defined]
    carried = {entry["listener"]: "authorization" in entry["headers"] for entry in https.sandbox.journal() if entry["kind"] == "api"}
    assert carried == {"http": True, "https": False}


def test_no_adapter_reads_a_streamed_response(sandbox: Sandbox, client: Client) -> None:
    sandbox.arm({"type": "huge", "bytes": 3_000_000}, route=API, count=0)
    with requests.get(sandbox.url + API, auth=client.requests_auth(), stream=True) as response:
        assert response.raw.tell() == 0
        assert sum(map(len, response.iter_content(65536))) == 3_000_000
    with httpx.stream("GET", sandbox.url + API, auth=client.httpx_auth()) as streamed:
        assert not streamed.is_stream_consumed
        assert sum(map(len, streamed.iter_bytes())) == 3_000_000
    raw = client.urllib3_pool().request("GET", API, preload_content=False)
    assert raw.tell() == 0
    assert sum(map(len, raw.stream())) == 3_000_000


@dataclass
class Http2:
    url: str
    context: ssl.SSLContext
    ca_file: Path


@pytest.fixture(scope="module")
def api_over_http2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Http2, Sandbox]]:
    """A server with a certificate of a throw-away authority, whose answers are those of the sandbox."""
    folder = tmp_path_factory.mktemp("http2")
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    with Sandbox() as sandbox, socket.create_server(("127.0.0.1", 0)) as server:
        options = {"--bind": f"fd://{server.fileno()}", "--certfile": f"{folder}/server.pem", "--keyfile": f"{folder}/server.pem"}
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "hypercorn",
                "--workers",
                "0",
                *(word for pair in options.items() for word in pair),
                "h2_app:application",
            ],
            cwd=PROGRAMS,
            env={**os.environ, "API": sandbox.url + API},
            pass_fds=[server.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        yield Http2(f"https://127.0.0.1:{server.getsockname()[1]}", context, folder / "ca.pem"), sandbox
        process.terminate()
        process.wait(PATIENCE_SECS)


def test_our_own_client_over_http2(api_over_http2: tuple[Http2, Sandbox]) -> None:
    api, sandbox = api_over_http2
    sandbox.reset()
    with sandbox.pismo().client(base_url=api.url, token_url=token_url(sandbox), ca_file=api.ca_file) as client:
        assert client.get("/").http_version == "HTTP/2"
        sandbox.revoke()
        assert client.post("/", content=b"body").headers["x-length"] == "4"
    assert statuses(sandbox) == [(200, 0), (401, 4), (200, 4)]


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_httpx_over_http2(api_over_http2: tuple[Http2, Sandbox], library: ModuleType) -> None:
    api, sandbox = api_over_http2
    sandbox.reset()
    client = sandbox.pismo().client(base_url=api.url, token_url=token_url(sandbox))
    with library.Client(http2=True, verify=api.context, auth=client.httpx_auth(), base_url=api.url) as session:
        assert session.get("/").http_version == "HTTP/2"
        sandbox.revoke()
        response = session.post("/", content=b"body" * 50_000)
        assert (response.status_code, response.headers["x-version"], response.headers["x-length"]) == (200, "2", "200000")
    assert statuses(sandbox) == [(200, 0), (401, 200_000), (200, 200_000)]
    assert sandbox.counts()["pismo"]["login"] == 2


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_httpx_shares_one_renewal_over_one_http2_connection(api_over_http2: tuple[Http2, Sandbox], library: ModuleType) -> None:
    api, sandbox = api_over_http2
    sandbox.reset()
    client = sandbox.pismo().async_client(base_url=api.url, token_url=token_url(sandbox))
    async with library.AsyncClient(http2=True, verify=api.context, auth=client.httpx_auth(), base_url=api.url) as session:
        assert (await session.get("/")).http_version == "HTTP/2"
        sandbox.arm("gate", route="api", count=4)
        calls = [asyncio.ensure_future(session.get("/")) for _ in range(4)]
        await asyncio.to_thread(sandbox.wait_held, 4)
        sandbox.revoke()
        sandbox.release()
        assert [(await call).status_code for call in calls] == [200] * 4
    counts = sandbox.counts()["pismo"]
    assert (counts["login"], counts["api_401"], counts["api"]) == (2, 4, 9)


def token_url(sandbox: Sandbox) -> str:
    """Where the sandbox's Pismo logs in, for a client whose API is elsewhere."""
    return sandbox.url + "/passport/v2/s2s/access-token"
