"""Callers that are threads and all call at one moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from time import perf_counter


def seconds_of(call: Callable[[], None], callers: int) -> float:
    """From the moment the first of so many threads may call until the last call is over. `call` raises nothing.

    No thread starts or ends in that time: a program that has so many callers has a pool of threads, and a thread's end costs
    as much as a call. Each lets the next one go before its own call. If all woke at once they would wait for the GIL, each
    looking every 5 ms whether it is free, and that would be measured instead.
    """
    turns = [_closed() for _ in range(callers + 1)]
    all_done, leave = _closed(), _closed()
    done = count(1)

    def caller(place: int) -> None:
        turns[place].acquire()
        turns[place + 1].release()
        call()
        if next(done) == callers:
            all_done.release()
        with leave:
            pass

    threads = [threading.Thread(target=caller, args=(place,)) for place in range(callers)]
    for thread in threads:
        thread.start()
    began = perf_counter()
    turns[0].release()
    all_done.acquire()
    seconds = perf_counter() - began
    leave.release()
    for thread in threads:
        thread.join()
    return seconds


def _closed() -> threading.Lock:
    """A lock that is held until somebody opens it."""
    lock = threading.Lock()
    lock.acquire()
    return lock
