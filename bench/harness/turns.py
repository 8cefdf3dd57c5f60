"""Several clients measured in turns: each a process of its own against a server of its own, one of them working at a time.

What else goes on in the machine falls on all of them alike, and their ratio is one of the same moments. Each line that a worker reads
is one turn of so many seconds; it answers with the processor time used since it was warm, 0 while it is not; at the end of its input it
prints its result. It warms up in turns too: a runtime that rests while another warms up shrinks its heap, and has to grow it again.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack

from . import runner
from .catalogue import Adapter
from .worker import Worker

#: Languages whose workers take turns.
LANGUAGES = {"python", "node"}
#: Short beside the ups and downs of a shared machine, long beside a request; of many threads beside their start.
TURN_SECONDS, THREADS_TURN_SECONDS = 0.05, 0.25


def run(adapters: list[Adapter], callers: int, cpu_seconds: float, core: int | None) -> list[dict]:
    """Requests until each client has used so much processor time after its warm-up. The results are those of `runner.run`."""
    load = round(os.getloadavg()[0], 2)
    with ExitStack() as stack:
        seconds = THREADS_TURN_SECONDS if callers > 1 and adapters[0].language == "python" else TURN_SECONDS
        workers = [_InTurns(Worker(stack, adapter, "request", callers, seconds, core)) for adapter in adapters]
        _take_turns(workers, cpu_seconds)
        return [{"load": load} | each.worker.result() for each in workers]


def _take_turns(workers: list[_InTurns], cpu_seconds: float) -> None:
    """Each turn begins with another."""
    end = time.monotonic() + runner.TIMEOUT_SECS / 2
    turn = 0
    while time.monotonic() < end and min(worker.cpu for worker in workers) < cpu_seconds:
        first = turn % len(workers)
        for worker in workers[first:] + workers[:first]:
            worker.work()
        turn += 1


class _InTurns:
    """A worker, and how much it has done."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        #: Processor time since it was warm; of one that has died no more is to be had.
        self.cpu = 0.0

    def work(self) -> None:
        """One turn."""
        if self.cpu == float("inf"):
            return
        self.worker.go()
        self.cpu = float(self.worker.said() or "inf")
