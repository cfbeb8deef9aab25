"""PostHog's FunnelsQuery <-> `Funnel`, and its response rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from evkit.errors import SpecError, whole
from evkit.insights.funnel import actors, durations, over_time, steps
from evkit.insights.funnel.checks import MAX_BINS
from evkit.insights.funnel.relation import group_index, span
from evkit.insights.funnel.spec import FIRST_TIME, Exclusion, Funnel
from evkit.insights.funnel.walk import walk, walk_periods
from evkit.insights.trends.actors import bucket_of
from evkit.model.tables import EventTables
from evkit.posthog.nodes import breakdowns, common, fields, filters, hogql, people, series, trends
from evkit.query.property_filters import ALL_USERS
from evkit.query.relation import cohort_of

DEFAULT_WINDOW = 14
QUERY = frozenset(
    {
        "series",
        "dateRange",
        "interval",
        "properties",
        "filterTestAccounts",
        "breakdownFilter",
        "funnelsFilter",
        "aggregation_group_type_index",
    }
)
OPTIONS = frozenset(
    {
        "funnelVizType", "funnelOrderType", "funnelWindowInterval", "funnelWindowIntervalUnit", "funnelFromStep", "funnelToStep", "exclusions",
        "breakdownAttributionType", "breakdownAttributionValue", "binCount", "funnelAggregateByHogQL",
    }
)  # fmt: skip
DRAWN = frozenset(
    {"layout", "hiddenLegendBreakdowns", "funnelStepReference", "resultCustomizations", "goalLines", "showValuesOnSeries", "showTrendLines"}
)
ACTORS = frozenset(
    {"source", "funnelStep", "funnelStepBreakdown", "funnelTrendsDropOff", "funnelTrendsEntrancePeriodStart", "includeRecordings"}
)
MOST_ROWS = 1_000
"""Rows of breakdown values and periods together that PostHog answers of conversion over time."""
EVERYBODY_ID = 0
"""PostHog's number for "all users" in a funnel."""


def from_query(query: Mapping[str, Any], tables: EventTables) -> Funnel:
    """Give the question that a FunnelsQuery asks.

    Raises
    ------
    SpecError
        For a wrong word, or parts that don't go together.
    UnsupportedQuery
        Names the part that evkit doesn't answer.
    """
    options = query.get("funnelsFilter") or {}
    given = query.get("breakdownFilter") or {}
    fields.check(query, "FunnelsQuery", QUERY)
    fields.check(options, "funnelsFilter", OPTIONS, DRAWN)
    fields.check(given, "breakdownFilter", breakdowns.BREAKDOWN - {"breakdown_hide_other_aggregation", "breakdown_histogram_bin_count"})
    steps = [series.from_json(funnel_node(node), tables) for node in query.get("series") or ()]
    if any(step is None for step in steps):
        raise SpecError("a step names an action that the project doesn't have")
    viz: Any = options.get("funnelVizType") or "steps"
    low, high = between(options, len(steps), viz)
    refs, limit = breakdowns.from_json(given)
    attribution: Any = options.get("breakdownAttributionType") or "first_touch"
    by = options.get("funnelAggregateByHogQL")
    return Funnel(
        *steps,
        window=window(options),
        order_type=options.get("funnelOrderType") or "ordered",
        viz_type=viz,
        exclusions=tuple(exclusion(node, len(steps), tables) for node in options.get("exclusions") or ()),
        breakdown=refs,
        breakdown_limit=limit,
        breakdown_attribution=attribution,
        breakdown_attribution_step=int(options.get("breakdownAttributionValue") or 0) + 1 if attribution == "step" else None,
        breakdown_path_cleaning=bool(given.get("breakdown_path_cleaning")),
        group_type_index=query.get("aggregation_group_type_index"),
        aggregate_by=hogql.ref_of(by) if by not in (None, "", "person_id") else None,
        interval=query.get("interval") or "day",
        from_step=low if viz != "steps" else None,
        to_step=high if viz != "steps" else None,
        bin_count=min(max(int(options["binCount"]), 1), MAX_BINS) if options.get("binCount") and viz == "time_to_convert" else None,
        filters=common.filters_of(query, tables),
        date_range=common.range_of(query),
    )


