"""Which figure a row of the frame of retention is."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evkit.insights.figures import parted
from evkit.insights.retention.spec import Retention
from evkit.insights.time_lines import begins_in_words
from evkit.insights.trends.chart import value_label


def which(spec: Retention, one: Any, *, dropped: bool) -> dict[str, Any]:
    """Give the keywords by which `actors` names the figure of a row."""
    return {"cohort": one.cohort, "interval": int(one.interval)}


def in_words(spec: Retention, frame: pd.DataFrame, row: int, *, dropped: bool) -> str:
    """Say which figure a row is."""
    one = frame.iloc[row]
    value = f", {value_label(one.breakdown_value)}" if parted(spec, frame) else ""
    cohort = (
        f"cohort of the {begins_in_words(one.cohort, spec.period)}"
        if spec.period == "week"
        else f"cohort of {begins_in_words(one.cohort, spec.period)}"
    )
    did = f"did {spec.target.label}" if not one.interval else f"did {spec.returning.label} in {one.label.lower()}"
    if one.interval and spec.cumulative:
        did += " or later"
    return f"{did}, {cohort}{value}"
