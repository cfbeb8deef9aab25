"""How these tests write a log of events and ask a TrendsQuery of it.

The notation of tests/conftest.py ("a v 01-01 10:00 p=x; b v 01-02"), read into the dicts that `ek.Project` takes: times are
UTC of 2020 (or "2019-12-31"), "3*a v 01-01" is three events, and values are read as JSON where they can be.
"""

from __future__ import annotations

import json
import re
from typing import Any

import evkit as ek

YEAR = "2020"
NOW = "2020-01-12T12:00:00Z"
NULL = "$$_posthog_breakdown_null_$$"
OTHER = "$$_posthog_breakdown_other_$$"
TRENDS_FILTER = ("display", "formula", "formulas", "formulaNodes", "smoothingIntervals")
TIMES = re.compile(r"(\d+)\*(.+)")


def value_of(text: str) -> Any:
    """Read a property's value: JSON where it is some (10, 1.5, true, null, "10"), else text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def rows(text: str) -> list[dict[str, Any]]:
    """Give events: who, what, [year-]month-day, perhaps a time, perhaps key=value properties."""
    made: list[dict[str, Any]] = []
    for part in (p for p in text.split(";") if p.strip()):
        who, what, day, *rest = part.split()
        time = rest.pop(0) if rest and "=" not in rest[0] else "00:00"
        times = TIMES.fullmatch(who)
        event = {
            "event": what,
            "distinct_id": times[2] if times else who,
            "timestamp": f"{day if len(day) > 5 else f'{YEAR}-{day}'}T{time if time.count(':') == 2 else f'{time}:00'}Z",
            "properties": {k: value_of(v) for k, v in (p.split("=", 1) for p in rest)},
        }
        made += [event] * (int(times[1]) if times else 1)
    return made


def node(event: str | None, math: str | None = None, **more: Any) -> dict[str, Any]:
    """Give a series."""
    return {"kind": "EventsNode", "event": event, **({"math": math} if math else {}), **more}


def answer(
    events: str | list[dict[str, Any]],
    *series: Any,
    days: Any = None,
    by: Any = None,
    compare: bool | str = False,
    now: str = NOW,
    project: dict[str, Any] | None = None,
    **query: Any,
) -> dict[str, Any]:
    """Ask a TrendsQuery and give the whole response.

    `series` are names of events or nodes; `days` a date_from, (date_from, date_to), or PostHog's dateRange; `by` an event
    property, or PostHog's breakdownFilter; `compare` True, or what to compare to; options of trendsFilter go by their names.
    """
    asked: dict[str, Any] = {"kind": "TrendsQuery", "series": [s if isinstance(s, dict) else node(s) for s in series]}
    if days is not None:
        ends = (days,) if isinstance(days, str) else days
        asked["dateRange"] = dict(ends) if isinstance(ends, dict) else dict(zip(("date_from", "date_to"), ends, strict=False))
    if by is not None:
        asked["breakdownFilter"] = by if isinstance(by, dict) else {"breakdown": by, "breakdown_type": "event"}
    if compare:
        asked["compareFilter"] = {"compare": True, **({"compare_to": compare} if isinstance(compare, str) else {})}
    options = {name: query.pop(name) for name in TRENDS_FILTER if name in query}
    if options:
        asked["trendsFilter"] = options
    made = ek.Project(rows(events) if isinstance(events, str) else events, **(project or {}))
    return made.query({**asked, **query}, now=now)


def ask(events: str | list[dict[str, Any]], *series: Any, **query: Any) -> list[dict[str, Any]]:
    """Ask a TrendsQuery, as `answer`, and give the rows."""
    found: list[dict[str, Any]] = answer(events, *series, **query)["results"]
    return found


def data(results: list[dict[str, Any]]) -> list[Any]:
    """Give the figures of each row."""
    return [r["data"] for r in results]


def total(results: list[dict[str, Any]]) -> list[float]:
    """Give the figure of each row of a total-value display."""
    return [r["aggregated_value"] for r in results]


def counted(results: list[dict[str, Any]]) -> dict[str, float]:
    """Give the one row's figures that aren't zero, by their day."""
    (row,) = results
    return {day: figure for day, figure in zip(row["days"], row["data"], strict=True) if figure}


def parted(results: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    """Give each row's breakdown value and figures, in order; of total-value displays its one figure."""
    return [(r["breakdown_value"], r.get("aggregated_value", r["data"])) for r in results]
