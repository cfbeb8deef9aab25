"""DuckDB for what is fetched: little memory, however much there is; what doesn't fit lies in the folder meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb

MOST_MEMORY = "256MB"
TEMPORARY = "temporary"


@contextlib.contextmanager
def bounded(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine of its own whose times are UTC, until the block ends."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
        con.execute("SET memory_limit = $most; SET temp_directory = $folder", {"most": MOST_MEMORY, "folder": str(folder / TEMPORARY)})
        yield con
