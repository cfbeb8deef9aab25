"""How funnels are computed: the engine matches and sorts, the kernel walks, numpy counts."""

from __future__ import annotations

import functools
import operator as op
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evkit.dates import Window
from evkit.errors import NotExpressible, SpecError
from evkit.insights import unknown
from evkit.insights.funnel.spec import OTHER, Funnel
from evkit.insights.trends.maths import instant
from evkit.kernel import funnel as kernel
from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.relation import relation
from evkit.query.spec import PropertyRef, Series

COLUMNS = ["breakdown_value", "step", "event", "count", "conversion_rate", "step_conversion_rate", "average_seconds", "median_seconds"]
MICROSECONDS = 1_000_000


# ---------------------------------------------------------------------- the relation
def group_index(spec: Funnel, tables: EventTables) -> int | None:
    """Give the index of the group type that is counted; None for persons."""
    if spec.group_type is None:
        return spec.group_type_index
    return Series("group", group_type=spec.group_type).indexed(tables.group_types).group_type_index


def matched(spec: Funnel, tables: EventTables) -> ir.Table:
    """Give the events that count, a row an event: actor, t (microseconds), tie (arrival), steps, exclusions (bit masks), breakdown_0 .., uuid.

    A strict funnel has every event of the range; an ordered one only those that are a step or an exclusion.
    """
    excluded = [Series.of(e.subject) for e in spec.exclusions]
    index = group_index(spec, tables)
    actor_need = Series(None, group_type_index=index)
    rows = relation(tables, *spec.steps, *excluded, spec.filters, *spec.breakdown, actor_need)
    matcher = Matcher(tables, rows)
    span = tables.resolve(spec.date_range, interval="day")  # the window doesn't extend it
    tests = [matcher.series(step) for step in spec.steps]
    voids = [matcher.series(series) for series in excluded]
    inside = matcher.filter(spec.filters) & (rows.timestamp >= instant(span.start)) & (rows.timestamp <= instant(span.end))
    person = rows.distinct_id if tables.settings.aggregate_by_distinct_id else rows.person_id
    actor = person if index is None else rows[f"group_{index}"]
    if index is not None:
        inside = inside & actor.notnull()
    if spec.order_type != "strict":
        inside = inside & functools.reduce(op.or_, [*tests, *voids])
    masks = [sum(1 << (s - 1) for s in range(e.after + 1, e.before + 1)) for e in spec.exclusions]
    marked = rows.mutate(
        actor=actor,
        tie=rows.arrival,
        steps=_mask(tests, [1 << i for i in range(len(tests))]),
        exclusions=_mask(voids, masks),
        **{f"breakdown_{i}": breakdown_text(ref, matcher) for i, ref in enumerate(spec.breakdown)},
    )
    kept = marked.filter(inside)
    return kept.select("actor", "t", "tie", "steps", "exclusions", *(f"breakdown_{i}" for i in range(len(spec.breakdown))), "uuid")


def _mask(tests: Sequence[ir.BooleanValue], bits: Sequence[int]) -> ir.IntegerValue:
    if not tests:
        return ibis.literal(0, type="int64")
    parts = [
        ibis.ifelse(test, ibis.literal(bit, type="int64"), ibis.literal(0, type="int64")) for test, bit in zip(tests, bits, strict=True)
    ]
    return functools.reduce(lambda a, b: a | b, parts)


def breakdown_text(ref: PropertyRef, matcher: Matcher) -> ir.StringValue:
    """Give one breakdown's value as text; "" where there is none."""
    value = matcher.value(ref)
    if ref.normalize_url:
        bare = value.re_replace(r"[/?#\\]+$", "")
        value = ibis.ifelse((bare == "") & (value != ""), "/", bare)
    return value.fill_null("")


