"""Which figure a row of a funnel's frame is."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evkit.insights.figures import parted
from evkit.insights.funnel.chart import span_labels, step_labels
from evkit.insights.funnel.spec import Funnel
from evkit.insights.time_lines import begins_in_words
from evkit.insights.trends.chart import value_label


def which(spec: Funnel, one: Any, *, dropped: bool) -> dict[str, Any]:
    """Give the keywords by which `actors` names the figure of a row."""
    where = {"step": int(one.step)} if spec.viz_type == "steps" else {"bucket": one.bucket} if spec.viz_type == "trends" else {}
    return {"dropped": dropped, **where}


def in_words(spec: Funnel, frame: pd.DataFrame, row: int, *, dropped: bool) -> str:
    """Say which figure a row is."""
    one = frame.iloc[row]
    value = f", {value_label(one.breakdown_value)}" if parted(spec, frame) else ""
    if spec.viz_type == "steps":
        label = step_labels(spec)[int(one.step) - 1]
        return f"{'lost before' if dropped else 'did'} step {int(one.step)}, {label}{value}"
    if spec.viz_type == "time_to_convert":
        return f"converted, whatever time they took (the bin is {span_labels(frame)[row]})"
    return f"entered and {'did not convert' if dropped else 'converted'}{value}, {begins_in_words(one.bucket, spec.interval)}"


def can_drop(spec: Funnel, one: Any) -> bool:
    """Say whether somebody can have been lost before the figure of a row."""
    return spec.viz_type == "trends" or (spec.viz_type == "steps" and int(one.step) > 1)
