"""PostHog's TrendsQuery <-> `Trends`, and its response rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from evkit.dates import Range
from evkit.dates.grammar import floor
from evkit.errors import SpecError, UnsupportedQuery, unknown
from evkit.insights.trends import actors, compute
from evkit.insights.trends.formula import Formula
from evkit.insights.trends.rank import Row, count
from evkit.insights.trends.spec import DISPLAYS, OTHER, Trends
from evkit.model.tables import EventTables
from evkit.posthog.nodes import breakdowns, common, fields, filters, people, series
from evkit.query.property_filters import ALL_USERS
from evkit.query.relation import cohort_of

QUERY = frozenset(
    {"series", "dateRange", "interval", "properties", "filterTestAccounts", "breakdownFilter", "compareFilter", "trendsFilter"}
)
OPTIONS = frozenset({"display", "formula", "formulas", "formulaNodes", "smoothingIntervals"})
DRAWN = frozenset(
    {
        "aggregationAxisFormat", "aggregationAxisPrefix", "aggregationAxisPostfix", "decimalPlaces", "minDecimalPlaces", "showLegend",
        "showValuesOnSeries", "showPercentStackView", "yAxisScaleType", "showMultipleYAxes", "showAlertThresholdLines", "goalLines",
        "hiddenLegendIndexes", "resultCustomizations", "resultCustomizationBy", "showLabelsOnSeries", "showConfidenceIntervals",
        "confidenceLevel", "showTrendLines", "showMovingAverage", "movingAverageIntervals", "detailedResultsAggregationType",
    }
)  # fmt: skip
ACTORS = frozenset({"source", "day", "series", "breakdown", "compare", "interval", "includeRecordings"})
EVERYBODY = "all users"
WORLD_MAP_LIMIT = 250


def from_query(query: Mapping[str, Any], tables: EventTables) -> Trends:
    """Give the question that a TrendsQuery asks.

    Raises
    ------
    SpecError
        For a query without series, or a wrong word.
    UnsupportedQuery
        Names the part that evkit doesn't answer.
    """
    return question(query, tables, [node for node, _ in series.of_query(query, tables)])


def question(query: Mapping[str, Any], tables: EventTables, wanted: Sequence[Any]) -> Trends:
    """Give the question over series that were read already."""
    fields.check(query, "TrendsQuery", QUERY)
    options = query.get("trendsFilter") or {}
    fields.check(options, "trendsFilter", OPTIONS, DRAWN)
    fields.check(query.get("breakdownFilter") or {}, "breakdownFilter", breakdowns.BREAKDOWN)
    fields.check(query.get("compareFilter") or {}, "compareFilter", ("compare", "compare_to"))
    display: Any = options.get("display") or "ActionsLineGraph"
    if display not in DISPLAYS:
        raise UnsupportedQuery(f"display {display!r} is not answered. Displays that are: {', '.join(DISPLAYS)}")
    compare = query.get("compareFilter") or {}
    refs, limit = breakdowns.from_json(query.get("breakdownFilter") or {})
    return Trends(
        *wanted,
        interval=query.get("interval") or "day",
        date_range=common.range_of(query),
        filters=common.filters_of(query, tables),
        breakdown=refs,
        breakdown_limit=WORLD_MAP_LIMIT if display == "WorldMap" else limit,
        breakdown_hide_other=bool((query.get("breakdownFilter") or {}).get("breakdown_hide_other_aggregation")),
        breakdown_path_cleaning=bool((query.get("breakdownFilter") or {}).get("breakdown_path_cleaning")),
        compare=bool(compare.get("compare")),
        compare_to=(compare.get("compare_to") or None) if compare.get("compare") else None,
        display=display,
        formulas=formulas(options, len(wanted)),
        smoothing_intervals=options.get("smoothingIntervals") or 1,
    )


def formulas(options: Mapping[str, Any], count: int) -> tuple[Formula, ...]:
    """Give the formulas, newest spelling first."""
    if options.get("formulaNodes"):
        return tuple(Formula.of(Formula(n["formula"], n.get("custom_name")), count) for n in options["formulaNodes"] if n.get("formula"))
    given = options.get("formulas") or ([options["formula"]] if options.get("formula") else [])
    return tuple(Formula.of(text, count) for text in given if text)


# ---------------------------------------------------------------------- our questions as PostHog's
def to_query(spec: Trends, tables: EventTables) -> dict[str, Any]:
    """Give the TrendsQuery of a question; what is as by default is left out.

    The range of a question without one is all of the data; a range without its end is one to the microsecond.
    """
    made: dict[str, Any] = {
        "kind": "TrendsQuery",
        "series": [series.to_json(s, tables) for s in spec.series],
        "interval": spec.interval,
        "dateRange": common.range_to_json(spec.date_range),
    }
    if spec.filters.values:
        made["properties"] = filters.to_json(spec.filters)
    if spec.breakdown:
        made["breakdownFilter"] = breakdowns.to_json(spec.breakdown, spec.breakdown_limit, tables)
        for name, value in (("hide_other_aggregation", spec.breakdown_hide_other), ("path_cleaning", spec.breakdown_path_cleaning)):
            if value:
                made["breakdownFilter"][f"breakdown_{name}"] = True
    if spec.compare:
        made["compareFilter"] = {"compare": True, **({"compare_to": spec.compare_to} if spec.compare_to else {})}
    options: dict[str, Any] = {} if spec.display == "ActionsLineGraph" else {"display": spec.display}
    if spec.formulas:
        options["formulaNodes"] = [{"formula": f.text, **({"custom_name": f.name} if f.name else {})} for f in spec.formulas]
    if spec.smoothing_intervals > 1:
        options["smoothingIntervals"] = spec.smoothing_intervals
    return {**made, "trendsFilter": options} if options else made


# ---------------------------------------------------------------------- answers
def answer(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer a TrendsQuery in the shape of PostHog's response."""
    known = series.of_query(query, tables)
    if not known:
        return {"results": [], "hasMore": False}
    spec = question(query, tables, [made for made, _ in known])
    spans = compute.periods(spec, tables)
    starts = compute.buckets(spec, tables)
    as_list = bool((query.get("breakdownFilter") or {}).get("breakdowns"))
    found = compute.rows(spec, tables, listed=as_list)
    has_more = any(OTHER in row.parts for row in found)
    if spec.breakdown_hide_other:
        found = [row for row in found if OTHER not in row.parts]
    if not spec.formulas:
        found = [row for row in found if spec.series[row.order].subject != series.MISSING]
    given, echo = [node for _, node in known], old_filter(query)
    results = [{**result(row, spec, given, spans["current"], starts[row.period], as_list, tables), "filter": echo} for row in found]
    return {"results": results, "hasMore": has_more}


