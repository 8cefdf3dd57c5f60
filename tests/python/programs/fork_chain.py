"""Child and grandchild, each leaving by the interpreter's ordinary end; then the parent again. Also asyncio in the child."""

import asyncio
import os
import sys
import warnings
from contextlib import suppress

from evertoken.testing import Sandbox

warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")
sandbox = Sandbox()
client, other = sandbox.pismo().client(), sandbox.pismo().async_client()
heard: list[object] = []
client.on_event(heard.append)
client.token()


def work() -> None:
    assert client.get("/pismo/api/x").ok
    assert asyncio.run(other.get("/pismo/api/x")).ok
    with client.stream("GET", "/pismo/api/x") as response:
        assert response.read()


def fork(generations: int) -> None:
    work()
    if generations == 0:
        return
    pid = os.fork()
    if pid == 0:
        fork(generations - 1)
        with suppress(RuntimeError):
            sandbox.counts()
            sys.exit("the child has no sandbox, yet it answered")
        sys.exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    work()


fork(2)
assert sandbox.counts()["pismo"]["login"] == 1
print("ok")
