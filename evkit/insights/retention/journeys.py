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
MOST_VALUES = 50
"""So many values are counted one after the other; a property with more goes to the engine."""


def figures(asked: Asked) -> pd.DataFrame | None:
    """Give the figures: breakdown_value, row, interval, count; None where the engine has to be asked."""
    spec, tables = asked.spec, asked.tables
    if spec.is_rolling or spec.aggregates or (spec.part is not None and spec.retention_type == FIRST_EVER):
        return None
    found = marks(tables, by_of(tables, group_index(spec, tables)))
    if found is None:
        return None
    names = names_of(spec.target.subject, spec.returning.subject)
    found = found.only(names)
    low, high = bounds(asked)
    made = cuts.cut(spec.period, low, high, timezone=tables.settings.timezone, week_start=tables.settings.week_start)
    if made is None:
        return None
    if spec.part is None:
        return framed(cells(asked, found, made, None), asked.cohort)
    ref = spec.part
    said = found.part("retention", ref, lambda matcher: matcher.value(ref).fill_null(""), names)
    if said is None or len(said.words) > MOST_VALUES:
        return None
    parts = [framed(cells(asked, found, made, said.codes == code), word) for code, word in enumerate(said.words.to_pylist())]
    return pd.concat(parts, ignore_index=True) if parts else framed(np.zeros((0, 0), np.int64), None)


def framed(counts: np.ndarray, value: str | None) -> pd.DataFrame:
    """Give cells as rows, those that nobody is in left out."""
    row, interval = np.nonzero(counts)
    said = pd.Series([value] * len(row), dtype=object)
    return pd.DataFrame({"row": row, "interval": interval, "count": counts[row, interval], "breakdown_value": said})


def bounds(asked: Asked) -> tuple[int, int]:
    """Give the first and the last instant of the grid."""
    grid = asked.grid
    return microseconds(grid.instant(grid.start)), microseconds(grid.instant(grid.end)) - 1


def cells(asked: Asked, found: Marks, made: Cut, which: np.ndarray | None) -> np.ndarray:
    """Count who is in which cohort and comes back when: cohorts x intervals; of some events alone, or of all (None)."""
    spec, index = asked.spec, found.index
    low, high = bounds(asked)
    period = numbers(made, asked)[made.codes]
    placing = Placing.of(made.edges, period, high)
    intervals = np.array([next(n for n, end in enumerate(spec.ends) if later <= end) for later in range(spec.ends[-1] + 1)], np.int64)
    member = PropertyFilter("id", asked.cohort, type="cohort") if asked.cohort not in (None, ALL_USERS) else None
    recurring = spec.retention_type == RECURRING
    targets, returns = (found.series(entity, spec.filters, member) for entity in (spec.target, spec.returning))
    looked_at = found.hits(spec.target.subject, spec.filters, member) if spec.retention_type == FIRST_EVER else targets
    if which is not None:
        targets, returns, looked_at = targets & which, returns & which, looked_at & which
    begins = None
    if not recurring:
        at = counting.first_times(index.offsets, index.t, looked_at, targets, low=low, high=high)
        begins = np.full(len(at), -1, np.int64)
        begins[at >= 0] = period[made.segments(index.t[at[at >= 0]])]
    return returning.retention(
        index.offsets, index.t, targets, returns, placing, len(asked.grid.starts), intervals, low=low, high=high, begins=begins,
        least=spec.minimum_occurrences, from_first=bool(spec.custom_brackets) and recurring, cumulative=spec.cumulative,
    )  # fmt: skip


def numbers(made: Cut, asked: Asked) -> np.ndarray:
    """Give the number of each bucket of a cut, counted from the first cohort's period."""
    since = np.datetime64(asked.grid.start, "us")
    if asked.spec.period == "month":
        months: np.ndarray = made.labels().astype("datetime64[M]").astype(np.int64) - since.astype("datetime64[M]").astype(np.int64)
        return months
    return (made.starts - since.astype(np.int64)) // LENGTHS[asked.spec.period]
