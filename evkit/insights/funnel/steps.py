"""The figures of a funnel's steps: how many did each, and how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evkit.insights.funnel.spec import OTHER, Funnel
from evkit.insights.funnel.walk import Value, Walked
from evkit.kernel.runs import NEVER

COLUMNS = ["breakdown_value", "step", "event", "count", "conversion_rate", "step_conversion_rate", "average_seconds", "median_seconds"]
MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Line:
    """The figures of one breakdown value.

    Parameters
    ----------
    counts
        How many did each step.
    averages, medians
        Seconds from the required step before, for each required step but the first, in their order; None where nobody took any time.
    """

    value: Value
    counts: tuple[int, ...]
    averages: tuple[float | None, ...]
    medians: tuple[float | None, ...]


def lines(spec: Funnel, walked: Walked) -> list[Line]:
    """Give the figures of each breakdown value, most conversions first; the values past the limit as one."""
    runs = walked.sorted
    if not spec.breakdown:
        return [line((), walked.reached.bits, walked.reached.times, spec)]
    found = [(runs.names[code], which) for code, which in by_value(walked)]
    of = lambda name, which: line(name, walked.reached.bits[which], walked.reached.times[which], spec)  # noqa: E731
    made = [of(name, which) for name, which in found]
    pairs = sorted(zip(made, found, strict=True), key=lambda p: (tuple(-c for c in reversed(p[0].counts)), p[0].value))
    limit = len(pairs) if spec.cohorts else spec.breakdown_limit
    kept, rest = pairs[:limit], pairs[limit:]
    result = [p[0] for p in kept]
    if rest:
        together = np.concatenate([which for _, (_, which) in rest])
        result.append(of((OTHER,), together))
    return result


def by_value(walked: Walked) -> list[tuple[int, np.ndarray]]:
    """Give the runs that entered by the code of their value."""
    which = np.flatnonzero(walked.entered)
    wanted = walked.sorted.marked.wanted[which]
    sizes = np.bincount(wanted) if len(wanted) else np.zeros(0, np.int64)
    order = np.argsort(wanted.astype(np.uint16) if len(sizes) <= 1 << 16 else wanted, kind="stable")  # small numbers are sorted sooner
    codes = np.flatnonzero(sizes)
    return list(zip(codes.tolist(), np.split(which[order], np.cumsum(sizes[codes])[:-1]), strict=True)) if len(codes) else []


def line(name: Value, bits: np.ndarray, times: np.ndarray, spec: Funnel) -> Line:
    """Give the figures of some runs: the steps each did, and their times, as `Reached` has them."""
    size = 1 << len(spec.steps)
    kinds, often = (np.arange(size), np.bincount(bits, minlength=size)) if len(bits) >= size else np.unique(bits, return_counts=True)
    counts = tuple(int(often[(kinds >> s) & 1 == 1].sum()) for s in range(len(spec.steps)))
    times = times.take(np.flatnonzero(bits > 1), axis=0)  # a single step took no time
    averages: list[float | None] = []
    medians: list[float | None] = []
    for i in range(1, spec.optional.count(False)):
        took = durations(times, i)
        averages.append(float(took.mean()) if len(took) else None)
        medians.append(float(np.median(took)) if len(took) else None)
    return Line(name, counts, tuple(averages), tuple(medians))


def durations(times: np.ndarray, i: int) -> np.ndarray:
    """Give the seconds to the i-th time (from 0) from the one before, of those who took any."""
    both = times[:, i] != NEVER
    took = times[both, i] - times[both, i - 1]
    return np.asarray(took[took > 0] / MICROSECONDS)


def frame(spec: Funnel, found: Sequence[Line]) -> pd.DataFrame:
    """Give the figures as a tidy frame."""
    rows = []
    for one in found:
        required, before = 0, one.counts[0]
        for s, step in enumerate(spec.steps):
            timed = s > 0 and not step.optional
            required += timed
            rows.append(
                (
                    shown(one.value, spec), s + 1, step.label, one.counts[s], share(one.counts[s], one.counts[0]), share(one.counts[s], before),
                    one.averages[required - 1] if timed else None, one.medians[required - 1] if timed else None,
                )
            )  # fmt: skip
            before = before if step.optional else one.counts[s]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"step": "int64", "count": "int64", **{c: "float64" for c in COLUMNS[4:]}})


def share(part: int, whole: int) -> float:
    """Give a share; 0 of nothing."""
    return part / whole if whole else 0.0


def shown(value: Value, spec: Funnel) -> str | Value | None:
    """Give a breakdown value as frames have it: None without a breakdown, a text for one, a tuple for several."""
    if not spec.breakdown:
        return None
    return value[0] if spec.cohorts or len(value) == 1 else value
