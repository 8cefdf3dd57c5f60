"""What ours must show, as ratios measured in the same run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from . import plan
from .catalogue import ADAPTERS, LANGUAGES, Adapter
from .figures import Figure, figure, ratio


@dataclass(frozen=True)
class Target:
    """One row: what is asked for, what came out, and whether that is enough."""

    what: str
    limit: str
    measured: str
    met: bool | None


NOTHING = Figure(0, 0, 0)


def targets(results: dict) -> list[Target]:
    """All rows, in the order of the cases."""
    return [*_header(results), *_request(results), *_herd(results), *_start(results), *_memory(results)]


def _at_most(what: str, found: Figure | None, limit: float, unit: str = "×") -> Target:
    if found is None:
        return Target(what, f"≤ {limit:g} {unit}", "not measured", None)
    return Target(what, f"≤ {limit:g} {unit}", _spread(found, unit), found.median <= limit)


def _at_least(what: str, found: Figure | None, limit: float) -> Target:
    if found is None:
        return Target(what, f"≥ {limit:g} ×", "not measured", None)
    return Target(what, f"≥ {limit:g} ×", _spread(found, "×"), found.median >= limit)


def _spread(found: Figure, unit: str) -> str:
    def short(value: float) -> str:
        return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

    if found.low == found.high:
        return f"{short(found.median)} {unit}"
    return f"{short(found.median)} {unit} ({short(found.low)}–{short(found.high)})"


def _header(results: dict) -> Iterator[Target]:
    for language, floor, limit, against in [
        ("python", "floor_cached", 1.5, "a native call that returns a held string"),
        ("node", "floor_check", 1.2, "a plain check in JavaScript"),
        ("rust", "floor", 1.3, "an atomic load and a clock check"),
        ("c", "floor", 1.3, "an atomic load and a clock check"),
    ]:
        found = ratio(results, "header-1", f"{language}/evertoken", f"{language}/{floor}", "ns")
        yield _at_most(f"header, {LANGUAGES[language]}: over {against}", found, limit)
    for ours in SHARED:
        found = ratio(results, "header-8", ours, ours, "ns", plan.APART)
        what = "a call of 8 threads with one client over one of a thread per core with a client each"
        # "No slower", but for what two measurements of the same thing differ by.
        yield _at_most(f"header, {LANGUAGES[ours.split('/')[0]]}: {what}", found, 1.05)


#: Whose header must cost no more for being shared.
SHARED = ("rust/evertoken", "c/evertoken")

#: Ours, what it is compared with, the limit of its processor time, and with how many callers.
REQUESTS = [
    ("rust/evertoken", "rust/reqwest", 1.05, (1, 64)),
    ("c/evertoken", "c/curl_easy", 0.75, (1, 64)),
    ("python/evertoken", "python/pyreqwest", 0.9, (1, 64)),
    ("python/evertoken_async", "python/pyreqwest_async", 0.9, (64,)),
    ("node/evertoken", "node/undici", 1.1, (1, 64)),
    ("node/evertoken_fetch", "node/fetch", 1.05, (1, 64)),
    ("node/evertoken_undici", "node/undici", 1.05, (1, 64)),
    ("node/evertoken_axios", "node/axios", 1.05, (1, 64)),
    ("node/evertoken_got", "node/got", 1.05, (1, 64)),
    ("python/evertoken_requests", "python/requests", 1.05, (1, 64)),
    ("python/evertoken_httpx", "python/httpx", 1.05, (1, 64)),
    ("python/evertoken_urllib3", "python/urllib3", 1.05, (1, 64)),
    ("python/evertoken_httpx_async", "python/httpx_async", 1.05, (1, 64)),
    ("python/evertoken_aiohttp", "python/aiohttp", 1.05, (1, 64)),
]

#: Ours whose limit is close to 1.
CLOSE = {ours for ours, _, limit, _ in REQUESTS if limit == 1.05}


def _request(results: dict) -> Iterator[Target]:
    labels = {adapter.key: adapter.label for adapter in ADAPTERS}
    for ours, other, limit, all_callers in REQUESTS:
        language = LANGUAGES[ours.split("/")[0]]
        for callers in all_callers:
            found = ratio(results, f"request-{callers}", ours, other, "cpu_10k")
            yield _at_most(f"request, {language}, {_callers(callers)}: CPU of {labels[ours]} over {labels[other]}", found, limit)
    found = ratio(results, "request-1", "python/google-auth", "python/evertoken", "cpu_10k")
    yield _at_least("request, Python, one at a time: CPU of google-auth over ours", found, 15)


def _callers(callers: int) -> str:
    return "one at a time" if callers == 1 else f"{callers} at once"


#: A token request takes so long, and late 401s come in over so long.
_TOKEN_MS, _SPREAD_MS = 50, 400
#: What may come on top, by callers.
_HERD_MS = {64: 50, 1000: 150}


def _herd(results: dict) -> Iterator[Target]:
    """Our own clients in all; our adapters on top of what the library below takes for as many requests with a good token."""
    ours = [adapter for adapter in ADAPTERS if adapter.kind == "ours" and "herd" in adapter.cases]
    for callers in plan.HERD_CALLERS:
        for herd, title in plan.HERDS.items():
            for adapter in ours:
                yield _herd_row(results, adapter, callers, herd, title)


def _herd_row(results: dict, adapter: Adapter, callers: int, herd: str, title: str) -> Target:
    what = f"herd of {callers:,}, {title}: {LANGUAGES[adapter.language]}, {adapter.label}"
    allowed = _TOKEN_MS + _HERD_MS[callers] + (_SPREAD_MS if herd == "herd-late" else 0)
    if adapter.beneath is None:
        calm = NOTHING
        limit = f"1 token request, 0 failed, ≤ {allowed} ms"
    else:
        calm = figure(results, f"{plan.CALM_AS[herd]}-{callers}", adapter.key, "ms")
        limit = f"1 token request, 0 failed, ≤ {allowed} ms over its library's"
    tokens, failed, ms = (figure(results, f"{herd}-{callers}", adapter.key, metric) for metric in ("tokens", "failed", "ms"))
    if tokens is None or failed is None or ms is None or calm is None:
        return Target(what, limit, "not measured", None)
    took = ms.median - calm.median
    measured = f"{tokens.high:.0f}, {failed.high:.0f}, {took:.0f} ms" + (f" over {calm.median:.0f} ms" if calm is not NOTHING else "")
    return Target(what, limit, measured, tokens.high == 1 and failed.high == 0 and took <= allowed)


def _start(results: dict) -> Iterator[Target]:
    ms = figure(results, "start", "python/evertoken", "import_ms")
    packages = figure(results, "start", "python/evertoken", "packages")
    threads = figure(results, "start", "python/evertoken", "threads")
    yield _at_most("start, Python: import over the bare interpreter", ms, 6, "ms")
    yield _at_most("start, Python: packages that come along", packages, 0, "")
    yield _at_most("start, Python: threads after the import, the main one included", threads, 1, "")


def _memory(results: dict) -> Iterator[Target]:
    for adapter in ADAPTERS:
        if adapter.kind != "ours" or "memory" not in adapter.cases:
            continue
        name = f"memory, {LANGUAGES[adapter.language]}, {adapter.label}"
        after = figure(results, "memory", adapter.key, "first_mb")
        # A JavaScript engine grows by running a loop at all; that much is the runtime's. What a library takes is the library's.
        bare = figure(results, "memory", adapter.beneath or f"{adapter.language}/floor_await", "first_mb") or NOTHING
        if after is not None:
            after = Figure(*(value - bare.median for value in (after.median, after.low, after.high)))
        over = "the bare runtime" if adapter.beneath is None else "the library alone"
        yield _at_most(f"{name}: over {over} after 10,000 requests", after, 12, "MB")
        yield _at_most(f"{name}: what 100,000 more add", figure(results, "memory", adapter.key, "growth_percent"), 1, "%")
