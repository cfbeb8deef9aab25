"""Unordered funnels: a queue of events for each step; how many queues are filled at once is how far somebody got.

Source: PostHog's unordered funnel aggregation (`funnels.md` of the design, sections 5 and 9).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from evkit.kernel.compiling import borrowing, compiled
from evkit.kernel.runs import NEVER, Entered, Marked, Reached
from evkit.kernel.sharing import each, shares


@borrowing
def _oldest(head: Any, t: Any, n: int) -> int:
    """Give the step whose queue begins with the oldest event; -1 when all are empty."""
    found = -1
    for s in range(n):
        if head[s] >= 0 and (found < 0 or t[head[s]] < t[head[found]]):
            found = s
    return found


@borrowing
def _record(head: Any, t: Any, n: int, best_times: Any, best_events: Any) -> None:
    """Keep the queues' first events, in order of time."""
    count = 0
    for s in range(n):
        if head[s] < 0:
            continue
        e, at = head[s], count
        while at > 0 and best_times[at - 1] > t[e]:
            best_times[at], best_events[at] = best_times[at - 1], best_events[at - 1]
            at -= 1
        best_times[at], best_events[at] = t[e], e
        count += 1


@borrowing
def _push(e: int, mask: int, head: Any, tail: Any, nxt: Any, t: Any, n: int) -> int:
    """Put an event into the queue, of those it fits, whose newest event is oldest (an empty one first); 1 where that was empty."""
    chosen = -1
    for s in range(n):
        if not (mask >> s) & 1:
            continue
        if chosen < 0 or (tail[chosen] >= 0 and (tail[s] < 0 or t[tail[s]] < t[tail[chosen]])):
            chosen = s
    nxt[e] = -1
    was_empty = 1 if head[chosen] < 0 else 0
    if was_empty:
        head[chosen] = e
    else:
        nxt[tail[chosen]] = e
    tail[chosen] = e
    return was_empty


@borrowing
def _pop(s: int, head: Any, tail: Any, nxt: Any) -> int:
    """Take the first event off a queue; 1 where that leaves it empty."""
    head[s] = nxt[head[s]]
    if head[s] < 0:
        tail[s] = -1
        return 1
    return 0


@borrowing
def _take(e: int, mask: int, excluded: int, accepts: bool, done: int, head: Any, tail: Any, nxt: Any, t: Any, n: int) -> int:
    """Take one event: a step into its queue, where it may begin an attempt or one has begun; an exclusion empties all. Give how many are filled."""
    if mask == 0:
        if excluded == 0:
            return done
        head[:], tail[:] = -1, -1
        return 0
    if done == 0 and not accepts:
        return done
    began: int = _push(e, mask, head, tail, nxt, t, n)
    return done + began


@borrowing
def _most(
    low: int, high: int, rows: Any, t: Any, steps: Any, exclusions: Any, values: Any, wanted: int, every: bool, n: int, window: int,
    head: Any, tail: Any, nxt: Any, best_times: Any, best_events: Any,
) -> int:  # fmt: skip
    """Give how many steps one run did at once; when, and by which events, in `best_times` and `best_events`."""
    head[:], tail[:] = -1, -1
    done, best = 0, 0
    for i in range(low, high):
        e = rows[i]
        while True:
            s = _oldest(head, t, n)
            if s < 0 or (done < n and t[e] - t[head[s]] <= window):
                break
            if done > best:
                best = done
                _record(head, t, n, best_times, best_events)
            done -= _pop(s, head, tail, nxt)
        if best == n:
            break
        done = _take(e, steps[e], exclusions[e], every or values[e] == wanted, done, head, tail, nxt, t, n)
    if done > best:
        best = done
        _record(head, t, n, best_times, best_events)
    return best


