"""PostHog's PathsQuery <-> `Paths`, and its response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evkit.errors import ReversedRange, SpecError, UnsupportedQuery
from evkit.insights.paths import actors, compute
from evkit.insights.paths.actors import Place, Role
from evkit.insights.paths.spec import DEFAULT_EDGE_LIMIT, DEFAULT_STEP_LIMIT, NAMED, Paths
from evkit.insights.paths.walk import sort, walk
from evkit.model.tables import EventTables
from evkit.posthog.nodes import common, fields, filters, funnels, hogql, people

QUERY = frozenset({"dateRange", "properties", "filterTestAccounts", "pathsFilter", "funnelPathsFilter"})
OPTIONS = frozenset(
    {
        "includeEventTypes", "startPoint", "endPoint", "stepLimit", "edgeLimit", "minEdgeWeight", "maxEdgeWeight", "excludeEvents", "pathGroupings",
        "pathReplacements", "localPathCleaningFilters", "pathsHogQLExpression",
    }
)  # fmt: skip
KEYS: dict[str, Role] = {"pathStartKey": "source", "pathEndKey": "target", "pathDropoffKey": "dropoff"}
"""The fields that name people of paths; the figures don't depend on them."""
DRAWN = frozenset({"showFullUrls", *KEYS})
FUNNEL = frozenset({"funnelSource", "funnelPathType", "funnelStep"})
RULE = frozenset({"regex", "alias", "order"})
ACTORS = frozenset({"source", "includeRecordings"})


def from_query(query: Mapping[str, Any], tables: EventTables) -> Paths:
    """Give the question that a PathsQuery asks.

    Paths are those of persons, whatever aggregation_group_type_index says. Without includeEventTypes excludeEvents leaves out no
    item, as in PostHog: there it only says which events are called by their name.

    Raises
    ------
    SpecError
        For a wrong word, or parts that don't go together.
    UnsupportedQuery
        Names the part that evkit doesn't answer.
    """
    options = query.get("pathsFilter") or {}
    fields.check(query, "PathsQuery", QUERY)
    fields.check(options, "pathsFilter", OPTIONS, DRAWN)
    least, most = (None, None) if weights_exclude(options) else (options.get("minEdgeWeight") or None, options.get("maxEdgeWeight") or None)
    kinds, left_out = tuple(options.get("includeEventTypes") or ()), tuple(options.get("excludeEvents") or ())
    expression = options.get("pathsHogQLExpression") if ("hogql" in kinds if kinds else "hogql" not in left_out) else None
    return Paths(
        include_event_types=kinds,
        start_point=options.get("startPoint") or None,
        end_point=options.get("endPoint") or None,
        step_limit=options.get("stepLimit") or DEFAULT_STEP_LIMIT,
        edge_limit=options.get("edgeLimit") or DEFAULT_EDGE_LIMIT,
        min_edge_weight=least,
        max_edge_weight=most,
        exclude_events=left_out if kinds else (),
        path_groupings=tuple(options.get("pathGroupings") or ()),
        path_replacements=bool(options.get("pathReplacements")),
        local_path_cleaning_filters=tuple(rules_of(options.get("localPathCleaningFilters") or ())),
        expression=hogql.ref_of(str(expression)) if expression else None,
        event_names_for=() if kinds else tuple(name for name in NAMED if name in left_out),
        **funnel_of(query.get("funnelPathsFilter"), tables),
        filters=common.filters_of(query, tables),
        date_range=common.range_of(query),
    )


def weights_exclude(options: Mapping[str, Any]) -> bool:
    """Say whether no edge can weigh as much as is asked, and as little: then PostHog has no edges, and the people of a key all the same."""
    least, most = options.get("minEdgeWeight") or 0, options.get("maxEdgeWeight") or 0
    return isinstance(least, int) and isinstance(most, int) and 0 < most < least


def rules_of(given: Any) -> list[tuple[str, str]]:
    """Give the rules that clean paths; one without a regular expression changes nothing.

    Raises
    ------
    UnsupportedQuery
        For a part of a rule that evkit doesn't read.
    """
    for rule in given:
        fields.check(rule, "a path cleaning filter", RULE)
    return [(str(rule["regex"]), str(rule.get("alias") or "")) for rule in given if rule.get("regex")]


def funnel_of(given: Mapping[str, Any] | None, tables: EventTables) -> dict[str, Any]:
    """Give whose events are followed: a negative step of PostHog's is who was lost before it.

    Raises
    ------
    SpecError
        When the step is none.
    UnsupportedQuery
        When the source is no FunnelsQuery.
    """
    if not given:
        return {}
    fields.check(given, "funnelPathsFilter", FUNNEL)
    source, step = given.get("funnelSource") or {}, given.get("funnelStep")
    if source.get("kind") != "FunnelsQuery":
        raise UnsupportedQuery(f"paths over {source.get('kind')!r} are not answered. Over: FunnelsQuery")
    if isinstance(step, bool) or not isinstance(step, int) or step in (0, -1):
        raise SpecError(f"funnelStep {step!r}: steps count from 1; negative ones, from -2, are those lost before the step")
    return {
        "funnel": funnels.from_query(source, tables),
        "funnel_path_type": given.get("funnelPathType"),
        "funnel_step": abs(step),
        "funnel_dropped": step < 0,
    }


