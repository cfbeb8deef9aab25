"""How retention is drawn: the grid of cohorts by intervals, or the curves of those who come back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import altair as alt
import pandas as pd

from evkit.insights import theme
from evkit.insights.display import Chart, layer, nothing, picked
from evkit.insights.retention.grid import RUNNING, TO_COME
from evkit.insights.retention.means import figure, means
from evkit.insights.retention.spec import Retention
from evkit.insights.time_lines import WHEN, begins_in_words
from evkit.insights.trends.chart import value_labels

MOST_COHORTS = 40
"""Cohorts that are drawn, the newest."""
FEW_COHORTS = 15
"""Curves of more are fainter."""
MOST_INTERVALS = 60
CELL = (54, 26)
"""Width and height of a cell of the grid."""
PEOPLE, GROUPS, MEAN, OVERALL = "people", "groups", "mean", "mean of all cohorts"
MOST_TOLD = 8


def chart(spec: Retention, frame: pd.DataFrame, *, now: dt.datetime | None = None) -> Any:
    """Draw retention: a grid, or curves; with a breakdown a curve each value.

    Parameters
    ----------
    frame
        The figures (`Retention`): its `state` says what isn't over yet.
    now
        Not looked at.
    """
    title = {"text": title_of(spec), "subtitle": subtitle(spec, frame)}
    if not frame["count"].any():
        return nothing("Nobody began.").properties(title=title, description=describe(spec, frame))
    if spec.breakdown:
        drawn = value_curves(spec, frame)
    else:
        draw = grid if spec.display == "ActionsTable" else curves
        drawn = draw(spec, drawn_part(frame), means(spec, frame))
    return drawn.properties(title=title, description=describe(spec, frame))


def title_of(spec: Retention) -> str:
    """Say what is looked at."""
    again = " again" if spec.is_same else f" \N{RIGHTWARDS ARROW} {spec.returning.label}"
    return f"{spec.target.label}{again}"


def who(spec: Retention) -> str:
    """Say who is counted."""
    return PEOPLE if spec.group_type is None and spec.group_type_index is None else GROUPS


def subtitle(spec: Retention, frame: pd.DataFrame) -> list[str]:
    """Say what a figure is, and what is left out of the picture."""
    kind = {"retention_recurring": "", "retention_first_time": "first time, ", "retention_first_ever_occurrence": "first time ever, "}[
        spec.retention_type
    ]
    what = f"{spec.aggregation_type} of {spec.aggregation_property.key}" if spec.aggregation_property else "share of the cohort"
    on = " or later" if spec.cumulative else ""
    said: list[str] = []
    cohorts, intervals = frame.cohort.nunique(), frame.interval.nunique()
    if cohorts > MOST_COHORTS and not spec.breakdown:
        said.append(f"the newest {MOST_COHORTS} of {cohorts:,} cohorts")
    if intervals > MOST_INTERVALS:
        said.append(f"the first {MOST_INTERVALS} of {intervals:,} intervals")
    drawn = spec.breakdown or spec.display != "ActionsTable"
    if (drawn_part(frame).state == RUNNING).any() and not spec.breakdown:
        said.append("not over yet: dotted" if drawn else "not over yet: dashed frame")
    return [f"{kind}{what} by {spec.period}{on}", *([", ".join(said)] if said else [])]


def drawn_part(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the part that is drawn: the newest cohorts, the first intervals."""
    starts = frame.cohort.drop_duplicates()
    kept = starts.iloc[-MOST_COHORTS:]
    return frame[frame.cohort.isin(kept) & (frame.interval < MOST_INTERVALS)]


def cohort_label(start: pd.Timestamp, period: str) -> str:
    """Name a cohort in a line.

    Examples
    --------
    >>> cohort_label(pd.Timestamp("2026-02-02"), "week")
    '2 Feb 2026'
    """
    return f"{start:{WHEN[period]}}" if period in WHEN else f"{start.day} {start:%b %Y}"


def written(spec: Retention, value: float) -> str:
    """Write a figure as it stands in a cell."""
    if spec.aggregates:
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:.0%}" if value >= 0.1 or not value else f"{value:.1%}"


