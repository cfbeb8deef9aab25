"""How these tests ask a StickinessQuery: events as in the tests of trends ("a v 01-02; 3*b v 01-03 23:59 p=1"), times UTC of 2020."""

from __future__ import annotations

from typing import Any

import evkit as ek
from tests.semantics.trends.asking import node, rows

NOW = "2020-06-01T12:00:00Z"


def asked(*series: Any, days: Any, compare: bool | str = False, **more: Any) -> dict[str, Any]:
    """Give a StickinessQuery; `days` first and last, or PostHog's dateRange; `computedAs` and `stickinessCriteria` go by their names."""
    made: dict[str, Any] = {"kind": "StickinessQuery", "series": [s if isinstance(s, dict) else node(s) for s in series]}
    if days is not None:
        made["dateRange"] = days if isinstance(days, dict) else {"date_from": days[0], "date_to": days[1]}
    if compare:
        made["compareFilter"] = {"compare": True, **({"compare_to": compare} if isinstance(compare, str) else {})}
    options = {name: more.pop(name) for name in ("computedAs", "stickinessCriteria", "display") if name in more}
    return {**made, **({"stickinessFilter": options} if options else {}), **more}


def ask(events: str, *series: Any, days: Any, now: str = NOW, given: dict[str, Any] | None = None, **more: Any) -> list[dict[str, Any]]:
    """Ask, and give the rows."""
    found: list[dict[str, Any]] = ek.Project(rows(events), **(given or {})).query(asked(*(series or ("v",)), days=days, **more), now=now)[
        "results"
    ]
    return found


def data(*args: Any, **more: Any) -> list[int]:
    """Ask, and give the figures of the one row."""
    (row,) = ask(*args, **more)
    figures: list[int] = row["data"]
    return figures


def who(events: str, *series: Any, days: Any, given: dict[str, Any] | None = None, which: dict[str, Any], **more: Any) -> list[str]:
    """Give who is behind a figure, by id."""
    query = {"kind": "StickinessActorsQuery", "source": asked(*(series or ("v",)), days=days, **more), **which}
    return sorted(r["id"] for r in ek.Project(rows(events), **(given or {})).query(query, now=NOW)["results"])
