"""What each actor did: how often in windows of time, in how many periods, one thing soon after another; a pass over the journeys each."""

from __future__ import annotations

from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled
from evkit.kernel.sharing import each, shares

NEVER = np.iinfo(np.int64).max
"""Stands for the time of what nobody did."""
SIGNS = ("gte", "lte", "gt", "lt", "eq")
"""Comparisons, by their number in the kernels."""


@compiled
def _compared(sign: int, a: int, b: int) -> bool:
    return (a >= b, a <= b, a > b, a < b, a == b)[sign]


# ---------------------------------------------------------------------- windows
@compiled
def _tally(first: int, last: int, offsets: Any, t: Any, hits: Any, lows: Any, highs: Any, counts: Any, firsts: Any) -> None:
    for a in range(first, last):
        for i in range(offsets[a], offsets[a + 1]):
            if hits[i]:
                now = t[i]
                if firsts[a] == NEVER:
                    firsts[a] = now
                for w in range(len(lows)):
                    if lows[w] <= now <= highs[w]:
                        counts[w, a] += 1


def tally(
    offsets: np.ndarray, t: np.ndarray, hits: np.ndarray, windows: list[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Count what each actor did in each of some windows, and tell when they did it first.

    Parameters
    ----------
    offsets, t
        Of an index; times in microseconds.
    hits
        bool: which events count.
    windows
        The first and the last instant of each.

    Returns
    -------
    tuple
        windows x actors, int64; and actors, int64: the time of the first event that counts, at any time; `NEVER` where there is none.
    """
    lows, highs = (np.array([w[i] for w in windows], np.int64) for i in (0, 1))
    counts, firsts = np.zeros((len(windows), len(offsets) - 1), np.int64), np.full(len(offsets) - 1, NEVER, np.int64)
    each(lambda low, high: _tally(low, high, offsets, t, hits, lows, highs, counts, firsts), shares(offsets))
    return counts, firsts


# ---------------------------------------------------------------------- periods
@compiled
def _regular(first: int, last: int, offsets: Any, t: Any, hits: Any, edges: Any, sign: int, n: int, out: Any) -> None:
    for a in range(first, last):
        i, high = offsets[a], offsets[a + 1]
        for p in range(len(edges) - 1):
            while i < high and t[i] < edges[p]:
                i += 1
            count = 0
            while i < high and t[i] < edges[p + 1]:
                count += hits[i]
                i += 1
            if count > 0 and _compared(sign, count, n):
                out[a] += 1


def regular(offsets: np.ndarray, t: np.ndarray, hits: np.ndarray, edges: np.ndarray, sign: str, n: int) -> np.ndarray:
    """Count the periods in which each actor did it often enough: actors, int64. Not at all is never enough.

    Parameters
    ----------
    offsets, t, hits
        As of `tally`.
    edges
        int64: where the periods begin, ascending, and where the last ends.
    sign, n
        How often: one of `SIGNS`, and a number.

    Examples
    --------
    >>> import numpy as np
    >>> regular(np.array([0, 4]), np.array([1, 2, 12, 31]), np.ones(4, bool), np.array([0, 10, 20, 30]), "gte", 1).tolist()
    [2]
    """
    out = np.zeros(len(offsets) - 1, np.int64)
    each(lambda low, high: _regular(low, high, offsets, t, hits, edges, SIGNS.index(sign), n, out), shares(offsets))
    return out


# ---------------------------------------------------------------------- sequences
@compiled
def _follow(first: int, last: int, offsets: Any, t: Any, firsts: Any, thens: Any, low: int, high: int, gap: int, out: Any) -> None:
    for a in range(first, last):
        begun, known, i, end = 0, False, offsets[a], offsets[a + 1]
        while i < end and not out[a]:
            now = t[i]
            one, two, both = 0, 0, 0
            while i < end and t[i] == now:  # events of one instant are in either order
                one += firsts[i]
                two += thens[i]
                both += firsts[i] and thens[i]
                i += 1
            if now < low or now > high:
                continue
            alone = one == 1 and two == 1 and both == 1  # one event is not followed by itself
            if two > 0 and ((one > 0 and not alone) or (known and now - begun <= gap)):
                out[a] = True
            if one > 0:
                begun, known = now, True


def followed(
    offsets: np.ndarray, t: np.ndarray, firsts: np.ndarray, thens: np.ndarray, *, low: int, high: int, gap: int
) -> np.ndarray:  # fmt: skip
    """Say which actors did one thing and then another, at most `gap` microseconds later: actors, bool.

    Parameters
    ----------
    offsets, t
        Of an index.
    firsts, thens
        bool: which events are the one, and the other.
    low, high
        The first and the last instant of the window.
    """
    out = np.zeros(len(offsets) - 1, np.bool_)
    each(lambda one, two: _follow(one, two, offsets, t, firsts, thens, low, high, gap, out), shares(offsets))
    return out
