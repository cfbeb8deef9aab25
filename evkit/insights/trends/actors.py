"""Who is behind a figure of a trend."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from evkit.errors import DataError, SpecError, nearest, unknown
from evkit.insights.trends import compute, maths
from evkit.insights.trends.spec import OTHER, Trends
from evkit.model.tables import EventTables

Starts = Sequence[dt.datetime]


def actors(
    spec: Trends,
    tables: EventTables,
    *,
    bucket: str | dt.datetime | None = None,
    series: int | str = 0,
    breakdown_value: str | Sequence[str] | None = None,
    period: str = "current",
) -> pd.DataFrame:
    """Give who is behind a figure: actor_id, events (how many count), first_seen, last_seen (UTC); most events first.

    Raises
    ------
    SpecError
        When the question has no such series, period, bucket or breakdown value.
    """
    starts = compute.buckets(spec, tables)
    if period not in starts:
        raise unknown("period", period, starts)
    order = order_of(spec, series)
    m = compute.matched(spec, tables)
    m = m.filter((m.order == order) & (m.period == period) & m.actor.notnull())
    at = bucket_of(bucket, starts[period])
    m = of_bucket(m, spec, order, at)
    if breakdown_value is not None:
        m = m.filter(of_value(m, spec, tables, breakdown_value, order, period))
    who = m.group_by(actor_id=m.actor)
    table = who.agg(events=lambda t: t.count(), first_seen=lambda t: t.timestamp.min(), last_seen=lambda t: t.timestamp.max())
    return tables.execute(table.order_by([table.events.desc(), table.actor_id]))


def order_of(spec: Trends, series: int | str) -> int:
    """Give a series by its number from 0, or by its name.

    Raises
    ------
    SpecError
        When there is none.
    """
    names = [s.label for s in spec.series]
    return place_of(series, names if spec.formulas else list(spec.labels), names)


def place_of(series: int | str, labels: Sequence[str], names: Sequence[str]) -> int:
    """Give a series by its number from 0, or by its label or name.

    Raises
    ------
    SpecError
        When there is none.
    """
    if isinstance(series, str):
        if series not in [*labels, *names]:
            raise unknown("series", series, labels)
        return labels.index(series) if series in labels else names.index(series)
    if not 0 <= series < len(names):
        raise SpecError(f"no series {series}: they count from 0 to {len(names) - 1}")
    return series


def bucket_of(bucket: str | dt.datetime | None, starts: Starts, *, what: str = "bucket") -> dt.datetime | None:
    """Give the start of a bucket, wall clock of the project's zone; None for the whole range.

    Parameters
    ----------
    what
        What a bucket is called.

    Raises
    ------
    SpecError
        When no bucket begins there.
    """
    if bucket is None:
        return None
    try:
        wanted = pd.Timestamp(bucket)
    except ValueError:
        raise SpecError(f"{what} {bucket!r} can't be read: give its start, such as {str(starts[0]) if starts else None!r}") from None
    if wanted not in [pd.Timestamp(s) for s in starts]:
        there = f"The first is {starts[0]}, the last {starts[-1]}" if starts else "The question has one figure over the whole range"
        raise SpecError(f"no {what} begins at {wanted}. {there}")
    found: dt.datetime = wanted.to_pydatetime()
    return found


def of_bucket(m: ir.Table, spec: Trends, order: int, at: dt.datetime | None) -> ir.Table:
    """Keep the events behind the figures of one bucket."""
    math = maths.effective_math(spec.series[order].math, spec.interval)
    if spec.display == "ActionsLineGraphCumulative" and math not in ("dau", "unique_group"):
        return m if at is None else m.filter(m.bucket <= moment(at))
    if spec.display == "ActionsLineGraphCumulative":
        first = ibis.window(group_by=[m.actor, m.breakdown_value])
        m = m.mutate(begins=m.bucket.min().over(first))
        m = m.filter(m.begins == m.bucket)
        return m if at is None else m.filter(m.bucket <= moment(at))
    if at is None:
        return m
    if math in maths.ACTIVE_DAYS:
        back = moment(at - dt.timedelta(days=maths.ACTIVE_DAYS[math]))
        return m.filter((m.bucket > back) & (m.bucket <= moment(at)))
    return m.filter(m.bucket == moment(at))


def moment(at: dt.datetime) -> ir.TimestampScalar:
    """Give a wall-clock time as a literal."""
    return ibis.literal(at, type="timestamp(6)")


def of_value(m: ir.Table, spec: Trends, tables: EventTables, wanted: str | Sequence[str], order: int, period: str) -> ir.BooleanValue:
    """Say whether an event is of a breakdown value; of the rest where the value stands for it.

    Raises
    ------
    SpecError, DataError
        When the question has no breakdown, or no such value.
    """
    if not spec.breakdown:
        raise DataError("breakdown_value names a value of a breakdown, and this question has none")
    several = len(spec.breakdown) > 1 and not spec.cohorts
    value: str | tuple[str, ...] = tuple(wanted) if not isinstance(wanted, str) else (wanted,) if several else wanted
    shown = {
        compute.shown(r.value, spec, tables): r.value
        for r in compute.rows(spec.replaced(formulas=()), tables)
        if r.order == order and r.period == period
    }
    if value not in shown and value not in shown.values():
        raise SpecError(
            f"no breakdown value {wanted!r}.{nearest(wanted, map(str, shown))} Those of the figure are: {', '.join(map(str, shown))}"
        )
    value = shown.get(value) or value
    rest = OTHER in (value if isinstance(value, tuple) else (value,))
    if not rest:
        return equal(m, value)
    kept = [v for v in shown.values() if v is not None and OTHER not in (v if isinstance(v, tuple) else (v,))]
    hit: ir.BooleanValue = ibis.literal(True)
    for other in kept:
        hit = hit & ~equal(m, other)
    return hit


def equal(m: ir.Table, value: str | tuple[str, ...]) -> ir.BooleanValue:
    """Compare with a breakdown value."""
    if isinstance(value, str):
        return m.breakdown_value == value
    hit: ir.BooleanValue = ibis.literal(True)
    for i, one in enumerate(value):
        hit = hit & (m.breakdown_value[i] == one)
    return hit
