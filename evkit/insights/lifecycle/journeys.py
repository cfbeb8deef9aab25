"""The figures of a lifecycle from journeys."""

from __future__ import annotations

import datetime as dt

import numpy as np

from evkit import properties
from evkit.dates import Range, cuts
from evkit.dates.cuts import Cut, microseconds
from evkit.insights.lifecycle.spec import Lifecycle
from evkit.kernel import returning
from evkit.kernel.placing import Placing
from evkit.model.created import created_of_actors
from evkit.model.journeys import PERSONS, By
from evkit.model.numbered import mentions_profile
from evkit.model.tables import EventTables
from evkit.query.actors import group_index
from evkit.query.marks import marks, names_of


def counts(
    spec: Lifecycle, tables: EventTables, asked: Range, places: list[dt.datetime], low: dt.datetime, high: dt.datetime
) -> tuple[np.ndarray, np.ndarray] | None:
    """Count what actors are in each bucket, and how many aren't active in the next one, as `returning.lifecycle`; None where the engine has to be asked.

    Parameters
    ----------
    places
        The starts of the buckets that are looked at, wall clock.
    low, high
        The instants at which they begin, and end.
    """
    index = group_index(spec.group_type, spec.group_type_index, tables)
    found = marks(tables, PERSONS if index is None else By("group", index))
    if found is None:
        return None
    found = found.only(names_of(spec.subject.subject))
    hits = found.series(spec.subject, spec.filters)
    if mentions_profile(tables):
        says = lambda m: properties.says(m.rows.properties, "$process_person_profile", "false", dialect=tables.dialect)  # noqa: E731
        hits = hits & ~found.test("personless", (), says)
    first, last = microseconds(low), microseconds(high) - 1
    created = found.of_actors(lambda whole: created_of_actors(tables, whole, index))
    made = cut(asked, first, last)
    if made is None:
        return None
    place = placed(made, places)
    return returning.lifecycle(
        found.index.offsets, found.index.t, hits, created, Placing.of(made.edges, place, last), len(places),
        low=first, high=last,
    )  # fmt: skip


def cut(asked: Range, low: int, high: int) -> Cut | None:
    """Cut a range of time as the question does; None where there would be too many segments."""
    return cuts.cut(asked.interval, low, high, timezone=asked.timezone, week_start="monday" if asked.week_start_day else "sunday")


def placed(made: Cut, places: list[dt.datetime]) -> np.ndarray:
    """Give the place of each segment; -1 for one that is not looked at."""
    starts = np.array(places, "datetime64[us]").astype(np.int64)
    at = np.minimum(np.searchsorted(starts, made.starts), len(starts) - 1)
    place: np.ndarray = np.where(starts[at] == made.starts, at, -1)
    segments: np.ndarray = place[made.codes]
    return segments
