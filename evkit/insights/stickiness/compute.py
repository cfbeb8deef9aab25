"""How stickiness is computed: who counts in which interval, then in how many of them, then how many do so."""

from __future__ import annotations

import datetime as dt
import functools
import operator as op
from collections.abc import Callable, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from evkit.dates import Range, bucket_starts, previous_range
from evkit.dates.buckets import bucket, units_to_end
from evkit.dates.instants import instant
from evkit.errors import NothingBeforeWarning
from evkit.insights import unknown
from evkit.insights.stickiness import journeys
from evkit.insights.stickiness.spec import Stickiness
from evkit.model.tables import EventTables
from evkit.query.counted import counted
from evkit.query.property_filters import refs_in
from evkit.query.spec import Series

COLUMNS = ["series", "order", "period", "intervals", "value"]
PASSING = {"hour": dt.timedelta(hours=1), "minute": dt.timedelta(minutes=1), "second": dt.timedelta(seconds=1)}
COMPARED: dict[str, Callable[[Any, Any], Any]] = {"gte": op.ge, "lte": op.le, "exact": op.eq}


# ---------------------------------------------------------------------- periods
def periods(spec: Stickiness, tables: EventTables) -> dict[str, Range]:
    """Give the ranges of the question: "current", and "previous" where it compares."""
    current = tables.resolve(spec.date_range, interval=spec.interval)
    return {"current": current, **({"previous": previous_range(current, compare_to=spec.compare_to)} if spec.compare else {})}


