"""Picking events out of journeys: those that are a step of something, in a range of time, actor by actor."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled
from evkit.kernel.sharing import each, shares


@compiled
def _count(offsets: Any, t: Any, wanted: Any, passes: Any, low: int, high: int, counts: Any) -> int:
    every, total = len(passes) == 0, 0
    for a in range(len(offsets) - 1):
        size = 0
        for i in range(offsets[a], offsets[a + 1]):
            if wanted[i] and (every or passes[i]) and low <= t[i] <= high:
                size += 1
        counts[a] = size
        total += size
    return total


@compiled
def _fill(
    offsets: Any,
    t: Any,
    wanted: Any,
    passes: Any,
    low: int,
    high: int,
    counts: Any,
    number: int,
    before: int,
    out: Any,
    begins: Any,
    who: Any,
) -> None:
    every, size, kept = len(passes) == 0, 0, 0
    for a in range(len(offsets) - 1):
        if counts[a] == 0:
            continue
        begins[kept], who[kept] = before + size, number + a
        kept += 1
        for i in range(offsets[a], offsets[a + 1]):
            if wanted[i] and (every or passes[i]) and low <= t[i] <= high:
                out[size] = i
                size += 1


def select(
    offsets: np.ndarray, t: np.ndarray, wanted: np.ndarray, passes: np.ndarray | None, *, low: int, high: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pick events out.

    Parameters
    ----------
    offsets, t
        The journeys.
    wanted
        A number an event: 0 for one that isn't wanted.
    passes
        bool: whether an event passes; None where all do.
    low, high
        The first and the last instant, microseconds.

    Returns
    -------
    tuple
        The positions of the events; where each actor's begin, and the end; the actors that have any.

    Examples
    --------
    >>> import numpy as np
    >>> found = select(np.array([0, 2, 3]), np.array([1, 5, 3]), np.array([1, 0, 2]), None, low=0, high=9)
    >>> [part.tolist() for part in found]
    [[0, 2], [0, 1, 2], [0, 1]]
    """
    every = np.zeros(0, np.bool_) if passes is None else passes
    parts = shares(offsets)
    counts = np.empty(len(offsets) - 1, np.int64)

    def count(first: int, last: int) -> tuple[int, int]:
        total = _count(offsets[first : last + 1], t, wanted, every, low, high, counts[first:last])
        return total, int(np.count_nonzero(counts[first:last]))

    sizes = each(count, parts)
    events, actors = sum(total for total, _ in sizes), sum(some for _, some in sizes)
    out, begins, who = np.empty(events, np.int64), np.empty(actors + 1, np.int64), np.empty(actors, np.int64)
    before = dict(zip(parts, itertools.accumulate(sizes, lambda a, b: (a[0] + b[0], a[1] + b[1]), initial=(0, 0)), strict=False))

    def fill(first: int, last: int) -> None:
        event, actor = before[first, last]
        mine = offsets[first : last + 1], t, wanted, every, low, high, counts[first:last]
        _fill(*mine, first, event, out[event:], begins[actor:], who[actor:])

    each(fill, parts)
    begins[actors] = events
    return out, begins, who


@compiled
def _within(offsets: Any, t: Any, actors: Any, since: Any, until: Any, keep: Any) -> None:
    for k in range(len(actors)):
        for i in range(offsets[actors[k]], offsets[actors[k] + 1]):
            if since[k] <= t[i] <= until[k]:
                keep[i] = True


def within(offsets: np.ndarray, t: np.ndarray, actors: np.ndarray, since: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Say which events lie in a window of their actor: bool.

    Parameters
    ----------
    offsets, t
        The journeys.
    actors, since, until
        The windows; both ends inside.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array
    >>> within(a([0, 2, 3]), a([1, 9, 1]), a([0]), a([0]), a([5])).tolist()
    [True, False, False]
    """
    keep = np.zeros(len(t), np.bool_)
    _within(offsets, t, actors, since, until, keep)
    return keep


def kept(at: np.ndarray, begins: np.ndarray, who: np.ndarray, keep: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keep some of the events that `select` gave; actors who have none any more go."""
    counts = np.bincount(np.repeat(np.arange(len(who)), np.diff(begins))[keep], minlength=len(who))
    some = counts > 0
    return at[keep], np.concatenate([[0], np.cumsum(counts[some])]).astype(np.int64), who[some]


@compiled
def _since_first(begins: Any, steps: Any, t: Any, keep: Any) -> None:
    for a in range(len(begins) - 1):
        since, found = 0, False
        for i in range(begins[a], begins[a + 1]):
            if not found and steps[i] & 1:
                since, found = t[i], True
                for j in range(i - 1, begins[a] - 1, -1):
                    if t[j] != since:
                        break
                    keep[j] = True
            keep[i] = found


def since_first(begins: np.ndarray, steps: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Say which events are not before their actor's first first step: bool.

    Parameters
    ----------
    begins
        Where each actor's events begin, and the end.
    steps
        The steps that an event is, as bits.
    """
    keep = np.zeros(len(t), np.bool_)
    _since_first(begins, steps, t, keep)
    return keep


@compiled
def _first_arrived(offsets: Any, arrival: Any, left_out: Any, at: Any, tied: Any) -> None:
    every = len(left_out) == 0
    for a in range(len(offsets) - 1):
        best = -1
        for i in range(offsets[a], offsets[a + 1]):
            if not every and left_out[i]:
                continue
            if best < 0 or arrival[i] < arrival[best]:
                best, tied[a] = i, False
            elif arrival[i] == arrival[best]:
                tied[a] = True
        at[a] = best


def first_arrived(offsets: np.ndarray, arrival: np.ndarray, left_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the event of each actor that arrived first: its position, -1 for none; and whether others arrived at once with it.

    Parameters
    ----------
    left_out
        bool: the events that are not looked at; of length 0 where all are.

    Examples
    --------
    >>> import numpy as np
    >>> [part.tolist() for part in first_arrived(np.array([0, 2, 3]), np.array([5, 4, 7]), np.array([False, False, True]))]
    [[1, -1], [False, False]]
    """
    at, tied = np.empty(len(offsets) - 1, np.int64), np.zeros(len(offsets) - 1, np.bool_)
    _first_arrived(offsets, arrival, left_out, at, tied)
    return at, tied
