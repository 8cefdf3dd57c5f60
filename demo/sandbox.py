"""The sandbox as the demo uses it, and the story programs that run against it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import urllib.error
import urllib.request
from types import TracebackType
from typing import Any

# Without the environment's proxies, because the sandbox is on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Story:
    """A running story program."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Story:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()

    def result(self) -> dict[str, int]:
        """Waits for its end. Returns the JSON of its last line."""
        out, _ = self._process.communicate()
        lines = out.splitlines()
        if self._process.returncode != 0 or not lines:
            return {"requests": 0, "succeeded": 0, "milliseconds": 0}
        result: dict[str, int] = json.loads(lines[-1])
        return result


class Sandbox:
    """`evertoken sandbox` with tokens that live for `life_secs`, until the end of a `with` block."""

    def __init__(self, command: str, life_secs: int) -> None:
        self._process = subprocess.Popen(
            [command, "sandbox", "--life", str(life_secs), "--until-stdin-closes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        self.line = json.loads(self._process.stdout.readline())

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.communicate("")

    def _call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        with _OPENER.open(urllib.request.Request(self.line["control_url"] + path, data)) as response:
            result: dict[str, Any] = json.load(response)
            return result

    def reset(self) -> None:
        self._call("/reset", {})

    def wait_answered(self, provider: str, count: int) -> None:
        """Waits until `count` API requests are answered, or for 10 s: if the story has failed, its counts will show that."""
        with contextlib.suppress(urllib.error.HTTPError):
            self._call("/wait", {"answered": count, "route": "api", "provider": provider, "timeout_ms": 10_000})

    def revoke(self, provider: str) -> None:
        self._call("/revoke", {"provider": provider, "what": "all"})

    def counts(self, provider: str) -> dict[str, int]:
        counts: dict[str, int] = self._call("/counts")[provider]
        return counts

    def story(self, command: list[str], provider: str, credentials: dict[str, str]) -> Story:
        """Starts a story with its provider's address and credentials in the environment, as a deployed program gets them."""
        known = self.line["credentials"][provider]
        environment = os.environ | {variable: str(known[name]) for variable, name in credentials.items()}
        environment |= {"API_URL": self.line["url"], "TOKEN_URL": self.line["providers"][provider]["token_url"]}
        for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            environment.pop(proxy, None)
        return Story([*command, provider], environment)
