"""Sealing landed lines into Parquet segments, a week each, and merging small segments: readers never see an event twice or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evkit.capture.storage import locks, manifest
from evkit.capture.storage.landing import ENDING, complete
from evkit.capture.storage.manifest import Segment
from evkit.capture.storage.snapshot import ASIDE, LANDING, MANIFEST, SEGMENTS
from evkit.errors import StoreError

if TYPE_CHECKING:
    import duckdb

LOCK = "sealing.lock"
SEGMENT = re.compile(r"^\d{4}-\d{2}-\d{2}-\d{12}-[0-9a-f]{8}\.parquet$")
AT_ONCE = 256 << 20
"""Bytes of landing that are sealed in one go."""
MOST_FILES = 500
"""So many landing files are held and sealed in one go."""
OURS: dict[str, Callable[[str], bool]] = {
    LANDING: lambda name: name.endswith(ENDING),
    SEGMENTS: lambda name: SEGMENT.match(name) is not None or name.endswith(".tmp"),
}
"""Folder -> whether a name in it is one that a store gives."""
FORGOTTEN_SECONDS = 3_600
"""After so long a folder for work is one that a killed process left."""
MANY = 8
"""So many segments of a week are merged."""
TYPES = {
    "uuid": "VARCHAR",
    "event": "VARCHAR",
    "distinct_id": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "received_at": "TIMESTAMP",
    "arrival": "BIGINT",
    "token": "VARCHAR",
    "properties": "JSON",
    "elements_chain": "VARCHAR",
}
EMPTY = "SELECT " + ", ".join(f"NULL::{kind} AS {name}" for name, kind in TYPES.items()) + " WHERE false"
"""A query without rows, in the columns of events."""
LARGEST_LINE = 64 << 20
Told = Callable[[str, str], None]
"""Takes a kind of warning and its words."""


def connection(work: Path, *, behind: bool = False) -> duckdb.DuckDBPyConnection:
    """Open an engine for one piece of work.

    Parameters
    ----------
    work
        Where it may put what doesn't fit into memory.
    behind
        In the background: one thread, little memory.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {"preserve_insertion_order": False, "temp_directory": str(work)}
    con = duckdb.connect(config={**config, "threads": 1, "memory_limit": "1GB"} if behind else config)
    con.execute("SET enable_progress_bar = false")
    return con


def seal(folder: Path, tell: Told) -> int:
    """Put landed events of finished files into segments; gives how many.

    Nothing is done where another process is at it.

    Raises
    ------
    OSError
        When a segment can't be written: the landing files stay as they are.
    """
    with locks.held(folder / LOCK) as free:
        if not free:
            return 0
        sweep(folder, tell)
        done = 0
        while True:
            with finished(folder) as files:
                if not files:
                    return done
                done += seal_files(folder, files, tell)


@contextlib.contextmanager
def finished(folder: Path) -> Iterator[list[Path]]:
    """Hold the oldest landing files that no writer holds any more, as many as are sealed in one go; empty ones are deleted.

    An empty one is never named in a manifest: its writer may have made it just now, and takes another when it is gone.
    """
    sealed = set(manifest.latest(folder / MANIFEST).sealed)
    files: list[Path] = []
    handles: list[int] = []
    size = 0
    try:
        for name in sorted(n for n in os.listdir(folder / LANDING) if n.endswith(ENDING) and n not in sealed):
            if size > AT_ONCE or len(files) >= MOST_FILES:
                break
            path = folder / LANDING / name
            try:
                handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
            except FileNotFoundError:  # an empty one that its writer gave up meanwhile
                continue
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or not locks.hold(handle):
                os.close(handle)
            elif not found.st_size:
                path.unlink(missing_ok=True)
                os.close(handle)
            else:
                files.append(path)
                handles.append(handle)
                size += found.st_size
        yield files
    finally:
        for handle in handles:
            os.close(handle)


