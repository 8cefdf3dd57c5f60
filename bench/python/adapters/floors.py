"""What a cached header could cost at least."""

from __future__ import annotations

from adapters import Adapter

TEXT = "Bearer " + "x" * 180


class Attribute(Adapter):
    """Reads a plain attribute, as the loop around every adapter's call does."""

    def __init__(self, server, callers):
        self.text = TEXT
        self.header = lambda: self.text


class PythonCall(Adapter):
    """Calls an empty Python function."""

    def __init__(self, server, callers):
        self.header = lambda: TEXT


class NativeEmpty(Adapter):
    """Calls native code that does nothing."""

    def __init__(self, server, callers):
        from bench_floors import Holder

        empty = Holder(TEXT).empty
        self.first = True
        self.header = empty


class NativeCached(Adapter):
    """Calls native code that returns the same string object each time."""

    def __init__(self, server, callers):
        from bench_floors import Holder

        self.header = Holder(TEXT).cached
