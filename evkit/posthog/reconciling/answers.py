"""An answer of PostHog's -> its figures one by one, so that two answers can be laid beside each other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from evkit.errors import PostHogError


class Key(NamedTuple):
    """Which figure it is: of which series and breakdown value, at which time, step or place, and what is counted."""

    series: str
    breakdown_value: str
    at: str
    figure: str


Figures = dict[Key, float]
Row = Mapping[str, Any]


def figures(kind: str, answer: Mapping[str, Any]) -> Figures:
    """Give the figures of an answer.

    Raises
    ------
    PostHogError
        When it has another shape than answers to such queries have.
    """
    try:
        return {key: float(value) for key, value in READERS[kind](answer["results"]) if value is not None}
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise PostHogError(f"the answer to a {kind} has an unknown shape ({type(error).__name__}: {error})") from error


def said(value: Any) -> str:
    """Write a breakdown value; one in a list is itself.

    Examples
    --------
    >>> said(["pro"]), said("pro"), said(["pro", "mac"]), said(None)
    ('pro', 'pro', '["pro","mac"]', '')
    """
    if isinstance(value, list):
        return said(value[0]) if len(value) == 1 else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return "" if value is None else str(value)


Found = Iterator[tuple[Key, Any]]


def placed(rows: Sequence[Row], otherwise: str = "") -> Iterator[tuple[Row, str, str]]:
    """Give each row with its series, told apart by the action's order, else by the row's place, and its breakdown value."""
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        value, period, action = said(row.get("breakdown_value")), str(row.get("compare_label") or "current"), row.get("action")
        number = seen.get((value, period), 0)
        seen[value, period] = number + 1
        name = f"{action['order']}" if isinstance(action, Mapping) else f"{otherwise}{number}"
        yield row, name if period == "current" else f"{name}, {period}", value


def of_trends(rows: Sequence[Row]) -> Found:
    """Read series over time, or one figure over all; formulas are told apart by their order."""
    for row, name, value in placed(rows, "formula "):
        if row.get("data") and row.get("days"):
            for day, figure in zip(row["days"], row["data"], strict=True):
                yield Key(name, value, str(day), "value"), figure
        else:
            yield Key(name, value, "", "value"), row.get("aggregated_value")


def of_funnels(results: Any) -> Found:
    """Read steps, conversion over time, or the time to convert."""
    if isinstance(results, Mapping):
        for edge, count in results.get("bins") or ():
            yield Key("", "", f"from {edge} s", "persons"), count
        yield Key("", "", "", "average_conversion_time"), results.get("average_conversion_time")
        return
    lines = results if results and isinstance(results[0], list) else [results]
    for line in lines:
        for row in line:
            value = said(row.get("breakdown_value", row.get("breakdown")))
            if "data" in row:
                for day, figure in zip(row["days"], row["data"], strict=True):
                    yield Key("", value, str(day), "conversion_rate"), figure
                continue
            at = f"step {int(row['order']) + 1}"
            yield Key("", value, at, "persons"), row["count"]
            for figure in ("average_conversion_time", "median_conversion_time"):
                yield Key("", value, at, figure), row.get(figure)


def of_retention(rows: Sequence[Row]) -> Found:
    """Read cells: a cohort's period and how many periods later."""
    for row in rows:
        value = said(row.get("breakdown_value"))
        for later, cell in enumerate(row["values"]):
            yield Key("", value, f"{row['label']} + {later}", "persons"), cell["count"]
            yield Key("", value, f"{row['label']} + {later}", "aggregation_value"), cell.get("aggregation_value")


def of_lifecycle(rows: Sequence[Row]) -> Found:
    """Read how many are new, returning, resurrecting, dormant over time."""
    for row in rows:
        for day, figure in zip(row["days"], row["data"], strict=True):
            yield Key(str(row["status"]), "", str(day), "persons"), figure


def of_stickiness(rows: Sequence[Row]) -> Found:
    """Read how many persons were active in so many intervals."""
    for row, name, _ in placed(rows):
        for days, figure in zip(row["days"], row["data"], strict=True):
            yield Key(name, "", f"{days} intervals", "persons"), figure


def of_paths(rows: Sequence[Row]) -> Found:
    """Read edges."""
    for row in rows:
        at = f"{row['source']} to {row['target']}"
        yield Key("", "", at, "paths"), row["value"]
        yield Key("", "", at, "average_conversion_time"), row.get("average_conversion_time")


def of_correlation(results: Mapping[str, Any]) -> Found:
    """Read how often what was done by those who converted, and by those who did not."""
    for row in results["events"]:
        for figure in ("success_count", "failure_count"):
            yield Key(str(row["event"]["event"]), "", "", figure), row[figure]


READERS: dict[str, Callable[[Any], Found]] = {
    "TrendsQuery": of_trends,
    "FunnelsQuery": of_funnels,
    "RetentionQuery": of_retention,
    "LifecycleQuery": of_lifecycle,
    "StickinessQuery": of_stickiness,
    "PathsQuery": of_paths,
    "FunnelCorrelationQuery": of_correlation,
}
