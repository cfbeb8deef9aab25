"""How trends are drawn: lines over time, bars or a number for figures over the whole range."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import altair as alt
import pandas as pd

from evkit.insights import theme
from evkit.insights.display import Chart, layer, nothing, picked
from evkit.insights.time_lines import WHEN, bucket_axis, colours, ends, fading, lines_of, past_lines, time_lines
from evkit.insights.trends.spec import IN_WORDS, NO_VALUE, OTHER, Trends

TIME_BARS = ("ActionsBar", "ActionsStackedBar", "ActionsUnstackedBar")
VALUE = ",.10~g"
A_BIN = re.compile(r"\[(-?[\d.e+-]+),(-?[\d.e+-]+)\]")
ON_BARS = "#0b1015"
"""Ink on a coloured bar, light theme or dark."""


def value_label(value: Any) -> str:
    """Write a breakdown value for people."""
    if isinstance(value, tuple):
        return ", ".join(dict.fromkeys(map(value_label, value)) if set(value) == {OTHER} else map(value_label, value))
    edges = A_BIN.fullmatch(str(value))
    if edges:
        return f"{float(edges[1]):,.4g} to {float(edges[2]):,.4g}"
    return IN_WORDS.get(value, str(value)) or IN_WORDS[NO_VALUE]


def value_labels(values: list[Any]) -> dict[Any, str]:
    """Write breakdown values for people, each differently: where two would read alike, as they are."""
    said = {value: value_label(value) for value in values}
    listed = list(said.values())
    return {value: label if listed.count(label) == 1 else str(value) for value, label in said.items()}


def line_labels(spec: Trends, frame: pd.DataFrame) -> pd.Series:
    """Name each row's line: the series, the breakdown value, or both."""
    if not spec.breakdown:
        return frame.series.astype("str")
    names = value_labels(frame.breakdown_value.drop_duplicates().tolist())
    values = frame.breakdown_value.map(names.get)
    many = len(spec.labels) > 1
    return (frame.series + ": " + values) if many else values


def chart(spec: Trends, frame: pd.DataFrame, *, now: dt.datetime | None = None) -> Any:
    """Draw trends.

    Parameters
    ----------
    frame
        The figures (`Trends`).
    now
        Wall clock of the project's zone: buckets that end later are unfinished and drawn dashed.
    """
    if frame.empty:
        return nothing("No events, so no values to break down by.").properties(title=spec.title, description=describe(spec, frame))
    labelled = frame.assign(line=line_labels(spec, frame))
    if spec.display == "BoldNumber" and not spec.breakdown:
        return numbers(spec, labelled)
    if spec.is_total:
        drawn = {"ActionsPie": shares, "ActionsTable": table}.get(spec.display, bars)(spec, labelled)
        return drawn.properties(title=spec.title, description=describe(spec, frame), width=theme.WIDTH)
    return time_bars(spec, labelled, now) if spec.display in TIME_BARS else lines(spec, labelled, now)


def points(spec: Trends, frame: pd.DataFrame, now: dt.datetime | None) -> list[dict[str, Any]]:
    """Give the chart's data: a row a line and bucket, with its row of the figures. The previous period is drawn over the current one."""
    starts = frame[frame.period == "current"].bucket.drop_duplicates().tolist()
    form = WHEN.get(spec.interval, "%a %d %b %Y")
    made = []
    for (line, period), rows in frame.groupby(["line", "period"], sort=False):
        for i, (row, bucket, value) in enumerate(zip(rows.index, rows.bucket, rows.value, strict=True)):
            if i >= len(starts):
                break
            place = starts[i]
            late = now is not None and period == "current" and ends(place, spec.interval) > pd.Timestamp(now)
            name = line if period == "current" else f"{line} (before)"
            prefix = "week of " if spec.interval == "week" else ""
            made.append(
                {
                    "time": f"{place.isoformat()}Z",
                    "line": name,
                    "of": line,
                    "value": value,
                    "when": prefix + bucket.strftime(form),
                    "open": bool(late),
                    "period": period,
                    "row": int(row),
                }
            )
    return made