def funnel_node(node: Mapping[str, Any]) -> dict[str, Any]:
    """Give a step without the maths that funnels don't look at."""
    keep = node.get("math") in FIRST_TIME
    return {k: v for k, v in node.items() if keep or not k.startswith("math")}


def between(options: Mapping[str, Any], steps: int, viz: str) -> tuple[int | None, int | None]:
    """Give the steps, from 1, between which conversion is measured; PostHog counts them from 0.

    Raises
    ------
    SpecError
        When they are no range of the funnel.
    """
    low, high = options.get("funnelFromStep"), options.get("funnelToStep")
    for name, value in (("funnelFromStep", low), ("funnelToStep", high)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise SpecError(f"{name} {value!r} is no whole number")
    if (
        (low is not None and not 0 <= low <= steps - 2)
        or (high is not None and not 1 <= high <= steps - 1 and not (viz == "time_to_convert" and high == 0))
        or (low is not None and high and low >= high)
    ):
        raise SpecError(f"funnelFromStep {low!r} to funnelToStep {high!r} is no range of a funnel of {steps} steps (counted from 0)")
    return None if low is None else int(low) + 1, int(high) + 1 if high else None


def window(options: Mapping[str, Any]) -> str:
    """Give the conversion window; 14 of the unit where none, or nothing positive, is given.

    Raises
    ------
    SpecError
        When it is no whole number, which PostHog's field is.
    """
    amount = options.get("funnelWindowInterval") or DEFAULT_WINDOW
    if isinstance(amount, bool) or not isinstance(amount, (int, float)) or amount != int(amount):
        raise SpecError(f"funnelWindowInterval {amount!r} is no whole number: take a smaller funnelWindowIntervalUnit")
    return f"{int(amount) if amount > 0 else DEFAULT_WINDOW} {options.get('funnelWindowIntervalUnit') or 'day'}"


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
    subject = series.from_json(funnel_node(node), tables)
    if subject is None:
        raise SpecError("an exclusion names an action that the project doesn't have")
    return Exclusion(subject, after=low + 1, before=high + 1)


# ---------------------------------------------------------------------- our questions as PostHog's
def to_query(spec: Funnel, tables: EventTables) -> dict[str, Any]:
    """Give the FunnelsQuery of a question; what is as by default is left out."""
    made: dict[str, Any] = {
        "kind": "FunnelsQuery",
        "series": [series.to_json(s, tables) for s in spec.steps],
        "dateRange": common.range_to_json(spec.date_range),
        "interval": spec.interval,
    }
    index = group_index(spec, tables)
    if index is not None:
        made["aggregation_group_type_index"] = index
    if spec.filters.values:
        made["properties"] = filters.to_json(spec.filters)
    if spec.breakdown:
        made["breakdownFilter"] = breakdowns.to_json(spec.breakdown, spec.breakdown_limit, tables)
        if spec.breakdown_path_cleaning:
            made["breakdownFilter"]["breakdown_path_cleaning"] = True
    made["funnelsFilter"] = options_to_json(spec, tables)
    return made


def options_to_json(spec: Funnel, tables: EventTables) -> dict[str, Any]:
    """Give PostHog's funnelsFilter of a question."""
    amount, unit = spec.window.split()
    made: dict[str, Any] = {"funnelWindowInterval": int(amount), "funnelWindowIntervalUnit": unit.removesuffix("s")}
    for name, value, default in (
        ("funnelVizType", spec.viz_type, "steps"), ("funnelOrderType", spec.order_type, "ordered"),
        ("breakdownAttributionType", spec.breakdown_attribution, "first_touch"), ("binCount", spec.bin_count, None),
    ):  # fmt: skip
        if value != default:
            made[name] = value
    for name, step in (
        ("funnelFromStep", spec.from_step),
        ("funnelToStep", spec.to_step),
        ("breakdownAttributionValue", spec.breakdown_attribution_step),
    ):
        if step is not None:
            made[name] = step - 1
    if spec.aggregate_by is not None:
        made["funnelAggregateByHogQL"] = hogql.expression_of(spec.aggregate_by)
    if spec.exclusions:
        made["exclusions"] = [
            {**series.to_json(e.series, tables), "funnelFromStep": e.after - 1, "funnelToStep": e.before - 1} for e in spec.exclusions
        ]
    return made


# ---------------------------------------------------------------------- answers
def answer(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer a FunnelsQuery in the shape of PostHog's response.

    Steps are a list, or one such list a breakdown value; trends a list of series, with the rows behind them in `summary`;
    the time to convert `bins` and `average_conversion_time`. Times between steps are in PostHog's places: it counts only
    required steps there, so after an optional one they stand a place earlier than the step that they lead to.
    """
    spec = from_query(query, tables)
    if spec.viz_type == "time_to_convert":
        found = durations.histogram(spec, walk(spec.replaced(breakdown=None), tables))
        bins = [[edge, count] for edge, count in zip(found.edges, found.counts, strict=True)]
        return {"results": {"bins": bins, "average_conversion_time": found.average}}
    if spec.viz_type == "trends":
        return answer_trends(spec, tables)
    lines = steps.lines(spec, walk(spec, tables))
    if not spec.breakdown:
        return {"results": steps_of(lines[0], spec, query, tables) if lines and lines[0].counts[0] else []}
    return {"results": [steps_of(line, spec, query, tables) for line in lines]}


def steps_of(line: steps.Line, spec: Funnel, query: Mapping[str, Any], tables: EventTables) -> list[dict[str, Any]]:
    """Give the steps of one breakdown value."""
    made = []
    for i, (step, node) in enumerate(zip(spec.steps, query["series"], strict=True)):
        of_action = node.get("kind") == "ActionsNode"
        name = (
            (node.get("event") if not of_action else step.label)
            if spec.order_type != "unordered"
            else f"Completed {i + 1} step{'s' if i else ''}"
        )
        row = {
            "action_id": None if spec.order_type == "unordered" else node.get("id") if of_action else node.get("event"),
            "name": name,
            "custom_name": node.get("custom_name"),
            "order": i,
            "type": "actions" if of_action else "events",
            "people": [],
            "count": line.counts[i],
            "average_conversion_time": line.averages[i - 1] if 0 < i <= len(line.averages) else None,
            "median_conversion_time": line.medians[i - 1] if 0 < i <= len(line.medians) else None,
        }
        if spec.breakdown:
            value, shown = breakdown_value(line.value, spec, tables)
            row |= {"breakdown": shown, "breakdown_value": value}
        made.append(row)
    return made


def breakdown_value(value: tuple[str, ...], spec: Funnel, tables: EventTables) -> tuple[Any, Any]:
    """Give a breakdown value as PostHog answers it, and how it shows it: cohorts by id and name, groups as a text, others as a list."""
    if not spec.cohorts:
        said: Any = value[0] if spec.breakdown[0].type == "group" and len(value) == 1 else list(value)
        return said, said
    if value[0] == ALL_USERS:
        return EVERYBODY_ID, trends.EVERYBODY
    cohort = cohort_of(tables, value[0])
    return cohort.id, cohort.name


def answer_trends(spec: Funnel, tables: EventTables) -> dict[str, Any]:
    """Answer conversion over time: a series each breakdown value, and the rows behind it."""
    begins = over_time.starts(spec, tables)
    most = max(min(spec.breakdown_limit * len(begins), MOST_ROWS) // max(len(begins), 1), 1)
    found = over_time.most_entered(over_time.courses(spec, walk_periods(spec, tables), begins), spec, most)
    between = span(spec, tables)
    results, summary = [], []
    for course in found:
        days = [common.day_text(start, spec.interval) for start in begins]
        made: dict[str, Any] = {"count": len(begins), "data": course.rates, "days": days}
        made["labels"] = [common.label_text(start, spec.interval, between) for start in begins]
        extra = {}
        if spec.breakdown:
            value, shown = breakdown_value(course.value, spec, tables)
            extra = {"breakdown_value": shown if spec.cohorts else value}
        results.append({**made, **extra})
        for day, entered, converted, rate in zip(days, course.entered.tolist(), course.converted.tolist(), course.rates, strict=True):
            summary.append(
                {"timestamp": day, "reached_from_step_count": entered, "reached_to_step_count": converted, "conversion_rate": rate, **extra}
            )
    return {"results": results, "summary": summary}


def answer_actors(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer a FunnelsActorsQuery: who did a step (from 1), or was lost before it (negative), or entered in a period."""
    spec = from_query(query["source"], tables)
    fields.check(query, "FunnelsActorsQuery", ACTORS)
    value = value_of(query.get("funnelStepBreakdown"), spec)
    if spec.viz_type == "trends":
        begins = query.get("funnelTrendsEntrancePeriodStart")
        if begins is None:
            raise SpecError("an actors query over a funnel of trends needs funnelTrendsEntrancePeriodStart")
        bucket = common.wall_clock(begins, tables)
        rows = actors.actors(spec, tables, dropped=bool(query.get("funnelTrendsDropOff")), breakdown_value=value, bucket=bucket)
    else:
        number = query.get("funnelStep") or 0
        whole("funnelStep", number)
        if not number or number == -1:
            raise SpecError(
                f"funnelStep {query.get('funnelStep')!r}: steps count from 1; negative ones, from -2, are those lost before the step"
            )
        rows = actors.actors(spec.replaced(viz_type="steps"), tables, step=abs(int(number)), dropped=number < 0, breakdown_value=value)
    return {"results": people_of(spec, rows.actor_id.tolist(), tables)}


def to_actors_query(
    spec: Funnel,
    tables: EventTables,
    *,
    step: int | str = 1,
    dropped: bool = False,
    breakdown_value: str | Sequence[str] | None = None,
    bucket: str | dt.datetime | None = None,
) -> dict[str, Any]:
    """Give the FunnelsActorsQuery of who is behind a figure, named as `insight.actors` names it.

    Raises
    ------
    SpecError
        When the funnel has no such step, or a figure of conversion over time is named without its bucket.
    """
    made: dict[str, Any] = {"kind": "FunnelsActorsQuery", "source": to_query(spec, tables)}
    if breakdown_value is not None:
        made["funnelStepBreakdown"] = breakdown_value if isinstance(breakdown_value, str) else list(breakdown_value)
    if spec.viz_type != "trends":
        number = actors.asked_step(spec, step, dropped=dropped)
        return {**made, "funnelStep": -number if dropped else number}
    begins = bucket_of(bucket, over_time.starts(spec, tables))
    if begins is None:
        raise SpecError("PostHog names people of conversion over time by their period: give bucket=")
    return {**made, "funnelTrendsDropOff": dropped, "funnelTrendsEntrancePeriodStart": f"{begins:%Y-%m-%d %H:%M:%S}"}


def value_of(given: Any, spec: Funnel) -> Any:
    """Give the breakdown value that an actors query names."""
    if given is None or not spec.breakdown:
        return None
    if spec.cohorts:
        return ALL_USERS if given in (EVERYBODY_ID, ALL_USERS) else str(given)
    if isinstance(given, (list, tuple)):
        return str(given[0]) if len(given) == 1 else tuple(str(g) for g in given)
    return str(given)


def people_of(spec: Funnel, ids: list[str], tables: EventTables) -> list[dict[str, Any]]:
    """Give actors as PostHog answers them: groups by their key, anything else that is counted by its value."""
    index = group_index(spec, tables)
    if index is None and spec.aggregate_by is not None:
        return [{"id": value, "distinct_ids": [], "properties": {}} for value in ids]
    return people.actors(ids, tables, group_type_index=index)
