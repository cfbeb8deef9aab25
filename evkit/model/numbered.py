"""The events with their number in the scan of the data: what is worked out of the one query is put beside what comes of another by it."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from evkit import properties
from evkit.journeys import cache
from evkit.journeys.parts import Part
from evkit.model.schema import EVENTS

if TYPE_CHECKING:
    from evkit.model.tables import EventTables

OWN_VIEW = "ibis_read_"
"""How the names of views begin that ibis makes of files."""


@runtime_checkable
class Parted(Protocol):
    """A source whose rows have a number by the file that they are read from."""

    def shape(self) -> str:
        """Give what decides how a row is read."""
        ...

    def parts(self) -> list[Part]:
        """Give the files, in their order."""
        ...

    def numbered(self, parts: Collection[int] | None = None) -> ir.Table | None:
        """Give the events of some of the files (None for all) with `row`; None where there are no files."""
        ...


def numbered(tables: EventTables) -> ir.Table:
    """Give the events, each uuid once, with `row`: their number in the scan, from 0, the same in every query of these tables."""
    return once(tables, tables.cache.get("numbered", lambda: rows_of(tables)))


def of_the_same(tables: EventTables, expr: ir.Table, rows: int = 1 << 19) -> Iterator[pa.RecordBatch]:
    """Run an expression, batch by batch, over the data as they were when they were numbered.

    Raises
    ------
    DataError
        When a file was written again or removed meanwhile.
    """
    check: Callable[[], None] = getattr(tables.source, "check_unchanged", lambda: None)
    check()
    return tables.batches(expr, rows)


def of_parts(tables: EventTables, parts: Collection[int]) -> ir.Table:
    """Give the same of some of the files alone, where these number the rows; the numbers are those of all."""
    rows = tables.source.numbered(parts) if isinstance(tables.source, Parted) else None
    if rows is None:
        raise TypeError("the rows have no numbers by files")
    return once(tables, rows)


def once(tables: EventTables, rows: ir.Table) -> ir.Table:
    """Leave out the rows that repeat a uuid."""
    repeated = repeated_rows(tables)
    if not len(repeated):
        return rows
    found = pa.table({"row": repeated})
    return rows.anti_join(tables.cache.get("dropped", lambda: tables.keep("dropped_rows", found, ibis.schema({"row": "int64"}))), "row")


def scanned(tables: EventTables) -> int:
    """Give how many numbers the rows of the scan have, with those of rows that can't be read."""
    rows = tables.cache.get("numbered", lambda: rows_of(tables))
    last = tables.execute(rows.row.max().name("last").as_table())["last"].iloc[0]
    return 0 if pd.isna(last) else int(last) + 1


def rows_of(tables: EventTables) -> ir.Table:
    """Give the events with their number: as their files have it, which an engine reads in parallel; else counted as they are scanned."""
    own = of_files(tables)
    return scan_of(tables).mutate(row=ibis.row_number().over(ibis.window())) if own is None else own


def of_files(tables: EventTables) -> ir.Table | None:
    """Give the events with the number that their files give them; None where they give none."""
    source = tables.source
    return tables.cache.get("numbered by files", source.numbered) if isinstance(source, Parted) else None


def stays(tables: EventTables) -> bool:
    """Say whether each event has the same number whenever the same data are opened."""
    return of_files(tables) is not None or is_scan(tables.source.table(), tables)


def mentions_profile(tables: EventTables) -> bool:
    """Say whether any event's properties have the name $process_person_profile in them; looked for once."""
    return tables.cache.get("mentions_profile", lambda: _mentions_profile(tables))


def _mentions_profile(tables: EventTables) -> bool:
    e = tables.source.table()
    return len(tables.arrow(e.filter(properties.may_say(e.properties, "$process_person_profile")).select("event").limit(1))) > 0


def scan_of(tables: EventTables) -> ir.Table:
    """Give the events as one scan, whose order the engine keeps; written down in a private file where they are none."""
    events = tables.source.table()
    return events if is_scan(events, tables) else written(events, tables)


def is_scan(events: ir.Table, tables: EventTables) -> bool:
    """Say whether the engine reads the events in one order: rows of one table or of files, filtered and computed, not joined.

    Source: DuckDB's documentation, "Order Preservation".
    """
    if getattr(tables.source, "is_scan", False):
        return True
    at = events.op()
    while not isinstance(at, ops.PhysicalTable):
        if not isinstance(at, (ops.Project, ops.Filter, ops.DropColumns)) or at.find(
            (ops.WindowFunction, ops.Reduction, ops.Unnest), filter=ops.Value
        ):
            return False
        at = at.parent
    return isinstance(at, ops.InMemoryTable) or (isinstance(at, ops.DatabaseTable) and is_table(at, tables))


def is_table(table: ops.DatabaseTable, tables: EventTables) -> bool:
    """Say whether a name stands for stored rows or files, not for a view that somebody wrote."""
    if table.name.startswith(OWN_VIEW):
        return True
    name = "'" + table.name.replace("'", "''") + "'"
    found = tables.raw_sql(
        f"SELECT (SELECT count(*) FROM duckdb_tables() WHERE table_name = {name}), (SELECT count(*) FROM duckdb_views() WHERE view_name = {name})"
    )
    return bool(found[0] > 0 and found[1] == 0)


def written(events: ir.Table, tables: EventTables) -> ir.Table:
    """Write the events down in a file that goes when the tables do."""
    folder = cache.private_folder()
    weakref.finalize(tables.cache, shutil.rmtree, folder, ignore_errors=True)
    return tables.written(events.select(*EVENTS.names), folder / "events.parquet")


def repeated_rows(tables: EventTables) -> np.ndarray:
    """Give the numbers of the rows that repeat a uuid which arrived before, in the engine: int64; looked for once.

    Of rows that say the same throughout the first of the scan is kept.
    """
    return tables.cache.get("repeated_rows", lambda: _repeated_rows(tables))


def _repeated_rows(tables: EventTables) -> np.ndarray:
    if not tables.source.has_uuids:
        return np.zeros(0, np.int64)
    tables.clean()
    doubles: ir.Table | None = tables.cache.get("doubles", lambda: None)
    if doubles is None:
        return np.zeros(0, np.int64)
    rows = tables.cache.get("numbered", lambda: rows_of(tables))
    same = rows.semi_join(doubles.select("uuid"), "uuid")
    order = [same.arrival, *(same[c] for c in EVENTS.names if c not in ("arrival", "uuid")), same.row]
    ranked = same.mutate(place=ibis.row_number().over(group_by=same.uuid, order_by=order))
    found: np.ndarray = np.sort(tables.arrow(ranked.filter(ranked.place > 0).select("row"))["row"].to_numpy())
    return found
