"""The events of a funnel: who did them, when, which steps and exclusions they are, and what parts them."""

from __future__ import annotations

import functools
import operator as op
from collections.abc import Sequence

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from evkit.dates import Range
from evkit.dates.buckets import bucket
from evkit.dates.instants import instant
from evkit.insights import first_events
from evkit.insights.funnel.spec import FIRST_TIME, Funnel
from evkit.model.tables import EventTables
from evkit.query import actors
from evkit.query.filters import Matcher
from evkit.query.paths import cleaned_path
from evkit.query.property_filters import ALL_USERS, PropertyFilter, PropertyRef
from evkit.query.relation import relation
from evkit.query.spec import Series


def span(spec: Funnel, tables: EventTables) -> Range:
    """Give the range whose events count; the window doesn't extend it."""
    return tables.resolve(spec.date_range, interval=spec.interval)


def group_index(spec: Funnel, tables: EventTables) -> int | None:
    """Give the index of the group type that is counted; None for persons."""
    return actors.group_index(spec.group_type, spec.group_type_index, tables)


def matched(spec: Funnel, tables: EventTables, *, named: bool = True) -> ir.Table:
    """Give the events that count, a row an event: actor, t (microseconds), tie (arrival), steps, exclusions (bit masks), uuid, period, breakdown_0 ...

    A strict funnel has every event of the range (without breakdown: from somebody's first first step on); another only those
    that are a step or an exclusion. `period` is the
    start of the interval of a funnel of viz_type "trends"; `breakdown_0` ... are texts, or 1 and 0 for each cohort. Without `named`,
    a person may go by any of their ids.
    """
    index = group_index(spec, tables)
    excluded = [e.series for e in spec.exclusions]
    cohorts = [PropertyFilter("id", c, type="cohort") for c in spec.cohorts if c != ALL_USERS]
    actor_needs = (Series(None, group_type_index=index), spec.aggregate_by)
    refs = () if spec.cohorts else spec.breakdown
    rows = relation(tables, *spec.steps, *excluded, spec.filters, *refs, *cohorts, *actor_needs, named=named)
    matcher = Matcher(tables, rows)
    tests, rows = steps_of(spec, tables, matcher)
    matcher = Matcher(tables, rows)
    voids = [matcher.series(series) for series in excluded]
    between = span(spec, tables)
    actor = actor_of(spec, index, matcher)
    inside = matcher.filter(spec.filters) & (rows.timestamp >= instant(between.start)) & (rows.timestamp <= instant(between.end))
    inside = inside & actor.notnull()
    if spec.order_type != "strict":
        inside = inside & functools.reduce(op.or_, [*tests, *voids])
    masks = [sum(1 << (s - 1) for s in range(e.after + 1, e.before + 1)) for e in spec.exclusions]
    made = rows.mutate(
        actor=actor,
        tie=rows.arrival,
        steps=steps_mask(spec, tests, rows.event, tables.dialect),
        exclusions=mask(voids, masks),
        period=period_of(spec, tables, rows),
        **{f"breakdown_{i}": part(ref, matcher, spec) for i, ref in enumerate(spec.breakdown)},
    )
    names = [f"breakdown_{i}" for i in range(len(spec.breakdown))]
    kept = made.filter(inside).select("actor", "t", "tie", "steps", "exclusions", "uuid", "period", *names)
    return after_first_step(kept) if spec.order_type == "strict" and not spec.breakdown else kept


def after_first_step(rows: ir.Table) -> ir.Table:
    """Leave out what happened before somebody's first first step, which no chain has in it, and who never did one."""
    begun = rows.filter(rows.steps % 2 == 1)
    first = begun.group_by(entered=begun.actor).agg(since=begun.t.min())
    joined = rows.inner_join(first, rows.actor == first.entered)
    return joined.filter(joined.t >= joined.since).drop("entered", "since")


def actor_of(spec: Funnel, index: int | None, matcher: Matcher) -> ir.StringValue:
    """Give who is counted; null for events that don't count."""
    if index is None and spec.aggregate_by is not None:
        return matcher.value(spec.aggregate_by).nullif("")
    return actors.actor_of(matcher.rows, matcher.tables, index)


def period_of(spec: Funnel, tables: EventTables, rows: ir.Table) -> ir.TimestampValue:
    """Give the start of the interval that an event is in, wall clock of the project's zone; null where none is asked for."""
    if spec.viz_type != "trends":
        return ibis.null("timestamp(6)")
    settings = tables.settings
    return bucket(rows.timestamp, spec.interval, timezone=settings.timezone, week_start=settings.week_start, dialect=tables.dialect)


