"""How funnels are drawn: a bar each step, what was lost behind it, the conversion between steps."""

from __future__ import annotations

import datetime as dt
from typing import Any

import altair as alt
import pandas as pd

from evkit.insights import theme
from evkit.insights.display import Chart, layer
from evkit.insights.funnel.spec import Funnel

LABELLED_VALUES = 4
"""Up to so many breakdown values every bar has its figure written above it."""


def value_label(value: Any) -> str:
    """Write a breakdown value for people."""
    return ", ".join(value_label(v) for v in value) if isinstance(value, tuple) else str(value) or "(no value)"


def span(seconds: float | None) -> str:
    """Write a length of time for people.

    Examples
    --------
    >>> span(5400), span(42), span(200000)
    ('1.5 hours', '42 seconds', '2.3 days')
    """
    if seconds is None or pd.isna(seconds):
        return ""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.3g} seconds"


def rows_of(spec: Funnel, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the chart's data: a row a breakdown value and step."""
    made: list[dict[str, Any]] = []
    for row in frame.itertuples():
        before = 1.0 if row.step == 1 else made[-1]["rate"]
        made.append(
            {
                "step": f"{row.step}. {row.event}",
                "value": value_label(row.breakdown_value) if spec.breakdown else "all",
                "count": int(row.count),
                "rate": float(row.conversion_rate),
                "before": float(before),
                "share": f"{row.conversion_rate:.1%}",
                "from_before": "" if row.step == 1 else f"{row.step_conversion_rate:.1%} of the step before",
                "lost": "" if row.step == 1 else f"{before - row.conversion_rate:.1%} of step 1 lost here",
                "median": span(row.median_seconds),
                "average": span(row.average_seconds),
            }
        )
    return made


def chart(spec: Funnel, frame: pd.DataFrame, *, now: dt.datetime | None = None) -> Any:
    """Draw a funnel."""
    rows = rows_of(spec, frame)
    if not rows:
        rows = [
            {"step": f"{i}. {s.label}", "value": "all", "count": 0, "rate": 0.0, "before": 0.0, "share": "0.0%", "from_before": ""}
            for i, s in enumerate(spec.steps, 1)
        ]
    drawn = by_value(rows) if spec.breakdown else plain(rows)
    title = {"text": " \N{RIGHTWARDS ARROW} ".join(s.label for s in spec.steps), "subtitle": f"within {spec.window}"}
    return drawn.properties(title=title, description=describe(spec, frame), height=theme.HEIGHT)


def tooltips() -> list[alt.Tooltip]:
    """Give what hovering over a bar says."""
    named = (("step:N", "step"), ("value:N", "value"), ("count:Q", "count"), ("share:N", "of step 1"), ("from_before:N", "conversion"))
    return [
        *(alt.Tooltip(field, title=title) for field, title in named),
        alt.Tooltip("median:N", title="median time"),
        alt.Tooltip("average:N", title="average time"),
    ]


def plain(rows: list[dict[str, Any]]) -> Any:
    """Draw the steps of everybody."""
    order = list(dict.fromkeys(r["step"] for r in rows))
    base = Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("step:N", sort=order, title=None, axis=alt.Axis(labelAngle=0, labelLimit=180), scale=alt.Scale(paddingInner=0.25))
    )
    height = alt.Y(
        "rate:Q", title=None, scale=alt.Scale(domain=[0, 1.12], nice=False), axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    )
    lost = base.mark_bar(color=theme.QUIET, opacity=0.16, cornerRadiusEnd=3).encode(
        y=alt.Y("before:Q"), tooltip=[alt.Tooltip("step:N"), alt.Tooltip("lost:N", title="lost")]
    )
    bar = base.mark_bar(color=theme.CATEGORIES[0], cornerRadiusEnd=3).encode(y=height, tooltip=tooltips())
    figure = (
        base.transform_calculate(label="format(datum.count, ',') + '  (' + datum.share + ')'")
        .mark_text(dy=-8, fontWeight="bold")
        .encode(y=height, text="label:N")
    )
    between = (
        base.transform_filter("datum.from_before !== ''").mark_text(dy=-24, fontSize=11).encode(y=height, text=alt.Text("from_before:N"))
    )
    return layer(lost, bar, figure, between).properties(width=max(theme.WIDTH, 150 * len(order)))


def by_value(rows: list[dict[str, Any]]) -> Any:
    """Draw a bar each step and breakdown value, side by side; click the legend to single out a value."""
    steps, values = list(dict.fromkeys(r["step"] for r in rows)), list(dict.fromkeys(r["value"] for r in rows))
    pick = alt.selection_point(fields=["value"], bind="legend")
    base = Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("step:N", sort=steps, title=None, axis=alt.Axis(labelAngle=0, labelLimit=180), scale=alt.Scale(paddingInner=0.2)),
        xOffset=alt.XOffset("value:N", sort=values),
        y=alt.Y(
            "rate:Q", title=None, scale=alt.Scale(domain=[0, 1.12], nice=False), axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
        ),
        opacity=alt.condition(pick, alt.value(1), alt.value(0.15)),
    )
    color = alt.Color("value:N", sort=values, title=None, legend=alt.Legend(orient="bottom", columns=4))
    bar = base.mark_bar(cornerRadiusEnd=2).encode(color=color, tooltip=tooltips()).add_params(pick)
    parts = [bar]
    if len(values) <= LABELLED_VALUES:
        parts.append(base.mark_text(dy=-7, fontSize=11).encode(text=alt.Text("rate:Q", format=".0%")))
    return layer(*parts).properties(width=max(theme.WIDTH, len(steps) * max(110, 26 * len(values))))


def describe(spec: Funnel, frame: pd.DataFrame) -> str:
    """Say in words what the chart shows."""
    if frame.empty:
        return f"Funnel of {len(spec.steps)} steps: nobody entered."
    said = []
    for value, rows in _groups(frame) if spec.breakdown else [(None, frame)]:
        steps = ", ".join(f"{r.event} {r.count:,} ({r.conversion_rate:.1%})" for r in rows.itertuples())
        said.append(f"{value_label(value)}: {steps}." if spec.breakdown else f"Funnel within {spec.window}: {steps}.")
    return " ".join(said[:8])


def _groups(frame: pd.DataFrame) -> list[tuple[Any, pd.DataFrame]]:
    values = list(dict.fromkeys(frame.breakdown_value))
    return [(value, frame[[v == value for v in frame.breakdown_value]]) for value in values]
