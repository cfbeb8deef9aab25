"""Journeys of data that grew: those of an earlier moment are found in the cache and extended by what came since."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np

from evkit.errors import CacheError, CacheWarning, warn
from evkit.journeys import arrays, build, cache, carrying, joining, making
from evkit.journeys.index import Index
from evkit.journeys.parts import GONE, Moved, Part
from evkit.model import numbered

if TYPE_CHECKING:
    from evkit.model.tables import EventTables

FEWEST_SHARED = 3
"""So many times as many rows have to be there already as are new: else everything is sorted anew."""
MOST_REPEATED = 10_000
"""So many rows that say again what others do are noted with an index; with more of them it isn't extended."""
FAMILY, PARTS, REPEATED = "family", "parts", "repeated"
"""What is told about an index, so that it can be extended."""


@dataclass(frozen=True, eq=False)
class Earlier:
    """An index of the same data at an earlier moment.

    Parameters
    ----------
    folder
        Where it is kept.
    index
        The index.
    moved
        Where its rows stand now.
    """

    folder: Path
    index: Index
    moved: Moved


def parts_of(tables: EventTables) -> tuple[Part, ...] | None:
    """Give the parts that the rows are read from; None where they aren't numbered by parts, or one is there twice."""
    source = tables.source
    if not isinstance(source, numbered.Parted) or numbered.of_files(tables) is None:
        return None
    found = tuple(source.parts())
    return found if len(set(found)) == len(found) else None


def family_of(tables: EventTables, whose: str) -> str:
    """Give what an index has in common with those of the same data at other moments.

    Parameters
    ----------
    whose
        Whose journeys they are, and how that is read.
    """
    fingerprint, shape = tables.fingerprint, tables.source.shape() if isinstance(tables.source, numbered.Parted) else ""
    said = [arrays.FORMAT, duckdb.__version__, fingerprint and fingerprint.family, tables.identity, tables.source.has_uuids, shape, whose]
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()


def told(tables: EventTables, whose: str) -> dict[str, Any]:
    """Give what is noted with an index, so that it can be extended later; nothing where that won't be."""
    parts = parts_of(tables)
    repeated = numbered.repeated_rows(tables)
    if parts is None or len(repeated) > MOST_REPEATED:
        return {}
    return {FAMILY: family_of(tables, whose), PARTS: parts, REPEATED: repeated.tolist()}


def told_of(folder: Path) -> tuple[Mapping[str, Any], tuple[Part, ...]]:
    """Give what was noted with an index, and its parts; nothing where that can't be read."""
    said = arrays.told(folder)
    try:
        return said, tuple(Part(str(name), str(stamp), int(rows)) for name, stamp, rows in said.get(PARTS, ()))
    except (TypeError, ValueError):
        return {}, ()


def nearest(tables: EventTables, by: str, whose: str) -> tuple[Path, Moved, np.ndarray] | None:
    """Find the kept index of an earlier moment that shares most rows with the present; None where too many are new.

    Returns
    -------
    tuple
        Its folder, where its rows stand now, and the rows that it left out as said before, by their numbers then.
    """
    parts = parts_of(tables) if tables.fingerprint is not None else None
    if parts is None:
        return None
    family, found = family_of(tables, whose), []
    for folder in cache.folders(by):
        said, before = told_of(folder)
        if said.get(FAMILY) == family and REPEATED in said:
            moved = Moved.of(before, parts)
            fresh = sum(parts[i].rows for i in moved.fresh)
            if moved.shared and moved.shared >= FEWEST_SHARED * fresh:
                found.append((moved.shared, folder, moved, np.array(said[REPEATED], np.int64)))
    return max(found, key=lambda one: one[0])[1:] if found else None


def earlier(tables: EventTables, by: str, whose: str) -> Earlier | None:
    """Open the index of an earlier moment; None where there is none to build upon.

    There is none either where events count now that repeated others which are gone: nothing beside it knows of these.
    """
    near = nearest(tables, by, whose)
    if near is None:
        return None
    folder, moved, before = near
    left_out = moved.rows(before)
    if not np.isin(left_out[left_out != GONE], numbered.repeated_rows(tables)).all():
        return None
    try:
        index = making.load(folder)
    except CacheError:  # torn: it is no use to anybody
        cache.remove(folder)
        return None
    return Earlier(folder, index, moved)


def extended(tables: EventTables, before: Earlier, rows: ir.Table, *, target: Path, told: Mapping[str, Any]) -> Index | None:
    """Extend an index by the rows that came since; None where everything has to be sorted anew.

    Parameters
    ----------
    rows
        All events with whose journey they are in, as `build.build` takes them.
    target, told
        As of `making.Making`.

    Raises
    ------
    CacheError
        When it can't be written.
    """
    repeated = numbered.repeated_rows(tables)
    run = functools.partial(tables.batches, rows=1 << 20)
    named = build.Named.of(tables.arrow(build.events_of(numbered.numbered(tables))))
    scanned = numbered.scanned(tables)
    late = build.build(of_fresh(tables, before.moved, rows), run, named, scanned=scanned)
    return joining.extended(before.index, before.moved, repeated, late, target=target, told=told)


def of_fresh(tables: EventTables, moved: Moved, rows: ir.Table) -> ir.Table:
    """Give what is asked of all events, of those that came since."""
    everything, late = numbered.numbered(tables).op(), numbered.of_parts(tables, moved.fresh).op()
    made: ir.Table = rows.op().replace({everything: late}).to_expr()
    return made


def carry(tables: EventTables, before: Earlier, index: Index, scan: str) -> None:
    """Write beside an index the columns of an earlier one, extended by what the rows say that came since.

    Parameters
    ----------
    scan
        What the events are called in the SQL of columns.

    Warns
    -----
    CacheWarning
        When they can't be.
    """
    con: Any = tables.con
    late = numbered.of_parts(tables, before.moved.fresh)

    def ask(sql: str, names: Collection[str] | None) -> ir.Table:
        some = late if names is None else late.filter(late.event.isin(sorted(names)))
        found: ir.Table = con.sql(f'WITH "{scan}" AS ({ibis.to_sql(some, dialect="duckdb")}) SELECT * FROM ({sql})')
        return found

    try:
        carrying.carried(before.index, index, before.moved, ask, functools.partial(numbered.of_the_same, tables))
    except (OSError, duckdb.Error) as error:
        said = str(error).splitlines()[0]
        warn(f"what was read of properties can't be carried along: {said}. It is read again when it is asked for", CacheWarning)


def remove_passed(tables: EventTables, kept: Sequence[Path]) -> None:
    """Remove the indexes of earlier moments that never come back, where there are those of the present: these have fewer rows."""
    if tables.fingerprint is None or not tables.fingerprint.passes:
        return
    now: dict[Any, int] = {}
    for folder in kept:
        said, parts = told_of(folder)
        now[said.get(FAMILY)] = sum(part.rows for part in parts)
    for folder in cache.folders():
        said, parts = told_of(folder)
        if FAMILY in said and sum(part.rows for part in parts) < now.get(said[FAMILY], 0):
            cache.remove(folder)
