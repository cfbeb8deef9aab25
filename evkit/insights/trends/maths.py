"""What a series counts: one ibis aggregation a math, over the events that matched."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from evkit.dates.buckets import bucket
from evkit.dates.grammar import Interval, Range
from evkit.dates.instants import instant
from evkit.errors import UnsupportedQuery
from evkit.insights import first_events
from evkit.insights.trends import bins
from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.property_filters import PropertyRef
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
        The relation, with a column `part_0`, `part_1` ... for each breakdown: its value as text, or a number to be put into bins.
    parts
        The breakdowns.
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
    parts: tuple[PropertyRef, ...] = ()
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

    def matching(self, low: ir.TimestampScalar) -> ir.Table:
        """Give the matching events from `low` to the end."""
        e = self.events
        return e.filter(self.hit & self.passes & (e.timestamp >= low) & (e.timestamp <= self.end))

    def inside(self, low: ir.TimestampScalar) -> ir.Table:
        """Give the matching events from `low` to the end, with bucket and actor."""
        return self.shaped(self.matching(low), self.interval)

    def shaped(self, rows: ir.Table, interval: Interval | None) -> ir.Table:
        """Add the columns that the maths use: bucket (wall clock of the project's zone) and actor."""
        at = ibis.null("timestamp(6)")
        if interval is not None:
            settings = self.tables.settings
            at = bucket(rows.timestamp, interval, timezone=settings.timezone, week_start=settings.week_start, dialect=self.tables.dialect)
        return rows.mutate(bucket=at, actor=actor_of(self.series, rows, by_distinct_id=self.tables.settings.aggregate_by_distinct_id))


def asks_who(series: Series) -> bool:
    """Say whether a series' figures depend on who did it."""
    return series.math not in (*PROPERTY_MATHS, "total", "unique_session", "unique_group")


def actor_of(series: Series, rows: ir.Table, *, by_distinct_id: bool) -> ir.StringValue:
    """Give who is counted: the group's key where the series names a group type, else the person (or distinct id)."""
    if series.counts_groups and f"group_{series.group_type_index}" in rows.columns:
        return rows[f"group_{series.group_type_index}"]
    if by_distinct_id:
        return rows.distinct_id
    return rows.person_id if "person_id" in rows.columns else ibis.null("string")


def figures(asked: Asked) -> ir.Table:
    """Give a series' figures: breakdown_value, bucket, value and, with bins, their edges; a row where there is something."""
    math = effective(asked)
    if math in FIRST_TIME and not asked.parts:
        return counted(with_value(asked, asked.shaped(first_events.first_times(candidates(asked)), asked.interval)))
    rows = counting(asked)
    found = computed(asked, with_value(asked, rows), math)
    return found.cross_join(bins.edges(rows, asked.parts)) if bins.binned(asked.parts) else found


def computed(asked: Asked, rows: ir.Table, math: str) -> ir.Table:
    """Compute a math from the events behind it."""
    if math in ACTIVE_DAYS:
        return active(asked, rows, ACTIVE_DAYS[math])
    if math.endswith(COUNT_PER_ACTOR):
        return per_actor(rows, math.removesuffix(COUNT_PER_ACTOR))
    if math in ("dau", "unique_group"):
        return distinct(rows.filter(rows.actor.notnull()), "actor", cumulative=asked.cumulative)
    if math == "unique_session":
        return distinct(rows.mutate(session=asked.tables.session_id(rows.properties)), "session")
    if math in PROPERTY_MATHS:
        return of_property(asked, rows, math)
    return counted(rows)


def counting(asked: Asked) -> ir.Table:
    """Give the events behind a series' figures: those of the relation, with bucket and actor.

    For weekly and monthly active persons their bucket is the time they are seen, and each counts in the buckets after it too.
    """
    math = effective(asked)
    if math in FIRST_TIME:
        return asked.shaped(first_events.first_events(candidates(asked)), asked.interval)
    if math in ACTIVE_DAYS:
        low, cut = look_back(asked, ACTIVE_DAYS[math])
        return asked.shaped(asked.matching(low), cut)
    return asked.inside(asked.start if math.endswith(COUNT_PER_ACTOR) else asked.lower)


def effective(asked: Asked) -> str:
    """Give the math of what is asked, as `effective_math`."""
    return effective_math(asked.series.math, asked.given_interval)


def effective_math(math: str, interval: Interval) -> str:
    """Give the math once an interval as long as its window has made it plain distinct persons."""
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
    number = Matcher(asked.tables, rows).number(ref)
    rows = rows.mutate(number=number if asked.series.math_multiplier is None else number * asked.series.math_multiplier)
    if ref.key == "$session_duration":
        rows = rows.select(*KEYS, "session_id", "number").distinct()
    return rows.group_by(KEYS).agg(value=aggregated(rows.number, math))


def per_actor(rows: ir.Table, how: str) -> ir.Table:
    """Count events an actor, then aggregate over the actors that have any."""
    counts = rows.group_by([*KEYS, "person_id"]).agg(number=rows.count().cast("float64"))
    return counts.group_by(KEYS).agg(value=aggregated(counts.number, how))


def look_back(asked: Asked, days: int) -> tuple[ir.TimestampScalar, Interval | None]:
    """Give from when on events make somebody active, and what the times they are seen are cut into."""
    back = ibis.interval(days=days)
    if asked.interval is None:
        return asked.end - back, None
    return asked.start - back, asked.interval if asked.interval in FINE else "day"


def active(asked: Asked, rows: ir.Table, days: int) -> ir.Table:
    """Count who was active in the last `days` days up to each bucket; over the whole range, up to its end."""
    seen = rows.filter(rows.actor.notnull())
    if asked.interval is None:
        return distinct(seen, "actor")
    unit, per_day = FINE.get(asked.interval, ("D", 1))
    seen = seen.select(*KEYS, "actor").distinct()
    later = ibis.range(0, days * per_day).unnest().name("later").as_table()
    spread = seen.cross_join(later)
    moved = spread.mutate(bucket=spread.bucket + spread.later.as_interval(unit))
    return counted(moved.select(*KEYS, "actor").distinct())


def candidates(asked: Asked) -> ir.Table:
    """Give the events among which somebody's first is looked for."""
    return first_events.candidates(
        asked.events,
        hit=asked.hit,
        passes=asked.passes,
        since=asked.lower,
        until=asked.end,
        only_passing=asked.series.math != "first_time_for_user",
    )


# ---------------------------------------------------------------------- breakdown values
def with_value(asked: Asked, rows: ir.Table) -> ir.Table:
    """Add what rows are parted by, as breakdown_value: a text, an array of texts for several breakdowns, null for none.

    What is put into bins is the bin's number: `bins.named` names it.
    """
    counts = bins.binned(asked.parts)
    if counts:
        rows = rows.cross_join(bins.edges(rows, asked.parts))
    texts = [bins.numbered(rows, i, counts[i]) if i in counts else rows[f"part_{i}"] for i in range(len(asked.parts))]
    if not texts:
        return rows.mutate(breakdown_value=ibis.null("string"))
    return rows.mutate(breakdown_value=texts[0] if len(texts) == 1 else ibis.array(texts))
