"""Buckets by number: how many intervals after another one a bucket begins, and how many whole clock hours or days lie between."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import ibis.expr.types as ir

from evkit.dates.buckets import LENGTHS, SECOND, bucket, local
from evkit.dates.grammar import Interval
from evkit.dates.instants import epoch_microseconds

EPOCH = dt.datetime(1970, 1, 1)


def number(start: ir.TimestampValue, interval: Interval, *, since: dt.datetime, dialect: str) -> ir.IntegerValue:
    """Give how many intervals after `since` a bucket begins; both are wall clock of one zone, and starts of buckets.

    Parameters
    ----------
    start
        The start of a bucket, as `buckets.bucket` gives it.
    since
        The start of the bucket that is number 0.
    """
    if interval == "month":
        return (start.year().cast("int64") * 12 + start.month().cast("int64")) - (since.year * 12 + since.month)
    size = LENGTHS[interval]
    return divided(epoch_microseconds(start, dialect=dialect) - (since - EPOCH) // dt.timedelta(microseconds=1), size)


def divided(value: ir.IntegerValue, size: int) -> ir.IntegerValue:
    """Divide, rounded down, on every engine."""
    return (value // size).cast("int64")


def hours(value: ir.TimestampValue, *, timezone: str, dialect: str) -> ir.IntegerValue:
    """Number the clock hours of a zone one after the other, also where the clock is changed: the difference of two is how many began between.

    Parameters
    ----------
    value
        UTC without zone.
    """
    begun = bucket(value, "hour", timezone=timezone, week_start="sunday", dialect=dialect)
    wall = epoch_microseconds(begun, dialect=dialect)
    if timezone == "UTC":
        return divided(wall, LENGTHS["hour"])
    here = epoch_microseconds(local(value, timezone=timezone, dialect=dialect), dialect=dialect)
    behind = epoch_microseconds(value, dialect=dialect) - here  # ClickHouse's wall clock has no fractions: to the second
    offset = divided(behind, SECOND) * -SECOND
    return divided(wall, LENGTHS["hour"]) - divided(offset, LENGTHS["hour"])


def days(value: ir.TimestampValue, *, timezone: str, dialect: str) -> ir.IntegerValue:
    """Number the calendar days of a zone: the difference of two is how many midnights lie between.

    Parameters
    ----------
    value
        UTC without zone.
    """
    return divided(
        epoch_microseconds(bucket(value, "day", timezone=timezone, week_start="sunday", dialect=dialect), dialect=dialect), LENGTHS["day"]
    )


def hour_of(start: dt.datetime, timezone: str) -> int:
    """Give the number of the clock hour that a wall clock of a zone is in, as `hours`.

    Examples
    --------
    >>> hour_of(dt.datetime(2026, 3, 30), "Europe/London") - hour_of(dt.datetime(2026, 3, 29), "Europe/London")
    23
    """
    offset = start.replace(tzinfo=ZoneInfo(timezone)).utcoffset() or dt.timedelta(0)
    hour = dt.timedelta(hours=1)
    return (start - EPOCH) // hour - offset // hour


def day_of(start: dt.datetime) -> int:
    """Give the number of the calendar day that a wall clock is in, as `days`."""
    return (start - EPOCH).days
