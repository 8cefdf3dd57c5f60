"""The herd: many callers at the moment when the token is no longer good; or, to compare, while it is. The Rust cases' herd.rs says the same."""

from __future__ import annotations

import sys

from plan import Plan

TOKEN_MS = 50
SPREAD_MS = 400


def before_first(plan: Plan) -> None:
    """Before the first token: its life and how fast it comes."""
    life = 1 if plan.case == "herd-expiry" else 3600
    plan.server.control(f"set?life={life}&token_ms=0&gate=0&spread_ms=0")


def before_herd(plan: Plan) -> None:
    """Before the callers start: the token is no longer good, and counting begins. Waits until the harness, too, is ready."""
    gate = 0 if plan.case in {"herd-expiry", "herd-valid"} else plan.callers
    spread = SPREAD_MS if plan.case == "herd-late" else 0
    is_calm = plan.case.startswith("herd-valid")
    plan.server.control(f"set?life=3600&token_ms={TOKEN_MS}&gate={gate}&spread_ms={spread}&hold={int(is_calm)}")
    if plan.case != "herd-expiry" and not is_calm:
        plan.server.control("revoke")
    print("ready", flush=True)
    sys.stdin.readline()


def requests_each(plan: Plan) -> int:
    """What a caller sends: twice where a good token stands in for one that is revoked."""
    return 2 if plan.case == "herd-valid-twice" else 1


def report(plan: Plan, statuses: list[int], seconds: float) -> dict[str, float]:
    """What the callers' statuses and the server's counts say."""
    counts = plan.server.control("counts")
    return {
        "tokens": counts["tokens"],
        "refused": counts["refused"],
        "failed": sum(status != 200 for status in statuses),
        "seconds": seconds,
    }
