"""Which events may change a person: one loop over the events in arrival order.

Why an event may be left out is said in `model.changing`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled

ORDINARY, ABOUT, IDLE, WILD = 0, 1, 2, 3
"""Lifts and sets; the same, but always writes, or merges; changes nobody that is there; may do anything."""


@compiled
def _codes(hashes: Any, slots: Any, table: Any, found: Any) -> int:
    mask = len(table) - 1
    known = 0
    for i in range(len(hashes)):
        at = hashes[i] & mask
        while table[at] >= 0 and slots[at] != hashes[i]:
            at = (at + 1) & mask
        if table[at] < 0:
            table[at], slots[at] = known, hashes[i]
            known += 1
        found[i] = table[at]
    return known


def codes(hashes: np.ndarray, most: int) -> tuple[np.ndarray, int]:
    """Number the values from 0 as they first occur.

    Parameters
    ----------
    hashes
        int64.
    most
        How many different values there are at most.

    Returns
    -------
    found, known
        The number of each (int32); how many there are.
    """
    size = 1 << max(2 * most, 1).bit_length()
    found = np.empty(len(hashes), np.int32)
    known = _codes(hashes, np.empty(size, np.int64), np.full(size, -1, np.int32), found)
    return found, known


@compiled
def _changing(
    order: Any, who: Any, person: Any, kind: Any, names: Any, valued: Any, low: Any, high: Any,
    seen: Any, have: Any, since: Any, said: Any, age: Any, run: Any, run_low: Any, run_high: Any, keep: Any,
) -> None:  # fmt: skip
    for at in range(len(who)):
        i = order[at] if len(order) else at
        w, p = who[i], person[i]
        if kind[i] == 3:
            keep[i] = True
            age[p] += 1
            run[p] += 1
            run_low[p], run_high[p] = 0, 0
            seen[w] = True
            continue
        if kind[i] == 2:
            keep[i] = not seen[w]
            seen[w] = True
            continue
        if since[w] != age[p]:
            since[w], have[w] = age[p], 0
        if kind[i] == 1 or (valued[i] and (low[i] != run_low[p] or high[i] != run_high[p])):
            run[p] += 1
            run_low[p], run_high[p] = (low[i], high[i]) if valued[i] else (0, 0)
        keep[i] = kind[i] == 1 or not seen[w] or (names[i] & ~have[w]) != 0 or (valued[i] and said[w] != run[p])
        seen[w] = True
        have[w] |= names[i]
        if valued[i]:
            said[w] = run[p]


def changing(
    who: np.ndarray, person: np.ndarray, kind: np.ndarray, names: np.ndarray, valued: np.ndarray, low: np.ndarray, high: np.ndarray,
    order: np.ndarray | None = None, *, ids: int, persons: int,
) -> np.ndarray:  # fmt: skip
    """Say which events may change a person.

    Parameters
    ----------
    who, person
        Number of the distinct id, and of the person it belongs to in the end (int32).
    kind
        `ORDINARY`, `ABOUT`, `IDLE` or `WILD` (int8).
    names
        A bit a name that is lifted (int64).
    valued
        Whether it says a value that matters.
    low, high
        What stands for those values, equal only where they are (int64).
    order
        The places of the events in arrival order; None where they are in it.
    ids, persons
        How many there are.

    Returns
    -------
    keep
        bool, an event each, in the order given.
    """
    keep = np.empty(len(who), bool)
    none = np.empty(0, np.int64)
    zeros = lambda n: np.zeros(n, np.int64)  # noqa: E731
    _changing(
        none if order is None else order, who, person, kind, names, valued, low, high,
        np.zeros(ids, bool), zeros(ids), zeros(ids), np.full(ids, -1, np.int64),
        zeros(persons), zeros(persons), zeros(persons), zeros(persons), keep,
    )  # fmt: skip
    return keep
