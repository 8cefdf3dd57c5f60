"""From runs to figures: medians with minimum and maximum, and ratios of runs of the same round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """A median and what lies around it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Figure | None:
        return cls(median(values), min(values), max(values)) if values else None


Metric = Callable[[dict], float]

#: What is read off one run.
METRICS: dict[str, Metric] = {
    "ns": lambda run: run["ns"],
    "cpu_10k": lambda run: run["cpu"] / run["requests"] * 10_000,
    "per_second": lambda run: run["requests"] / run["seconds"],
    "p50_us": lambda run: run["p50_us"],
    "p99_us": lambda run: run["p99_us"],
    "peak_mb": lambda run: run["peak_kb"] / 1024,
    "tokens": lambda run: run["tokens"],
    "failed": lambda run: run["failed"],
    "ms": lambda run: run["seconds"] * 1e3,
    "import_ms": lambda run: run["ms"],
    "modules": lambda run: run["modules"],
    "threads": lambda run: run["threads"],
    "size_mb": lambda run: run["size_kb"] / 1024,
    "packages": lambda run: run["packages"],
    "first_mb": lambda run: run["rounds_kb"][0] / 1024,
    "growth_percent": lambda run: (run["rounds_kb"][-1] - run["rounds_kb"][0]) / (run["bare_kb"] + run["rounds_kb"][0]) * 100,
}


def figure(results: dict, key: str, adapter: str, metric: str) -> Figure | None:
    """The metric over all rounds; None if nothing was measured."""
    runs = results["runs"].get(key, {}).get(adapter, [])
    return Figure.of([METRICS[metric](run) for run in runs if "error" not in run and run.get("requests") != 0])


def ratio(results: dict, key: str, above: str, below: str, metric: str, key_below: str | None = None) -> Figure | None:
    """One adapter's figure over another's, round by round, so that the machine's mood cancels out."""
    tops = results["runs"].get(key, {}).get(above, [])
    bottoms = results["runs"].get(key_below or key, {}).get(below, [])
    pairs = [pair for pair in zip(tops, bottoms, strict=False) if not any("error" in run or run.get("requests") == 0 for run in pair)]
    return Figure.of([METRICS[metric](top) / METRICS[metric](bottom) for top, bottom in pairs])


def error(results: dict, key: str, adapter: str) -> str | None:
    """What went wrong, if every run failed."""
    runs = results["runs"].get(key, {}).get(adapter, [])
    errors = [run["error"] for run in runs if "error" in run]
    return errors[-1] if runs and len(errors) == len(runs) else None
