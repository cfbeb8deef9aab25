"""Every actor's way through a funnel: the engine matches and sorts, runs are parted by breakdown value, the kernel walks."""

from __future__ import annotations

import functools
import operator as op
from dataclasses import dataclass, replace
from functools import cached_property

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evkit.dates import Window
from evkit.insights.funnel import journeys
from evkit.insights.funnel.relation import matched
from evkit.insights.funnel.spec import Funnel
from evkit.kernel import funnel as ordered
from evkit.kernel import funnel_periods, unordered
from evkit.kernel.runs import Marked, Reached
from evkit.model.tables import EventTables
from evkit.query.actors import each_together
from evkit.query.marks import told

Value = tuple[str, ...]


@dataclass(frozen=True)
class Sorted:
    """The events of a funnel, sorted by actor and time, and the runs they are walked in.

    Parameters
    ----------
    rows
        The events, as Arrow.
    actors
        The actors, a row each.
    actor_of
        For each run, which actor it is of.
    marked
        The runs, as the kernel takes them; `wanted` are codes into `names`.
    names
        The breakdown values.
    """

    rows: pa.Table
    actors: pa.Array
    actor_of: np.ndarray
    marked: Marked
    names: list[Value]

    @classmethod
    def of_actors(cls, found: journeys.Straight) -> Sorted:
        """Give a run an actor, whose events are not looked at any more; one without bits in what was reached is of nobody."""
        none = np.zeros(0, np.int64)
        marked = replace(Marked.of(np.zeros(1, np.int64), none, none), wanted=found.values)
        return cls(pa.table({}), pa.array(found.who), np.arange(len(found.who)), marked, found.names)

    @property
    def numbered(self) -> bool:
        """Whether the actors are numbers: those of the journeys."""
        return bool(pa.types.is_integer(self.actors.type))

    @cached_property
    def uuids(self) -> pa.Array:
        """The uuids of the events."""
        return self.rows["uuid"].combine_chunks()

    @cached_property
    def actor_ids(self) -> pa.Array:
        """For each run, the actor's id."""
        return self.actors.take(pa.array(self.actor_of))


@dataclass(frozen=True)
class Walked:
    """How far each run got: the fields of `Reached`, with the funnel, and the runs they are of."""

    spec: Funnel
    sorted: Sorted
    reached: Reached

    @property
    def entered(self) -> np.ndarray:
        """Whether each run counts."""
        return self.reached.bits > 0


@dataclass(frozen=True)
class Periods:
    """A row a run and period: the run, the period as a code into `starts` (wall clock of the project's zone), whether it converted."""

    sorted: Sorted
    run: np.ndarray
    code: np.ndarray
    starts: pd.DatetimeIndex
    converted: np.ndarray


def walk(spec: Funnel, tables: EventTables, *, with_uuids: bool = False, named: bool = True, numbered: bool = True) -> Walked:
    """Take everybody through the funnel.

    Parameters
    ----------
    with_uuids
        The events' uuids are wanted.
    named
        Persons go by their names; without, by any of their ids.
    numbered
        Without `named`, actors may also be numbers: those of the journeys.
    """
    found = None if named or with_uuids or not numbered else journeys.straight(spec, tables)
    if found is not None:
        return Walked(spec, Sorted.of_actors(found), found.reached)
    runs = sort(spec, tables, with_uuids=with_uuids, named=named, numbered=numbered)
    count, window = len(spec.steps), Window(spec.window).microseconds
    if spec.order_type == "unordered":
        return Walked(spec, runs, unordered.run(runs.marked, count=count, window=window, blocked=blocked(spec)))
    strict = spec.order_type == "strict"
    reached = ordered.run(runs.marked, count=count, window=window, optional=spec.optional, strict=strict, blocked=blocked(spec))
    return Walked(spec, runs, reached)


