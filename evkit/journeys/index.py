"""The index: every actor's events in order of time, as columns."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

from evkit.kernel import codes, selecting
from evkit.kernel.sharing import taken

MOST_BYTES = 1 << 30
"""How much of what was worked out is kept in memory beside an index."""
LARGE = 200_000
"""From so many events on it pays to look at those alone that are asked about."""
MOST_SHARE = 0.8
"""So large a part of the events may be asked about for that."""


class Sized(Protocol):
    """What takes memory."""

    @property
    def nbytes(self) -> int:
        """How many bytes."""
        ...


S = TypeVar("S", bound=Sized)


class Worked:
    """What was worked out from an index, as far as there is room: what was used longest ago goes first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._found: OrderedDict[Hashable, Sized] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], S]) -> S:
        """Give what is known under `key`, working it out first if need be."""
        found: Any = self._found.get(key)
        return self.put(key, make() if found is None else found)

    def known(self, key: Hashable) -> Any:
        """Give what is known under `key`, None where nothing is; works nothing out."""
        return self._found.get(key)

    def put(self, key: Hashable, found: S) -> S:
        """Note what was worked out, in place of what was known."""
        self._found[key] = found
        self._found.move_to_end(key)
        while len(self._found) > 1 and sum(one.nbytes for one in self._found.values()) > self._most:
            self._found.popitem(last=False)
        return found


@dataclass(frozen=True, eq=False)
class Index:
    """Events sorted by actor, time, arrival and uuid; a position an event.

    Parameters
    ----------
    offsets
        int64: actor a has the positions offsets[a] .. offsets[a + 1] - 1.
    t
        int64: microseconds since 1970.
    arrival
        int64: what came first, of events of one time.
    rows
        The number of each event in the scan of the data.
    events
        The code of each event's name, a position in `names`.
    actors
        uint64: the engine's hash of each actor's id; ascending.
    names
        The names of the events.
    scanned
        How many rows the scan of the data has; the index may have fewer: those that have an actor.
    ids, persons
        uint64: the hash of each id that goes by another one, and of that one.
    second
        uint64: another hash of each actor's id, so that two of one hash are told apart; of length 0 where the actors were told apart before.
    folder
        Where it is kept; None for one in memory.
    """

    offsets: np.ndarray
    t: np.ndarray
    arrival: np.ndarray
    rows: np.ndarray
    events: np.ndarray
    actors: np.ndarray
    names: tuple[str, ...]
    scanned: int
    ids: np.ndarray
    persons: np.ndarray
    second: np.ndarray
    folder: Path | None = None
    worked: Worked = field(default_factory=Worked)

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray], names: Sequence[str], scanned: int, folder: Path | None = None) -> Index:
        """Make an index of its arrays."""
        a = {name: np.asarray(array).view() for name, array in arrays.items()}
        for array in a.values():
            array.flags.writeable = False  # as those are that lie in files: a kernel is compiled for either
        return cls(
            a["offsets"], a["t"], a["arrival"], a["rows"], a["events"], a["actors"], tuple(names), scanned, a["ids"], a["persons"],
            a["second"], folder,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.t)

    def __repr__(self) -> str:
        return f"<Index of {len(self):,} events of {len(self.offsets) - 1:,} actors, {'kept' if self.folder else 'in memory'}>"

    @cached_property
    def code(self) -> dict[str, int]:
        """The code of each name."""
        return {name: code for code, name in enumerate(self.names)}

    @cached_property
    def frequency(self) -> np.ndarray:
        """How many events each name has."""
        return np.bincount(self.events, minlength=len(self.names))

    def only(self, names: Collection[str]) -> Narrowed | None:
        """Give the journeys with events of some names alone; None where that is most of them, and looking at all is as quick."""
        wanted = frozenset(self.code[name] for name in names if name in self.code)
        if len(self) < LARGE or self.frequency[list(wanted)].sum() > MOST_SHARE * len(self):
            return None
        return self.worked.get(("only", wanted), lambda: self._only(wanted))

    def _only(self, wanted: frozenset[int]) -> Narrowed:
        table = np.zeros(max(len(self.names), 1), np.bool_)
        table[list(wanted)] = True
        bounds = np.iinfo(np.int64)
        at, offsets, who = selecting.select(self.offsets, self.t, table[self.events], None, low=bounds.min, high=bounds.max)
        arrays = {
            "offsets": offsets, "t": taken(self.t, at), "arrival": np.zeros(0, np.int64), "rows": taken(self.rows, at), "events": taken(self.events, at),
            "actors": self.actors[who], "ids": self.ids[:0], "persons": self.persons[:0], "second": self.second[:0],
        }  # fmt: skip
        small = np.uint32 if len(self) < 1 << 32 else np.int64
        return Narrowed(Index.of(arrays, self.names, self.scanned), at.astype(small), who)

    def actors_of(self, hashes: np.ndarray) -> np.ndarray:
        """Give which actor has an id, by the engine's hashes of ids; -1 for none that has an event here."""
        at = codes.of_hashes(hashes, self.ids)
        own = np.where(at >= 0, np.append(self.persons, np.uint64(0))[at], hashes)
        return codes.of_hashes(own, self.actors)

    @property
    def size(self) -> int:
        """How many bytes its arrays have."""
        own = (self.offsets, self.t, self.arrival, self.rows, self.events, self.actors, self.ids, self.persons, self.second)
        return sum(a.nbytes for a in own)


@dataclass(frozen=True, eq=False)
class Narrowed:
    """The journeys with some events alone: an index of its own (without arrivals and ids), where its events stand in the whole one, and its actors."""

    index: Index
    at: np.ndarray
    who: np.ndarray

    @property
    def nbytes(self) -> int:
        """How many bytes its arrays have; what is worked out beside them not counted."""
        return self.index.size + self.at.nbytes + self.who.nbytes
