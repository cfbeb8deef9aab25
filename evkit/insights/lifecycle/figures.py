"""Which figure a row of the frame of a lifecycle is."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evkit.insights.lifecycle.spec import Lifecycle
from evkit.insights.time_lines import begins_in_words


def which(spec: Lifecycle, one: Any, *, dropped: bool) -> dict[str, Any]:
    """Give the keywords by which `actors` names the figure of a row."""
    return {"bucket": one.bucket, "status": one.status}


def in_words(spec: Lifecycle, frame: pd.DataFrame, row: int, *, dropped: bool) -> str:
    """Say which figure a row is."""
    one = frame.iloc[row]
    return f"{spec.subject.label}, {one.status}, {begins_in_words(one.bucket, spec.interval)}"
