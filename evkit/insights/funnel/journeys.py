"""The events of a funnel from journeys: the columns that `relation` makes in the engine, where events are sorted already."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from evkit.dates import Window, cuts
from evkit.dates.cuts import microseconds
from evkit.insights.funnel.relation import group_index, part, span
from evkit.insights.funnel.spec import FIRST_TIME, Funnel
from evkit.journeys.columns import Coded
from evkit.kernel import counting, gathering
from evkit.kernel import straight as walker
from evkit.kernel.runs import Reached
from evkit.kernel.selecting import kept, select, since_first
from evkit.model.journeys import PERSONS, Same
from evkit.model.tables import EventTables
from evkit.query.marks import Marks, by_of, marks, marks_by_value, names_of, together
from evkit.query.property_filters import ALL_USERS, PropertyFilter, PropertyRef
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


@dataclass(frozen=True, eq=False)
class Straight:
    """How far everybody got, found without picking out the events.

    Parameters
    ----------
    who
        The actors, by number; of those without bits in `reached` any.
    reached
        How far each got.
    values
        Of each the code of the breakdown value.
    names
        The values.
    """

    who: np.ndarray
    reached: Reached
    values: np.ndarray
    names: list[tuple[str, ...]]


def straight(spec: Funnel, tables: EventTables) -> Straight | None:
    """Give how far everybody got who got anywhere; None for a funnel that parts an actor's events by value, or where the engine has to be asked."""
    by_touch = not spec.breakdown or (not spec.cohorts and spec.breakdown_attribution in ("first_touch", "last_touch"))
    found = marks_of(spec, tables) if by_touch and len(spec.steps) + len(spec.exclusions) <= FEW else None
    touched = None if found is None else touch(spec, found)
    if found is None or touched is None:
        return None
    index, codes, names = found.index, touched.codes, touched.names
    between, window = span(spec, tables), Window(spec.window).microseconds
    low, high = microseconds(between.start), microseconds(between.end)
    events, steps, voids = kinds(spec, found, low, high)
    passes = found.passing(names_asked(spec), spec.filters)
    if spec.order_type != "unordered" and not (spec.exclusions or any(spec.optional) or spec.breakdown):
        who, done, times = walker.walk(
            index.offsets, index.t, events, steps, passes=passes, low=low, high=high, count=len(spec.steps), window=window,
            strict=spec.order_type == "strict",
        )  # fmt: skip
        values = np.zeros(len(who), np.int64)
    else:
        every = np.zeros(0, np.bool_) if passes is None else passes
        asked = gathering.Asked(
            events=events, steps=steps, exclusions=voids, passes=every, codes=codes, last=spec.breakdown_attribution == "last_touch", low=low,
            high=high, window=window, order=spec.order_type, optional=spec.optional,
        )  # fmt: skip
        who, done, times, values = gathering.walk(index.offsets, index.t, asked)
        values[values == gathering.NOTHING] = names.index(("",) * len(spec.breakdown))
    return Straight(found.actors(who), Reached(done, times, np.zeros((len(done), 0), np.int64)), values, names)


