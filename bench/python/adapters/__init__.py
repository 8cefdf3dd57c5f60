"""One small interface over ours and the peers. Each module imports one library and nothing that another needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server import Server


class Adapter:
    """A client whose calls block. `callers` says how many threads will share it."""

    ours = False

    def __init__(self, server: Server, callers: int) -> None:
        raise NotImplementedError

    def header(self) -> str:
        """The Authorization value as this library offers it, from its cache."""
        raise NotImplementedError

    def get(self) -> int:
        """Gets the resource with the token and reads the whole answer; its status.

        Heals a 401 by what the library offers; where it offers nothing, by the few lines its users write.
        """
        raise NotImplementedError


class AsyncAdapter:
    """A client whose calls are awaited. `callers` says how many tasks will share it."""

    ours = False

    def __init__(self, server: Server, callers: int) -> None:
        self.server, self.callers = server, callers

    async def open(self) -> None:
        """Makes the client, on the event loop."""
        raise NotImplementedError

    async def header(self) -> str:
        """As `Adapter.header`."""
        raise NotImplementedError

    async def get(self) -> int:
        """As `Adapter.get`."""
        raise NotImplementedError

    async def close(self) -> None:
        """Closes the client."""
