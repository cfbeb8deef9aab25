"""The funnel's state machine, one pass over events sorted by run and time.

A run is one actor (or one actor and one breakdown value). Each step of the funnel has a slot that holds the newest chain
that got there; the best chain so far decides. Ordered and strict funnels, exclusions, optional steps and attribution by
a step are all in it. Source: PostHog's funnel aggregation (`funnels.md` of the design, sections 3 and 4).
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evkit.kernel.runs import NEVER, Marked, Reached


@nb.njit(cache=True)
def _step(
    number: int, t: int, event: int, accepts: bool, multi: bool, window: int, optional: Any, blocked: int,
    start: Any, excluded: Any, bits: Any, length: Any, times: Any, ids: Any, best: Any, best_times: Any, best_ids: Any,
) -> None:  # fmt: skip
    """Move one chain by one step, where a chain is there to be moved."""
    p = number - 1
    while p > 0 and (start[p] == NEVER or t - start[p] > window) and optional[p]:
        p -= 1
    if start[p] == NEVER or t - start[p] > window or start[number] == start[p]:
        return
    if p == blocked and not accepts:
        return
    if multi:
        for i in range(length[p]):
            if ids[p, i] == event:
                return
    n = length[p]
    new_bits = bits[p] | (np.uint64(1) << np.uint64(number - 1))
    grows = not optional[number]
    goes_on = not excluded[p]
    better = number > best[0] or (number == best[0] and best[2] == 1)
    if better:
        best[0], best[1], best[2], best[3] = number, start[p], 1 if excluded[p] else 0, n + 1 if grows else n
        best[4] = np.int64(new_bits)
        for i in range(n):
            best_times[i], best_ids[i] = times[p, i], ids[p, i]
        if grows:
            best_times[n], best_ids[n] = t, event
    if goes_on:
        start[number], excluded[number], bits[number] = start[p], False, new_bits
        for i in range(n):
            times[number, i], ids[number, i] = times[p, i], ids[p, i]
        if grows:
            times[number, n], ids[number, n] = t, event
        length[number] = n + 1 if grows else n


@nb.njit(cache=True)
def _exclude(number: int, t: int, window: int, optional: Any, start: Any, excluded: Any, best: Any) -> None:
    """Mark the chain before an excluded step."""
    p = number - 1
    while p > 0 and (start[p] == NEVER or t - start[p] > window) and optional[p]:
        p -= 1
    if start[p] == NEVER or t - start[p] > window or start[number] == start[p]:
        return
    if not excluded[p]:
        excluded[p] = True
        if best[0] == p and t - best[1] <= window:
            best[2] = 1


@nb.njit(cache=True)
def _least_versatile_first(low: int, high: int, rows: Any, steps: Any) -> Any:
    """Order the events of one instant: those that could be few steps before those that could be many.

    PostHog leaves this order open; without one, the order of rows would decide.
    """
    here = rows[low:high]
    by_mask = here[np.argsort(-steps[here], kind="mergesort")]
    counts = np.empty(high - low, np.int64)
    for i in range(high - low):
        mask, count = steps[by_mask[i]], 0
        while mask:
            count += mask & 1
            mask >>= 1
        counts[i] = count
    return by_mask[np.argsort(counts, kind="mergesort")]


@nb.njit(cache=True)
def _run(
    low: int, high: int, rows: Any, t: Any, steps: Any, exclusions: Any, values: Any, wanted: int,
    n: int, window: int, strict: bool, optional: Any, blocked: int,
    start: Any, excluded: Any, bits: Any, length: Any, times: Any, ids: Any, best: Any, best_times: Any, best_ids: Any,
) -> None:  # fmt: skip
    """Take one run's events [low, high) through the machine; the result is in `best`."""
    for s in range(n + 1):
        start[s], excluded[s], bits[s], length[s] = NEVER, False, np.uint64(0), 0
    best[0], best[1], best[2], best[3], best[4] = 0, NEVER, 0, 0, 0
    i = low
    while i < high:
        e = rows[i]
        now = t[e]
        j, same = i + 1, True
        while j < high and t[rows[j]] == now:
            if steps[rows[j]] != steps[e] or exclusions[rows[j]] != exclusions[e]:
                same = False
            j += 1
        start[0], excluded[0], bits[0], length[0] = now, False, np.uint64(0), 0
        if same:
            for k in rows[i:j]:
                for s in range(n, 0, -1):
                    if (exclusions[k] >> (s - 1)) & 1:
                        _exclude(s, now, window, optional, start, excluded, best)
                for s in range(n, 0, -1):
                    if (steps[k] >> (s - 1)) & 1:
                        _step(s, now, k, values[k] == wanted, False, window, optional, blocked,
                              start, excluded, bits, length, times, ids, best, best_times, best_ids)  # fmt: skip
                if strict:
                    for s in range(1, n + 1):
                        if not (steps[k] >> (s - 1)) & 1:
                            start[s] = NEVER
        else:
            order = _least_versatile_first(i, j, rows, steps)
            for s in range(1, n + 1):
                for k in order:
                    if (steps[k] >> (s - 1)) & 1:
                        _step(s, now, k, values[k] == wanted, True, window, optional, blocked,
                              start, excluded, bits, length, times, ids, best, best_times, best_ids)  # fmt: skip
        if start[n] != NEVER:
            return
        i = j


