"""PostHog's TrendsQuery <-> `Trends`, and its response rows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from evkit.dates import DateRange, Range
from evkit.errors import SpecError, UnsupportedQuery, unknown
from evkit.insights.trends import compute
from evkit.insights.trends.formula import Formula
from evkit.insights.trends.rank import Row
from evkit.insights.trends.spec import DEFAULT_BREAKDOWN_LIMIT, DISPLAYS, OTHER, Trends
from evkit.model.tables import EventTables
from evkit.posthog.nodes import filters, series
from evkit.query.spec import FilterGroup, PropertyRef

BREAKDOWN_TYPES = {
    None: "event",
    "event": "event",
    "person": "person",
    "group": "group",
    "session": "session",
    "event_metadata": "event_metadata",
}
WORLD_MAP_LIMIT = 250
DEFAULT_RANGE = DateRange("-7d")


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
    """Give the series with their JSON; those of actions that don't exist are left out."""
    given = [(series.from_json(node, tables), node) for node in query.get("series") or ()]
    return [(made, node) for made, node in given if made is not None]


def question(query: Mapping[str, Any], tables: EventTables, wanted: Sequence[Any]) -> Trends:
    """Give the question over series that were read already."""
    if query.get("samplingFactor") not in (None, 1):
        raise UnsupportedQuery(f"samplingFactor {query['samplingFactor']!r} is not answered: evkit counts every event")
    options = query.get("trendsFilter") or {}
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
        For breakdowns by cohort, by HogQL, or into bins.
    """
    limit = given.get("breakdown_limit") or DEFAULT_BREAKDOWN_LIMIT
    several = given.get("breakdowns")
    if several:
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
        if kind not in BREAKDOWN_TYPES:
            raise UnsupportedQuery(
                f"a breakdown of type {kind!r} is not answered. Types that are: {', '.join(k for k in BREAKDOWN_TYPES if k)}"
            )
        if bins:
            raise UnsupportedQuery("a breakdown into bins (histogram_bin_count) is not answered")
        if not isinstance(key, str):
            raise UnsupportedQuery(f"a breakdown by {key!r} is not answered: give the name of one property")
        refs.append(PropertyRef(key, type=BREAKDOWN_TYPES[kind], group_type_index=index, normalize_url=bool(normalize)))
    return tuple(refs), limit


def formulas(options: Mapping[str, Any], count: int) -> tuple[Formula, ...]:
    """Give the formulas, newest spelling first."""
    if options.get("formulaNodes"):
        return tuple(Formula.of(Formula(n["formula"], n.get("custom_name")), count) for n in options["formulaNodes"] if n.get("formula"))
    given = options.get("formulas") or ([options["formula"]] if options.get("formula") else [])
    return tuple(Formula.of(text, count) for text in given if text)


# ---------------------------------------------------------------------- answers
def answer(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer a TrendsQuery in the shape of PostHog's response."""
    known = nodes(query, tables)
    if not known:
        return {"results": [], "hasMore": False}
    spec = question(query, tables, [made for made, _ in known])
    spans = compute.periods(spec, tables)
    starts = compute.buckets(spec, tables)
    found = compute.rows(spec, tables)
    has_more = any(OTHER in row.parts for row in found)
    if spec.breakdown_hide_other:
        found = [row for row in found if OTHER not in row.parts]
    results = [
        result(
            row,
            spec,
            [node for _, node in known],
            spans["current"],
            starts[row.period],
            bool((query.get("breakdownFilter") or {}).get("breakdowns")),
        )
        for row in found
    ]
    return {"results": results, "hasMore": has_more}


def result(
    row: Row, spec: Trends, given: Sequence[Mapping[str, Any]], span: Range, starts: Sequence[dt.datetime], as_list: bool
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
        value = list(row.parts) if as_list or len(row.parts) > 1 else row.parts[0]
        made["breakdown_value"] = value
        if not spec.formulas:
            text = "::".join(row.parts)
            made["label"] = text if len(spec.series) == 1 else f"{spec.series[row.order].label} - {text}"
    if spec.compare:
        made |= {"compare": True, "compare_label": row.period}
    return made


def count(row: Row, spec: Trends) -> float:
    """Give what PostHog calls count: the sum of the figures; the last one where they are cumulative."""
    if spec.display == "ActionsLineGraphCumulative":
        return float(row.figures[-1]) if len(row.figures) else 0.0
    return row.total


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
        wanted = dt.datetime.fromisoformat(str(day)).replace(tzinfo=None)
        bucket = max((s for s in starts if s <= wanted), default=None)
        if bucket is None:
            raise SpecError(f"no bucket of the question holds {day!r}")
    value = query.get("breakdown")
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    rows = compute.actors(spec, tables, bucket=bucket, series=query.get("series") or 0, breakdown_value=value, period=period)
    people = tables.persons_frame().set_index("person_id")
    return {"results": [actor(r.actor_id, int(r.events), people) for r in rows.itertuples()]}


def actor(actor_id: str, events: int, people: Any) -> dict[str, Any]:
    """Give one actor as PostHog answers it."""
    known = people.loc[actor_id] if actor_id in people.index else None
    return {
        "id": actor_id,
        "distinct_ids": sorted(known.distinct_ids) if known is not None else [actor_id],
        "properties": json.loads(known.properties or "{}") if known is not None else {},
        "event_count": events,
    }
