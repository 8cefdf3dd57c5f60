"""The adapters, against the real libraries: token on, 401 healed once, bodies whole, no token abroad."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3
from multidict import CIMultiDict
from yarl import URL

import evertoken
from evertoken import AsyncClient, Client
from evertoken.testing import Sandbox

API = "/pismo/api/things"


@dataclass
class Seen:
    """An answer, whatever library brought it."""

    status: int
    reason: str | None
    url: str


Send = Callable[..., Seen]


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with sandbox.pismo().client() as client:
        yield client


def through_requests(client: Client) -> Iterator[Send]:
    with requests.Session() as session:
        session.auth = client.requests_auth()

        def send(method: str, url: str, body: Any = None, files: Any = None) -> Seen:
            response = session.request(method, url, data=body, files=files)
            return Seen(response.status_code, getattr(response, "evertoken_reason", None), response.url)

        yield send


def through_httpx(library: ModuleType, client: Client) -> Iterator[Send]:
    with library.Client(auth=client.httpx_auth(), follow_redirects=True) as session:

        def send(method: str, url: str, body: Any = None, files: Any = None) -> Seen:
            response = session.request(method, url, content=body, files=files)
            return Seen(response.status_code, response.extensions.get("evertoken_reason"), str(response.url))

        yield send


def through_urllib3(client: Client) -> Iterator[Send]:
    pool = client.urllib3_pool()

    def send(method: str, url: str, body: Any = None, files: Any = None) -> Seen:
        fields = {name: ("file", file.read()) for name, file in files.items()} if files else None
        options = {"fields": fields} if fields else {"body": body}
        response = pool.request(method, url, **options)
        history = response.retries.history if response.retries else ()
        return Seen(response.status, getattr(response, "evertoken_reason", None), history[-1].redirect_location or "" if history else url)

    yield send


@pytest.fixture(params=["requests", "httpx", "httpx2", "urllib3"])
def send(request: pytest.FixtureRequest, client: Client) -> Iterator[Send]:
    if request.param == "requests":
        yield from through_requests(client)
    elif request.param == "urllib3":
        yield from through_urllib3(client)
    else:
        yield from through_httpx({"httpx": httpx, "httpx2": httpx2}[request.param], client)


def statuses(sandbox: Sandbox, path: str = API) -> list[tuple[int, int]]:
    """Status and length of body of each request that came by a path."""
    return [(entry["status"], entry["body_length"]) for entry in sandbox.journal() if entry["path"] == path]


def test_the_token_is_put_on(sandbox: Sandbox, send: Send) -> None:
    for _ in range(3):
        assert send("GET", sandbox.url + API).status == 200
    assert sandbox.counts()["pismo"]["login"] == 1


def test_a_401_is_healed_by_one_renewal_and_one_resend(sandbox: Sandbox, send: Send, client: Client) -> None:
    send("GET", sandbox.url + API)
    sandbox.revoke()
    assert send("GET", sandbox.url + API) == Seen(200, None, sandbox.url + API)
    assert statuses(sandbox) == [(200, 0), (401, 0), (200, 0)]
    assert sandbox.counts()["pismo"]["login"] == 2
    assert client.stats().resends == 1


@pytest.mark.parametrize("make", [lambda: b"body", lambda: io.BytesIO(b"body"), lambda: _moved(io.BytesIO(b"skipbody"), 4)])
def test_the_whole_body_is_sent_again(
    sandbox: Sandbox, send: Send, client: Client, make: Callable[[], Any], request: pytest.FixtureRequest
) -> None:
    if request.node.callspec.params["send"] == "httpx" and isinstance(make(), io.BytesIO) and make().tell():
        # httpx itself takes the whole file's length for what is left of it.
        with pytest.raises(Exception, match="Too little data for declared Content-Length"):
            send("POST", sandbox.url + API, make())
        return
    client.token()
    sandbox.revoke()
    assert send("POST", sandbox.url + API, make()).status == 200
    assert statuses(sandbox) == [(401, 4), (200, 4)]


def _moved(file: io.BytesIO, position: int) -> io.BytesIO:
    file.seek(position)
    return file


def test_a_form_with_a_file_is_sent_again_whole(sandbox: Sandbox, send: Send, client: Client) -> None:
    client.token()
    sandbox.revoke()
    assert send("POST", sandbox.url + API, files={"file": io.BytesIO(b"x" * 5000)}).status == 200
    lengths = {length for _, length in statuses(sandbox)}
    assert len(lengths) == 1
    assert lengths.pop() > 5000


def test_a_one_shot_body_gives_the_401_back(sandbox: Sandbox, send: Send, client: Client) -> None:
    client.token()
    sandbox.revoke()
    assert send("POST", sandbox.url + API, iter([b"bo", b"dy"])) == Seen(401, "body_not_replayable", sandbox.url + API)
    assert send("POST", sandbox.url + API, iter([b"bo", b"dy"])).status == 200
    assert statuses(sandbox) == [(401, 4), (200, 4)]
    assert sandbox.counts()["pismo"]["login"] == 2


def test_a_pipe_is_a_one_shot_body(sandbox: Sandbox, client: Client) -> None:
    client.token()
    sandbox.revoke()
    source, sink = os.pipe()
    os.write(sink, b"body")
    os.close(sink)
    with os.fdopen(source, "rb") as file, requests.Session() as session:
        session.auth = client.requests_auth()
        response = session.post(sandbox.url + API, data=file)
    assert (response.status_code, response.evertoken_reason) == (401, "body_not_replayable")  # type: ignore[attr-defined]


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize("how", ["content", "files"])
def test_httpx_a_pipe_is_a_one_shot_body(sandbox: Sandbox, client: Client, library: ModuleType, how: str) -> None:
    class Pipe:
        rest = b"body"

        def read(self, _size: int = -1) -> bytes:
            piece, self.rest = self.rest, b""
            return piece

        def __iter__(self) -> Iterator[bytes]:
            yield self.read()

    client.token()
    sandbox.revoke()
    with library.Client(auth=client.httpx_auth()) as session:
        response = session.post(sandbox.url + API, **{how: Pipe() if how == "content" else {"file": Pipe()}})
    assert (response.status_code, response.extensions["evertoken_reason"]) == (401, "body_not_replayable")
    assert len(statuses(sandbox)) == 1


def test_the_second_401_is_the_response(sandbox: Sandbox, send: Send) -> None:
    sandbox.arm("unauthorized", route="api", count=0)
    assert send("GET", sandbox.url + API) == Seen(401, "refused_again", sandbox.url + API)
    assert len(statuses(sandbox)) == 2
    assert sandbox.counts()["pismo"]["login"] == 2


def test_a_failed_renewal_gives_the_401_back(sandbox: Sandbox, send: Send, client: Client) -> None:
    client.token()
    sandbox.revoke()
    sandbox.arm({"type": "status", "status": 403}, route="login", count=0)
    assert send("GET", sandbox.url + API) == Seen(401, "renewal_failed", sandbox.url + API)
    assert statuses(sandbox) == [(401, 0)]


def test_a_foreign_url_is_refused(sandbox: Sandbox, send: Send) -> None:
    with pytest.raises(evertoken.OriginRefusedError):
        send("GET", sandbox.foreign_url + API)
    assert sandbox.counts()["total"]["requests"] == 0


def test_the_token_does_not_cross_a_redirect(sandbox: Sandbox, send: Send) -> None:
    sandbox.arm({"type": "redirect", "status": 302}, route=API)
    assert send("GET", sandbox.url + API) == Seen(401, "foreign_origin", sandbox.foreign_url + API)
    abroad = [entry for entry in sandbox.journal() if entry["listener"] == "foreign"]
    assert len(abroad) == 1
    assert "authorization" not in abroad[0]["headers"]
    assert sandbox.counts()["pismo"]["login"] == 1


def test_a_redirect_at_home_is_followed_and_healed_at_the_hop_that_was_refused(sandbox: Sandbox, send: Send, client: Client) -> None:
    client.token()
    sandbox.arm({"type": "redirect", "status": 302, "location": API}, route="/pismo/api/moved", count=0)
    sandbox.revoke()
    assert send("GET", sandbox.url + "/pismo/api/moved").status == 200
    assert sandbox.counts()["pismo"]["login"] == 2


def test_threads_share_one_renewal(sandbox: Sandbox, send: Send, client: Client) -> None:
    client.token()
    sandbox.arm("gate", route="api", count=10)
    with ThreadPoolExecutor(10) as pool:
        calls = [pool.submit(send, "GET", sandbox.url + API) for _ in range(10)]
        sandbox.wait_held(10)
        sandbox.revoke()
        sandbox.release()
        assert [call.result().status for call in calls] == [200] * 10
    counts = sandbox.counts()["pismo"]
    assert (counts["login"], counts["api_401"], counts["api"]) == (2, 10, 20)


def test_a_redirect_from_http_to_https_of_the_same_host_takes_no_token_along(client: Client) -> None:
    """requests keeps the header there; it is another origin all the same."""
    auth = client.requests_auth()
    request = requests.Request("GET", client.base_url).prepare()
    auth(request)
    response = requests.Response()
    response.status_code, response.request, response.url = 302, request, client.base_url
    response.headers["location"] = client.base_url.replace("http:", "https:")
    assert auth._answered(client.authorize(client.base_url), response) is response
    assert "Authorization" not in request.headers


def test_requests_sends_the_cookies_of_a_401_along_and_keeps_it_in_the_history(sandbox: Sandbox, client: Client) -> None:
    sandbox.script({"GET /x": [{"status": 401, "headers": {"Set-Cookie": "a=1"}}, {"status": 200}]})
    with requests.Session() as session:
        session.auth = client.requests_auth()
        response = session.get(sandbox.url + "/x")
    assert [answer.status_code for answer in (*response.history, response)] == [401, 200]
    first, second = (entry["headers"] for entry in sandbox.journal() if entry["path"] == "/x")
    assert ("cookie" in first, "cookie" in second) == (False, True)


def test_requests_drops_the_token_on_a_redirect_to_an_origin_that_is_allowed_too(sandbox: Sandbox) -> None:
    client = sandbox.pismo().client(allowed_origins=[sandbox.foreign_url])
    sandbox.arm({"type": "redirect"}, route=API)
    with requests.Session() as session:
        session.auth = client.requests_auth()
        response: Any = session.get(sandbox.url + API)
    assert response.url == sandbox.foreign_url + API
    assert (response.status_code, response.evertoken_reason) == (401, "foreign_origin")
    assert sandbox.counts()["pismo"]["login"] == 1


@pytest.mark.parametrize("library", [httpx, httpx2])
async def test_each_httpx_auth_belongs_to_its_kind_of_client(sandbox: Sandbox, library: ModuleType) -> None:
    async with library.AsyncClient(auth=sandbox.pismo().client().httpx_auth()) as session:
        with pytest.raises(RuntimeError, match="block the event loop"):
            await session.get(sandbox.url + API)
    with library.Client(auth=sandbox.pismo().async_client().httpx_auth()) as session, pytest.raises(RuntimeError, match="event loop"):
        session.get(sandbox.url + API)


AsyncSend = Callable[..., Any]


async def through_async_httpx(library: ModuleType, client: AsyncClient) -> AsyncIterator[AsyncSend]:
    async with library.AsyncClient(auth=client.httpx_auth(), follow_redirects=True, limits=library.Limits(max_connections=50)) as session:

        async def send(method: str, url: str, body: Any = None) -> Seen:
            response = await session.request(method, url, content=body)
            return Seen(response.status_code, response.extensions.get("evertoken_reason"), str(response.url))

        yield send


async def through_aiohttp(client: AsyncClient) -> AsyncIterator[AsyncSend]:
    async with aiohttp.ClientSession(middlewares=[client.aiohttp_middleware()]) as session:

        async def send(method: str, url: str, body: Any = None) -> Seen:
            async with session.request(method, url, data=body) as response:
                return Seen(response.status, getattr(response, "evertoken_reason", None), str(response.url))

        yield send


@pytest.fixture(params=["httpx", "httpx2", "aiohttp"])
async def asend(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[AsyncSend]:
    async with sandbox.pismo().async_client() as client:
        if request.param == "aiohttp":
            source = through_aiohttp(client)
        else:
            source = through_async_httpx({"httpx": httpx, "httpx2": httpx2}[request.param], client)
        async for send in source:
            yield send


async def test_async_a_401_is_healed(sandbox: Sandbox, asend: AsyncSend) -> None:
    assert (await asend("GET", sandbox.url + API)).status == 200
    sandbox.revoke()
    assert await asend("POST", sandbox.url + API, b"body") == Seen(200, None, sandbox.url + API)
    assert statuses(sandbox) == [(200, 0), (401, 4), (200, 4)]
    assert sandbox.counts()["pismo"]["login"] == 2


async def test_async_a_one_shot_body_gives_the_401_back(sandbox: Sandbox, asend: AsyncSend) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"body"

    await asend("GET", sandbox.url + API)
    sandbox.revoke()
    assert await asend("POST", sandbox.url + API, pieces()) == Seen(401, "body_not_replayable", sandbox.url + API)
    assert (await asend("POST", sandbox.url + API, pieces())).status == 200


async def test_async_the_second_401_is_the_response(sandbox: Sandbox, asend: AsyncSend) -> None:
    sandbox.arm("unauthorized", route="api", count=0)
    assert await asend("GET", sandbox.url + API) == Seen(401, "refused_again", sandbox.url + API)
    assert len(statuses(sandbox)) == 2


async def test_async_the_token_does_not_cross_a_redirect(sandbox: Sandbox, asend: AsyncSend) -> None:
    sandbox.arm({"type": "redirect", "status": 302}, route=API)
    assert await asend("GET", sandbox.url + API) == Seen(401, "foreign_origin", sandbox.foreign_url + API)
    assert "authorization" not in next(entry for entry in sandbox.journal() if entry["listener"] == "foreign")["headers"]


async def test_async_a_redirect_at_home(sandbox: Sandbox, asend: AsyncSend) -> None:
    await asend("GET", sandbox.url + API)
    sandbox.arm({"type": "redirect", "status": 302, "location": API}, route="/pismo/api/moved", count=0)
    sandbox.revoke()
    assert (await asend("GET", sandbox.url + "/pismo/api/moved")).status == 200
    assert sandbox.counts()["pismo"]["login"] == 2


async def test_async_tasks_share_one_renewal(sandbox: Sandbox, asend: AsyncSend) -> None:
    await asend("GET", sandbox.url + API)
    sandbox.arm("gate", route="api", count=50)
    calls = [asyncio.ensure_future(asend("GET", sandbox.url + API)) for _ in range(50)]
    await asyncio.to_thread(sandbox.wait_held, 50)
    sandbox.revoke()
    sandbox.release()
    assert [(await call).status for call in calls] == [200] * 50
    counts = sandbox.counts()["pismo"]
    assert (counts["login"], counts["api_401"], counts["api"]) == (2, 50, 101)


async def test_aiohttp_gives_the_token_to_no_origin_that_resembles_one_that_has_accepted_it(sandbox: Sandbox) -> None:
    async with sandbox.pismo().async_client() as client:
        middleware = client.aiohttp_middleware()
        seen = []

        async def handler(request: Any) -> Any:
            seen.append("Authorization" in request.headers)
            return SimpleNamespace(status=200)

        own = URL(sandbox.url)
        for url in (own, own, own.with_scheme("https"), own.with_port(1), own.with_host("localhost"), own / "path"):
            request: Any = SimpleNamespace(url=url, headers=CIMultiDict(), body=None)
            await middleware(request, handler)
        assert seen == [True, True, False, False, False, True]


async def test_aiohttp_sends_a_file_again_whole(sandbox: Sandbox) -> None:
    async with (
        sandbox.pismo().async_client() as client,
        aiohttp.ClientSession(base_url=sandbox.url, middlewares=[client.aiohttp_middleware()]) as session,
    ):
        await client.token()
        sandbox.revoke()
        async with session.post(API, data=_moved(io.BytesIO(b"skip" + b"x" * 100_000), 4)) as response:
            assert response.status == 200
        form = aiohttp.FormData({"file": io.BytesIO(b"y" * 1000)})
        sandbox.revoke()
        async with session.post("/pismo/api/form", data=form) as response:
            assert response.status == 200
    assert statuses(sandbox) == [(401, 100_000), (200, 100_000)]
    assert len({length for _, length in statuses(sandbox, "/pismo/api/form")}) == 1


def test_urllib3_takes_a_pool_and_relative_urls(sandbox: Sandbox, client: Client) -> None:
    with urllib3.PoolManager(headers={"x-mine": "1"}) as manager:
        response = client.urllib3_pool(manager).request("GET", API, headers=None)
        assert response.json()["headers"]["x-mine"] == "1"


def test_no_adapter_is_imported_before_it_is_asked_for() -> None:
    import subprocess
    import sys

    program = "import sys, evertoken; print([name for name in sys.modules if 'adapters' in name])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
