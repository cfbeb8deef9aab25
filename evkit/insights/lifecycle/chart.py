"""How a lifecycle is drawn: who is there above zero, who stayed away below."""

from __future__ import annotations

import datetime as dt
from typing import Any

import altair as alt
import pandas as pd

from evkit.insights import theme
from evkit.insights.display import Chart, layer, picked
from evkit.insights.lifecycle.spec import STATUSES, Lifecycle
from evkit.insights.time_lines import begins_in_words, bucket_axis, ends, fading

COLORS = {"new": theme.CATEGORIES[0], "returning": theme.CATEGORIES[2], "resurrecting": theme.CATEGORIES[4], "dormant": theme.CATEGORIES[6]}


def chart(spec: Lifecycle, frame: pd.DataFrame, *, now: dt.datetime | None = None) -> Any:
    """Draw a lifecycle: bars on top of each other, those of who is dormant below zero.

    Parameters
    ----------
    frame
        The figures (`Lifecycle`).
    now
        Wall clock of the project's zone: buckets that end later are unfinished and drawn lighter.
    """
    rows = points(spec, frame, now)
    pick = picked("line", rows)
    starts = list(dict.fromkeys(r["time"] for r in rows))
    who = "groups" if spec.of_groups else "people"
    base = Chart(alt.InlineData(values=rows))
    bars = base.mark_bar(cornerRadiusEnd=1).encode(
        x=alt.X("time:O", sort=starts, title=None, axis=bucket_axis(starts, spec.interval), scale=alt.Scale(paddingInner=0.15)),
        y=alt.Y("value:Q", title=None, stack="zero", axis=alt.Axis(tickCount=6, format=",.6~g", tickMinStep=1)),
        color=alt.Color(
            "line:N",
            title=None,
            scale=alt.Scale(domain=list(STATUSES), range=[COLORS[s] for s in STATUSES]),
            legend=alt.Legend(orient="bottom", columns=4),
        ),
        order=alt.Order("place:Q"),
        opacity=fading(pick),
        tooltip=[
            alt.Tooltip("line:N", title="status"),
            alt.Tooltip("when:N", title="time"),
            alt.Tooltip("people:Q", format=",", title=who),
        ],
    )
    zero = Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(color=theme.BETWEEN).encode(y=alt.Y("zero:Q", title=None))
    drawn = layer(bars.add_params(pick), zero)
    return drawn.properties(title=spec.title, description=describe(spec, frame), width=theme.WIDTH, height=theme.HEIGHT)


def points(spec: Lifecycle, frame: pd.DataFrame, now: dt.datetime | None) -> list[dict[str, Any]]:
    """Give the chart's data: a row a bucket and status, with its row of the figures."""
    late = {b: now is not None and ends(b, spec.interval) > pd.Timestamp(now) for b in frame.bucket.drop_duplicates()}
    return [
        {
            "time": f"{row.bucket.isoformat()}Z",
            "line": row.status,
            "place": STATUSES.index(row.status),
            "value": row.value,
            "people": abs(row.value),
            "when": begins_in_words(row.bucket, spec.interval),
            "open": bool(late[row.bucket]),
            "row": i,
        }
        for i, row in enumerate(frame.itertuples(index=False))
    ]


def describe(spec: Lifecycle, frame: pd.DataFrame) -> str:
    """Say in words what the chart shows."""
    first, last = frame.bucket.min(), frame.bucket.max()
    said = [f"Bars by {spec.interval} from {first:%d %B %Y} to {last:%d %B %Y}, dormant below zero."]
    for status in STATUSES:
        mine = frame[frame.status == status].reset_index(drop=True)
        sizes = mine.value.abs()
        top = mine.loc[sizes.idxmax()]
        said.append(
            f"{status}: from {sizes.iloc[0]:,.6g} to {sizes.iloc[-1]:,.6g}, highest {abs(top.value):,.6g} ({top.bucket:%d %b %Y}), {sizes.sum():,.6g} in all."
        )
    return " ".join(said)