def expression(spec: Funnel, tables: EventTables) -> ir.Table:
    """Raise: no SQL says a funnel exactly.

    Raises
    ------
    NotExpressible
        Always; `matched()` is the relation that the figures are computed from.
    """
    raise NotExpressible(
        "which chain of steps counts, when steps repeat or share an instant, is decided event by event: use matched() for the events, to_pandas() for the figures"
    )


# ---------------------------------------------------------------------- runs
@dataclass(frozen=True)
class Walked:
    """Every actor's way through the funnel.

    Parameters
    ----------
    actors
        The actors, as Arrow; a row a run, as in the other fields.
    values
        The breakdown value of each run: a code into `names`.
    names
        The breakdown values: tuples of texts.
    reached
        Bit mask of the steps done.
    times
        Microseconds of each step done, runs x steps.
    events
        The uuids of those events, by position in `uuids`; -1 for none.
    """

    actors: pa.Array
    values: np.ndarray
    names: list[tuple[str, ...]]
    reached: np.ndarray
    times: np.ndarray
    events: np.ndarray
    uuids: pa.Array


def walk(spec: Funnel, tables: EventTables, *, with_uuids: bool = False) -> Walked:
    """Run the question: match and sort in the engine, walk in the kernel."""
    m = matched(spec, tables)
    names = ["actor", "t", "steps", *(["exclusions"] if spec.exclusions else []), *(f"breakdown_{i}" for i in range(len(spec.breakdown)))]
    order = [m.actor, m.t, m.tie, m.uuid] if spec.breakdown or with_uuids else [m.actor, m.t]
    rows = tables.arrow(m.order_by(order).select(*names, *(["uuid"] if with_uuids else [])))
    actors = rows["actor"].combine_chunks()
    offsets = starts_of(actors)
    column = lambda name: rows[name].to_numpy()  # noqa: E731
    reached, times, events = kernel.run(
        offsets,
        column("t"),
        column("steps"),
        count=len(spec.steps),
        window=Window(spec.window).microseconds,
        exclusions=column("exclusions") if spec.exclusions else None,
        strict=spec.order_type == "strict",
    )
    values, value_names = touched(rows, offsets, spec)
    return Walked(
        actors.take(pa.array(offsets[:-1])),
        values,
        value_names,
        reached,
        times,
        events,
        rows["uuid"].combine_chunks() if with_uuids else pa.array([], pa.string()),
    )


def starts_of(actors: pa.Array) -> np.ndarray:
    """Give where each actor's rows begin, and the end: actors are sorted."""
    if len(actors) == 0:
        return np.zeros(1, np.int64)
    changes = pc.not_equal(actors[1:], actors[:-1])
    inner = np.flatnonzero(changes.to_numpy(zero_copy_only=False)) + 1
    return np.concatenate([[0], inner, [len(actors)]]).astype(np.int64)


def touched(rows: pa.Table, offsets: np.ndarray, spec: Funnel) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    """Give each actor's breakdown value: that of the first (or last) event that has one."""
    runs = len(offsets) - 1
    if not spec.breakdown:
        return np.zeros(runs, np.int64), [()]
    columns = [rows[f"breakdown_{i}"].combine_chunks().dictionary_encode() for i in range(len(spec.breakdown))]
    codes = np.zeros(len(rows), np.int64)
    empty = np.ones(len(rows), bool)
    for column in columns:
        words = column.dictionary.to_pylist()
        indices = column.indices.to_numpy(zero_copy_only=False)
        codes = codes * max(len(words), 1) + indices
        empty &= np.array([w == "" for w in words], bool)[indices]
    if all(ref.type == "group" for ref in spec.breakdown):
        empty[:] = False
    chosen = first_where(~empty, offsets, last=spec.breakdown_attribution == "last_touch")
    picked, values = np.unique(codes[chosen], return_inverse=True)
    names = []
    for code in picked.tolist():
        parts = []
        for column in reversed(columns):
            words = column.dictionary.to_pylist()
            code, at = divmod(code, len(words))
            parts.append(words[at])
        names.append(tuple(reversed(parts)))
    return values.astype(np.int64), names


