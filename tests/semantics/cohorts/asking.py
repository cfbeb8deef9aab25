"""How these tests write a log of events, and ask in PostHog's JSON who is in a cohort.

The notation is that of tests/semantics/trends/asking.py: "a v 01-01 10:00 p=x; b v 01-02", times UTC of 2020. Now is noon of the 12th
of January 2020, a Sunday.
"""

from __future__ import annotations

from typing import Any

import evkit as ek
from tests.semantics.trends.asking import rows

NOW = "2020-01-12T12:00:00Z"
Json = dict[str, Any]


def did(key: str | int, value: str = "performed_event", *, event_type: str = "events", **more: Any) -> Json:
    """Give a condition on behaviour."""
    return {"type": "behavioral", "key": key, "value": value, "event_type": event_type, **more}


def last(n: int | str, unit: str) -> Json:
    """Give the fields of a window."""
    return {"time_value": n, "time_interval": unit}


def recent(n: int | str, unit: str) -> Json:
    """Give the fields of the second length of time."""
    return {"seq_time_value": n, "seq_time_interval": unit}


def times(operator: str | None, n: int | str) -> Json:
    """Give how often."""
    return {"operator_value": n, **({} if operator is None else {"operator": operator})}


def person(key: str, value: Any, **more: Any) -> Json:
    """Give a condition on a property."""
    return {"type": "person", "key": key, "value": value, **more}


def within(cohort_id: int | str, **more: Any) -> Json:
    """Give a condition on another cohort."""
    return {"type": "cohort", "key": "id", "value": cohort_id, **more}


def both(*values: Json) -> Json:
    return {"type": "AND", "values": list(values)}


def either(*values: Json) -> Json:
    return {"type": "OR", "values": list(values)}


def members(events: str, *conditions: Json, now: str = NOW, **project: Any) -> list[str]:
    """Give the distinct ids of those who meet all conditions."""
    definition = conditions[0] if len(conditions) == 1 and {"values", "groups"} & set(conditions[0]) else both(*conditions)
    return ek.Project(rows(events), **project).cohort_members(definition, now=now)
