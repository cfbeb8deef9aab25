"""The shown paths, and their edges: one pass over events sorted by actor and time cuts sessions, joins runs and shortens to the items that are shown.

Source: PostHog's paths (`retention_paths.md` of the design, section 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled, inlined
from evkit.kernel.sharing import each, shares

NONE = -1
"""The code of an item that isn't asked for."""
NOWHERE = -2
"""The code of an item that no event is."""
EVER = np.iinfo(np.int64)
FREE = -1
"""The key of a slot with nothing in it."""
SLOTS = 1 << 12
"""How many slots a table of edges begins with; a power of two."""


@dataclass(frozen=True)
class Asked:
    """Which events are which items, and which of these are shown.

    Parameters
    ----------
    offsets
        int64: actor a has the events offsets[a] .. offsets[a + 1] - 1, in order of time.
    t
        int64: microseconds.
    codes
        int32: a position in `table` for each event; less than 0 for one that is no item.
    table
        int32: the items; less than 0 for one that is left out.
    passes
        bool: whether an event counts; of length 0 where all do.
    low, high
        The first and the last instant that counts, microseconds.
    gap
        Microseconds: a pause of so long or longer begins a new session.
    limit
        How many items are shown: the first, from `start` the next, up to `end` the last; between both, half of them at each
        end with `dots` for what is hidden.
    dots
        The item that stands for hidden ones.
    empty
        The empty item.
    start, end
        The items that a path is shown from and up to; `NOWHERE` for one that no event is.
    """

    offsets: np.ndarray
    t: np.ndarray
    codes: np.ndarray
    table: np.ndarray
    passes: np.ndarray
    low: int
    high: int
    gap: int
    limit: int
    dots: int
    empty: int = NOWHERE
    start: int = NONE
    end: int = NONE

    @property
    def rules(self) -> tuple[Any, ...]:
        """Everything but the offsets, as the machines take it."""
        return (
            self.t, self.codes, self.table, self.passes, self.low, self.high, self.gap, self.empty, self.start, self.end, self.limit, self.dots,
        )  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """A row an item of a shown path, in order.

    Parameters
    ----------
    rows
        int64: the position of the event that the item has its time from.
    items
        int32: the code of the item.
    places
        int32: its place in the path, from 1.
    """

    rows: np.ndarray
    items: np.ndarray
    places: np.ndarray

    @property
    def ends(self) -> np.ndarray:
        """Say which items are the last of their path: bool."""
        return np.append(self.places[1:] == 1, np.ones(min(len(self.places), 1), np.bool_))


@compiled
def _runs(low: int, high: int, items: Any, empty: int, kept: Any) -> int:
    """Keep the last event of each run of equal items; a session that ends in the empty item loses its last run."""
    count = 0
    for k in range(low, high):
        if items[k] == (items[k + 1] if k + 1 < high else empty):
            continue
        kept[count] = k
        count += 1
    return count


@compiled
def _first(wanted: int, since: int, count: int, items: Any, kept: Any) -> int:
    for i in range(since, count):
        if items[kept[i]] == wanted:
            return i
    return -1


@compiled
def _bounds(count: int, items: Any, kept: Any, start: int, end: int, limit: int) -> Any:
    """Give which runs are asked for, from and up to; none where an end that is asked for isn't there."""
    low, high = 0, count
    if start != NONE:
        low = _first(start, 0, count, items, kept)
        if low < 0:
            return 0, 0
    if end != NONE:
        found = _first(end, low, count, items, kept)
        if found < 0:
            return 0, 0
        high = found + 1
    if start != NONE and end != NONE:
        return low, high
    if end != NONE:
        return max(low, high - limit), high
    return low, min(high, low + limit)


@compiled
def _longest(offsets: Any) -> int:
    longest = 0
    for a in range(len(offsets) - 1):
        longest = max(longest, offsets[a + 1] - offsets[a])
    return longest


