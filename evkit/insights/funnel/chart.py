"""How funnels are drawn: a bar each step, what was lost behind it, the conversion between steps."""

from __future__ import annotations

import datetime as dt
from typing import Any

import altair as alt
import pandas as pd

from evkit.insights import theme
from evkit.insights.display import Chart, layer, nothing, picked
from evkit.insights.funnel.spec import Funnel
from evkit.insights.time_lines import WHEN, ends, time_lines
from evkit.insights.trends.chart import value_label

LABELLED_VALUES = 4
"""Up to so many breakdown values every bar has its figure written above it."""


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
    names = step_labels(spec)
    for row in frame.itertuples():
        if row.step == 1:
            required, before = 1, 1.0
        optional = spec.optional[row.step - 1]
        made.append(
            {
                "step": f"{row.step}. {names[row.step - 1]}",
                "value": value_label(row.breakdown_value) if spec.breakdown else "all",
                "count": int(row.count),
                "rate": float(row.conversion_rate),
                "before": float(row.conversion_rate if optional else before),
                "share": f"{row.conversion_rate:.1%}",
                "from_before": "" if row.step == 1 else f"{row.step_conversion_rate:.1%} of {since(required, row.step)}",
                "lost": "" if row.step == 1 or optional else f"{max(before - row.conversion_rate, 0):.1%} of step 1 lost here",
                "median": span(row.median_seconds),
                "average": span(row.average_seconds),
                "row": int(row.Index),
            }
        )
        if not optional:
            required, before = row.step, row.conversion_rate
    return made


def since(required: int, step: int) -> str:
    """Name the step that a conversion is of: the required one before, which optional ones may stand between."""
    return "the step before" if required == step - 1 else f"step {required}"


def chart(spec: Funnel, frame: pd.DataFrame, *, now: dt.datetime | None = None) -> Any:
    """Draw a funnel: bars of steps, lines of conversion over time, or bars of how long it takes.

    Parameters
    ----------
    now
        Wall clock of the project's zone: periods that end later are unfinished and drawn dashed.
    """
    subtitle = f"within {spec.window}"
    if frame.empty and spec.viz_type != "steps":
        return nothing("Nobody entered." if spec.viz_type == "trends" else "Nobody converted.").properties(
            title=spec.title, description=describe(spec, frame)
        )
    if spec.viz_type == "trends":
        drawn, subtitle = lines(spec, frame, now), f"{subtitle}, by the {spec.interval} of the first step"
    elif spec.viz_type == "time_to_convert":
        drawn, subtitle = durations(frame), f"time from step {spec.first} to step {spec.last}, {subtitle}"
    else:
        rows = rows_of(spec, frame) or nobody(spec)
        drawn = by_value(rows) if spec.breakdown else plain(rows)
    between = {"unordered": " + "}.get(spec.order_type, " \N{RIGHTWARDS ARROW} ")
    title = {"text": between.join(s.label for s in spec.steps), "subtitle": subtitle}
    return drawn.properties(title=title, description=describe(spec, frame), height=theme.HEIGHT)


def nobody(spec: Funnel) -> list[dict[str, Any]]:
    """Give the chart's data where nobody entered."""
    empty = {"value": "all", "count": 0, "rate": 0.0, "before": 0.0, "share": "0.0%", "from_before": ""}
    return [{"step": f"{i}. {label}", **empty} for i, label in enumerate(step_labels(spec), 1)]


def step_labels(spec: Funnel) -> list[str]:
    """Give what the steps are called on the axis: in an unordered funnel how many were done."""
    if spec.order_type == "unordered":
        return [f"any {i} of {len(spec.steps)} steps" for i in range(1, len(spec.steps) + 1)]
    return [f"{s.label} (optional)" if s.optional else s.label for s in spec.steps]


def lines(spec: Funnel, frame: pd.DataFrame, now: dt.datetime | None) -> Any:
    """Draw the conversion rate over time, a line a breakdown value."""
    rows = [
        {
            "line": value_label(r.breakdown_value) if spec.breakdown else "conversion",
            "time": f"{r.bucket.isoformat()}Z",
            "when": f"{'week of ' if spec.interval == 'week' else ''}{r.bucket.strftime(WHEN.get(spec.interval, '%a %d %b %Y'))}",
            "value": float(r.conversion_rate),
            "entered": int(r.entered),
            "converted": int(r.converted),
            "open": bool(now is not None and ends(r.bucket, spec.interval) > pd.Timestamp(now)),
            "row": int(r.Index),
        }
        for r in frame.itertuples()
    ]
    tooltip = [
        alt.Tooltip("line:N", title="value"), alt.Tooltip("when:N", title="entered in"), alt.Tooltip("value:Q", format=".1%", title="converted"),
        alt.Tooltip("entered:Q", format=","), alt.Tooltip("converted:Q", format=",", title="of them converted"),
    ]  # fmt: skip
    return time_lines(rows, spec.interval, tooltip=tooltip, number_format="%")


def span_labels(frame: pd.DataFrame) -> list[str]:
    """Write the bins for people, each differently: where two would read alike, in seconds."""
    edges = list(zip(frame.bin_start_seconds.tolist(), frame.bin_end_seconds.tolist(), strict=True))
    said = [f"{span(start) or '0 seconds'} to {span(end)}" for start, end in edges]
    return said if len(set(said)) == len(said) else [f"{start:,} to {end:,} seconds" for start, end in edges]


