"""Paths asked in PostHog's JSON, over logs of events that a test writes in a line.

A log is "ann /pricing@0 buy@1m[p=x]; bob ~home@2h": people, each with what they did and when, counted from the first of January 2020
in UTC. What begins with / is a page ($pageview), with ~ a screen ($screen); `/` alone and `/a/` keep their slashes; "url=" gives any
other address. Anything else is the name of an event. In brackets stand properties, as JSON where they read as JSON.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import evkit as ek

START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
NOW = "2020-01-12T12:00:00Z"
DATES = {"date_from": "2020-01-01", "date_to": "2020-01-10"}
EVENT = re.compile(
    r"(?P<name>[^@\s]*)@(?P<sign>-?)(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?P<s>\d+(?:\.\d+)?)?(?:\[(?P<props>.*)\])?"
)
OPTIONS = frozenset(
    {
        "includeEventTypes", "startPoint", "endPoint", "stepLimit", "edgeLimit", "minEdgeWeight", "maxEdgeWeight", "excludeEvents", "pathGroupings",
        "pathReplacements", "localPathCleaningFilters", "pathsHogQLExpression", "pathStartKey", "pathEndKey", "pathDropoffKey",
    }
)  # fmt: skip
ALL = ["$pageview", "$screen", "custom_event"]


def value(text: str) -> Any:
    """Give the value of a property as it is written in a log."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def events(log: str) -> list[dict[str, Any]]:
    """Give the events of a log, in the order written."""
    found = []
    for line in filter(str.strip, log.split(";")):
        who, *done = line.split()
        for text in done:
            m = EVENT.fullmatch(text)
            assert m, f"{text!r} is no event"
            ago = dt.timedelta(days=int(m["d"] or 0), hours=int(m["h"] or 0), minutes=int(m["m"] or 0))
            ago += dt.timedelta(microseconds=round(float(m["s"] or 0) * 1_000_000))
            properties = {k: value(v) for k, v in (pair.split("=", 1) for pair in (m["props"] or "").split(",") if pair)}
            name = m["name"]
            if name.startswith(("/", "url=")):
                name, properties = "$pageview", {"$current_url": name.removeprefix("url="), **properties}
            elif name.startswith("~"):
                name, properties = "$screen", {"$screen_name": name[1:], **properties}
            time = START - ago if m["sign"] else START + ago
            found.append({"event": name, "distinct_id": who, "timestamp": time.isoformat(), "properties": properties})
    return found


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
