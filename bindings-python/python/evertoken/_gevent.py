"""Waiting in gevent. Imported only by a program that has imported gevent's monkey patches.

The native bridge uses a few methods of asyncio's event loops and futures. `Loop` and `Future` here have them for a hub.
"""

from __future__ import annotations

from os import getpid
from threading import get_native_id, main_thread
from weakref import WeakKeyDictionary

from gevent import get_hub, getcurrent
from gevent.event import Event
from gevent.monkey import is_module_patched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gevent.hub import Hub

__all__ = ["running"]


def running() -> Loop | None:
    """The loop of this thread's hub; None if a call may block the thread, as sockets do there."""
    if not is_module_patched("socket"):
        return None
    parent = getcurrent().parent
    if parent is None and main_thread().native_id != get_native_id():
        return None  # a thread without a hub, which has no other greenlets
    hub = get_hub()
    if getcurrent() is hub:
        return None  # a callback of the hub, which cannot wait for itself
    loop = _loops.get(hub)
    if loop is None or loop.pid != getpid():
        loop = _loops[hub] = Loop(hub)
    return loop


class Loop:
    """A hub as the native bridge needs it. A forked child makes its own, because the parent's may have results queued for it."""

    __slots__ = ("__weakref__", "_loop", "pid")

    def __init__(self, hub: Hub) -> None:
        self._loop = hub.loop
        self.pid = getpid()

    def call_soon_threadsafe(self, callback: Callable[[], object]) -> None:
        self._loop.run_callback_threadsafe(callback)

    def create_future(self) -> Future:
        return Future(self._loop)


_loops: WeakKeyDictionary[Hub, Loop] = WeakKeyDictionary()


class Future:
    """The end of a call that one greenlet waits for. An exception in the waiting greenlet ends the call."""

    __slots__ = ("_callback", "_cancelled", "_error", "_event", "_loop")

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._event = Event()
        self._callback: Callable[[Future], object] | None = None
        self._cancelled = False
        self._error: BaseException | None = None

    def add_done_callback(self, callback: Callable[[Future], object]) -> None:
        self._callback = callback

    def done(self) -> bool:
        return self._cancelled or self._event.is_set()

    def cancelled(self) -> bool:
        return self._cancelled

    def set_result(self, _: None) -> None:
        self._event.set()

    def set_exception(self, error: BaseException) -> None:
        self._error = error
        self._event.set()

    def wait(self) -> None:
        # Without an active watcher the hub would conclude that nothing can happen any more, and raise LoopExit.
        awake = self._loop.async_()
        awake.start(_nothing)
        try:
            self._event.wait()
        except BaseException:
            self._cancelled = True
            if self._callback is not None:
                self._callback(self)
            raise
        finally:
            awake.stop()
            awake.close()
        if self._error is not None:
            raise self._error


def _nothing() -> None:
    pass
