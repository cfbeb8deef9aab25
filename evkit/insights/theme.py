"""Colours and fonts of charts: what is added to a chart when it is shown or exported, for light and for dark.

Nothing here touches Altair's own themes or options. A chart itself has no configuration, so that it can be put beside
others; `config` is merged into the finished specification.
"""

from __future__ import annotations

from typing import Any, Literal

Mode = Literal["auto", "light", "dark"]
CATEGORIES = ("#3b82c4", "#d97316", "#159a7c", "#c2559d", "#7c6fd6", "#8f8a10", "#d1495b", "#6b7a8c")
"""Told apart by people with any kind of colour vision, at least 3 : 1 against white and against near-black."""
QUIET = "#9aa5b1"
"""What is beside the point: the part that was lost, the period before."""
INK = {"light": "#1f2933", "dark": "#e4e7eb"}
GRID = {"light": "#d5dae1", "dark": "#3e4c59"}
OF_THE_PAGE = "currentColor"
"""The ink of the text around the chart, in SVG. (No one grey has a contrast of 4.5 : 1 on white and on the lab's near-black.)"""
BETWEEN = "#788595"
"""Ink that can be read on white and on near-black."""
HEAT = ("#dbe8f4", "#2f6fae")
"""Cells from little to much: the same in light and dark, with their own ink."""
ON_HEAT = ("#0b1015", "#ffffff")
"""Ink on cells of little, and of much."""
MUCH = 0.8
"""From this part of the scale of `HEAT` on the ink is the second."""
FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"
WIDTH, HEIGHT = 560, 280


def paler(colour: str) -> str:
    """Give a colour half way to the ink that is quiet on white and on near-black.

    Examples
    --------
    >>> paler("#3b82c4")
    '#6b94bb'
    """
    parts = [(int(colour[i : i + 2], 16) + int(QUIET[i : i + 2], 16) + 1) // 2 for i in (1, 3, 5)]
    return "#" + "".join(f"{part:02x}" for part in parts)


def config(mode: Mode = "auto") -> dict[str, Any]:
    """Give the Vega-Lite configuration of a mode.

    Parameters
    ----------
    mode
        "auto" sets no ink, so that the place where the chart is shown decides: JupyterLab has a dark theme of its own for axes,
        legends and titles, which says nothing of texts that are marks; those take the ink of the page.
    """
    made: dict[str, Any] = {
        "background": "transparent",
        "font": FONT,
        "range": {"category": list(CATEGORIES)},
        "view": {"stroke": None, "continuousWidth": WIDTH, "continuousHeight": HEIGHT},
        "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "domain": False, "ticks": False, "labelPadding": 6},
        "axisX": {"grid": False},
        "legend": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 240, "columnPadding": 16},
        "title": {"fontSize": 14, "fontWeight": 600, "anchor": "start", "offset": 12, "subtitleFontSize": 12},
        "line": {"strokeWidth": 2},
        "point": {"size": 42, "filled": True},
    }
    if mode == "auto":
        made["text"] = {"color": OF_THE_PAGE}
        return made
    ink, grid = INK[mode], GRID[mode]
    made["axis"] |= {"labelColor": ink, "titleColor": ink, "gridColor": grid}
    made["legend"] |= {"labelColor": ink, "titleColor": ink}
    made["title"] |= {"color": ink, "subtitleColor": ink}
    made["text"] = {"color": ink}
    made["style"] = {"cell": {"stroke": None}}
    return made


def on_any_page(given: dict[str, Any]) -> dict[str, Any]:
    """Give a configuration with grid lines that are quiet on white and on near-black: for a picture whose page decides."""
    return {**given, "axis": {**given["axis"], "gridColor": BETWEEN, "gridOpacity": 0.3}}


def merged(given: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Give a configuration with what a user set on top, however deep."""
    made = dict(given)
    for key, value in own.items():
        made[key] = merged(made[key], value) if isinstance(value, dict) and isinstance(made.get(key), dict) else value
    return made


def own(whole: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Give what a user set: the part of a merged configuration that differs from the given one."""
    made: dict[str, Any] = {}
    for key, value in whole.items():
        if isinstance(value, dict) and isinstance(given.get(key), dict):
            value = own(value, given[key])
            if value:
                made[key] = value
        elif value != given.get(key):
            made[key] = value
    return made
