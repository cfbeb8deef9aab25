"""What a series counts: one ibis aggregation a math, over the events that matched."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from evkit.dates.buckets import bucket
from evkit.dates.grammar import Interval, Range
from evkit.errors import UnsupportedQuery
from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.spec import PROPERTY_MATHS, Series

QUANTILES = {"median": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
ACTIVE_DAYS = {"weekly_active": 7, "monthly_active": 30}
COUNT_PER_ACTOR = "_count_per_actor"
FIRST_TIME = ("first_time_for_user", "first_time_for_user_with_filters", "first_matching_event_for_user")
FINE: dict[str, tuple[str, int]] = {"hour": ("h", 24), "minute": ("m", 1440), "second": ("s", 86400)}
"""Intervals shorter than a day -> their unit, and how many a day has."""
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
    interval
        What the question cuts time into; None gives one figure over the whole range.
    given_interval
        The interval of the question, whatever its display: decides what weekly and monthly active mean.
    """

    tables: EventTables
    series: Series
    events: ir.Table
    hit: ir.BooleanValue
    passes: ir.BooleanValue
    period: Range
    interval: Interval | None
    given_interval: Interval
    cumulative: bool = False

    @property
    def lower(self) -> ir.TimestampScalar:
        """The earliest time that counts when time is cut into intervals."""
        return instant(self.period.lower)

    @property
    def start(self) -> ir.TimestampScalar:
        """The start of the range as it was given."""
        return instant(self.period.start)

    @property
    def end(self) -> ir.TimestampScalar:
        """The latest time that counts."""
        return instant(self.period.end)

    def inside(self, low: ir.TimestampScalar) -> ir.Table:
        """Give the matching events from `low` to the end: those of the relation with bucket and actor."""
        e = self.events
        kept = e.filter(self.hit & self.passes & (e.timestamp >= low) & (e.timestamp <= self.end))
        return self.shaped(kept, self.interval)

    def shaped(self, rows: ir.Table, interval: Interval | None) -> ir.Table:
        """Add the columns that the maths use: bucket (wall clock of the project's zone) and actor."""
        at = ibis.null("timestamp(6)")
        if interval is not None:
            settings = self.tables.settings
            at = bucket(rows.timestamp, interval, timezone=settings.timezone, week_start=settings.week_start, dialect=self.tables.dialect)
        return rows.mutate(bucket=at, actor=actor_of(self.series, rows, by_distinct_id=self.tables.settings.aggregate_by_distinct_id))


def instant(time: dt.datetime) -> ir.TimestampScalar:
    """Give a time as a literal that compares with the events' timestamps."""
    return ibis.literal(time.astimezone(dt.UTC).replace(tzinfo=None), type="timestamp(6)")


def asks_who(series: Series) -> bool:
    """Say whether a series' figures depend on who did it."""
    return series.math not in (*PROPERTY_MATHS, "total", "unique_session", "unique_group")


def actor_of(series: Series, rows: ir.Table, *, by_distinct_id: bool) -> ir.StringValue:
    """Give who is counted: the group's key where the series names a group type, else the person (or distinct id)."""
    if series.group_type_index is not None and f"group_{series.group_type_index}" in rows.columns:
        return rows[f"group_{series.group_type_index}"]
    if by_distinct_id:
        return rows.distinct_id
    return rows.person_id if "person_id" in rows.columns else ibis.null("string")


def figures(asked: Asked) -> ir.Table:
    """Give a series' figures: breakdown_value, bucket, value; a row where there is something."""
    math = effective(asked)
    if math in FIRST_TIME:
        return counted(first_times(asked))
    if math in ACTIVE_DAYS:
        return active(asked, ACTIVE_DAYS[math])
    if math.endswith(COUNT_PER_ACTOR):
        return per_actor(asked.inside(asked.start), math.removesuffix(COUNT_PER_ACTOR))
    rows = asked.inside(asked.lower)
    if math in ("dau", "unique_group"):
        return distinct(rows.filter(rows.actor.notnull()), "actor", cumulative=asked.cumulative)
    if math == "unique_session":
        return distinct(rows.mutate(session=asked.tables.session_id(rows.properties)), "session")
    if math in PROPERTY_MATHS and asked.series.property is not None:
        return of_property(asked, rows, math)
    return counted(rows)


def effective(asked: Asked) -> str:
    """Give the math once an interval as long as its window has made it plain distinct persons."""
    interval, math = asked.given_interval, asked.series.math
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
    made: ir.FloatingScalar = (
        {"sum": value.sum, "avg": value.mean, "min": value.min, "max": value.max}[how]().cast("float64").fill_null(0.0)
    )
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


def per_actor(rows: ir.Table, how: str) -> ir.Table:
    """Count events an actor, then aggregate over the actors that have any."""
    counts = rows.group_by([*KEYS, "person_id"]).agg(number=rows.count().cast("float64"))
    return counts.group_by(KEYS).agg(value=aggregated(counts.number, how))


def active(asked: Asked, days: int) -> ir.Table:
    """Count who was active in the last `days` days up to each bucket; over the whole range, up to its end."""
    e = asked.events
    back = ibis.interval(days=days)
    counts = asked.hit & asked.passes & (e.timestamp <= asked.end)
    if asked.interval is None:
        rows = asked.shaped(e.filter(counts & (e.timestamp >= asked.end - back)), None)
        return distinct(rows.filter(rows.actor.notnull()), "actor")
    cut: Interval = asked.interval if asked.interval in FINE else "day"
    unit, per_day = FINE.get(cut, ("D", 1))
    floored = asked.shaped(e.filter(counts & (e.timestamp >= asked.start - back)), cut)
    seen = floored.filter(floored.actor.notnull()).select(*KEYS, "actor").distinct()
    later = ibis.range(0, days * per_day).unnest().name("later").as_table()
    spread = seen.cross_join(later)
    moved = spread.mutate(bucket=spread.bucket + spread.later.as_interval(unit))
    return counted(moved.select(*KEYS, "actor").distinct())


def first_times(asked: Asked) -> ir.Table:
    """Give a row a person, in the bucket of their first event, where that event counts."""
    e = asked.events
    ever = e.filter(asked.hit & (e.timestamp <= asked.end)).mutate(good=asked.passes)
    ever = ever.mutate(counts=ever.good & (ever.timestamp >= asked.lower))
    if asked.series.math != "first_time_for_user":
        ever = ever.filter(ever.good)
    first = ever.group_by("person_id").agg(
        distinct_id=ever.distinct_id.min(),
        earliest=ever.timestamp.min(),
        timestamp=ever.timestamp.min(where=ever.counts),
        breakdown_value=ever.breakdown_value.argmin(ever.timestamp, where=ever.counts),
    )
    return asked.shaped(first.filter(first.earliest == first.timestamp), asked.interval)
