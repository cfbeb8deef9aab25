"""Conversion over time: of those who entered a funnel in each interval, how many got through."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evkit.dates import bucket_starts
from evkit.insights.funnel.relation import span
from evkit.insights.funnel.spec import Funnel
from evkit.insights.funnel.steps import shown
from evkit.insights.funnel.walk import Periods, Value
from evkit.model.tables import EventTables

COLUMNS = ["breakdown_value", "bucket", "entered", "converted", "conversion_rate"]


@dataclass(frozen=True)
class Course:
    """The figures of one breakdown value: how many entered and how many converted, a number a period."""

    value: Value
    entered: np.ndarray
    converted: np.ndarray

    @property
    def rates(self) -> list[float]:
        """Percent converted, two decimals; 0 where nobody entered."""
        return [round(100 * c / e, 2) if e else 0.0 for c, e in zip(self.converted.tolist(), self.entered.tolist(), strict=True)]


def starts(spec: Funnel, tables: EventTables) -> list[dt.datetime]:
    """Give the starts of the periods, wall clock of the project's zone."""
    return bucket_starts(span(spec, tables))


def courses(spec: Funnel, found: Periods, begins: Sequence[dt.datetime]) -> list[Course]:
    """Give the figures of each breakdown value, ordered by value."""
    runs = found.sorted
    at = pd.DatetimeIndex(begins).get_indexer(found.starts)[found.code]
    inside = at >= 0
    value = runs.marked.wanted[found.run] if len(found.run) else np.zeros(0, np.int64)
    made = []
    for code, name in enumerate(runs.names):
        mine = inside & (value == code)
        if not mine.any() and spec.breakdown:
            continue
        entered = np.bincount(at[mine], minlength=len(begins))
        made.append(Course(name, entered, np.bincount(at[mine & found.converted], minlength=len(begins))))
    return sorted(made, key=lambda c: c.value)


def most_entered(found: Sequence[Course], spec: Funnel, limit: int) -> list[Course]:
    """Give the breakdown values that were entered most, ordered by value; of cohorts all."""
    kept = len(found) if spec.cohorts else limit
    return sorted(sorted(found, key=lambda c: (-int(c.entered.sum()), c.value))[:kept], key=lambda c: c.value)


def frame(spec: Funnel, found: Sequence[Course], begins: Sequence[dt.datetime]) -> pd.DataFrame:
    """Give the figures as a tidy frame."""
    rows = [
        (shown(c.value, spec), start, int(e), int(k), k / e if e else 0.0)
        for c in found
        for start, e, k in zip(begins, c.entered.tolist(), c.converted.tolist(), strict=True)
    ]
    kinds = {"bucket": "datetime64[us]", "entered": "int64", "converted": "int64", "conversion_rate": "float64"}
    return pd.DataFrame(rows, columns=COLUMNS).astype(kinds)