@inlined
def _picked(begin: int, end: int, t: Any, codes: Any, table: Any, passes: Any, low: int, high: int, at: Any, when: Any, items: Any) -> int:
    """Pick out the events that are items and count; give how many."""
    count, every = 0, len(passes) == 0
    for i in range(begin, end):
        item = table[codes[i]] if codes[i] >= 0 else -1
        now = t[i]
        if item >= 0 and low <= now <= high and (every or passes[i]):
            at[count], when[count], items[count] = i, now, item
            count += 1
    return count


@inlined
def _session(i: int, count: int, when: Any, gap: int) -> int:
    """Give where the next session begins."""
    j = i + 1
    while j < count and when[j] - when[j - 1] < gap:
        j += 1
    return j


@inlined
def _cut(low: int, high: int, limit: int, dots: int, items: Any, kept: Any, named: Any) -> int:
    """Keep what is shown of the runs from low up to high: which, in `kept`, and what each is called; give how many."""
    size, half, hides = 0, limit // 2, high - low > limit
    for k in range(low, high):
        hidden = hides and low + half <= k < high - half
        if hidden and k > low + half:
            continue
        kept[size], named[size] = kept[k], dots if hidden else items[kept[k]]
        size += 1
    return size


@compiled
def _walk(
    offsets: Any, t: Any, codes: Any, table: Any, passes: Any, low: int, high: int, gap: int, empty: int, start: int, end: int,
    limit: int, dots: int, out_rows: Any, out_items: Any, out_places: Any,
) -> int:  # fmt: skip
    longest, size = _longest(offsets), 0
    at, when, items = np.empty(longest, np.int64), np.empty(longest, np.int64), np.empty(longest, np.int32)
    kept, named = np.empty(longest, np.int64), np.empty(longest, np.int32)
    for a in range(len(offsets) - 1):
        events, i = _picked(offsets[a], offsets[a + 1], t, codes, table, passes, low, high, at, when, items), 0
        while i < events:
            j = _session(i, events, when, gap)
            since, until = _bounds(_runs(i, j, items, empty, kept), items, kept, start, end, limit)
            for k in range(_cut(since, until, limit, dots, items, kept, named)):
                out_rows[size], out_items[size], out_places[size] = at[kept[k]], named[k], k + 1
                size += 1
            i = j
    return size


@inlined
def _slot(key: int, keys: Any) -> int:
    """Give where a key stands in a table whose size is a power of two, or where there is room for it."""
    mask = len(keys) - 1
    slot = ((key * 0x9E3779B97F4A7C1) >> 20) & mask
    while keys[slot] != FREE and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@compiled
def _grown(keys: Any, values: Any, took: Any) -> Any:
    """Give a table of twice the size with the same in it."""
    size = 2 * len(keys)
    more_keys, more_values, more_took = np.full(size, FREE), np.zeros(size, np.int64), np.zeros(size)
    for old in range(len(keys)):
        if keys[old] != FREE:
            slot = _slot(keys[old], more_keys)
            more_keys[slot], more_values[slot], more_took[slot] = keys[old], values[old], took[old]
    return more_keys, more_values, more_took


@compiled
def _counted(
    offsets: Any, t: Any, codes: Any, table: Any, passes: Any, low: int, high: int, gap: int, empty: int, start: int, end: int,
    limit: int, dots: int, names: int, since: int, found: int, keys: Any, values: Any, took: Any,
) -> Any:  # fmt: skip
    """Count the edges of actors from `since` on, as long as there is room for all that the next one can have; give who is next, and how many edges were found."""
    longest, most = _longest(offsets), limit * names * names
    at, when, items = np.empty(longest, np.int64), np.empty(longest, np.int64), np.empty(longest, np.int32)
    kept, named = np.empty(longest, np.int64), np.empty(longest, np.int32)
    for a in range(since, len(offsets) - 1):
        if 2 * (found + min(offsets[a + 1] - offsets[a], most)) > len(keys):
            return a, found
        events, i = _picked(offsets[a], offsets[a + 1], t, codes, table, passes, low, high, at, when, items), 0
        while i < events:
            j = _session(i, events, when, gap)
            if j - i > 1:  # an item alone has no edge
                begin, until = _bounds(_runs(i, j, items, empty, kept), items, kept, start, end, limit)
                for k in range(1, _cut(begin, until, limit, dots, items, kept, named)):
                    key = (k * names + named[k - 1]) * names + named[k]
                    slot = _slot(key, keys)
                    if keys[slot] == FREE:
                        keys[slot] = key
                        found += 1
                    values[slot] += 1
                    took[slot] += when[kept[k]] - when[kept[k - 1]]
            i = j
    return len(offsets) - 1, found


