"""Everybody's paths: the engine names the items and sorts, the kernel cuts, joins and shortens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evkit.dates import Window
from evkit.insights.paths import journeys
from evkit.insights.paths.relation import matched
from evkit.insights.paths.spec import HIDDEN, Paths
from evkit.kernel import paths as kernel
from evkit.kernel.paths import Shown
from evkit.model.sessions import PAUSE_MICROSECONDS
from evkit.model.tables import EventTables
from evkit.query.actors import each_together


@dataclass(frozen=True)
class Sorted:
    """Events, sorted by actor and time, and which item each one is.

    Parameters
    ----------
    actors
        The actors, a row each.
    offsets
        Actor a has the rows offsets[a] .. offsets[a + 1] - 1.
    t
        int64: microseconds.
    codes
        int32: a position in `items` for each event; less than 0 for one that is no item.
    items
        int32: positions in `names`; less than 0 for an item that is left out.
    names
        The items there are, and `HIDDEN`, in the order of their bytes.
    passes
        bool: which events count; None where all do.
    low, high
        The first and the last instant that counts, microseconds.
    """

    actors: pa.Array
    offsets: np.ndarray
    t: np.ndarray
    codes: np.ndarray
    items: np.ndarray
    names: pa.Array
    passes: np.ndarray | None = None
    low: int = kernel.EVER.min
    high: int = kernel.EVER.max

    def code(self, name: str | None) -> int:
        """Give the code of an item; `NONE` for none, `NOWHERE` for one that isn't there."""
        if name is None:
            return kernel.NONE
        found = int(pc.index(self.names, pa.scalar(name, self.names.type)).as_py())
        return found if found >= 0 else kernel.NOWHERE

    @property
    def counts(self) -> np.ndarray:
        """How many events each of `names` is."""
        counted = (self.codes >= 0) & (self.t >= self.low) & (self.t <= self.high)
        if self.passes is not None:
            counted &= self.passes
        found = self.items[self.codes[counted]]
        return np.bincount(found[found >= 0], minlength=len(self.names))


@dataclass(frozen=True)
class Walked:
    """The paths that are shown, an item a row, with the items they are made of."""

    sorted: Sorted
    shown: Shown

    @property
    def follows(self) -> np.ndarray:
        """Which rows have an item before them in their path."""
        return np.flatnonzero(self.shown.places > 1)

    @cached_property
    def actor_of(self) -> np.ndarray:
        """For each row, whose path it is, as a position in `sorted.actors`."""
        return np.searchsorted(self.sorted.offsets, self.shown.rows, side="right") - 1


def walk(spec: Paths, tables: EventTables) -> Walked:
    """Give everybody's paths, as they are shown."""
    found = sort(spec, tables)
    return Walked(found, kernel.walk(asked(spec, found)))


def asked(spec: Paths, found: Sorted) -> kernel.Asked:
    """Say which events are which items, and what is shown of them."""
    every = np.zeros(0, np.bool_) if found.passes is None else found.passes
    return kernel.Asked(
        np.ascontiguousarray(found.offsets, np.int64), found.t, found.codes, found.items, every, found.low, found.high, gap=gap(spec),
        limit=spec.step_limit, dots=found.code(HIDDEN), empty=found.code(""), start=found.code(spec.start), end=found.code(spec.end),
    )  # fmt: skip


def gap(spec: Paths) -> int:
    """Give after which pause a new session begins, in microseconds: 30 minutes, or the window of the funnel."""
    return PAUSE_MICROSECONDS if spec.funnel is None else Window(spec.funnel.window).microseconds


def sort(spec: Paths, tables: EventTables, *, named: bool = True) -> Sorted:
    """Give the items, sorted: from journeys where the actors' names aren't asked, else by the relation; texts become codes batch by batch, so that they are never held all at once."""
    kept = None if named else journeys.read(spec, tables)
    if kept is not None:
        index = kept.index
        actors = pa.array(np.arange(len(index.offsets) - 1))
        return Sorted(actors, index.offsets, index.t, kept.codes, kept.items, kept.names, kept.passes, kept.low, kept.high)
    m = matched(spec, tables, named=named)
    found = each_together(m.actor, lambda first: read(m, first, tables), dialect=tables.dialect)
    return Sorted(found.actors, found.offsets, found.t, *coded(found.items))


class Read(NamedTuple):
    """The rows as they were read: the actors; where each one's rows begin, and the end; their times; their items, batch by batch."""

    actors: pa.Array
    offsets: np.ndarray
    t: np.ndarray
    items: list[pa.DictionaryArray]


def read(m: ir.Table, first: ir.Value, tables: EventTables) -> tuple[Read, np.ndarray]:
    """Read the relation, sorted; give it, and what each actor's rows were sorted by first."""
    wanted = m.mutate(first=first)
    rows = wanted.order_by([wanted["first"], m.t, m.tie, m.uuid]).select("first", "actor", "t", "item")
    actors, marks, begins, times, items, size = [], [], [], [], [], 0
    for batch, new in parted(tables.batches(rows)):
        at = np.flatnonzero(new)
        actors.append(batch["actor"].cast(pa.string()).take(pa.array(at)))
        marks.append(batch["first"].to_numpy(zero_copy_only=False)[at])
        begins.append(at + size)
        times.append(batch["t"].to_numpy(zero_copy_only=False).astype(np.int64))
        items.append(batch["item"].cast(pa.string()).dictionary_encode())
        size += len(batch)
    offsets = np.concatenate([*begins, [size]]).astype(np.int64)
    t = np.concatenate([*times, np.zeros(0, np.int64)])
    found = Read(pa.chunked_array(actors, pa.string()).combine_chunks(), offsets, t, items)
    return found, np.concatenate(marks) if marks else np.zeros(0, np.int64)


def parted(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
    """Give batches with where another actor begins."""
    last = None
    for batch in batches:
        if len(batch) == 0:
            continue
        actor = batch["actor"]
        inner = pc.not_equal(actor[1:], actor[:-1]).to_numpy(zero_copy_only=False)
        yield batch, np.concatenate([[actor[0].as_py() != last], inner]).astype(bool)
        last = actor[-1].as_py()


def coded(items: list[pa.DictionaryArray]) -> tuple[np.ndarray, np.ndarray, pa.Array]:
    """Give a code for each item, which name it stands for, and the names, in the order of their bytes."""
    dots = pa.array([HIDDEN]).dictionary_encode()
    unified = pa.chunked_array([*(item.cast(dots.type) for item in items), dots]).unify_dictionaries()
    names = unified.chunk(0).dictionary if unified.num_chunks else dots.dictionary
    order = pc.sort_indices(names).to_numpy()
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order))
    codes = np.concatenate([chunk.indices.to_numpy(zero_copy_only=False) for chunk in unified.chunks])
    return codes[:-1].astype(np.int32), place, names.take(pa.array(order))