# ---------------------------------------------------------------------- the grid
def cells(spec: Retention, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the data of the grid: a row a cell that has begun, of a cohort with somebody in it."""
    column = figure(spec)
    there = frame[(frame.state != TO_COME) & (frame.cohort_size > 0)]
    later = there[there.interval > 0] if not spec.aggregates else there
    most = float(later[column].max()) if len(later) and float(later[column].max()) > 0 else 1.0
    made = []
    for r in there.itertuples():
        value = float(getattr(r, column))
        heat = min(max(value / most, 0.0), 1.0)
        made.append(
            {
                "cohort": cohort_label(r.cohort, spec.period), "interval": r.label, "value": value, "said": written(spec, value),
                "heat": heat, "much": heat > theme.MUCH, "running": r.state == RUNNING, "count": int(r.count), "share": float(r.share),
                "size": int(r.cohort_size), "when": begins_in_words(r.cohort, spec.period),
                "state": "not over yet" if r.state == RUNNING else "over", "row": int(r.Index),
            }
        )  # fmt: skip
    return made


def grid(spec: Retention, frame: pd.DataFrame, mean: pd.DataFrame) -> Any:
    """Draw the grid: a row a cohort, its size, a cell an interval; the mean of all cohorts on top."""
    beside_cells = who(spec)
    rows = cells(spec, frame)
    names = list(dict.fromkeys(frame.label))
    cohorts = frame.drop_duplicates("cohort")
    order = [cohort_label(start, spec.period) for start in cohorts.cohort]
    sizes: list[dict[str, Any]] = [
        {"cohort": name, "interval": beside_cells, "said": f"{size:,}"}
        for name, size in zip(order, cohorts.cohort_size.tolist(), strict=True)
    ]
    if spec.mean_retention_calculation != "none":
        shown = mean[mean.interval < MOST_INTERVALS]
        sizes += [
            {"cohort": MEAN, "interval": label, "said": written(spec, value)}
            for label, value in zip(shown.label, shown["mean"], strict=True)
        ]
        order = [MEAN, *order]
    y = alt.Y("cohort:N", sort=order, title=None, axis=alt.Axis(labelLimit=200), scale=alt.Scale(domain=order, paddingInner=0.06))
    axis = alt.Axis(orient="top", labelAngle=0, labelExpr=f"replace(datum.label, '{spec.period.capitalize()} ', '')", labelPadding=4)
    x = alt.X(
        "interval:N", sort=[beside_cells, *names], title=None, axis=axis, scale=alt.Scale(domain=[beside_cells, *names], paddingInner=0.04)
    )
    base = Chart(alt.InlineData(values=rows)).encode(x=x, y=y)
    color = alt.Color("heat:Q", scale=alt.Scale(domain=[0, 1], range=list(theme.HEAT)), legend=None)
    rect = base.mark_rect(cornerRadius=2).encode(color=color, tooltip=hover(spec))
    frames = base.transform_filter("datum.running").mark_rect(
        filled=False, fill=None, stroke=theme.BETWEEN, strokeWidth=1.5, strokeDash=[3, 2], cornerRadius=2
    )
    ink = alt.condition("datum.much", alt.value(theme.ON_HEAT[1]), alt.value(theme.ON_HEAT[0]))
    text = base.mark_text(fontSize=11).encode(text="said:N", color=ink)
    beside = Chart(alt.InlineData(values=sizes)).mark_text(fontSize=11, fontWeight="bold").encode(x=x, y=y, text="said:N")
    return layer(rect, frames, text, beside).properties(width=alt.Step(CELL[0]), height=alt.Step(CELL[1]))


def hover(spec: Retention) -> list[alt.Tooltip]:
    """Give what hovering over a cell or a point of a cohort says."""
    more = [alt.Tooltip("value:Q", format=",.4~g", title=f"{spec.aggregation_type}")] if spec.aggregates else []
    return [
        alt.Tooltip("when:N", title="cohort"), alt.Tooltip("interval:N"), alt.Tooltip("count:Q", format=",", title="came back"),
        alt.Tooltip("size:Q", format=",", title="of"), alt.Tooltip("share:Q", format=".1%"), *more, alt.Tooltip("state:N"),
    ]  # fmt: skip


# ---------------------------------------------------------------------- curves
def scales(spec: Retention, frame: pd.DataFrame) -> tuple[alt.X, alt.Y]:
    """Give the axes of curves."""
    names = list(dict.fromkeys(frame.label[frame.interval < MOST_INTERVALS]))
    short = f"replace(datum.label, '{spec.period.capitalize()} ', '')"
    axis = alt.Axis(labelAngle=0, labelOverlap=True, labelExpr=short)
    x = alt.X("interval:N", sort=names, title=f"{spec.period}s after", axis=axis, scale=alt.Scale(domain=names))
    form = ",.6~g" if spec.aggregates else "%"
    return x, alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5, format=form), scale=alt.Scale(zero=True))


def curves(spec: Retention, frame: pd.DataFrame, found: pd.DataFrame) -> Any:
    """Draw a curve each cohort, what isn't over dotted, and the mean of them."""
    rows = cells(spec, frame)
    x, y = scales(spec, frame)
    faint = 0.6 if frame.cohort.nunique() <= FEW_COHORTS else 0.3
    over = [r for r in rows if not r["running"]]
    last = {r["cohort"]: r for r in over}
    open_ends = [r for r in rows if r["running"] or r is last.get(r["cohort"])]
    base = Chart(alt.InlineData(values=over)).encode(x=x, y=y, detail="cohort:N")
    parts = [base.mark_line(color=theme.QUIET, opacity=faint, strokeWidth=1.2)]
    if any(r["running"] for r in rows):
        dotted = Chart(alt.InlineData(values=open_ends)).encode(x=x, y=y, detail="cohort:N")
        parts.append(dotted.mark_line(color=theme.QUIET, opacity=faint, strokeWidth=1.2, strokeDash=[2, 3]))
    points = Chart(alt.InlineData(values=rows)).mark_point(filled=True, size=22, color=theme.QUIET, opacity=faint)
    parts.append(points.encode(x=x, y=y, tooltip=hover(spec)))
    if spec.mean_retention_calculation != "none":
        mean = mean_rows(found, {None: OVERALL})
        top = Chart(alt.InlineData(values=mean)).encode(x=x, y=y, tooltip=mean_hover(spec))
        parts += [top.mark_line(color=theme.CATEGORIES[0], strokeWidth=3), top.mark_point(filled=True, size=60, color=theme.CATEGORIES[0])]
        if mean:
            first = Chart(alt.InlineData(values=mean[:1])).encode(x=x, y=y)  # all begin there: the lines are below it
            parts.append(first.mark_text(dx=12, dy=-9, align="left", fontWeight="bold", color=theme.CATEGORIES[0]).encode(text="line:N"))
    return layer(*parts).properties(width=width_of(frame), height=theme.HEIGHT)


def value_curves(spec: Retention, frame: pd.DataFrame) -> Any:
    """Draw the mean curve of each breakdown value; click the legend to single one out."""
    names = value_names(frame)
    rows = mean_rows(means(spec, frame), names)
    order = list(dict.fromkeys(r["line"] for r in rows))
    x, y = scales(spec, frame)
    pick = picked("line", rows)
    color = alt.Color("line:N", sort=order, title=None, legend=alt.Legend(orient="bottom", columns=3, symbolType="stroke"))
    base = Chart(alt.InlineData(values=rows)).encode(x=x, y=y, color=color, opacity=alt.condition(pick, alt.value(1), alt.value(0.15)))
    line = base.mark_line().add_params(pick)
    point = base.mark_point(filled=True, size=42).encode(tooltip=mean_hover(spec))
    return layer(line, point).properties(width=width_of(frame), height=theme.HEIGHT)


def value_names(frame: pd.DataFrame) -> dict[Any, str]:
    """Write breakdown values for people, each differently."""
    return value_labels(frame.breakdown_value.drop_duplicates().tolist())


def mean_rows(found: pd.DataFrame, names: dict[Any, str]) -> list[dict[str, Any]]:
    """Give the data of mean curves."""
    return [
        {
            "line": names[r.breakdown_value], "interval": r.label, "value": float(r.mean), "cohorts": int(r.cohorts),
            "people": int(r.people),
        }
        for r in found[found.interval < MOST_INTERVALS].itertuples()
    ]  # fmt: skip


def mean_hover(spec: Retention) -> list[alt.Tooltip]:
    """Give what hovering over a point of a mean says."""
    form = ",.4~g" if spec.aggregates else ".1%"
    return [
        alt.Tooltip("line:N", title="of"), alt.Tooltip("interval:N"), alt.Tooltip("value:Q", format=form, title="mean"),
        alt.Tooltip("cohorts:Q", format=",", title="cohorts that are over"), alt.Tooltip("people:Q", format=",", title="people in them"),
    ]  # fmt: skip


def width_of(frame: pd.DataFrame) -> int:
    """Give a width with room for each interval."""
    return max(theme.WIDTH, 28 * min(int(frame.interval.nunique()), MOST_INTERVALS))


# ---------------------------------------------------------------------- words
def cohorts_in_words(count: int) -> str:
    """Say how many cohorts there are."""
    return f"{count:,} cohort{'' if count == 1 else 's'}"


def describe(spec: Retention, frame: pd.DataFrame) -> str:
    """Say in words what the chart shows."""
    if not frame["count"].any():
        return f"Retention of {title_of(spec)}: nobody began."
    one = frame[frame.breakdown_value.isin(frame.breakdown_value.head(1)) | frame.breakdown_value.isna()]
    people = int(frame[frame.interval == 0]["count"].sum())
    several = bool(spec.breakdown) or (spec.retention_type == "retention_recurring" and not spec.is_rolling)
    in_cohorts = "times somebody was in a cohort" if several else f"{who(spec)} in them"
    first, last = one.cohort.min(), one.cohort.max()
    said = [
        f"Retention of {title_of(spec)} by {spec.period}: {cohorts_in_words(one.cohort.nunique())} from {first:%d %B %Y} to {last:%d %B %Y}, "
        f"{people:,} {in_cohorts}."
    ]
    found = means(spec, frame)
    names = value_names(frame)
    if found.empty:
        return f"{said[0]} No cohort's time is over yet."
    for value in list(dict.fromkeys(found.breakdown_value))[:MOST_TOLD]:
        rows = found[[one == value for one in found.breakdown_value]]
        of = f"{names[value]}: on" if spec.breakdown else "On"
        figures = ", ".join(f"{r.label} {written(spec, float(r.mean))}" for r in rows.head(MOST_TOLD).itertuples())
        said.append(f"{of} average {figures}, of the cohorts whose time is over.")
    return " ".join(said)
