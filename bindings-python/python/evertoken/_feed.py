"""Bodies from asynchronous iterables."""

from __future__ import annotations

from asyncio import CancelledError, create_task
from contextlib import asynccontextmanager, suppress

from ._native import Feed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

__all__ = ["feeding"]


@asynccontextmanager
async def feeding(source: AsyncIterable[bytes]) -> AsyncIterator[Feed]:
    """A feed that is filled from `source` on this event loop until the block ends."""
    feed = Feed()
    task = create_task(_fill(feed, source))
    try:
        yield feed
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
