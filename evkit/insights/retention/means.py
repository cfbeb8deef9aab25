"""The mean curve of retention: what the cohorts whose time is over have in common."""

from __future__ import annotations

import pandas as pd

from evkit.insights.retention.grid import OVER
from evkit.insights.retention.spec import Retention

COLUMNS = ["breakdown_value", "interval", "label", "mean", "cohorts", "people"]


def figure(spec: Retention) -> str:
    """Name the column that is looked at: the share, or what the property adds up to."""
    return "aggregation_value" if spec.aggregates else "share"


def means(spec: Retention, frame: pd.DataFrame) -> pd.DataFrame:
    """Give the mean of each interval, over the cohorts in which it is over and somebody is.

    Parameters
    ----------
    frame
        The figures (`Retention`).

    Returns
    -------
    pandas.DataFrame
        breakdown_value, interval, label, mean (each cohort counts the same; of "weighted" by its size), cohorts (how many),
        people (in them); a row a breakdown value and interval that has a cohort, in the order of the figures.
    """
    values = list(dict.fromkeys(frame.breakdown_value)) if spec.breakdown else [None]
    rows = frame.assign(place=frame.breakdown_value.map({v: i for i, v in enumerate(values)}) if spec.breakdown else 0)
    known = rows[(rows.state == OVER) & (rows.cohort_size > 0)]
    weights = known.cohort_size if spec.mean_retention_calculation == "weighted" else pd.Series(1, index=known.index)
    summed = known.assign(weight=weights, weighted=known[figure(spec)] * weights)
    made = summed.groupby(["place", "interval", "label"], as_index=False).agg(
        weight=("weight", "sum"), weighted=("weighted", "sum"), cohorts=("cohort", "size"), people=("cohort_size", "sum")
    )
    made = made.sort_values(["place", "interval"], kind="stable", ignore_index=True)
    told = pd.Series([values[int(place)] for place in made.place], dtype=object)
    return made.assign(breakdown_value=told, mean=made.weighted / made.weight)[[*COLUMNS]]
