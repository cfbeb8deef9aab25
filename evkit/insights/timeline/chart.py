"""How a timeline is drawn: a lane each kind of thing and event name; what happens close together is one mark with a count."""

from __future__ import annotations

import datetime as dt
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
AROUND = 0.03
"""Of the time that is shown, kept free on each side."""
TICKS = (
    *((f"{n}s", n, "%H:%M:%S") for n in (1, 5, 10, 30)),
    *((f"{n}min", 60 * n, "%H:%M") for n in (1, 5, 10, 30)),
    *((f"{n}h", 3_600 * n, "%H:%M") for n in (1, 3)),
    *((f"{n}h", 3_600 * n, "%-d %b %H:%M") for n in (6, 12)),
    *((f"{n}D", 86_400 * n, "%-d %b") for n in (1, 2, 7)),
    *((f"{n}MS", 2_629_800 * n, "%b %Y") for n in (1, 3)),
    *((f"{n}YS", 31_557_600 * n, "%Y") for n in (1, 2, 5, 10)),
)
"""How far apart the ticks of the axis may be (as pandas has it, and in seconds), and how d3 writes them so that no two are alike."""
MOST_MARKS = 600
KINDS = ("session", "event", "merge", "property")
COLORS = dict(zip(KINDS, (theme.QUIET, *theme.CATEGORIES[:3]), strict=True))
FORM = "%a %d %b %Y %H:%M"


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
    for step in (*FINE, *STEPS) if is_short(frame) else STEPS:
        grouped = points.assign(at=points.time.dt.floor(step)).groupby(["lane", "kind", "at"], sort=True)
        if grouped.ngroups <= MOST_MARKS:
            break
    made, written = [], form(frame)
    for (lane, kind, at), rows in grouped:
        names = ", ".join(sorted(set(rows.what))[:6])
        made.append(
            {"lane": lane, "kind": kind, "time": f"{at.isoformat()}Z", "when": at.strftime(written), "count": len(rows), "names": names}
        )
    return made


def is_short(frame: pd.DataFrame) -> bool:
    """Say whether seconds matter: everything is within an hour."""
    return bool(frame.time.max() - frame.time.min() < pd.Timedelta(hours=1))


def form(frame: pd.DataFrame) -> str:
    """Say how a mark's time is written."""
    return f"{FORM}:%S" if is_short(frame) else FORM


def ticks(first: pd.Timestamp, last: pd.Timestamp) -> tuple[str, list[int]]:
    """Say how the axis writes times, and where: at round times as far apart as the time that is shown asks for.

    Returns
    -------
    tuple
        d3's format; milliseconds since 1970.
    """
    apart, _, written = next((t for t in TICKS if pd.Timedelta(seconds=t[1] * MOST_TICKS) >= last - first), TICKS[-1])
    begin = first.floor("D") if apart.endswith(("D", "S")) else first.floor(apart)
    return written, [milliseconds(at) for at in pd.date_range(begin, last, freq=apart) if at >= first]


def milliseconds(at: pd.Timestamp) -> int:
    """Give a wall clock's time as Vega has it, without a zone."""
    return int(at.value // 1_000_000)


def time_axis(frame: pd.DataFrame) -> alt.X:
    """Give the axis: from the first to the last thing that happened, and a little around."""
    if frame.empty:
        return alt.X("time:T", title=None, scale=alt.Scale(type="utc"))
    first, last = frame.time.min(), frame[["time", "end"]].max().max()
    around = max((last - first) * AROUND, pd.Timedelta(seconds=1))
    first, last = first - around, last + around
    written, at = ticks(first, last)
    scale = alt.Scale(type="utc", domain=[milliseconds(first), milliseconds(last)])
    return alt.X("time:T", title=None, scale=scale, axis=alt.Axis(format=written, values=at, labelOverlap=True))


def chart(spec: Timeline, frame: pd.DataFrame, *, now: dt.datetime | None = None) -> Any:
    """Draw a timeline."""
    sessions, written = frame[frame.kind == "session"], form(frame)
    bars = [
        {
            "lane": "sessions",
            "kind": "session",
            "time": f"{s.time.isoformat()}Z",
            "end": f"{s.end.isoformat()}Z",
            "when": s.time.strftime(written),
            "names": s.detail,
        }
        for s in sessions.head(MOST_MARKS).itertuples()
    ]
    rows = marks(frame)
    order = [name for name in ("sessions", "merges", "properties") if any(r["lane"] == name for r in [*bars, *rows])]
    order += sorted({r["lane"] for r in rows} - set(order))
    y = alt.Y("lane:N", sort=order, title=None, axis=alt.Axis(grid=True, labelLimit=220), scale=alt.Scale(domain=order))
    x = time_axis(frame)
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
