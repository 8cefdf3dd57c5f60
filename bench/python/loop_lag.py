"""How long a cold login of half a second keeps an event loop from its other work, in milliseconds.

    python bench/python/loop_lag.py

A ticker asks to run once per millisecond while eight tasks wait for the login; the worst delay is the lag.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter

import aiohttp
import httpx

import evertoken
from evertoken.testing import Sandbox

LOGIN_MS = 500
API = "/pismo/api/x"
Work = Callable[[Sandbox], Awaitable[object]]


async def nothing(_: Sandbox) -> None:
    await asyncio.sleep(LOGIN_MS / 1000)


async def own_client(sandbox: Sandbox) -> None:
    client = sandbox.pismo().async_client()
    await asyncio.gather(*(client.get(API) for _ in range(8)))


async def with_httpx(sandbox: Sandbox) -> None:
    client = sandbox.pismo().async_client()
    # Without certificates: reading them takes longer than all else here.
    async with httpx.AsyncClient(auth=client.httpx_auth(), verify=False) as session:
        await asyncio.gather(*(session.get(sandbox.url + API) for _ in range(8)))


async def with_aiohttp(sandbox: Sandbox) -> None:
    client = sandbox.pismo().async_client()
    async with aiohttp.ClientSession(middlewares=[client.aiohttp_middleware()]) as session:
        await asyncio.gather(*(session.get(sandbox.url + API) for _ in range(8)))


async def blocking(sandbox: Sandbox) -> None:
    """The mistake: what a client without an asynchronous form does to a loop."""
    sandbox.pismo().client().get(API)


async def lag(work: Work, sandbox: Sandbox) -> float:
    worst = 0.0

    async def tick() -> None:
        nonlocal worst
        while True:
            began = perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, perf_counter() - began - 0.001)

    ticker = asyncio.create_task(tick())
    await asyncio.sleep(0)
    await work(sandbox)
    await asyncio.sleep(0.01)
    ticker.cancel()
    return worst * 1000


def main() -> None:
    print(f"evertoken {evertoken.__version__}, a login of {LOGIN_MS} ms, 8 callers")
    for work in (nothing, own_client, with_httpx, with_aiohttp, blocking):
        with Sandbox() as sandbox:
            asyncio.run(work(sandbox))  # what the libraries import and read at their first request is theirs
            sandbox.reset()
            sandbox.arm({"type": "delay", "ms": LOGIN_MS}, route="login")
            print(f"{work.__name__:12} {asyncio.run(lag(work, sandbox)):7.1f} ms")


if __name__ == "__main__":
    main()
