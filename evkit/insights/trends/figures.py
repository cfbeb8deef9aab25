"""Which figure a row of the frame of trends is."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evkit.errors import SpecError
from evkit.insights.figures import parted
from evkit.insights.time_lines import begins_in_words
from evkit.insights.trends.chart import value_label
from evkit.insights.trends.spec import Trends


def which(spec: Trends, one: Any, *, dropped: bool) -> dict[str, Any]:
    """Give the keywords by which `actors` names the figure of a row.

    Raises
    ------
    SpecError
        For a formula: nobody stands behind it.
    """
    if spec.formulas:
        raise SpecError("nobody stands behind a formula: look at the series that it is computed from, without formulas")
    return {"series": one.series, "period": one.period, **({} if pd.isna(one.bucket) else {"bucket": one.bucket})}


def in_words(spec: Trends, frame: pd.DataFrame, row: int, *, dropped: bool) -> str:
    """Say which figure a row is."""
    one = frame.iloc[row]
    value = f", {value_label(one.breakdown_value)}" if parted(spec, frame) else ""
    before = ", the period before" if one.period == "previous" else ""
    when = "" if pd.isna(one.bucket) else f", {begins_in_words(one.bucket, spec.interval)}"
    return f"{one.series}{value}{before}{when}"