@nb.njit(cache=True)
def _all(
    low: Any, high: Any, rows: Any, t: Any, steps: Any, exclusions: Any, values: Any, wanted: Any,
    n: int, window: int, strict: bool, optional: Any, blocked: int, out_bits: Any, out_times: Any, out_events: Any,
) -> None:  # fmt: skip
    start, excluded = np.empty(n + 1, np.int64), np.empty(n + 1, np.bool_)
    bits, length = np.empty(n + 1, np.uint64), np.empty(n + 1, np.int64)
    times, ids = np.empty((n + 1, n), np.int64), np.empty((n + 1, n), np.int64)
    best, best_times, best_ids = np.empty(5, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    for r in range(len(low)):
        _run(low[r], high[r], rows, t, steps, exclusions, values, wanted[r], n, window, strict, optional, blocked,
             start, excluded, bits, length, times, ids, best, best_times, best_ids)  # fmt: skip
        void = best[0] == 0 or best[2] == 1
        out_bits[r] = 0 if void else best[4]
        for i in range(n):
            inside = not void and i < best[3]
            out_times[r, i] = best_times[i] if inside else NEVER
            out_events[r, i] = best_ids[i] if inside else -1


def run(marked: Marked, *, count: int, window: int, optional: tuple[bool, ...] = (), strict: bool = False, blocked: int = -1) -> Reached:
    """Take every run through an ordered or strict funnel.

    Parameters
    ----------
    marked
        The runs and their events.
    count
        How many steps the funnel has.
    window
        Microseconds, boundary inside.
    optional
        For each step, whether it may be left out.
    strict
        Any other event between two steps breaks a chain.
    blocked
        For attribution by step k (from 0): k; only events of the run's value may be that step. -1 for none.

    Examples
    --------
    >>> import numpy as np
    >>> found = run(Marked.of(np.array([0, 2]), np.array([0, 5]), np.array([1, 2])), count=2, window=5)
    >>> found.bits.tolist(), found.times.tolist()
    ([3], [[0, 5]])
    """
    m, made = marked, Reached.nowhere(len(marked.low), count)
    may_skip = np.zeros(count + 1, np.bool_)
    may_skip[1 : 1 + len(optional)] = optional
    _all(
        m.low, m.high, m.rows, m.t, m.steps, m.exclusions, m.values, m.wanted, count, window, strict, may_skip, blocked,
        made.bits, made.times, made.events,
    )  # fmt: skip
    return made
