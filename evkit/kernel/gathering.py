"""Every funnel that sees an actor's events as one run, straight over journeys: they are picked out and taken through its machine, actor by actor.

With a breakdown by touch the run's value is that of the first or last event that has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from evkit.kernel.compiling import compiled
from evkit.kernel.funnel import BEST_CHAIN, CHAIN, DONE, SIZE, STEP, VOID, _run
from evkit.kernel.runs import NEVER
from evkit.kernel.sharing import each, read_only, shares
from evkit.kernel.unordered import _most

ORDERS = ("ordered", "strict", "unordered")
"""The kinds of funnels, by their number in the kernel."""
STRICT, UNORDERED = 1, 2
NOTHING = -1
"""The value of an event that says nothing, and of an actor of whom none says anything."""


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked of each event, and of the funnel.

    Parameters
    ----------
    events
        A number an event: a position in `steps` and `exclusions`.
    steps, exclusions
        int64: the steps that such an event is, and those before which it is excluded, as bits.
    passes
        bool: whether an event counts; of length 0 where all do.
    codes
        int32: what an event says, `NOTHING` for nothing; of length 0 where that isn't asked.
    last
        Whether the last event that says something counts, instead of the first.
    low, high
        The first and the last instant that count.
    window
        Microseconds, boundary inside.
    order
        One of `ORDERS`.
    optional
        For each step, whether it may be left out.
    """

    events: np.ndarray
    steps: np.ndarray
    exclusions: np.ndarray
    passes: np.ndarray
    codes: np.ndarray
    last: bool
    low: int
    high: int
    window: int
    order: str
    optional: tuple[bool, ...]


@compiled
def _walk(
    first: int, last: int, offsets: Any, t: Any, events: Any, steps: Any, exclusions: Any, passes: Any, codes: Any, last_touch: bool,
    low: int, high: int, window: int, order: int, optional: Any, longest: int, who: Any, bits: Any, times: Any, values: Any,
) -> None:  # fmt: skip
    n, every, made, plain = len(optional) - 1, len(passes) == 0, 0, not optional.any()
    when, what, void = np.empty(longest, np.int64), np.empty(longest, np.int64), np.empty(longest, np.int64)
    rows, none = np.arange(longest), np.zeros(longest, np.int64)
    slots, best = np.empty((n + 1, CHAIN + 2 * n), np.int64), np.empty(BEST_CHAIN + 2 * n, np.int64)
    head, tail, nxt = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(longest, np.int64)
    found, which = np.empty(n, np.int64), np.empty(n, np.int64)
    for a in range(first, last):
        size, begun, dead, value, seen, void_seen = 0, False, False, NOTHING, 0, 0
        for i in range(offsets[a], offsets[a + 1]):
            mark, excluded = steps[events[i]], exclusions[events[i]]
            if mark == 0 and excluded == 0 and order != STRICT:
                continue
            now = t[i]
            if now < low or now > high or not (every or passes[i]):
                continue
            if len(codes) and (last_touch or value == NOTHING) and codes[i] != NOTHING:
                value = codes[i]
            if not begun and order != UNORDERED:  # before the first first step only what shares its instant matters
                begun = mark & 1 == 1
                if size and when[size - 1] != now:
                    size, seen, void_seen = 0, 0, 0
            elif order == STRICT and when[size - 1] != now:  # of what comes where no chain is under way, the first breaks what there was
                alone = size == 1 or when[size - 2] != when[size - 1]
                over = alone and what[size - 1] & 1 == 0 and (dead or what[size - 1] == 0)
                if over and dead:
                    size -= 1
                dead = over
            when[size], what[size], void[size] = now, mark, excluded
            seen, void_seen = seen | mark, void_seen | excluded
            size += 1
        if size and void_seen == 0 and (seen & (seen - 1) == 0 if order == UNORDERED else begun and plain and seen & 2 == 0):
            times[made, 0], bits[made] = when[0], 1  # nobody gets further by the one step that they did, whichever machine they go through
            for s in range(1, n):
                times[made, s] = NEVER
        elif order == UNORDERED:
            done = _most(0, size, rows, when, what, void, none, 0, True, n, window, head, tail, nxt, found, which) if size else 0
            if done:
                for s in range(n):
                    times[made, s] = found[s] if s < done else NEVER
                bits[made] = (1 << done) - 1
        elif begun:
            _run(0, size, rows, when, what, void, none, 0, window, order == STRICT, optional, -1, slots, best)
            if best[STEP] > 0 and best[VOID] == 0:
                for s in range(n):
                    times[made, s] = best[BEST_CHAIN + s] if s < best[SIZE] else NEVER
                bits[made] = best[DONE]
        if bits[made]:
            who[made], values[made] = a, value
            made += 1
            if made == len(bits):
                return


def walk(offsets: np.ndarray, t: np.ndarray, asked: Asked) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Take everybody through a funnel.

    Parameters
    ----------
    offsets, t
        The journeys: actor a has the events offsets[a] .. offsets[a + 1] - 1, in order of time (microseconds).

    Returns
    -------
    tuple
        Who got anywhere; the steps each did, as bits; the times of these (actors x steps, as in `Reached`); what each says. There are as
        many rows as actors: those that are left over have no bits, and stand for nobody.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array
    >>> asked = Asked(a([0, 2, 1, 1]), a([1, 2, 0]), a([0, 0, 2]), a([], bool), a([], np.int32), False, 0, 9, 5, "ordered", (False, False))
    >>> walk(a([0, 3, 4]), a([0, 1, 5, 9]), asked)[1].tolist()
    [0, 0]
    """
    actors, count = len(offsets) - 1, len(asked.optional)
    who, bits, times = np.zeros(actors, np.int64), np.zeros(actors, np.int64), np.empty((actors, count), np.int64)
    values = np.full(actors, NOTHING, np.int64)
    may_skip = np.array([False, *asked.optional])
    longest = int(np.diff(offsets).max(initial=0))
    given = [read_only(a) for a in (offsets, t, asked.events, asked.steps, asked.exclusions, asked.passes, asked.codes)]

    def share(first: int, last: int) -> None:
        mine = slice(first, last)
        _walk(
            first, last, *given, asked.last, asked.low, asked.high, asked.window, ORDERS.index(asked.order), may_skip, longest,
            who[mine], bits[mine], times[mine], values[mine],
        )  # fmt: skip

    each(share, shares(offsets))
    return who, bits, times, values
