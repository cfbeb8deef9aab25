"""Instants on every engine: as integers, microseconds since 1970, and back; as literals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir


@ibis.udf.scalar.builtin(name="epoch_us", signature=((dt.timestamp,), dt.int64))
def _duckdb(value):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="toUnixTimestamp64Micro", signature=((dt.timestamp,), dt.int64))
def _clickhouse(value):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="unix_micros", signature=((dt.timestamp,), dt.int64))
def _pyspark(value):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="make_timestamp", signature=((dt.int64,), dt.timestamp))
def _duckdb_back(value):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="fromUnixTimestamp64Micro", signature=((dt.int64, dt.string), dt.timestamp))
def _clickhouse_back(value, zone):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="to_timestamp", signature=((dt.float64,), dt.Timestamp(timezone="UTC")))
def _postgres_moment(seconds):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, dt.Timestamp(timezone="UTC")), dt.timestamp))
def _postgres_at(zone, value):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="timestamp_micros", signature=((dt.int64,), dt.timestamp))
def _pyspark_back(value):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="date_part", signature=((dt.string, dt.timestamp), dt.Decimal(30, 6)))
def _postgres_part(part, value):  # type: ignore[no-untyped-def]
    ...


def _postgres(value: ir.TimestampValue) -> ir.IntegerValue:
    parts = ibis.literal("epoch")
    return (_postgres_part(parts, value) * 1_000_000).round().cast("int64")


_TO: dict[str, Callable[[ir.TimestampValue], ir.IntegerValue]] = {
    "duckdb": _duckdb,
    "clickhouse": _clickhouse,
    "pyspark": _pyspark,
    "postgres": _postgres,
}


def epoch_microseconds(value: ir.TimestampValue, *, dialect: str) -> ir.IntegerValue:
    """Give a UTC time without a zone as microseconds since 1970."""
    return _TO[dialect](value)


def from_epoch_microseconds(value: ir.IntegerValue, *, dialect: str) -> ir.TimestampValue:
    """Give microseconds since 1970 as a UTC time without a zone."""
    if dialect == "duckdb":
        return _duckdb_back(value)
    if dialect == "clickhouse":
        return _clickhouse_back(value, "UTC").cast("timestamp(6)")
    if dialect == "pyspark":
        return _pyspark_back(value)
    return _postgres_at("UTC", _postgres_moment(value.cast("float64") / 1_000_000)).cast("timestamp(6)")


def from_number(value: ir.NumericValue, *, dialect: str) -> ir.TimestampValue:
    """Give seconds, milliseconds, microseconds or nanoseconds since 1970 as a UTC time; their size says which they are.

    Seconds reach to the year 5138, milliseconds from 1973 to there, and so on.
    """
    whole = value.cast("float64") if value.type().is_floating() else value.cast("int64")
    within = lambda most: (whole < most) & (whole > -most)  # noqa: E731
    micros = ibis.cases(
        (within(10**11), (whole * 1_000_000).round().cast("int64")),
        (within(10**14), (whole * 1_000).round().cast("int64")),
        (within(10**17), whole.round().cast("int64")),
        (whole.isnull(), ibis.null("int64")),
        else_=(whole / 1_000).round().cast("int64"),
    )
    return from_epoch_microseconds(micros, dialect=dialect)


def instant(time: datetime) -> ir.TimestampScalar:
    """Give a time with a zone as a literal that compares with the events' timestamps."""
    return ibis.literal(time.astimezone(UTC).replace(tzinfo=None), type="timestamp(6)")
