"""Who is behind a figure of stickiness."""

from __future__ import annotations

import pandas as pd

from evkit.errors import SpecError, unknown, whole
from evkit.insights.stickiness import compute
from evkit.insights.stickiness.spec import OPERATORS, Stickiness
from evkit.insights.trends.actors import place_of
from evkit.model.tables import EventTables


def actors(
    spec: Stickiness, tables: EventTables, *, intervals: int | None = None, operator: str | None = None, series: int | str = 0,
    period: str = "current",
) -> pd.DataFrame:  # fmt: skip
    """Give who counts in so many intervals.

    Parameters
    ----------
    intervals
        How many, from 1; None is anybody who counts.
    operator
        "exact" (so many), "gte" (or more), "lte" (or fewer); None is as the figures are, "gte" where they are cumulative.
    series
        By number from 0, or by name.
    period
        "current" or "previous".

    Returns
    -------
    pandas.DataFrame
        actor_id, intervals (how many they count in), events (how many they have in those), first_interval, last_interval (of
        those: their starts, wall clock of the project's zone; with an interval_count their numbers back from the end); a row
        an actor, most intervals first.

    Raises
    ------
    SpecError
        When the question has no such series, period or number.
    """
    spans = compute.periods(spec, tables)
    if period not in spans:
        raise unknown("period", period, spans)
    check(intervals, compute.most(spec, spans[period]))
    return found(spec, tables, intervals=intervals, operator=operator, series=series, period=period)


def found(
    spec: Stickiness, tables: EventTables, *, intervals: int | None, operator: str | None, series: int | str, period: str
) -> pd.DataFrame:
    """Give who counts in so many intervals, as `actors` does: nobody where no figure is of so many."""
    spans = compute.periods(spec, tables)
    how = operator_of(spec, operator)
    one = spec.series[place_of(series, spec.labels, [s.label for s in spec.series])]
    q = compute.qualifying(spec, compute.active(spec, tables, one, spans[period]))
    low, high = q.interval.min(), q.interval.max()
    first, last = (low, high) if spec.interval_count == 1 else (high, low)
    who = q.group_by(actor_id=q.actor).agg(intervals=q.count(), events=q.events.sum(), first_interval=first, last_interval=last)
    if intervals is not None:
        who = who.filter(compute.COMPARED[how](who.intervals, intervals))
    return tables.execute(who.order_by([who.intervals.desc(), who.events.desc(), who.actor_id]))


def operator_of(spec: Stickiness, operator: str | None) -> str:
    """Give how the number of intervals is compared.

    Raises
    ------
    SpecError
        When it is no operator, or not that of cumulative figures.
    """
    if operator is not None and operator not in OPERATORS:
        raise unknown("operator", operator, OPERATORS)
    if spec.cumulative and operator not in (None, "gte"):
        raise SpecError(f"operator {operator!r}: these figures are cumulative, so who is behind one is there by 'gte'")
    return operator or ("gte" if spec.cumulative else "exact")


def check(intervals: int | None, most: int) -> None:
    """Raise for a number of intervals that has no figure."""
    if intervals is None:
        return
    whole("intervals", intervals)
    if not 1 <= intervals <= most:
        raise SpecError(f"intervals {intervals}: the figures count from 1 to {most}")
