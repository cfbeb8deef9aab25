"""Which figure a row of an Insight's frame is: what `actors` takes to give the people behind it, and how it is called."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evkit.errors import SpecError
from evkit.insights.funnel.chart import span_labels, step_labels
from evkit.insights.funnel.spec import Funnel
from evkit.insights.question import Question
from evkit.insights.time_lines import WHEN
from evkit.insights.trends.chart import value_label
from evkit.insights.trends.spec import Trends


def which(spec: Question, frame: pd.DataFrame, row: int, *, dropped: bool = False) -> dict[str, Any]:
    """Give the keywords by which `Insight.actors` names the figure of a row.

    Parameters
    ----------
    frame
        The figures.
    row
        The row's number, from 0.
    dropped
        Of a funnel: those who were lost before the step.

    Raises
    ------
    SpecError
        When there is no such row, or nobody stands behind it.
    """
    if not 0 <= row < len(frame):
        raise SpecError(f"no row {row}: the figures have {len(frame)}")
    one = frame.iloc[row]
    made: dict[str, Any]
    if isinstance(spec, Trends):
        made = {"series": one.series, "period": one.period}
        if spec.formulas:
            raise SpecError("nobody stands behind a formula: look at the series that it is computed from, without formulas")
        made |= {} if pd.isna(one.bucket) else {"bucket": one.bucket}
    elif isinstance(spec, Funnel):
        made = {"dropped": dropped}
        made |= {"step": int(one.step)} if spec.viz_type == "steps" else {"bucket": one.bucket} if spec.viz_type == "trends" else {}
    else:
        raise SpecError(f"nobody stands behind the figures of {type(spec).__name__}")
    return {**made, **({"breakdown_value": one.breakdown_value} if spec.breakdown and "breakdown_value" in frame else {})}


def in_words(spec: Question, frame: pd.DataFrame, row: int, *, dropped: bool = False) -> str:
    """Say which figure a row is: "user_signed_up, plan pro, week of 2 Feb 2026"."""
    one = frame.iloc[row]
    value = f", {value_label(one.breakdown_value)}" if getattr(spec, "breakdown", ()) and "breakdown_value" in frame else ""
    if isinstance(spec, Funnel) and spec.viz_type == "steps":
        label = step_labels(spec)[int(one.step) - 1]
        return f"{'lost before' if dropped else 'did'} step {int(one.step)}, {label}{value}"
    if isinstance(spec, Funnel) and spec.viz_type == "time_to_convert":
        return f"converted, whatever time they took (the bin is {span_labels(frame)[row]})"
    interval = getattr(spec, "interval", "day")
    form = WHEN.get(interval, "%a %d %b %Y")
    when = "" if pd.isna(one.bucket) else f", {'week of ' if interval == 'week' else ''}{one.bucket:{form}}"
    if isinstance(spec, Funnel):
        return f"entered and {'did not convert' if dropped else 'converted'}{value}{when}"
    before = ", the period before" if one.period == "previous" else ""
    return f"{one.series}{value}{before}{when}"


def can_drop(spec: Question, frame: pd.DataFrame, row: int) -> bool:
    """Say whether somebody can have been lost before the figure of a row."""
    if not isinstance(spec, Funnel) or spec.viz_type == "time_to_convert":
        return False
    return spec.viz_type == "trends" or int(frame.iloc[row].step) > 1
