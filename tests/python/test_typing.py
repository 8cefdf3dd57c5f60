"""The types, as a strict checker sees them: this file is checked by mypy and also run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

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


async def test_async(sandbox: Sandbox) -> None:
    async with sandbox.pismo().async_client() as client:
        assert_type(client, AsyncClient)
        assert_type(await client.token(), Token)
        assert_type(await client.authorization(), str)
        assert_type(await client.get("/pismo/api/x"), Response)
        async with client.stream("GET", "/pismo/api/x") as streamed:
            assert_type(streamed, evertoken.AsyncStreamedResponse)
            assert_type(await streamed.aread(), bytes)
