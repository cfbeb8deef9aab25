"""Runs of sorted events put together: the journeys of several ids as those of one person."""

from __future__ import annotations

from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled


@compiled
def _two(low: int, middle: int, high: int, t: Any, arrival: Any, runs: Any, out: Any, at: int) -> bool:
    """Merge two runs of positions; say whether some events of both have one time and arrived at once."""
    i, j, tied = low, middle, False
    while i < middle and j < high:
        a, b = runs[i], runs[j]
        if t[a] == t[b] and arrival[a] == arrival[b]:
            tied = True
        if t[a] < t[b] or (t[a] == t[b] and arrival[a] <= arrival[b]):
            out[at] = a
            i += 1
        else:
            out[at] = b
            j += 1
        at += 1
    while i < middle:
        out[at] = runs[i]
        i += 1
        at += 1
    while j < high:
        out[at] = runs[j]
        j += 1
        at += 1
    return tied


@compiled
def _merge(order: Any, groups: Any, offsets: Any, t: Any, arrival: Any, out: Any) -> bool:
    tied, size = False, 0
    longest = 0
    for g in range(len(groups) - 1):
        total = 0
        for r in range(groups[g], groups[g + 1]):
            total += offsets[order[r] + 1] - offsets[order[r]]
        if groups[g + 1] - groups[g] > 1:
            longest = max(longest, total)
    here, there = np.empty(longest, np.int64), np.empty(longest, np.int64)
    bounds = np.empty(len(order) + 1, np.int64)
    for g in range(len(groups) - 1):
        low, high = groups[g], groups[g + 1]
        if high - low == 1:
            run = order[low]
            for i in range(offsets[run], offsets[run + 1]):
                out[size] = i
                size += 1
            continue
        count, total = high - low, 0
        for r in range(low, high):
            bounds[r - low] = total
            for i in range(offsets[order[r]], offsets[order[r] + 1]):
                here[total] = i
                total += 1
        bounds[count] = total
        while count > 1:  # two and two, so that a person of many ids costs no more than a sort
            made = 0
            for k in range(0, count, 2):
                if k + 1 < count:
                    if _two(bounds[k], bounds[k + 1], bounds[k + 2], t, arrival, here, there, bounds[k]):
                        tied = True
                else:
                    for i in range(bounds[k], bounds[k + 1]):
                        there[i] = here[i]
                bounds[made] = bounds[k]
                made += 1
            bounds[made] = total
            here, there = there, here
            count = made
        for i in range(total):
            out[size] = here[i]
            size += 1
    return tied


def order(offsets: np.ndarray, t: np.ndarray, arrival: np.ndarray, together: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
    """Give the order in which events stand when runs are put together.

    Parameters
    ----------
    offsets
        Run r has the events offsets[r] .. offsets[r + 1] - 1, in order of time and arrival.
    t, arrival
        int64.
    together
        uint64: what each run becomes; those of one value go together.

    Returns
    -------
    tuple
        The positions of the events in their new order; where each new run begins, and the end; what each is; whether the order of
        two events is open: of different runs, at one time, arrived at once.

    Examples
    --------
    >>> import numpy as np
    >>> found = order(np.array([0, 2, 3]), np.array([1, 5, 3]), np.array([0, 1, 2]), np.array([7, 7], np.uint64))
    >>> found[0].tolist(), found[1].tolist(), found[2].tolist(), found[3]
    ([0, 2, 1], [0, 3], [7], False)
    """
    runs = np.argsort(together, kind="stable")
    value = together[runs]
    new = np.concatenate([[True], value[1:] != value[:-1]]) if len(value) else np.zeros(0, bool)
    groups = np.append(np.flatnonzero(new), len(runs)).astype(np.int64)
    out = np.empty(len(t), np.uint32 if len(t) < 1 << 32 else np.int64)
    tied = _merge(runs, groups, np.ascontiguousarray(offsets, np.int64), t, arrival, out)
    ends = np.cumsum((offsets[1:] - offsets[:-1])[runs]) if len(runs) else np.zeros(0, np.int64)
    bounds = np.concatenate([[0], ends[groups[1:] - 1]]).astype(np.int64)
    return out, bounds, value[groups[:-1]], bool(tied)


# ---------------------------------------------------------------------- what came later
@compiled
def _grown(
    offsets: Any, t: Any, arrival: Any, actors: Any, stays: Any, later_offsets: Any, later_t: Any, later_arrival: Any, later: Any,
    out: Any, bounds: Any, first: Any, second: Any,
) -> tuple[int, int, bool]:  # fmt: skip
    size, made, tied, a, b, shift = 0, 0, False, 0, 0, len(t)
    while a < len(actors) or b < len(later):
        old = a < len(actors) and (b == len(later) or actors[a] <= later[b])
        new = b < len(later) and (a == len(actors) or later[b] <= actors[a])
        i, high = (offsets[a], offsets[a + 1]) if old else (0, 0)
        j, end = (later_offsets[b], later_offsets[b + 1]) if new else (0, 0)
        begun = size
        while i < high or j < end:
            if i < high and not stays[i]:
                i += 1
                continue
            if j == end:
                mine = True
            elif i == high:
                mine = False
            else:
                if t[i] == later_t[j] and arrival[i] == later_arrival[j]:
                    tied = True
                mine = t[i] < later_t[j] or (t[i] == later_t[j] and arrival[i] <= later_arrival[j])
            if mine:
                out[size] = i
                i += 1
            else:
                out[size] = j + shift
                j += 1
            size += 1
        if size > begun:
            first[made], second[made] = a if old else -1, b if new else -1
            made += 1
            bounds[made] = size
        a += old
        b += new
    return size, made, tied


Runs = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def grown(base: Runs, stays: np.ndarray, later: Runs) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray], bool]:
    """Give the order in which events stand when those that came later are put between those that were there.

    Parameters
    ----------
    base, later
        offsets, t, arrival and actors each, as of an index; actors ascending.
    stays
        bool: which events of the base are there still.

    Returns
    -------
    tuple
        The events in their new order: positions of the base, and behind these those of what came later. Where each actor begins, and
        the end. Where each actor stands in the base, and where in what came later; -1 for nowhere. Whether the order of two events is
        open: of one actor, at one time, arrived at once.

    Examples
    --------
    >>> import numpy as np
    >>> base = np.array([0, 2, 3]), np.array([1, 5, 3]), np.zeros(3, np.int64), np.array([7, 9], np.uint64)
    >>> later = np.array([0, 1, 2]), np.array([2, 8]), np.zeros(2, np.int64), np.array([7, 8], np.uint64)
    >>> order, offsets, at, tied = grown(base, np.array([True, True, False]), later)
    >>> order.tolist(), offsets.tolist(), at[0].tolist(), at[1].tolist(), tied
    ([0, 3, 1, 4], [0, 3, 4], [0, -1], [0, 1], False)
    """
    events, actors = len(base[1]) + len(later[1]), len(base[3]) + len(later[3])
    out = np.empty(events, np.uint32 if events < 1 << 32 else np.int64)
    bounds, first, second = np.zeros(actors + 1, np.int64), np.empty(actors, np.int64), np.empty(actors, np.int64)
    size, made, tied = _grown(*base, stays, *later, out, bounds, first, second)
    return out[:size], bounds[: made + 1], (first[:made], second[:made]), bool(tied)
