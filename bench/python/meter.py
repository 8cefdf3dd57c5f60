"""What is read off the machine: processor time, memory, latencies."""

from __future__ import annotations


def memory_kb(line: str) -> int:
    """A line of /proc/self/status in kilobytes, such as VmRSS (now) or VmHWM (at most so far)."""
    with open("/proc/self/status") as status:
        for text in status:
            if text.startswith(line + ":"):
                return int(text.split()[1])
    return 0


def report(times_ns: list[int], failed: int, seconds: float, cpu: float) -> dict[str, float]:
    """The result of a request run."""
    times_ns.sort()

    def quantile_us(share: float) -> float:
        return times_ns[round((len(times_ns) - 1) * share)] / 1e3 if times_ns else 0.0

    return {
        "requests": len(times_ns),
        "failed": failed,
        "seconds": seconds,
        "cpu": cpu,
        "p50_us": quantile_us(0.5),
        "p99_us": quantile_us(0.99),
        "peak_kb": memory_kb("VmHWM"),
    }
