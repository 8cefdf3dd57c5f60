"""The cases for clients whose calls are awaited; several callers are several tasks of one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import repeat
from time import perf_counter, perf_counter_ns

import herd
import meter
from adapters import AsyncAdapter
from cases_sync import BATCH, REQUESTS, ROUNDS
from plan import Plan


async def run(make: type[AsyncAdapter], plan: Plan) -> dict:
    """Measures the case."""
    case = {"header": header, "request": request, "memory": memory}.get(plan.case, herd_of_tasks)
    if case is herd_of_tasks:
        herd.before_first(plan)
    client = make(plan.server, plan.callers)
    await client.open()
    try:
        return await case(client, plan)
    finally:
        await client.close()


async def header(client: AsyncAdapter, plan: Plan) -> dict:
    """Processor time per cached header."""
    get = client.header
    await get()

    async def caller(seconds: float, calls: list[int]) -> None:
        end = perf_counter() + seconds
        while perf_counter() < end:
            for _ in repeat(None, BATCH):
                await get()
            calls.append(BATCH)
            await asyncio.sleep(0)

    calls, _, cpu = await measured(plan, lambda seconds: together(plan.callers, caller, seconds))
    return {"ns": cpu / sum(calls) * 1e9, "calls": sum(calls)}


async def request(client: AsyncAdapter, plan: Plan) -> dict:
    """Authenticated requests, `callers` at once."""
    get = client.get

    async def caller(seconds: float, samples: list[tuple[int, int]]) -> None:
        end = perf_counter_ns() + int(seconds * 1e9)
        while (began := perf_counter_ns()) < end:
            status = await get()
            samples.append((perf_counter_ns() - began, status))

    turns = meter.Turns()
    for _ in turns:
        turns.samples += await together(plan.callers, caller, plan.seconds)
    return meter.report(turns)


async def together(callers: int, caller: Callable[[float, list], Awaitable[None]], seconds: float) -> list:
    """Runs `caller` as so many tasks; what all of them appended."""
    found: list = []
    await asyncio.gather(*(caller(seconds, found) for _ in range(callers)))
    return found


async def measured(plan: Plan, run: Callable[[float], Awaitable[list]]) -> tuple[list, float, float]:
    """As `meter.measured`."""
    slices = meter.Slices(plan)
    while slices.more():
        slices.take(await run(slices.seconds))
    return slices.result()


async def memory(client: AsyncAdapter, plan: Plan) -> dict:
    """Resident memory over the bare interpreter after each round of requests."""
    rounds = []
    for _ in range(ROUNDS if client.ours else 1):
        for _ in repeat(None, REQUESTS):
            assert await client.get() == 200, "a request succeeds"
        rounds.append(meter.memory_kb("VmRSS") - plan.bare_kb)
    return {"bare_kb": plan.bare_kb, "rounds_kb": rounds}


async def herd_of_tasks(client: AsyncAdapter, plan: Plan) -> dict:
    """All callers at once at the bad moment."""
    await client.get()
    herd.before_herd(plan)
    requests = herd.requests_each(plan)

    async def caller() -> int:
        try:
            for _ in range(requests):
                status = await client.get()
            return status
        except Exception:  # whatever a library raises, the call has failed
            return 0

    began = perf_counter()
    statuses = await asyncio.gather(*(caller() for _ in range(plan.callers)))
    return herd.report(plan, list(statuses), perf_counter() - began)