def walk_periods(spec: Funnel, tables: EventTables, *, named: bool = True) -> Periods:
    """Take everybody through the funnel, once for each period they entered in; without `named`, persons may go by any of their ids."""
    runs = sort(spec, tables, named=named)
    codes, starts = pd.factorize(runs.rows["period"].to_pandas(), sort=True)
    codes = codes.astype(np.int64)
    count, window = len(spec.steps), Window(spec.window).microseconds
    if spec.order_type == "unordered":
        found = unordered.run_periods(runs.marked, codes, count=count, window=window, blocked=blocked(spec))
        kept = found.result >= spec.first
        run, period, converted = found.run[kept], found.period[kept], found.result[kept] >= spec.last
    else:
        strict = spec.order_type == "strict"
        found = funnel_periods.run(
            runs.marked, codes, count=count, window=window, strict=strict, blocked=blocked(spec), first=spec.first, goal=spec.last
        )
        run, period, converted = found.run, found.period, found.result == 1
    return Periods(runs, run, period, pd.DatetimeIndex(starts), converted)


def blocked(spec: Funnel) -> int:
    """Give the step, from 0, that only events of the run's value may be; -1 for none."""
    return attributed(spec) if not spec.cohorts else -1  # a person's cohorts are the same at every event


def attributed(spec: Funnel) -> int:
    """Give the step, from 0, whose breakdown values count; -1 where it is not one step's."""
    return (spec.breakdown_attribution_step or 0) - 1 if spec.breakdown and spec.breakdown_attribution == "step" else -1


# ---------------------------------------------------------------------- sorting
def sort(spec: Funnel, tables: EventTables, *, with_uuids: bool = False, named: bool = True, numbered: bool = True) -> Sorted:
    """Give the events, sorted, parted into runs: from journeys where who the actors are by name isn't asked, else from the engine."""
    found = None if named or with_uuids or not numbered else journeys.read(spec, tables)
    if found is None:
        rows, offsets, everybody = sorted_by_engine(spec, tables, with_uuids=with_uuids, named=named)
    else:
        rows, offsets, everybody = found[0], found[1], pa.array(found[2])
    column = lambda name: rows[name].to_numpy()  # noqa: E731
    marked = Marked.of(offsets, column("t"), column("steps"), column("exclusions") if spec.exclusions else None)
    if not spec.breakdown:
        return Sorted(rows, everybody, np.arange(len(everybody)), marked, [()])
    return parted(spec, rows, everybody, marked)


def sorted_by_engine(spec: Funnel, tables: EventTables, *, with_uuids: bool, named: bool) -> tuple[pa.Table, np.ndarray, pa.Array]:
    """Run the relation, sorted: its columns; where each actor's rows begin, and the end; the actors."""
    m = matched(spec, tables, named=named)

    def run(first: ir.Value) -> tuple[tuple[pa.Table, np.ndarray], np.ndarray]:
        rows, offsets = read(m, first, spec, tables, with_uuids=with_uuids)
        return (rows.drop_columns(["first"]), offsets), rows["first"].to_numpy()[offsets[:-1]]

    rows, offsets = each_together(m.actor, run, dialect=tables.dialect)
    return rows, offsets, rows["actor"].combine_chunks().take(pa.array(offsets[:-1]))


def columns_of(spec: Funnel, *, with_uuids: bool) -> list[str]:
    """Give the columns of the relation that are needed."""
    names = ["actor", "t", "steps", *(f"breakdown_{i}" for i in range(len(spec.breakdown)))]
    return names + ["exclusions"] * bool(spec.exclusions) + ["period"] * (spec.viz_type == "trends") + ["uuid"] * with_uuids


def read(m: ir.Table, first: ir.Value, spec: Funnel, tables: EventTables, *, with_uuids: bool) -> tuple[pa.Table, np.ndarray]:
    """Read the relation, sorted, and find where each actor's rows begin, and the end.

    The order of an actor's events inside an instant is only asked for where it could decide something: then they are sorted by
    arrival, and by uuid, which takes half as long again, only if events of an instant arrived at once.
    """
    plain = not spec.breakdown and not with_uuids and spec.order_type != "unordered" and spec.viz_type != "trends"
    wanted = m.mutate(first=first)
    names = ["first", *columns_of(spec, with_uuids=with_uuids)]
    order = [wanted["first"], wanted.t] if plain else [wanted["first"], wanted.t, wanted.tie]
    rows = tables.arrow(wanted.order_by(order).select(*names, *([] if plain else ["tie"])))
    offsets = starts_of(rows["actor"].combine_chunks())
    if not plain and any_tied(rows, offsets):
        rows = tables.arrow(wanted.order_by([*order, wanted.uuid]).select(*names))
    return rows, offsets


