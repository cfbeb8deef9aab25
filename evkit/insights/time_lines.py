"""Lines over time, as trends and funnels draw them: hover for figures, click the legend to single out a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt
import pandas as pd

from evkit.insights import theme
from evkit.insights.display import Chart, layer, picked

WHEN = {"hour": "%d %b %H:%M", "minute": "%d %b %H:%M", "second": "%d %b %H:%M:%S", "month": "%b %Y"}
TICKS = {"hour": "%-d %b %H:%M", "minute": "%H:%M", "second": "%H:%M:%S", "month": "%b %Y"}
MOST_TICKS = 13
APART = 8
"""So many pixels are between two labels of an axis, at least."""
SOLID, DOTTED = [1, 0], [2, 3]


def begins_in_words(start: pd.Timestamp, interval: str) -> str:
    """Say which bucket begins then: "week of Mon 02 Feb 2026"."""
    return f"{'week of ' if interval == 'week' else ''}{start:{WHEN.get(interval, '%a %d %b %Y')}}"


def ends(start: pd.Timestamp, interval: str) -> pd.Timestamp:
    """Give when a bucket ends."""
    return start + pd.DateOffset(**{f"{interval}s": 1})


def ticks(rows: list[dict[str, Any]]) -> list[int]:
    """Give where the axis is labelled: at starts of buckets, about a dozen; milliseconds since 1970."""
    starts = sorted({r["time"] for r in rows})
    return [int(pd.Timestamp(t).timestamp() * 1000) for t in starts[:: -(-len(starts) // MOST_TICKS) or 1]]


def bucket_axis(starts: list[str], interval: str) -> alt.Axis:
    """Give the axis of bars over time, of which about a dozen are labelled.

    Parameters
    ----------
    starts
        The bars' values: ISO, wall clock as if it were UTC.
    """
    shown = starts[:: -(-len(starts) // MOST_TICKS) or 1]
    short = "%H:%M" if interval in ("hour", "minute", "second") else "%b %Y" if interval == "month" else "%-d %b"
    names = {start: pd.Timestamp(start).strftime(short) for start in shown}
    label = f"({names})[datum.value] || ''".replace("'", '"')
    return alt.Axis(labelAngle=0, labelExpr=label, labelOverlap=True, labelSeparation=APART)


def fading(pick: Any) -> Any:
    """Single out what the legend picks; unfinished buckets are lighter."""
    return alt.when(~pick).then(alt.value(0.15)).when("datum.open").then(alt.value(0.55)).otherwise(alt.value(1))


def lines_of(rows: list[dict[str, Any]]) -> list[str]:
    """Give the lines in order, each followed by its past."""
    past, order = past_lines(rows), list(dict.fromkeys(r["line"] for r in rows))
    return sorted(order, key=lambda line: (order.index(past.get(line, line)), line in past))


def past_lines(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Give the lines of the period before, each with the line of which it is the past."""
    return {r["line"]: r["of"] for r in rows if r.get("period") == "previous"}


def colours(order: list[str], past: dict[str, str], past_colour: Callable[[str], str] = str) -> dict[str, Any]:
    """Give the scale that lets a line and its past have one hue; nothing where no line is another's past: the theme then decides.

    Parameters
    ----------
    past_colour
        A line's colour -> that of its past.
    """
    if not past:
        return {}
    owners = [line for line in order if line not in past]
    of_owner = {line: theme.CATEGORIES[i % len(theme.CATEGORIES)] for i, line in enumerate(owners)}
    return {
        "scale": alt.Scale(domain=order, range=[past_colour(of_owner[past[line]]) if line in past else of_owner[line] for line in order])
    }


def time_lines(rows: list[dict[str, Any]], interval: str, *, tooltip: list[Any], number_format: str, area: bool = False) -> Any:
    """Draw lines.

    Parameters
    ----------
    rows
        A row a line and bucket: line, time (ISO, wall clock as if it were UTC), value, open (whether the bucket is unfinished),
        and what the tooltip names. A line of the period "previous" has the colour of the line `of` which it is the past, and is
        dotted, in the legend too.
    area
        Fill what is below.
    """
    order = lines_of(rows)
    rows = [{**r, "i": i} for line in order for i, r in enumerate(r for r in rows if r["line"] == line)]
    open_at = {(r["line"], r["i"]) for r in rows if r["open"]}
    solid = [r for r in rows if not r["open"]]
    past = past_lines(rows)
    dashed = [r for r in rows if r["open"] or (r["line"], r["i"] + 1) in open_at]
    pick = picked("line", rows)
    faded = alt.condition(pick, alt.value(1), alt.value(0.15))
    axis = alt.Axis(format=TICKS.get(interval, "%-d %b"), values=ticks(rows), labelOverlap=True, labelSeparation=APART)
    x = alt.X("time:T", title=None, scale=alt.Scale(type="utc"), axis=axis)
    whole_ticks = {"tickMinStep": 1} if number_format != "%" and all(float(r["value"]).is_integer() for r in rows) else {}
    y = alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5, format=number_format, **whole_ticks), scale=alt.Scale(zero=True))
    legend = alt.Legend(orient="bottom", columns=2 if past else 3, symbolType="stroke") if len(order) > 1 else None
    color = alt.Color("line:N", sort=order, title=None, legend=legend, **colours(order, past))
    dashes: dict[str, Any] = {}
    if past:
        scale = alt.Scale(domain=order, range=[DOTTED if line in past else SOLID for line in order])
        dashes["strokeDash"] = alt.StrokeDash("line:N", sort=order, title=None, legend=legend, scale=scale)
    parts = []
    if area:
        filled = Chart(alt.InlineData(values=[r for r in solid if r["line"] not in past])).mark_area(fillOpacity=0.4)
        parts.append(filled.encode(x=x, y=y.stack(None), color=color, opacity=faded))
        solid = [r for r in solid if r["line"] in past]
    if solid or not parts:
        parts.append(Chart(alt.InlineData(values=solid)).mark_line().encode(x=x, y=y, color=color, opacity=faded, **dashes))
    parts[0] = parts[0].add_params(pick)
    if dashed:
        parts.append(Chart(alt.InlineData(values=dashed)).mark_line(strokeDash=[5, 4]).encode(x=x, y=y, color=color, opacity=faded))
    points = Chart(alt.InlineData(values=rows)).mark_point(filled=True, size=42)
    if past:
        points = points.encode(size=alt.condition("datum.period === 'previous'", alt.value(16), alt.value(42)))
    parts.append(points.encode(x=x, y=y, color=color, opacity=faded, tooltip=tooltip))
    return layer(*parts).properties(width=theme.WIDTH)
