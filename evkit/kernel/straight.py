"""Ordered and strict funnels without exclusions, optional steps or values, straight over journeys: the machine of `funnel`, for what is asked most.

An actor with two steps at one instant goes through `funnel`'s machine, which knows all rules of ties.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled, inlined
from evkit.kernel.funnel import BEST_CHAIN, CHAIN, DONE, STEP, _run
from evkit.kernel.runs import NEVER
from evkit.kernel.sharing import each, shares


@compiled
def _tied(
    first: int, last: int, t: Any, events: Any, steps: Any, passes: Any, low: int, high: int, n: int, window: int, strict: bool, times: Any
) -> int:  # fmt: skip
    """Take one actor through the machine that knows ties; give the steps done, their times in `times`."""
    every, size = len(passes) == 0, 0
    when, what = np.empty(last - first, np.int64), np.empty(last - first, np.int64)
    for i in range(first, last):
        mark = steps[events[i]]
        if (strict or mark != 0) and (every or passes[i]) and low <= t[i] <= high:
            when[size], what[size] = t[i], mark
            size += 1
    rows, none = np.arange(size), np.zeros(size, np.int64)
    slots, best = np.empty((n + 1, CHAIN + 2 * n), np.int64), np.empty(BEST_CHAIN + 2 * n, np.int64)
    _run(0, size, rows, when, what, none, none, 0, window, strict, np.zeros(n + 1, np.bool_), -1, slots, best)
    for s in range(n):
        times[s] = best[BEST_CHAIN + s] if s < best[STEP] else NEVER
    done: int = best[DONE] if best[STEP] > 0 else 0
    return done


@inlined
def _moved(mark: int, last_step: int, now: int, window: int, reached: int, begun: Any, chain: Any, best: Any) -> int:
    """Move every chain that an event moves; give how far the best one got."""
    begun[0] = now
    for s in range(last_step, 0, -1):
        if (mark >> (s - 1)) & 1 and begun[s - 1] != NEVER and now - begun[s - 1] <= window and begun[s] != begun[s - 1]:
            begun[s] = begun[s - 1]
            for k in range(s - 1):
                chain[s, k] = chain[s - 1, k]
            chain[s, s - 1] = now
            if s > reached:
                reached = s
                for k in range(s):
                    best[k] = chain[s, k]
    return reached


@compiled
def _walk(
    first: int, last: int, offsets: Any, t: Any, events: Any, steps: Any, last_steps: Any, passes: Any, low: int, high: int, n: int,
    window: int, who: Any, bits: Any, times: Any,
) -> int:  # fmt: skip
    every, size = len(passes) == 0, 0
    begun = np.empty(n + 1, np.int64)
    chain = np.empty((n + 1, n), np.int64)
    best = np.empty(n, np.int64)
    for a in range(first, last):
        reached, before, tied = 0, NEVER, False
        for i in range(offsets[a], offsets[a + 1]):
            mark = steps[events[i]]
            if mark == 0 or ((reached == 0 and mark & 1 == 0 and not tied) and not (i + 1 < offsets[a + 1] and t[i + 1] == t[i])):
                continue  # nobody gets anywhere without a first step
            now = t[i]
            if now < low or now > high or not (every or passes[i]):
                continue
            if now == before:
                tied = True
                break
            before = now
            if reached == 0:
                if mark & 1 == 0:
                    continue
                for s in range(n + 1):
                    begun[s] = NEVER
            reached = _moved(mark, last_steps[events[i]], now, window, reached, begun, chain, best)
            if reached == n:  # an event of the same instant could still give other times
                j = i + 1
                while j < offsets[a + 1] and t[j] == now:
                    if steps[events[j]] != 0 and (every or passes[j]):
                        tied = True
                    j += 1
                break
        if tied:
            done = _tied(offsets[a], offsets[a + 1], t, events, steps, passes, low, high, n, window, False, times[size])
            if done:
                who[size], bits[size] = a, done
                size += 1
        elif reached:
            who[size], bits[size] = a, (1 << reached) - 1
            for s in range(n):
                times[size, s] = best[s] if s < reached else NEVER
            size += 1
    return size


@compiled
def _walk_strict(
    first: int, last: int, offsets: Any, t: Any, events: Any, steps: Any, last_steps: Any, passes: Any, low: int, high: int, n: int,
    window: int, who: Any, bits: Any, times: Any,
) -> None:  # fmt: skip
    every, size = len(passes) == 0, 0
    begun = np.empty(n + 1, np.int64)
    chain = np.empty((n + 1, n), np.int64)
    best = np.empty(n, np.int64)
    for a in range(first, last):
        reached, under_way, tied = 0, False, False
        for s in range(n + 1):
            begun[s] = NEVER
        for i in range(offsets[a], offsets[a + 1]):
            mark = steps[events[i]]
            if not under_way and mark & 1 == 0:
                continue  # where no chain is under way only a first step matters, and what shares its instant
            now = t[i]
            if now < low or now > high or not (every or passes[i]):
                continue
            if (i > offsets[a] and t[i - 1] == now) or (i + 1 < offsets[a + 1] and t[i + 1] == now):
                tied = True
                break
            if mark != 0:
                reached = _moved(mark, last_steps[events[i]], now, window, reached, begun, chain, best)
            under_way = False
            for s in range(1, n + 1):
                if (mark >> (s - 1)) & 1 == 0:
                    begun[s] = NEVER
                elif begun[s] != NEVER:
                    under_way = True
            if reached == n:
                break
        done = (1 << reached) - 1
        if tied:
            done = _tied(offsets[a], offsets[a + 1], t, events, steps, passes, low, high, n, window, True, times[size])
        elif reached:
            for s in range(n):
                times[size, s] = best[s] if s < reached else NEVER
        if done:
            who[size], bits[size] = a, done
            size += 1


def walk(
    offsets: np.ndarray, t: np.ndarray, events: np.ndarray, steps: np.ndarray, *, passes: np.ndarray | None = None, low: int, high: int, count: int,
    window: int, strict: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Take everybody through an ordered or strict funnel.

    Parameters
    ----------
    offsets, t
        The journeys: actor a has the events offsets[a] .. offsets[a + 1] - 1, in order of time (microseconds).
    events
        A number an event: a position in `steps`.
    steps
        int64: the steps that such an event is, as bits.
    passes
        bool: whether an event counts; None where all do.
    low, high
        The first and the last instant that count.
    count
        How many steps the funnel has.
    window
        Microseconds, boundary inside.
    strict
        Any other event between two steps breaks a chain.

    Returns
    -------
    tuple
        The actors who did the first step; the steps each did, as bits; the times of these (actors x steps, `NEVER` for those not done).
        There are as many rows as actors: those that are left over have no bits, and stand for nobody.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array
    >>> who, bits, times = walk(a([0, 2, 3]), a([0, 5, 9]), a([0, 1, 1]), a([1, 2]), low=0, high=9, count=2, window=5)
    >>> who[0], bits.tolist(), times[0].tolist()
    (np.int64(0), [3, 0], [0, 5])
    """
    every = np.zeros(0, np.bool_) if passes is None else passes
    actors = len(offsets) - 1
    who, bits, times = np.zeros(actors, np.int64), np.zeros(actors, np.int64), np.empty((actors, count), np.int64)

    last_steps = np.array([int(mark).bit_length() for mark in steps], np.int64)

    machine = _walk_strict if strict else _walk

    def share(first: int, last: int) -> None:
        mine = slice(first, last)
        machine(first, last, offsets, t, events, steps, last_steps, every, low, high, count, window, who[mine], bits[mine], times[mine])

    each(share, shares(offsets))
    return who, bits, times
