"""A worker that is told when to go on, and its server: each a process of its own. Both end with the stack that they are made on."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import ExitStack
from threading import Timer

from . import places, runner
from .catalogue import Adapter


class Worker:
    """Reads lines, each of which lets it go on, says lines, and prints its result as the last one."""

    def __init__(self, stack: ExitStack, adapter: Adapter, case: str, callers: int, seconds: float, core: int | None = None) -> None:
        prefix = runner.pinning(core)
        port = stack.enter_context(runner.server(prefix))
        self._complaints = stack.enter_context(tempfile.TemporaryFile("w+"))
        arguments = [adapter.name, case, str(port), str(callers), str(seconds)]
        self._process = subprocess.Popen(
            [*prefix, *places.worker(adapter.language, case), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            env=places.environment(),
        )
        stack.callback(self._process.kill)
        hung = Timer(runner.TIMEOUT_SECS, self._process.kill)
        hung.start()
        stack.callback(hung.cancel)

    def said(self) -> str:
        """The next line that it says; nothing if it has died."""
        return self._process.stdout.readline()

    def go(self) -> None:
        """Lets it go on."""
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # its result says how it died

    def result(self) -> dict:
        """What it found, once it has ended; of one that died, how."""
        out, _ = self._process.communicate()
        self._complaints.seek(0)
        return runner.result(self._process.returncode, out, self._complaints.read())
