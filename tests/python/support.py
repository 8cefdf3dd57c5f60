"""What several tests need."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE_SECS = 30
# pytest refuses a plugin by two names: the option is for a package that is not installed.
INSTALLED = any(entry.value == "evertoken.pytest_plugin" for entry in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "evertoken.pytest_plugin")


def until(true: Callable[[], bool]) -> None:
    """Waits until something is so; other threads run meanwhile."""
    end = time.monotonic() + PATIENCE_SECS
    while not true():
        assert time.monotonic() < end, "it did not come about"
        os.sched_yield()


async def until_async(true: Callable[[], bool]) -> None:
    """As `until`; other tasks run meanwhile."""
    end = time.monotonic() + PATIENCE_SECS
    while not true():
        assert time.monotonic() < end, "it did not come about"
        await asyncio.sleep(0)


def program(name: str, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs one of the programs beside the tests to its end."""
    return subprocess.run(
        [sys.executable, "-W", "error", str(PROGRAMS / name), *args],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def well(done: subprocess.CompletedProcess[str]) -> str:
    """The output of a program that ended well and complained about nothing."""
    assert (done.returncode, done.stderr) == (0, ""), f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()
