"""PostHog's FunnelCorrelationQuery <-> `FunnelCorrelation`, and its response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evkit.errors import SpecError, UnsupportedQuery
from evkit.insights.correlation import actors, compute
from evkit.insights.correlation.spec import FunnelCorrelation
from evkit.model.tables import EventTables
from evkit.posthog.nodes import fields, funnels, series
from evkit.posthog.nodes import filters as filter_nodes
from evkit.query.property_filters import FilterGroup, PropertyFilter
from evkit.query.spec import Series

QUERY = frozenset(
    {
        "source", "funnelCorrelationType", "funnelCorrelationEventNames", "funnelCorrelationNames", "funnelCorrelationExcludeEventNames",
        "funnelCorrelationEventExcludePropertyNames", "funnelCorrelationExcludeNames",
    }
)  # fmt: skip
ACTORS = frozenset(
    {"source", "funnelCorrelationPersonConverted", "funnelCorrelationPersonEntity", "funnelCorrelationPropertyValues", "includeRecordings"}
)


def from_query(query: Mapping[str, Any], tables: EventTables) -> FunnelCorrelation:
    """Give the question that a FunnelCorrelationQuery asks.

    Raises
    ------
    SpecError, UnsupportedQuery
        Names what is wrong, or not answered.
    """
    fields.check(query, "FunnelCorrelationQuery", QUERY)
    source = query.get("source") or {}
    source = source.get("source") or {} if source.get("kind") == "FunnelsActorsQuery" else source
    if source.get("kind") != "FunnelsQuery":
        raise UnsupportedQuery(f"a FunnelCorrelationQuery over {source.get('kind')!r} is not answered. Over: FunnelsQuery")
    return FunnelCorrelation(
        funnels.from_query(source, tables),
        correlation_type=query.get("funnelCorrelationType") or "events",
        event_names=query.get("funnelCorrelationEventNames") or (),
        names=query.get("funnelCorrelationNames") or (),
        exclude_event_names=query.get("funnelCorrelationExcludeEventNames") or (),
        exclude_event_property_names=query.get("funnelCorrelationEventExcludePropertyNames") or (),
        exclude_names=query.get("funnelCorrelationExcludeNames") or (),
    )


def to_query(spec: FunnelCorrelation, tables: EventTables) -> dict[str, Any]:
    """Give the FunnelCorrelationQuery of a question."""
    made: dict[str, Any] = {
        "kind": "FunnelCorrelationQuery",
        "source": {"kind": "FunnelsActorsQuery", "source": funnels.to_query(spec.funnel, tables)},
        "funnelCorrelationType": spec.correlation_type,
    }
    for name, value in (
        ("funnelCorrelationEventNames", spec.event_names), ("funnelCorrelationNames", spec.names),
        ("funnelCorrelationExcludeEventNames", spec.exclude_event_names),
        ("funnelCorrelationEventExcludePropertyNames", spec.exclude_event_property_names), ("funnelCorrelationExcludeNames", spec.exclude_names),
    ):  # fmt: skip
        if value:
            made[name] = list(value)
    return made


def to_actors_query(
    spec: FunnelCorrelation,
    tables: EventTables,
    *,
    event: str | Series | None = None,
    filters: FilterGroup | PropertyFilter | None = None,
    converted: bool | None = None,
) -> dict[str, Any]:
    """Give the FunnelCorrelationActorsQuery of who has a signal, named as `insight.actors` names it.

    Raises
    ------
    SpecError
        When no signal is named.
    """
    made: dict[str, Any] = {"kind": "FunnelCorrelationActorsQuery", "source": to_query(spec, tables)}
    if converted is not None:
        made["funnelCorrelationPersonConverted"] = converted
    if event is not None:
        wanted = event if isinstance(event, Series) else Series(event, filters=filters)
        return {**made, "funnelCorrelationPersonEntity": series.to_json(wanted, tables)}
    if filters is None:
        raise SpecError("name a signal: event='searched', or filters=ek.person_prop('plan') == 'pro'")
    return {**made, "funnelCorrelationPropertyValues": filter_nodes.as_list(FilterGroup.of(filters))}


def answer(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer a FunnelCorrelationQuery in the shape of PostHog's response."""
    spec = from_query(query, tables)
    people = compute.population(spec, tables)
    found = [
        {
            "event": {"event": signal.name, "properties": {}, "elements": []},
            "success_count": signal.success,
            "failure_count": signal.failure,
            "odds_ratio": signal.odds,
            "correlation_type": signal.kind,
        }
        for signal in compute.signals(spec, tables, people)
    ]
    return {"results": {"events": found, "skewed": people.is_skewed}}


def answer_actors(query: dict[str, Any], tables: EventTables) -> dict[str, Any]:
    """Answer a FunnelCorrelationActorsQuery: who has a signal."""
    fields.check(query, "FunnelCorrelationActorsQuery", ACTORS)
    spec = from_query(query["source"], tables)
    converted = query.get("funnelCorrelationPersonConverted")
    wanted = None if converted is None else converted is True or str(converted).lower() == "true"
    entity, values = query.get("funnelCorrelationPersonEntity"), query.get("funnelCorrelationPropertyValues")
    if entity:
        event = series.from_json(funnels.funnel_node(entity), tables)
        if event is None:
            raise SpecError("funnelCorrelationPersonEntity names an action that the project doesn't have")
        rows = actors.actors(spec, tables, event=event, converted=wanted)
    elif values:
        rows = actors.actors(spec, tables, filters=filter_nodes.from_json(values), converted=wanted)
    else:
        raise SpecError("a FunnelCorrelationActorsQuery needs funnelCorrelationPersonEntity or funnelCorrelationPropertyValues")
    return {"results": funnels.people_of(spec.funnel, rows.actor_id.tolist(), tables)}
