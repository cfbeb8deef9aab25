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


@dataclass(frozen=True)
class Shown:
    """A row an item of a shown path, in order.

    Parameters
    ----------
    rows
        int64: the position of the event that the item has its time from.
    items
        int64: the code of the item.
    places
        int64: its place in the path, from 1.
    lengths
        int64: how many items the path has.
    """

    rows: np.ndarray
    items: np.ndarray
    places: np.ndarray
    lengths: np.ndarray


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
    offsets: Any, t: Any, items: Any, gap: int, empty: int, start: int, end: int, limit: int, dots: int,
    out_rows: Any, out_items: Any, out_places: Any, out_lengths: Any,
) -> int:  # fmt: skip
    longest = 0
    for a in range(len(offsets) - 1):
        longest = max(longest, offsets[a + 1] - offsets[a])
    kept = np.empty(longest, np.int64)
    size, half = 0, limit // 2
    for a in range(len(offsets) - 1):
        i = offsets[a]
        while i < offsets[a + 1]:
            j = i + 1
            while j < offsets[a + 1] and t[j] - t[j - 1] < gap:
                j += 1
            count = _runs(i, j, items, empty, kept)
            i = j
            low, high = _bounds(count, items, kept, start, end, limit)
            first, hides = size, high - low > limit
            for k in range(low, high):
                hidden = hides and low + half <= k < high - half
                if hidden and k > low + half:
                    continue
                out_rows[size], out_items[size] = kept[k], dots if hidden else items[kept[k]]
                out_places[size] = size - first + 1
                size += 1
            for k in range(first, size):
                out_lengths[k] = size - first
    return size


@compiled
def _moved(column: Any, to: int, low: int, size: int) -> None:
    """Move a part of an array further down."""
    for i in range(size):
        column[to + i] = column[low + i]


def walk(
    offsets: np.ndarray, t: np.ndarray, items: np.ndarray, *, gap: int, limit: int, dots: int, empty: int = NOWHERE, start: int = NONE, end: int = NONE
) -> Shown:  # fmt: skip
    """Give the paths that are shown, of everybody's sessions.

    Parameters
    ----------
    offsets
        Actor a has the events offsets[a] .. offsets[a + 1] - 1, in order of time.
    t
        int64: microseconds.
    items
        The code of each event's item.
    gap
        Microseconds: a pause of so long or longer begins a new session.
    limit
        How many items are shown: the first, from `start` the next, up to `end` the last; between both, half of them at each
        end with `dots` for what is hidden.
    dots
        The code of the item that stands for hidden ones.
    empty
        The code of the empty item.
    start, end
        The codes of the items that a path is shown from and up to; `NOWHERE` for one that no event is.

    Examples
    --------
    >>> import numpy as np
    >>> found = walk(np.array([0, 4]), np.array([0, 1, 2, 9]), np.array([7, 7, 8, 7]), gap=5, limit=5, dots=9)
    >>> found.rows.tolist(), found.places.tolist(), found.lengths.tolist()
    ([1, 2, 3], [1, 2, 1], [2, 2, 1])
    """
    offsets = np.ascontiguousarray(offsets, np.int64)
    made = [np.empty(len(t), np.int64) for _ in range(4)]

    def share(first: int, last: int) -> int:
        mine = [column[offsets[first] : offsets[last]] for column in made]
        found: int = _walk(offsets[first : last + 1], t, items, gap, empty, start, end, limit, dots, *mine)
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
