"""pandas, polars, Arrow and ibis -> sources of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from evkit.capture.message import cleaned
from evkit.errors import DataError
from evkit.load.files import connect
from evkit.load.lines import dump
from evkit.load.sources import TableSource
from evkit.model import schema

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

TEXTS = ("uuid", "event", "distinct_id", "elements_chain", "person_id")
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
    """Give a pandas frame as Arrow; columns of dicts become JSON text, ids of mixed types become text.

    Raises
    ------
    DataError
        When a column holds things that no table holds together.
    """
    made = {}
    for name in frame.columns:
        if name in ("properties", "person_properties") and frame[name].map(lambda v: isinstance(v, dict)).any():
            made[name] = frame[name].map(lambda v: dump(v) if isinstance(v, dict) else v)
        elif name in TEXTS and frame[name].dtype == object:
            made[name] = frame[name].map(lambda v: None if v is None or v is pd.NA or v != v else cleaned(str(v)))
    try:
        return pa.Table.from_pandas(frame.assign(**made), preserve_index=False)
    except (pa.ArrowException, UnicodeEncodeError) as error:
        raise DataError(f"the frame can't be read: {error}. Give each column one type, or put such values into `properties`") from None


def from_frame(frame: Any, columns: Mapping[str, str] | None = None) -> tuple[BaseBackend, TableSource]:
    """Put a frame into a private engine and give it as a source.

    Raises
    ------
    DataError
        When a needed column is missing.
    """
    rows = as_arrow(frame)
    mapped = set((columns or {}).values())
    schema.check_columns([*rows.column_names, *(columns or {})], schema.REQUIRED, "the frame")
    con = connect()
    table = con.create_table("evkit_frame", rows, temp=True)
    return con, TableSource(con, table, name="the frame", columns={k: v for k, v in (columns or {}).items() if v in mapped})


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
