"""One run: a server and a worker, each a process of its own."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import mean

from . import places
from .catalogue import Adapter

#: A run that takes longer has hung; the slowest peer's herd takes half a minute.
TIMEOUT_SECS = 120
#: The cores that there are.
CORES = sorted(os.sched_getaffinity(0))


def run(adapter: Adapter, case: str, callers: int, seconds: float, core: int | None = None) -> dict:
    """Measures once, on `core` if it says so. The result is the worker's, with `load`; or `error` with the end of what it said."""
    load = os.getloadavg()[0]
    prefix = pinning(core)
    with server(prefix) as port:
        if adapter.language == "wrk":
            found = _wrk(prefix, port, callers, seconds)
        else:
            arguments = [adapter.name, case, str(port), str(callers), str(seconds)]
            done = _output([*prefix, *places.worker(adapter.language, case), *arguments])
            found = result(done.returncode, done.stdout, done.stderr) if done else {"error": f"no end within {TIMEOUT_SECS} s"}
    return {"load": round(load, 2)} | found


def run_on_all(adapter: Adapter, case: str, seconds: float) -> dict:
    """One caller in a process of its own on each core at the same time; the mean of their `ns`."""
    with ThreadPoolExecutor(len(CORES)) as pool:
        found = list(pool.map(lambda core: run(adapter, case, 1, seconds, core), CORES))
    failed = next((each for each in found if "error" in each), None)
    return failed or found[0] | {"ns": mean(each["ns"] for each in found)}


def pinning(core: int | None) -> list[str]:
    """What a command begins with."""
    return [] if core is None else ["taskset", "-c", str(core)]


@contextmanager
def server(prefix: list[str]) -> Iterator[int]:
    """A server of one's own; its port."""
    command = [*prefix, str(places.BUILT / "bench-server")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield json.loads(process.stdout.readline())["port"]
        process.stdin.close()


def _output(command: list[str]) -> subprocess.CompletedProcess | None:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECS, env=places.environment())
    except subprocess.TimeoutExpired:
        return None


def result(status: int, out: str, complaints: str) -> dict:
    """What a worker found: its last line; or how it ended."""
    lines = out.strip().splitlines()
    if status != 0 or not lines:
        return {"error": complaints.strip()[-400:] or f"exit status {status}"}
    return json.loads(lines[-1])


def _wrk(prefix: list[str], port: int, callers: int, seconds: float) -> dict:
    """The ceiling: what the server can do."""
    token = json.loads(_output(["curl", "-s", "-X", "POST", f"http://127.0.0.1:{port}/token"]).stdout)["access_token"]
    whole = max(1, round(seconds))
    command = ["wrk", "-t1", f"-c{callers}", f"-d{whole}s", "--latency", "-H", f"Authorization: Bearer {token}"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = _output([*prefix, *command, f"http://127.0.0.1:{port}/accounts/123"])
    elapsed = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = done.stdout if done else ""
    requests = re.search(r"(\d+) requests in", text)
    if requests is None:
        return {"error": "wrk said nothing"}
    return {
        "requests": int(requests[1]),
        "failed": int((re.search(r"Non-2xx or 3xx responses: (\d+)", text) or [0, 0])[1]),
        "seconds": elapsed,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "p50_us": _microseconds(re.search(r"50%\s+([\d.]+)(us|ms|s)", text)),
        "p99_us": _microseconds(re.search(r"99%\s+([\d.]+)(us|ms|s)", text)),
        "peak_kb": 0,
    }


def _microseconds(found: re.Match | None) -> float:
    return float(found[1]) * {"us": 1, "ms": 1e3, "s": 1e6}[found[2]] if found else 0.0