def old_filter(query: Mapping[str, Any]) -> dict[str, Any]:
    """Give a query as the filter that PostHog had before queries; its response repeats it in every row."""
    made: dict[str, Any] = {"insight": "TRENDS", "interval": query.get("interval") or "day"}
    made["display"] = (query.get("trendsFilter") or {}).get("display") or "ActionsLineGraph"
    for name, kind in (("events", "EventsNode"), ("actions", "ActionsNode")):
        listed = [(i, s) for i, s in enumerate(query.get("series") or ()) if s.get("kind", "EventsNode") == kind]
        made[name] = [
            {"id": s.get("id", s.get("event")), "name": s.get("name") or s.get("event"), "type": name, "order": i, "math": s.get("math")}
            for i, s in listed
        ]
    span, given = query.get("dateRange") or {}, query.get("breakdownFilter") or {}
    made |= {name: span[name] for name in ("date_from", "date_to") if span.get(name) is not None}
    return made | {name: value for name, value in given.items() if value is not None}


def result(
    row: Row,
    spec: Trends,
    given: Sequence[Mapping[str, Any]],
    span: Range,
    starts: Sequence[dt.datetime],
    as_list: bool,
    tables: EventTables,
) -> dict[str, Any]:
    """Give one row of the response."""
    days = [common.day_text(start, spec.interval) for start in starts]
    made: dict[str, Any] = {"data": row.figures.tolist(), "count": count(row, spec), "days": days, "order": row.order}
    if spec.is_total:
        made = {"data": [], "days": [], "count": 0, "aggregated_value": float(row.figures[0]), "order": row.order}
    else:
        made["labels"] = [common.label_text(start, spec.interval, span) for start in starts]
    if spec.formulas:
        made |= {"label": spec.formulas[row.order].label, "action": None}
        made["data"] = None if spec.is_total else made["data"]
    else:
        made |= {"label": spec.series[row.order].label, "action": action(spec, row.order, given[row.order], days)}
    if spec.breakdown:
        value, text = breakdown_value(row, spec, as_list, tables)
        made["breakdown_value"] = value
        if not spec.formulas:
            queries = len(spec.series) * (len(spec.cohorts) if spec.keeps_cohort_order else 1)
            made["label"] = text if queries == 1 else f"{spec.series[row.order].label} - {text}"
    if spec.compare:
        made |= {"compare": True, "compare_label": row.period}
    return made


