"""The funnel's state machine, one pass over events sorted by run and time.

A run is one actor (or one actor and one breakdown value). Each step of the funnel has a slot that holds the newest chain
that got there; the best chain so far decides. Ordered and strict funnels, exclusions, optional steps and attribution by
a step are all in it. Source: PostHog's funnel aggregation (`funnels.md` of the design, sections 3 and 4).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evkit.kernel.compiling import borrowing, compiled
from evkit.kernel.runs import NEVER, Marked, Reached
from evkit.kernel.sharing import each, shares

START, EXCLUDED, BITS, LENGTH, CHAIN = range(5)
"""The columns of a slot, which holds the newest chain that got to its step: when it began, whether it is excluded, the steps it has
done, how many events it has; from `CHAIN` on their times, after those the events. The slots are one array, and so is the best chain:
each array that a function is given has its references counted at each call, which costs more than the step itself."""
STEP, BEGAN, VOID, SIZE, DONE, BEST_CHAIN = range(6)
"""The same of the best chain: how far it got, when it began, whether it is excluded, how many events it has, the steps it has done."""


@borrowing
def _before(number: int, t: int, window: int, optional: Any, slots: Any) -> int:
    """Give the slot that a step goes on from: the one before it, or before the optional ones that weren't done."""
    p = number - 1
    while p > 0 and (slots[p, START] == NEVER or t - slots[p, START] > window) and optional[p]:
        p -= 1
    return p


@borrowing
def _step(
    number: int, t: int, event: int, accepts: bool, multi: bool, window: int, optional: Any, blocked: int, slots: Any, best: Any
) -> None:  # fmt: skip
    """Move one chain by one step, where a chain is there to be moved."""
    p = _before(number, t, window, optional, slots)
    n, most = slots[p, LENGTH], len(slots) - 1
    ids, best_ids = CHAIN + most, BEST_CHAIN + most
    moves = slots[p, START] != NEVER and t - slots[p, START] <= window and slots[number, START] != slots[p, START]
    moves = moves and (p != blocked or accepts)
    if multi:
        for i in range(n):
            moves = moves and slots[p, ids + i] != event
    if moves:
        grows = not optional[number]
        size, done = n + 1 if grows else n, slots[p, BITS] | (1 << (number - 1))
        if number > best[STEP] or (number == best[STEP] and best[VOID] == 1):
            best[STEP], best[BEGAN], best[VOID], best[SIZE], best[DONE] = number, slots[p, START], slots[p, EXCLUDED], size, done
            for i in range(n):
                best[BEST_CHAIN + i], best[best_ids + i] = slots[p, CHAIN + i], slots[p, ids + i]
            if grows:
                best[BEST_CHAIN + n], best[best_ids + n] = t, event
        if slots[p, EXCLUDED] == 0:
            slots[number, START], slots[number, EXCLUDED] = slots[p, START], 0
            slots[number, BITS], slots[number, LENGTH] = done, size
            for i in range(n):
                slots[number, CHAIN + i], slots[number, ids + i] = slots[p, CHAIN + i], slots[p, ids + i]
            if grows:
                slots[number, CHAIN + n], slots[number, ids + n] = t, event


@borrowing
def _exclude(number: int, t: int, window: int, optional: Any, slots: Any, best: Any) -> None:
    """Mark the chain before an excluded step."""
    p = _before(number, t, window, optional, slots)
    if slots[p, START] != NEVER and t - slots[p, START] <= window and slots[number, START] != slots[p, START] and slots[p, EXCLUDED] == 0:
        slots[p, EXCLUDED] = 1
        if best[STEP] == p and t - best[BEGAN] <= window:
            best[VOID] = 1


@compiled
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


@compiled
def _run(
    low: int, high: int, rows: Any, t: Any, steps: Any, exclusions: Any, values: Any, wanted: int,
    window: int, strict: bool, optional: Any, blocked: int, slots: Any, best: Any,
) -> None:  # fmt: skip
    """Take one run's events [low, high) through the machine; the result is in `best`."""
    n = len(slots) - 1
    for s in range(n + 1):
        slots[s, START], slots[s, EXCLUDED], slots[s, BITS], slots[s, LENGTH] = NEVER, 0, 0, 0
    best[STEP], best[BEGAN], best[VOID], best[SIZE], best[DONE] = 0, NEVER, 0, 0, 0
    i = low
    while i < high:
        e = rows[i]
        now = t[e]
        j, same = i + 1, True
        while j < high and t[rows[j]] == now:
            if steps[rows[j]] != steps[e] or exclusions[rows[j]] != exclusions[e]:
                same = False
            j += 1
        slots[0, START], slots[0, EXCLUDED], slots[0, BITS], slots[0, LENGTH] = now, 0, 0, 0
        if same:
            for at in range(i, j):
                k = rows[at]
                if exclusions[k]:
                    for s in range(n, 0, -1):
                        if (exclusions[k] >> (s - 1)) & 1:
                            _exclude(s, now, window, optional, slots, best)
                for s in range(n, 0, -1):
                    if (steps[k] >> (s - 1)) & 1:
                        _step(s, now, k, values[k] == wanted, False, window, optional, blocked, slots, best)
                if strict:
                    for s in range(1, n + 1):
                        if not (steps[k] >> (s - 1)) & 1:
                            slots[s, START] = NEVER
        else:
            order = _least_versatile_first(i, j, rows, steps)
            for s in range(1, n + 1):
                for at in range(len(order)):
                    k = order[at]
                    if (steps[k] >> (s - 1)) & 1:
                        _step(s, now, k, values[k] == wanted, True, window, optional, blocked, slots, best)
        i = high if slots[n, START] != NEVER else j


@compiled
def _all(
    low: Any, high: Any, rows: Any, t: Any, steps: Any, exclusions: Any, values: Any, wanted: Any,
    n: int, window: int, strict: bool, optional: Any, blocked: int, out_bits: Any, out_times: Any, out_events: Any,
) -> None:  # fmt: skip
    slots, best = np.empty((n + 1, CHAIN + 2 * n), np.int64), np.empty(BEST_CHAIN + 2 * n, np.int64)
    for r in range(len(low)):
        _run(low[r], high[r], rows, t, steps, exclusions, values, wanted[r], window, strict, optional, blocked, slots, best)
        void = best[STEP] == 0 or best[VOID] == 1
        out_bits[r] = 0 if void else best[DONE]
        for i in range(n):
            inside = not void and i < best[SIZE]
            out_times[r, i] = best[BEST_CHAIN + i] if inside else NEVER
            out_events[r, i] = best[BEST_CHAIN + n + i] if inside else -1


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

    def share(first: int, last: int) -> None:
        mine = slice(first, last)
        _all(
            m.low[mine], m.high[mine], m.rows, m.t, m.steps, m.exclusions, m.values, m.wanted[mine], count, window, strict, may_skip, blocked,
            made.bits[mine], made.times[mine], made.events[mine],
        )  # fmt: skip

    each(share, shares(m.sizes))
    return made
