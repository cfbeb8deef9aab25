"""PostHog's RetentionQuery <-> `Retention`, and its response rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from evkit.errors import SpecError, UnsupportedQuery, unknown, whole
from evkit.insights.retention import actors, compute
from evkit.insights.retention.grid import grid
from evkit.insights.retention.relation import group_index
from evkit.insights.retention.spec import PAGEVIEW, Retention
from evkit.model.tables import EventTables
from evkit.posthog.nodes import breakdowns, common, fields, filters, people, series
from evkit.query.property_filters import ALL_USERS, PropertyRef
from evkit.query.spec import Action, Series

DEFAULT_PERIOD, DEFAULT_INTERVALS = "Day", 7
"""PostHog's own, where a query names none."""
QUERY = frozenset({"retentionFilter", "dateRange", "properties", "filterTestAccounts", "breakdownFilter", "aggregation_group_type_index"})
OPTIONS = frozenset(
    {
        "targetEntity", "returningEntity", "period", "totalIntervals", "retentionType", "cumulative", "minimumOccurrences",
        "retentionCustomBrackets", "timeWindowMode", "aggregationType", "aggregationProperty", "aggregationPropertyType",
        "meanRetentionCalculation", "display",
    }
)  # fmt: skip
DRAWN = frozenset({"retentionReference", "dashboardDisplay", "showTrendLines", "goalLines", "selectedInterval", "showMean"})
ENTITY = frozenset({"id", "type", "kind", "name", "custom_name", "order", "uuid", "properties"})
BREAKDOWN = frozenset({"breakdown", "breakdowns", "breakdown_type", "breakdown_limit", "breakdown_group_type_index"})
ACTORS = frozenset({"source", "interval", "breakdown", "includeRecordings"})
PERIODS = {"Hour": "hour", "Day": "day", "Week": "week", "Month": "month"}
EVERYBODY = "0"
"""PostHog's number for "all users" in retention."""


def from_query(query: Mapping[str, Any], tables: EventTables) -> Retention:
    """Give the question that a RetentionQuery asks.

    Raises
    ------
    SpecError
        For a wrong word, or parts that don't go together.
    UnsupportedQuery
        Names the part that evkit doesn't answer.
    """
    options = query.get("retentionFilter") or {}
    fields.check(query, "RetentionQuery", QUERY)
    fields.check(options, "retentionFilter", OPTIONS, DRAWN)
    period = options.get("period") or DEFAULT_PERIOD
    if period not in PERIODS:
        raise unknown("period", period, PERIODS)
    refs, limit = breakdown_of(query.get("breakdownFilter") or {})
    rolling = options.get("timeWindowMode") == "24_hour_windows"
    how: Any = options.get("aggregationType") or "count"
    minimum = 1 if rolling or how != "count" else options.get("minimumOccurrences") or 1
    mean: Any = options.get("meanRetentionCalculation") or "simple"
    return Retention(
        entity(options.get("targetEntity"), tables),
        entity(options.get("returningEntity"), tables),
        period=PERIODS[period],  # type: ignore[arg-type]
        total_intervals=count_of("totalIntervals", options.get("totalIntervals") or DEFAULT_INTERVALS),
        retention_type=options.get("retentionType") or "retention_recurring",
        cumulative=bool(options.get("cumulative")),
        minimum_occurrences=count_of("minimumOccurrences", minimum),
        custom_brackets=[count_of("retentionCustomBrackets", size) for size in options.get("retentionCustomBrackets") or ()],
        time_window_mode=options.get("timeWindowMode") or "strict_calendar_dates",
        aggregation_type=how,
        aggregation_property=aggregated(options) if how != "count" else None,
        breakdown=refs,
        breakdown_limit=limit,
        group_type_index=query.get("aggregation_group_type_index"),
        display="ActionsTable" if options.get("display") in (None, "ActionsTable") else "ActionsLineGraph",
        mean_retention_calculation=mean,
        filters=common.filters_of(query, tables),
        date_range=common.range_of(query),
    )


def count_of(name: str, given: Any) -> int:
    """Give a number of JSON that must be whole: 7 and 7.0.

    Raises
    ------
    SpecError
        When it isn't.
    """
    value = int(given) if isinstance(given, float) and given.is_integer() else given
    whole(name, value)
    return int(value)


