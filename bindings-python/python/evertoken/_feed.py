"""Bodies from asynchronous iterables."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager, suppress
from functools import partial

from ._native import Feed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine
    from contextlib import AbstractAsyncContextManager
    from typing import Any

__all__ = ["feeding"]


@asynccontextmanager
async def feeding(source: AsyncIterable[bytes]) -> AsyncIterator[Feed]:
    """A feed that is filled from `source` on this event loop until the block ends."""
    feed = Feed()
    fill = partial(_fill, feed, source)
    async with _beside(fill):
        yield feed


def _beside(work: Callable[[], Coroutine[Any, Any, None]]) -> AbstractAsyncContextManager[None]:
    if "trio" in sys.modules:
        from . import _trio

        if _trio.running() is not None:
            return _trio.beside(work)
    return _in_asyncio(work)


@asynccontextmanager
async def _in_asyncio(work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Runs `work` as a task until the block ends."""
    from asyncio import CancelledError, create_task

    task = create_task(work())
    try:
        yield
    finally:
        task.cancel()
        # Ours, unless this task is being cancelled too: then the block has raised it already.
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
