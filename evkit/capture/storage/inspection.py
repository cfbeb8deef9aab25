"""Looking into a store: its newest events, whether every file is whole, all of it as one file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from evkit.capture.storage import manifest, rows, segments, snapshot
from evkit.capture.storage.landing import ENDING, complete
from evkit.errors import StoreError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

TAIL = ("received_at", "timestamp", "event", "distinct_id", "uuid", "properties", "elements_chain")


@dataclass(frozen=True)
class Report:
    """What checking a store found.

    Parameters
    ----------
    segments, landing
        How many files of each there are.
    events
        Rows in them; a uuid that was sent twice may be counted twice.
    problems
        What is wrong, in words; empty where all is well.
    """

    segments: int = 0
    landing: int = 0
    events: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass(frozen=True)
class Foreign:
    """A landed line that is none of a store's: its file, its number from 1, why, and the line."""

    file: str
    line: int
    reason: str
    text: bytes


@contextlib.contextmanager
def relation(folder: Path, taken: snapshot.Snapshot) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give an engine with a view `stored` of a snapshot, a row a line, and `events`: a uuid once, the first to arrive."""
    with tempfile.TemporaryDirectory(prefix="evkit-") as work, contextlib.closing(segments.connection(Path(work))) as con:
        load_landed(con, taken, Path(work))
        columns = ", ".join(rows.COLUMNS)
        parts = [f"SELECT {columns} FROM landed"]
        if taken.segments:
            parts.append(f"SELECT {columns} FROM read_parquet({[str(p) for p in taken.segments]})")
        con.execute(f"CREATE VIEW stored AS {' UNION ALL '.join(parts)}")
        con.execute("CREATE VIEW events AS SELECT * FROM stored QUALIFY row_number() OVER (PARTITION BY uuid ORDER BY arrival) = 1")
        yield con


def load_landed(con: duckdb.DuckDBPyConnection, taken: snapshot.Snapshot, work: Path) -> list[Foreign]:
    """Load what has landed into a table `landed`; give the lines that are none of a store's, which are left out."""
    file = work / "landed.jsonl"
    file.write_bytes(b"".join(taken.lines.values()))
    if segments.loaded(con, [file]):
        return []
    foreign: list[Foreign] = []
    good: list[bytes] = []
    for name, data in taken.lines.items():
        lines, bad = segments.lines_of(data), dict(segments.bad_lines(data))
        foreign += [Foreign(f"{snapshot.LANDING}/{name}", i + 1, reason, lines[i]) for i, reason in bad.items()]
        good += [line for i, line in enumerate(lines) if i not in bad]
    file.write_bytes(b"".join(good))
    segments.loaded(con, [file])
    return foreign


NEWEST = f"""
WITH newest AS (SELECT {", ".join(TAIL)}, arrival FROM stored ORDER BY arrival DESC LIMIT 2 * $n),
first AS (SELECT uuid, min(arrival) AS arrival FROM stored WHERE uuid IN (SELECT uuid FROM newest) GROUP BY uuid)
SELECT {", ".join(TAIL)} FROM newest SEMI JOIN first USING (uuid, arrival) ORDER BY newest.arrival DESC LIMIT $n
"""


def tail(folder: Path, n: int) -> pd.DataFrame:
    """Give the newest events by arrival, the newest first."""
    taken = snapshot.take(folder)
    with contextlib.closing(taken), relation(folder, taken) as con:
        found: pd.DataFrame = con.execute(NEWEST, {"n": n}).df()
        if len(found) < n:  # most of the newest lines are events that were sent again
            found = con.execute(f"SELECT {', '.join(TAIL)} FROM events ORDER BY arrival DESC LIMIT $n", {"n": n}).df()
        return found.astype({"properties": "str"}) if len(found) else found


