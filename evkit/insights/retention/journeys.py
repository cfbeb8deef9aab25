"""The figures of retention from journeys."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evkit.dates import cuts
from evkit.dates.buckets import LENGTHS
from evkit.dates.cuts import Cut, microseconds
from evkit.insights.retention.relation import Asked, group_index
from evkit.kernel import counting, returning
from evkit.kernel.placing import Placing
from evkit.query.marks import Marks, by_of, marks, names_of
from evkit.query.property_filters import ALL_USERS, PropertyFilter

RECURRING, FIRST_EVER = "retention_recurring", "retention_first_ever_occurrence"
LONG_AGO = np.iinfo(np.int64).min


def figures(asked: Asked) -> pd.DataFrame | None:
    """Give the figures: breakdown_value, row, interval, count; None where the engine has to be asked."""
    spec, tables = asked.spec, asked.tables
    if spec.is_rolling or spec.aggregates or spec.part is not None:
        return None
    found = marks(tables, by_of(tables, group_index(spec, tables)))
    if found is None:
        return None
    found = found.only(names_of(spec.target.subject, spec.returning.subject))
    grid = asked.grid
    low, high = microseconds(grid.instant(grid.start)), microseconds(grid.instant(grid.end)) - 1
    made = cuts.cut(spec.period, low, high, timezone=tables.settings.timezone, week_start=tables.settings.week_start)
    placing = Placing.of(made.edges, numbers(made, asked)[made.codes], high)
    intervals = np.array([next(n for n, end in enumerate(spec.ends) if later <= end) for later in range(spec.ends[-1] + 1)], np.int64)
    member = PropertyFilter("id", asked.cohort, type="cohort") if asked.cohort not in (None, ALL_USERS) else None
    passing = (spec.filters, member)
    index = found.index
    recurring = spec.retention_type == RECURRING
    cells = returning.retention(
        index.offsets, index.t, found.series(spec.target, *passing), found.series(spec.returning, *passing), placing, len(grid.starts), intervals,
        low=low, high=high, begins=None if recurring else first_periods(asked, found, low, high, made), least=spec.minimum_occurrences,
        from_first=bool(spec.custom_brackets) and recurring, cumulative=spec.cumulative,
    )  # fmt: skip
    row, interval = np.nonzero(cells)
    value = pd.Series([asked.cohort] * len(row), dtype=object)
    return pd.DataFrame({"row": row, "interval": interval, "count": cells[row, interval], "breakdown_value": value})


def numbers(made: Cut, asked: Asked) -> np.ndarray:
    """Give the number of each bucket of a cut, counted from the first cohort's period."""
    since = np.datetime64(asked.grid.start, "us")
    if asked.spec.period == "month":
        months: np.ndarray = made.labels().astype("datetime64[M]").astype(np.int64) - since.astype("datetime64[M]").astype(np.int64)
        return months
    return (made.starts - since.astype(np.int64)) // LENGTHS[asked.spec.period]


def first_periods(asked: Asked, found: Marks, low: int, high: int, made: Cut) -> np.ndarray:
    """Give the period of each actor's first target, where that is in the grid; -1 where it isn't."""
    spec, index = asked.spec, found.index
    member = PropertyFilter("id", asked.cohort, type="cohort") if asked.cohort not in (None, ALL_USERS) else None
    targets = found.series(spec.target, spec.filters, member)
    looked_at = found.hits(spec.target.subject, spec.filters, member) if spec.retention_type == FIRST_EVER else targets
    at = counting.first_times(index.offsets, index.t, looked_at, targets, low=low, high=high)
    period = numbers(made, asked)[made.codes]
    segment = np.searchsorted(made.edges, index.t[np.maximum(at, 0)], side="right") - 1
    return np.where(at >= 0, period[np.maximum(segment, 0)], -1)
