"""The Markdown page: targets first, then every figure."""

from __future__ import annotations

from collections.abc import Iterable

from . import plan
from .catalogue import ADAPTERS, LANGUAGES
from .figures import Figure, error, figure
from .targets import targets

MARKS = {True: "yes", False: "**no**", None: "–"}


def page(results: dict, pictures: Iterable[str]) -> str:
    """The whole page."""
    parts = [_head(results), _targets(results)]
    pictures = set(pictures)
    for name, title, body in (
        ("header.svg", "header: a cached, valid `Authorization` value", _header(results)),
        ("request.svg", "request: authenticated GETs", _request(results)),
        ("herd.svg", "herd: many callers when the token dies", _herd(results)),
        ("start.svg", "start: what an import costs", _start(results)),
        ("", "memory: resident over the bare runtime", _memory(results)),
    ):
        if body:
            parts.append(f"## {title}\n\n" + (f"![{title}]({name})\n\n" if name in pictures else "") + body)
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _head(results: dict) -> str:
    made = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    left_out = sorted({adapter.label for adapter in ADAPTERS if adapter.slow}) if results["version"] == "short" else []
    return f"""# Measured side by side

Made by `make bench{"" if results["version"] == "short" else " ARGS=full"}` on {results["date"]} in {results["seconds"] // 60} min {results["seconds"] % 60} s: {made["cores"]} cores, {made["cpu"]},
{made["memory_gb"]} GB, {made["system"]}, Linux {made["kernel"]}. Load average before {results["load_before"][0]}, after {results["load_after"][0]}; each run's is in `results.json`.

Only ratios mean something: runs are interleaved, each is a process of its own against a server of its own, and a ratio is taken between runs of
the same round; in `request`, clients in Python and Node that are compared take turns. A figure is the median, with minimum and maximum
in brackets. CPU is user and system time of the client's process, all threads.

Versions: {versions}.""" + (
        f"\n\nThe short version leaves out of `request`: {', '.join(left_out)}; and measures herds of 1,000 for ours only."
        if left_out
        else ""
    )


def _targets(results: dict) -> str:
    rows = [(row.what, row.limit, row.measured, MARKS[row.met]) for row in targets(results)]
    met = sum(row[3] == MARKS[True] for row in rows)
    measured = sum(row[3] != MARKS[None] for row in rows)
    return f"## Targets: {met} of {measured} met\n\n" + _table(("what", "target", "measured", "met"), rows)


