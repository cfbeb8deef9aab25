"""Work shared by threads: actors, or runs of events, in shares of about as many events each."""

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