def durations(frame: pd.DataFrame) -> Any:
    """Draw how many took how long."""
    names = span_labels(frame)
    rows = [{"took": name, "count": int(r.count), "row": int(r.Index)} for name, r in zip(names, frame.itertuples(), strict=True)]
    order = [r["took"] for r in rows]
    base = Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "took:N",
            sort=order,
            title=None,
            axis=alt.Axis(labelAngle=-35, labelLimit=180, labelOverlap=True),
            scale=alt.Scale(paddingInner=0.08),
        ),
        y=alt.Y("count:Q", title=None, axis=alt.Axis(tickCount=5, tickMinStep=1, format=",d")),
        tooltip=[alt.Tooltip("took:N", title="time"), alt.Tooltip("count:Q", format=",")],
    )
    bar = base.mark_bar(color=theme.CATEGORIES[0], cornerRadiusEnd=3)
    figure = base.transform_filter("datum.count > 0").mark_text(dy=-7, fontSize=11).encode(text=alt.Text("count:Q", format=","))
    return layer(bar, figure).properties(width=max(theme.WIDTH, 56 * len(order)))


def tooltips() -> list[alt.Tooltip]:
    """Give what hovering over a bar says."""
    named = (("step:N", "step"), ("value:N", "value"), ("count:Q", "count"), ("share:N", "of step 1"), ("from_before:N", "conversion"))
    return [
        *(alt.Tooltip(field, title=title) for field, title in named),
        alt.Tooltip("median:N", title="median time"),
        alt.Tooltip("average:N", title="average time"),
    ]


def step_axis(steps: int, width: int) -> alt.Axis:
    """Give the axis that names the steps: each in its own place, however wide the chart is drawn.

    Beside another chart (``a | b``) there is no one width to be known, and `width` stands for it.
    """
    two_lines = r"split(replace(datum.label, / \(optional\)$/, '\n(optional)'), '\n')"
    return alt.Axis(labelAngle=0, labelLimit=alt.ExprRef(expr=f"max(30, (width || {width}) / {steps} - 6)"), labelExpr=two_lines)


def plain(rows: list[dict[str, Any]]) -> Any:
    """Draw the steps of everybody."""
    order = list(dict.fromkeys(r["step"] for r in rows))
    width = max(theme.WIDTH, 150 * len(order))
    base = Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("step:N", sort=order, title=None, axis=step_axis(len(order), width), scale=alt.Scale(paddingInner=0.25))
    )
    height = alt.Y(
        "rate:Q", title=None, scale=alt.Scale(domain=[0, 1.12], nice=False), axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    )
    lost = (
        base.transform_calculate(part="'lost'")
        .mark_bar(color=theme.QUIET, opacity=0.16, cornerRadiusEnd=3)
        .encode(y=alt.Y("before:Q"), tooltip=[alt.Tooltip("step:N"), alt.Tooltip("lost:N", title="lost")])
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
    return layer(lost, bar, figure, between).properties(width=width)


def by_value(rows: list[dict[str, Any]]) -> Any:
    """Draw a bar each step and breakdown value, side by side; click the legend to single out a value."""
    steps, values = list(dict.fromkeys(r["step"] for r in rows)), list(dict.fromkeys(r["value"] for r in rows))
    pick = picked("value", rows)
    width = max(theme.WIDTH, len(steps) * max(110, 26 * len(values)))
    base = Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("step:N", sort=steps, title=None, axis=step_axis(len(steps), width), scale=alt.Scale(paddingInner=0.2)),
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
    return layer(*parts).properties(width=width)


def describe(spec: Funnel, frame: pd.DataFrame) -> str:
    """Say in words what the chart shows."""
    if spec.viz_type == "time_to_convert":
        return words_of_durations(spec, frame)
    if frame.empty:
        return f"Funnel of {len(spec.steps)} steps: nobody entered."
    if spec.viz_type == "trends":
        return words_of_course(spec, frame)
    said, names = [], step_labels(spec)
    for value, rows in _groups(frame) if spec.breakdown else [(None, frame)]:
        steps = ", ".join(f"{names[r.step - 1]} {r.count:,} ({r.conversion_rate:.1%})" for r in rows.itertuples())
        said.append(f"{value_label(value)}: {steps}." if spec.breakdown else f"Funnel within {spec.window}: {steps}.")
    return " ".join(said[:8])


def words_of_durations(spec: Funnel, frame: pd.DataFrame) -> str:
    """Say how long it takes."""
    total = int(frame["count"].sum())
    if not total:
        return f"Time from step {spec.first} to step {spec.last}: nobody converted."
    place = int(frame["count"].argmax())
    top, most = frame.iloc[place], span_labels(frame)[place]
    return (
        f"Time from step {spec.first} to step {spec.last}: {total:,} converted, in {span(frame.average_seconds.iloc[0]) or 'no time'} on average. "
        f"Most often in {most} ({int(top['count']):,})."
    )


def words_of_course(spec: Funnel, frame: pd.DataFrame) -> str:
    """Say how conversion went over time."""
    said = [f"Conversion by {spec.interval} from {frame.bucket.min():%d %B %Y} to {frame.bucket.max():%d %B %Y}."]
    for value, rows in _groups(frame) if spec.breakdown else [("all", frame)]:
        top = rows.loc[rows.conversion_rate.idxmax()]
        said.append(
            f"{value_label(value)}: {int(rows.entered.sum()):,} entered, from {rows.conversion_rate.iloc[0]:.1%} to {rows.conversion_rate.iloc[-1]:.1%}, "
            f"highest {top.conversion_rate:.1%} ({top.bucket:%d %b %Y})."
        )
    return " ".join(said[:9])


def _groups(frame: pd.DataFrame) -> list[tuple[Any, pd.DataFrame]]:
    values = list(dict.fromkeys(frame.breakdown_value))
    return [(value, frame[[v == value for v in frame.breakdown_value]]) for value in values]
