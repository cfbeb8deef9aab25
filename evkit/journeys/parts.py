"""The files that data are read from, and where the rows of an earlier moment stand now."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

GONE = -1
"""The number of a row that isn't there any more."""


class Part(NamedTuple):
    """A file that rows are read from, or what stands for one: its name, what tells it from an earlier one of that name, and its rows."""

    name: str
    stamp: str
    rows: int


def starts(parts: Iterable[Part]) -> list[int]:
    """Give the number of the first row of each part, and how many rows there are.

    Examples
    --------
    >>> starts([Part("a", "1", 2), Part("b", "1", 3)])
    [0, 2, 5]
    """
    return list(itertools.accumulate((part.rows for part in parts), initial=0))


@dataclass(frozen=True, eq=False)
class Moved:
    """Where the rows of an earlier scan stand in a later one.

    Parameters
    ----------
    ends
        int64: where each part of the earlier scan ended.
    shifts
        int64: how much further on its rows stand now.
    there
        bool: whether it is there at all.
    fresh
        The parts of the later scan that are new, by their position.
    shared
        How many rows are in both scans.
    """

    ends: np.ndarray
    shifts: np.ndarray
    there: np.ndarray
    fresh: tuple[int, ...]
    shared: int

    @classmethod
    def of(cls, before: Sequence[Part], now: Sequence[Part]) -> Moved:
        """Compare two scans by their parts.

        Examples
        --------
        >>> moved = Moved.of([Part("a", "1", 2), Part("b", "1", 3)], [Part("b", "1", 3), Part("c", "1", 9)])
        >>> moved.rows(np.arange(5)).tolist(), moved.fresh, moved.shared
        ([-1, -1, 0, 1, 2], (1,), 3)
        """
        first = dict(zip(now, starts(now), strict=False))
        old = np.array([part.rows for part in before], np.int64)
        ends = np.cumsum(old)
        there = np.array([part in first for part in before], bool)
        shifts = np.array([first.get(part, 0) for part in before], np.int64) - (ends - old)
        known = set(before)
        fresh = tuple(i for i, part in enumerate(now) if part not in known)
        return cls(ends, shifts, there, fresh, int(old[there].sum()))

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """Give the new numbers of rows: int64, `GONE` for one that isn't there any more."""
        if self.there.all() and not self.shifts.any():
            return numbers.astype(np.int64)
        part = np.searchsorted(self.ends, numbers, side="right")
        found: np.ndarray = np.where(self.there[part], numbers + self.shifts[part], GONE)
        return found