def any_tied(rows: pa.Table, offsets: np.ndarray) -> bool:
    """Say whether two events of an actor have one time and arrived at once."""
    t, tie = rows["t"].to_numpy(), rows["tie"].to_numpy()
    same = t[1:] == t[:-1]
    same[offsets[1:-1] - 1] = False
    at = np.flatnonzero(same)
    return bool((tie[at] == tie[at + 1]).any())


def starts_of(actors: pa.Array) -> np.ndarray:
    """Give where each actor's rows begin, and the end."""
    if len(actors) == 0:
        return np.zeros(1, np.int64)
    changes = pc.not_equal(actors[1:], actors[:-1])
    inner = np.flatnonzero(changes.to_numpy(zero_copy_only=False)) + 1
    return np.concatenate([[0], inner, [len(actors)]]).astype(np.int64)


# ---------------------------------------------------------------------- breakdowns
def parted(spec: Funnel, rows: pa.Table, actors: pa.Array, marked: Marked) -> Sorted:
    """Part each actor's events into a run a breakdown value, as the attribution says."""
    if spec.cohorts:
        return by_cohort(spec, rows, actors, marked, owners(marked))
    codes, names, empty = values_of(spec, rows)
    if spec.breakdown_attribution == "all_events":
        return by_subset(rows, actors, marked, owners(marked), codes, np.arange(len(codes)), names)
    if spec.breakdown_attribution == "step":
        return by_step(spec, rows, actors, marked, owners(marked), codes, names)
    considered = (marked.steps | marked.exclusions) != 0 if spec.order_type != "strict" else np.ones(len(codes), bool)
    plain = len(spec.breakdown) == 1 and spec.breakdown[0].type == "group"
    wanted = considered if plain else considered & ~empty
    chosen = first_where(wanted, marked.low, marked.high, last=spec.breakdown_attribution == "last_touch")
    nothing = code_of_nothing(names, len(spec.breakdown))
    picked = np.where(chosen >= 0, codes[np.maximum(chosen, 0)], nothing) if len(codes) else np.zeros(0, np.int64)
    return Sorted(rows, actors, np.arange(len(actors)), with_values(marked, codes, picked), names)


def owners(marked: Marked) -> np.ndarray:
    """Give whose each event is, as the number of its run; of runs that are an actor each."""
    return np.repeat(np.arange(len(marked.low)), marked.high - marked.low)


def values_of(spec: Funnel, rows: pa.Table) -> tuple[np.ndarray, list[Value], np.ndarray]:
    """Give each event's breakdown value as a code, the values, and where all parts of a value are empty."""
    columns = [rows[f"breakdown_{i}"].combine_chunks().dictionary_encode() for i in range(len(spec.breakdown))]
    indices = [column.indices.to_numpy(zero_copy_only=False) for column in columns]
    words = [column.dictionary.to_pylist() for column in columns]
    empty = functools.reduce(
        op.and_,
        (
            np.array([word == "" for word in said])[at] if "" in said else np.zeros(len(at), bool)
            for said, at in zip(words, indices, strict=True)
        ),
    )
    nothing = ("",) * len(spec.breakdown)
    if len(columns) == 1:
        single: list[Value] = [(word,) for word in words[0]]
        return indices[0].astype(np.int64), single if nothing in single else [*single, nothing], empty
    codes = np.zeros(len(rows), np.int64)
    for at, said in zip(indices, words, strict=True):
        codes = codes * max(len(said), 1) + at
    used = np.sort(pd.unique(codes))
    codes = pd.Index(used).get_indexer(codes)
    names: list[Value] = told(used, words)
    return codes.astype(np.int64), names if nothing in names else [*names, nothing], empty


def code_of_nothing(names: list[Value], parts: int) -> int:
    """Give the code of the value whose parts are all empty."""
    return names.index(("",) * parts)


def with_values(marked: Marked, codes: np.ndarray, wanted: np.ndarray) -> Marked:
    """Give the runs with their values."""
    return Marked(marked.low, marked.high, marked.rows, marked.t, marked.steps, marked.exclusions, codes, wanted.astype(np.int64))


