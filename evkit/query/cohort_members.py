"""Who is in a cohort, from the journeys of persons: each condition said of everybody at once, the definition of those."""

from __future__ import annotations

import functools
import operator as op
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evkit.dates.cuts import microseconds
from evkit.errors import SpecError
from evkit.kernel import behaving
from evkit.model.journeys import PERSONS
from evkit.model.named import people_of
from evkit.model.tables import EventTables
from evkit.query import cohorts
from evkit.query.behaviour import (
    COMPARISONS,
    Behaviour,
    FirstTime,
    Lapsing,
    Length,
    Performed,
    Regularly,
    Sequence,
    Stopped,
)
from evkit.query.marks import Marks, marks, names_of
from evkit.query.spec import Cohort


def members(tables: EventTables, cohort: Cohort) -> pa.Table | None:
    """Give the persons in a cohort that `cohorts.check` lets pass: person_id, a row a person; None where there are no journeys."""
    found = marks(tables, PERSONS) if behaves(cohort, tables.settings.cohorts) else None
    if found is None:
        return None
    known = tables.settings.cohorts
    everybody = people_of(tables, found.index)
    ids, met = everybody.ids, dict[str, np.ndarray]()
    for key, leaf in {cohorts.key_of(leaf): leaf for leaf in cohorts.leaves_in(cohort, known)}.items():
        if isinstance(leaf, Behaviour):
            met[key] = performers(found, leaf)[everybody.actors]
        else:
            ids, met[key] = added(ids, tables.arrow(cohorts.met(tables, leaf))["person_id"])
    told = dict(met)
    if cohorts.lets_all_in(cohort, known):
        ids, told[""] = added(ids, tables.arrow(tables.person_properties().select("person_id"))["person_id"])
    whole = {key: np.append(test, np.zeros(len(ids) - len(test), bool)) for key, test in told.items()}
    somebody = functools.reduce(op.or_, whole.values(), np.zeros(len(ids), bool))  # an empty group is everybody with a profile
    inside = cohorts.truth(cohort.definition, whole.__getitem__, known, lambda said: np.full(len(ids), said))
    return pa.table({"person_id": ids.filter(pa.array(somebody & inside))})


def behaves(cohort: Cohort, known: Mapping[int | str, Cohort]) -> bool:
    """Say whether a definition asks what people did."""
    return any(
        isinstance(leaf, Behaviour) for one in cohorts.closure(cohort, known) if one.members is None for leaf in one.definition.leaves()
    )


def added(ids: pa.Array, some: pa.ChunkedArray) -> tuple[pa.Array, np.ndarray]:
    """Give ids with those of some that are new behind them, and which are of these some."""
    at = pc.index_in(some, value_set=ids)
    fresh = some.filter(pc.is_null(at)).unique()
    inside = np.zeros(len(ids) + len(fresh), bool)
    inside[at.drop_null().to_numpy()] = True
    inside[len(ids) :] = True
    return pa.concat_arrays([ids, fresh]), inside


# ---------------------------------------------------------------------- behaviour
def performers(found: Marks, leaf: Behaviour) -> np.ndarray:
    """Say which actors behaved as a condition asks, whether it is turned round or not: bool. The laws are those of `cohorts.performers`."""
    subjects = (leaf.subject, leaf.then) if isinstance(leaf, Sequence) else (leaf.subject,)
    some = found.only(names_of(*subjects))
    inside = np.zeros(len(found.index.actors), bool)
    inside[some.actors(np.arange(len(some.index.actors)))] = _performers(some, leaf)
    return inside


def _performers(found: Marks, leaf: Behaviour) -> np.ndarray:
    tables, offsets, t = found.tables, found.index.offsets, found.index.t
    window = cohorts.window_of(tables, leaf)
    low, high = microseconds(window.start), microseconds(window.end)
    hits = found.series(leaf.series())
    if isinstance(leaf, Regularly):
        edges = np.array([microseconds(end) for end in reversed(cohorts.periods_of(tables, leaf))], np.int64)
        sign, n = leaf.times
        enough: np.ndarray = behaving.regular(offsets, t, hits, edges, COMPARISONS[sign], n) >= leaf.min_periods
        return enough
    if isinstance(leaf, Sequence):
        then, gap = found.series(leaf.then_series()), Length(leaf.gap).waited * 1_000_000
        return behaving.followed(offsets, t, hits, then, low=low, high=high, gap=gap)
    if isinstance(leaf, Performed):
        (counts,), _ = behaving.tally(offsets, t, hits, [(low, high)])
        sign, n = leaf.times or (">=", 1)
        compared: np.ndarray = cohorts.COMPARED[COMPARISONS[sign]](counts, n) & (counts > 0)
        return compared
    if isinstance(leaf, FirstTime):
        _, firsts = behaving.tally(offsets, t, hits, [])
        new: np.ndarray = (low <= firsts) & (firsts <= high)
        return new
    if not isinstance(leaf, Lapsing):
        raise SpecError(f"{leaf!r} is no condition that can be told")
    recent = cohorts.recent_of(tables, leaf)
    begins = microseconds(recent.start)
    (before, lately), firsts = behaving.tally(offsets, t, hits, [(low, min(high, begins - 1)), (begins, microseconds(recent.end))])
    if isinstance(leaf, Stopped):
        found_out: np.ndarray = (before > 0) & (lately == 0)
    else:
        found_out = (lately > 0) & (before == 0) & (firsts < begins)
    return found_out
