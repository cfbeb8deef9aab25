"""Work shared by threads: actors, or runs of events, in shares of about as many events each; and taking values at positions."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

T = TypeVar("T")
THREADS = 2
LARGE = 200_000
"""From so many events on it pays to share."""
PIECE = 1 << 18
"""So many positions are taken at once: each of them becomes a large number first."""


def shares(offsets: np.ndarray) -> list[tuple[int, int]]:
    """Give actors in shares: from and up to.

    Parameters
    ----------
    offsets
        Actor a has the events offsets[a] .. offsets[a + 1] - 1.

    Examples
    --------
    >>> shares(np.array([0, 2, 3]))
    [(0, 2)]
    >>> shares(np.arange(0, 400_002, 2))
    [(0, 100000), (100000, 200000)]
    """
    actors, events = len(offsets) - 1, int(offsets[-1] - offsets[0])
    if events < LARGE or actors < THREADS:
        return [(0, actors)]
    inner = [int(np.searchsorted(offsets, offsets[0] + events * i // THREADS)) for i in range(1, THREADS)]
    return list(itertools.pairwise([0, *inner, actors]))


def each(work: Callable[[int, int], T], parts: list[tuple[int, int]]) -> list[T]:
    """Do work on each share, in a thread of its own where there are several; it has to give up the interpreter's lock itself."""
    if len(parts) == 1:
        return [work(*parts[0])]
    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(lambda part: work(*part), parts))


def taken(column: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Give a column's values at positions, none of them negative, as `column[at]` does.

    Raises
    ------
    IndexError
        When a position lies behind the column's end.

    Examples
    --------
    >>> taken(np.array([5, 6, 7]), np.array([2, 0])).tolist()
    [7, 5]
    """
    last = int(at.max(initial=0))
    if len(at) and last >= len(column):
        raise IndexError(f"position {last} of a column of {len(column)}")
    found = np.empty(len(at), column.dtype)

    def take(low: int, high: int) -> None:
        for begin in range(low, high, PIECE):
            piece = slice(begin, min(begin + PIECE, high))
            np.take(column, at[piece], out=found[piece], mode="clip")  # in any other mode it makes a copy first

    middle = len(at) // 2
    each(take, [(0, middle), (middle, len(at))] if len(at) >= LARGE else [(0, len(at))])
    return found


def read_only(array: np.ndarray) -> np.ndarray:
    """Give an array as those of an index are: a machine is compiled for either kind."""
    made = array.view()
    made.flags.writeable = False
    return made
