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
    """A response whose body is still on the wire. Close it, or use it with `with`."""

    __slots__ = ()

    _native: Stream

    def __init__(self, native: Stream, method: str, elapsed: float) -> None:
        super().__init__(native, method, elapsed)

    def iter_bytes(self) -> Iterator[bytes]:
        """The pieces as they come."""
        while (piece := self._native.read()) is not None:
            yield piece

    def read(self) -> bytes:
        """The rest of the body."""
        return b"".join(self.iter_bytes())

    def raise_for_status(self) -> StreamedResponse:
        """This response, if its status is below 400.

        Raises:
            HTTPStatusError: It is not.
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
    """A response whose body is still on the wire. Close it, or use it with `async with`."""

    __slots__ = ()

    _native: Stream

    def __init__(self, native: Stream, method: str, elapsed: float) -> None:
        super().__init__(native, method, elapsed)

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        """The pieces as they come."""
        while (piece := await self._native.aread()) is not None:
            yield piece

    async def aread(self) -> bytes:
        """The rest of the body."""
        return b"".join([piece async for piece in self.aiter_bytes()])

    def raise_for_status(self) -> AsyncStreamedResponse:
        """This response, if its status is below 400.

        Raises:
            HTTPStatusError: It is not.
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
    """A response that is still to come: `async with` it, or await it and close the response yourself."""

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