def breakdown_value(row: Row, spec: Trends, as_list: bool, tables: EventTables) -> tuple[Any, str]:
    """Give a row's breakdown value as PostHog answers it, and how it is labelled."""
    if not spec.cohorts:
        return list(row.parts) if as_list or len(row.parts) > 1 else row.parts[0], "::".join(row.parts)
    wanted = row.parts[0]
    if wanted == ALL_USERS:
        return ALL_USERS, EVERYBODY
    cohort = cohort_of(tables, wanted)
    return cohort.id, cohort.name


def action(spec: Trends, order: int, node: Mapping[str, Any], days: list[str]) -> dict[str, Any]:
    """Give the series as the old filter's entity."""
    of_action = node.get("kind") == "ActionsNode"
    return {
        "days": days,
        "id": node.get("id") if of_action else node.get("event"),
        "type": "actions" if of_action else "events",
        "order": order,
        "name": spec.series[order].label,
        "custom_name": node.get("custom_name"),
        "math": node.get("math"),
        "math_property": node.get("math_property"),
        "math_hogql": node.get("math_hogql"),
        "math_group_type_index": node.get("math_group_type_index"),
        "properties": {},
    }


# ---------------------------------------------------------------------- actors
def answer_actors(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer an InsightActorsQuery over a TrendsQuery: who is behind one figure, most events first."""
    fields.check(query, "InsightActorsQuery", ACTORS)
    source = query["source"]
    spec = from_query(source, tables)
    period = query.get("compare") or "current"
    if period not in ("current", "previous"):
        raise unknown("compare", period, ("current", "previous"))
    if period == "previous":
        spec = spec.replaced(compare=True)
    starts = compute.buckets(spec, tables)[period]
    day = query.get("day")
    bucket = None
    if day is not None and not spec.is_total:
        bucket = floor(common.wall_clock(day, tables), spec.interval, 1 if tables.settings.week_start == "monday" else 0)
        if bucket not in starts:
            raise SpecError(f"no bucket of the question holds {day!r}: the first begins {starts[0]}, the last {starts[-1]}")
    order = query.get("series") or 0
    rows = actors.actors(spec, tables, bucket=bucket, series=order, breakdown_value=value_of(query.get("breakdown"), spec), period=period)
    one = spec.series[order]
    found = people.actors(rows.actor_id.tolist(), tables, group_type_index=one.group_type_index if one.counts_groups else None)
    return {"results": [{**actor, "event_count": int(n)} for actor, n in zip(found, rows.events, strict=True)]}


def to_actors_query(
    spec: Trends,
    tables: EventTables,
    *,
    bucket: str | dt.datetime | None = None,
    series: int | str = 0,
    breakdown_value: str | Sequence[str] | None = None,
    period: str = "current",
) -> dict[str, Any]:
    """Give the InsightActorsQuery of who is behind a figure, named as `insight.actors` names it.

    Raises
    ------
    SpecError
        When the question has no such series, period or bucket.
    """
    starts = compute.buckets(spec, tables)
    if period not in starts:
        raise unknown("period", period, starts)
    made: dict[str, Any] = {"kind": "InsightActorsQuery", "source": to_query(spec, tables), "series": actors.order_of(spec, series)}
    at = actors.bucket_of(bucket, starts[period])
    if at is not None:
        made["day"] = common.day_text(at, spec.interval)
    if breakdown_value is not None:
        made["breakdown"] = breakdown_value if isinstance(breakdown_value, str) else list(breakdown_value)
    return made if period == "current" else {**made, "compare": period}


def value_of(given: Any, spec: Trends) -> Any:
    """Give the breakdown value that an actors query names."""
    if given is None or not spec.breakdown:
        return None
    if isinstance(given, list):
        return str(given[0]) if len(given) == 1 and len(spec.breakdown) == 1 else tuple(str(g) for g in given)
    return str(given)