def _table(heads: tuple[str, ...], rows: list[tuple]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "| --- " + "| ---: " * (len(heads) - 1) + "|"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(found: Figure | None, digits: int) -> str:
    if found is None:
        return "–"
    if found.low == found.high:
        return f"{found.median:,.{digits}f}"
    return f"{found.median:,.{digits}f} ({found.low:,.{digits}f}–{found.high:,.{digits}f})"


def _by_language(results: dict, keys: list[str], heads: tuple[str, ...], cells, order: tuple[str, str]) -> str:
    """A table per language, sorted by a figure; what failed says why."""
    parts = []
    for language, name in LANGUAGES.items():
        rows = []
        for adapter in ADAPTERS:
            if adapter.language != language or not any(adapter.key in results["runs"].get(key, {}) for key in keys):
                continue
            label = f"**{adapter.label}**" if adapter.kind == "ours" else f"*{adapter.label}*" if adapter.kind == "floor" else adapter.label
            found = figure(results, order[0], adapter.key, order[1])
            failed = next((text for key in keys if (text := error(results, key, adapter.key))), None)
            values = cells(adapter.key)
            if failed and found is None:
                values = (f"failed: {failed.splitlines()[-1][:80]}", *("" for _ in values[1:]))
            rows.append((found.median if found else float("inf"), (label, *values)))
        if rows:
            rows.sort(key=lambda row: row[0])
            parts.append(f"### {name}\n\n" + _table((name, *heads), [row for _, row in rows]))
    return "\n\n".join(parts)


def _header(results: dict) -> str:
    keys = [f"header-{callers}" for callers in plan.HEADER_CALLERS]
    return _by_language(
        results,
        keys,
        tuple(f"ns, {callers} caller{'s' if callers > 1 else ''}" for callers in plan.HEADER_CALLERS),
        lambda adapter: tuple(_cell(figure(results, key, adapter, "ns"), 1) for key in keys),
        (keys[0], "ns"),
    )


def _request(results: dict) -> str:
    parts = []
    for callers in plan.REQUEST_CALLERS:
        key = f"request-{callers}"
        body = _by_language(
            results,
            [key],
            ("CPU s per 10,000", "requests/s", "p50 µs", "p99 µs", "peak MB", "failed"),
            lambda adapter, key=key: (
                *(
                    _cell(figure(results, key, adapter, metric), digits)
                    for metric, digits in (("cpu_10k", 3), ("per_second", 0), ("p50_us", 0), ("p99_us", 0))
                ),
                _median(figure(results, key, adapter, "peak_mb"), 0),
                _median(figure(results, key, adapter, "failed"), 0),
            ),
            (key, "cpu_10k"),
        )
        title = "One at a time, client and server pinned to one core" if callers == 1 else f"{callers} at once"
        if body:
            parts.append(f"**{title}**\n\n{body}")
    return "\n\n".join(parts)


def _median(found: Figure | None, digits: int) -> str:
    return "–" if found is None else f"{found.median:,.{digits}f}"


def _herd(results: dict) -> str:
    parts = []
    for callers in plan.HERD_CALLERS:
        titles = {plan.CALM: "the token is good", **plan.HERDS, plan.CALM_TWICE: "good, sent twice"}
        keys = [f"{herd}-{callers}" for herd in titles]
        body = _by_language(
            results,
            keys,
            tuple(titles.values()),
            lambda adapter, keys=keys: tuple(_herd_cell(results, key, adapter) for key in keys),
            (f"herd-late-{callers}", "tokens"),
        )
        if body:
            parts.append(f"**{callers:,} callers: token requests, failed calls, time until all are done**\n\n{body}")
    if not parts:
        return ""
    note = """A token request takes 50 ms. At expiry, the first token lives 1 s. When it is revoked, the server holds the 401s until all callers have one
coming, then sends them at once or evenly over 0.4 s. A library that has no means against a 401 is helped as its users help it: they ask for a
token past its cache and send again; where there is no such way, the calls fail. "Sent twice" is what a library takes for the requests by
itself: with a good token, the first answers held back as the 401s are."""
    return "\n\n".join([note, *parts])


def _herd_cell(results: dict, key: str, adapter: str) -> str:
    tokens, failed, ms = (figure(results, key, adapter, metric) for metric in ("tokens", "failed", "ms"))
    if tokens is None or failed is None or ms is None:
        return "failed" if error(results, key, adapter) else "–"
    return f"{_median(tokens, 0)} / {_median(failed, 0)} / {ms.median:,.0f} ms"


def _start(results: dict) -> str:
    def cells(adapter: str) -> tuple[str, ...]:
        ms = figure(results, "start", adapter, "import_ms")
        others = (("modules", 0), ("threads", 0), ("size_mb", 1), ("packages", 0))
        return (_cell(ms, 1), *(_median(figure(results, "start", adapter, metric), digits) for metric, digits in others))

    heads = ("import ms", "modules", "threads", "installed MB", "packages along")
    return _by_language(results, ["start"], heads, cells, ("start", "import_ms"))


def _memory(results: dict) -> str:
    return _by_language(
        results,
        ["memory"],
        ("MB after 10,000 requests", "% that 100,000 more add"),
        lambda adapter: (
            _cell(figure(results, "memory", adapter, "first_mb"), 1),
            _cell(figure(results, "memory", adapter, "growth_percent"), 2) if "evertoken" in adapter else "–",
        ),
        ("memory", "first_mb"),
    )
