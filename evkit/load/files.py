"""Files -> EventTables: Parquet, CSV and JSON lines, PostHog's exports and the capture API's wire events among them."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from evkit.errors import DataError, MissingFile, nearest
from evkit.load import canonical
from evkit.load.sources import LinesSource, TableSource

if TYPE_CHECKING:
    from evkit.model.tables import Source

Paths = str | Path | Iterable[str | Path]
PARQUET = (".parquet", ".pq", ".parquet.zst", ".parquet.gz", ".parquet.sz", ".parquet.br", ".parquet.lz4")
CSV = (".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz")
LINES = (".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz", ".jsonl.zst", ".ndjson.zst", ".json.zst", ".jsonl.br")
ENDINGS = (*PARQUET, *CSV, *LINES)


def connect() -> ibis.backends.duckdb.Backend:
    """Open a private engine in memory whose session zone is UTC."""
    con = ibis.duckdb.connect()
    con.raw_sql("SET TimeZone = 'UTC'")
    con.raw_sql("SET enable_progress_bar = false")
    return con


def found(paths: Paths) -> list[Path]:
    """Give the files that paths and globs name, sorted.

    Raises
    ------
    MissingFile
        When a path or glob names no file.
    """
    names = [paths] if isinstance(paths, (str, Path)) else list(paths)
    files: list[Path] = []
    for name in names:
        text = str(name)
        matches = [text] if Path(text).is_file() else sorted(m for m in glob.glob(text, recursive=True) if Path(m).is_file())
        if not matches:
            folder = Path(text).parent
            near = (
                nearest(Path(text).name, [p.name for p in folder.iterdir()]) if folder.is_dir() else f" There is no folder {str(folder)!r}."
            )
            raise MissingFile(f"no file {text!r}.{near}")
        files += [Path(m) for m in matches]
    return sorted(dict.fromkeys(files))


def fingerprint(*groups: Paths | None) -> tuple[tuple[tuple[str, int, int], ...], ...]:
    """Give what tells files from those they were: path, size and time of change of each.

    Raises
    ------
    MissingFile
        When a path or glob names no file.
    """
    stats = [[(str(f.resolve()), f.stat()) for f in found(paths)] if paths is not None else [] for paths in groups]
    return tuple(tuple((name, s.st_size, s.st_mtime_ns) for name, s in part) for part in stats)


def kind_of(file: Path) -> str:
    """Say how a file is read: "parquet", "csv" or "lines".

    Raises
    ------
    DataError
        When the ending is none that evkit reads.
    """
    name = file.name.lower()
    for kind, endings in (("parquet", PARQUET), ("csv", CSV), ("lines", LINES)):
        if name.endswith(endings):
            return kind
    raise DataError(f"can't tell how to read {str(file)!r}: its ending is none of {', '.join(ENDINGS)}")


def raw_table(con: ibis.backends.duckdb.Backend, files: list[Path], kind: str) -> ir.Table:
    """Give files of one kind as one table, columns united by name; reads their schema only."""
    names = [str(f) for f in files]
    try:
        if kind == "parquet":
            return con.read_parquet(names, union_by_name=True)
        return con.read_csv(names, union_by_name=True, all_varchar=True, header=True)
    except Exception as error:
        raise DataError(f"can't read {names[0]!r} as {kind}: {str(error).splitlines()[0]}") from error


def source(con: ibis.backends.duckdb.Backend, paths: Paths, columns: Mapping[str, str] | None) -> Source:
    """Give the events of files as a source; reads schemas only.

    Raises
    ------
    MissingFile, DataError
        No such file; an unknown ending; files of several kinds; a needed column missing.
    """
    files = found(paths)
    kinds = {kind_of(f) for f in files}
    if len(kinds) > 1:
        raise DataError(f"files of several kinds at once ({', '.join(sorted(kinds))}): read one kind at a time")
    kind = kinds.pop()
    if kind == "lines":
        return LinesSource(con, files, columns)
    name = files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more"
    return TableSource(con, raw_table(con, files, kind), name=name, columns=dict(columns or {}))


def side_table(con: ibis.backends.duckdb.Backend, paths: Paths) -> tuple[ir.Table, str]:
    """Give files of persons or groups as one table, and what to call it in errors."""
    files = found(paths)
    kind = kind_of(files[0])
    if kind == "lines":
        return con.read_json([str(f) for f in files], union_by_name=True, format="newline_delimited"), files[0].name
    return raw_table(con, files, kind), files[0].name


def persons(con: ibis.backends.duckdb.Backend, paths: Paths, columns: Mapping[str, str] | None = None) -> ir.Table:
    """Give PostHog's persons export as canonical persons."""
    table, name = side_table(con, paths)
    return canonical.persons(table, columns=columns, source=name)


def groups(con: ibis.backends.duckdb.Backend, paths: Paths, columns: Mapping[str, str] | None = None) -> ir.Table:
    """Give a file of groups as canonical groups."""
    table, name = side_table(con, paths)
    return canonical.groups(table, columns=columns, source=name)