def hover() -> list[alt.Tooltip]:
    """Give what hovering over a point says."""
    return [alt.Tooltip("line:N", title="series"), alt.Tooltip("when:N", title="time"), alt.Tooltip("value:Q", format=VALUE, title="value")]


def lines(spec: Trends, frame: pd.DataFrame, now: dt.datetime | None) -> Any:
    """Draw a line each series and breakdown value."""
    area = spec.display == "ActionsAreaGraph"
    drawn = time_lines(points(spec, frame, now), spec.interval, tooltip=hover(), number_format=",.6~g", area=area)
    return drawn.properties(title=spec.title, description=describe(spec, frame), height=theme.HEIGHT)


def time_bars(spec: Trends, frame: pd.DataFrame, now: dt.datetime | None) -> Any:
    """Draw bars over time: on top of each other, or side by side; unfinished buckets are lighter."""
    rows = points(spec, frame, now)
    order = lines_of(rows)
    beside = spec.display == "ActionsUnstackedBar"
    starts = list(dict.fromkeys(r["time"] for r in rows))
    axis = bucket_axis(starts, spec.interval)
    pick, past = picked("line", rows), past_lines(rows)
    legend = alt.Legend(orient="bottom", columns=2 if past else 3) if len(order) > 1 else None
    base = Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("time:O", sort=starts, title=None, axis=axis, scale=alt.Scale(paddingInner=0.15)),
        y=alt.Y("value:Q", title=None, stack=None if beside else "zero", axis=alt.Axis(tickCount=5, format=",.6~g")),
        color=alt.Color("line:N", sort=order, title=None, legend=legend, **colours(order, past, theme.paler)),
        opacity=fading(pick),
        tooltip=hover(),
    )
    drawn = base.mark_bar(cornerRadiusEnd=2).add_params(pick)
    drawn = drawn.encode(xOffset=alt.XOffset("line:N", sort=order)) if beside else drawn
    return drawn.properties(title=spec.title, description=describe(spec, frame), width=theme.WIDTH, height=theme.HEIGHT)