# ---------------------------------------------------------------------- our questions as PostHog's
def to_query(spec: Paths, tables: EventTables) -> dict[str, Any]:
    """Give the PathsQuery of a question; what is as by default is left out."""
    made: dict[str, Any] = {"kind": "PathsQuery", "dateRange": common.range_to_json(spec.date_range), "pathsFilter": options_to_json(spec)}
    if spec.filters.values:
        made["properties"] = filters.to_json(spec.filters)
    if spec.funnel is not None and spec.funnel_step is not None:
        made["funnelPathsFilter"] = {
            "funnelSource": funnels.to_query(spec.funnel, tables),
            "funnelPathType": spec.funnel_path_type,
            "funnelStep": -spec.funnel_step if spec.funnel_dropped else spec.funnel_step,
        }
    return made


def options_to_json(spec: Paths) -> dict[str, Any]:
    """Give PostHog's pathsFilter of a question."""
    made: dict[str, Any] = {}
    for name, value, default in (
        ("includeEventTypes", list(spec.include_event_types), []), ("startPoint", spec.start_point, None), ("endPoint", spec.end_point, None),
        ("stepLimit", spec.step_limit, DEFAULT_STEP_LIMIT), ("edgeLimit", spec.edge_limit, DEFAULT_EDGE_LIMIT),
        ("minEdgeWeight", spec.min_edge_weight, None), ("maxEdgeWeight", spec.max_edge_weight, None),
        ("excludeEvents", [*spec.exclude_events, *spec.event_names_for], []), ("pathGroupings", list(spec.path_groupings), []),
        ("pathReplacements", spec.path_replacements, False),
        ("localPathCleaningFilters", [{"regex": regex, "alias": alias} for regex, alias in spec.local_path_cleaning_filters], []),
        ("pathsHogQLExpression", None if spec.expression is None else hogql.expression_of(spec.expression), None),
    ):  # fmt: skip
        if value != default:
            made[name] = value
    return made


# ---------------------------------------------------------------------- answers
def answer(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer a PathsQuery in the shape of PostHog's response; a range that ends before it starts has no paths, as in PostHog."""
    spec = from_query(query, tables)
    if weights_exclude(query.get("pathsFilter") or {}):
        return {"results": []}
    try:
        found = compute.figures(spec, sort(spec, tables))
    except ReversedRange:
        return {"results": []}
    return {
        "results": [
            {
                "source": f"{row.step}_{row.source}",
                "target": f"{row.step + 1}_{row.target}",
                "value": row.value,
                "average_conversion_time": row.average_conversion_seconds * 1000,
            }
            for row in found.itertuples()
        ]
    }


def answer_actors(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer an InsightActorsQuery over a PathsQuery: who is behind its keys; pathDropoffKey wins over the other two."""
    fields.check(query, "InsightActorsQuery", ACTORS)
    spec = from_query(query["source"], tables)
    options = query["source"].get("pathsFilter") or {}
    asked = {role: place_of(name, options[name]) for name, role in KEYS.items() if options.get(name)}
    if "dropoff" in asked:
        asked = {"dropoff": asked["dropoff"]}
    try:
        rows = actors.who(walk(spec, tables), asked)
    except ReversedRange:
        return {"results": []}
    return {"results": people.actors(rows.actor_id.tolist(), tables)}


def place_of(name: str, key: Any) -> Place:
    """Give the place and the item that a key names: "2_/pricing" is the second item, /pricing.

    Raises
    ------
    SpecError
        When it is no such key.
    """
    step, line, item = str(key).partition("_")
    if not line or not step.isdecimal():
        raise SpecError(f"{name} {key!r} is no key of a path's item: write its place and the item, such as '1_/pricing'")
    return int(step), item


def to_actors_query(
    spec: Paths,
    tables: EventTables,
    *,
    step: int | None = None,
    source: str | None = None,
    target: str | None = None,
    dropoff: str | None = None,
) -> dict[str, Any]:
    """Give the InsightActorsQuery of who is behind an edge, named as `insight.actors` names it.

    Raises
    ------
    SpecError
        When the edge is named without its step.
    """
    made = to_query(spec, tables)
    if (source, target, dropoff) != (None, None, None) and step is None:
        raise SpecError("PostHog names people of paths by their step: give step=")
    for name, place, item in (("pathStartKey", 0, source), ("pathEndKey", 1, target), ("pathDropoffKey", 0, dropoff)):
        if item is not None:
            made["pathsFilter"][name] = f"{(step or 0) + place}_{item}"
    return {"kind": "InsightActorsQuery", "source": made}
