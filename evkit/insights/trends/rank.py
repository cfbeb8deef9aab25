"""From figures as they came from the engine to rows: every bucket there, the smaller breakdown values merged, in order."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from evkit.insights.trends.formula import Formula
from evkit.insights.trends.spec import NO_VALUE, OTHER, Trends

Value = str | tuple[str, ...] | None
DIGITS = re.compile("([0-9]+)")


@dataclass(frozen=True)
class Row:
    """One line of a trend.

    Parameters
    ----------
    order
        Which series, or which formula, from 0.
    period
        "current" or "previous".
    value
        The breakdown value: a text, a tuple of texts for several breakdowns, None without.
    figures
        A number a bucket; one number for a figure over the whole range.
    """

    order: int
    period: str
    value: Value
    figures: np.ndarray

    @property
    def total(self) -> float:
        """The sum of the figures."""
        return float(self.figures.sum())

    @property
    def parts(self) -> tuple[str, ...]:
        """The breakdown values, one each breakdown."""
        return self.value if isinstance(self.value, tuple) else () if self.value is None else (self.value,)

    @property
    def place(self) -> int:
        """Normal values come first, then those with a missing value, then the rest."""
        return 2 if OTHER in self.parts else 1 if NO_VALUE in self.parts else 0


def rows_of(frame: pd.DataFrame, spec: Trends, buckets: dict[str, Sequence[dt.datetime]], *, listed: bool = False) -> list[Row]:
    """Give the rows of a question from the engine's figures.

    Parameters
    ----------
    frame
        order, period, breakdown_value, bucket, value; a row where there is something.
    buckets
        The starts of the buckets of each period; one empty for a figure over the whole range.
    listed
        Breakdown values are lists, also of one: then a formula's missing and other values keep their place by size.
    """
    made: list[Row] = []
    for period, starts in buckets.items():
        of_period: list[Row] = []
        for order in range(len(spec.series)):
            mine = frame[(frame.order == order) & (frame.period == period)]
            of_period += ranked(filled(mine, order, period, spec, starts), spec)
        made += in_cohort_order(of_period, spec)
    return with_formulas(made, spec, listed) if spec.formulas else made


def filled(frame: pd.DataFrame, order: int, period: str, spec: Trends, starts: Sequence[dt.datetime]) -> list[Row]:
    """Give a row each breakdown value, with a figure for every bucket, smoothed and added up as the question asks."""
    at = {pd.Timestamp(start): i for i, start in enumerate(starts)}
    size = 1 if spec.is_total else len(starts)
    found: dict[Value, np.ndarray] = {} if spec.breakdown else {None: np.zeros(size)}
    for value, bucket, figure in zip(frame.breakdown_value, frame.bucket, frame.value, strict=True):
        i = 0 if spec.is_total else at.get(bucket)
        if i is None:
            continue
        several = len(spec.breakdown) > 1 and not spec.cohorts
        key: Any = None if not spec.breakdown else tuple(value) if several else value
        found.setdefault(key, np.zeros(size))[i] = figure
    return [Row(order, period, value, finished(figures, spec)) for value, figures in found.items()]


def finished(figures: np.ndarray, spec: Trends) -> np.ndarray:
    """Smooth where there is no breakdown, then add up, where the question asks for either."""
    n = spec.smoothing_intervals
    if n > 1 and not spec.breakdown and not spec.is_total:
        figures = np.array([np.floor(figures[max(0, i - n + 1) : i + 1].mean()) for i in range(len(figures))])
    return np.cumsum(figures) if spec.display == "ActionsLineGraphCumulative" else figures


def ranked(rows: list[Row], spec: Trends) -> list[Row]:
    """Order the rows of a series, and merge the values past the limit into one."""
    if not spec.breakdown:
        return rows
    if spec.cohorts:
        return sorted(rows, key=lambda r: (-r.total, r.parts))
    ordered = sorted(rows, key=lambda r: (0 if spec.is_total else r.place, -r.total, r.parts))
    kept, rest = ordered[: spec.breakdown_limit], ordered[spec.breakdown_limit :]
    if rest:
        other: Value = tuple(OTHER for _ in spec.breakdown) if len(spec.breakdown) > 1 else OTHER
        kept.append(replace(rest[0], value=other, figures=np.sum([r.figures for r in rest], axis=0)))
    return sorted(kept, key=lambda r: (r.place, -r.total, r.parts))


def in_cohort_order(rows: list[Row], spec: Trends) -> list[Row]:
    """Order rows cohort by cohort, where those are asked for one after the other."""
    return sorted(rows, key=lambda r: spec.cohorts.index(r.parts[0])) if spec.keeps_cohort_order else rows


def with_formulas(rows: list[Row], spec: Trends, listed: bool) -> list[Row]:
    """Give the rows of the formulas; a value that a series doesn't have counts as zeros there."""
    made: list[Row] = []
    for order, formula in enumerate(spec.formulas):
        computed: list[Row] = []
        for period in dict.fromkeys(r.period for r in rows):
            mine = [r for r in rows if r.period == period]
            for value in dict.fromkeys(r.value for r in mine):
                computed.append(one_formula(formula, order, [r for r in mine if r.value == value], spec))
        made += sorted_formula(computed, spec, listed)
    return made


def one_formula(formula: Formula, order: int, rows: list[Row], spec: Trends) -> Row:
    """Compute a formula from the rows of one breakdown value."""
    zeros = np.zeros(len(rows[0].figures))
    by_series = {r.order: r.figures for r in rows}
    figures = formula.compute([by_series.get(i, zeros) for i in range(len(spec.series))])
    return Row(order, rows[0].period, rows[0].value, np.broadcast_to(figures, zeros.shape).astype(float))


def sorted_formula(rows: list[Row], spec: Trends, listed: bool) -> list[Row]:
    """Order the rows of one formula: by size descending; ties by the value descending."""
    if spec.keeps_cohort_order:
        return [
            r for period in dict.fromkeys(r.period for r in rows) for r in in_cohort_order([o for o in rows if o.period == period], spec)
        ]
    if spec.compare:
        periods = list(dict.fromkeys(r.period for r in rows))
        return sorted(rows, key=lambda r: (periods.index(r.period), -count(r, spec), natural(r)))
    if not spec.breakdown:
        return rows
    single = len(spec.breakdown) == 1 and not listed
    down = sorted(rows, key=lambda r: (r.total, r.figures.tolist(), repr(r.parts)), reverse=True)
    return sorted(down, key=lambda r: r.place if single else 0)


def count(row: Row, spec: Trends) -> float:
    """Give what PostHog calls count: the sum of the figures; the last one where they are cumulative; 0 for a figure over the whole range."""
    if spec.is_total or not len(row.figures):
        return 0.0
    return float(row.figures[-1]) if spec.display == "ActionsLineGraphCumulative" else row.total


def natural(row: Row) -> tuple[tuple[str | int, ...], ...]:
    """Order texts without regard to case, and the numbers in them by size: "item 9" before "item 10"."""
    parts = (DIGITS.split(p.lower()) for p in row.parts)
    return tuple(tuple(int(p) if i % 2 else p for i, p in enumerate(said)) for said in parts)
