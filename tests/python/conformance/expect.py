"""Expectations: each says what it wanted and what it got."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import evertoken


def equal(what: str, got: object, wanted: object) -> None:
    assert got == wanted, f"{what}: wanted {wanted!r}, got {got!r}"


def within(what: str, got: timedelta | float | None, wanted: list[float] | None) -> None:
    secs = got.total_seconds() if isinstance(got, timedelta) else got
    if wanted is None or secs is None:
        return equal(what, secs, wanted)
    # What is longer than a timedelta can be reads as the longest there is.
    low = min(wanted[0], timedelta.max.total_seconds())
    assert low <= secs <= wanted[1], f"{what}: wanted {wanted[0]} to {wanted[1]}, got {secs}"
    return None


def unknown(what: str, given: dict[str, Any], known: set[str]) -> None:
    assert not given.keys() - known, f"{what}: unknown {sorted(given.keys() - known)}"


def error(got: BaseException, wanted: dict[str, Any]) -> None:
    unknown("error", wanted, {"kind", "http_status", "provider_code", "provider_message", "retry_after", "retryable", "mentions"})
    assert isinstance(got, evertoken.EvertokenError), f"wanted {wanted}, got {got!r}"
    if "kind" in wanted:
        equal(f"kind of {got}", got.code, wanted["kind"])
    for name in ("http_status", "retryable"):
        if name in wanted:
            equal(name, getattr(got, name), wanted[name])
    if "provider_code" in wanted:
        code = wanted["provider_code"]
        equal("provider_code", got.provider_code, code if code is None else str(code))
    if "provider_message" in wanted:
        assert wanted["provider_message"] in (got.provider_message or ""), got.provider_message
    if "retry_after" in wanted:
        within("retry_after", got.retry_after, wanted["retry_after"])
    for word in wanted.get("mentions", ()):
        assert word in str(got), f"{word!r} is not in {str(got)!r}"


def state(got: evertoken.State, wanted: dict[str, Any]) -> None:
    unknown("state", wanted, {"standing", "expires_in", "via", "last_error", "next_try_in"})
    for name in ("standing", "via"):
        if name in wanted:
            equal(name, getattr(got, name), wanted[name])
    if "last_error" in wanted:
        equal("last_error", got.last_error and got.last_error.code, wanted["last_error"])
    for name in ("expires_in", "next_try_in"):
        if name in wanted:
            within(name, getattr(got, name), wanted[name])


def stats(got: evertoken.Stats, wanted: dict[str, int]) -> None:
    equal("stats", {name: getattr(got, name) for name in wanted}, wanted)


def event(got: evertoken.Event) -> str:
    """An event as the vectors write it."""
    detail = got.via or got.reason or (got.error and got.error.code)
    return f"{got.name}:{detail}" if detail else got.name