def total_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the data of charts of one figure a line: line, value, share (of the values above 0)."""
    whole = float(frame.value.clip(lower=0).sum())
    return [
        {
            "line": line if period == "current" else f"{line} (before)",
            "value": value,
            "share": max(float(value), 0.0) / whole if whole else 0.0,
            "row": int(row),
        }
        for row, line, period, value in zip(frame.index, frame.line, frame.period, frame.value, strict=True)
    ]


def bars(spec: Trends, frame: pd.DataFrame) -> Any:
    """Draw a bar each series and breakdown value, in their order."""
    rows = total_rows(frame)
    order = list(dict.fromkeys(r["line"] for r in rows))
    base = Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("line:N", sort=order, title=None, axis=alt.Axis(labelLimit=220)), x=alt.X("value:Q", title=None, axis=None)
    )
    bar = base.mark_bar(cornerRadiusEnd=3, color=theme.CATEGORIES[0]).encode(
        tooltip=[alt.Tooltip("line:N", title="series"), alt.Tooltip("value:Q", format=VALUE)]
    )
    text = base.mark_text(align="left", dx=5).encode(text=alt.Text("value:Q", format=",.6~g"))
    return layer(bar, text).properties(height=alt.Step(28))


def shares(spec: Trends, frame: pd.DataFrame) -> Any:
    """Draw one bar that is parted like a pie: how much of the whole each is."""
    rows = total_rows(frame)
    order = list(dict.fromkeys(r["line"] for r in rows))
    for i, row in enumerate(rows):
        row["place"] = i
    base = Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("share:Q", stack="zero", title=None, axis=alt.Axis(format="%", tickCount=5), scale=alt.Scale(domain=[0, 1])),
        order=alt.Order("place:Q"),
    )
    pick = picked("line", rows)
    bar = base.mark_bar(height=46, stroke=theme.QUIET, strokeWidth=0.5).encode(
        color=alt.Color("line:N", sort=order, title=None, legend=alt.Legend(orient="bottom", columns=3)),
        opacity=alt.condition(pick, alt.value(1), alt.value(0.15)),
        tooltip=[alt.Tooltip("line:N", title="series"), alt.Tooltip("value:Q", format=VALUE), alt.Tooltip("share:Q", format=".1%")],
    )
    text = (
        base.transform_filter("datum.share >= 0.06")
        .mark_text(color=ON_BARS, fontWeight="bold")
        .encode(x=alt.X("share:Q", stack="zero", bandPosition=0.5), text=alt.Text("share:Q", format=".0%"), detail="line:N")
    )
    return layer(bar.add_params(pick), text).properties(height=70)


def table(spec: Trends, frame: pd.DataFrame) -> Any:
    """Draw a table: a row each series and breakdown value."""
    rows = [{**r, "place": i} for i, r in enumerate(total_rows(frame))]
    base = Chart(alt.InlineData(values=rows)).encode(y=alt.Y("place:O", axis=None, scale=alt.Scale(paddingInner=0)))
    rule = base.mark_rule(color=theme.QUIET, opacity=0.4, yOffset=13)
    name = base.mark_text(align="left", x=0, limit=theme.WIDTH - 160).encode(text="line:N")
    value = base.mark_text(align="right", x=theme.WIDTH - 80).encode(text=alt.Text("value:Q", format=VALUE))
    share = base.mark_text(align="right", x=theme.WIDTH).encode(text=alt.Text("share:Q", format=".1%"))
    return layer(rule, name, value, share).properties(height=alt.Step(26))


def numbers(spec: Trends, frame: pd.DataFrame) -> Any:
    """Draw one figure a series, large, with the period before below."""
    rows = [
        {"line": line, "period": period, "value": float(value), "row": int(row)}
        for row, line, period, value in zip(frame.index, frame.line, frame.period, frame.value, strict=True)
    ]
    order = list(dict.fromkeys(r["line"] for r in rows))
    for row in rows:
        before = next((o["value"] for o in rows if o["line"] == row["line"] and o["period"] == "previous"), None)
        change = f" ({(row['value'] - before) / before:+.1%})" if before and row["period"] == "current" else ""
        row["said"] = f"before: {before:,.6g}{change}" if before is not None and row["period"] == "current" else ""
    current = [r for r in rows if r["period"] == "current"]
    base = Chart(alt.InlineData(values=current)).encode(y=alt.Y("line:N", sort=order, axis=None))
    figure = base.mark_text(fontSize=56, fontWeight="bold", align="left", x=0).encode(
        text=alt.Text("value:Q", format=",.6~g"), tooltip=[alt.Tooltip("line:N", title="series"), alt.Tooltip("value:Q", format=VALUE)]
    )
    names = base.mark_text(fontSize=13, align="left", x=0, dy=42).encode(text="line:N") if len(order) > 1 else None
    said = base.mark_text(fontSize=13, align="right", x=theme.WIDTH, dy=42).encode(text="said:N")
    parts = [part for part in (figure, names, said if spec.compare else None) if part is not None]
    return layer(*parts).properties(
        title=spec.title, description=describe(spec, frame), width=theme.WIDTH, height=alt.Step(110 if len(parts) > 1 else 72)
    )


def describe(spec: Trends, frame: pd.DataFrame) -> str:
    """Say in words what the chart shows."""
    if frame.empty:
        return f"{spec.title}: no events."
    labelled = frame.assign(line=line_labels(spec, frame))
    if spec.is_total:
        return "; ".join(f"{r.line}{' (before)' if r.period == 'previous' else ''}: {r.value:,.6g}" for r in labelled.itertuples()) + "."
    now = labelled[labelled.period == "current"]
    first, last, shown = now.bucket.min(), now.bucket.max(), now.bucket.nunique()
    said = [f"Lines by {spec.interval} from {first:%d %B %Y} to {last:%d %B %Y}."]
    for (line, period), rows in list(labelled.groupby(["line", "period"], sort=False))[:8]:
        rows = rows.head(shown)
        top = rows.loc[rows.value.idxmax()]
        name = line if period == "current" else f"{line}, the period before"
        said.append(
            f"{name}: from {rows.value.iloc[0]:,.6g} to {rows.value.iloc[-1]:,.6g}, highest {top.value:,.6g} ({top.bucket:%d %b %Y})."
        )
    return " ".join(said)
