"""Which figure a row of an Insight's frame is: what `actors` takes to give the people behind it, and how it is called."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import pandas as pd

from evkit.errors import SpecError
from evkit.insights.question import Question


def room_of(spec: Question) -> ModuleType:
    """Give the module that knows the rows of a kind of question.

    Raises
    ------
    SpecError
        When nobody stands behind such figures.
    """
    name = f"{type(spec).__module__.rpartition('.')[0]}.figures"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise SpecError(f"nobody stands behind the figures of {type(spec).__name__}") from None


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
    made: dict[str, Any] = room_of(spec).which(spec, frame.iloc[row], dropped=dropped)
    return {**made, **({"breakdown_value": frame.iloc[row].breakdown_value} if parted(spec, frame) else {})}


def in_words(spec: Question, frame: pd.DataFrame, row: int, *, dropped: bool = False) -> str:
    """Say which figure a row is: "user_signed_up, plan pro, week of 2 Feb 2026"."""
    said: str = room_of(spec).in_words(spec, frame, row, dropped=dropped)
    return said


def can_drop(spec: Question, frame: pd.DataFrame, row: int) -> bool:
    """Say whether somebody can have been lost before the figure of a row."""
    can = getattr(room_of(spec), "can_drop", None)
    return bool(can is not None and can(spec, frame.iloc[row]))


def parted(spec: Question, frame: pd.DataFrame) -> bool:
    """Say whether each row is of one breakdown value."""
    return bool(getattr(spec, "breakdown", ())) and "breakdown_value" in frame
