"""The columns and types of events, persons and groups, and the checks on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import ibis
import ibis.expr.types as ir

from evkit.errors import DataError, nearest

EVENTS = ibis.schema(
    {
        "uuid": "string",
        "event": "string",
        "distinct_id": "string",
        "timestamp": "timestamp(6)",
        "received_at": "timestamp(6)",
        "arrival": "int64",
        "properties": "string",
        "elements_chain": "string",
        "person_id": "string",
        "person_properties": "string",
    }
)
"""One row an event. Times are UTC without a zone; `arrival` orders by arrival, ties by uuid; JSON columns are text."""

PERSONS = ibis.schema(
    {
        "distinct_id": "string",
        "person_id": "string",
        "properties": "string",
        "created_at": "timestamp(6)",
    }
)
"""One row a distinct id, with the person it belongs to and that person's properties now."""

GROUPS = ibis.schema({"type_index": "int64", "type": "string", "key": "string", "properties": "string", "created_at": "timestamp(6)"})
"""One row a group, with its properties now."""

REQUIRED = ("event", "distinct_id", "timestamp")
"""The columns of events that no default can stand in for."""

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "received_at": ("_inserted_at", "inserted_at", "created_at"),
    "person_properties": ("people_properties",),
    "elements_chain": ("elements",),
}
"""Other names, newest first, under which PostHog's exports hold a column of ours."""


def check_columns(present: Iterable[str], required: Iterable[str], source: str) -> None:
    """Raise when needed columns are missing.

    Raises
    ------
    DataError
        Names the missing columns, those that are there, and the nearest match.

    Examples
    --------
    >>> check_columns(["name", "distinct_id", "timestamp"], REQUIRED, "a.parquet")
    Traceback (most recent call last):
    evkit.errors.DataError: a.parquet has no column 'event'. It has: name, distinct_id, timestamp. Map the names with columns={'event': '<your column>'} (in `evkit demo`: --column event=<your column>).
    """
    have = [c for c in present if not c.startswith("evkit_")]
    missing = [c for c in required if c not in have]
    if not missing:
        return
    names = ", ".join(repr(c) for c in missing)
    hints = "".join(nearest(c, have) for c in missing)
    fix = ", ".join(f"{c!r}: '<your column>'" for c in missing)
    raise DataError(
        f"{source} has no column {names}.{hints} It has: {', '.join(have)}. Map the names with columns={{{fix}}} (in `evkit demo`: --column {missing[0]}=<your column>)."
    )


def utc(value: ir.Value) -> ir.Value:
    """Read a time column as UTC without a zone, with microseconds."""
    kind = value.type()
    if kind.is_timestamp():
        if kind.timezone is None:
            return value.cast("timestamp(6)")
        return value.cast("timestamp('UTC')").cast("timestamp(6)") if kind.timezone != "UTC" else value.cast("timestamp(6)")
    return value.cast("timestamp(6)")
