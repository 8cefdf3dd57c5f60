"""The cases for clients whose calls are awaited; several callers are several tasks of one event loop."""

from __future__ import annotations

import asyncio
from itertools import repeat
from time import perf_counter, perf_counter_ns, process_time

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
    assert await get(), "a header comes"

    async def caller(seconds: float) -> int:
        end, calls = perf_counter() + seconds, 0
        while perf_counter() < end:
            for _ in repeat(None, BATCH):
                await get()
            calls += BATCH
            await asyncio.sleep(0)
        return calls

    async def measure(seconds: float) -> int:
        return sum(await asyncio.gather(*(caller(seconds) for _ in range(plan.callers))))

    await measure(plan.warm_up)
    cpu = process_time()
    calls = await measure(plan.seconds)
    return {"ns": (process_time() - cpu) / calls * 1e9, "calls": calls}


async def request(client: AsyncAdapter, plan: Plan) -> dict:
    """Authenticated requests, `callers` at once."""
    get = client.get

    async def caller(seconds: float, times: list[int], bad: list[int]) -> None:
        end = perf_counter_ns() + int(seconds * 1e9)
        while (began := perf_counter_ns()) < end:
            status = await get()
            times.append(perf_counter_ns() - began)
            if status != 200:
                bad.append(status)

    async def measure(seconds: float) -> tuple[list[int], int]:
        times: list[int] = []
        bad: list[int] = []
        await asyncio.gather(*(caller(seconds, times, bad) for _ in range(plan.callers)))
        return times, len(bad)

    await measure(plan.warm_up)
    began, cpu = perf_counter(), process_time()
    times, failed = await measure(plan.seconds)
    return meter.report(times, failed, perf_counter() - began, process_time() - cpu)


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
    await asyncio.sleep(herd.before_herd(plan))

    async def caller() -> int:
        try:
            return await client.get()
        except Exception:  # whatever a library raises, the call has failed
            return 0

    began = perf_counter()
    statuses = await asyncio.gather(*(caller() for _ in range(plan.callers)))
    return herd.report(plan, list(statuses), perf_counter() - began)
