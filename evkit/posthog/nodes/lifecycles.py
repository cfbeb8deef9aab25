"""PostHog's LifecycleQuery <-> `Lifecycle`, and its response rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evkit.dates import bucket_starts
from evkit.dates.grammar import floor
from evkit.errors import SpecError, UnsupportedQuery, unknown
from evkit.insights.lifecycle import actors, compute
from evkit.insights.lifecycle.spec import STATUSES, Lifecycle
from evkit.insights.trends.actors import bucket_of
from evkit.model.tables import EventTables
from evkit.posthog.nodes import common, fields, filters, people, series
from evkit.query.actors import group_index
from evkit.query.property_filters import FilterGroup, PropertyFilter
from evkit.query.spec import Action, Series

QUERY = frozenset(
    {"series", "dateRange", "interval", "properties", "filterTestAccounts", "lifecycleFilter", "aggregation_group_type_index"}
)
DRAWN = frozenset({"toggledLifecycles", "showLegend", "showValuesOnSeries", "stacked", "resultCustomizations", "resultCustomizationBy"})
ACTORS = frozenset({"source", "day", "status", "includeRecordings"})
NO_SERIES = "Lifecycle insights require at least one series."


def from_query(query: Mapping[str, Any], tables: EventTables) -> Lifecycle:
    """Give the question that a LifecycleQuery asks.

    Several series are one of all their filters at once, as in PostHog.

    Raises
    ------
    SpecError
        For a query without series, or of an action that the project doesn't have.
    UnsupportedQuery
        Names the part that evkit doesn't answer.
    """
    fields.check(query, "LifecycleQuery", QUERY)
    fields.check(query.get("lifecycleFilter") or {}, "lifecycleFilter", (), DRAWN)
    return Lifecycle(
        subject_of(query, tables),
        interval=query.get("interval") or "day",
        date_range=common.range_of(query),
        filters=common.filters_of(query, tables),
        group_type_index=query.get("aggregation_group_type_index"),
    )


def subject_of(query: Mapping[str, Any], tables: EventTables) -> Series:
    """Give what makes somebody active.

    Raises
    ------
    SpecError
        When there is none, or it is an action that the project doesn't have.
    UnsupportedQuery
        For several series of different events.
    """
    nodes = query.get("series") or ()
    if not nodes:
        raise SpecError(NO_SERIES)
    made = [series.from_json(series.without_math(node), tables) for node in nodes]
    missing = next((node.get("id") for node, one in zip(nodes, made, strict=True) if one is None), None)
    given = [one for one in made if one is not None]
    if len(given) < len(nodes):
        raise SpecError(f"the project has no action {missing!r}. It has: {', '.join(map(repr, tables.settings.actions)) or 'none'}")
    first = given[0]
    for one in given[1:]:
        if isinstance(one.subject, Action) and one.subject != first.subject:
            if isinstance(first.subject, Action):
                raise UnsupportedQuery(
                    f"a LifecycleQuery of two actions, {first.label!r} and {one.label!r}, is not answered: give one series"
                )
            first, one = replace(first, subject=one.subject, name=first.label, filters=one.group.and_(first.group)), first
        first = replace(first, filters=first.group.and_(one.group).and_(of_event(one, first)))
    return first


def of_event(one: Series, kept: Series) -> FilterGroup:
    """Give what a series asks of the event's name, where it isn't what is asked already."""
    asked = isinstance(one.subject, str) and one.subject != kept.subject
    return FilterGroup.of(PropertyFilter("event", one.subject, "exact", "event_metadata") if asked else None)


def to_query(spec: Lifecycle, tables: EventTables) -> dict[str, Any]:
    """Give the LifecycleQuery of a question; what is as by default is left out."""
    made: dict[str, Any] = {
        "kind": "LifecycleQuery",
        "series": [series.to_json(spec.subject, tables)],
        "interval": spec.interval,
        "dateRange": common.range_to_json(spec.date_range),
    }
    index = group_index(spec.group_type, spec.group_type_index, tables)
    if index is not None:
        made["aggregation_group_type_index"] = index
    if spec.filters.values:
        made["properties"] = filters.to_json(spec.filters)
    return made


# ---------------------------------------------------------------------- answers
def answer(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer a LifecycleQuery in the shape of PostHog's response: a series a status."""
    spec = from_query(query, tables)
    span = compute.span(spec, tables)
    starts = bucket_starts(span)
    found = compute.figures(spec, tables, span)
    days = [common.day_text(start, spec.interval) for start in starts]
    labels = [common.label_text(start, spec.interval, span) for start in starts]
    entity = action(query["series"][0], tables)
    rows = [
        {
            "data": found[status].tolist(),
            "count": float(found[status].sum()),
            "days": days,
            "labels": labels,
            "label": f"{entity['name']} - {status}",
            "status": status,
            "action": entity,
        }
        for status in STATUSES
    ]
    return {"results": rows}


def action(node: Mapping[str, Any], tables: EventTables) -> dict[str, Any]:
    """Give the first series as the old filter's entity."""
    rest = {"order": 0, "math": "total"}
    known = series.action_of(node, tables) if node.get("kind") == "ActionsNode" else None
    if known is not None:
        return {"id": node.get("id"), "name": known.name, "type": "actions", **rest}
    event = node.get("event")
    return {"id": event, "name": "All events" if event is None else event, "type": "events", **rest}


# ---------------------------------------------------------------------- actors
def answer_actors(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer an InsightActorsQuery over a LifecycleQuery: who is of one status in one bucket, most events first."""
    fields.check(query, "InsightActorsQuery", ACTORS)
    spec = from_query(query["source"], tables)
    status, day = query.get("status"), query.get("day")
    bucket = None
    if day is not None:
        bucket = floor(common.wall_clock(day, tables), spec.interval, 1 if tables.settings.week_start == "monday" else 0)
        if bucket not in bucket_starts(compute.span(spec, tables)):
            return {"results": []}
    found = actors.actors(spec, tables, bucket=bucket, status=status)
    ids = list(dict.fromkeys(found.actor_id))
    return {"results": people.actors(ids, tables, group_type_index=group_index(spec.group_type, spec.group_type_index, tables))}


def to_actors_query(
    spec: Lifecycle, tables: EventTables, *, bucket: str | dt.datetime | None = None, status: str | None = None
) -> dict[str, Any]:
    """Give the InsightActorsQuery of who is behind a figure, named as `insight.actors` names it.

    Raises
    ------
    SpecError
        When the question has no such bucket or status.
    """
    if status is not None and status not in STATUSES:
        raise unknown("status", status, STATUSES)
    made: dict[str, Any] = {"kind": "InsightActorsQuery", "source": to_query(spec, tables)}
    at = bucket_of(bucket, bucket_starts(compute.span(spec, tables)))
    if at is not None:
        made["day"] = common.day_text(at, spec.interval)
    return made if status is None else {**made, "status": status}
