"""CSV -> a private Parquet file, read once when the events are needed, with what can't be read set aside."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import ibis.expr.types as ir

from evkit.errors import DataError
from evkit.load.canonical import FILE, ROW
from evkit.load.lines import decompressed, private_folder
from evkit.load.report import Rejects
from evkit.model.progress import watched

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

DELIMITERS = ",;\t|"
LONGEST_HEADER = 1 << 20
"""Bytes in which a header must end."""
LONGEST_LINE = 16 << 20
"""Bytes of a row; a longer one is set aside."""
REJECTED, SCANS = "evkit_rejected", "evkit_scans"
"""The engine's tables of the rows that it couldn't read."""


def delimiter_of(header: str, file: Path) -> str:
    """Give what parts the cells: a tab in .tsv, else what the header has most of outside quotes."""
    if ".tsv" in file.suffixes:
        return "\t"
    bare = "".join(part for i, part in enumerate(header.split('"')) if i % 2 == 0)
    return max(DELIMITERS, key=bare.count)


def header_of(file: Path) -> tuple[list[str], str]:
    """Give the names of a file's columns, and what parts its cells.

    Raises
    ------
    DataError
        When there is no header, or no text.
    """
    try:
        with file.open("rb") as raw, decompressed(raw, file) as stream:
            line = stream.readline(LONGEST_HEADER)
        text = line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file.name} is no text in UTF-8: {error}. Write it as UTF-8, or read it with pandas and its encoding=, then ek.from_frame"
        ) from None
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"can't read {str(file)!r} as csv: {error}") from None
    if not text.strip():
        raise DataError(f"{file.name} is empty: a CSV begins with a line of column names")
    delimiter = delimiter_of(text, file)
    names: list[str] = []
    for i, name in enumerate(next(csv.reader([text], delimiter=delimiter))):
        bare = name.strip() or f"column{i}"
        names.append(bare if bare not in names else f"{bare}_{i}")
    return names, delimiter


def columns_of(files: Sequence[Path]) -> dict[str, str]:
    """Give the columns of all files, by name: all text."""
    return {name: "string" for file in files for name in header_of(file)[0]}


class Staging:
    """Files of CSV that become a table when it is asked for: all text, with `FILE` and `ROW`."""

    def __init__(self, con: Backend, files: Sequence[Path]) -> None:
        self.con = con
        self.files = tuple(files)
        self.folder = private_folder(con)
        self._gone: dict[str, list[int]] = {}

    def table(self, rejects: Rejects) -> ir.Table:
        """Write the files to Parquet and give them as one table; rows that can't be read are set aside.

        Raises
        ------
        DataError
            When a file can't be read at all.
        """
        targets = [self.folder / f"{i}.parquet" for i in range(len(self.files))]
        for file, target in zip(self.files, targets, strict=True):
            try:
                self._gone[str(file)] = stage(self.con, file, target, rejects)
            except (duckdb.Error, OSError) as error:
                raise DataError(f"can't read {str(file)!r} as csv: {str(error).splitlines()[0]}") from error
        table: ir.Table = self.con.read_parquet([str(t) for t in targets], union_by_name=True)
        return table

    def line(self, file: str, row: int) -> int:
        """Give the line of the `row`-th row that was read: after the header, counting those that were set aside."""
        line = row + 1
        for gone in self._gone.get(file, ()):
            if gone > line:
                break
            line += 1
        return line


def stage(con: Backend, file: Path, target: Path, rejects: Rejects) -> list[int]:
    """Write one file to Parquet; set aside the rows of a wrong number of cells, or that are no text, and give their lines."""
    names, delimiter = header_of(file)
    kinds = "{" + ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names) + "}"
    read = (
        f"read_csv({quoted(str(file))}, auto_detect=false, header=true, delim={quoted(delimiter)}, quote='\"', escape='\"', columns={kinds}, "
        f"max_line_size={LONGEST_LINE}, buffer_size={4 * LONGEST_LINE}, "
        f"store_rejects=true, rejects_table='{REJECTED}', rejects_scan='{SCANS}', rejects_limit=0)"
    )
    rows = f"SELECT *, {quoted(str(file))} AS {FILE}, row_number() OVER () AS {ROW} FROM {read}"
    with watched(con, f"reading {file.name}"):
        con.raw_sql(f"COPY ({rows}) TO {quoted(str(target))} (FORMAT parquet, COMPRESSION zstd)")
    found = con.con.execute(
        f"SELECT line, min(lower(error_type::VARCHAR)), min(error_message), min(csv_line) FROM {REJECTED} GROUP BY line ORDER BY line"
    ).fetchall()
    for name in (REJECTED, SCANS):
        con.raw_sql(f"DROP TABLE IF EXISTS {name}")
    for line, kind, message, text in found:
        rejects.add(file.name, line, f"{kind}: {message.strip()}", text or "", kind)
    return [line for line, *_ in found]


def quoted(text: str) -> str:
    """Give text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
