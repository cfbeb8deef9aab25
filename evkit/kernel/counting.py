"""Counting over journeys: events, actors, active actors and first times, by bucket and value; a pass over the events each."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled
from evkit.kernel.placing import Placing, place
from evkit.kernel.sharing import each, shares


@dataclass(frozen=True, eq=False)
class Events:
    """What is counted.

    Parameters
    ----------
    offsets
        Actor a has the events offsets[a] .. offsets[a + 1] - 1, in order of time.
    t
        int64: microseconds.
    hits
        bool: whether an event counts.
    low, high
        The first and the last instant that count.
    placing
        The buckets.
    buckets
        How many buckets there are.
    values
        int32: the value of each event, none negative that counts; of length 0 where there is one value only.
    sizes
        How many values there are.
    """

    offsets: np.ndarray
    t: np.ndarray
    hits: np.ndarray
    low: int
    high: int
    placing: Placing
    buckets: int
    values: np.ndarray
    sizes: int = 1


def shared(events: Events, count: Callable[[int, int], np.ndarray]) -> np.ndarray:
    """Count share by share, and add up."""
    return functools.reduce(np.add, each(count, shares(events.offsets)))


# ---------------------------------------------------------------------- events
@compiled
def _totals(first: int, last: int, t: Any, hits: Any, values: Any, low: int, high: int, edges: Any, codes: Any, slots: Any, shift: int, out: Any) -> None:  # fmt: skip
    single = len(values) == 0
    for i in range(first, last):
        if hits[i]:
            now = t[i]
            if low <= now <= high:
                out[0 if single else values[i], place(now, edges, codes, slots, shift)] += 1


def totals(e: Events) -> np.ndarray:
    """Count events: values x buckets."""
    p = e.placing

    def count(low: int, high: int) -> np.ndarray:
        out = np.zeros((e.sizes, e.buckets), np.int64)
        _totals(e.offsets[low], e.offsets[high], e.t, e.hits, e.values, e.low, e.high, p.edges, p.codes, p.slots, p.shift, out)
        return out

    return shared(e, count)


# ---------------------------------------------------------------------- actors
@compiled
def _distinct(
    first: int, last: int, offsets: Any, t: Any, hits: Any, values: Any, low: int, high: int,
    edges: Any, codes: Any, slots: Any, shift: int, seen: Any, out: Any,
) -> None:  # fmt: skip
    single = len(values) == 0
    for a in range(first, last):
        for i in range(offsets[a], offsets[a + 1]):
            if hits[i]:
                now = t[i]
                if low <= now <= high:
                    v = 0 if single else values[i]
                    b = place(now, edges, codes, slots, shift)
                    if seen[v, b] != a + 1:
                        seen[v, b] = a + 1
                        out[v, b] += 1


@compiled
def _distinct_in_order(
    first: int, last: int, offsets: Any, t: Any, hits: Any, low: int, high: int, edges: Any, codes: Any, slots: Any, shift: int, out: Any
) -> None:  # fmt: skip
    for a in range(first, last):
        before = -1
        for i in range(offsets[a], offsets[a + 1]):
            if hits[i]:
                now = t[i]
                if low <= now <= high:
                    b = place(now, edges, codes, slots, shift)
                    if b != before:
                        out[0, b] += 1
                        before = b


@compiled
def _active(
    first: int, last: int, offsets: Any, t: Any, hits: Any, values: Any, low: int, high: int,
    edges: Any, codes: Any, slots: Any, shift: int, seen: Any, there: Any, reach: int, out: Any,
) -> None:  # fmt: skip
    single = len(values) == 0
    for a in range(first, last):
        for i in range(offsets[a], offsets[a + 1]):
            if hits[i]:
                now = t[i]
                if low <= now <= high:
                    v = 0 if single else values[i]
                    b = place(now, edges, codes, slots, shift)
                    if seen[v, b] != a + 1:
                        seen[v, b] = a + 1
                        for later in range(b, min(b + reach, out.shape[1])):
                            if there[v, later] != a + 1:
                                there[v, later] = a + 1
                                out[v, later] += 1


@compiled
def _earliest(
    first: int, last: int, offsets: Any, t: Any, hits: Any, values: Any, low: int, high: int,
    edges: Any, codes: Any, slots: Any, shift: int, seen: Any, best: Any, touched: Any, out: Any,
) -> None:  # fmt: skip
    single = len(values) == 0
    for a in range(first, last):
        size = 0
        for i in range(offsets[a], offsets[a + 1]):
            if hits[i]:
                now = t[i]
                if low <= now <= high:
                    v = 0 if single else values[i]
                    b = place(now, edges, codes, slots, shift)
                    if seen[v] != a + 1:
                        seen[v], best[v] = a + 1, b
                        touched[size] = v
                        size += 1
                    elif b < best[v]:
                        best[v] = b
        for k in range(size):
            out[touched[k], best[touched[k]]] += 1


def distinct(e: Events) -> np.ndarray:
    """Count the actors of each bucket: values x buckets. It is `active` with a reach of 1, in two thirds of its time."""
    p = e.placing
    in_order = len(e.values) == 0 and bool((np.diff(p.codes) >= 0).all())  # nobody comes back to a bucket: nothing has to be noted

    def count(low: int, high: int) -> np.ndarray:
        out = np.zeros((e.sizes, e.buckets), np.int64)
        if in_order:
            _distinct_in_order(low, high, e.offsets, e.t, e.hits, e.low, e.high, p.edges, p.codes, p.slots, p.shift, out)
            return out
        seen = np.zeros((e.sizes, e.buckets), np.int64)
        _distinct(low, high, e.offsets, e.t, e.hits, e.values, e.low, e.high, p.edges, p.codes, p.slots, p.shift, seen, out)
        return out

    return shared(e, count)


def active(e: Events, reach: int, buckets: int) -> np.ndarray:
    """Count the actors that were there in a bucket or in one of the `reach` - 1 before it: values x `buckets`.

    Buckets must follow each other without a gap.
    """
    p = e.placing

    def count(low: int, high: int) -> np.ndarray:
        out, there = np.zeros((e.sizes, buckets), np.int64), np.zeros((e.sizes, buckets), np.int64)
        seen = np.zeros((e.sizes, e.buckets), np.int64)
        _active(low, high, e.offsets, e.t, e.hits, e.values, e.low, e.high, p.edges, p.codes, p.slots, p.shift, seen, there, reach, out)
        return out

    return shared(e, count)


def earliest(e: Events) -> np.ndarray:
    """Count each actor in their first bucket alone: values x buckets."""
    p = e.placing

    def count(low: int, high: int) -> np.ndarray:
        out = np.zeros((e.sizes, e.buckets), np.int64)
        seen, best, touched = (np.zeros(e.sizes, np.int64) for _ in range(3))
        _earliest(low, high, e.offsets, e.t, e.hits, e.values, e.low, e.high, p.edges, p.codes, p.slots, p.shift, seen, best, touched, out)
        return out

    return shared(e, count)


# ---------------------------------------------------------------------- first times
@compiled
def _first_times(first: int, last: int, offsets: Any, t: Any, looked_at: Any, counts: Any, low: int, high: int, out: Any) -> None:
    for a in range(first, last):
        earliest, found = 0, False
        out[a] = -1
        for i in range(offsets[a], offsets[a + 1]):
            if looked_at[i] and t[i] <= high:
                if found and t[i] != earliest:
                    break
                earliest, found = t[i], True
                if counts[i] and t[i] >= low:
                    out[a] = i
                    break


def first_times(offsets: np.ndarray, t: np.ndarray, looked_at: np.ndarray, counts: np.ndarray, *, low: int, high: int) -> np.ndarray:
    """Give the position of each actor's first event that is looked at, up to `high`, where it counts and isn't before `low`; else -1.

    Of several at the first instant it is the first that counts.
    """
    out = np.empty(len(offsets) - 1, np.int64)
    _first_times(0, len(offsets) - 1, offsets, t, looked_at, counts, low, high, out)
    return out