def entity(node: Mapping[str, Any] | None, tables: EventTables) -> Series:
    """Give what somebody does: an event, an action, or any event where the id is null; PostHog's default is a pageview.

    Raises
    ------
    SpecError
        When it is an action that the project doesn't have.
    UnsupportedQuery
        When it is of another kind.
    """
    if not node:
        return Series(PAGEVIEW)
    fields.check(node, "an entity of retention", ENTITY)
    kind = node.get("type") or ("actions" if node.get("kind") == "ActionsNode" else "events")
    if kind not in ("events", "actions") or node.get("kind") not in (None, "EventsNode", "ActionsNode"):
        raise UnsupportedQuery(f"an entity of type {kind!r} is not answered. Types that are: events, actions")
    subject: str | Action | None = None if node.get("id") is None else str(node["id"])
    if kind == "actions":
        subject = series.action_of(node, tables)
        if subject is None:
            raise SpecError(f"retention names an action that the project doesn't have: {node.get('id')!r}")
    return Series(subject, filters=filters.from_json(node.get("properties")), name=node.get("custom_name") or None)


def aggregated(options: Mapping[str, Any]) -> PropertyRef | None:
    """Give the property that is added up.

    Raises
    ------
    UnsupportedQuery
        When it is neither of the event nor of the person.
    """
    key, kind = options.get("aggregationProperty"), options.get("aggregationPropertyType") or "event"
    if kind not in ("event", "person"):
        raise UnsupportedQuery(f"aggregationPropertyType {kind!r} is not answered. Types that are: event, person")
    return PropertyRef(str(key), type=kind) if key else None


def breakdown_of(given: Mapping[str, Any]) -> tuple[tuple[PropertyRef, ...], int]:
    """Give what the figures are parted by, and the limit: cohorts may come in either of the two lists."""
    fields.check(given, "breakdownFilter", BREAKDOWN)
    several = given.get("breakdowns") or ()
    if several and all(one.get("type") == "cohort" for one in several):
        given = {
            "breakdown_type": "cohort",
            "breakdown": [one.get("property") for one in several],
            "breakdown_limit": given.get("breakdown_limit"),
        }
    if given.get("breakdown_type") == "cohort" and not given.get("breakdowns") and given.get("breakdown") is not None:
        ids = given["breakdown"] if isinstance(given["breakdown"], list) else [given["breakdown"]]
        given = {**given, "breakdown": [ALL_USERS if str(one) in (EVERYBODY, ALL_USERS) else one for one in ids]}
    return breakdowns.from_json(given)


# ---------------------------------------------------------------------- our questions as PostHog's
def to_query(spec: Retention, tables: EventTables) -> dict[str, Any]:
    """Give the RetentionQuery of a question; what is as by default is left out."""
    made: dict[str, Any] = {"kind": "RetentionQuery", "dateRange": common.range_to_json(spec.date_range)}
    index = group_index(spec, tables)
    if index is not None:
        made["aggregation_group_type_index"] = index
    if spec.filters.values:
        made["properties"] = filters.to_json(spec.filters)
    if spec.breakdown:
        made["breakdownFilter"] = breakdowns.to_json(spec.breakdown, spec.breakdown_limit, tables)
    options: dict[str, Any] = {
        "targetEntity": entity_to_json(spec.target),
        "returningEntity": entity_to_json(spec.returning),
        "period": spec.period.capitalize(),
        "totalIntervals": spec.total_intervals,
    }
    for name, value, default in (
        ("retentionType", spec.retention_type, "retention_recurring"), ("cumulative", spec.cumulative, False),
        ("minimumOccurrences", spec.minimum_occurrences, 1), ("retentionCustomBrackets", list(spec.custom_brackets), []),
        ("timeWindowMode", spec.time_window_mode, "strict_calendar_dates"), ("aggregationType", spec.aggregation_type, "count"),
        ("display", spec.display, "ActionsTable"), ("meanRetentionCalculation", spec.mean_retention_calculation, "simple"),
    ):  # fmt: skip
        if value != default:
            options[name] = value
    if spec.aggregation_property is not None:
        options |= {"aggregationProperty": spec.aggregation_property.key, "aggregationPropertyType": spec.aggregation_property.type}
    return {**made, "retentionFilter": options}


