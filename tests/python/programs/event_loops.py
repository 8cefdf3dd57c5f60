"""Calls that event loops wait for, by name: `event_loops.py NAME`. The server is this program's own and written in Python: the library has
no threads but those of its calls."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import json
import os
import signal
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

from evertoken import AsyncClient, Client, UnreachableError

CALLS = 100
# Python 3.12 warns of exactly what is tried here.
warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")


class Handler(BaseHTTPRequestHandler):
    """A token endpoint, and an API that answers with the number of its connection. `/held` waits until it is let go, and
    `/unanswered` for the end of the connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    numbers: Iterator[int] = count(1)
    #: A connection ended that was not answered.
    lost = threading.Event()
    held = threading.Event()
    go_on = threading.Event()
    answered = threading.Event()

    def setup(self) -> None:
        super().setup()
        self.number = next(self.numbers)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.close_connection = True
        self.answer(json.dumps({"access_token": "the-token", "expires_in": 3600}))

    def do_GET(self) -> None:
        if self.path == "/held":
            self.held.set()
            self.go_on.wait()
        if self.path == "/unanswered":
            self.held.set()
            assert self.rfile.read(1) == b"", "the connection ends"
            self.lost.set()
            self.close_connection = True
            return
        self.answer(str(self.number))

    def answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
        self.wfile.flush()
        self.answered.set()

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
options: Any = {"base_url": url, "token_url": f"{url}/token", "client_id": "id", "client_secret": "secret"}
client = AsyncClient.client_credentials(**options)


async def get(path: str = "/") -> int:
    """The number of the connection that was used, counted from the first that was no login's."""
    number: int = (await client.get(path)).json()
    return number - 1


def wake_ups() -> int:
    """How often the library's threads have been woken so far, on Linux."""
    statuses = [(task / "status").read_text() for task in Path("/proc/self/task").iterdir()]
    ours = [dict(line.split(":\t", 1) for line in status.splitlines()) for status in statuses if status.startswith("Name:\tevertoken")]
    assert ours, "no thread of the library was found"
    return sum(int(status["voluntary_ctxt_switches"]) for status in ours)


async def woken() -> str:
    await get()
    before = wake_ups()
    for _ in range(CALLS):
        await get()
    return f"woken for each call: {wake_ups() - before >= CALLS}"


@contextmanager
def no_descriptors() -> Iterator[None]:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    taken = []
    with suppress(OSError):
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    yield
    for descriptor in taken:
        os.close(descriptor)


def short_of_descriptors() -> str:
    """A loop whose first call found no descriptor left waits for the sockets of later calls all the same."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(asyncio.to_thread(asyncio.run, get()))  # whatever a first call needs is there
    with no_descriptors(), suppress(UnreachableError):
        loop.run_until_complete(get())
    told = loop.run_until_complete(woken())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    return told


def first_calls() -> str:
    """The first calls of a process find no descriptor left, in any form, and later ones do."""
    loop = asyncio.new_event_loop()
    blocking = Client.client_credentials(**options)
    calls: list[Callable[[], object]] = [
        lambda: blocking.get("/"),
        lambda: blocking.post("/", content=iter([b"x"])),
        blocking.token,
        lambda: loop.run_until_complete(get()),
        lambda: loop.run_until_complete(ended(client.token())),
    ]

    async def ended(call: Any) -> object:
        return await call

    failed = 0
    with no_descriptors():
        for call in calls:
            try:
                call()
            except UnreachableError:
                failed += 1
    loop.run_until_complete(get())
    loop.close()
    return f"failed: {failed} of {len(calls)}, then: {blocking.get('/').status_code}"


def own_loop() -> str:
    return asyncio.run(woken())


def uvloop() -> str:
    import uvloop

    return uvloop.run(woken())


def loop_after_loop() -> str:
    """A loop for each task, as `asyncio.run` and `async_to_sync` start it: there is one connection all the same, also for a
    blocking call."""
    used = [asyncio.run(get()) for _ in range(5)]
    used.append(Client.client_credentials(**options).get("/").json() - 1)
    return f"connections: {used}, descriptors left: {descriptors_left(lambda: asyncio.run(get()))}"


def descriptors_left(work: Callable[[], object]) -> int:
    """What comes on top each time; the last loop's descriptors are there until the next loop runs."""
    work()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        work()
    return len(list(Path("/proc/self/fd").iterdir())) - before


