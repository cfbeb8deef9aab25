"""Numbers over journeys, by bucket and value: of events what they say, of actors how many events they have; added up, the least, the most, or ranked for quantiles.

Source: PostHog's maths of properties and counts per actor (`trends.md` of the design).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled
from evkit.kernel.counting import Events
from evkit.kernel.placing import place
from evkit.kernel.sharing import each, shares


@dataclass(frozen=True)
class Amounts:
    """Numbers of each cell: values x buckets.

    Parameters
    ----------
    there
        int64: how many events, or actors, there are.
    known
        int64: how many of them have a number.
    total, least, most
        float64: their sum, the least and the most of them; 0, inf and -inf where there is none.
    """

    there: np.ndarray
    known: np.ndarray
    total: np.ndarray
    least: np.ndarray
    most: np.ndarray

    @classmethod
    def none(cls, e: Events) -> Amounts:
        """Give cells with nothing in them."""
        shape = (e.sizes, e.buckets)
        there, known = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        return cls(there, known, np.zeros(shape), np.full(shape, np.inf), np.full(shape, -np.inf))

    def and_those(self, others: Amounts) -> Amounts:
        """Give both."""
        return Amounts(
            self.there + others.there, self.known + others.known, self.total + others.total, np.minimum(self.least, others.least),
            np.maximum(self.most, others.most),
        )  # fmt: skip


@dataclass(frozen=True)
class Said:
    """The number that each event says.

    Parameters
    ----------
    codes
        int8, int16 or int32: a position in `numbers` for each event, less than 0 for none.
    numbers
        float64: ascending.
    ranks
        int32: for each code, where its number stands in `numbers`; less than 0 for a text that is none.
    """

    codes: np.ndarray
    numbers: np.ndarray
    ranks: np.ndarray


# ---------------------------------------------------------------------- of events
@compiled
def _of_events(
    first: int, last: int, t: Any, hits: Any, values: Any, low: int, high: int, edges: Any, codes: Any, slots: Any, shift: int,
    said: Any, ranks: Any, numbers: Any, there: Any, known: Any, total: Any, least: Any, most: Any,
) -> None:  # fmt: skip
    single = len(values) == 0
    for i in range(first, last):
        if hits[i] and low <= t[i] <= high:
            v, b = 0 if single else values[i], place(t[i], edges, codes, slots, shift)
            there[v, b] += 1
            rank = ranks[said[i]] if said[i] >= 0 else -1
            if rank >= 0:
                number = numbers[rank]
                known[v, b] += 1
                total[v, b] += number
                least[v, b] = min(least[v, b], number)
                most[v, b] = max(most[v, b], number)


@compiled
def _keys_of_events(
    first: int, last: int, t: Any, hits: Any, values: Any, low: int, high: int, edges: Any, codes: Any, slots: Any, shift: int,
    said: Any, ranks: Any, width: int, there: Any, keys: Any,
) -> int:  # fmt: skip
    single, size = len(values) == 0, 0
    for i in range(first, last):
        if hits[i] and low <= t[i] <= high:
            v, b = 0 if single else values[i], place(t[i], edges, codes, slots, shift)
            there[v, b] += 1
            rank = ranks[said[i]] if said[i] >= 0 else -1
            if rank >= 0:
                keys[size] = (v * there.shape[1] + b) * width + rank
                size += 1
    return size


def of_events(e: Events, said: Said) -> Amounts:
    """Give the amounts of what events say.

    Examples
    --------
    >>> import numpy as np
    >>> from evkit.kernel.placing import Placing
    >>> a, placing = np.array, Placing.of(np.array([0, 5]), np.array([0, 1]), 9)
    >>> e = Events(a([0, 2, 3]), a([1, 6, 7]), a([True, True, True]), 0, 9, placing, 2, a([], np.int32))
    >>> found = of_events(e, Said(a([0, 1, 1]), a([2.0, 3.5]), a([0, 1])))
    >>> found.total.tolist(), found.there.tolist()
    ([[2.0, 7.0]], [[1, 2]])
    """
    p = e.placing

    def count(low: int, high: int) -> Amounts:
        made = Amounts.none(e)
        _of_events(
            e.offsets[low], e.offsets[high], e.t, e.hits, e.values, e.low, e.high, p.edges, p.codes, p.slots, p.shift,
            said.codes, said.ranks, said.numbers, made.there, made.known, made.total, made.least, made.most,
        )  # fmt: skip
        return made

    return added(each(count, shares(e.offsets)))


def quantiles_of_events(e: Events, said: Said, q: float) -> tuple[np.ndarray, np.ndarray]:
    """Give a quantile of what events say, 0 where none says a number, and how many events there are: values x buckets each.

    Between two numbers the way is straight.
    """
    p, width = e.placing, max(len(said.numbers), 1)

    def count(low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
        there = np.zeros((e.sizes, e.buckets), np.int64)
        begin, end = e.offsets[low], e.offsets[high]
        keys = np.empty(end - begin, np.int64)
        size = _keys_of_events(
            begin, end, e.t, e.hits, e.values, e.low, e.high, p.edges, p.codes, p.slots, p.shift, said.codes, said.ranks, width, there, keys,
        )  # fmt: skip
        return keys[:size], there

    return quantiles(each(count, shares(e.offsets)), width, said.numbers, q)


# ---------------------------------------------------------------------- of actors
@compiled
def _of_actors(
    first: int, last: int, offsets: Any, t: Any, hits: Any, values: Any, low: int, high: int, edges: Any, codes: Any, slots: Any, shift: int,
    counts: Any, touched: Any, there: Any, total: Any, least: Any, most: Any,
) -> None:  # fmt: skip
    for a in range(first, last):
        size = _counted(offsets[a], offsets[a + 1], t, hits, values, low, high, edges, codes, slots, shift, counts, touched)
        for k in range(size):
            v, b = touched[k] // counts.shape[1], touched[k] % counts.shape[1]
            n = counts[v, b]
            counts[v, b] = 0
            there[v, b] += 1
            total[v, b] += n
            least[v, b] = min(least[v, b], n)
            most[v, b] = max(most[v, b], n)


@compiled
def _counted(
    begin: int, end: int, t: Any, hits: Any, values: Any, low: int, high: int, edges: Any, codes: Any, slots: Any, shift: int,
    counts: Any, touched: Any,
) -> int:  # fmt: skip
    """Count an actor's events by cell, and note which cells have any; give how many have."""
    single, size = len(values) == 0, 0
    for i in range(begin, end):
        if hits[i] and low <= t[i] <= high:
            v, b = 0 if single else values[i], place(t[i], edges, codes, slots, shift)
            if counts[v, b] == 0:
                touched[size] = v * counts.shape[1] + b
                size += 1
            counts[v, b] += 1
    return size


