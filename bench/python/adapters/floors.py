"""What a cached header or a herd of threads could cost at least: the same loop, the same method around it, and next to nothing inside."""

from __future__ import annotations

from time import sleep

from adapters import Adapter
from herd import TOKEN_MS

TEXT = "Bearer " + "x" * 180


class Attribute(Adapter):
    """Reads a plain attribute."""

    def __init__(self, server, callers):
        self.text = TEXT

    def header(self):
        return self.text


class PythonCall(Adapter):
    """Calls an empty Python function."""

    def __init__(self, server, callers):
        self.call = lambda: TEXT

    def header(self):
        return self.call()


class Sleep(Adapter):
    """Sleeps as long as a token request takes: what so many threads cost by themselves."""

    def __init__(self, server, callers):
        pass

    def get(self):
        sleep(TOKEN_MS / 1e3)
        return 200


class Native(Adapter):
    def __init__(self, server, callers):
        from bench_floors import Holder

        self.holder = Holder(TEXT)


class NativeEmpty(Native):
    """Calls native code that does nothing."""

    def header(self):
        return self.holder.empty()


class NativeCached(Native):
    """Calls native code that returns the same string object each time."""

    def header(self):
        return self.holder.cached()


class NativeOptional(Native):
    """The same by a call that takes an optional argument, which CPython calls in another way."""

    def header(self):
        return self.holder.held()
