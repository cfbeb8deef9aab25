"""How often an event happened in each quarter of an hour: from these follow its counts by any longer interval, in every time zone there is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evkit.dates.cuts import Cut
from evkit.query.marks import Marks

QUARTER = 15 * 60 * 1_000_000
"""Microseconds. Clocks are whole quarters of an hour ahead of UTC, but for times long ago."""
MOST = 4_000_000
"""So many quarters are held; of data that span more of them every event is looked at."""


@dataclass(frozen=True, eq=False)
class Quarters:
    """Counts by quarters.

    Parameters
    ----------
    first
        The number of the first quarter, since 1970.
    before
        int64: how many events come before each quarter, and in all.
    """

    first: int
    before: np.ndarray

    @property
    def nbytes(self) -> int:
        """How many bytes it has."""
        return int(self.before.nbytes)

    def counts(self, cut: Cut, end: int) -> np.ndarray | None:
        """Count by the buckets of a cut whose last ends before `end`; None where one of them begins or ends within a quarter.

        Examples
        --------
        >>> hour = 4 * QUARTER
        >>> cut = Cut(np.array([0, hour]), np.array([0, 1], np.int32), np.array([0, hour]))
        >>> Quarters(2, np.array([0, 5, 6, 9])).counts(cut, 2 * hour).tolist()
        [6, 3]
        """
        edges = np.append(cut.edges, end)
        if (edges % QUARTER).any():
            return None
        upto = self.before[np.clip(edges // QUARTER - self.first, 0, len(self.before) - 1)]
        made = np.zeros(len(cut.starts), np.int64)
        np.add.at(made, cut.codes, np.diff(upto))
        return made


def quarters(marks: Marks, event: str) -> Quarters | None:
    """Give how often an event happened by quarters; None where there are too many. Counted once."""
    index = marks.index
    found = index.worked.get(("quarters", event), lambda: counted(index.t[marks.hits(event)] // QUARTER))
    return found if len(found.before) else None


def counted(at: np.ndarray) -> Quarters:
    """Count events by the numbers of their quarters; where there are too many, nothing is counted."""
    if not len(at):
        return Quarters(0, np.zeros(1, np.int64))
    first, last = int(at.min()), int(at.max())
    if last - first > MOST:
        return Quarters(first, np.zeros(0, np.int64))
    return Quarters(first, np.concatenate([[0], np.cumsum(np.bincount(at - first))]))
