"""Bodies from asynchronous iterables."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager, suppress
from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine
    from contextlib import AbstractAsyncContextManager
    from typing import Any

    from ._native import Feed

__all__ = ["feeding"]


def feeding(feed: Feed, source: AsyncIterable[bytes]) -> AbstractAsyncContextManager[None]:
    """Fills `feed` from `source` on this event loop, until the block ends."""
    fill = partial(_fill, feed, source)
    if "trio" in sys.modules:
        from . import _trio

        if _trio.running() is not None:
            return _trio.beside(fill)
    return _in_asyncio(fill)


@asynccontextmanager
async def _in_asyncio(work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Runs `work` as a task until the block ends."""
    from asyncio import CancelledError, create_task

    task = create_task(work())
    try:
        yield
    finally:
        task.cancel()
        # The cancellation of `task`. If this task is cancelled too, the block has raised that already.
        with suppress(CancelledError):
            await task


async def _fill(feed: Feed, source: AsyncIterable[bytes]) -> None:
    try:
        async for piece in source:
            if not await feed.send(piece):
                return
    except Exception as error:
        await feed.fail(error)
    else:
        feed.end()
