"""The shown paths: one pass over events sorted by actor and time cuts sessions, joins runs and shortens to the items that are shown.

Source: PostHog's paths (`retention_paths.md` of the design, section 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled
from evkit.kernel.sharing import each, shares

NONE = -1
"""The code of an item that isn't asked for."""
NOWHERE = -2
"""The code of an item that no event is."""
EVER = np.iinfo(np.int64)


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
def _walk(
    offsets: Any, t: Any, codes: Any, table: Any, passes: Any, low: int, high: int, gap: int, empty: int, start: int, end: int,
    limit: int, dots: int, out_rows: Any, out_items: Any, out_places: Any,
) -> int:  # fmt: skip
    longest = 0
    for a in range(len(offsets) - 1):
        longest = max(longest, offsets[a + 1] - offsets[a])
    at, items, kept = np.empty(longest, np.int64), np.empty(longest, np.int32), np.empty(longest, np.int64)
    size, half, every = 0, limit // 2, len(passes) == 0
    for a in range(len(offsets) - 1):
        events = 0
        for i in range(offsets[a], offsets[a + 1]):
            if codes[i] < 0 or table[codes[i]] < 0 or t[i] < low or t[i] > high or not (every or passes[i]):
                continue
            at[events], items[events] = i, table[codes[i]]
            events += 1
        i = 0
        while i < events:
            j = i + 1
            while j < events and t[at[j]] - t[at[j - 1]] < gap:
                j += 1
            count = _runs(i, j, items, empty, kept)
            i = j
            since, until = _bounds(count, items, kept, start, end, limit)
            before, hides = size, until - since > limit
            for k in range(since, until):
                hidden = hides and since + half <= k < until - half
                if hidden and k > since + half:
                    continue
                out_rows[size], out_items[size] = at[kept[k]], dots if hidden else items[kept[k]]
                size += 1
                out_places[size - 1] = size - before
    return size


@compiled
def _moved(column: Any, to: int, low: int, size: int) -> None:
    """Move a part of an array further down."""
    for i in range(size):
        column[to + i] = column[low + i]


def walk(
    offsets: np.ndarray, t: np.ndarray, codes: np.ndarray, table: np.ndarray, passes: np.ndarray | None = None, *,
    gap: int, limit: int, dots: int, low: int = EVER.min, high: int = EVER.max, empty: int = NOWHERE, start: int = NONE, end: int = NONE,
) -> Shown:  # fmt: skip
    """Give the paths that are shown, of everybody's sessions.

    Parameters
    ----------
    offsets
        Actor a has the events offsets[a] .. offsets[a + 1] - 1, in order of time.
    t
        int64: microseconds.
    codes
        int32: a position in `table` for each event; less than 0 for one that is no item.
    table
        int32: the items; less than 0 for one that is left out.
    passes
        bool: whether an event counts; None where all do.
    gap
        Microseconds: a pause of so long or longer begins a new session.
    limit
        How many items are shown: the first, from `start` the next, up to `end` the last; between both, half of them at each
        end with `dots` for what is hidden.
    dots
        The item that stands for hidden ones.
    low, high
        The first and the last instant that counts, microseconds.
    empty
        The empty item.
    start, end
        The items that a path is shown from and up to; `NOWHERE` for one that no event is.

    Examples
    --------
    >>> import numpy as np
    >>> table = np.arange(10, dtype=np.int32)
    >>> found = walk(np.array([0, 4]), np.array([0, 1, 2, 9]), np.array([7, 7, 8, 7], np.int32), table, gap=5, limit=5, dots=9)
    >>> found.rows.tolist(), found.places.tolist(), found.ends.tolist()
    ([1, 2, 3], [1, 2, 1], [False, True, True])
    """
    offsets = np.ascontiguousarray(offsets, np.int64)
    every = np.zeros(0, np.bool_) if passes is None else passes
    made = [np.empty(len(t), kind) for kind in (np.int64, np.int32, np.int32)]

    def share(first: int, last: int) -> int:
        mine = [column[offsets[first] : offsets[last]] for column in made]
        found: int = _walk(offsets[first : last + 1], t, codes, table, every, low, high, gap, empty, start, end, limit, dots, *mine)
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