def loop_beside_loop() -> str:
    """One loop stands still, with a call under way, while another runs on the same thread."""
    one, other = asyncio.new_event_loop(), asyncio.new_event_loop()
    call = one.create_task(get("/held"))
    one.run_until_complete(asyncio.to_thread(Handler.held.wait))
    numbers = [other.run_until_complete(get())]
    Handler.go_on.set()
    numbers += [one.run_until_complete(call), other.run_until_complete(get())]
    one.close()
    other.close()
    return str(numbers)


def turn_about() -> str:
    """Two loops of one thread take turns, as in a test suite with a loop for all tests and one for each."""
    one, other = asyncio.new_event_loop(), asyncio.new_event_loop()

    def both() -> None:
        for loop in [one, other]:
            loop.run_until_complete(get())

    left = descriptors_left(both)
    one.close()
    other.close()
    return f"descriptors left: {left}"


def on_another_thread() -> str:
    """A loop that has run on one thread goes on on another, with the call that is under way."""
    loop = asyncio.new_event_loop()
    call = loop.create_task(get("/held"))
    loop.run_until_complete(asyncio.to_thread(Handler.held.wait))
    Handler.go_on.set()
    numbers: list[int] = []
    work_on_another_thread(lambda: numbers.extend(loop.run_until_complete(asyncio.gather(call, get()))))
    loop.close()
    return str(numbers)


def closed_by_another_thread() -> str:
    def work() -> None:
        loop = asyncio.new_event_loop()
        loop.run_until_complete(get())
        work_on_another_thread(loop.close)

    return f"descriptors left: {descriptors_left(work)}"


def work_on_another_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def closed_under_a_call() -> str:
    """A loop is closed while a call is under way, which nobody has cancelled: its connection ends."""
    loop = asyncio.new_event_loop()
    call: Any = asyncio.ensure_future(client.get("/unanswered"), loop=loop)
    loop.run_until_complete(asyncio.to_thread(Handler.held.wait))
    loop.close()
    call._log_destroy_pending = False
    del call, loop
    gc.collect()
    Handler.lost.wait()
    return "ended"


def context() -> str:
    """What the first caller's context holds is not kept by the loop."""

    class Value:
        pass

    variable: contextvars.ContextVar[Value] = contextvars.ContextVar("variable")

    async def first() -> weakref.ref[Value]:
        value = Value()
        variable.set(value)
        await get()
        return weakref.ref(value)

    async def main() -> bool:
        reference = await asyncio.create_task(first())
        await asyncio.sleep(0)  # what the task itself has called soon holds its context as well
        gc.collect()
        return reference() is None

    return f"let go: {asyncio.run(main())}"


def forked() -> str:
    """A child lets go of its parent's loop, calls and connections, and the parent's calls go on."""

    async def main() -> list[int]:
        numbers = [await get()]
        call = asyncio.create_task(get("/held"))
        await asyncio.to_thread(Handler.held.wait)
        pid = os.fork()
        if pid == 0:
            child()
        status = await asyncio.to_thread(os.waitpid, pid, 0)
        Handler.go_on.set()
        return [*numbers, status[1], await call, await get()]

    def child() -> None:
        status = 1
        try:
            signal.alarm(30)  # one that hangs is killed
            del_parent_loop()
            status = 0
        finally:
            os._exit(status)

    def del_parent_loop() -> None:
        loops: list[Any] = [found for found in gc.get_objects() if isinstance(found, asyncio.SelectorEventLoop)]
        for loop in loops:
            loop._selector.close()
        gc.collect()

    return str(asyncio.run(main()))


def forked_and_goes_on() -> str:
    """A child goes on with its parent's loop. Its calls are its own, and it leaves the parent the answer to the parent's call."""
    loop = asyncio.new_event_loop()
    call = loop.create_task(get("/held"))
    loop.run_until_complete(asyncio.to_thread(Handler.held.wait))
    (number, child_number), (told, tell) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        os.write(child_number, str(loop.run_until_complete(get())).encode())
        loop.add_reader(told, loop.stop)
        loop.run_forever()
        os._exit(0)
    numbers = [int(os.read(number, 16))]
    Handler.answered.clear()
    Handler.go_on.set()
    Handler.answered.wait()
    os.write(tell, b"!")
    numbers += [os.waitpid(pid, 0)[1], loop.run_until_complete(call)]
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    return str(numbers)


print(globals()[sys.argv[1]]())
