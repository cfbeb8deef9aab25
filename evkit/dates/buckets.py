"""THE place that cuts time into buckets: UTC instants -> the start of their bucket, as wall clock of the project's zone.

ibis' own truncation drops the zone and begins weeks on Monday; here the zone is applied by the engine's own function, so
that days of 23 and 25 hours come out right, whatever the engine's session zone is.
"""

from __future__ import annotations

from datetime import UTC as UTC_ZONE
from datetime import datetime, timedelta

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from evkit.dates.grammar import Interval, Range
from evkit.dates.instants import epoch_microseconds
from evkit.errors import SpecError

UTC = dt.Timestamp(timezone="UTC", scale=6)
LOCAL = dt.Timestamp(scale=6)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC_ZONE)
TRUNCATED = {"second": "s", "minute": "m", "hour": "h", "day": "D", "week": "W", "month": "M"}
SECOND = 1_000_000
LENGTHS = {"second": SECOND, "minute": 60 * SECOND, "hour": 3_600 * SECOND, "day": 86_400 * SECOND, "week": 604_800 * SECOND}
"""Microseconds."""


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, LOCAL), UTC))
def _duckdb_utc(zone, value):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, UTC), LOCAL))
def _duckdb_local(zone, value):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="from_utc_timestamp", signature=((LOCAL, dt.string), LOCAL))
def _spark_local(value, zone):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="toDateTime64", signature=((dt.string, dt.int64, dt.string), LOCAL))
def _clickhouse_read(text, scale, zone):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="formatDateTime", signature=((LOCAL, dt.string, dt.string), dt.string))
def _clickhouse_write(value, form, zone):  # type: ignore[no-untyped-def]
    ...


def local(value: ir.TimestampValue, *, timezone: str, dialect: str) -> ir.TimestampValue:
    """Give the wall clock of a zone for a UTC time without zone."""
    if timezone == "UTC":
        return value
    if dialect in ("duckdb", "postgres"):
        return _duckdb_local(timezone, _duckdb_utc("UTC", value))
    if dialect == "pyspark":
        return _spark_local(value, timezone)
    return _clickhouse_read(_clickhouse_write(value, "%Y-%m-%d %H:%i:%s", timezone), 6, "UTC")


def bucket(value: ir.TimestampValue, interval: Interval, *, timezone: str, week_start: str, dialect: str) -> ir.TimestampValue:
    """Give the start of the bucket that a UTC time without zone is in, as wall clock of the project's zone.

    Parameters
    ----------
    value
        UTC without zone.
    interval
        second, minute, hour, day, week or month.
    timezone
        IANA name of the project's zone.
    week_start
        "sunday" or "monday".

    Raises
    ------
    SpecError
        For another interval.
    """
    if interval not in TRUNCATED:
        raise SpecError(f"can't cut time into {interval!r}. One of: {', '.join(TRUNCATED)}")
    here = local(value, timezone=timezone, dialect=dialect)
    if interval == "week" and week_start == "sunday":
        day = ibis.interval(days=1)
        return (here + day).truncate("W").cast(LOCAL) - day
    return here.truncate(TRUNCATED[interval]).cast(LOCAL)


def units_to_end(value: ir.TimestampValue, span: Range, *, dialect: str) -> ir.IntegerValue:
    """Give how many whole intervals lie between a UTC time without zone and the end of a range; 0 in the last one.

    Days, weeks and months are counted by the wall clock of the project's zone, hours and smaller as elapsed time.

    Parameters
    ----------
    value
        UTC without zone, not after the end.
    span
        The range; its interval is the unit.
    """
    t = epoch_microseconds(value, dialect=dialect)
    if span.interval not in ("day", "week", "month"):
        return ((_microseconds(span.end) - t) // LENGTHS[span.interval]).cast("int64")
    here = epoch_microseconds(local(value, timezone=span.timezone, dialect=dialect), dialect=dialect)
    if dialect == "clickhouse":
        here = here // SECOND * SECOND + t % SECOND  # the wall clock there is to the second
    end = span.end.astimezone(span.zone).replace(tzinfo=UTC_ZONE)
    if span.interval != "month":
        return ((_microseconds(end) - here) // LENGTHS[span.interval]).cast("int64")
    first = bucket(value, "month", timezone=span.timezone, week_start="sunday", dialect=dialect)
    since = here - epoch_microseconds(first, dialect=dialect)
    into = _microseconds(end) - _microseconds(end.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    months = (end.year * 12 + end.month) - (first.year().cast("int64") * 12 + first.month().cast("int64"))
    return (months - ibis.ifelse(since > into, 1, 0)).cast("int64")


def _microseconds(time: datetime) -> int:
    """Give a time with a zone as microseconds since 1970, exactly."""
    return (time - EPOCH) // timedelta(microseconds=1)
