"""PostHog's TrendsQuery <-> `Trends`, and its response rows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from evkit.dates import DateRange, Range
from evkit.dates.grammar import absolute, floor, is_relative
from evkit.errors import SpecError, UnsupportedQuery, unknown
from evkit.insights.trends import actors, compute
from evkit.insights.trends.formula import Formula
from evkit.insights.trends.rank import Row, count
from evkit.insights.trends.spec import DEFAULT_BREAKDOWN_LIMIT, DISPLAYS, OTHER, Trends
from evkit.model.tables import EventTables
from evkit.posthog.nodes import fields, filters, hogql, series
from evkit.query.builders import cohorts
from evkit.query.property_filters import ALL_USERS, FilterGroup, PropertyRef
from evkit.query.relation import cohort_of
from evkit.query.spec import Action, Series

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
BREAKDOWN = frozenset(
    {
        "breakdown", "breakdowns", "breakdown_type", "breakdown_limit", "breakdown_group_type_index", "breakdown_normalize_url",
        "breakdown_histogram_bin_count", "breakdown_hide_other_aggregation", "breakdown_path_cleaning",
    }
)  # fmt: skip
DATE_RANGE = ("date_from", "date_to", "explicitDate")
ONE_BREAKDOWN = frozenset({"property", "type", "group_type_index", "normalize_url", "histogram_bin_count"})
ACTORS = frozenset({"source", "day", "series", "breakdown", "compare", "interval", "includeRecordings"})
EVERYBODY = "all users"
MISSING = "an action that doesn't exist"
BREAKDOWN_TYPES = {
    None: "event",
    "event": "event",
    "person": "person",
    "group": "group",
    "session": "session",
    "event_metadata": "event_metadata",
}
WORLD_MAP_LIMIT = 250
DEFAULT_RANGE = DateRange()


def from_query(query: Mapping[str, Any], tables: EventTables) -> Trends:
    """Give the question that a TrendsQuery asks.

    Raises
    ------
    SpecError
        For a query without series, or a wrong word.
    UnsupportedQuery
        Names the part that evkit doesn't answer.
    """
    return question(query, tables, [node for node, _ in nodes(query, tables)])


def nodes(query: Mapping[str, Any], tables: EventTables) -> list[tuple[Any, Mapping[str, Any]]]:
    """Give the series with their JSON; one of an action that doesn't exist keeps its place and letter, and matches nothing."""
    given = [(series.from_json(node, tables), node) for node in query.get("series") or ()]
    if all(made is None for made, _ in given):
        return []
    return [(made or Series(Action(MISSING)), node) for made, node in given]