def first_where(wanted: np.ndarray, offsets: np.ndarray, *, last: bool) -> np.ndarray:
    """Give, for each run, the position of its first (last) wanted row; its first (last) row where none is wanted."""
    size = len(wanted)
    positions = np.arange(size)
    if last:
        marks = np.where(wanted, positions, -1)
        best = np.maximum.reduceat(marks, offsets[:-1]) if size else np.zeros(0, np.int64)
        return np.where(best >= 0, best, offsets[1:] - 1)
    marks = np.where(wanted, positions, size)
    best = np.minimum.reduceat(marks, offsets[:-1]) if size else np.zeros(0, np.int64)
    return np.where(best < size, best, offsets[:-1])


# ---------------------------------------------------------------------- figures
@dataclass(frozen=True)
class Line:
    """The figures of one breakdown value: counts, average and median seconds, each a step."""

    value: tuple[str, ...]
    counts: tuple[int, ...]
    averages: tuple[float | None, ...]
    medians: tuple[float | None, ...]


def lines(spec: Funnel, walked: Walked) -> list[Line]:
    """Give the figures of each breakdown value, most conversions first; the values past the limit as one."""
    entered = walked.reached > 0
    found = [(name, np.flatnonzero(entered & (walked.values == code))) for code, name in enumerate(walked.names)]
    found = [(name, which) for name, which in found if len(which) or not spec.breakdown]
    made = [line(name, which, walked, len(spec.steps)) for name, which in found]
    if not spec.breakdown:
        return made
    pairs = sorted(zip(made, found, strict=True), key=lambda p: (tuple(-c for c in reversed(p[0].counts)), p[0].value))
    kept, rest = pairs[: spec.breakdown_limit], pairs[spec.breakdown_limit :]
    result = [p[0] for p in kept]
    if rest:
        together = np.concatenate([which for _, (_, which) in rest])
        result.append(line(tuple(OTHER for _ in spec.breakdown), together, walked, len(spec.steps)))
    return result


def line(name: tuple[str, ...], which: np.ndarray, walked: Walked, steps: int) -> Line:
    """Give the figures of some runs."""
    reached, times = walked.reached[which], walked.times[which]
    counts = tuple(int(((reached >> s) & 1).sum()) for s in range(steps))
    averages: list[float | None] = [None]
    medians: list[float | None] = [None]
    for s in range(1, steps):
        took = (times[:, s] - times[:, s - 1])[(reached >> s) & 1 == 1]
        took = took[took > 0] / MICROSECONDS
        averages.append(float(took.mean()) if len(took) else None)
        medians.append(float(np.median(took)) if len(took) else None)
    return Line(name, counts, tuple(averages), tuple(medians))


def frame(spec: Funnel, tables: EventTables) -> pd.DataFrame:
    """Give the figures as a tidy frame: see `Funnel` for the columns.

    Warns
    -----
    UnknownEventWarning
        When a step names an event, or a breakdown a property, that the data doesn't have.
    """
    walked = walk(spec, tables)
    made = lines(spec, walked)
    unknown.warn_of_events(spec.steps, tables)
    unknown.warn_of_properties(spec.breakdown, (found.value for found in made), "", tables)
    rows = []
    for found in made:
        value = None if not spec.breakdown else found.value[0] if len(found.value) == 1 else found.value
        for s, step in enumerate(spec.steps):
            before = found.counts[s - 1] if s else found.counts[0]
            rows.append(
                (
                    value,
                    s + 1,
                    step.label,
                    found.counts[s],
                    found.counts[s] / found.counts[0] if found.counts[0] else 0.0,
                    found.counts[s] / before if before else 0.0,
                    found.averages[s],
                    found.medians[s],
                )
            )
    return pd.DataFrame(rows, columns=COLUMNS).astype({"step": "int64", "count": "int64", **{c: "float64" for c in COLUMNS[4:]}})