@compiled
def _steps(
    low: Any, high: Any, rows: Any, t: Any, steps: Any, exclusions: Any, values: Any, wanted: Any, n: int, window: int, blocked: int,
    out_bits: Any, out_times: Any, out_events: Any,
) -> None:  # fmt: skip
    head, tail = np.empty(n, np.int64), np.empty(n, np.int64)
    nxt, every = np.empty(len(t), np.int64), blocked != 0
    times, events = np.empty(n, np.int64), np.empty(n, np.int64)
    for r in range(len(low)):
        best = _most(low[r], high[r], rows, t, steps, exclusions, values, wanted[r], every, n, window, head, tail, nxt, times, events)
        out_bits[r] = (1 << best) - 1
        for i in range(n):
            out_times[r, i] = times[i] if i < best else NEVER
            out_events[r, i] = events[i] if i < best else -1


@compiled
def _keep(r: int, e: int, done: int, periods: Any, out_run: Any, out_period: Any, out_done: Any, begin: int, count: int) -> int:
    """Keep, for the period of an event, the most that was done; give how many are kept. Events come in order of time."""
    k = count - 1
    while k >= begin and out_period[k] != periods[e] and out_period[count - 1] > periods[e]:  # the wall clock was put back
        k -= 1
    if k >= begin and out_period[k] == periods[e]:
        out_done[k] = max(out_done[k], done)
        return count
    out_run[count], out_period[count], out_done[count] = r, periods[e], done
    return count + 1


@compiled
def _periods(
    low: Any, high: Any, rows: Any, t: Any, steps: Any, exclusions: Any, values: Any, wanted: Any, periods: Any, n: int, window: int,
    blocked: int, out_run: Any, out_period: Any, out_done: Any,
) -> int:  # fmt: skip
    head, tail = np.empty(n, np.int64), np.empty(n, np.int64)
    nxt, accepts = np.empty(len(t), np.int64), blocked != 0
    count = 0
    for r in range(len(low)):
        head[:], tail[:] = -1, -1
        done, begin = 0, count
        for i in range(low[r], high[r] + 1):
            last = i == high[r]
            e = rows[i] if not last else -1
            while True:
                s = _oldest(head, t, n)
                if s < 0 or (not last and done < n and t[e] - t[head[s]] <= window):
                    break
                count = _keep(r, head[s], done, periods, out_run, out_period, out_done, begin, count)
                done -= _pop(s, head, tail, nxt)
            if last:
                break
            done = _take(e, steps[e], exclusions[e], accepts or values[e] == wanted[r], done, head, tail, nxt, t, n)
    return count


def run(marked: Marked, *, count: int, window: int, blocked: int = -1) -> Reached:
    """Take every run through an unordered funnel.

    Parameters
    ----------
    marked
        The runs and their events.
    count
        How many steps the funnel has.
    window
        Microseconds, boundary inside.
    blocked
        0 where only an event of the run's value may begin an attempt; -1 for none.

    Returns
    -------
    Reached
        The bits of a run are those of its first steps: how many were done at once, whichever they are.
    """
    m, made = marked, Reached.nowhere(len(marked.low), count)

    def share(first: int, last: int) -> None:
        mine = slice(first, last)
        _steps(
            m.low[mine], m.high[mine], m.rows, m.t, m.steps, m.exclusions, m.values, m.wanted[mine], count, window, blocked,
            made.bits[mine], made.times[mine], made.events[mine],
        )  # fmt: skip

    each(share, shares(m.sizes))
    return made


def run_periods(marked: Marked, periods: np.ndarray, *, count: int, window: int, blocked: int = -1) -> Entered:
    """Take every run through an unordered funnel, and give how far it got for each period that one of its events is in.

    Parameters
    ----------
    periods
        int64: the number of each event's period.
    """
    m = marked
    size = int((m.high - m.low).sum())
    run, period, done = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    n = _periods(m.low, m.high, m.rows, m.t, m.steps, m.exclusions, m.values, m.wanted, periods, count, window, blocked, run, period, done)
    return Entered(run[:n], period[:n], done[:n])
