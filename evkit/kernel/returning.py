"""Who is there again: retention, stickiness and lifecycle over journeys, an actor at a time."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled
from evkit.kernel.placing import Placing, place
from evkit.kernel.sharing import each, read_only, shares

NEW, RETURNING, RESURRECTING = range(3)
AT_LEAST, AT_MOST, EXACTLY = range(3)
BITS = 62
"""So many periods are the bits of a number."""


# ---------------------------------------------------------------------- stickiness
@compiled
def _stickiness(
    offsets: Any, t: Any, hits: Any, low: int, high: int, edges: Any, codes: Any, slots: Any, shift: int, how: int, times: int,
    seen: Any, counts: Any, touched: Any, out: Any,
) -> None:  # fmt: skip
    for a in range(len(offsets) - 1):
        size = 0
        for i in range(offsets[a], offsets[a + 1]):
            if hits[i] and low <= t[i] <= high:
                b = place(t[i], edges, codes, slots, shift)
                if seen[b] != a + 1:
                    seen[b], counts[b] = a + 1, 0
                    touched[size] = b
                    size += 1
                counts[b] += 1
        kept = 0
        for k in range(size):
            n = counts[touched[k]]
            if (how == AT_LEAST and n >= times) or (how == AT_MOST and n <= times) or (how == EXACTLY and n == times):
                kept += 1
        if kept:
            out[kept - 1] += 1


def stickiness(
    offsets: np.ndarray, t: np.ndarray, hits: np.ndarray, placing: Placing, buckets: int, *, low: int, high: int, how: int = AT_LEAST, times: int = 1
) -> np.ndarray:  # fmt: skip
    """Count the actors by in how many buckets they are, from 1 on.

    Parameters
    ----------
    how, times
        What the number of somebody's events in a bucket must be: `AT_LEAST`, `AT_MOST` or `EXACTLY` so many, and one at least.
    """
    p = placing

    def share(first: int, last: int) -> np.ndarray:
        out, seen, counts, touched = (np.zeros(max(buckets, 1), np.int64) for _ in range(4))
        mine = offsets[first : last + 1]
        _stickiness(mine, t, hits, low, high, p.edges, p.codes, p.slots, p.shift, how, times, seen, counts, touched, out)
        return out

    return functools.reduce(np.add, each(share, shares(offsets)))


# ---------------------------------------------------------------------- lifecycle
@compiled
def _lifecycle(
    offsets: Any, t: Any, hits: Any, created: Any, low: int, high: int, edges: Any, codes: Any, slots: Any, shift: int,
    seen: Any, touched: Any, out: Any, ended: Any,
) -> None:  # fmt: skip
    for a in range(len(offsets) - 1):
        size = 0
        for i in range(offsets[a], offsets[a + 1]):
            if hits[i] and low <= t[i] <= high:
                b = place(t[i], edges, codes, slots, shift)
                if b >= 0 and seen[b] != a + 1:
                    seen[b] = a + 1
                    k = size
                    while k > 0 and touched[k - 1] > b:  # they come in order but where a clock is put back
                        touched[k] = touched[k - 1]
                        k -= 1
                    touched[k] = b
                    size += 1
        for k in range(size):
            b = touched[k]
            if k == 0 and low <= created[a] <= high and place(created[a], edges, codes, slots, shift) == b:
                status = NEW
            elif k > 0 and touched[k - 1] == b - 1:
                status = RETURNING
            else:
                status = RESURRECTING
            out[b, status] += 1
            if k == size - 1 or touched[k + 1] != b + 1:
                ended[b] += 1


def lifecycle(
    offsets: np.ndarray, t: np.ndarray, hits: np.ndarray, created: np.ndarray, placing: Placing, places: int, *, low: int, high: int
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Count what actors are in the buckets they are active in.

    Parameters
    ----------
    created
        int64: when each actor was created, microseconds; `NEVER` where it isn't known.
    placing
        Its codes are the places of buckets, from 0; -1 for one that has none.

    Returns
    -------
    tuple
        places x (`NEW`, `RETURNING`, `RESURRECTING`): how many; for each place how many aren't active in the next one.
    """
    p, since = placing, read_only(created)

    def share(first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        out, ended = np.zeros((places, 3), np.int64), np.zeros(places, np.int64)
        seen, touched = np.zeros(places, np.int64), np.zeros(places, np.int64)
        mine = offsets[first : last + 1], t, hits, since[first:last]
        _lifecycle(*mine, low, high, p.edges, p.codes, p.slots, p.shift, seen, touched, out, ended)
        return out, ended

    found = each(share, shares(offsets))
    return functools.reduce(np.add, [out for out, _ in found]), functools.reduce(np.add, [ended for _, ended in found])


# ---------------------------------------------------------------------- retention
@compiled
def _retention(
    offsets: Any, t: Any, targets: Any, returns: Any, begins: Any, low: int, high: int, edges: Any, codes: Any, slots: Any, shift: int,
    recurring: bool, least: int, intervals: Any, from_first: bool, cumulative: bool, begun: Any, came: Any, counts: Any, starts: Any, comes: Any, hit: Any, out: Any,
) -> None:  # fmt: skip
    last, mark = len(intervals) - 1, 0
    for a in range(len(offsets) - 1):
        some, size = 0, 0
        if not recurring:
            if begins[a] < 0:
                continue
            starts[0] = begins[a]
            some = 1
        for i in range(offsets[a], offsets[a + 1]):
            begin = recurring and targets[i]
            if (begin or returns[i]) and low <= t[i] <= high:
                b = place(t[i], edges, codes, slots, shift)
                if begin and begun[b] != a + 1:
                    begun[b] = a + 1
                    starts[some] = b
                    some += 1
                if returns[i]:
                    if came[b] != a + 1:
                        came[b], counts[b] = a + 1, 0
                        comes[size] = b
                        size += 1
                    counts[b] += 1
        if some == 0:
            continue
        first, enough = starts[0], 0
        for k in range(1, some):
            first = min(first, starts[k])
        for c in range(size):
            if counts[comes[c]] >= least:
                comes[enough] = comes[c]
                enough += 1
        for k in range(some):
            row = starts[k]
            base = first if from_first else row
            mark += 1
            hit[0], furthest = mark, 0
            out[row, 0] += 1
            for c in range(enough):
                later = comes[c] - base
                if 1 <= later <= last:
                    n = intervals[later]
                    furthest = max(furthest, n)
                    if not cumulative and hit[n] != mark:
                        hit[n] = mark
                        out[row, n] += 1
            if cumulative:
                for n in range(1, furthest + 1):
                    out[row, n] += 1


@compiled
def _retention_in_bits(
    offsets: Any, t: Any, targets: Any, returns: Any, low: int, high: int, edges: Any, codes: Any, slots: Any, shift: int, rows: int,
    intervals: Any, from_first: bool, cumulative: bool, out: Any,
) -> None:  # fmt: skip
    """The same where nobody has a cohort of their own and one event is enough: the periods of an actor are bits, so that no event is a guess for the processor."""
    last, width = len(intervals) - 1, out.shape[1]
    for a in range(len(offsets) - 1):
        began, came = np.int64(0), np.int64(0)
        for i in range(offsets[a], offsets[a + 1]):
            if (targets[i] | returns[i]) and low <= t[i] <= high:
                b = place(t[i], edges, codes, slots, shift)
                began |= np.int64(targets[i]) << b
                came |= np.int64(returns[i]) << b
        first = -1
        for row in range(rows):
            if (began >> row) & 1 == 0:
                continue
            if first < 0:
                first = row
            base = first if from_first else row
            later, hit = came >> base, np.int64(0)
            if later < 2:
                out[row, 0] += 1
                continue
            for k in range(1, min(last + 1, rows - base)):
                hit |= ((later >> k) & 1) << intervals[k]
            if cumulative:
                for n in range(width - 1, 0, -1):
                    hit |= ((hit >> n) & 1) << (n - 1)
            out[row, 0] += 1
            for n in range(1, width):
                out[row, n] += (hit >> n) & 1


def retention(
    offsets: np.ndarray, t: np.ndarray, targets: np.ndarray, returns: np.ndarray, placing: Placing, rows: int, intervals: np.ndarray, *,
    low: int, high: int, begins: np.ndarray | None = None, least: int = 1, from_first: bool = False, cumulative: bool = False,
) -> np.ndarray:  # fmt: skip
    """Count who is in which cohort and comes back when: cohorts x intervals.

    Parameters
    ----------
    targets, returns
        bool: whether an event begins, and whether it comes back.
    placing
        Its codes are the numbers of periods, from 0.
    rows
        How many periods there are, a cohort each.
    intervals
        The interval that each number of periods after the cohort's own is in; the one at 0 is 0.
    begins
        The cohort of each actor, -1 for none; None where somebody is in the cohort of every period in which they begin.
    least
        So many events in a period make somebody come back in it.
    from_first
        Periods are counted from somebody's first cohort.
    cumulative
        Who comes back in an interval counts in all those before.
    """
    width = int(intervals.max(initial=0)) + 1
    p, of_periods = placing, intervals.astype(np.int64)

    def share(first: int, last: int) -> np.ndarray:
        out, hit = np.zeros((rows, width), np.int64), np.zeros(width, np.int64)
        if begins is None and least == 1 and max(rows, width) <= BITS:
            mine = offsets[first : last + 1], t, targets, returns
            _retention_in_bits(*mine, low, high, p.edges, p.codes, p.slots, p.shift, rows, of_periods, from_first, cumulative, out)
            return out
        begun, came, counts, starts, comes = (np.zeros(rows, np.int64) for _ in range(5))
        own = np.zeros(0, np.int64) if begins is None else begins[first:last]
        _retention(
            offsets[first : last + 1], t, targets, returns, own, low, high, p.edges, p.codes, p.slots, p.shift, begins is None, least, of_periods, from_first,
            cumulative, begun, came, counts, starts, comes, hit, out,
        )  # fmt: skip
        return out

    return functools.reduce(np.add, each(share, shares(offsets)))
