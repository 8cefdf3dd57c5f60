"""The types, as strict checkers see them: this file is checked by mypy and pyright, and also run."""

# pyright: strict

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import aiohttp
import httpx
import pytest
import requests
import urllib3
from typing_extensions import assert_type

import evertoken
from evertoken import AsyncClient, AuthOutcome, Client, Event, Headers, Response, Token
from evertoken.testing import Sandbox


class Mine(Client):
    """A subclass: constructors return it."""


def test_sync(sandbox: Sandbox) -> None:
    options = sandbox.pismo().options
    client = Client.pismo(
        server_key=options["server_key"], server_secret=options["server_secret"], base_url=sandbox.url, timeout=timedelta(seconds=5)
    )
    assert_type(client, Client)
    assert_type(Mine.from_options("pismo", **options), Mine)
    with client as entered:
        assert_type(entered, Client)
    with sandbox.pismo().client() as client:
        token = client.token(min_ttl=1.5)
        assert_type(token, Token)
        assert_type(token.expires_at, datetime | None)
        assert_type(token.expires_in, timedelta | None)
        assert_type(client.authorization(), str)
        response = client.post("/pismo/api/x", json={"a": 1}, headers={"x": "y"}, params=[("a", 1)])
        assert_type(response, Response)
        assert_type(response.headers, Headers)
        mapping: Mapping[str, str] = response.headers
        assert_type(mapping["content-type"], str)
        assert_type(response.content, bytes)
        assert_type(response.auth, AuthOutcome)
        assert_type(response.auth.error, evertoken.EvertokenError | None)
        assert_type(response.raise_for_status(), Response)
        assert_type(client.stats().logins, int)

        def hear(event: Event) -> None:
            assert_type(event.fingerprint, str | None)

        with client.on_event(hear) as subscription:
            assert_type(subscription, evertoken.Subscription)


def test_requests_take_the_types_that_they_declare(sandbox: Sandbox) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"piece"

    with sandbox.pismo().client() as client:
        url = "/pismo/api/x"
        assert_type(client.get(url, params={"page": 1, "tags": ["a", "b"], "all": True}, timeout=timedelta(seconds=5)), Response)
        assert_type(client.post(url, data={"a": 1, "b": ["x"]}), Response)
        assert_type(client.put(url, content=pieces(), follow_redirects=False), Response)
        assert_type(client.patch(url, files={"one": b"1", "two": ("2.txt", b"2", "text/plain")}, data={"three": 3}), Response)
        with client.stream("GET", url) as streamed:
            assert_type(streamed, evertoken.StreamedResponse)
            assert_type(b"".join(streamed.iter_bytes()), bytes)
        with pytest.raises(TypeError):
            client.get(url, tiemout=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        with pytest.raises(evertoken.ConfigInvalidError) as failed:
            Client.passkit(username="u", password="p", region="pub3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert_type(failed.value.retry_after, float | None)
        assert_type(failed.value.code, str)


def test_own_http(sandbox: Sandbox) -> None:
    with sandbox.pismo().client() as client:
        authorization = client.authorize("/pismo/api/x")
        assert_type(authorization, evertoken.Authorization)
        verdict = client.judge(authorization, 200, headers={"a": "b"}, body=b"")
        assert_type(verdict.action, Literal["done", "resend", "give_back"])
        assert_type(verdict.authorization, evertoken.Authorization | None)
        assert_type(client.state().expires_in, timedelta | None)
        session = requests.Session()
        session.auth = client.requests_auth()
        assert session.get(sandbox.url + "/pismo/api/x").ok
        with httpx.Client(auth=client.httpx_auth()) as other:
            assert other.get(sandbox.url + "/pismo/api/x").is_success
        assert client.urllib3_pool(urllib3.PoolManager()).request("GET", "/pismo/api/x").status == 200


async def test_async(sandbox: Sandbox) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"piece"

    async with sandbox.pismo().async_client() as client:
        assert_type(client, AsyncClient)
        assert_type(await client.token(), Token)
        assert_type(await client.authorization(), str)
        assert_type(await client.get("/pismo/api/x"), Response)
        async with client.stream("GET", "/pismo/api/x") as streamed:
            assert_type(streamed, evertoken.AsyncStreamedResponse)
            assert_type(await streamed.aread(), bytes)
        assert_type(await client.post("/pismo/api/x", content=pieces()), Response)
        answer: Any = (await client.get("/pismo/api/x")).json()
        assert answer["method"] == "GET"
        async with (
            aiohttp.ClientSession(middlewares=[client.aiohttp_middleware()]) as session,
            session.get(sandbox.url + "/pismo/api/x") as got,
        ):
            assert got.ok
        async with httpx.AsyncClient(auth=client.httpx_auth()) as other:
            assert (await other.get(sandbox.url + "/pismo/api/x")).is_success