def steps_mask(spec: Funnel, tests: Sequence[ir.BooleanValue], event: ir.StringValue, dialect: str) -> ir.IntegerValue:
    """Give the bits of the steps that an event is.

    DuckDB looks up steps that only ask for a name, once for each name of a block of events, instead of comparing each event's name
    with each step's: with six steps that is a third of what an expression over a Parquet file takes.
    """
    bits = [1 << i for i in range(len(tests))]
    alone = [isinstance(s.subject, str) and not s.group.values and s.math not in FIRST_TIME for s in spec.steps]
    if dialect != "duckdb" or sum(alone) < 2:
        return mask(tests, bits)
    masks: dict[str, int] = {}
    for step, bit, is_alone in zip(spec.steps, bits, alone, strict=True):
        if is_alone:
            masks[str(step.subject)] = masks.get(str(step.subject), 0) | bit
    names, said = ibis.array(list(masks)), ibis.array([ibis.literal(bits, type="int64") for bits in masks.values()])
    by_name = _element(said, _position(names, event)).fill_null(0)
    rest = [i for i, is_alone in enumerate(alone) if not is_alone]
    return by_name | mask([tests[i] for i in rest], [bits[i] for i in rest]) if rest else by_name


@ibis.udf.scalar.builtin(name="list_position", signature=((dt.Array(dt.string), dt.string), dt.int64))
def _position(texts: list[str], wanted: str) -> int:  # type: ignore[empty-body]
    ...


@ibis.udf.scalar.builtin(name="list_extract", signature=((dt.Array(dt.int64), dt.int64), dt.int64))
def _element(numbers: list[int], position: int) -> int:  # type: ignore[empty-body]
    ...


def mask(tests: Sequence[ir.BooleanValue], bits: Sequence[int]) -> ir.IntegerValue:
    """Give the bits of the tests that hold."""
    if not tests:
        return ibis.literal(0, type="int64")
    parts = [
        ibis.ifelse(test, ibis.literal(bit, type="int64"), ibis.literal(0, type="int64")) for test, bit in zip(tests, bits, strict=True)
    ]
    return functools.reduce(lambda a, b: a | b, parts)


def part(ref: PropertyRef, matcher: Matcher, spec: Funnel) -> ir.Value:
    """Give one breakdown's value as text, "" where there is none; for a cohort 1 or 0."""
    if ref.type == "cohort":
        inside = ibis.literal(True) if ref.key == ALL_USERS else matcher.filter(PropertyFilter("id", ref.key, type="cohort"))
        return inside.cast("int8")
    value = matcher.value(ref)
    if spec.breakdown_path_cleaning:
        value = cleaned_path(value, matcher.tables.settings.path_cleaning_filters, dialect=matcher.dialect)
    value = value.fill_null("")
    return value.re_replace(r"[/?#\\]+$", "").nullif("").fill_null("/") if ref.normalize_url else value


# ---------------------------------------------------------------------- steps that are first times
def steps_of(spec: Funnel, tables: EventTables, matcher: Matcher) -> tuple[list[ir.BooleanValue], ir.Table]:
    """Give whether an event is each step, and the relation with what that needs joined: the first events of persons."""
    rows = matcher.rows
    firsts = {i: first_of_step(step, spec, tables, matcher) for i, step in enumerate(spec.steps) if step.math in FIRST_TIME}
    for i, first in firsts.items():
        known = first.select(**{f"first_{i}": first.uuid})
        rows = rows.left_join(known, rows.uuid == known[f"first_{i}"])
    joined = Matcher(tables, rows)
    return [rows[f"first_{i}"].notnull() if i in firsts else joined.series(step) for i, step in enumerate(spec.steps)], rows


def first_of_step(step: Series, spec: Funnel, tables: EventTables, matcher: Matcher) -> ir.Table:
    """Give each person's first event of a step, up to the end of the range, where it is in the range and passes the step's filters: uuid."""
    between = span(spec, tables)
    found = first_events.candidates(
        matcher.rows,
        hit=matcher.subject(step.subject),
        passes=matcher.filter(step.group),
        since=instant(between.start),
        until=instant(between.end),
        only_passing=step.math != "first_time_for_user",
    )
    return first_events.first_events(found).select("uuid")
