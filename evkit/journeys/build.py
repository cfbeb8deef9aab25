"""Building an index: one sort in the engine, written as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from evkit.errors import CacheError
from evkit.journeys.index import Index
from evkit.journeys.making import Growing, Making
from evkit.kernel import codes

Run = Callable[[ir.Table], Iterator[pa.RecordBatch]]
SECOND = "#"
"""What is put behind an actor's id for its second hash."""


@ibis.udf.scalar.builtin(name="hash")  # ibis' own hash is cast on its way, which takes longer than hashing
def hashed(value: str) -> dt.uint64: ...


class Tied(Exception):
    """Two events of an actor have one time, and arrived at once: their order is by uuid."""


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


def build(
    rows: ir.Table, run: Run, named: Named, *, scanned: int, moved: pa.Table | None = None, target: Path | None = None,
    told: Mapping[str, Any] | None = None,
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
    moved
        The ids that go by another one: id, person; the engine's hash of each (`hashed`).
    target, told
        As of `Making`.

    Raises
    ------
    CacheError
        When it can't be written, or two actors have the same two hashes.
    """
    for tied in (False, True):
        batches = run(wanted(rows, tied=tied))
        try:
            with Making(target, named.names, scanned, told) as making:
                fill(batches, making.arrays, named, moved, tied=tied)
                return making.finish()
        except Tied:
            continue
    raise AssertionError("sorted by uuid, nothing is tied")


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
        arrays["second"].append(own[1][starts].view(np.uint64))
        arrays["t"].append(own[2])
        arrays["arrival"].append(own[3])
        arrays["rows"].append(batch["row"].to_numpy(zero_copy_only=False))
        arrays["events"].append(codes.of_hashes(batch["event"].to_numpy(zero_copy_only=False), named.hashes))
        size += len(batch)
    arrays["offsets"].append(np.array([size]))
    if moved is not None:
        arrays["ids"].append(moved["id"].to_numpy())
        arrays["persons"].append(moved["person"].to_numpy())
