"""The events of a funnel from journeys: the columns that `relation` makes in the engine, where events are sorted already."""

from __future__ import annotations

import functools

import numpy as np
import pyarrow as pa

from evkit.dates import Window, cuts
from evkit.dates.cuts import microseconds
from evkit.insights.funnel.relation import group_index, part, span
from evkit.insights.funnel.spec import FIRST_TIME, Funnel
from evkit.kernel import counting
from evkit.kernel import straight as walker
from evkit.kernel.runs import Reached
from evkit.kernel.selecting import kept, select, since_first
from evkit.model.journeys import PERSONS
from evkit.model.tables import EventTables
from evkit.query.marks import Marks, by_of, marks, marks_by_value, names_of
from evkit.query.property_filters import ALL_USERS, PropertyFilter
from evkit.query.spec import Series

FEW = 16
"""So many steps fit into the smallest numbers that are used for them."""


def read(spec: Funnel, tables: EventTables) -> tuple[pa.Table, np.ndarray, np.ndarray] | None:
    """Give the events of a funnel, sorted by actor and time; None where the engine has to be asked.

    Returns
    -------
    tuple
        t, steps, exclusions (where there are any), period (of a funnel over time), breakdown_0 ...; where each actor's begin, and
        the end; who each actor is, by number.
    """
    found = marks_of(spec, tables)
    return None if found is None else columns(spec, found)


def marks_of(spec: Funnel, tables: EventTables) -> Marks | None:
    """Give the journeys with the events that count; None where the engine has to be asked."""
    group = group_index(spec, tables)
    of_values = spec.aggregate_by if group is None else None
    by = by_of(tables, group)
    if (by != PERSONS or of_values is not None) and any(step.math in FIRST_TIME for step in spec.steps):
        return None  # first times are of persons
    found = marks(tables, by) if of_values is None else marks_by_value(tables, of_values)
    return None if found is None else found.only(names_asked(spec))


def straight(spec: Funnel, tables: EventTables) -> tuple[np.ndarray, Reached] | None:
    """Give how far everybody got who did the first step of a plain ordered funnel, and who that is; None for another one, or where the engine has to be asked."""
    plain = spec.order_type == "ordered" and not spec.exclusions and not any(spec.optional) and not spec.breakdown
    found = marks_of(spec, tables) if plain and len(spec.steps) <= FEW else None
    if found is None:
        return None
    index, between = found.index, span(spec, tables)
    low, high = microseconds(between.start), microseconds(between.end)
    values = [1 << i for i in range(len(spec.steps))]
    if all(isinstance(step.subject, str) and not step.group.values and step.math not in FIRST_TIME for step in spec.steps):
        events, steps = index.events, np.zeros(len(index.names), np.int64)
        for step, value in zip(spec.steps, values, strict=True):
            if step.subject in index.code:
                steps[index.code[step.subject]] |= value
    else:
        events = bits([step_of(step, found, low, high) for step in spec.steps], values, len(index))
        steps = np.arange(1 << len(spec.steps))
    who, done, times = walker.walk(
        index.offsets, index.t, events, steps, passes=found.passing(names_asked(spec), spec.filters), low=low, high=high, count=len(spec.steps),
        window=Window(spec.window).microseconds,
    )  # fmt: skip
    return found.actors(who), Reached(done, times, np.zeros((len(done), 0), np.int64))


def columns(spec: Funnel, found: Marks) -> tuple[pa.Table, np.ndarray, np.ndarray] | None:
    """Pick out the events, and give their columns."""
    index, between = found.index, span(spec, found.tables)
    low, high = microseconds(between.start), microseconds(between.end)
    steps = bits([step_of(step, found, low, high) for step in spec.steps], [1 << i for i in range(len(spec.steps))], len(index))
    masks = [sum(1 << (s - 1) for s in range(e.after + 1, e.before + 1)) for e in spec.exclusions]
    excluded = bits([found.series(e.series) for e in spec.exclusions], masks, len(index)) if masks else None
    wanted = steps if excluded is None else steps | excluded
    wanted = np.ones(len(index), bool) if spec.order_type == "strict" else wanted
    passes = found.passing(names_asked(spec), spec.filters)
    at, begins, who = select(index.offsets, index.t, wanted, passes, low=low, high=high)
    if spec.order_type == "strict" and not spec.breakdown:
        at, begins, who = kept(at, begins, who, since_first(begins, steps[at], index.t[at]))
    made = {"t": index.t[at], "steps": steps[at].astype(np.int64)}
    if excluded is not None:
        made["exclusions"] = excluded[at].astype(np.int64)
    if spec.viz_type == "trends":
        period = periods(spec, found, made["t"], low, high)
        if period is None:
            return None
        made["period"] = period
    told = breakdowns(spec, found, at)
    return None if told is None else (pa.table({**made, **told}), begins, found.actors(who))


def step_of(step: Series, found: Marks, low: int, high: int) -> np.ndarray:
    """Say which events are a step; of first times somebody's first event alone, where it is in the range and passes the filters."""
    if step.math not in FIRST_TIME:
        return found.series(step)
    passing = found.series(step)
    looked_at = found.hits(step.subject) if step.math == "first_time_for_user" else passing
    at = counting.first_times(found.index.offsets, found.index.t, looked_at, passing, low=low, high=high)
    made = np.zeros(len(found.index), bool)
    made[at[at >= 0]] = True
    return made


def bits(tests: list[np.ndarray], values: list[int], size: int) -> np.ndarray:
    """Give numbers whose bits say which tests hold."""
    kind = np.uint16 if max(values) < 1 << FEW else np.int64
    made: np.ndarray = np.zeros(size, kind)
    for test, value in zip(tests, values, strict=True):
        np.bitwise_or(made, np.multiply(test, value, dtype=kind), out=made)
    return made


def periods(spec: Funnel, found: Marks, t: np.ndarray, low: int, high: int) -> np.ndarray | None:
    """Give the start of the interval that each event is in, wall clock of the project's zone; None where these are too many."""
    if high < low:
        return np.zeros(0, "datetime64[us]")
    settings = found.tables.settings
    made = cuts.cut(spec.interval, low, high, timezone=settings.timezone, week_start=settings.week_start)
    if made is None:
        return None
    at: np.ndarray = made.labels()[made.codes[made.segments(t)]]
    return at


def names_asked(spec: Funnel) -> frozenset[str] | None:
    """Give the names of the events that count; None for all."""
    series = [*spec.steps, *(e.series for e in spec.exclusions)]
    return None if spec.order_type == "strict" else names_of(*(one.subject for one in series))


def breakdowns(spec: Funnel, found: Marks, at: np.ndarray) -> dict[str, pa.Array] | None:
    """Give the breakdown values of events; None where there are too many."""
    names = names_asked(spec)
    told: dict[str, pa.Array] = {}
    for i, ref in enumerate(spec.breakdown):
        if ref.type == "cohort":
            inside = None if ref.key == ALL_USERS else found.hits(None, PropertyFilter("id", ref.key, type="cohort"))
            told[f"breakdown_{i}"] = pa.array(np.ones(len(at), np.int8) if inside is None else inside[at].astype(np.int8))
            continue
        said = found.part(("funnel", spec.breakdown_path_cleaning), ref, functools.partial(part, ref, spec=spec), names)
        if said is None:
            return None
        told[f"breakdown_{i}"] = pa.DictionaryArray.from_arrays(pa.array(said.codes[at]), said.words)
    return told
