"""Helpers of several tests."""

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
# The option that loads the plugin. Not for an installed package, because pytest refuses to load a plugin twice.
INSTALLED = any(entry.value == "evertoken.pytest_plugin" for entry in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "evertoken.pytest_plugin")


def until(condition: Callable[[], bool]) -> None:
    """Waits until a condition holds, while other threads run."""
    end = time.monotonic() + PATIENCE_SECS
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        os.sched_yield()


async def until_async(condition: Callable[[], bool]) -> None:
    """As `until`, while other tasks run."""
    end = time.monotonic() + PATIENCE_SECS
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        await asyncio.sleep(0)


def program(name: str, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of the folder `programs` to its end."""
    return subprocess.run(
        [sys.executable, "-W", "error", str(PROGRAMS / name), *args],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def well(done: subprocess.CompletedProcess[str]) -> str:
    """The output of a program, which must have ended with status 0 and an empty standard error."""
    assert (done.returncode, done.stderr) == (0, ""), f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()