def _edges(offsets: np.ndarray, rules: tuple[Any, ...], names: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the edges of some actors: their keys, how often each was taken, how long that took.

    A machine that takes another table on its way is several times as slow at everything, so a larger one is made out here.
    """
    counted, actors, found = (np.full(SLOTS, FREE), np.zeros(SLOTS, np.int64), np.zeros(SLOTS)), 0, 0
    while True:
        actors, found = _counted(offsets, *rules, names, actors, found, *counted)
        if actors == len(offsets) - 1:
            break
        counted = _grown(*counted)
    there = np.flatnonzero(counted[0] != FREE)
    return counted[0][there], counted[1][there], counted[2][there]


@compiled
def _moved(column: Any, to: int, low: int, size: int) -> None:
    """Move a part of an array further down."""
    for i in range(size):
        column[to + i] = column[low + i]


def walk(asked: Asked) -> Shown:
    """Give the paths that are shown, of everybody's sessions.

    Examples
    --------
    >>> import numpy as np
    >>> codes, table, every = np.array([7, 7, 8, 7], np.int32), np.arange(10, dtype=np.int32), np.zeros(0, bool)
    >>> found = walk(Asked(np.array([0, 4]), np.array([0, 1, 2, 9]), codes, table, every, 0, 9, gap=5, limit=5, dots=9))
    >>> found.rows.tolist(), found.places.tolist(), found.ends.tolist()
    ([1, 2, 3], [1, 2, 1], [False, True, True])
    """
    offsets = asked.offsets
    made = [np.empty(len(asked.t), kind) for kind in (np.int64, np.int32, np.int32)]

    def share(first: int, last: int) -> int:
        found: int = _walk(offsets[first : last + 1], *asked.rules, *(column[offsets[first] : offsets[last]] for column in made))
        return found

    parts = shares(offsets)
    sizes = each(share, parts)
    total = 0
    for (first, _), size in zip(parts, sizes, strict=True):
        if offsets[first] != total:
            for column in made:
                _moved(column, total, offsets[first], size)
        total += size
    return Shown(*(column[:total] for column in made))


@dataclass(frozen=True)
class Edges:
    """A row an edge: from one item to the next.

    Parameters
    ----------
    places
        int64: the place of the first in its path, from 1.
    sources, targets
        int64: the codes of both.
    values
        int64: how often it was taken.
    took
        float64: how long that took in all, microseconds.
    """

    places: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    values: np.ndarray
    took: np.ndarray


def edges(asked: Asked, names: int) -> Edges:
    """Count the edges of the paths that are shown; paths themselves are not held.

    Parameters
    ----------
    names
        Codes of items are less than this.

    Examples
    --------
    >>> import numpy as np
    >>> codes, table, every = np.array([7, 7, 8, 7], np.int32), np.arange(10, dtype=np.int32), np.zeros(0, bool)
    >>> found = edges(Asked(np.array([0, 4]), np.array([0, 1, 2, 9]), codes, table, every, 0, 9, gap=5, limit=5, dots=9), 10)
    >>> [int(column[0]) for column in (found.places, found.sources, found.targets, found.values, found.took)]
    [1, 7, 8, 1, 1]
    """
    offsets = asked.offsets
    parts = each(lambda first, last: _edges(offsets[first : last + 1], asked.rules, names), shares(offsets))
    keys, at = np.unique(np.concatenate([part[0] for part in parts]), return_inverse=True)
    values, took = np.zeros(len(keys), np.int64), np.zeros(len(keys))
    np.add.at(values, at, np.concatenate([part[1] for part in parts]))
    np.add.at(took, at, np.concatenate([part[2] for part in parts]))
    rest, targets = np.divmod(keys, names)
    places, sources = np.divmod(rest, names)
    return Edges(places, sources, targets, values, took)
