"""What is read off the machine: processor time, memory, latencies."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from time import perf_counter, process_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from plan import Plan


#: Processor time after which connections are open and an interpreter runs its specialised code.
WARM_SECONDS = 0.125


class Turns:
    """The turns of a request run, as the harness's `turns.py` says: one for each step of an iteration."""

    def __init__(self) -> None:
        #: What the turns found.
        self.samples: list[tuple[int, int]] = []
        self.seconds = self.cpu = 0.0

    def __iter__(self) -> Iterator[None]:
        began = process_time()
        is_warm = False
        for _ in sys.stdin:
            start = perf_counter()
            yield
            self.seconds += perf_counter() - start
            self.cpu = process_time() - began
            print(self.cpu if is_warm else 0.0, flush=True)
            if not is_warm and self.cpu >= WARM_SECONDS:
                is_warm = True
                self.samples.clear()
                self.seconds, began = 0.0, process_time()


class Slices:
    """Runs slices of wall time until enough processor time went into them, first to warm up, then to measure.

    So a busy machine makes a run longer, not shorter of samples. Three times the usual wall time ends it all the same.
    """

    def __init__(self, plan: Plan) -> None:
        #: How long a slice is.
        self.seconds = plan.seconds / 4
        self.enough = plan.seconds / 2
        self.warm = False
        self._begin()

    def _begin(self) -> None:
        self.found: list = []
        self.began, self.cpu = perf_counter(), process_time()

    def more(self) -> bool:
        """Whether another slice is needed."""
        used, gone = process_time() - self.cpu, perf_counter() - self.began
        over = used >= self.enough or gone >= self.enough * 6
        if over and not self.warm:
            self.warm = True
            self._begin()
            return True
        self.spent = (gone, used)
        return not over

    def take(self, found: list) -> None:
        """What a slice found."""
        self.found += found

    def result(self) -> tuple[list, float, float]:
        """What was found, and the wall and processor time it took."""
        return self.found, *self.spent


def measured(plan: Plan, run: Callable[[float], list]) -> tuple[list, float, float]:
    """What `run` found in all its measured slices, and the wall and processor time they took."""
    slices = Slices(plan)
    while slices.more():
        slices.take(run(slices.seconds))
    return slices.result()


def memory_kb(line: str) -> int:
    """A line of /proc/self/status in kilobytes, such as VmRSS (now) or VmHWM (at most so far)."""
    with open("/proc/self/status") as status:
        for text in status:
            if text.startswith(line + ":"):
                return int(text.split()[1])
    return 0


def report(turns: Turns) -> dict[str, float]:
    """The result of a request run; samples are nanoseconds and status."""
    times = sorted(time for time, _ in turns.samples)

    def quantile_us(share: float) -> float:
        return times[round((len(times) - 1) * share)] / 1e3 if times else 0.0

    return {
        "requests": len(times),
        "failed": sum(status != 200 for _, status in turns.samples),
        "seconds": turns.seconds,
        "cpu": turns.cpu,
        "p50_us": quantile_us(0.5),
        "p99_us": quantile_us(0.99),
        "peak_kb": memory_kb("VmHWM"),
    }
