"""What one run measures."""

from __future__ import annotations

from dataclasses import dataclass

from server import Server


@dataclass(frozen=True)
class Plan:
    """One adapter in one case."""

    case: str
    server: Server
    callers: int
    seconds: float
    #: Resident memory of the interpreter before it imported anything, in kilobytes.
    bare_kb: int
