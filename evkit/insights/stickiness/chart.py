"""How stickiness is drawn: bars by the number of intervals, lines where periods are compared."""

from __future__ import annotations

import datetime as dt
from typing import Any

import altair as alt
import pandas as pd

from evkit.insights import theme
from evkit.insights.display import Chart, layer, picked
from evkit.insights.stickiness.spec import Stickiness, times
from evkit.insights.time_lines import MOST_TICKS

MOST_LABELLED = 16
"""Bars that have their figure written on them."""


def chart(spec: Stickiness, frame: pd.DataFrame, *, now: dt.datetime | None = None) -> Any:
    """Draw stickiness.

    Parameters
    ----------
    frame
        The figures (`Stickiness`).
    now
        Not needed: figures are over the whole range.
    """
    rows = points(spec, frame)
    drawn = lines(spec, rows) if spec.compare else bars(spec, rows)
    return drawn.properties(title=spec.title, description=describe(spec, frame), width=theme.WIDTH, height=theme.HEIGHT)


def points(spec: Stickiness, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the chart's data: a row a line and number of intervals, with its row of the figures; share is of who does it at all."""
    made = []
    for (order, period), mine in frame.groupby(["order", "period"], sort=False):
        whole = float(mine.value.iloc[0] if spec.cumulative else mine.value.sum())
        for i, row in zip(mine.index, mine.itertuples(index=False), strict=True):
            made.append(
                {
                    "line": row.series if period == "current" else f"{row.series} (before)",
                    "period": period,
                    "intervals": int(row.intervals),
                    "value": row.value,
                    "share": row.value / whole if whole else 0.0,
                    "said": times(spec, int(row.intervals)),
                    "order": int(order),
                    "row": int(i),
                }
            )
    return made


def units(spec: Stickiness) -> str:
    """Say what is counted along: "days", "weeks or more", "intervals of 2 days"."""
    return times(spec, 2).removeprefix("2 ")


def hover(spec: Stickiness) -> list[alt.Tooltip]:
    """Give what hovering says."""
    who = "values" if spec.aggregate_by is not None else "groups" if all(s.counts_groups for s in spec.series) else "people"
    return [
        alt.Tooltip("line:N", title="series"),
        alt.Tooltip("said:N", title="active in"),
        alt.Tooltip("value:Q", format=",", title=who),
        alt.Tooltip("share:Q", format=".1%", title="share"),
    ]


def across(spec: Stickiness, rows: list[dict[str, Any]]) -> alt.X:
    """Give the axis of the number of intervals: whole numbers, about a dozen labelled."""
    last = max(r["intervals"] for r in rows)
    gap = -(-last // MOST_TICKS)
    shown = [k for k in range(1, last + 1) if k == 1 or k % gap == 0]
    return alt.X(
        "intervals:O", title=units(spec), scale=alt.Scale(paddingInner=0.15), axis=alt.Axis(values=shown, labelAngle=0, labelOverlap=True)
    )


def up(*, written: bool = False) -> alt.Y:
    """Give the axis of the figures; where they are written on the bars, without its lines."""
    return alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5, format=",.6~g", tickMinStep=1, grid=not written))


def bars(spec: Stickiness, rows: list[dict[str, Any]]) -> Any:
    """Draw a bar a number of intervals; of several series side by side."""
    order = list(dict.fromkeys(r["line"] for r in rows))
    written = len(order) == 1 and len(rows) <= MOST_LABELLED
    base = Chart(alt.InlineData(values=rows)).encode(x=across(spec, rows), y=up(written=written), tooltip=hover(spec))
    if len(order) > 1:
        pick = picked("line", rows)
        return (
            base.mark_bar(cornerRadiusEnd=2)
            .encode(
                xOffset=alt.XOffset("line:N", sort=order),
                color=alt.Color("line:N", sort=order, title=None, legend=alt.Legend(orient="bottom", columns=3)),
                opacity=alt.condition(pick, alt.value(1), alt.value(0.15)),
            )
            .add_params(pick)
        )
    bar = base.mark_bar(cornerRadiusEnd=2, color=theme.CATEGORIES[0])
    if not written:
        return bar
    return layer(bar, base.mark_text(dy=-7).encode(text=alt.Text("value:Q", format=",.6~g")))


def lines(spec: Stickiness, rows: list[dict[str, Any]]) -> Any:
    """Draw a line a series and period, that of the period before dotted and in its series' colour."""
    order = list(dict.fromkeys(r["line"] for r in rows))
    colors = {r["line"]: theme.CATEGORIES[r["order"] % len(theme.CATEGORIES)] for r in rows}
    pick = picked("line", rows)
    faded = alt.when(~pick).then(alt.value(0.15)).when("datum.period === 'previous'").then(alt.value(0.65)).otherwise(alt.value(1))
    base = Chart(alt.InlineData(values=rows)).encode(
        x=across(spec, rows),
        y=up(),
        color=alt.Color(
            "line:N",
            title=None,
            scale=alt.Scale(domain=order, range=[colors[line] for line in order]),
            legend=alt.Legend(orient="bottom", columns=2, symbolType="stroke"),
        ),
        opacity=faded,
    )
    before = alt.condition("datum.period === 'previous'", alt.value([2, 3]), alt.value([1, 0]))
    points = base.mark_point(filled=True, size=42).encode(tooltip=hover(spec))
    return layer(base.mark_line().encode(strokeDash=before).add_params(pick), points)


def describe(spec: Stickiness, frame: pd.DataFrame) -> str:
    """Say in words what the chart shows."""
    last = int(frame.intervals.max())
    said = [f"By the number of {units(spec)}, from 1 to {last}."]
    for (name, period), rows in list(frame.groupby(["series", "period"], sort=False))[:8]:
        who = name if period == "current" else f"{name}, the period before"
        whole = float(rows.value.iloc[0] if spec.cumulative else rows.value.sum())
        if not whole:
            said.append(f"{who}: nobody.")
            continue
        there = rows[rows.value > 0]
        told = [there.iloc[0], there.iloc[-1]] if spec.cumulative else [rows.loc[rows.value.idxmax()], there.iloc[-1]]
        told = told[:1] if told[0].intervals == told[1].intervals else told
        most = "" if spec.cumulative else "most "
        said.append(f"{who}: {whole:,.6g} in all, {most}{', '.join(f'{r.value:,.6g} in {times(spec, int(r.intervals))}' for r in told)}.")
    return " ".join(said)