def kinds(spec: Funnel, found: Marks, low: int, high: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give a number an event, and for each number the steps that such an event is and those before which it is excluded, as bits."""
    bit, masks = [1 << i for i in range(len(spec.steps))], excluded(spec)
    asked = [*spec.steps, *(e.series for e in spec.exclusions)]
    if all(isinstance(one.subject, str) and not one.group.values and one.math not in FIRST_TIME for one in asked):
        code = found.index.code
        steps, voids = np.zeros((2, len(code)), np.int64)
        for table, series, values in ((steps, spec.steps, bit), (voids, [e.series for e in spec.exclusions], masks)):
            for one, value in zip(series, values, strict=True):
                if one.subject in code:
                    table[code[one.subject]] |= value
        return found.index.events, steps, voids
    tests = [*(step_of(step, found, low, high) for step in spec.steps), *(found.series(e.series) for e in spec.exclusions)]
    kind = np.arange(1 << len(tests))
    voids = np.zeros(len(kind), np.int64)
    for i, mask in enumerate(masks):
        voids[(kind >> (len(bit) + i)) & 1 == 1] |= mask
    return bits(tests, [1 << i for i in range(len(tests))], len(found.index)), kind & ((1 << len(bit)) - 1), voids


def excluded(spec: Funnel) -> list[int]:
    """Give for each exclusion the steps before which it may not be, as bits."""
    return [sum(1 << (s - 1) for s in range(e.after + 1, e.before + 1)) for e in spec.exclusions]


@dataclass(frozen=True, eq=False)
class Touched:
    """What each event says, as a code (-1 for one whose value can't be an actor's), and the values."""

    codes: np.ndarray
    names: list[tuple[str, ...]]

    @property
    def nbytes(self) -> int:
        """How many bytes the codes have."""
        return int(self.codes.nbytes)


def touch(spec: Funnel, found: Marks) -> Touched | None:
    """Give what each event says; None where there are too many values."""
    if not spec.breakdown:
        return Touched(np.zeros(0, np.int32), [()])
    key = ("touch", Same(found.tables.settings), spec.breakdown, repr(spec.breakdown), spec.breakdown_path_cleaning, names_asked(spec))
    known: Touched | None = found.index.worked.known(key)
    made = _touch(spec, found) if known is None else known
    return made if made is None else found.index.worked.put(key, made)


def _touch(spec: Funnel, found: Marks) -> Touched | None:
    said = [one for ref in spec.breakdown if (one := value_of(ref, spec, found)) is not None]
    if len(said) < len(spec.breakdown):
        return None
    codes, names = together(said)
    counts_empty = len(spec.breakdown) == 1 and spec.breakdown[0].type == "group"
    counts = np.array([*(counts_empty or any(name) for name in names), False])  # the last for those that were not read
    nothing = ("",) * len(spec.breakdown)
    return Touched(np.where(counts[codes], codes, np.int32(gathering.NOTHING)), names if nothing in names else [*names, nothing])


def value_of(ref: PropertyRef, spec: Funnel, found: Marks) -> Coded | None:
    """Give a breakdown's value of each event; None where there are too many."""
    return found.part(("funnel", spec.breakdown_path_cleaning), ref, functools.partial(part, ref, spec=spec), names_asked(spec))


def columns(spec: Funnel, found: Marks) -> tuple[pa.Table, np.ndarray, np.ndarray] | None:
    """Pick out the events, and give their columns."""
    index, between = found.index, span(spec, found.tables)
    low, high = microseconds(between.start), microseconds(between.end)
    steps = bits([step_of(step, found, low, high) for step in spec.steps], [1 << i for i in range(len(spec.steps))], len(index))
    voids = bits([found.series(e.series) for e in spec.exclusions], excluded(spec), len(index)) if spec.exclusions else None
    wanted = steps if voids is None else steps | voids
    wanted = np.ones(len(index), bool) if spec.order_type == "strict" else wanted
    passes = found.passing(names_asked(spec), spec.filters)
    at, begins, who = select(index.offsets, index.t, wanted, passes, low=low, high=high)
    if spec.order_type == "strict" and not spec.breakdown:
        at, begins, who = kept(at, begins, who, since_first(begins, steps[at], index.t[at]))
    made = {"t": index.t[at], "steps": steps[at].astype(np.int64)}
    if voids is not None:
        made["exclusions"] = voids[at].astype(np.int64)
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
    told: dict[str, pa.Array] = {}
    for i, ref in enumerate(spec.breakdown):
        if ref.type == "cohort":
            inside = None if ref.key == ALL_USERS else found.hits(None, PropertyFilter("id", ref.key, type="cohort"))
            told[f"breakdown_{i}"] = pa.array(np.ones(len(at), np.int8) if inside is None else inside[at].astype(np.int8))
            continue
        said = value_of(ref, spec, found)
        if said is None:
            return None
        told[f"breakdown_{i}"] = pa.DictionaryArray.from_arrays(pa.array(said.codes[at]), said.words)
    return told
