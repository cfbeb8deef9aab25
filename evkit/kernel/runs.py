"""What the funnels' machines take and give: runs over events sorted by actor and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEVER = np.iinfo(np.int64).min
"""The time of what didn't happen."""


@dataclass(frozen=True)
class Marked:
    """Runs of events: one actor each, or one actor and breakdown value.

    Parameters
    ----------
    low, high
        int64: run r has the events rows[low[r]] .. rows[high[r] - 1], in order of time.
    rows
        int64: positions in the columns below.
    t
        int64: microseconds.
    steps, exclusions
        int64 bit masks: bit s-1 stands for step s.
    values, wanted
        int64: the breakdown value of each event, and of each run, as codes.
    """

    low: np.ndarray
    high: np.ndarray
    rows: np.ndarray
    t: np.ndarray
    steps: np.ndarray
    exclusions: np.ndarray
    values: np.ndarray
    wanted: np.ndarray

    @classmethod
    def of(
        cls, offsets: np.ndarray, t: np.ndarray, steps: np.ndarray, exclusions: np.ndarray | None = None, values: np.ndarray | None = None
    ) -> Marked:
        """Give a run an actor: actor a has the events offsets[a] .. offsets[a + 1]."""
        size = len(t)
        whole = lambda column: np.ascontiguousarray(column, np.int64)  # noqa: E731
        return cls(
            whole(offsets[:-1]), whole(offsets[1:]), np.arange(size, dtype=np.int64), whole(t), whole(steps),
            np.zeros(size, np.int64) if exclusions is None else whole(exclusions),
            np.zeros(size, np.int64) if values is None else whole(values), np.zeros(len(offsets) - 1, np.int64),
        )  # fmt: skip

    @property
    def sizes(self) -> np.ndarray:
        """How many events there are before each run, and in all."""
        return np.concatenate([[0], np.cumsum(self.high - self.low)])


@dataclass(frozen=True)
class Reached:
    """How far each run got: the bit mask of steps done (0: counts nowhere), its times (runs x steps; `NEVER` where there is
    none; optional steps have none) and the positions of those events (-1 where there is none).
    """

    bits: np.ndarray
    times: np.ndarray
    events: np.ndarray

    @classmethod
    def nowhere(cls, runs: int, steps: int) -> Reached:
        """Give runs that got nowhere, for a machine to fill in."""
        return cls(np.zeros(runs, np.int64), np.full((runs, steps), NEVER, np.int64), np.full((runs, steps), -1, np.int64))


@dataclass(frozen=True)
class Entered:
    """A row a run and period it entered in: the run, the period, and how far it got (or 1 converted, -1 not)."""

    run: np.ndarray
    period: np.ndarray
    result: np.ndarray
