"""Rows of an answer -> Parquet, a row group a page: memory holds one page, whatever there is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evkit.capture.message import cleaned
from evkit.load.lines import dump
from evkit.posthog.pull.queries import Row, time_of

TIME = pa.timestamp("us", tz="UTC")
EVENTS = pa.schema(
    {
        "uuid": pa.string(), "event": pa.string(), "distinct_id": pa.string(), "properties": pa.string(), "timestamp": TIME,
        "created_at": TIME, "elements_chain": pa.string(), "person_id": pa.string(),
    }
)  # fmt: skip
"""As PostHog's own export files have them."""
IDS = pa.schema({"distinct_id": pa.string(), "person_id": pa.string()})
PEOPLE = pa.schema({"person_id": pa.string(), "properties": pa.string(), "created_at": TIME, "is_identified": pa.bool_()})
PERSONS = pa.schema([pa.field("distinct_id", pa.string()), *PEOPLE])
GROUPS = pa.schema({"index": pa.int64(), "key": pa.string(), "properties": pa.string(), "created_at": TIME})


def write(pages: Iterable[Sequence[Row]], schema: pa.Schema, path: Path, *, told: Callable[[int], None] = lambda rows: None) -> int:
    """Write pages of rows, whose values are in the order of the schema; give how many rows there were."""
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in pages:
            columns = [column(field, [row[i] for row in rows]) for i, field in enumerate(schema)]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            count += len(rows)
            told(len(rows))
    return count


def column(field: pa.Field, values: list[Any]) -> pa.Array:
    """Make a column of values as JSON has them."""
    if pa.types.is_timestamp(field.type):
        return times(field.type, [None if v == "" else v for v in values])
    if pa.types.is_string(field.type):
        return pa.array([None if v is None else text(v) for v in values], field.type)
    if pa.types.is_boolean(field.type):
        return pa.array([None if v is None else bool(v) for v in values], field.type)
    return pa.array([None if v is None else int(v) for v in values], field.type)


def times(kind: pa.DataType, values: list[Any]) -> pa.Array:
    """Read times: those that Arrow reads all at once, else one by one."""
    try:
        return pa.array(values, pa.string()).cast(kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if v is None else time_of(v) for v in values], pa.timestamp("us")).cast(kind)


def text(value: Any) -> str:
    """Give a value as text; objects, which some hosts give where others give their JSON, as JSON."""
    if isinstance(value, str):
        return cleaned(value)
    return dump(value) if isinstance(value, (dict, list)) else json.dumps(value)
