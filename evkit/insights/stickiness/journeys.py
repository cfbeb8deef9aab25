"""The figures of stickiness from journeys."""

from __future__ import annotations

import numpy as np

from evkit.dates import Range, cuts
from evkit.dates.cuts import microseconds
from evkit.insights.stickiness.spec import Stickiness
from evkit.kernel import returning
from evkit.kernel.placing import Placing
from evkit.model.journeys import PERSONS, By
from evkit.model.tables import EventTables
from evkit.query.marks import marks, marks_by_value, names_of
from evkit.query.spec import Series

HOW = {"gte": returning.AT_LEAST, "lte": returning.AT_MOST, "exact": returning.EXACTLY}


def figures(spec: Stickiness, tables: EventTables, series: Series, period: Range) -> np.ndarray | None:
    """Count who is there in 1, 2, 3 ... intervals of a period; None where the engine has to be asked."""
    if spec.interval_count > 1:
        return None
    series = series.indexed(tables.group_types) if series.group_type is not None else series
    if series.group_type_index is not None:
        found = marks(tables, By("group", series.group_type_index))
    else:
        found = marks(tables, PERSONS) if spec.aggregate_by is None else marks_by_value(tables, spec.aggregate_by)
    low, high = microseconds(period.lower), microseconds(period.end)
    if found is None or high < low:
        return None
    found = found.only(names_of(series.subject))
    made = cuts.cut(spec.interval, low, high, timezone=tables.settings.timezone, week_start=tables.settings.week_start)
    if made is None:
        return None
    how, times = ("gte", 1) if spec.criteria is None else spec.criteria
    return returning.stickiness(
        found.index.offsets, found.index.t, found.series(series, spec.filters), Placing.of(made.edges, made.codes, high), len(made.starts),
        low=low, high=high, how=HOW[how], times=times,
    )  # fmt: skip
