"""The cases for clients whose calls block; several callers are several threads."""

from __future__ import annotations

import threading
from itertools import repeat
from time import perf_counter, perf_counter_ns, process_time, sleep

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
    assert get(), "a header comes"

    def caller(seconds: float, calls: list[int]) -> None:
        end = perf_counter() + seconds
        while perf_counter() < end:
            for _ in repeat(None, BATCH):
                get()
            calls.append(BATCH)

    def measure(seconds: float) -> int:
        calls: list[int] = []
        if plan.callers == 1:
            caller(seconds, calls)
        else:
            threads = [threading.Thread(target=caller, args=(seconds, calls)) for _ in range(plan.callers)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return sum(calls)

    measure(plan.warm_up)
    cpu = process_time()
    calls = measure(plan.seconds)
    return {"ns": (process_time() - cpu) / calls * 1e9, "calls": calls}


def request(make: type[Adapter], plan: Plan) -> dict:
    """Authenticated requests, `callers` at once."""
    client = make(plan.server, plan.callers)
    get = client.get

    def caller(seconds: float, times: list[int], bad: list[int]) -> None:
        end = perf_counter_ns() + int(seconds * 1e9)
        while (began := perf_counter_ns()) < end:
            status = get()
            times.append(perf_counter_ns() - began)
            if status != 200:
                bad.append(status)

    def measure(seconds: float) -> tuple[list[int], int]:
        times: list[int] = []
        bad: list[int] = []
        if plan.callers == 1:
            caller(seconds, times, bad)
        else:
            threads = [threading.Thread(target=caller, args=(seconds, times, bad)) for _ in range(plan.callers)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        return times, len(bad)

    measure(plan.warm_up)
    began, cpu = perf_counter(), process_time()
    times, failed = measure(plan.seconds)
    return meter.report(times, failed, perf_counter() - began, process_time() - cpu)


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
    sleep(herd.before_herd(plan))
    start = threading.Event()
    statuses: list[int] = []

    def caller() -> None:
        start.wait()
        try:
            statuses.append(client.get())
        except Exception:  # whatever a library raises, the call has failed
            statuses.append(0)

    threads = [threading.Thread(target=caller) for _ in range(plan.callers)]
    for thread in threads:
        thread.start()
    began = perf_counter()
    start.set()
    for thread in threads:
        thread.join()
    return herd.report(plan, statuses, perf_counter() - began)
