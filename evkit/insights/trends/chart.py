"""How trends are drawn: lines over time, bars or a number for figures over the whole range."""

from __future__ import annotations

import datetime as dt
from typing import Any

import altair as alt
import pandas as pd

from evkit.insights import theme
from evkit.insights.display import Chart, layer
from evkit.insights.trends.spec import NO_VALUE, OTHER, Trends

WHEN = {"hour": "%d %b %H:%M", "minute": "%d %b %H:%M", "second": "%d %b %H:%M:%S", "month": "%b %Y"}
MOST_TICKS = 13
TICKS = {"hour": "%-d %b %H:%M", "minute": "%H:%M", "second": "%H:%M:%S", "month": "%b %Y"}


def value_label(value: Any) -> str:
    """Write a breakdown value for people."""
    if isinstance(value, tuple):
        return ", ".join(value_label(v) for v in value)
    return {NO_VALUE: "(no value)", OTHER: "(other)"}.get(value, str(value))


def line_labels(spec: Trends, frame: pd.DataFrame) -> pd.Series:
    """Name each row's line: the series, the breakdown value, or both."""
    if not spec.breakdown:
        return frame.series.astype("str")
    values = frame.breakdown_value.map(value_label)
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
    labelled = frame.assign(line=line_labels(spec, frame))
    if spec.is_total:
        return number(spec, labelled) if spec.display == "BoldNumber" and len(labelled) == 1 else bars(spec, labelled)
    return lines(spec, labelled, now)


def points(spec: Trends, frame: pd.DataFrame, now: dt.datetime | None) -> list[dict[str, Any]]:
    """Give the chart's data: a row a line and bucket. The previous period is drawn over the current one."""
    starts = frame[frame.period == "current"].bucket.drop_duplicates().tolist()
    form = WHEN.get(spec.interval, "%a %d %b %Y")
    made = []
    for (line, period), rows in frame.groupby(["line", "period"], sort=False):
        for i, (bucket, value) in enumerate(zip(rows.bucket, rows.value, strict=True)):
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
                    "value": value,
                    "when": prefix + bucket.strftime(form),
                    "open": bool(late),
                    "period": period,
                    "i": i,
                }
            )
    return made


def ends(start: pd.Timestamp, interval: str) -> pd.Timestamp:
    """Give when a bucket ends."""
    step = pd.DateOffset(**{f"{interval}s": 1})
    return start + step


def ticks(rows: list[dict[str, Any]]) -> list[int]:
    """Give where the axis is labelled: at starts of buckets, about a dozen; milliseconds since 1970."""
    starts = sorted({r["time"] for r in rows})
    return [int(pd.Timestamp(t).timestamp() * 1000) for t in starts[:: -(-len(starts) // MOST_TICKS)]]


def lines(spec: Trends, frame: pd.DataFrame, now: dt.datetime | None) -> Any:
    """Draw a line each series and breakdown value; hover for figures, click the legend to single out a line."""
    rows = points(spec, frame, now)
    order = list(dict.fromkeys(r["line"] for r in rows))
    open_at = {(r["line"], r["i"]) for r in rows if r["open"]}
    solid = [r for r in rows if not r["open"]]
    dashed = [r for r in rows if r["open"] or (r["line"], r["i"] + 1) in open_at]
    pick = alt.selection_point(fields=["line"], bind="legend")
    faded = alt.condition(pick, alt.value(1), alt.value(0.15))
    x = alt.X(
        "time:T",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format=TICKS.get(spec.interval, "%-d %b"), values=ticks(rows), labelOverlap=True),
    )
    whole_ticks = {"tickMinStep": 1} if all(float(r["value"]).is_integer() for r in rows) else {}
    y = alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5, format=",.6~g", **whole_ticks), scale=alt.Scale(zero=True))
    color = alt.Color(
        "line:N", sort=order, title=None, legend=alt.Legend(orient="bottom", columns=3, symbolType="stroke") if len(order) > 1 else None
    )
    tooltip = [
        alt.Tooltip("line:N", title="series"),
        alt.Tooltip("when:N", title="time"),
        alt.Tooltip("value:Q", format=",.10~g", title="value"),
    ]
    before = alt.condition("datum.period === 'previous'", alt.value([2, 3]), alt.value([1, 0]))
    area = "area" if spec.display == "ActionsAreaGraph" else "line"
    whole = Chart(alt.InlineData(values=solid))
    drawn = whole.mark_area(opacity=0.4) if area == "area" else whole.mark_line().encode(strokeDash=before)
    parts = [drawn.encode(x=x, y=y, color=color, opacity=faded).add_params(pick)]
    if dashed:
        parts.append(Chart(alt.InlineData(values=dashed)).mark_line(strokeDash=[5, 4]).encode(x=x, y=y, color=color, opacity=faded))
    parts.append(
        Chart(alt.InlineData(values=rows)).mark_point(filled=True, size=42).encode(x=x, y=y, color=color, opacity=faded, tooltip=tooltip)
    )
    return layer(*parts).properties(title=spec.title, description=describe(spec, frame), width=theme.WIDTH, height=theme.HEIGHT)


def bars(spec: Trends, frame: pd.DataFrame) -> Any:
    """Draw a bar each series and breakdown value, the largest first."""
    rows = [
        {"line": line if period == "current" else f"{line} (before)", "value": value}
        for line, period, value in zip(frame.line, frame.period, frame.value, strict=True)
    ]
    order = list(dict.fromkeys(r["line"] for r in rows))
    base = Chart(alt.InlineData(values=rows)).encode(y=alt.Y("line:N", sort=order, title=None), x=alt.X("value:Q", title=None, axis=None))
    bar = base.mark_bar(cornerRadiusEnd=3, color=theme.CATEGORIES[0]).encode(
        tooltip=[alt.Tooltip("line:N", title="series"), alt.Tooltip("value:Q", format=",.10~g")]
    )
    text = base.mark_text(align="left", dx=5).encode(text=alt.Text("value:Q", format=",.6~g"))
    return layer(bar, text).properties(title=spec.title, description=describe(spec, frame), width=theme.WIDTH, height=alt.Step(28))


def number(spec: Trends, frame: pd.DataFrame) -> Any:
    """Draw one figure, large."""
    data = alt.InlineData(values=[{"value": float(frame.value.iloc[0])}])
    made = Chart(data).mark_text(fontSize=56, fontWeight="bold", align="left", x=0).encode(text=alt.Text("value:Q", format=",.6~g"))
    return made.properties(title=spec.title, description=describe(spec, frame), width=theme.WIDTH, height=72)


def describe(spec: Trends, frame: pd.DataFrame) -> str:
    """Say in words what the chart shows."""
    if frame.empty:
        return f"{spec.title}: no events."
    labelled = frame.assign(line=line_labels(spec, frame))
    if spec.is_total:
        return "; ".join(f"{r.line}{' (before)' if r.period == 'previous' else ''}: {r.value:,.6g}" for r in labelled.itertuples()) + "."
    first, last = labelled.bucket.min(), labelled.bucket.max()
    said = [f"Lines by {spec.interval} from {first:%d %B %Y} to {last:%d %B %Y}."]
    for (line, period), rows in list(labelled.groupby(["line", "period"], sort=False))[:8]:
        top = rows.loc[rows.value.idxmax()]
        name = line if period == "current" else f"{line}, the period before"
        said.append(
            f"{name}: from {rows.value.iloc[0]:,.6g} to {rows.value.iloc[-1]:,.6g}, highest {top.value:,.6g} ({top.bucket:%d %b %Y})."
        )
    return " ".join(said)
