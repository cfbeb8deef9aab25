"""How a correlation is drawn: bars to the right for what goes with success, to the left for what goes with failure."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import altair as alt
import pandas as pd

from evkit.insights import theme
from evkit.insights.correlation.spec import FunnelCorrelation
from evkit.insights.display import Chart, layer, nothing
from evkit.insights.trends.spec import distinct

MOST_CHARACTERS = 60


def short(name: str) -> str:
    """Write a signal's name in a line.

    Examples
    --------
    >>> short("searched::term::cats")
    'searched: term = cats'
    """
    parts = name.split("::", 2)
    said = f"{parts[0]}: {parts[1]} = {parts[2]}" if len(parts) == 3 else f"{parts[0]} = {parts[1]}" if len(parts) == 2 else name
    half = MOST_CHARACTERS // 2
    return said if len(said) <= MOST_CHARACTERS else f"{said[:half]}…{said[-half:]}"


def labels(frame: pd.DataFrame) -> tuple[str, ...]:
    """Name each signal in a line, each differently."""
    return distinct(tuple(short(name) for name in frame.signal))


def chart(spec: FunnelCorrelation, frame: pd.DataFrame, *, now: dt.datetime | None = None) -> Any:
    """Draw the odds of each signal, on a scale on which twice as likely and half as likely are as long."""
    if frame.empty:
        return nothing("No signals.").properties(title="What goes with getting through", description=describe(spec, frame))
    names = labels(frame)
    rows: list[dict[str, Any]] = [
        {
            "signal": names[i], "odds": float(r.odds_ratio), "size": math.log2(r.odds_ratio), "kind": r.correlation_type,
            "said": f"{r.odds_ratio:.3g} times as likely", "success": int(r.success_count), "failure": int(r.failure_count), "place": i,
        }
        for i, r in enumerate(frame.itertuples())
    ]  # fmt: skip
    order = [r["signal"] for r in rows]
    widest = max([abs(r["size"]) for r in rows] + [1.0]) * 1.35
    base = Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("signal:N", sort=order, title=None, axis=alt.Axis(labelLimit=320, offset=0)),
        x=alt.X("size:Q", title=None, axis=None, scale=alt.Scale(domain=[-widest, widest])),
        tooltip=[
            alt.Tooltip("signal:N"), alt.Tooltip("odds:Q", format=".3g", title="odds ratio"),
            alt.Tooltip("success:Q", format=",", title="got through"), alt.Tooltip("failure:Q", format=",", title="didn't"),
        ],
    )  # fmt: skip
    kinds = alt.Scale(domain=["success", "failure"], range=[theme.CATEGORIES[2], theme.CATEGORIES[1]])
    bar = base.mark_bar(cornerRadiusEnd=3).encode(color=alt.Color("kind:N", title=None, scale=kinds, legend=alt.Legend(orient="bottom")))
    right = base.transform_filter("datum.size >= 0").mark_text(align="left", dx=5).encode(text="said:N")
    left = base.transform_filter("datum.size < 0").mark_text(align="right", dx=-5).encode(text="said:N")
    title = {"text": "What goes with getting through", "subtitle": spec.funnel.title}
    return layer(bar, right, left).properties(title=title, description=describe(spec, frame), width=theme.WIDTH, height=alt.Step(26))


def describe(spec: FunnelCorrelation, frame: pd.DataFrame) -> str:
    """Say in words what the chart shows."""
    got, lost = frame.attrs.get("successes", 0), frame.attrs.get("failures", 0)
    said = [f"{got:,} got through {spec.funnel.title}, {lost:,} didn't."]
    if frame.attrs.get("skewed"):
        said.append("That is too uneven for a correlation to mean much.")
    named = frame.assign(label=labels(frame))
    for word, which in (("more", named.odds_ratio > 1), ("less", named.odds_ratio < 1)):
        rows = named[which].head(4)
        if len(rows):
            listed = ", ".join(
                f"{r.label} ({r.odds_ratio:.3g}: {r.success_count:,} of {r.success_count + r.failure_count:,})" for r in rows.itertuples()
            )
            said.append(f"{word.capitalize()} likely with {listed}.")
    return " ".join(said)
