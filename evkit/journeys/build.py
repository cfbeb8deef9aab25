"""Building an index: one sort in the engine, written as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from evkit.errors import CacheError
from evkit.journeys.arrays import Folder, opened
from evkit.journeys.index import Index
from evkit.kernel import codes, merging

Run = Callable[[ir.Table], Iterator[pa.RecordBatch]]
SECOND = "#"
"""What is put behind an actor's id for its second hash."""
ARRAYS = ("offsets", "t", "arrival", "rows", "events", "actors", "ids", "persons")
PIECE = 1 << 22
"""So many events are put into their new order at once."""


@ibis.udf.scalar.builtin(name="hash")  # ibis' own hash is cast on its way, which takes longer than hashing
def hashed(value: str) -> dt.uint64: ...


class Tied(Exception):
    """Two events of an actor have one time, and arrived at once: their order is by uuid."""


class Growing(Protocol):
    """An array that is added to."""

    def append(self, values: np.ndarray) -> None:
        """Add numbers."""
        ...


class InMemory:
    """An array that is added to, in memory."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._parts: list[np.ndarray] = []

    def append(self, values: np.ndarray) -> None:
        """Add numbers."""
        self._parts.append(values.astype(self._kind))

    def whole(self) -> np.ndarray:
        """Give it."""
        return np.concatenate([*self._parts, np.zeros(0, self._kind)])


@dataclass(frozen=True)
class Named:
    """The names of the events, with the engine's hash of each."""

    names: tuple[str, ...]
    hashes: np.ndarray

    @classmethod
    def of(cls, rows: pa.Table) -> Named:
        """Take the columns event and hash."""
        return cls(tuple(rows["event"].to_pylist()), rows["hash"].to_numpy())


def events_of(rows: ir.Table) -> ir.Table:
    """Give the names of the events of a relation with their hashes: event, hash."""
    distinct = rows.select("event").distinct()
    return distinct.select("event", hash=hashed(distinct.event)).order_by("event")


def wanted(rows: ir.Table, *, tied: bool) -> ir.Table:
    """Give what an index is made of, in its order: actor (hash), second (hash), t, arrival, row, event (hash).

    An engine sorts numbers faster than texts, so actors are sorted by their hash.
    """
    there = rows.filter(rows.actor.notnull())
    made = there.select(
        "t", "arrival", "row", *(["uuid"] if tied else []),
        actor=hashed(there.actor), second=hashed(there.actor + SECOND), event=hashed(there.event),
    )  # fmt: skip
    ordered = made.order_by([made.actor, made.t, made.arrival, *([made.uuid] if tied else [])])
    return ordered.select("actor", "second", "t", "arrival", "row", "event")


def kinds(scanned: int, names: Sequence[str]) -> dict[str, str]:
    """Give the type of each array, as small as what it holds allows."""
    return {
        "offsets": "<i8", "t": "<i8", "rows": "<u4" if scanned < 1 << 32 else "<i8",
        "events": "|u1" if len(names) <= 1 << 8 else "<u2" if len(names) <= 1 << 16 else "<u4", "actors": "<u8",
        "arrival": "<i8", "ids": "<u8", "persons": "<u8",
    }  # fmt: skip


def build(
    rows: ir.Table, run: Run, named: Named, *, scanned: int, moved: pa.Table | None = None, target: Path | None = None
) -> Index:  # fmt: skip
    """Build an index.

    Parameters
    ----------
    rows
        A row an event: actor (text; null for none), t (microseconds), arrival, row (its number in the scan), event, uuid.
    run
        Runs an expression and gives its rows in batches, in order.
    named
        The names of the events.
    scanned
        How many rows the scan has.
    target
        The folder it will be kept in; None to keep it in memory.
    moved
        The ids that go by another one: id, person; the engine's hash of each (`hashed`).

    Raises
    ------
    CacheError
        When it can't be written, or two actors have the same two hashes.
    """
    types = kinds(scanned, named.names)
    for tied in (False, True):
        batches = run(wanted(rows, tied=tied))
        try:
            if target is None:
                held = {name: InMemory(types[name]) for name in ARRAYS}
                fill(batches, held, named, moved, tied=tied)
                return Index.of({name: one.whole() for name, one in held.items()}, named.names, scanned)
            with Folder(target) as folder:
                fill(batches, {name: folder.array(name, types[name]) for name in ARRAYS}, named, moved, tied=tied)
                folder.finish(names=named.names, scanned=scanned)
            return load(target)
        except Tied:
            continue
        except OSError as error:
            raise unwritable(target, error) from error
    raise AssertionError("sorted by uuid, nothing is tied")


