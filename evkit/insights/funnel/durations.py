"""How long people take from one step of a funnel to another."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evkit.insights.funnel.spec import Funnel
from evkit.insights.funnel.walk import Walked
from evkit.kernel.runs import NEVER

COLUMNS = ["bin_start_seconds", "bin_end_seconds", "count", "average_seconds"]
MOST_CHOSEN = 60
"""Bins that are chosen at most where none are asked for."""
SMALLEST_WIDTH = 60
"""Seconds of a bin where everybody took the same time."""
MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Histogram:
    """How many took how long: the edges of the bins in seconds, the counts, the mean of all; empty where nobody converted."""

    edges: tuple[int, ...]
    counts: tuple[int, ...]
    average: float | None
    width: int


def histogram(spec: Funnel, walked: Walked) -> Histogram:
    """Give how long those took who did both steps. One bin more than asked for takes a time that equals the last edge."""
    times = walked.reached.times[walked.entered]
    first, last = times[:, spec.first - 1], times[:, spec.last - 1]
    did = last != NEVER
    took = (last[did] - first[did]) / MICROSECONDS
    if len(took) == 0:
        return Histogram((), (), None, 0)
    chosen = min(max(math.ceil(round(len(took) ** (1 / 3), 12)), 1), MOST_CHOSEN)
    bins = spec.bin_count or chosen
    low, high = math.floor(took.min()), math.ceil(took.max())
    width = math.ceil((high - low) / bins) or SMALLEST_WIDTH
    places = np.floor((took - low) / width).astype(np.int64)
    counts = np.bincount(places, minlength=bins + 1)[: bins + 1]
    return Histogram(tuple(low + i * width for i in range(bins + 1)), tuple(counts.tolist()), float(took.mean()), width)


def frame(found: Histogram) -> pd.DataFrame:
    """Give the figures as a tidy frame."""
    rows = [(edge, edge + found.width, count, found.average) for edge, count in zip(found.edges, found.counts, strict=True)]
    kinds = {"bin_start_seconds": "int64", "bin_end_seconds": "int64", "count": "int64", "average_seconds": "float64"}
    return pd.DataFrame(rows, columns=COLUMNS).astype(kinds)
