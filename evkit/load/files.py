"""Files -> EventTables: Parquet, CSV and JSON lines, PostHog's exports and the capture API's wire events among them."""

from __future__ import annotations

import glob
import tempfile
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from evkit.errors import DataError, MissingFile, nearest
from evkit.garbage import uncollected
from evkit.journeys import cache
from evkit.load import canonical, csv, lines
from evkit.load.report import Rejects
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
    with uncollected():  # ibis loads its dialects
        connect = ibis.duckdb.connect
    con = connect(temp_directory=str(cache.spill_folder()))
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
        if not matches and Path(text).is_dir():
            raise DataError(f"{text!r} is a folder: give it alone, or name the files in it, such as {str(Path(text) / '*.parquet')!r}")
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


def parquet(con: ibis.backends.duckdb.Backend, files: list[Path]) -> ir.Table:
    """Give files of Parquet as one table, columns united by name, with where each row stands; reads their schema only."""
    listed = ", ".join("'" + str(f.resolve()).replace("'", "''") + "'" for f in files)  # as the column of their names will have them
    how = f"union_by_name = true, filename = '{canonical.FILE}', file_row_number = true"
    read = f"read_parquet([{listed}], {how})"
    name = f"evkit_read_{uuid.uuid4().hex}"
    try:
        index = f', file_index::BIGINT AS "{canonical.INDEX}"' if counts_files(con, read, files) else ""
        con.raw_sql(
            f'CREATE TEMP VIEW "{name}" AS SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS "{canonical.ROW}"{index} FROM {read}'
        )
        return con.table(name)
    except Exception as error:
        raise DataError(f"can't read {str(files[0])!r} as parquet: {str(error).splitlines()[0]}") from error


def counts_files(con: ibis.backends.duckdb.Backend, read: str, files: list[Path]) -> bool:
    """Say whether the engine's number of a file is the file's place: not where a column is called so, nor where it counts only the folders it looks into.

    Found by trying (DuckDB 1.5): a filter on a column that folders name (`event=view/`) has it number the files that are left.
    """
    if len(files) == 1:
        return False  # its rows have its own numbers
    by_folders = any("=" in part for file in files for part in file.resolve().parts[:-1])
    return not by_folders and "file_index" not in con.sql(f"SELECT * FROM {read}").columns


def source(con: ibis.backends.duckdb.Backend, paths: Paths, columns: Mapping[str, str] | None, rejects: Rejects | None = None) -> Source:
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
        return LinesSource(con, files, columns, rejects)
    name = files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more"
    if kind == "parquet":
        return TableSource(con, parquet(con, files), name=name, columns=columns, rejects=rejects, files=files)
    header = ibis.table(csv.columns_of(files), name=name)
    return TableSource(con, header, name=name, columns=columns, staging=csv.Staging(con, files), rejects=rejects)


def side_table(con: ibis.backends.duckdb.Backend, paths: Paths, rejects: Rejects) -> tuple[ir.Table, str]:
    """Give files of persons or groups as one table, and what to call it in errors; what can't be read is set aside."""
    files = found(paths)
    kind = kind_of(files[0])
    if kind == "parquet":
        return parquet(con, files), files[0].name
    if kind == "csv":
        return csv.Staging(con, files).table(rejects), files[0].name
    with tempfile.TemporaryDirectory(prefix="evkit-") as folder:
        table = con.read_parquet(lines.stage_table(files, Path(folder) / "rows.parquet", rejects))
        return con.create_table(f"evkit_side_{uuid.uuid4().hex}", table, temp=True), files[0].name


def persons(con: ibis.backends.duckdb.Backend, paths: Paths, rejects: Rejects, columns: Mapping[str, str] | None = None) -> ir.Table:
    """Give PostHog's persons export as canonical persons."""
    table, name = side_table(con, paths, rejects)
    return canonical.persons(table, columns=columns, source=name)


def groups(con: ibis.backends.duckdb.Backend, paths: Paths, rejects: Rejects, columns: Mapping[str, str] | None = None) -> ir.Table:
    """Give a file of groups as canonical groups."""
    table, name = side_table(con, paths, rejects)
    return canonical.groups(table, columns=columns, source=name)
