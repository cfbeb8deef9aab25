"""What a series counts: one ibis aggregation a math, over the events that matched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from evkit import properties
from evkit.dates.grammar import Range
from evkit.errors import UnsupportedQuery
from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.spec import PROPERTY_MATHS, Series

QUANTILES = {"median": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
ACTIVE_DAYS = {"weekly_active": 7, "monthly_active": 30}
COUNT_PER_ACTOR = "_count_per_actor"
FIRST_TIME = ("first_time_for_user", "first_time_for_user_with_filters", "first_matching_event_for_user")
KEYS = ["breakdown_value", "bucket"]


@dataclass(frozen=True)
class Asked:
    """One series over one period: what the maths compute from.

    Parameters
    ----------
    events
        The relation, with a breakdown_value.
    hit
        The series' subject; `passes` its filters and those of the question.
    bucket
        Cuts a table's `timestamp`; None gives one figure over the whole range.
    """

    tables: EventTables
    series: Series
    events: ir.Table
    matcher: Matcher
    hit: ir.BooleanValue
    passes: ir.BooleanValue
    period: Range
    bucket: Callable[[ir.TimestampValue], ir.TimestampValue] | None
    low: ir.TimestampScalar
    high: ir.TimestampScalar
    cumulative: bool = False

    def inside(self) -> ir.Table:
        """Give the matching events of the period with their bucket: t, bucket, actor, breakdown_value, number."""
        e = self.events
        kept = e.filter(self.hit & self.passes & (e.timestamp >= self.low) & (e.timestamp <= self.high))
        return self.shaped(kept)

    def shaped(self, rows: ir.Table) -> ir.Table:
        """Give events in the columns that the maths use."""
        at = ibis.null("timestamp(6)") if self.bucket is None else self.bucket(rows.timestamp)
        return rows.mutate(bucket=at, actor=actor_of(self.series, rows))


def actor_of(series: Series, rows: ir.Table) -> ir.StringValue:
    """Give who is counted: the group's key where the series names a group type, else the person."""
    if series.group_type_index is not None:
        return rows[f"group_{series.group_type_index}"]
    return rows.person_id


def figures(asked: Asked) -> ir.Table:
    """Give a series' figures: breakdown_value, bucket, value; a row where there is something."""
    math = asked.series.math
    if math in FIRST_TIME:
        return counted(first_times(asked))
    if math in ACTIVE_DAYS and asked.series.math == effective(asked):
        return active(asked, ACTIVE_DAYS[math])
    rows = asked.inside()
    if math in ("dau", "weekly_active", "monthly_active", "unique_group"):
        return distinct(rows.filter(rows.actor.notnull()), "actor", cumulative=asked.cumulative)
    if math == "unique_session":
        session = properties.text(rows.properties, "$session_id", dialect=asked.tables.dialect).fill_null("")
        return distinct(rows.mutate(session=session), "session")
    if math.endswith(COUNT_PER_ACTOR):
        return per_actor(asked, rows, math.removesuffix(COUNT_PER_ACTOR))
    if math in PROPERTY_MATHS and asked.series.property is not None:
        return of_property(asked, rows, math)
    return counted(rows)


def effective(asked: Asked) -> str:
    """Give the math once an interval as long as its window has made it plain distinct persons."""
    interval, math = asked.period.interval, asked.series.math
    if (math == "weekly_active" and interval in ("week", "month")) or (math == "monthly_active" and interval == "month"):
        return "dau"
    return math


def counted(rows: ir.Table) -> ir.Table:
    """Count events."""
    return rows.group_by(KEYS).agg(value=rows.count().cast("float64"))


def distinct(rows: ir.Table, what: str, *, cumulative: bool = False) -> ir.Table:
    """Count what is distinct; exactly on every engine. Cumulative: each only in its first bucket."""
    if cumulative:
        first = rows.group_by(["breakdown_value", what]).agg(bucket=rows.bucket.min())
        return counted(first)
    return counted(rows.select(*KEYS, what).distinct())


def aggregated(value: ir.FloatingColumn, how: str) -> ir.FloatingScalar:
    """Aggregate numbers; 0 where there is none."""
    if how in QUANTILES:
        return value.quantile(QUANTILES[how]).fill_null(0.0)
    made: ir.FloatingScalar = {"sum": value.sum, "avg": value.mean, "min": value.min, "max": value.max}[how]().cast("float64").fill_null(0.0)
    return made


def of_property(asked: Asked, rows: ir.Table, math: str) -> ir.Table:
    """Aggregate a property of the events; of `$session_duration` one value a session."""
    ref = asked.series.property
    if ref is None:
        raise UnsupportedQuery(f"math {math!r} needs a math_property")
    rows = rows.mutate(number=Matcher(asked.tables, rows).number(ref))
    if ref.key == "$session_duration":
        rows = rows.select(*KEYS, "session_id", "number").distinct()
    return rows.group_by(KEYS).agg(value=aggregated(rows.number, math))


def per_actor(asked: Asked, rows: ir.Table, how: str) -> ir.Table:
    """Count events an actor, then aggregate over the actors that have any."""
    counts = rows.group_by([*KEYS, "person_id"]).agg(number=rows.count().cast("float64"))
    return counts.group_by(KEYS).agg(value=aggregated(counts.number, how))


def active(asked: Asked, days: int) -> ir.Table:
    """Count who was active in the last `days` days up to each bucket; over the whole range, up to its end."""
    e = asked.events
    back = ibis.interval(days=days)
    if asked.bucket is None:
        kept = e.filter(asked.hit & asked.passes & (e.timestamp >= asked.high - back) & (e.timestamp <= asked.high))
        rows = asked.shaped(kept)
        return distinct(rows.filter(rows.actor.notnull()), "actor")
    kept = e.filter(asked.hit & asked.passes & (e.timestamp >= asked.low - back) & (e.timestamp <= asked.high))
    unit, per_day = {"hour": ("h", 24), "minute": ("m", 1440), "second": ("s", 86400)}.get(asked.period.interval, ("D", 1))
    floored = asked.shaped(kept)
    seen = floored.filter(floored.actor.notnull()).select(*KEYS, "actor").distinct()
    later = ibis.range(0, days * per_day).unnest().name("later").as_table()
    spread = seen.cross_join(later)
    moved = spread.mutate(bucket=spread.bucket + spread.later.as_interval(unit))
    return counted(moved.select(*KEYS, "actor").distinct())


def first_times(asked: Asked) -> ir.Table:
    """Give a row a person, in the bucket of their first event, where that event counts."""
    e = asked.events
    ever = e.filter(asked.hit & (e.timestamp <= asked.high)).mutate(good=asked.passes)
    ever = ever.mutate(counts=ever.good & (ever.timestamp >= asked.low))
    if asked.series.math != "first_time_for_user":
        ever = ever.filter(ever.good)
    first = ever.group_by("person_id").agg(
        first=ever.timestamp.min(),
        timestamp=ever.timestamp.min(where=ever.counts),
        breakdown_value=ever.breakdown_value.argmin(ever.timestamp, where=ever.counts),
    )
    kept = first.filter(first["first"] == first.timestamp)
    at = ibis.null("timestamp(6)") if asked.bucket is None else asked.bucket(kept.timestamp)
    return kept.mutate(bucket=at)