def first_where(wanted: np.ndarray, low: np.ndarray, high: np.ndarray, *, last: bool) -> np.ndarray:
    """Give, for each actor, the position of its first (last) wanted row; -1 where none is."""
    size = len(wanted)
    if not size:
        return np.zeros(0, np.int64)
    positions = np.arange(size)
    if last:
        return np.asarray(np.maximum.reduceat(np.where(wanted, positions, -1), low))
    best = np.minimum.reduceat(np.where(wanted, positions, size), low)
    return np.where(best < size, best, -1)


def by_subset(
    rows: pa.Table, actors: pa.Array, marked: Marked, owner: np.ndarray, codes: np.ndarray, chosen: np.ndarray, names: list[Value]
) -> Sorted:
    """Give a run an actor and value, which sees only the events of that value.

    Parameters
    ----------
    codes, chosen
        The events that there are, by position and with their value; an event may be there several times.
    """
    order = np.lexsort((chosen, codes, owner[chosen]))
    picked, values = chosen[order], codes[order]
    if len(picked) == 0:
        bounds = np.zeros(1, np.int64)
    else:
        changes = (owner[picked][1:] != owner[picked][:-1]) | (values[1:] != values[:-1])
        bounds = np.concatenate([[0], np.flatnonzero(changes) + 1, [len(picked)]]).astype(np.int64)
    low, high = bounds[:-1], bounds[1:]
    wanted = values[low] if len(low) else np.zeros(0, np.int64)
    made = Marked(
        low,
        high,
        picked.astype(np.int64),
        marked.t,
        marked.steps,
        marked.exclusions,
        np.zeros(len(owner), np.int64),
        wanted.astype(np.int64),
    )
    return Sorted(rows, actors, owner[picked[low]] if len(low) else np.zeros(0, np.int64), made, names)


def by_cohort(spec: Funnel, rows: pa.Table, actors: pa.Array, marked: Marked, owner: np.ndarray) -> Sorted:
    """Give a run an actor and cohort, which sees the events of persons in that cohort; with attribution by a step, of who did it."""
    wanted = np.ones(len(owner), bool)
    step = attributed(spec)
    if step >= 0 and spec.order_type != "unordered":
        did = np.zeros(len(actors), bool)
        did[owner[(marked.steps >> step) & 1 == 1]] = True
        wanted = did[owner]
    inside = [np.flatnonzero((rows[f"breakdown_{i}"].to_numpy() == 1) & wanted) for i in range(len(spec.breakdown))]
    codes = np.repeat(np.arange(len(inside)), [len(i) for i in inside])
    chosen = np.concatenate(inside) if inside else np.zeros(0, np.int64)
    return by_subset(rows, actors, marked, owner, codes, chosen, [(c,) for c in spec.cohorts])


def by_step(
    spec: Funnel, rows: pa.Table, actors: pa.Array, marked: Marked, owner: np.ndarray, codes: np.ndarray, names: list[Value]
) -> Sorted:
    """Give a run an actor and value of the attributed step, which sees all events, but takes only those of its value as that step."""
    step = attributed(spec)
    is_step = (marked.steps >> step) & 1 == 1
    considered = (marked.steps | marked.exclusions) != 0 if spec.order_type != "strict" else np.ones(len(codes), bool)
    if spec.order_type == "unordered":
        is_step = considered
    pairs = pd.DataFrame({"owner": owner[is_step], "value": codes[is_step]}).drop_duplicates()
    if len(spec.breakdown) == 1 and spec.breakdown[0].type == "group":  # PostHog's list has "" for every event that is not the step
        others = pd.DataFrame({"owner": np.unique(owner[considered & ~is_step]), "value": code_of_nothing(names, 1)})
        pairs = pd.concat([pairs, others]).drop_duplicates()
    pairs = pairs.sort_values(["owner", "value"])
    of, wanted = pairs.owner.to_numpy(np.int64), pairs.value.to_numpy(np.int64)
    made = Marked(marked.low[of], marked.high[of], marked.rows, marked.t, marked.steps, marked.exclusions, codes, wanted)
    return Sorted(rows, actors, of, made, names)
