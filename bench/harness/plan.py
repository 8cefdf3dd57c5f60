"""How long, how often and with how many callers each case runs."""

from __future__ import annotations

from dataclasses import dataclass

#: The herd's cases in the order they are shown.
HERDS = {"herd-expiry": "the token expires", "herd-revoked": "revoked, all 401s at once", "herd-late": "revoked, 401s over 0.4 s"}
#: All callers at once with a good token.
CALM = "herd-valid"
#: Two requests each with a good token, the first answers held back as 401s are.
CALM_TWICE = "herd-valid-twice"
#: As many requests with a good token: what a library takes for them anyway.
CALM_AS = {"herd-expiry": CALM, "herd-revoked": CALM_TWICE, "herd-late": CALM_TWICE}


@dataclass(frozen=True)
class Version:
    """The short or the full version."""

    name: str
    full: bool
    header_rounds: int
    header_seconds: float
    request_rounds: int
    request_seconds: float
    #: Processor time of each client that is measured in turns with others; longer where 5 % are to be seen.
    request_cpu_seconds: float
    herd_rounds: int
    start_rounds: int
    memory_rounds: int


SHORT = Version("short", False, 3, 0.1, 3, 0.25, 0.5, 3, 3, 1)
FULL = Version("full", True, 7, 0.5, 7, 1.5, 3, 5, 15, 3)

#: Callers at once. One caller runs pinned to the server's core.
HEADER_CALLERS = (1, 8)
#: One caller in a process of its own on each core: all cores are busy, and nothing is shared.
APART = "header-apart"
REQUEST_CALLERS = (1, 64)
HERD_CALLERS = (64, 1000)
