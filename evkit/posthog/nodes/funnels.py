"""PostHog's FunnelsQuery <-> `Funnel`, and its response rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from evkit.dates import DateRange
from evkit.errors import SpecError, UnsupportedQuery
from evkit.insights.funnel import compute
from evkit.insights.funnel.spec import ATTRIBUTIONS, ORDER_TYPES, Exclusion, Funnel
from evkit.model.tables import EventTables
from evkit.posthog.nodes import series, trends

DEFAULT_WINDOW = 14


def from_query(query: Mapping[str, Any], tables: EventTables) -> Funnel:
    """Give the question that a FunnelsQuery asks.

    Raises
    ------
    SpecError
        For a wrong word, or fewer than two steps.
    UnsupportedQuery
        Names the part that evkit doesn't answer.
    """
    options = query.get("funnelsFilter") or {}
    check_answered(query, options)
    steps = [series.from_json(node, tables) for node in query.get("series") or ()]
    if any(step is None for step in steps):
        raise SpecError("a step names an action that the project doesn't have")
    refs, limit = trends.breakdown(query.get("breakdownFilter") or {})
    return Funnel(
        *steps,
        window=window(options),
        order_type=options.get("funnelOrderType") or "ordered",
        exclusions=tuple(exclusion(node, len(steps), tables) for node in options.get("exclusions") or ()),
        breakdown=refs,
        breakdown_limit=limit,
        breakdown_attribution=options.get("breakdownAttributionType") or "first_touch",
        group_type_index=query.get("aggregation_group_type_index"),
        filters=trends.filters_of(query, tables),
        date_range=DateRange.of(query["dateRange"]) if query.get("dateRange") else trends.DEFAULT_RANGE,
    )


def check_answered(query: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Raise for the parts of a query that evkit doesn't answer."""
    viz = options.get("funnelVizType") or "steps"
    if viz != "steps":
        raise UnsupportedQuery(f"funnelVizType {viz!r} is not answered. One that is: steps")
    order = options.get("funnelOrderType") or "ordered"
    if order not in ORDER_TYPES:
        raise UnsupportedQuery(f"funnelOrderType {order!r} is not answered. Those that are: {', '.join(ORDER_TYPES)}")
    attribution = options.get("breakdownAttributionType") or "first_touch"
    if attribution not in ATTRIBUTIONS:
        raise UnsupportedQuery(f"breakdownAttributionType {attribution!r} is not answered. Those that are: {', '.join(ATTRIBUTIONS)}")
    by = options.get("funnelAggregateByHogQL")
    if by not in (None, "", "person_id"):
        raise UnsupportedQuery(f"funnelAggregateByHogQL {by!r} is not answered: persons and groups are")
    steps = len(query.get("series") or ())
    low, high = options.get("funnelFromStep"), options.get("funnelToStep")
    if (
        (low is not None and not 0 <= low <= steps - 2)
        or (high is not None and not 1 <= high <= steps - 1)
        or (low is not None and high is not None and low >= high)
    ):
        raise SpecError(f"funnelFromStep {low!r} to funnelToStep {high!r} is no range of a funnel of {steps} steps (counted from 0)")
    if query.get("samplingFactor") not in (None, 1):
        raise UnsupportedQuery(f"samplingFactor {query['samplingFactor']!r} is not answered: evkit counts every event")


def window(options: Mapping[str, Any]) -> str:
    """Give the conversion window; 14 of the unit where none, or nothing positive, is given."""
    amount = options.get("funnelWindowInterval") or DEFAULT_WINDOW
    if amount < 0:
        amount = DEFAULT_WINDOW
    return f"{int(amount)} {options.get('funnelWindowIntervalUnit') or 'day'}"


def exclusion(node: Mapping[str, Any], steps: int, tables: EventTables) -> Exclusion:
    """Give an exclusion; PostHog counts its steps from 0.

    Raises
    ------
    SpecError
        When its range is no range of the funnel.
    """
    low, high = int(node.get("funnelFromStep", 0)), int(node.get("funnelToStep", 0))
    if low >= high or low >= steps - 1 or high > steps - 1:
        raise SpecError(f"an exclusion from step {low} to step {high} of a funnel of {steps} steps (counted from 0): the range is wrong")
    subject = series.from_json(node, tables)
    if subject is None:
        raise SpecError("an exclusion names an action that the project doesn't have")
    return Exclusion(subject, after=low + 1, before=high + 1)


# ---------------------------------------------------------------------- answers
def answer(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer a FunnelsQuery in the shape of PostHog's response: a list of steps, or one such list a breakdown value."""
    spec = from_query(query, tables)
    found = compute.lines(spec, compute.walk(spec, tables))
    if not spec.breakdown:
        return {"results": steps_of(found[0], spec, query) if found and found[0].counts[0] else []}
    return {"results": [steps_of(line, spec, query) for line in found]}


def steps_of(line: compute.Line, spec: Funnel, query: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the steps of one breakdown value."""
    made = []
    for i, (step, node) in enumerate(zip(spec.steps, query["series"], strict=True)):
        of_action = node.get("kind") == "ActionsNode"
        row = {
            "action_id": node.get("id") if of_action else node.get("event"),
            "name": node.get("event") if not of_action else step.label,
            "custom_name": node.get("custom_name"),
            "order": i,
            "type": "actions" if of_action else "events",
            "people": [],
            "count": line.counts[i],
            "average_conversion_time": line.averages[i],
            "median_conversion_time": line.medians[i],
        }
        if spec.breakdown:
            value: Any = line.value[0] if spec.breakdown[0].type == "group" and len(line.value) == 1 else list(line.value)
            row |= {"breakdown": value, "breakdown_value": value}
        made.append(row)
    return made


def answer_actors(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer a FunnelsActorsQuery: who did a step (from 1), or was lost before it (negative)."""
    source = query["source"]
    spec = from_query(source, tables)
    number = query.get("funnelStep")
    if not number or number == -1:
        raise SpecError(f"funnelStep {number!r}: steps count from 1; negative ones, from -2, are those lost before the step")
    wanted = query.get("funnelStepBreakdown")
    value: Any = wanted if wanted is None or isinstance(wanted, str) else wanted[0] if len(wanted) == 1 else tuple(wanted)
    rows = compute.actors(spec, tables, step=abs(int(number)), dropped=number < 0, breakdown_value=value)
    if spec.group_type_index is not None:
        return {
            "results": [{"id": key, "distinct_ids": [], "properties": group(key, spec.group_type_index, tables)} for key in rows.actor_id]
        }
    people = tables.persons_frame().set_index("person_id")
    return {"results": [trends.actor(actor_id, 0, people) for actor_id in rows.actor_id]}


def group(key: str, index: int, tables: EventTables) -> dict[str, Any]:
    """Give the properties of a group; empty where nothing is known of it."""
    table = tables.group_table()
    rows = tables.execute(table.filter((table.type_index == index) & (table.key == key)))
    return json.loads(rows.properties.iloc[0]) if len(rows) else {}