def entity_to_json(one: Series) -> dict[str, Any]:
    """Give PostHog's entity of what somebody does."""
    if isinstance(one.subject, Action):
        made: dict[str, Any] = {"id": series.action_id(one.subject), "name": one.subject.name, "type": "actions"}
    else:
        made = {"id": one.subject, "name": one.subject or "All events", "type": "events"}
    if one.name:
        made["custom_name"] = one.name
    if one.group.values:
        made["properties"] = filters.as_list(one.group)
    return made


# ---------------------------------------------------------------------- answers
def answer(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer a RetentionQuery in the shape of PostHog's response: a row a breakdown value and cohort, with a value an interval."""
    spec = from_query(query, tables)
    made = grid(spec, tables)
    zone, results = ZoneInfo(tables.settings.timezone), []
    for found in compute.found_cells(spec, tables, made):
        value = EVERYBODY if found.value == ALL_USERS and spec.cohorts else found.value
        sums = found.aggregated(spec.aggregation_type)
        for i, start in enumerate(made.starts):
            values: list[dict[str, Any]] = [
                {"count": count, "label": label} for count, label in zip(found.counts[i].tolist(), spec.labels, strict=True)
            ]
            for one, total in zip(values, [] if sums is None else sums[i].tolist(), strict=False):
                one["aggregation_value"] = total
            label = f"{spec.period.capitalize()} {i}"
            results.append({"values": values, "label": label, "date": date_text(start, zone), "breakdown_value": value})
    return {"results": results}


def date_text(start: dt.datetime, zone: ZoneInfo) -> str:
    """Give the start of a cohort's period as PostHog writes it, with the offset of the project's zone."""
    return start.replace(tzinfo=zone).isoformat().replace("+00:00", "Z")


def answer_actors(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer an InsightActorsQuery over a RetentionQuery: who is in a cohort, and in which intervals; most of them first."""
    fields.check(query, "InsightActorsQuery", ACTORS)
    spec = from_query(query["source"], tables)
    row = count_of("interval", query.get("interval") or 0)
    if row >= len(grid(spec, tables).starts):
        return {"results": []}
    rows = actors.members(spec, tables, row=row, value=value_of(query.get("breakdown"), spec))
    found = people.actors(rows.actor_id.tolist(), tables, group_type_index=group_index(spec, tables))
    results = []
    for actor, appearances in zip(found, rows.appearances, strict=True):
        days = {f"day_{i}": int(i in appearances) for i in range(len(spec.labels))}
        results.append({**actor, "appearances": list(appearances), **days})
    return {"results": results}


def value_of(given: Any, spec: Retention) -> str | None:
    """Give the breakdown value that an actors query names."""
    if given is None or not spec.breakdown:
        return None
    one = given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given
    if isinstance(one, (list, tuple)):
        raise SpecError(f"breakdown {given!r}: retention has one value")
    return ALL_USERS if spec.cohorts and str(one) == EVERYBODY else str(one)


def to_actors_query(
    spec: Retention,
    tables: EventTables,
    *,
    cohort: str | dt.datetime | None = None,
    interval: int | None = None,
    breakdown_value: str | None = None,
) -> dict[str, Any]:
    """Give the InsightActorsQuery of who is in a cohort, named as `insight.actors` names it.

    Raises
    ------
    SpecError
        When the question has no such cohort or value.
    UnsupportedQuery
        Without a cohort, or with an interval: PostHog names people by their cohort alone.
    """
    at = actors.cohort_at(cohort, grid(spec, tables))
    if at is None:
        raise UnsupportedQuery("PostHog names people of retention by their cohort: give cohort=")
    if interval is not None:
        raise UnsupportedQuery("PostHog gives everybody of a cohort, with their appearances: leave interval= out")
    made: dict[str, Any] = {"kind": "InsightActorsQuery", "source": to_query(spec, tables), "interval": at}
    if breakdown_value is not None:
        value = actors.value_of(breakdown_value, spec, tables, compute.found_cells(spec, tables, grid(spec, tables)))
        made["breakdown"] = EVERYBODY if spec.cohorts and value == ALL_USERS else value
    return made