def seal_files(folder: Path, files: Sequence[Path], tell: Told) -> int:
    """Put the events of held landing files into segments, and delete the files; gives how many events.

    Raises
    ------
    StoreError
        When not every good line came into the engine: then nothing is changed.
    """
    known = manifest.latest(folder / MANIFEST)
    with scratch(folder) as work, contextlib.closing(connection(work, behind=True)) as con:
        if not loaded(con, files):
            cut = {file.name: complete(file.read_bytes()) for file in files}
            foreign = salvaged(con, {name: lines for name, (lines, _) in cut.items()})
            put_lines_aside(folder, foreign, {name: torn for name, (_, torn) in cut.items() if torn}, tell)
        added = written(con, "landed", folder, known.number + 1)
    manifest.commit(folder / MANIFEST, known.following(added=added, sealed=[file.name for file in files]))
    for file in files:
        file.unlink()
    return sum(s.rows for s in added)


# ---------------------------------------------------------------------- lines into the engine, which is the judge of them
@dataclass(frozen=True)
class Foreign:
    """A landed line that is none of a store's: its file, its number from 1, and the line."""

    file: str
    line: int
    text: bytes


ODD = (
    " OR ".join(f"{name} IS NULL" for name in TYPES)
    + " OR json_type(properties) <> 'OBJECT' OR NOT isfinite(timestamp) OR NOT isfinite(received_at)"
)
LONE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]")
"""Half of a character, escaped: no line of ours has one, and no engine reads it."""


