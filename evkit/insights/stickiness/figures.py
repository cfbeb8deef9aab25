"""Which figure a row of the frame of stickiness is."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evkit.insights.stickiness.spec import Stickiness, times


def which(spec: Stickiness, one: Any, *, dropped: bool) -> dict[str, Any]:
    """Give the keywords by which `actors` names the figure of a row."""
    return {"series": one.series, "period": one.period, "intervals": int(one.intervals)}


def in_words(spec: Stickiness, frame: pd.DataFrame, row: int, *, dropped: bool) -> str:
    """Say which figure a row is."""
    one = frame.iloc[row]
    before = ", the period before" if one.period == "previous" else ""
    return f"{one.series}, {times(spec, int(one.intervals))}{before}"
