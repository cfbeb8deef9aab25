"""How these tests ask a LifecycleQuery: events as in the tests of trends ("a v 01-02; b v 01-03 23:59 p=1"), times UTC of 2020."""

from __future__ import annotations

from typing import Any

import evkit as ek
from tests.semantics.trends.asking import node, rows

STATUSES = ["new", "returning", "resurrecting", "dormant"]
NOW = "2020-06-01T12:00:00Z"


def persons(**created: str) -> dict[str, Any]:
    """Give persons with when they were created, for `project`."""
    return {"persons": [{"id": p, "distinct_ids": [p], "created_at": f"2020-{day}T00:00:00Z"} for p, day in created.items()]}


def project(events: str | list[dict[str, Any]], **given: Any) -> ek.Project:
    """Give a project; persons are rebuilt from the events unless they are given."""
    return ek.Project(rows(events) if isinstance(events, str) else events, **given)


def asked(*series: Any, days: tuple[str, str] | dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """Give a LifecycleQuery of names of events or nodes; `days` first and last, or PostHog's dateRange."""
    made: dict[str, Any] = {"kind": "LifecycleQuery", "series": [s if isinstance(s, dict) else node(s) for s in series]}
    if days is not None:
        made["dateRange"] = days if isinstance(days, dict) else {"date_from": days[0], "date_to": days[1]}
    return {**made, **more}


def ask(
    events: str | list[dict[str, Any]], *series: Any, days: Any, now: str = NOW, given: dict[str, Any] | None = None, **more: Any
) -> list[dict[str, Any]]:
    """Ask, and give the four rows."""
    found: list[dict[str, Any]] = project(events, **(given or {})).query(asked(*(series or ("v",)), days=days, **more), now=now)["results"]
    assert [r["status"] for r in found] == STATUSES
    return found


def data(*args: Any, **more: Any) -> dict[str, list[float]]:
    """Ask, and give the figures of each status that has any."""
    return {r["status"]: r["data"] for r in ask(*args, **more) if any(r["data"])}
