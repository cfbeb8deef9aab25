"""The rules that make a timeline, in words."""

from __future__ import annotations

from evkit.insights.timeline.spec import Timeline
from evkit.model.tables import EventTables


def rules(spec: Timeline, tables: EventTables) -> tuple[str, ...]:
    """Give the rules that make the timeline."""
    said = (
        f"Times are wall clock of {tables.settings.timezone}.",
        "A session is what $session_id names; without it, a pause of 30 minutes begins a new one.",
        "Properties change in the order in which events arrived, whatever their timestamps.",
    )
    return (*said, *tables.rules())
