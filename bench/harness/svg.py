"""Bars as SVG: panels side by side, one row per client, readable at a glance and without a plotting library."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

COLOURS = {"ours": "#0b7a5c", "peer": "#c8702a", "bare": "#4a76a8", "floor": "#9aa3ad"}
NAMES = {"ours": "Evertoken", "peer": "token libraries", "bare": "bare HTTP clients", "floor": "floors"}
ROW, BAR, LABEL, VALUE, GAP, TOP = 20, 13, 210, 64, 28, 74
FONT = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"


@dataclass(frozen=True)
class Bar:
    """One client: its label, its kind, its value and how the value is written; low and high draw a whisker."""

    label: str
    kind: str
    value: float
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Panel:
    """One set of bars with a title and a note on the axis."""

    title: str
    note: str
    bars: list[Bar]
    log: bool = False


def draw(title: str, subtitle: str, panels: list[Panel], columns: int = 2, width: int = 1080) -> str:
    """The whole picture."""
    panels = [panel for panel in panels if panel.bars]
    column = (width - GAP * (columns + 1)) / columns
    parts: list[str] = []
    y = TOP
    for start in range(0, len(panels), columns):
        row = panels[start : start + columns]
        for place, panel in enumerate(row):
            parts.append(_panel(panel, GAP + place * (column + GAP), y, column))
        y += 46 + ROW * max(len(panel.bars) for panel in row) + 18
    kinds = [kind for kind in COLOURS if any(bar.kind == kind for panel in panels for bar in panel.bars)]
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {y:.0f}' width='{width}' height='{y:.0f}' role='img' "
        f"aria-label='{escape(title, quote=True)}' {FONT}>"
        f"<rect width='100%' height='100%' rx='8' fill='#ffffff'/>"
        f"<text x='{GAP}' y='30' font-size='18' font-weight='600' fill='#1b1f24'>{escape(title)}</text>"
        f"<text x='{GAP}' y='50' font-size='12' fill='#57606a'>{escape(subtitle)}</text>"
        + _legend(kinds, width)
        + "".join(parts)
        + "</svg>\n"
    )


def _legend(kinds: list[str], width: int) -> str:
    parts, x = [], float(width - GAP)
    for kind in reversed(kinds):
        x -= 7 * len(NAMES[kind]) + 22
        parts.append(f"<rect x='{x:.0f}' y='20' width='11' height='11' rx='2' fill='{COLOURS[kind]}'/>")
        parts.append(f"<text x='{x + 16:.0f}' y='30' font-size='12' fill='#1b1f24'>{NAMES[kind]}</text>")
    return "".join(parts)


def _panel(panel: Panel, x: float, y: float, width: float) -> str:
    room = width - LABEL - VALUE
    scale = _scale(panel, room)
    parts = [
        f"<text x='{x:.0f}' y='{y + 14:.0f}' font-size='14' font-weight='600' fill='#1b1f24'>{escape(panel.title)}</text>",
        f"<text x='{x:.0f}' y='{y + 31:.0f}' font-size='11' fill='#57606a'>{escape(panel.note)}</text>",
    ]
    for place, bar in enumerate(panel.bars):
        top = y + 42 + place * ROW
        middle = top + BAR / 2
        weight = " font-weight='600'" if bar.kind == "ours" else ""
        length = max(scale(bar.value), 1.5)
        parts.append(
            f"<text x='{x + LABEL - 8:.0f}' y='{middle + 4:.1f}' text-anchor='end' font-size='12' fill='#1b1f24'{weight}>{escape(bar.label)}</text>"
        )
        parts.append(f"<rect x='{x + LABEL:.1f}' y='{top:.1f}' width='{length:.1f}' height='{BAR}' rx='2' fill='{COLOURS[bar.kind]}'/>")
        end = length
        if bar.low is not None and bar.high is not None and bar.high > bar.low:
            left, right = (x + LABEL + scale(value) for value in (bar.low, bar.high))
            end = max(end, scale(bar.high))
            parts.append(
                f"<path d='M{left:.1f} {middle:.1f}H{right:.1f}M{left:.1f} {middle - 3:.1f}v6M{right:.1f} {middle - 3:.1f}v6' stroke='#1b1f24' stroke-opacity='.55' fill='none'/>"
            )
        parts.append(
            f"<text x='{x + LABEL + end + 6:.1f}' y='{middle + 4:.1f}' font-size='12' fill='#1b1f24'{weight}>{escape(bar.text)}</text>"
        )
    return "".join(parts)


def _scale(panel: Panel, room: float):
    """From a value to a length; a logarithmic panel begins below its smallest value."""
    highest = max(max(bar.value, bar.high or 0) for bar in panel.bars) or 1
    if not panel.log:
        return lambda value: value / highest * room
    lowest = min(min(bar.value, bar.low if bar.low is not None else bar.value) for bar in panel.bars) / 2
    span = math.log(highest / lowest)
    return lambda value: math.log(max(value, lowest) / lowest) / span * room
