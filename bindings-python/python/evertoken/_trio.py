"""Waiting in trio. Imported only by a program that has imported trio.

The native bridge uses a few methods of asyncio's event loops and futures. `Loop` and `Future` here have them for trio.
"""

from __future__ import annotations

from contextlib import asynccontextmanager

from trio import open_nursery
from trio.lowlevel import (
    Abort,
    RunVar,
    Task,
    checkpoint_if_cancelled,
    current_task,
    current_trio_token,
    in_trio_task,
    reschedule,
    wait_task_rescheduled,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator
    from typing import Any

__all__ = ["beside", "running"]


def running() -> Loop | None:
    """The loop of the current trio run; None outside of trio."""
    if not in_trio_task():
        return None
    loop = _loop.get(None)
    if loop is None:
        loop = Loop()
        _loop.set(loop)
    return loop


class Loop:
    """A trio run as the native bridge needs it."""

    __slots__ = ("__weakref__", "_token")

    def __init__(self) -> None:
        self._token = current_trio_token()

    def call_soon_threadsafe(self, callback: Callable[[], object]) -> None:
        """Runs `callback` on trio's thread. Raises after the end of the run, as a closed event loop does."""
        self._token.run_sync_soon(callback)

    def create_future(self) -> Future:
        return Future()


_loop: RunVar[Loop | None] = RunVar("evertoken")


class Future:
    """The outcome of a call that one trio task awaits. Cancelling the task ends the call."""

    __slots__ = ("_callback", "_cancelled", "_done", "_error", "_result", "_task")

    def __init__(self) -> None:
        self._task: Task | None = None
        self._callback: Callable[[Future], object] | None = None
        self._done = False
        self._cancelled = False
        self._result: Any = None
        self._error: BaseException | None = None

    def add_done_callback(self, callback: Callable[[Future], object]) -> None:
        self._callback = callback

    def done(self) -> bool:
        return self._done

    def cancelled(self) -> bool:
        return self._cancelled

    def set_result(self, result: Any) -> None:
        self._result = result
        self._settle()

    def set_exception(self, error: BaseException) -> None:
        self._error = error
        self._settle()

    def _settle(self) -> None:
        self._done = True
        if self._task is not None:
            reschedule(self._task)

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._wait().__await__()

    async def _wait(self) -> Any:
        if self._done:
            await checkpoint_if_cancelled()
        else:
            self._task = current_task()
            await wait_task_rescheduled(self._abort)
        if self._error is not None:
            raise self._error
        return self._result

    def _abort(self, _: Callable[[], object]) -> Abort:
        self._task = None
        self._done = self._cancelled = True
        if self._callback is not None:
            self._callback(self)
        return Abort.SUCCEEDED


@asynccontextmanager
async def beside(work: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Runs `work`, which raises nothing, until the block ends."""
    failure: BaseException | None = None
    async with open_nursery() as nursery:
        nursery.start_soon(work)
        try:
            yield
        except Exception as error:
            # Raised after the nursery, which would wrap it in an exception group.
            failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure
