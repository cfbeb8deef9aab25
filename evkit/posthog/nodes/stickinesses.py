"""PostHog's StickinessQuery <-> `Stickiness`, and its response rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from evkit.errors import SpecError, UnsupportedQuery, unknown
from evkit.insights.stickiness import actors, compute
from evkit.insights.stickiness.spec import Criteria, Stickiness
from evkit.insights.trends.actors import place_of
from evkit.model.tables import EventTables
from evkit.posthog.nodes import common, fields, filters, hogql, people, series
from evkit.query.spec import Action, Series

QUERY = frozenset(
    {"series", "dateRange", "interval", "intervalCount", "properties", "filterTestAccounts", "stickinessFilter", "compareFilter"}
)
OPTIONS = frozenset({"computedAs", "stickinessCriteria"})
COMPUTED = ("non_cumulative", "cumulative")
DRAWN = frozenset(
    {
        "display", "showLegend", "showValuesOnSeries", "showMultipleYAxes", "hiddenLegendIndexes", "resultCustomizations",
        "resultCustomizationBy", "stacked",
    }
)  # fmt: skip
ACTORS = frozenset({"source", "day", "series", "operator", "compare", "includeRecordings"})


def from_query(query: Mapping[str, Any], tables: EventTables) -> Stickiness:
    """Give the question that a StickinessQuery asks.

    Raises
    ------
    SpecError
        For a query without series, or a wrong word.
    UnsupportedQuery
        Names the part that evkit doesn't answer.
    """
    return question(query, tables, [node for node, _ in series.of_query(query, tables, countable)])


def countable(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a series with math only where it counts groups of a type: with any other, PostHog counts persons, or the values of an expression."""
    if node.get("math") == "unique_group" and node.get("math_group_type_index") is not None:
        return node
    if node.get("math") == "hogql":
        return series.without_math({k: v for k, v in node.items() if k != "math_hogql"} | {"math": None})
    return series.without_math(node) | ({"math": "dau"} if node.get("math") == "dau" else {})


def counted_by(query: Mapping[str, Any]) -> Any:
    """Give the property whose values are counted; None where persons or groups are.

    Raises
    ------
    UnsupportedQuery
        When the series don't all count the same.
    """
    by = [node.get("math_hogql") if node.get("math") == "hogql" else None for node in query.get("series") or ()]
    if len(set(by)) > 1:
        said = ", ".join("persons or groups" if one is None else repr(one) for one in dict.fromkeys(by))
        raise UnsupportedQuery(f"series that count different things ({said}) are not answered: ask one question for each")
    return hogql.ref_of(str(by[0])) if by and by[0] not in (None, "") else None


def question(query: Mapping[str, Any], tables: EventTables, wanted: Sequence[Series]) -> Stickiness:
    """Give the question over series that were read already."""
    options, compare = query.get("stickinessFilter") or {}, query.get("compareFilter") or {}
    fields.check(query, "StickinessQuery", QUERY)
    fields.check(options, "stickinessFilter", OPTIONS, DRAWN)
    fields.check(compare, "compareFilter", ("compare", "compare_to"))
    computed = options.get("computedAs") or COMPUTED[0]
    if computed not in COMPUTED:
        raise unknown("computedAs", computed, COMPUTED)
    count = query.get("intervalCount")
    return Stickiness(
        *wanted,
        interval=query.get("interval") or "day",
        interval_count=1 if count is None else count,
        criteria=criteria(options.get("stickinessCriteria")),
        cumulative=computed == "cumulative",
        compare=bool(compare.get("compare")),
        compare_to=(compare.get("compare_to") or None) if compare.get("compare") else None,
        aggregate_by=counted_by(query),
        date_range=common.range_of(query),
        filters=common.filters_of(query, tables),
    )


def criteria(given: Mapping[str, Any] | None) -> Criteria | None:
    """Give how many events in an interval it takes.

    Raises
    ------
    SpecError
        When an operator or a number is missing or wrong.
    """
    if not given:
        return None
    fields.check(given, "stickinessCriteria", ("operator", "value"))
    value = given.get("value")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if given.get("operator") == "gte" and isinstance(value, int) and value < 1:
        value = 1  # an interval without an event never counts
    return (given.get("operator"), value)  # type: ignore[return-value]  # checked where the question is made


def to_query(spec: Stickiness, tables: EventTables) -> dict[str, Any]:
    """Give the StickinessQuery of a question; what is as by default is left out."""
    by = {} if spec.aggregate_by is None else {"math": "hogql", "math_hogql": hogql.expression_of(spec.aggregate_by)}
    made: dict[str, Any] = {
        "kind": "StickinessQuery",
        "series": [series.to_json(s, tables) | by for s in spec.series],
        "interval": spec.interval,
        "dateRange": common.range_to_json(spec.date_range),
    }
    if spec.interval_count > 1:
        made["intervalCount"] = spec.interval_count
    if spec.filters.values:
        made["properties"] = filters.to_json(spec.filters)
    if spec.compare:
        made["compareFilter"] = {"compare": True, **({"compare_to": spec.compare_to} if spec.compare_to else {})}
    options: dict[str, Any] = {"computedAs": "cumulative"} if spec.cumulative else {}
    if spec.criteria is not None:
        options["stickinessCriteria"] = {"operator": spec.criteria[0], "value": spec.criteria[1]}
    return {**made, "stickinessFilter": options} if options else made


# ---------------------------------------------------------------------- answers
def answer(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer a StickinessQuery in the shape of PostHog's response: of each series the current period, then the previous one."""
    known = series.of_query(query, tables, countable)
    if not known:
        return {"results": []}
    spec = question(query, tables, [made for made, _ in known])
    more = " or more" if spec.cumulative else ""
    rows = []
    for order, period, figures in compute.rows(spec, tables):
        if spec.series[order].subject == series.MISSING:
            continue
        days = list(range(1, len(figures) + 1))
        rows.append(
            {
                "data": (compute.added_up(figures) if spec.cumulative else figures).astype(int).tolist(),
                "count": int(figures.sum()),
                "days": days,
                "labels": [f"{day} {spec.interval}{'' if day == 1 else 's'}{more}" for day in days],
                "label": replace(spec.series[order], name=None).label,
                "action": action(spec.series[order], order, known[order][1]),
                **({"compare": True, "compare_label": period} if spec.compare else {}),
            }
        )
    return {"results": rows}


def action(one: Series, order: int, node: Mapping[str, Any]) -> dict[str, Any]:
    """Give a series as the old filter's entity."""
    of_action = isinstance(one.subject, Action)
    return {
        "id": node.get("id") if of_action else node.get("event"),
        "type": "actions" if of_action else "events",
        "order": order,
        "name": replace(one, name=None).label,
        "custom_name": node.get("custom_name"),
        "math": node.get("math"),
    }


# ---------------------------------------------------------------------- actors
def answer_actors(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer an actors query over a StickinessQuery: who counts in so many intervals, most first. Cumulative figures are always "gte"."""
    fields.check(query, str(query.get("kind")), ACTORS)
    spec = from_query(query["source"], tables)
    period = query.get("compare") or "current"
    if period == "previous":
        spec = spec.replaced(compare=True)
    order, day = query.get("series") or 0, query.get("day")
    operator = None if spec.cumulative else query.get("operator")
    if period not in ("current", "previous"):
        raise unknown("compare", period, ("current", "previous"))
    found = actors.found(spec, tables, intervals=day_of(day), operator=operator, series=order, period=period)
    one = spec.series[order].indexed(tables.group_types)
    return {"results": people.actors(found.actor_id.tolist(), tables, group_type_index=one.group_type_index)}


def day_of(given: Any) -> int | None:
    """Give the number of intervals that an actors query names.

    Raises
    ------
    SpecError
        When it is no number.
    """
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return given
    if not isinstance(given, str) or not given.isdecimal():
        raise SpecError(f"day {given!r}: of stickiness that is a number of intervals, such as 3")
    return int(given)


def to_actors_query(
    spec: Stickiness, tables: EventTables, *, intervals: int | None = None, operator: str | None = None, series: int | str = 0,
    period: str = "current",
) -> dict[str, Any]:  # fmt: skip
    """Give the StickinessActorsQuery of who is behind a figure, named as `insight.actors` names it.

    Raises
    ------
    SpecError
        When the question has no such series, period or number.
    """
    spans = compute.periods(spec, tables)
    if period not in spans:
        raise unknown("period", period, spans)
    how = actors.operator_of(spec, operator)
    actors.check(intervals, compute.most(spec, spans[period]))
    made: dict[str, Any] = {"kind": "StickinessActorsQuery", "source": to_query(spec, tables)}
    made["series"] = place_of(series, spec.labels, [s.label for s in spec.series])
    if intervals is not None:
        made["day"] = intervals
    made |= {} if how == "exact" else {"operator": how}
    return made if period == "current" else {**made, "compare": period}
