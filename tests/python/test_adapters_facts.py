"""What the adapters tell the core of an answer: its head, its body, and that a token was taken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial

import httpx
import httpx2
import pytest

from evertoken import AsyncClient, Client
from evertoken.testing import Sandbox
from test_adapters import API, AsyncSend, Seen, Send, through_aiohttp, through_async_httpx, through_httpx, through_requests, through_urllib3

Get = Callable[[str], Awaitable[Seen]]
SYNC: dict[str, Callable[[Client], Iterator[Send]]] = {
    "requests": through_requests,
    "urllib3": through_urllib3,
    "httpx": partial(through_httpx, httpx),
    "httpx2": partial(through_httpx, httpx2),
}
ASYNC: dict[str, Callable[[AsyncClient], AsyncIterator[AsyncSend]]] = {
    "async httpx": partial(through_async_httpx, httpx),
    "async httpx2": partial(through_async_httpx, httpx2),
    "aiohttp": through_aiohttp,
}


@pytest.fixture(params=[*SYNC, *ASYNC])
async def get(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[Get]:
    """GET of a path, by each adapter."""
    if request.param in SYNC:
        for send in SYNC[request.param](sandbox.pismo().client()):
            yield _of_sync(send, sandbox.url)
    else:
        async for asend in ASYNC[request.param](sandbox.pismo().async_client()):
            yield _of_async(asend, sandbox.url)


def _of_sync(send: Send, base: str) -> Get:
    async def get(path: str) -> Seen:
        return send("GET", base + path)

    return get


def _of_async(send: AsyncSend, base: str) -> Get:
    async def get(path: str) -> Seen:
        seen: Seen = await send("GET", base + path)
        return seen

    return get


def logins(sandbox: Sandbox) -> int:
    return int(sandbox.counts()["pismo"]["login"])


@pytest.mark.parametrize(
    "answer",
    [
        {"headers": {"WWW-Authenticate": 'Basic realm="x", Bearer error="insufficient_scope"'}},
        {"json": {"fault": {"code": 900908, "message": "Resource forbidden"}}},
    ],
    ids=["head", "body"],
)
async def test_a_401_about_rights_is_given_back_at_once(sandbox: Sandbox, get: Get, answer: dict[str, object]) -> None:
    sandbox.script({"GET /x": [{"status": 401, **answer}]})
    seen = await get("/x")
    assert (seen.status, seen.reason) == (401, "insufficient_rights")
    assert logins(sandbox) == 1


async def test_a_page_that_always_says_401_does_not_keep_others_from_healing(sandbox: Sandbox, get: Get) -> None:
    """An answer that is no 401 takes a token's trouble away, the first as well as that to a request sent again."""
    sandbox.script({f"GET /{page}": [{"status": 401, "times": 2}] for page in ("a", "b")})
    assert (await get(API)).status == 200
    assert (await get("/a")).reason == "refused_again"
    assert (await get(API)).status == 200
    sandbox.revoke()
    assert (await get(API)).status == 200
    assert logins(sandbox) == 3
    assert (await get("/b")).reason == "refused_again"
    assert logins(sandbox) == 4


def test_urllib3_does_not_repeat_what_a_redirect_may_have_begun(sandbox: Sandbox) -> None:
    """Only the first request could be sent again, and the page that it leads to may have taken it already."""
    client = sandbox.pismo().client()
    pool = client.urllib3_pool()
    sandbox.arm({"type": "redirect", "status": 307, "location": API}, route="/pismo/api/moved", count=0)
    for method, answered in (("POST", (401, "body_not_replayable")), ("GET", (200, None))):
        assert pool.request("GET", sandbox.url + API).status == 200
        sandbox.revoke()
        response = pool.request(method, sandbox.url + "/pismo/api/moved")
        assert (response.status, getattr(response, "evertoken_reason", None)) == answered


def test_urllib3_sends_one_authorization_however_the_callers_is_spelt(sandbox: Sandbox) -> None:
    pool = sandbox.pismo().client().urllib3_pool()
    assert pool.request("GET", sandbox.url + API, headers={"AUTHORIZATION": "Basic bWluZQ=="}).status == 200
    (sent,) = [entry["headers"] for entry in sandbox.journal() if entry["path"] == API]
    assert [name for name in sent if name.lower() == "authorization"] == ["authorization"]
