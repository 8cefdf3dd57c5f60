"""gevent with its monkey patches: who waits for an answer lets other greenlets run, and can be told to give up."""

from gevent import monkey

monkey.patch_all()

import os
from collections.abc import Callable, Iterator
from contextlib import suppress

import gevent
from gevent.threadpool import ThreadPool

import evertoken
from evertoken.testing import Sandbox

GREENLETS = 20
PATIENCE_SECS = 30

sandbox = Sandbox()
client = sandbox.pismo().client()


def url(number: int) -> str:
    return f"/pismo/api/{number}"


def until_held(count: int) -> None:
    """The sandbox's own wait would stop all greenlets."""
    with gevent.Timeout(PATIENCE_SECS):
        while sandbox.counts()["held"] < count:
            gevent.sleep(0)


def together(call: Callable[[int], object], route: str, held: int) -> None:
    """All of them wait at once, and are set free by this greenlet, which could not run if they stopped their thread."""
    sandbox.arm("gate", route=route, count=0)
    greenlets = [gevent.spawn(call, number) for number in range(GREENLETS)]
    until_held(held)
    sandbox.disarm()
    sandbox.release()
    gevent.joinall(greenlets, timeout=PATIENCE_SECS, raise_error=True)
    assert all(greenlet.successful() for greenlet in greenlets)


def pieces() -> Iterator[bytes]:
    for _ in range(50):
        gevent.sleep(0)
        yield b"x" * 10_000


def read(number: int) -> None:
    with client.stream("GET", url(number)) as response:
        assert b"".join(response.iter_bytes())


together(lambda _: client.token(), "login", 1)
assert sandbox.counts()["pismo"]["login"] == 1
together(lambda number: client.get(url(number)), "api", GREENLETS)
together(read, "api", GREENLETS)
together(lambda number: client.post(url(number), content=pieces()).json()["body_length"] == 500_000, "api", GREENLETS)

# A timeout of gevent's ends the call and not the client.
sandbox.arm("gate", route="api", count=0)
try:
    with gevent.Timeout(0.01):
        client.get("/pismo/api/x")
    raise AssertionError("it was not ended")
except gevent.Timeout:
    pass
with suppress(evertoken.TimedOutError):
    client.get("/pismo/api/x", timeout=0.01)
    raise AssertionError("it was not late")
killed = gevent.spawn(client.get, "/pismo/api/x")
until_held(1)
killed.kill(timeout=PATIENCE_SECS)
assert killed.dead
sandbox.disarm()
sandbox.release()
assert client.get("/pismo/api/x").ok

# A thread of its own, and a child.
assert ThreadPool(1).spawn(lambda: client.get("/pismo/api/x").ok).get(timeout=PATIENCE_SECS)
pid = os.fork()
if pid == 0:
    gevent.joinall([gevent.spawn(client.get, url(number)) for number in range(3)], raise_error=True)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
print(f"logins: {sandbox.counts()['pismo']['login']}")
