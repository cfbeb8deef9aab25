"""From figures as they came from the engine to tables: every cell there, the smaller breakdown values merged, in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evkit.insights.retention.spec import Retention
from evkit.insights.trends.spec import OTHER
from evkit.query.property_filters import ALL_USERS


@dataclass(frozen=True)
class Cells:
    """The cells of one breakdown value.

    Parameters
    ----------
    value
        The value; None without a breakdown.
    counts
        How many, cohorts by intervals.
    sums
        What the property adds up to; None where nothing is added up.
    """

    value: str | None
    counts: np.ndarray
    sums: np.ndarray | None

    def aggregated(self, how: str) -> np.ndarray | None:
        """Give the sum, or the average over those in the cell; 0 where nobody is."""
        if self.sums is None or how == "sum":
            return self.sums
        averages: np.ndarray = np.divide(self.sums, self.counts, out=np.zeros_like(self.sums), where=self.counts > 0)
        return averages


def tables_of(frame: pd.DataFrame, spec: Retention, rows: int) -> list[Cells]:
    """Give the cells of each breakdown value, those with most people in their cohorts first; the rest last, added up.

    Parameters
    ----------
    frame
        breakdown_value, row, interval, count, amount (only where a property is added up); a row where there is somebody.
    rows
        How many cohorts there are.
    """
    if not spec.breakdown:
        return [filled(None, frame, spec, rows)]
    begun = frame[frame.interval == 0].groupby("breakdown_value")["count"].sum()
    ranked = sorted(begun.index, key=lambda value: (-int(begun[value]), "0" if value == ALL_USERS else value))  # as PostHog answers it
    kept, rest = ranked[: spec.breakdown_limit], ranked[spec.breakdown_limit :]
    by_value = dict(tuple(frame[frame.breakdown_value.isin(kept)].groupby("breakdown_value")))
    made = [filled(value, by_value[value], spec, rows) for value in kept]
    return [*made, filled(OTHER, frame[frame.breakdown_value.isin(rest)], spec, rows)] if rest else made


def filled(value: str | None, frame: pd.DataFrame, spec: Retention, rows: int) -> Cells:
    """Put figures into their cells; where several are of one cell they are added up."""
    shape = rows, len(spec.labels)
    counts = np.zeros(shape, np.int64)
    places = frame.row.to_numpy(np.int64), frame.interval.to_numpy(np.int64)
    np.add.at(counts, places, frame["count"].to_numpy(np.int64))
    sums = None
    if spec.aggregates:
        sums = np.zeros(shape)
        np.add.at(sums, places, frame.amount.to_numpy(np.float64))
    return Cells(value, counts, sums)