def most(spec: Stickiness, period: Range) -> int:
    """Give how many intervals a period has, those at its ends that are in it only partly among them.

    Where several make one, hours are counted as they pass: a day has 25 when clocks go back.
    """
    units = len(bucket_starts(period))
    if spec.interval_count > 1 and spec.interval in PASSING:
        units = max(units, (period.end - period.lower) // PASSING[spec.interval] + 1)
    return -(-units // spec.interval_count)


# ---------------------------------------------------------------------- expressions
def active(spec: Stickiness, tables: EventTables, series: Series, period: Range, *, named: bool = True) -> ir.Table:
    """Give the events of a series in a period, with actor and interval: its start, or its number back from the end; without `named`, persons may go by any of their ids."""
    series = series.indexed(tables.group_types) if series.group_type is not None else series
    rows = counted(tables, series, spec.filters, group_type_index=series.group_type_index, by=spec.aggregate_by, named=named)
    rows = rows.filter((rows.timestamp >= instant(period.lower)) & (rows.timestamp <= instant(period.end)))
    if spec.interval_count == 1:
        settings = tables.settings
        at = bucket(rows.timestamp, spec.interval, timezone=settings.timezone, week_start=settings.week_start, dialect=tables.dialect)
    else:
        at = (units_to_end(rows.timestamp, period, dialect=tables.dialect) // spec.interval_count).cast("int64")
    return rows.mutate(interval=at)


def qualifying(spec: Stickiness, rows: ir.Table) -> ir.Table:
    """Give who counts in which interval: actor, interval, events; of the events that `active` gives."""
    found = rows.group_by(["actor", "interval"]).agg(events=rows.count())
    if spec.criteria is None:
        return found
    operator, count = spec.criteria
    return found.filter(COMPARED[operator](found.events, count))


def per_actor(spec: Stickiness, tables: EventTables, series: Series, period: Range) -> ir.Table:
    """Give in how many intervals each actor counts: actor (a person by any of their ids), intervals."""
    rows = active(spec, tables, series, period, named=False)
    found = rows.select("actor", "interval").distinct() if spec.criteria is None else qualifying(spec, rows)
    return found.group_by("actor").agg(intervals=found.count())


def raw(spec: Stickiness, tables: EventTables, asked: Sequence[tuple[int, str]] | None = None) -> ir.Table:
    """Give how many count in exactly so many intervals: order, period, intervals, value; where nobody does there is no row.

    Parameters
    ----------
    asked
        The series, by their order, and periods; None for all.
    """
    spans = periods(spec, tables)
    parts = []
    for order, name in asked or [(order, name) for order in range(len(spec.series)) for name in spans]:
        found = per_actor(spec, tables, spec.series[order], spans[name])
        counts = found.group_by("intervals").agg(value=found.count().cast("float64"))
        parts.append(counts.select("intervals", "value", order=ibis.literal(order), period=ibis.literal(name)))
    return functools.reduce(lambda a, b: a.union(b), parts).select("order", "period", "intervals", "value")


def expression(spec: Stickiness, tables: EventTables) -> ir.Table:
    """Give the figures as an expression: order, period, intervals, value; of exact figures, no row where nobody counts."""
    found = raw(spec, tables)
    if not spec.cumulative:
        return found
    sizes = {name: most(spec, period) for name, period in periods(spec, tables).items()}
    steps = [(name, k) for name, size in sizes.items() for k in range(1, size + 1)]
    columns = {"period_asked": [name for name, _ in steps], "at_least": [k for _, k in steps]}
    wanted = ibis.memtable(columns, schema=ibis.schema({"period_asked": "string", "at_least": "int64"}))
    reached = found.inner_join(wanted, [found.period == wanted.period_asked, found.intervals >= wanted.at_least])
    summed = (
        reached.drop("intervals").rename(intervals="at_least").group_by(["order", "period", "intervals"]).agg(value=lambda t: t.value.sum())
    )
    return summed.select("order", "period", "intervals", "value")


def matched(spec: Stickiness, tables: EventTables) -> ir.Table:
    """Give the events of the series, a row an event, series and period: order, period, uuid, event, timestamp (UTC), interval, actor.

    interval is the start of the interval, wall clock of the project's zone; with an interval_count its number back from the end, 0 the last.
    """
    parts = []
    for order, series in enumerate(spec.series):
        for name, period in periods(spec, tables).items():
            rows = active(spec, tables, series, period)
            parts.append(
                rows.select("uuid", "event", "timestamp", "interval", "actor", order=ibis.literal(order), period=ibis.literal(name))
            )
    return functools.reduce(lambda a, b: a.union(b), parts)


# ---------------------------------------------------------------------- figures
def rows(spec: Stickiness, tables: EventTables) -> list[tuple[int, str, np.ndarray]]:
    """Run the question and give, for each series and period in this order, how many count in exactly 1, 2, 3 ... intervals."""
    spans = periods(spec, tables)
    made = {(order, name): np.zeros(most(spec, span)) for order in range(len(spec.series)) for name, span in spans.items()}
    left = []
    for (order, name), counts in made.items():
        found = journeys.figures(spec, tables, spec.series[order], spans[name])
        if found is None:
            left.append((order, name))
        else:
            counts[: len(found)] = found  # an hour that no clock showed is listed, and nobody is in it
    for row in tables.execute(raw(spec, tables, left)).itertuples() if left else ():
        made[row.order, row.period][row.intervals - 1] = row.value
    return [(order, name, figures) for (order, name), figures in made.items()]


def added_up(figures: np.ndarray) -> np.ndarray:
    """Give how many count in so many intervals or more.

    Examples
    --------
    >>> import numpy as np
    >>> added_up(np.array([1.0, 0.0, 2.0])).tolist()
    [3.0, 2.0, 2.0]
    """
    return np.cumsum(figures[::-1])[::-1]


def frame(spec: Stickiness, tables: EventTables) -> pd.DataFrame:
    """Give the figures as a tidy frame: see `Stickiness` for the columns.

    Warns
    -----
    UnknownEventWarning
        When a series names an event that the data doesn't have.
    """
    found = rows(spec, tables)
    unknown.warn_of_events(spec.series, tables)
    spans = periods(spec, tables)
    empty = [name for name in spans if not any(figures.any() for _, period, figures in found if period == name)]
    if len(empty) == len(spans):
        filters = (spec.filters, *(s.group for s in spec.series))
        unknown.warn_of_zeros(refs_in(*filters), filters, spans["current"], tables)
    elif "current" in empty:
        unknown.warn_of_range(spans["current"], tables)
    if "previous" in empty:
        unknown.warn_of_range(spans["previous"], tables, NothingBeforeWarning)
    made = [
        (spec.labels[order], order, period, k, figure)
        for order, period, figures in found
        for k, figure in enumerate(added_up(figures) if spec.cumulative else figures, start=1)
    ]
    return pd.DataFrame(made, columns=COLUMNS).astype({"order": "int64", "intervals": "int64", "value": "float64"})
