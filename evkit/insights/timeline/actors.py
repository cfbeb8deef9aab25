"""Who is behind a timeline: one person or group."""

from __future__ import annotations

import pandas as pd

from evkit.errors import SpecError
from evkit.insights.timeline.spec import Timeline
from evkit.model.tables import EventTables


def actors(spec: Timeline, tables: EventTables) -> pd.DataFrame:
    """Raise: a timeline has one actor.

    Raises
    ------
    SpecError
        Always.
    """
    raise SpecError("a timeline is of one person or group: there are no actors to list")
