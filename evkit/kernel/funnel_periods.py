"""Conversion over time: one funnel machine for each period that somebody entered in.

A chain belongs to the period of its first event. An event may move the chains of several periods at once.
Source: PostHog's funnel trends aggregation (`funnels.md` of the design, section 9).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled
from evkit.kernel.runs import NEVER, Entered, Marked

NONE, PARTIAL, FULL = 0, 1, 2
OPEN, CONVERTED = 0, 1


@compiled
def _enter(
    period: int, t: int, size: int, n: int,
    codes: Any, state: Any, start: Any, excluded: Any, best: Any, newest: Any,
) -> tuple[int, int]:  # fmt: skip
    """Let an event of the first step begin a chain of its period; give how many periods there are, and which it entered."""
    p = size - 1
    while p >= 0 and codes[p] != period and codes[size - 1] > period:  # the wall clock was put back: an earlier period again
        p -= 1
    if p >= 0 and codes[p] == period:
        if state[p] == CONVERTED:
            return size, p
        if best[p, 0] == 1 and best[p, 2] != NONE:
            start[p, :], excluded[p, :] = NEVER, False
            best[p, 0], best[p, 1], best[p, 2] = 1, t, NONE
    else:
        p = size
        size += 1
        codes[p], state[p] = period, OPEN
        start[p, :], excluded[p, :] = NEVER, False
        best[p, 0], best[p, 1], best[p, 2] = 1, t, NONE
    start[p, 1], excluded[p, 1], newest[p] = t, False, t
    return size, p


@compiled
def _move(p: int, s: int, t: int, window: int, goal: int, state: Any, start: Any, excluded: Any, best: Any) -> None:
    """Move a period's chain to step s, where there is one to be moved."""
    before = start[p, s - 1]
    if before == NEVER or t - before > window or start[p, s] == before:
        return
    dirty = excluded[p, s - 1]
    if not dirty:
        start[p, s], excluded[p, s] = before, False
        if s == goal:
            state[p] = CONVERTED
            return
    if s > best[p, 0] or (s == best[p, 0] and best[p, 2] == PARTIAL):
        best[p, 0], best[p, 1], best[p, 2] = s, t, FULL if dirty else NONE


@compiled
def _exclude(p: int, s: int, t: int, window: int, start: Any, excluded: Any, best: Any) -> None:
    """Mark a period's chain before an excluded step."""
    before = start[p, s - 1]
    if before == NEVER or t - before > window or start[p, s] == before:
        return
    excluded[p, s - 1] = True
    if best[p, 0] == s - 1 and t - best[p, 1] <= window:
        best[p, 2] = PARTIAL


@compiled
def _all(
    low: Any, high: Any, rows: Any, t: Any, steps: Any, exclusions: Any, values: Any, wanted: Any, periods: Any,
    n: int, window: int, strict: bool, blocked: int, first: int, goal: int, most: int, out_run: Any, out_period: Any, out_result: Any,
) -> int:  # fmt: skip
    codes, state, newest = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    start, excluded = np.empty((most, n + 1), np.int64), np.empty((most, n + 1), np.bool_)
    best = np.empty((most, 3), np.int64)
    count = 0
    for r in range(len(low)):
        size, alive = 0, 0
        for e in rows[low[r] : high[r]]:
            now, accepts = t[e], values[e] == wanted[r]
            while alive < size and now - newest[alive] > window:
                alive += 1
            for s in range(n, 1, -1):
                if (exclusions[e] >> (s - 1)) & 1:
                    for p in range(alive, size):
                        if state[p] == OPEN:
                            _exclude(p, s, now, window, start, excluded, best)
            for s in range(n, 1, -1):
                if (steps[e] >> (s - 1)) & 1 and (blocked != s - 1 or accepts):
                    for p in range(alive, size):
                        if state[p] == OPEN:
                            _move(p, s, now, window, goal, state, start, excluded, best)
            if steps[e] & 1 and (blocked != 0 or accepts):
                size, entered = _enter(periods[e], now, size, n, codes, state, start, excluded, best, newest)
                alive = min(alive, entered)
            if strict:
                for p in range(alive, size):
                    for s in range(1, n + 1):
                        if not (steps[e] >> (s - 1)) & 1:
                            start[p, s] = NEVER
        void = False
        for p in range(size):
            void = void or (state[p] == OPEN and best[p, 2] == FULL)
        for p in range(size):
            converted = state[p] == CONVERTED
            if converted or (not void and best[p, 0] >= first and best[p, 2] != PARTIAL):
                out_run[count], out_period[count], out_result[count] = r, codes[p], 1 if converted else -1
                count += 1
    return count


def run(
    marked: Marked, periods: np.ndarray, *, count: int, window: int, strict: bool = False, blocked: int = -1, first: int = 1, goal: int = 0
) -> Entered:
    """Take every run through an ordered or strict funnel, a machine for each period that it entered in.

    Parameters
    ----------
    marked
        The runs and their events.
    periods
        int64: the number of each event's period; rising with time.
    count
        How many steps the funnel has.
    window
        Microseconds, boundary inside.
    strict, blocked
        As in `funnel.run`.
    first, goal
        The steps, from 1, between which conversion is measured; `goal` 0 is the last.

    Returns
    -------
    Entered
        result 1 where the goal was reached, -1 where only `first` was.
    """
    m = marked
    of_first = m.steps & 1
    begun = np.concatenate([[0], np.cumsum(of_first[m.rows])])
    starts = begun[m.high] - begun[m.low]
    size = int(starts.sum())
    run_of, period, result = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    distinct = len(np.unique(periods[of_first == 1])) if len(periods) else 0
    most = min(int(starts.max(initial=0)), distinct) + 1
    found = _all(
        m.low, m.high, m.rows, m.t, m.steps, m.exclusions, m.values, m.wanted, periods,
        count, window, strict, blocked, first, goal or count, most, run_of, period, result,
    )  # fmt: skip
    return Entered(run_of[:found], period[:found], result[:found])