def question(query: Mapping[str, Any], tables: EventTables, wanted: Sequence[Any]) -> Trends:
    """Give the question over series that were read already."""
    fields.check(query, "TrendsQuery", QUERY)
    options = query.get("trendsFilter") or {}
    fields.check(options, "trendsFilter", OPTIONS, DRAWN)
    fields.check(query.get("breakdownFilter") or {}, "breakdownFilter", BREAKDOWN)
    fields.check(query.get("compareFilter") or {}, "compareFilter", ("compare", "compare_to"))
    fields.check(query.get("dateRange") or {}, "dateRange", DATE_RANGE)
    display: Any = options.get("display") or "ActionsLineGraph"
    if display not in DISPLAYS:
        raise UnsupportedQuery(f"display {display!r} is not answered. Displays that are: {', '.join(DISPLAYS)}")
    compare = query.get("compareFilter") or {}
    refs, limit = breakdown(query.get("breakdownFilter") or {})
    return Trends(
        *wanted,
        interval=query.get("interval") or "day",
        date_range=DateRange.of(query["dateRange"]) if query.get("dateRange") else DEFAULT_RANGE,
        filters=filters_of(query, tables),
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


def filters_of(query: Mapping[str, Any], tables: EventTables) -> FilterGroup:
    """Give the query-wide filters, with the project's test account filters where they are asked for."""
    made = filters.from_json(query.get("properties"))
    return made.and_(tables.settings.test_account_filters) if query.get("filterTestAccounts") else made


def breakdown(given: Mapping[str, Any]) -> tuple[tuple[PropertyRef, ...], int]:
    """Give the properties to break down by, and the limit.

    Raises
    ------
    UnsupportedQuery
        For breakdowns by HogQL.
    """
    limit = given.get("breakdown_limit") or DEFAULT_BREAKDOWN_LIMIT
    several = given.get("breakdowns")
    if given.get("breakdown_type") == "cohort" and not several:
        ids = given.get("breakdown")
        return cohorts(*(ids if isinstance(ids, list) else [ids])) if ids not in (None, []) else (), limit
    if several:
        for one in several:
            fields.check(one, "breakdown", ONE_BREAKDOWN)
        wanted = [
            (b.get("property"), b.get("type"), b.get("group_type_index"), b.get("normalize_url"), b.get("histogram_bin_count"))
            for b in several
        ]
    elif given.get("breakdown") is None:
        return (), limit
    else:
        keys = given["breakdown"] if isinstance(given["breakdown"], list) else [given["breakdown"]]
        options = [given.get(f"breakdown_{name}") for name in ("type", "group_type_index", "normalize_url", "histogram_bin_count")]
        wanted = [(key, *options) for key in keys]
    refs = []
    for key, kind, index, normalize, bins in wanted:
        if kind == "hogql":
            refs.append(replace(hogql.ref_of(str(key)), histogram_bin_count=bins or None))
            continue
        if kind not in BREAKDOWN_TYPES:
            raise UnsupportedQuery(
                f"a breakdown of type {kind!r} is not answered. Types that are: {', '.join(k for k in BREAKDOWN_TYPES if k)}"
            )
        if not isinstance(key, str):
            raise UnsupportedQuery(f"a breakdown by {key!r} is not answered: give the name of one property")
        refs.append(
            PropertyRef(
                key, type=BREAKDOWN_TYPES[kind], group_type_index=index, normalize_url=bool(normalize), histogram_bin_count=bins or None
            )
        )
    return tuple(refs), limit


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
        "dateRange": range_to_json(spec.date_range),
    }
    if spec.filters.values:
        made["properties"] = filters.to_json(spec.filters)
    if spec.breakdown:
        made["breakdownFilter"] = breakdown_to_json(spec.breakdown, spec.breakdown_limit, tables)
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


def range_to_json(given: DateRange | None) -> dict[str, Any]:
    """Give PostHog's JSON of a range of dates."""
    if given is None:
        return {"date_from": "all"}
    end = given.date_to
    if given.bounds == "half_open" and end is not None:
        if is_relative(end) or is_relative(given.date_from or "-7d"):
            raise UnsupportedQuery(f"PostHog has no range {given.in_words}: give days, or a date_range whose end is inside")
        utc = ZoneInfo("UTC")
        last = absolute(end, utc).replace(tzinfo=None) - dt.timedelta(microseconds=1)
        return {"date_from": given.date_from, "date_to": last.isoformat(), "explicitDate": True}
    made: dict[str, Any] = {"date_from": given.date_from}
    if end is not None:
        made["date_to"] = end
    return {**made, "explicitDate": True} if given.bounds == "exact" else made


def breakdown_to_json(refs: Sequence[PropertyRef], limit: int, tables: EventTables) -> dict[str, Any]:
    """Give PostHog's JSON of a breakdown."""
    more = {} if limit == DEFAULT_BREAKDOWN_LIMIT else {"breakdown_limit": limit}
    if refs[0].type == "cohort":
        ids = [ALL_USERS if ref.key == ALL_USERS else cohort_of(tables, ref.key).id for ref in refs]
        return {"breakdown_type": "cohort", "breakdown": ids, **more}
    listed = []
    for ref in refs:
        one: dict[str, Any] = {"property": ref.key, "type": ref.type}
        for name in ("group_type_index", "histogram_bin_count"):
            if getattr(ref, name) is not None:
                one[name] = getattr(ref, name)
        listed.append({**one, "normalize_url": True} if ref.normalize_url else one)
    if len(listed) > 1:
        return {"breakdowns": listed, **more}
    single = {f"breakdown_{name}": value for name, value in listed[0].items() if name != "property"}
    return {"breakdown": refs[0].key, **single, **more}


