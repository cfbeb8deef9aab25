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

TRIES = 20
MOST_TOLD = 20
"""So many foreign lines are named."""
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


@contextlib.contextmanager
def relation(folder: Path, taken: snapshot.Snapshot) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give an engine with a view `stored` of a snapshot, a row a line, and `events`: a uuid once, the first to arrive.

    Raises
    ------
    StoreError
        When a segment can't be read, then or inside the block; the message names it.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="evkit-") as work, contextlib.closing(segments.connection(Path(work))) as con:
        load_landed(con, taken, Path(work))
        columns = ", ".join(rows.COLUMNS)
        parts = [f"SELECT {columns} FROM landed"]
        if taken.segments:
            parts.append(f"SELECT {columns} FROM read_parquet({segments.quoted_list(taken.segments)})")
        try:
            con.execute(f"CREATE VIEW stored AS {' UNION ALL '.join(parts)}")
            con.execute("CREATE VIEW events AS SELECT * FROM stored QUALIFY row_number() OVER (PARTITION BY uuid ORDER BY arrival) = 1")
            yield con
        except duckdb.Error as error:
            segments.raise_damage(folder, taken.segments, error)
            raise


def load_landed(con: duckdb.DuckDBPyConnection, taken: snapshot.Snapshot, work: Path) -> list[segments.Foreign]:
    """Load what has landed into a table `landed`; give the lines that are none of a store's, which are left out."""
    file = work / "landed.jsonl"
    file.write_bytes(b"".join(taken.lines.values()))
    try:
        return [] if segments.loaded(con, [file]) else segments.salvaged(con, taken.lines)
    finally:
        file.unlink()


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
        When the ending is another, the file can't be written, or a segment can't be read.
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
            segments.raise_damage(folder, taken.segments, error)
            raise StoreError(f"{str(target)!r} can't be written: {error}") from error
        return int((con.execute("SELECT count(*) FROM events").fetchone() or [0])[0])


def verify(folder: Path) -> Report:
    """Check every file of a store: the manifest, that each segment is there and holds what it should, every landed line.

    What is sealed or merged meanwhile is looked at again.
    """
    snapshot.check(folder)
    for _ in range(TRIES):
        try:
            before = manifest.latest(folder / snapshot.MANIFEST)
            report = checked(folder, before)
            if report.is_whole or manifest.latest(folder / snapshot.MANIFEST).number == before.number:
                return report
        except StoreError as error:
            return Report(problems=[str(error)])
    raise StoreError(f"the store {str(folder)!r} changes too fast to be checked")


def checked(folder: Path, known: manifest.Manifest) -> Report:
    """Check a store's files against a version of its manifest."""
    problems: list[str] = []
    landing = snapshot.opened(folder / snapshot.LANDING, ENDING)
    try:
        cut = {name: complete(snapshot.whole(handle)) for name, handle in landing.items() if name not in known.sealed}
    finally:
        for handle in landing.values():
            os.close(handle)
    with tempfile.TemporaryDirectory(prefix="evkit-") as work, contextlib.closing(segments.connection(Path(work))) as con:
        counted = 0
        for segment in known.segments:
            found, problem = segment_rows(con, folder / snapshot.SEGMENTS / segment.name, segment)
            counted += found
            problems += problem
        foreign = segments.salvaged(con, {name: lines for name, (lines, _) in cut.items()})
        counted += int((con.execute("SELECT count(*) FROM landed").fetchone() or (0,))[0])
    problems += [f"landing/{one.file} line {one.line}: no line of a store" for one in foreign[:MOST_TOLD]]
    for name, (_, torn) in cut.items():
        if torn:
            problems.append(
                f"landing/{name} ends in an unfinished line of {len(torn)} bytes, never acknowledged: a writer stopped there, or is at it"
            )
    problems += [f"{path.parent.name}/{path.name} is no file of a store: sealing sets it aside" for path in segments.strangers(folder)]
    return Report(len(known.segments), len(cut), counted, problems)


def segment_rows(con: duckdb.DuckDBPyConnection, path: Path, segment: manifest.Segment) -> tuple[int, list[str]]:
    """Read a segment whole; give its rows, and what is wrong with it."""
    import duckdb

    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return 0, [f"segments/{segment.name} is missing: {segment.rows:,} events of the week of {segment.week}"]
    if size != segment.size:
        return 0, [f"segments/{segment.name} has {size:,} bytes, not {segment.size:,}: it was changed or cut"]
    try:
        count = segments.rows_of(con, path)
    except duckdb.Error as error:
        return 0, [f"segments/{segment.name} can't be read: {error}"]
    return count, [] if count == segment.rows else [f"segments/{segment.name} holds {count:,} events, not {segment.rows:,}"]
