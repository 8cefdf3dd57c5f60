"""The cases for clients whose calls block; several callers are several threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import repeat
from time import perf_counter, perf_counter_ns

import crowd
import herd
import meter
from adapters import Adapter
from plan import Plan

#: How many header calls are made between two looks at the clock.
BATCH = 1_000
#: The memory case: so many rounds of so many requests.
ROUNDS = 11
REQUESTS = 10_000


def run(make: type[Adapter], plan: Plan) -> dict:
    """Measures the case."""
    case = {"header": header, "request": request, "memory": memory}.get(plan.case, herd_of_threads)
    return case(make, plan)


def header(make: type[Adapter], plan: Plan) -> dict:
    """Processor time per cached header."""
    client = make(plan.server, plan.callers)
    get = client.header
    get()

    def caller(seconds: float, calls: list[int]) -> None:
        end = perf_counter() + seconds
        while perf_counter() < end:
            for _ in repeat(None, BATCH):
                get()
            calls.append(BATCH)

    calls, _, cpu = meter.measured(plan, lambda seconds: together(plan.callers, caller, seconds))
    return {"ns": cpu / sum(calls) * 1e9, "calls": sum(calls)}


def request(make: type[Adapter], plan: Plan) -> dict:
    """Authenticated requests, `callers` at once."""
    client = make(plan.server, plan.callers)
    get = client.get

    def caller(seconds: float, samples: list[tuple[int, int]]) -> None:
        end = perf_counter_ns() + int(seconds * 1e9)
        while (began := perf_counter_ns()) < end:
            status = get()
            samples.append((perf_counter_ns() - began, status))

    turns = meter.Turns()
    for _ in turns:
        turns.samples += together(plan.callers, caller, plan.seconds)
    return meter.report(turns)


def together(callers: int, caller: Callable[[float, list], None], seconds: float) -> list:
    """Runs `caller` on so many threads (on this one, if one); what all of them appended."""
    found: list = []
    if callers == 1:
        caller(seconds, found)
        return found
    threads = [threading.Thread(target=caller, args=(seconds, found)) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def memory(make: type[Adapter], plan: Plan) -> dict:
    """Resident memory over the bare interpreter after each round of requests."""
    client = make(plan.server, plan.callers)
    rounds = []
    for _ in range(ROUNDS if make.ours else 1):
        for _ in repeat(None, REQUESTS):
            assert client.get() == 200, "a request succeeds"
        rounds.append(meter.memory_kb("VmRSS") - plan.bare_kb)
    return {"bare_kb": plan.bare_kb, "rounds_kb": rounds}


def herd_of_threads(make: type[Adapter], plan: Plan) -> dict:
    """All callers at once at the bad moment."""
    herd.before_first(plan)
    client = make(plan.server, plan.callers)
    client.get()
    herd.before_herd(plan)
    requests = herd.requests_each(plan)
    statuses: list[int] = []

    def call() -> None:
        try:
            for _ in range(requests):
                status = client.get()
            statuses.append(status)
        except Exception:  # whatever a library raises, the call has failed
            statuses.append(0)

    return herd.report(plan, statuses, crowd.seconds_of(call, plan.callers))