def empty_table(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table `landed`."""
    con.execute(f"CREATE OR REPLACE TABLE landed ({', '.join(f'{name} {kind}' for name, kind in TYPES.items())})")


def loaded(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> bool:
    """Load landing files into a table; say whether every line was one of ours. Errors of the disk and of memory are raised."""
    import duckdb

    filled = [file for file in files if file.stat().st_size]
    empty_table(con)
    if not filled:
        return True
    try:
        con.execute(f"INSERT INTO landed SELECT * FROM {json_lines(filled)}")
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidTypeException):
        return False
    found, others = con.execute(f"SELECT count(*), count(*) FILTER ({ODD}) FROM landed").fetchone() or (0, 0)
    return not others and found == sum(lines_in(file) for file in filled)


def salvaged(con: duckdb.DuckDBPyConnection, parts: Mapping[str, bytes]) -> list[Foreign]:
    """Load the whole lines of landing files into the table `landed`, one by one; give those that are none of ours.

    Raises
    ------
    StoreError
        When the engine takes less than it said it would.
    """
    import pyarrow as pa

    every = [Foreign(name, i, line) for name, data in parts.items() for i, line in enumerate(lines_of(data), start=1)]
    texts = [None if LONE.search(one.text) else decoded(one.text) for one in every]
    given = pa.table({"i": pa.array(range(len(every)), pa.int64()), "line": pa.array(texts, pa.string())})
    con.register("given", given)
    read = ", ".join(
        f"try_cast(line->>'$.{name}' AS {kind}) AS {name}" if kind != "JSON" else f"(line->'$.{name}')::JSON AS {name}"
        for name, kind in TYPES.items()
    )
    con.execute("CREATE OR REPLACE TABLE valid AS SELECT i, line::JSON AS line FROM given WHERE line IS NOT NULL AND json_valid(line)")
    con.execute(f"CREATE OR REPLACE TABLE judged AS SELECT i, {read} FROM valid WHERE json_type(line) = 'OBJECT'")
    con.execute(f"DELETE FROM judged WHERE {ODD}")
    empty_table(con)
    con.execute("INSERT INTO landed SELECT * EXCLUDE (i) FROM judged")
    good = {i for (i,) in con.execute("SELECT i FROM judged").fetchall()}
    found = (con.execute("SELECT count(*) FROM landed").fetchone() or (0,))[0]
    con.unregister("given")
    if found != len(good):
        raise StoreError(f"{len(good):,} landed events became {found:,} in the engine: nothing was sealed")
    return [one for i, one in enumerate(every) if i not in good]


def decoded(line: bytes) -> str | None:
    """Give a line as text; None where it is none."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def lines_in(file: Path) -> int:
    """Count the lines of a file, an unfinished one as two, which is what no engine counts."""
    data = file.read_bytes()
    return data.count(b"\n") + (0 if data.endswith(b"\n") else 2)


def json_lines(files: Iterable[Path]) -> str:
    """Give the table function that reads lines of ours."""
    names = ", ".join(quoted(str(file)) for file in files)
    columns = ", ".join(f"{name}: {quoted(kind)}" for name, kind in TYPES.items())
    return f"read_json([{names}], format='newline_delimited', columns={{{columns}}}, maximum_object_size={LARGEST_LINE})"


def quoted(text: str) -> str:
    """Write a text as SQL does."""
    return "'" + text.replace("'", "''") + "'"


def quoted_list(paths: Iterable[Path]) -> str:
    """Write paths as a list of SQL."""
    return f"[{', '.join(quoted(str(path)) for path in paths)}]"


def put_lines_aside(folder: Path, foreign: Sequence[Foreign], torn: Mapping[str, bytes], tell: Told) -> None:
    """Keep foreign and unfinished lines in files of their own, and tell."""
    for name in sorted({one.file for one in foreign} | set(torn)):
        lines = [one for one in foreign if one.file == name]
        parts = [one.text for one in lines] + ([torn[name] + b"\n"] if name in torn else [])
        aside = set_aside(folder, name, b"".join(parts))
        why = [f"line {one.line}: no line of a store" for one in lines[:3]]
        why += ["its last line is unfinished: a writer stopped there"] if name in torn else []
        tell("set_aside", f"{len(parts)} lines of {name} are in {ASIDE}/{aside.name}: {'; '.join(why)}")


def lines_of(data: bytes) -> list[bytes]:
    """Cut text at the ends of lines, which stay with them; only at the end that we write."""
    return [line + b"\n" for line in data.split(b"\n")[:-1]]


def set_aside(folder: Path, name: str, data: bytes) -> Path:
    """Keep what can't be read."""
    target = folder / ASIDE / f"{name}.{secrets.token_hex(3)}"
    target.parent.mkdir(exist_ok=True)
    with target.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    locks.sync_folder(target.parent)
    return target


# ---------------------------------------------------------------------- damage
def rows_of(con: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Read a segment whole; give its rows. What can't be read raises duckdb's error."""
    sums = ", ".join(f"sum(hash({name}))" for name in TYPES)
    found = con.execute(f"SELECT count(*), {sums} FROM read_parquet(?)", [str(path)]).fetchone()
    return int(found[0]) if found else 0


def damage(folder: Path, paths: Iterable[Path]) -> StoreError | None:
    """Find which segments can't be read, after something went wrong with them; None where all can."""
    import duckdb

    broken = []
    with contextlib.closing(duckdb.connect()) as con:
        for path in paths:
            try:
                rows_of(con, path)
            except duckdb.Error:
                broken.append(f"{SEGMENTS}/{path.name}")
    if not broken:
        return None
    return StoreError(
        f"{', '.join(broken)} of the store {str(folder)!r} can't be read: damaged or gone. `evkit store verify {folder}` says what else is "
        "wrong; put the file back from a copy"
    )


def raise_damage(folder: Path, paths: Iterable[Path], error: Exception) -> None:
    """Raise what `damage` finds, from what the engine said."""
    found = damage(folder, paths)
    if found is not None:
        raise found from error


# ---------------------------------------------------------------------- writing
def written(con: duckdb.DuckDBPyConnection, table: str, folder: Path, number: int) -> list[Segment]:
    """Write a table's events to durable segments, a week each, sorted by event and time; a uuid once, the first to arrive."""
    con.execute(
        f"CREATE TABLE sorted_{table} AS SELECT *, strftime(timestamp - to_days(isodow(timestamp)::INTEGER - 1), '%Y-%m-%d') AS week FROM {table} "
        "QUALIFY row_number() OVER (PARTITION BY uuid ORDER BY arrival) = 1"
    )
    made = []
    weeks = con.execute(f"SELECT week, count(*), min(timestamp), max(timestamp) FROM sorted_{table} GROUP BY week ORDER BY week").fetchall()
    for week, count, first, last in weeks:
        name = f"{week}-{number:012d}-{secrets.token_hex(4)}.parquet"
        target = folder / SEGMENTS / name
        temporary = target.with_suffix(".tmp")
        con.execute(
            f"COPY (SELECT * EXCLUDE (week) REPLACE (properties::VARCHAR AS properties) FROM sorted_{table} WHERE week = {quoted(week)} ORDER BY event, timestamp, arrival) "
            f"TO {quoted(str(temporary))} (FORMAT parquet, COMPRESSION zstd)"
        )
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
        made.append(Segment(name=name, week=week, rows=count, size=target.stat().st_size, first=str(first), last=str(last)))
    locks.sync_folder(folder / SEGMENTS)
    return made


@contextlib.contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Give a folder for work, gone afterwards."""
    work = folder / f"work-{os.getpid()}-{secrets.token_hex(3)}"
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


# ---------------------------------------------------------------------- merging
def compact(folder: Path, *, fewest: int = MANY) -> int:
    """Merge the segments of each week that has `fewest` of them or more; gives how many segments there are fewer.

    Segments that a reader still holds stay on disk until it lets go, and are swept away later.

    Raises
    ------
    StoreError
        When one can't be read; all stay as they are.
    """
    import duckdb

    with locks.held(folder / LOCK) as free:
        if not free:
            return 0
        gone = 0
        while due := crowded(known := manifest.latest(folder / MANIFEST), fewest):
            files = quoted_list(folder / SEGMENTS / s.name for s in due)
            try:
                with scratch(folder) as work, contextlib.closing(connection(work, behind=True)) as con:
                    con.execute(f"CREATE VIEW merged AS SELECT * FROM read_parquet({files})")
                    added = written(con, "merged", folder, known.number + 1)
            except duckdb.Error as error:
                raise_damage(folder, [folder / SEGMENTS / s.name for s in due], error)
                raise
            manifest.commit(folder / MANIFEST, known.following(added=added, replaced={s.name for s in due}))
            for segment in due:
                locks.remove_if_free(folder / SEGMENTS / segment.name)
            gone += len(due) - len(added)
        return gone


def crowded(known: manifest.Manifest, fewest: int) -> list[Segment]:
    """Give the segments of the first week that has too many."""
    by_week: dict[str, list[Segment]] = {}
    for segment in known.segments:
        by_week.setdefault(segment.week, []).append(segment)
    return next((found for found in by_week.values() if len(found) >= max(2, fewest)), [])


def sweep(folder: Path, tell: Told) -> None:
    """Delete what sealing left behind when it was killed; set aside what is none of a store's. Who calls this holds the lock."""
    known = manifest.latest(folder / MANIFEST)
    kept, sealed = {s.name for s in known.segments}, set(known.sealed)
    for path in strangers(folder):
        put_away(folder, path, tell)
    for name in os.listdir(folder / SEGMENTS):
        if name not in kept and OURS[SEGMENTS](name):
            locks.remove_if_free(folder / SEGMENTS / name)
    for name in sealed.intersection(os.listdir(folder / LANDING)):
        locks.remove_if_free(folder / LANDING / name)
    for path in folder.glob("work-*"):
        if time.time() - path.stat().st_mtime > FORGOTTEN_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def strangers(folder: Path) -> list[Path]:
    """Give what is in the landing and among the segments and is no file of a store, by its name or its kind."""
    found = [(mine, entry) for kind, mine in OURS.items() for entry in os.scandir(folder / kind)]
    return sorted(Path(entry.path) for mine, entry in found if not mine(entry.name) or not entry.is_file(follow_symlinks=False))


def put_away(folder: Path, path: Path, tell: Told) -> None:
    """Move a foreign file aside, and tell."""
    (folder / ASIDE).mkdir(exist_ok=True)
    target = folder / ASIDE / f"{path.name}.{secrets.token_hex(3)}"
    path.rename(target)
    tell("set_aside", f"{path.parent.name}/{path.name} is no file of a store: it is in {ASIDE}/{target.name}")
