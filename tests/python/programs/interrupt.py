"""SIGINT while a blocking call waits for a login that never comes. Argument: the call."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from evertoken.testing import Sandbox

# A program that is started in the background of a shell begins with SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
sandbox = Sandbox()
sandbox.arm("gate", route="any", count=0)
client = sandbox.pismo().client()
calls: dict[str, Callable[[], object]] = {
    "token": client.token,
    "authorization": client.authorization,
    "get": lambda: client.get("/pismo/api/x"),
    "stream": lambda: client.stream("GET", "/pismo/api/x"),
}
sent: list[float] = []


def interrupt() -> None:
    sandbox.wait_held(1)
    sent.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)


threading.Thread(target=interrupt).start()
try:
    calls[sys.argv[1]]()
except KeyboardInterrupt:
    print(f"interrupted after {(time.monotonic() - sent[0]) * 1000:.0f} ms")
# The login is nobody's in particular: it is still there, and whoever comes next waits for it.
assert client.stats().flights == 1
assert client.stats().waiting == 0
sandbox.disarm()
sandbox.release()
assert client.get("/pismo/api/x").ok
assert sandbox.counts()["pismo"]["login"] == 1
