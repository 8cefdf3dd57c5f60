"""The four pictures: header, request, herd, start."""

from __future__ import annotations

from . import plan
from .catalogue import ADAPTERS, LANGUAGES, Adapter
from .figures import figure
from .svg import Bar, Panel, draw


def plots(results: dict) -> dict[str, str]:
    """File name to SVG, for the cases that were measured."""
    subtitle = _subtitle(results)
    pictures = {
        "header.svg": (_header(results), "A cached, valid Authorization value: CPU time per call", 2),
        "request.svg": (_request(results), "Authenticated requests: CPU seconds per 10,000", 2),
        "herd.svg": (_herd(results), "64 callers at the moment the token dies: token requests", 3),
        "start.svg": (_start(results), "What an import costs", 2),
    }
    return {
        name: draw(title, subtitle, panels, columns)
        for name, (panels, title, columns) in pictures.items()
        if any(panel.bars for panel in panels)
    }


def _subtitle(results: dict) -> str:
    made, versions = results["machine"], results["versions"]
    return f"Loopback, {made['cores']} cores ({made['cpu']}), Python {versions['Python']}, Node {versions['Node']}, rustc {versions['rustc']}; medians, whiskers from minimum to maximum; shorter is better"


def _bars(results: dict, key: str, language: str, metric: str, text, among=lambda _: True) -> list[Bar]:
    bars = []
    for adapter in ADAPTERS:
        if adapter.language != language or not among(adapter):
            continue
        found = figure(results, key, adapter.key, metric)
        if found is not None:
            bars.append(Bar(adapter.label, adapter.kind, found.median, text(found.median), found.low, found.high))
    return sorted(bars, key=lambda bar: bar.value)


def _header(results: dict) -> list[Panel]:
    return [
        Panel(name, "one caller, nanoseconds, logarithmic", _bars(results, "header-1", language, "ns", _short_ns), log=True)
        for language, name in LANGUAGES.items()
    ]


def _request(results: dict) -> list[Panel]:
    return [
        Panel(f"{name}, {title}", "seconds, the server's not counted", _bars(results, f"request-{callers}", language, "cpu_10k", _seconds))
        for language, name in LANGUAGES.items()
        if language != "wrk"
        for callers, title in ((1, "one at a time"), (64, "64 at once"))
    ]


def _herd(results: dict) -> list[Panel]:
    panels = []
    for language, name in LANGUAGES.items():
        for herd, title in plan.HERDS.items():
            key = f"{herd}-64"
            bars = []
            for adapter in ADAPTERS:
                if adapter.language != language:
                    continue
                tokens, failed = figure(results, key, adapter.key, "tokens"), figure(results, key, adapter.key, "failed")
                if tokens is None or failed is None:
                    continue
                text = f"{tokens.high:.0f}" + (f", {failed.high:.0f} calls failed" if failed.high else "")
                bars.append(Bar(adapter.label, adapter.kind, tokens.high, text))
            panels.append(Panel(f"{name}: {title}", "token requests for 64 callers", sorted(bars, key=lambda bar: bar.value)))
    return panels


def _start(results: dict) -> list[Panel]:
    def importable(adapter: Adapter) -> bool:
        return adapter.imports is not None

    panels = []
    for language, name in (("python", "Python"), ("node", "Node")):
        panels.append(
            Panel(
                f"{name}: import",
                "milliseconds over the bare runtime",
                _bars(results, "start", language, "import_ms", _milliseconds, importable),
            )
        )
        panels.append(
            Panel(
                f"{name}: installed size",
                "megabytes with all that comes along",
                _bars(results, "start", language, "size_mb", _megabytes, importable),
            )
        )
    return panels


def _short_ns(value: float) -> str:
    return f"{value:.0f} ns" if value < 1e4 else f"{value / 1e3:.0f} µs"


def _seconds(value: float) -> str:
    return f"{value:.2f} s"


def _milliseconds(value: float) -> str:
    return f"{value:.1f} ms"


def _megabytes(value: float) -> str:
    return f"{value:.1f} MB"