def export(folder: Path, target: Path) -> int:
    """Write the events of a store to one file, Parquet or JSON lines by its ending, in the order of arrival; gives how many.

    Raises
    ------
    StoreError
        When the ending is another, or the file can't be written.
    """
    form = {".parquet": "(FORMAT parquet, COMPRESSION zstd)", ".jsonl": "(FORMAT json)"}.get(target.suffix)
    if form is None:
        raise StoreError(f"{target.name!r} ends neither in .parquet nor in .jsonl")
    taken = snapshot.take(folder)
    with contextlib.closing(taken), relation(folder, taken) as con:
        how = "properties::VARCHAR AS properties" if target.suffix == ".parquet" else "properties::JSON AS properties"
        temporary = target.with_name(target.name + ".part")
        try:
            con.execute(f"COPY (SELECT * REPLACE ({how}) FROM events ORDER BY arrival) TO {segments.quoted(str(temporary))} {form}")
            temporary.replace(target)
        except Exception as error:
            temporary.unlink(missing_ok=True)
            raise StoreError(f"{str(target)!r} can't be written: {error}") from error
        return int((con.execute("SELECT count(*) FROM events").fetchone() or [0])[0])


def verify(folder: Path) -> Report:
    """Check every file of a store: the manifest, that each segment is there and holds what it should, every landed line."""
    snapshot.check(folder)
    problems: list[str] = []
    counted = 0
    try:
        known = manifest.latest(folder / snapshot.MANIFEST)
    except StoreError as error:
        return Report(problems=[str(error)])
    with tempfile.TemporaryDirectory(prefix="evkit-") as work, contextlib.closing(segments.connection(Path(work))) as con:
        for segment in known.segments:
            found, problem = segment_rows(con, folder / snapshot.SEGMENTS / segment.name, segment)
            counted += found
            problems += problem
    names = sorted(n for n in os.listdir(folder / snapshot.LANDING) if n not in known.sealed)
    for name in names:
        if not name.endswith(ENDING):
            problems.append(f"landing/{name} is no file of a store: sealing sets it aside")
            continue
        lines, torn = complete((folder / snapshot.LANDING / name).read_bytes())
        bad = segments.bad_lines(lines)
        counted += len(segments.lines_of(lines)) - len(bad)
        problems += [f"landing/{name} line {i + 1}: {reason}" for i, reason in bad[:3]]
        if torn:
            problems.append(
                f"landing/{name} ends in an unfinished line of {len(torn)} bytes, never acknowledged: a writer stopped there, or is at it"
            )
    strangers = set(os.listdir(folder / snapshot.SEGMENTS)) - {s.name for s in known.segments}
    problems += [f"segments/{n} is no file of a store: sealing sets it aside" for n in sorted(strangers) if not ours(n)]
    return Report(len(known.segments), len(names), counted, problems)


def ours(name: str) -> bool:
    """Say whether a file of segments is one that sealing made and deletes itself."""
    return bool(segments.SEGMENT.match(name)) or name.endswith(".tmp")


def segment_rows(con: duckdb.DuckDBPyConnection, path: Path, segment: manifest.Segment) -> tuple[int, list[str]]:
    """Read a segment whole; give its rows, and what is wrong with it."""
    import duckdb

    if not path.exists():
        return 0, [f"segments/{segment.name} is missing: {segment.rows:,} events of the week of {segment.week}"]
    if path.stat().st_size != segment.size:
        return 0, [f"segments/{segment.name} has {path.stat().st_size:,} bytes, not {segment.size:,}: it was changed or cut"]
    sums = ", ".join(f"count({name}), sum(hash({name}))" for name in rows.COLUMNS)
    try:
        found = con.execute(f"SELECT count(*), {sums} FROM read_parquet(?)", [str(path)]).fetchone()
    except duckdb.Error as error:
        return 0, [f"segments/{segment.name} can't be read: {error}"]
    count = int(found[0]) if found else 0
    return count, [] if count == segment.rows else [f"segments/{segment.name} holds {count:,} events, not {segment.rows:,}"]
