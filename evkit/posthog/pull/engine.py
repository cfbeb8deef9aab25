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
    limits: dict[str, str | bool | int | float | list[str]] = {"memory_limit": MOST_MEMORY, "temp_directory": str(folder / TEMPORARY)}
    with duckdb.connect(config=limits) as con:
        con.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
        yield con
