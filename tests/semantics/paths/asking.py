"""Paths asked in PostHog's JSON, over logs of events that a test writes in a line.

A log is "ann /pricing@0 buy@1m[p=x]; bob ~home@2h": people, each with what they did and when, counted from the first of January 2020
in UTC. What begins with / is a page ($pageview), with ~ a screen ($screen); `/` alone and `/a/` keep their slashes; "url=" gives any
other address. Anything else is the name of an event. In brackets stand properties, as JSON where they read as JSON.
"""

from __future__ import annotations

from typing import Any

import evkit as ek
from tests.semantics.logs import DATES, NOW, parsed

OPTIONS = frozenset(
    {
        "includeEventTypes", "startPoint", "endPoint", "stepLimit", "edgeLimit", "minEdgeWeight", "maxEdgeWeight", "excludeEvents", "pathGroupings",
        "pathReplacements", "localPathCleaningFilters", "pathsHogQLExpression", "pathStartKey", "pathEndKey", "pathDropoffKey",
    }
)  # fmt: skip
ALL = ["$pageview", "$screen", "custom_event"]


def events(log: str) -> list[dict[str, Any]]:
    """Give the events of a log, in the order written."""
    return parsed(log, named)


def named(text: str) -> tuple[str, dict[str, Any]]:
    """Give the event that is written so."""
    if text.startswith(("/", "url=")):
        return "$pageview", {"$current_url": text.removeprefix("url=")}
    if text.startswith("~"):
        return "$screen", {"$screen_name": text[1:]}
    return text, {}


def project(log: str | list[dict[str, Any]], **settings: Any) -> ek.Project:
    """Give the project that a log is of."""
    return ek.Project(events(log) if isinstance(log, str) else log, **settings)


def query(days: Any = DATES, **asked: Any) -> dict[str, Any]:
    """Give a PathsQuery: options of pathsFilter go by their names, everything else is the query's."""
    options = {name: asked.pop(name) for name in OPTIONS if name in asked}
    return {"kind": "PathsQuery", "dateRange": days, "pathsFilter": options, **asked}


def rows(log: str | list[dict[str, Any]], *, settings: dict[str, Any] | None = None, **asked: Any) -> list[dict[str, Any]]:
    """Ask and give the rows of the response."""
    found: list[dict[str, Any]] = project(log, **(settings or {})).query(query(**asked), now=NOW)["results"]
    return found


def edges(log: str | list[dict[str, Any]], **asked: Any) -> list[str]:
    """Give the edges: "1_/a 2_/b" and how often, where that is more than once."""
    return [f"{r['source']} {r['target']}{'' if r['value'] == 1 else ' x' + str(r['value'])}" for r in rows(log, **asked)]


def way(log: str, **asked: Any) -> str:
    """Give the one path of a log, of which each edge was taken once."""
    found = sorted(rows(log, **asked), key=lambda r: int(r["source"].partition("_")[0]))
    assert all(r["value"] == 1 for r in found)
    items = [found[0]["source"], *(r["target"] for r in found)] if found else []
    assert [int(i.partition("_")[0]) for i in items] == list(range(1, len(items) + 1))
    return " ".join(i.partition("_")[2] for i in items)


def seconds(log: str, **asked: Any) -> list[float]:
    """Give the seconds of each edge on average."""
    return [r["average_conversion_time"] / 1000 for r in rows(log, **asked)]


def who(log: str, **asked: Any) -> list[str]:
    """Give who is behind the keys of a query."""
    found = project(log).query({"kind": "ActorsQuery", "source": {"kind": "InsightActorsQuery", "source": query(**asked)}}, now=NOW)
    return sorted(p["id"] for p in found["results"])


def funnel(*steps: str, window: tuple[int, str] = (14, "day"), **more: Any) -> dict[str, Any]:
    """Give a FunnelsQuery."""
    options = {"funnelWindowInterval": window[0], "funnelWindowIntervalUnit": window[1], **more.pop("options", {})}
    series = [{"kind": "EventsNode", "event": s} for s in steps]
    return {"kind": "FunnelsQuery", "series": series, "dateRange": DATES, "funnelsFilter": options, **more}


def following(source: dict[str, Any], kind: str, step: int) -> dict[str, Any]:
    """Give the funnelPathsFilter."""
    return {"funnelSource": source, "funnelPathType": f"funnel_path_{kind}", "funnelStep": step}
