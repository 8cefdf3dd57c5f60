"""Herds: workers that prepare themselves, and are let go one after the other.

What a herd waits for before it runs, all of them wait for together: a token that lives for a second has to expire.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack

from .catalogue import Adapter
from .worker import Worker

#: A token that is to expire lives for a second.
UNTIL_EXPIRED_SECS = 1.2
#: So many workers wait together for that.
WAITING = 4


def together(herd: str, adapters: list[Adapter]) -> list[list[Adapter]]:
    """Those whose workers wait together; of another herd each alone."""
    size = WAITING if herd == "herd-expiry" else 1
    return [adapters[at : at + size] for at in range(0, len(adapters), size)]


def run(adapters: list[Adapter], herd: str, callers: int) -> list[dict]:
    """One herd of each. The results are those of `runner.run`."""
    with ExitStack() as stack:
        workers = []
        for adapter in adapters:
            workers.append(Worker(stack, adapter, herd, callers, 1))
            workers[-1].said()
        if herd == "herd-expiry":
            time.sleep(UNTIL_EXPIRED_SECS)
        return [_let_go(worker) for worker in workers]


def _let_go(worker: Worker) -> dict:
    load = round(os.getloadavg()[0], 2)
    worker.go()
    return {"load": load} | worker.result()
