"""How a timeline is drawn: a lane each kind of thing and event name; what happens close together is one mark with a count."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import altair as alt
import pandas as pd

from evkit.insights import theme
from evkit.insights.display import Chart, layer
from evkit.insights.timeline.spec import Timeline

MAX_LANES = 14
"""Further event names share the lane "other events"."""
STEPS = ("1min", "10min", "1h", "6h", "1D", "7D")
FINE = ("1s", "10s")
"""Before these, where everything happened within an hour."""
MOST_TICKS = 8
TICKS: tuple[tuple[str, int, int, str], ...] = (
    *(("second", n, n, "%H:%M:%S") for n in (1, 5, 15, 30)),
    *(("minute", n, 60 * n, "%H:%M") for n in (1, 5, 15, 30)),
    *(("hour", n, 3_600 * n, "%H:%M") for n in (1, 3)),
    *(("hour", n, 3_600 * n, "%-d %b %H:%M") for n in (6, 12)),
    *(("day", n, 86_400 * n, "%-d %b") for n in (1, 2)),
    ("week", 1, 604_800, "%-d %b"),
    *(("month", n, 2_635_200 * n, "%b %Y") for n in (1, 3)),
    ("year", 1, 31_557_600, "%Y"),
)
"""Where the axis may have its ticks: a unit, how many of it, seconds, and how d3 writes it so that no two ticks are written alike."""
MOST_MARKS = 600
KINDS = ("session", "event", "merge", "property")
COLORS = dict(zip(KINDS, (theme.QUIET, *theme.CATEGORIES[:3]), strict=True))
FORM = "%a %d %b %Y %H:%M:%S"


def lanes(frame: pd.DataFrame) -> pd.Series:
    """Name the lane of each row."""
    events = frame[frame.kind == "event"].what.value_counts().index[:MAX_LANES]
    named = frame.what.where(frame.what.isin(events), "other events")
    return named.where(
        frame.kind == "event", frame.kind.map({"session": "sessions", "merge": "merges", "property": "properties", "event": ""})
    )


def marks(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the chart's data: a row a lane and stretch of time with how often; never the events themselves."""
    points = frame[frame.kind != "session"].assign(lane=lanes(frame))
    short = frame.time.max() - frame.time.min() < pd.Timedelta(hours=1)
    for step in (*FINE, *STEPS) if short else STEPS:
        grouped = points.assign(at=points.time.dt.floor(step)).groupby(["lane", "kind", "at"], sort=True)
        if grouped.ngroups <= MOST_MARKS:
            break
    made = []
    for (lane, kind, at), rows in grouped:
        names = ", ".join(sorted(set(rows.what))[:6])
        made.append(
            {"lane": lane, "kind": kind, "time": f"{at.isoformat()}Z", "when": at.strftime(FORM), "count": len(rows), "names": names}
        )
    return made


def ticks(frame: pd.DataFrame) -> dict[str, Any]:
    """Say where the axis has ticks, and how they are written: as fine as the time that is shown, at most `MOST_TICKS` and one."""
    last = frame[["time", "end"]].max().max() if "end" in frame else frame.time.max()
    seconds = 0.0 if frame.empty else (last - frame.time.min()).total_seconds()
    unit, step, _, form = next((t for t in TICKS if t[2] * MOST_TICKS >= seconds), TICKS[-1])
    if (unit, step) == ("year", 1) and seconds > TICKS[-1][2] * MOST_TICKS:
        step = math.ceil(seconds / TICKS[-1][2] / MOST_TICKS)
    return {"format": form, "tickCount": {"interval": unit, "step": step}}


def chart(spec: Timeline, frame: pd.DataFrame, *, now: dt.datetime | None = None) -> Any:
    """Draw a timeline."""
    sessions = frame[frame.kind == "session"]
    bars = [
        {
            "lane": "sessions",
            "kind": "session",
            "time": f"{s.time.isoformat()}Z",
            "end": f"{s.end.isoformat()}Z",
            "when": s.time.strftime(FORM),
            "names": s.detail,
        }
        for s in sessions.head(MOST_MARKS).itertuples()
    ]
    rows = marks(frame)
    order = [name for name in ("sessions", "merges", "properties") if any(r["lane"] == name for r in [*bars, *rows])]
    order += sorted({r["lane"] for r in rows} - set(order))
    y = alt.Y("lane:N", sort=order, title=None, axis=alt.Axis(grid=True, labelLimit=220), scale=alt.Scale(domain=order))
    x = alt.X(
        "time:T", title=None, scale=alt.Scale(type="utc", padding=14), axis=alt.Axis(**ticks(frame), labelOverlap=True)
    )
    color = alt.Color("kind:N", legend=None, scale=alt.Scale(domain=list(COLORS), range=list(COLORS.values())))
    tooltip = [alt.Tooltip("lane:N", title="what"), alt.Tooltip("when:N", title="from"), alt.Tooltip("names:N", title="in it")]
    session = Chart(alt.InlineData(values=bars)).mark_bar(height=10, cornerRadius=2, stroke=theme.QUIET, strokeWidth=2)
    point = Chart(alt.InlineData(values=rows)).mark_circle(opacity=0.85)
    size = alt.Size("count:Q", legend=None, scale=alt.Scale(range=[50, 320], domainMin=1))
    drawn = layer(
        session.encode(x=x, x2="end:T", y=y, color=color, tooltip=tooltip),
        point.encode(x=x, y=y, color=color, size=size, tooltip=[*tooltip, alt.Tooltip("count:Q")]),
    )
    return drawn.properties(title=spec.title, description=describe(spec, frame), width=theme.WIDTH, height=alt.Step(26))


def describe(spec: Timeline, frame: pd.DataFrame) -> str:
    """Say in words what the chart shows."""
    if frame.empty:
        return f"{spec.title}: nothing happened."
    counts = frame.kind.value_counts()
    names = frame[frame.kind == "event"].what.value_counts().head(5)
    most = ", ".join(f"{name} {n:,}" for name, n in names.items())
    words = {"event": "event", "session": "session", "merge": "merge", "property": "property change"}
    said = ", ".join(f"{counts[k]:,} {word}{'' if counts[k] == 1 else 's'}" for k, word in words.items() if k in counts)
    return f"{spec.title}: {said}, from {frame.time.min():%d %B %Y} to {frame.time.max():%d %B %Y}. Most often: {most}."
