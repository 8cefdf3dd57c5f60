"""The two clients behind one interface: calls that are started, waited for and cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, Protocol

import evertoken

Call = Future[Any]


class ClientStyle(Protocol):
    """How one of the clients is used."""

    def client(self, flow: str, options: dict[str, Any]) -> Any: ...

    def start(self, client: Any, method: str, *args: Any, **options: Any) -> Call: ...

    def body(self, text: str) -> Any: ...

    def shut(self) -> None: ...


class SyncStyle:
    """A thread for each call. A blocked thread cannot be cancelled: its call is left to itself."""

    def client(self, flow: str, options: dict[str, Any]) -> evertoken.Client:
        return evertoken.Client.from_options(flow, **options)

    def start(self, client: evertoken.Client, method: str, *args: Any, **options: Any) -> Call:
        call: Call = Future()
        call.set_running_or_notify_cancel()

        def run() -> None:
            try:
                call.set_result(getattr(client, method)(*args, **options))
            except BaseException as error:
                call.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return call

    def body(self, text: str) -> Iterator[bytes]:
        return iter([text.encode()])

    def shut(self) -> None:
        pass


class AsyncStyle:
    """A task for each call, on an event loop of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def client(self, flow: str, options: dict[str, Any]) -> evertoken.AsyncClient:
        return evertoken.AsyncClient.from_options(flow, **options)

    def start(self, client: evertoken.AsyncClient, method: str, *args: Any, **options: Any) -> Call:
        return asyncio.run_coroutine_threadsafe(getattr(client, method)(*args, **options), self.loop)

    async def body(self, text: str) -> Any:
        yield text.encode()

    def shut(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


STYLES: dict[str, Callable[[], ClientStyle]] = {"sync": SyncStyle, "asyncio": AsyncStyle}
