"""pandas, polars, Arrow and ibis -> sources of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from evkit.capture.message import cleaned
from evkit.errors import DataError
from evkit.load import canonical
from evkit.load.files import connect
from evkit.load.lines import dump
from evkit.load.sources import TableSource
from evkit.model import schema

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

TEXTS = ("uuid", "event", "distinct_id", "elements_chain", "person_id")
TIMES = ("timestamp", "received_at")
JSON_COLUMNS = ("properties", "person_properties")
DIALECTS = {"duckdb": "duckdb", "clickhouse": "clickhouse", "postgres": "postgres", "pyspark": "pyspark", "databricks": "pyspark"}


def as_arrow(frame: Any) -> pa.Table:
    """Give a pandas, polars or Arrow frame as Arrow.

    Raises
    ------
    DataError
        When it is none of these.
    """
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if isinstance(frame, pd.DataFrame):
        return from_pandas(frame)
    if hasattr(frame, "to_arrow"):
        return frame.to_arrow()
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.table(frame)
    raise DataError(f"can't read a {type(frame).__module__}.{type(frame).__name__}: give pandas, polars or Arrow")


def from_pandas(frame: pd.DataFrame) -> pa.Table:
    """Give a pandas frame as Arrow; dicts become JSON text, ids and times of mixed types text, other mixed columns properties.

    Raises
    ------
    DataError
        When a column of ours holds things that can't be read together.
    """
    made: dict[str, Any] = {}
    for name in frame.columns:
        column = frame[name]
        if name in JSON_COLUMNS and column.map(lambda v: isinstance(v, dict)).any():
            made[name] = column.map(lambda v: dump(v) if isinstance(v, dict) else v)
        elif name in (*TEXTS, *TIMES) and not pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_datetime64_any_dtype(column):
            made[name] = column.map(as_text).astype(object)
    plain = frame.assign(**made)
    loose = [name for name in plain.columns if name not in schema.EVENTS.names and not holds_together(plain[name])]
    if loose and "properties" not in plain.columns:
        taken = {*schema.EVENTS.names, *(name for others in schema.SYNONYMS.values() for name in others)}
        rest = [name for name in plain.columns if name not in taken]
        said = plain[rest].astype(object).to_dict("records")
        plain["properties"] = [dump({str(k): v for k, v in row.items() if as_text(v) not in (None, "")}) for row in said]
        loose = rest
    try:
        return pa.Table.from_pandas(plain.drop(columns=loose), preserve_index=False)
    except (pa.ArrowException, UnicodeEncodeError) as error:
        raise DataError(f"the frame can't be read: {error}. Give each column one type, or put such values into `properties`") from None


def as_text(value: Any) -> str | None:
    """Give a cell as text: times as ISO, whole floats as whole numbers; None where it is empty."""
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return cleaned(value.isoformat() if hasattr(value, "isoformat") else str(value))


def holds_together(column: pd.Series) -> bool:
    """Say whether Arrow holds a column's values in one type."""
    if column.dtype != object and not isinstance(column.dtype, pd.StringDtype):
        return True
    try:
        pa.Array.from_pandas(column)
    except (pa.ArrowException, UnicodeEncodeError):
        return False
    return True


def from_frame(frame: Any, columns: Mapping[str, str] | None = None) -> tuple[BaseBackend, TableSource]:
    """Put a frame into a private engine and give it as a source.

    Raises
    ------
    DataError
        When a needed column is missing.
    """
    if isinstance(frame, pd.DataFrame) and columns:
        frame = frame.drop(columns=[ours for ours, theirs in columns.items() if ours in frame and theirs in frame and ours != theirs])
        frame = frame.rename(columns={theirs: ours for ours, theirs in columns.items()})
        columns = {ours: ours for ours in columns if ours in frame} | {
            ours: theirs for ours, theirs in columns.items() if ours not in frame
        }
    rows = as_arrow(frame)
    rows = rows.cast(pa.schema([f.with_type(pa.string()) if pa.types.is_null(f.type) else f for f in rows.schema]))
    con = connect()
    numbered = rows.append_column(canonical.ROW, pa.array(np.arange(1, len(rows) + 1), pa.int64()))
    table = con.create_table("evkit_frame", numbered, temp=True)
    return con, TableSource(con, table, name="the frame", columns=dict(columns or {}))


def from_ibis(table: ir.Table, columns: Mapping[str, str] | None = None) -> tuple[BaseBackend, TableSource, str]:
    """Give an ibis table, anywhere, as a source, with its engine and dialect.

    Raises
    ------
    DataError
        When the engine is none that evkit can ask exactly.
    """
    con = table.get_backend()
    dialect = DIALECTS.get(con.name)
    if dialect is None:
        raise DataError(
            f"evkit can't ask {con.name!r} exactly. Engines that it can: {', '.join(DIALECTS)}. Load the table with ek.from_frame(table.to_pyarrow()) instead."
        )
    return (
        con,
        TableSource(con, table, name=getattr(table.op(), "name", "the table"), dialect=dialect, columns=dict(columns or {})),
        dialect,
    )
