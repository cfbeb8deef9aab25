"""How these tests write a log of events and ask a RetentionQuery of it, in the notation of the tests of trends."""

from __future__ import annotations

from typing import Any

import evkit as ek
from tests.semantics.trends.asking import rows

NOW = "2020-06-30T12:00:00Z"
OPTIONS = (
    "targetEntity", "returningEntity", "period", "totalIntervals", "retentionType", "cumulative", "minimumOccurrences", "retentionCustomBrackets",
    "timeWindowMode", "aggregationType", "aggregationProperty", "aggregationPropertyType",
)  # fmt: skip
FIRST_TIME, FIRST_EVER = "retention_first_time", "retention_first_ever_occurrence"
ROLLING = {"timeWindowMode": "24_hour_windows"}


def entity(event: str | int | None, **properties: Any) -> dict[str, Any]:
    """Give an event (or action, by number) with exact filters on properties of the event."""
    listed = [{"key": k, "value": v, "type": "event"} for k, v in properties.items()]
    return {"id": event, "type": "actions" if isinstance(event, int) else "events", **({"properties": listed} if listed else {})}


def query(
    target: Any = "v", returning: Any = "v", *, days: Any = ("2020-01-01", "2020-01-04"), intervals: int = 4, by: Any = None, **options: Any
) -> dict[str, Any]:
    """Give a RetentionQuery by day. `days` is (date_from, date_to), or PostHog's dateRange; `by` an event property, or PostHog's breakdownFilter."""
    ends = dict(days) if isinstance(days, dict) else dict(zip(("date_from", "date_to"), days, strict=True))
    made: dict[str, Any] = {"kind": "RetentionQuery", "dateRange": {k: v for k, v in ends.items() if v is not None}}
    wanted = {
        "totalIntervals": intervals,
        "targetEntity": target if isinstance(target, dict) else entity(target),
        "returningEntity": returning if isinstance(returning, dict) else entity(returning),
    }
    made["retentionFilter"] = {**wanted, **{k: options.pop(k) for k in OPTIONS if k in options}}
    if by is not None:
        made["breakdownFilter"] = by if isinstance(by, dict) else {"breakdown": by, "breakdown_type": "event"}
    return {**made, **options}


def ask(events: Any, *entities: Any, now: str = NOW, project: dict[str, Any] | None = None, **options: Any) -> list[dict[str, Any]]:
    """Ask a RetentionQuery, and give its rows."""
    made = ek.Project(rows(events) if isinstance(events, str) else events, **(project or {}))
    found: list[dict[str, Any]] = made.query(query(*entities, **options), now=now)["results"]
    return found


def counts(events: Any, *entities: Any, **options: Any) -> list[list[int]]:
    """Ask, and give the counts, a list a cohort."""
    return [[v["count"] for v in row["values"]] for row in ask(events, *entities, **options)]


def sums(events: Any, *entities: Any, **options: Any) -> list[list[float]]:
    """Ask, and give what the property adds up to, a list a cohort."""
    return [[v["aggregation_value"] for v in row["values"]] for row in ask(events, *entities, **options)]


def parted(events: Any, *entities: Any, **options: Any) -> dict[str, list[list[int]]]:
    """Ask, and give the counts of each breakdown value, in order."""
    made: dict[str, list[list[int]]] = {}
    for row in ask(events, *entities, **options):
        made.setdefault(row["breakdown_value"], []).append([v["count"] for v in row["values"]])
    return made


def people(events: Any, interval: int, *entities: Any, value: Any = None, project: dict[str, Any] | None = None, **options: Any) -> Any:
    """Ask who is in a cohort, and give the rows."""
    made = ek.Project(rows(events) if isinstance(events, str) else events, **(project or {}))
    asked = {"kind": "InsightActorsQuery", "source": query(*entities, **options), "interval": interval}
    return made.query(asked if value is None else {**asked, "breakdown": value}, now=NOW)["results"]