# ---------------------------------------------------------------------- explanations
def rules(spec: Funnel, tables: EventTables) -> tuple[str, ...]:
    """Give the rules that make the figures."""
    span = tables.resolve(spec.date_range, interval="day")  # the window doesn't extend it
    zone = span.zone
    who = "Persons" if group_index(spec, tables) is None else f"Groups ({spec.group_type or spec.group_type_index})"
    said = [
        f"Events from {span.start.astimezone(zone):%Y-%m-%d %H:%M} to {span.end.astimezone(zone):%Y-%m-%d %H:%M:%S}, both ends counted, in {span.timezone}: a step after the end doesn't count, even inside the window.",
        f"{who} are counted, each once.",
        f"The window of {spec.window} runs from the first step of the chain; exactly that long is still inside. It is elapsed time: a month is 31 days, a day is 24 hours.",
        "Every event of the first step may start a chain; the chain that gets furthest counts, the first of those that get equally far.",
        "One event fills one step, also where two steps ask for the same event. Steps at the same instant count in the order of the funnel; there an event that could be fewer steps is taken first.",
        "Times between steps leave out instant conversions (0 seconds).",
    ]
    if spec.order_type == "strict":
        said.append("Strict: any other event between two steps breaks the chain.")
    if spec.exclusions:
        said.append(
            "Who does an excluded event between its steps, inside the window, counts nowhere, unless a clean chain gets as far later."
        )
    if spec.breakdown:
        touch = "earliest" if spec.breakdown_attribution == "first_touch" else "latest"
        said.append(
            f"The breakdown value of an actor is that of the {touch} event in the funnel that has one; the {spec.breakdown_limit} largest values are kept."
        )
    return (*said, *tables.rules())


def actors(spec: Funnel, tables: EventTables, *, step: int = 1, dropped: bool = False, breakdown_value: Any = None) -> pd.DataFrame:
    """Give who did a step, or who was lost before it.

    Parameters
    ----------
    step
        From 1. With `dropped`, from 2: those who did the step before and not this one.
    breakdown_value
        Only those of this value.

    Returns
    -------
    pandas.DataFrame
        actor_id, steps_done, breakdown_value, first_step_at, last_step_at (UTC), last_event (uuid); a row an actor, by actor_id.

    Raises
    ------
    SpecError
        When the funnel has no such step.
    """
    if not 1 <= step <= len(spec.steps):
        raise SpecError(f"step {step!r}: the steps of this funnel count from 1 to {len(spec.steps)}")
    if dropped and step == 1:
        raise SpecError("nobody is lost before step 1: ask for dropped=True from step 2 on")
    walked = walk(spec, tables, with_uuids=True)
    reached = walked.reached
    keep = (reached >> (step - 1)) & 1 == 1
    if dropped:
        keep = ((reached >> (step - 2)) & 1 == 1) & ~keep
    labels = [None if not spec.breakdown else n[0] if len(n) == 1 else n for n in walked.names]
    if breakdown_value is not None:
        keep &= np.array([label == breakdown_value for label in labels], bool)[walked.values]
    which = np.flatnonzero(keep)
    done = (walked.times[which] != kernel.NEVER).sum(axis=1)
    rows = np.arange(len(which))
    last = np.maximum(done - 1, 0)
    return pd.DataFrame(
        {
            "actor_id": walked.actors.take(pa.array(which)).to_pylist(),
            "steps_done": done,
            "breakdown_value": [labels[v] for v in walked.values[which]],
            "first_step_at": pd.to_datetime(walked.times[which, 0] if len(which) else [], unit="us"),
            "last_step_at": pd.to_datetime(walked.times[which][rows, last] if len(which) else [], unit="us"),
            "last_event": walked.uuids.take(pa.array(walked.events[which][rows, last])).to_pylist() if len(which) else [],
        }
    )