def merged(base: Index, moved: pa.Table, *, target: Path | None = None) -> Index | None:
    """Build the index of persons from that of their distinct ids; None where the order of two events can't be told from it.

    Parameters
    ----------
    moved, target
        As of `build`.

    Raises
    ------
    CacheError
        When it can't be written.
    """
    at = codes.of_hashes(base.actors, moved["id"].to_numpy())
    persons = np.append(moved["person"].to_numpy(), np.uint64(0))
    who = np.where(at >= 0, persons[at], base.actors)
    order, offsets, actors, tied = merging.order(base.offsets, base.t, base.arrival, who)
    if tied:
        return None
    pieces = range(0, len(order), PIECE)
    columns = {"t": base.t, "arrival": base.arrival, "rows": base.rows, "events": base.events}
    if target is None:
        arrays = {name: column[order] for name, column in columns.items()}
        own = {"ids": moved["id"].to_numpy(), "persons": moved["person"].to_numpy()}
        return Index.of({"offsets": offsets, "actors": actors, **arrays, **own}, base.names, base.scanned)
    try:
        with Folder(target) as folder:
            for name, column in columns.items():
                array = folder.array(name, column.dtype.str)
                for low in pieces:
                    array.append(column[order[low : low + PIECE]])
            folder.array("offsets", "<i8").append(offsets)
            folder.array("actors", "<u8").append(actors)
            folder.array("ids", "<u8").append(moved["id"].to_numpy())
            folder.array("persons", "<u8").append(moved["person"].to_numpy())
            folder.finish(names=base.names, scanned=base.scanned)
    except OSError as error:
        raise unwritable(target, error) from error
    return load(target)


def same_as(target: Path, other: str) -> None:
    """Note in place of an index that it is another one beside it.

    Raises
    ------
    CacheError
        When it can't be written.
    """
    try:
        with Folder(target) as folder:
            folder.finish(same_as=other)
    except OSError as error:
        raise unwritable(target, error) from error


def unwritable(target: Path | None, error: OSError) -> CacheError:
    """Give the error for an index that can't be written."""
    return CacheError(f"the journey index can't be written to {str(target)!r}: {error.strerror or error}")


def load(folder: Path) -> Index:
    """Open an index that is kept, or the one beside it that it is the same as; every byte of it is checked.

    Raises
    ------
    CacheError
        When it can't be read, or isn't what was written.
    """
    arrays, told = opened(folder)
    if told.get("same_as"):
        return load(folder.with_name(str(told["same_as"])))
    try:
        found = Index.of(arrays, told["names"], int(told["scanned"]), folder)
    except (KeyError, TypeError) as error:
        raise CacheError(f"{folder.name} lacks {error}") from error
    if len(found.offsets) - 1 != len(found.actors) or found.offsets[-1] != len(found) or len(found.rows) != len(found):
        raise CacheError(f"{folder.name}: its arrays don't fit each other")
    return found


def fill(batches: Iterator[pa.RecordBatch], arrays: Mapping[str, Growing], named: Named, moved: pa.Table | None, *, tied: bool) -> None:
    """Write the arrays of an index from its sorted rows, and the ids that go by another one.

    Raises
    ------
    Tied
        When the order of two events is still open.
    """
    size = 0
    last: np.ndarray | None = None
    for batch in batches:
        if len(batch) == 0:
            continue
        if batch["row"].null_count:
            raise CacheError("some rows of the files have no number: no index of them can be made")
        keys = np.stack([batch[name].to_numpy(zero_copy_only=False).view(np.int64) for name in ("actor", "second", "t", "arrival")])
        keys = keys if last is None else np.concatenate([last, keys], axis=1)
        last = keys[:, -1:]
        new = keys[0, 1:] != keys[0, :-1]
        if (~new & (keys[1, 1:] != keys[1, :-1])).any():
            raise CacheError("two actors have the same hash: no index of them can be made")
        if not tied and (~new & (keys[2, 1:] == keys[2, :-1]) & (keys[3, 1:] == keys[3, :-1])).any():
            raise Tied
        first = size == 0
        starts = np.flatnonzero(np.concatenate([[True], new]) if first else new)
        own = keys[:, -len(batch) :]
        arrays["offsets"].append(starts + size)
        arrays["actors"].append(own[0][starts].view(np.uint64))
        arrays["t"].append(own[2])
        arrays["arrival"].append(own[3])
        arrays["rows"].append(batch["row"].to_numpy(zero_copy_only=False))
        arrays["events"].append(codes.of_hashes(batch["event"].to_numpy(zero_copy_only=False), named.hashes))
        size += len(batch)
    arrays["offsets"].append(np.array([size]))
    if moved is not None:
        arrays["ids"].append(moved["id"].to_numpy())
        arrays["persons"].append(moved["person"].to_numpy())
