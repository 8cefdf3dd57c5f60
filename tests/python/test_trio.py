"""The asynchronous client under trio, and under anyio with both of its backends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import httpx
import pytest
import trio

import evertoken
from evertoken.testing import Sandbox

API = "/pismo/api/things"


async def held(sandbox: Sandbox, count: int) -> None:
    """Waits on a thread: trio goes on meanwhile."""
    await trio.to_thread.run_sync(sandbox.wait_held, count)


def test_requests_tokens_and_streams(sandbox: Sandbox) -> None:
    async def main() -> None:
        async with sandbox.pismo().async_client() as client:
            assert (await client.get(API)).ok
            assert (await client.token()).value in await client.authorization()
            sandbox.revoke()
            assert (await client.post(API, content=b"body")).ok
            async with client.stream("GET", API) as response:
                assert b"path" in await response.aread()
            await client.close(revoke=True)

    trio.run(main)
    assert sandbox.counts()["pismo"]["login"] == 2


def test_many_tasks_share_one_login(sandbox: Sandbox) -> None:
    async def main() -> None:
        client = sandbox.pismo().async_client()
        sandbox.arm("gate", route="login")
        async with trio.open_nursery() as nursery:
            for _ in range(1000):
                nursery.start_soon(client.token)
            await held(sandbox, 1)
            while client.stats().waiting < 1000:
                await trio.lowlevel.checkpoint()
            sandbox.release()
        assert client.stats().logins == 1

    trio.run(main)
    assert sandbox.counts()["total"]["requests"] == 1


def test_errors_are_raised_where_they_are_awaited(sandbox: Sandbox) -> None:
    async def main() -> None:
        with pytest.raises(evertoken.CredentialsRejectedError):
            await sandbox.plain().async_client(password="wrong").token()

    trio.run(main)


def test_a_cancelled_scope_ends_this_wait_and_leaves_the_login_to_others(sandbox: Sandbox) -> None:
    async def main() -> None:
        client = sandbox.pismo().async_client()
        sandbox.arm("gate", route="login")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.token)
            with trio.CancelScope() as scope:
                nursery.start_soon(cancel_when_held, scope)
                await client.token()
            assert scope.cancelled_caught
            while client.stats().waiting > 1:
                await trio.lowlevel.checkpoint()
            sandbox.release()
        assert client.stats().logins == 1

    async def cancel_when_held(scope: trio.CancelScope) -> None:
        await held(sandbox, 1)
        scope.cancel()

    trio.run(main)


def test_bodies_from_asynchronous_iterables(sandbox: Sandbox) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            await trio.lowlevel.checkpoint()
            yield b"1234"

    async def failing() -> AsyncIterator[bytes]:
        yield b"a"
        raise KeyError("mine")

    async def main() -> None:
        async with sandbox.pismo().async_client() as client:
            assert (await client.post(API, content=pieces())).json()["body_length"] == 400
            with pytest.raises(KeyError, match="mine"):
                await client.post(API, content=failing())

    trio.run(main)


def test_one_client_serves_one_run_after_another_and_asyncio(sandbox: Sandbox) -> None:
    client = sandbox.pismo().async_client()

    async def main() -> None:
        assert (await client.get(API)).ok

    for _ in range(2):
        trio.run(main)
        anyio.run(main)
    assert sandbox.counts()["pismo"]["login"] == 1


def test_a_run_that_ends_early_affects_nothing_else(sandbox: Sandbox) -> None:
    client = sandbox.pismo().async_client()

    async def main() -> None:
        sandbox.arm("gate", route="login")
        client._token(None, None)  # nobody awaits it, and the outcome comes when the run has ended
        await held(sandbox, 1)

    trio.run(main)
    sandbox.release()
    anyio.run(client.token)
    assert sandbox.counts()["pismo"]["login"] == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(sandbox: Sandbox, backend: str) -> None:
    results: list[int] = []

    async def call(get: Callable[[str], Awaitable[evertoken.Response]]) -> None:
        results.append((await get(API)).status_code)

    async def main() -> None:
        async with sandbox.pismo().async_client() as client:
            with anyio.fail_after(30):
                async with anyio.create_task_group() as group:
                    for _ in range(10):
                        group.start_soon(call, client.get)

    anyio.run(main, backend=backend)
    assert results == [200] * 10
    assert sandbox.counts()["pismo"]["login"] == 1


def test_httpx_under_trio(sandbox: Sandbox) -> None:
    async def main() -> None:
        client = sandbox.pismo().async_client()
        async with httpx.AsyncClient(auth=client.httpx_auth()) as session:
            assert (await session.get(sandbox.url + API)).status_code == 200
            sandbox.revoke()
            assert (await session.get(sandbox.url + API)).status_code == 200

    trio.run(main)
    assert sandbox.counts()["pismo"]["login"] == 2