# ---------------------------------------------------------------------- answers
def answer(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer a TrendsQuery in the shape of PostHog's response."""
    known = nodes(query, tables)
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
        found = [row for row in found if spec.series[row.order].subject != Action(MISSING)]
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
    days = [day_text(start, spec.interval) for start in starts]
    made: dict[str, Any] = {"data": row.figures.tolist(), "count": count(row, spec), "days": days, "order": row.order}
    if spec.is_total:
        made = {"data": [], "days": [], "count": 0, "aggregated_value": float(row.figures[0]), "order": row.order}
    else:
        made["labels"] = [label_text(start, spec.interval, span) for start in starts]
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


# ---------------------------------------------------------------------- days and labels
def day_text(start: dt.datetime, interval: str) -> str:
    """Give a bucket's start as PostHog writes it."""
    return f"{start:%Y-%m-%d %H:%M:%S}" if interval in ("hour", "minute", "second") else f"{start:%Y-%m-%d}"


def label_text(start: dt.datetime, interval: str, span: Range) -> str:
    """Give a bucket's label; a week is clipped to the range.

    Examples
    --------
    >>> import datetime as dt
    >>> label_text(dt.datetime(2020, 1, 5), "day", None)
    '5-Jan-2020'
    """
    if interval in ("hour", "minute", "second"):
        return f"{start.day}-{start:%b %H:%M}"
    if interval == "month":
        return f"{start:%b %Y}"
    if interval != "week":
        return f"{start.day}-{start:%b-%Y}"
    first = max(start.date(), span.start.astimezone(span.zone).date())
    last = min((start + dt.timedelta(days=6)).date(), span.end.astimezone(span.zone).date())
    if first >= last:
        return f"{first.day}-{first:%b-%Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}\N{EN DASH}{last.day} {last:%b}"
    if first.year == last.year:
        return f"{first.day}-{first:%b} \N{EN DASH} {last.day}-{last:%b}"
    return f"{first.day}-{first:%b-%Y} \N{EN DASH} {last.day}-{last:%b-%Y}"


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
        bucket = floor(wall_clock(day, tables), spec.interval, 1 if tables.settings.week_start == "monday" else 0)
        if bucket not in starts:
            raise SpecError(f"no bucket of the question holds {day!r}: the first begins {starts[0]}, the last {starts[-1]}")
    order = query.get("series") or 0
    rows = actors.actors(spec, tables, bucket=bucket, series=order, breakdown_value=value_of(query.get("breakdown"), spec), period=period)
    index = spec.series[order].group_type_index
    if index is not None and spec.series[order].counts_groups:
        return {"results": [{**group(r.actor_id, index, tables), "event_count": int(r.events)} for r in rows.itertuples()]}
    people = tables.persons_frame().set_index("person_id")
    return {"results": [actor(r.actor_id, int(r.events), people) for r in rows.itertuples()]}


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
        made["day"] = day_text(at, spec.interval)
    if breakdown_value is not None:
        made["breakdown"] = breakdown_value if isinstance(breakdown_value, str) else list(breakdown_value)
    return made if period == "current" else {**made, "compare": period}


def wall_clock(given: Any, tables: EventTables) -> dt.datetime:
    """Give a time as wall clock of the project's zone; one without offset is in that zone."""
    zone = ZoneInfo(tables.settings.timezone)
    return absolute(str(given), zone).astimezone(zone).replace(tzinfo=None)


def value_of(given: Any, spec: Trends) -> Any:
    """Give the breakdown value that an actors query names."""
    if given is None or not spec.breakdown:
        return None
    if isinstance(given, list):
        return str(given[0]) if len(given) == 1 and len(spec.breakdown) == 1 else tuple(str(g) for g in given)
    return str(given)


def group(key: str, index: int, tables: EventTables) -> dict[str, Any]:
    """Give a group as PostHog answers it as an actor."""
    table = tables.group_table()
    rows = tables.execute(table.filter((table.type_index == index) & (table.key == key)))
    return {"id": key, "distinct_ids": [], "properties": json.loads(rows.properties.iloc[0]) if len(rows) else {}}


def actor(actor_id: str, events: int, people: Any) -> dict[str, Any]:
    """Give one actor as PostHog answers it."""
    known = people.loc[actor_id] if actor_id in people.index else None
    return {
        "id": actor_id,
        "distinct_ids": sorted(known.distinct_ids) if known is not None else [actor_id],
        "properties": json.loads(known.properties or "{}") if known is not None else {},
        "event_count": events,
    }