@compiled
def _keys_of_actors(
    first: int, last: int, offsets: Any, t: Any, hits: Any, values: Any, low: int, high: int, edges: Any, codes: Any, slots: Any, shift: int,
    counts: Any, touched: Any, width: int, there: Any, keys: Any,
) -> int:  # fmt: skip
    total = 0
    for a in range(first, last):
        size = _counted(offsets[a], offsets[a + 1], t, hits, values, low, high, edges, codes, slots, shift, counts, touched)
        for k in range(size):
            v, b = touched[k] // counts.shape[1], touched[k] % counts.shape[1]
            there[v, b] += 1
            keys[total] = touched[k] * width + counts[v, b]
            counts[v, b] = 0
            total += 1
    return total


def of_actors(e: Events) -> Amounts:
    """Give the amounts of how many events actors have that have any.

    Examples
    --------
    >>> import numpy as np
    >>> from evkit.kernel.placing import Placing
    >>> a, placing = np.array, Placing.of(np.array([0, 5]), np.array([0, 1]), 9)
    >>> found = of_actors(Events(a([0, 2, 3]), a([6, 7, 8]), a([True, True, True]), 0, 9, placing, 2, a([], np.int32)))
    >>> found.total.tolist(), found.there.tolist(), found.most[0, 1].item()
    ([[0.0, 3.0]], [[0, 2]], 2.0)
    """
    p = e.placing

    def count(low: int, high: int) -> Amounts:
        made = Amounts.none(e)
        _of_actors(
            low, high, e.offsets, e.t, e.hits, e.values, e.low, e.high, p.edges, p.codes, p.slots, p.shift, *_room(e, low, high),
            made.there, made.total, made.least, made.most,
        )  # fmt: skip
        return Amounts(made.there, made.there, made.total, made.least, made.most)

    return added(each(count, shares(e.offsets)))


def quantiles_of_actors(e: Events, q: float) -> tuple[np.ndarray, np.ndarray]:
    """Give a quantile of how many events actors have that have any, 0 where nobody has, and how many actors there are: values x buckets each."""
    p, width = e.placing, int(np.diff(e.offsets).max(initial=0)) + 1

    def count(low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
        there = np.zeros((e.sizes, e.buckets), np.int64)
        keys = np.empty(e.offsets[high] - e.offsets[low], np.int64)
        size = _keys_of_actors(
            low, high, e.offsets, e.t, e.hits, e.values, e.low, e.high, p.edges, p.codes, p.slots, p.shift, *_room(e, low, high),
            width, there, keys,
        )  # fmt: skip
        return keys[:size], there

    return quantiles(each(count, shares(e.offsets)), width, np.arange(width, dtype=np.float64), q)


def _room(e: Events, low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
    """Give room for an actor's counts by cell, and for which cells have any."""
    longest = int(np.diff(e.offsets[low : high + 1]).max(initial=0))
    return np.zeros((e.sizes, e.buckets), np.int64), np.empty(longest, np.int64)


# ---------------------------------------------------------------------- together
def added(parts: list[Amounts]) -> Amounts:
    """Give the amounts of all shares."""
    found, *others = parts
    for other in others:
        found = found.and_those(other)
    return found


def quantiles(parts: list[tuple[np.ndarray, np.ndarray]], width: int, numbers: np.ndarray, q: float) -> tuple[np.ndarray, np.ndarray]:
    """Give a quantile of each cell, and how many there are, from keys: the cell, times `width`, and a position in `numbers`."""
    keys = np.concatenate([part[0] for part in parts])
    keys.sort()
    there = sum((part[1] for part in parts[1:]), parts[0][1])
    edges = np.searchsorted(keys, np.arange(there.size + 1) * width)
    begins, sizes = edges[:-1], np.diff(edges)
    some = np.flatnonzero(sizes)
    place = q * (sizes[some] - 1)
    lower = np.floor(place).astype(np.int64)
    below, above = (numbers[keys[begins[some] + np.minimum(lower + i, sizes[some] - 1)] % width] for i in (0, 1))
    found, part = np.zeros(there.size), place - lower
    found[some] = below
    between = part > 0
    found[some[between]] = below[between] * (1 - part[between]) + above[between] * part[between]
    return found.reshape(there.shape), there
