"""Funnels asked in PostHog's JSON, over logs of events that a test writes in a line.

A log is "a A@0 X@1 B@31[b=x,n=1]; b A@1d2h": people, each with what they did and when, counted in seconds (or days, hours, minutes,
seconds) from the first of January 2020, a Wednesday, in UTC. What is in brackets are properties: JSON where it reads as JSON, else text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import evkit as ek
from tests.semantics.logs import DATES, NOW, parsed

Series = str | Sequence[str | Mapping[str, Any]]


def events(log: str) -> list[dict[str, Any]]:
    """Give the events of a log, in the order written. Each also holds its own name, as the property `is`."""
    return parsed(log, lambda name: (name, {"is": name}))


def holding(letter: str, **more: Any) -> dict[str, Any]:
    """Give the item that every event with this letter in its name is: "AB" is both A and B."""
    return {
        "kind": "EventsNode",
        "event": None,
        "properties": [{"key": "is", "type": "event", "operator": "regex", "value": letter}],
        **more,
    }


def having(event: str, key: str, wanted: Any, **more: Any) -> dict[str, Any]:
    """Give the item that an event with a property of this value is."""
    filters = [{"key": key, "type": "event", "operator": "exact", "value": wanted}]
    return {"kind": "EventsNode", "event": event, "properties": filters, **more}


def nodes(series: Series) -> list[dict[str, Any]]:
    """Give the items of "A B? C": B may be left out."""
    given = series.split() if isinstance(series, str) else series
    made = []
    for one in given:
        if isinstance(one, str):
            node = {"kind": "EventsNode", "event": one.removesuffix("?")}
            made.append({**node, "optionalInFunnel": True} if one.endswith("?") else node)
        else:
            made.append(dict(one))
    return made


def excluded(text: str | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give the exclusions of "X:0-1 Y:1-2"."""
    if not isinstance(text, str):
        return [dict(one) for one in text]
    made = []
    for one in text.split():
        name, low, high = re.fullmatch(r"(.+):(-?\d+)-(-?\d+)", one).groups()  # type: ignore[union-attr]
        made.append({"kind": "EventsNode", "event": name, "funnelFromStep": int(low), "funnelToStep": int(high)})
    return made


def query(
    series: Series = "A B",
    *,
    window: str = "10 second",
    order: str = "ordered",
    viz: str = "steps",
    exclude: str | Sequence[Mapping[str, Any]] = "",
    breakdown: str | Mapping[str, Any] | None = None,
    attribution: str | None = None,
    options: Mapping[str, Any] | None = None,
    **top: Any,
) -> dict[str, Any]:
    """Give a FunnelsQuery; `options` are more fields of its funnelsFilter, `top` more of its own. `attribution` may be "step:0"."""
    amount, unit = window.split()
    filters: dict[str, Any] = {"funnelWindowInterval": int(amount), "funnelWindowIntervalUnit": unit}
    filters |= {"funnelOrderType": order, "funnelVizType": viz}
    if exclude:
        filters["exclusions"] = excluded(exclude)
    if attribution:
        kind, _, step = attribution.partition(":")
        filters |= {"breakdownAttributionType": kind} | ({"breakdownAttributionValue": int(step)} if step else {})
    made = {"kind": "FunnelsQuery", "series": nodes(series), "dateRange": DATES, "funnelsFilter": {**filters, **(options or {})}}
    if breakdown is not None:
        made["breakdownFilter"] = {"breakdown": breakdown, "breakdown_type": "event"} if isinstance(breakdown, str) else dict(breakdown)
    return {**made, **top}


def answer(log: str, asked: Mapping[str, Any], *, now: str = NOW, **project: Any) -> dict[str, Any]:
    """Ask a query over a log; keywords are the project's."""
    return ek.Project(events=events(log), **project).query(asked, now=now)


def ask(log: str, series: Series = "A B", *, project: Mapping[str, Any] | None = None, now: str = NOW, **asked: Any) -> Any:
    """Give the results of a funnel over a log."""
    return answer(log, query(series, **asked), now=now, **(project or {}))["results"]


def counts(log: str, series: Series = "A B", **asked: Any) -> list[int]:
    """Give how many did each step: [] when nobody entered."""
    return [row["count"] for row in ask(log, series, **asked)]


def times(log: str, series: Series = "A B", **asked: Any) -> list[float | None]:
    """Give the average times at each step but the first."""
    return [row["average_conversion_time"] for row in ask(log, series, **asked)[1:]]


def key(given: Any) -> Any:
    """Give a breakdown value as a key: lists as tuples."""
    return tuple(given) if isinstance(given, list) else given


def by_value(log: str, series: Series = "A B", **asked: Any) -> dict[Any, list[int]]:
    """Give how many did each step, by breakdown value (a list of texts is a tuple here), in the order of the answer."""
    rows = ask(log, series, **asked)
    found = {key(row[0]["breakdown_value"]): [step["count"] for step in row] for row in rows}
    assert len(found) == len(rows), "a value comes up twice"
    return found


def people(
    log: str, series: Series = "A B", *, project: Mapping[str, Any] | None = None, which: Mapping[str, Any], **asked: Any
) -> list[str]:
    """Give who is behind a figure, sorted; `which` are the fields of the FunnelsActorsQuery."""
    source = {"kind": "FunnelsActorsQuery", "source": query(series, **asked), **which}
    return sorted(row["id"] for row in answer(log, {"kind": "ActorsQuery", "source": source}, **(project or {}))["results"])


def did(log: str, series: Series = "A B", *, step: int, **asked: Any) -> list[str]:
    """Give who did a step (negative: was lost before it)."""
    return people(log, series, which={"funnelStep": step}, **asked)


def periods(log: str, series: Series = "A B", *, window: str = "1 day", project: Mapping[str, Any] | None = None, **asked: Any) -> Any:
    """Give how many entered and converted in each period that somebody entered in, by the last two digits of the day; by value, if parted."""
    found: dict[Any, dict[str, tuple[int, int]]] = {}
    for row in answer(log, query(series, window=window, viz="trends", **asked), **(project or {}))["summary"]:
        mine = found.setdefault(key(row.get("breakdown_value")), {})
        if row["reached_from_step_count"]:
            mine[row["timestamp"][8:]] = (row["reached_from_step_count"], row["reached_to_step_count"])
    return found if "breakdown" in asked else found.get(None, {})


def bins(log: str, series: Series = "A B", *, window: str = "1 day", **asked: Any) -> list[list[int]]:
    """Give the bins of the time to convert: where each begins, and how many are in it."""
    return ask(log, series, window=window, viz="time_to_convert", **asked)["bins"]
