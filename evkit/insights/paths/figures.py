"""Which figure a row of a frame of paths is."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evkit.insights.paths.spec import Paths


def which(spec: Paths, one: Any, *, dropped: bool) -> dict[str, Any]:
    """Give the keywords by which `actors` names the figure of a row; dropped: those whose path ends at the row's target."""
    step = int(one.step)
    return {"step": step + 1, "dropoff": one.target} if dropped else {"step": step, "source": one.source, "target": one.target}


def in_words(spec: Paths, frame: pd.DataFrame, row: int, *, dropped: bool) -> str:
    """Say which figure a row is."""
    one = frame.iloc[row]
    if dropped:
        return f"whose path ends at {called(one.target)}, step {int(one.step) + 1}"
    return f"went from {called(one.source)} to {called(one.target)}, step {int(one.step)} to {int(one.step) + 1}"


def can_drop(spec: Paths, one: Any) -> bool:
    """Say whether a path can end at the target of a row."""
    return True


def called(item: str) -> str:
    """Write an item for people."""
    return item or "(empty)"
