"""Responses whose body is read piece by piece."""

from __future__ import annotations

from ._response import Head

TYPE_CHECKING = False  # typing costs more to import than all of this package
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Generator, Iterator
    from types import TracebackType
    from typing import Any

    from ._native import Stream

__all__ = ["AsyncStreamedResponse", "StreamedResponse"]


class StreamedResponse(Head):
    """A response whose body is read piece by piece. Close it, or use it in a `with` block."""

    __slots__ = ()

    _native: Stream

    def __init__(self, native: Stream, method: str, elapsed: float) -> None:
        super().__init__(native, method, elapsed)

    def iter_bytes(self) -> Iterator[bytes]:
        """The pieces of the body, as they arrive."""
        while (piece := self._native.read()) is not None:
            yield piece

    def read(self) -> bytes:
        """The rest of the body."""
        return b"".join(self.iter_bytes())

    def raise_for_status(self) -> StreamedResponse:
        """Returns this response if its status is below 400.

        Raises:
            HTTPStatusError: The status is 400 or more.
        """
        self._check(self)
        return self

    def close(self) -> None:
        """Releases the connection."""
        self._native.close()

    def __enter__(self) -> StreamedResponse:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class AsyncStreamedResponse(Head):
    """A response whose body is read piece by piece. Close it, or use it in an `async with` block."""

    __slots__ = ()

    _native: Stream

    def __init__(self, native: Stream, method: str, elapsed: float) -> None:
        super().__init__(native, method, elapsed)

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        """The pieces of the body, as they arrive."""
        while (piece := await self._native.aread()) is not None:
            yield piece

    async def aread(self) -> bytes:
        """The rest of the body."""
        return b"".join([piece async for piece in self.aiter_bytes()])

    def raise_for_status(self) -> AsyncStreamedResponse:
        """Returns this response if its status is below 400.

        Raises:
            HTTPStatusError: The status is 400 or more.
        """
        self._check(self)
        return self

    async def aclose(self) -> None:
        """Releases the connection."""
        self._native.close()

    async def __aenter__(self) -> AsyncStreamedResponse:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._native.close()


class Opening:
    """A response to come. Use it with `async with`, or await it and close the response yourself."""

    __slots__ = ("_coming", "_response")

    def __init__(self, coming: Coroutine[Any, Any, AsyncStreamedResponse]) -> None:
        self._coming = coming

    def __await__(self) -> Generator[Any, Any, AsyncStreamedResponse]:
        return self._coming.__await__()

    async def __aenter__(self) -> AsyncStreamedResponse:
        self._response = await self._coming
        return self._response

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._response.aclose()
