"""What of a project a query hangs on: which events, whether persons, which actions and cohorts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evkit.insights.trends.maths import FIRST_TIME
from evkit.model.tables import EventTables
from evkit.query.behaviour import Behaviour
from evkit.query.relation import find
from evkit.query.spec import PROPERTY_MATHS

ALL_OF_HISTORY = frozenset({*FIRST_TIME, "retention_first_time", "retention_first_ever_occurrence"})
"""What of a query looks at events before its dates."""
WITHOUT_PERSONS = frozenset({"total", "unique_session", "hogql", "unique_group", *PROPERTY_MATHS})
"""Maths of trends that ask of nobody who did it."""
NAMED_IN = ("series", "exclusions", "targetEntity", "returningEntity")
"""Where a query names its events; in other kinds of queries all of them may count."""


def nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Give every object inside a query."""
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from nodes(inner)


def actions(query: Any) -> set[str]:
    """Give the ids of the actions that a query names."""
    entities = (n for n in nodes(query) if n.get("kind") == "ActionsNode" or n.get("type") == "actions")
    return {str(node["id"]) for node in entities if node.get("id") is not None}


def cohorts(query: Any) -> set[str]:
    """Give the ids of the cohorts that a query names."""
    asked = {str(node.get("value")) for node in nodes(query) if node.get("type") == "cohort" and node.get("key") == "id"}
    for node in nodes(query):
        if node.get("breakdown_type") == "cohort":
            given = node.get("breakdown")
            asked |= {str(one) for one in (given if isinstance(given, list) else [given])} - {"all", "None"}
    return asked


def events(query: Mapping[str, Any], tables: EventTables) -> frozenset[str] | None:
    """Give the names of the events that the figures are made of; None where any may be."""
    if query.get("kind") in ("PathsQuery", "FunnelCorrelationQuery") or cohorts(query):
        return None
    if (query.get("funnelsFilter") or {}).get("funnelOrderType") == "strict":
        return None
    found: set[str] = set()
    given = {**query, **(query.get("funnelsFilter") or {}), **(query.get("retentionFilter") or {})}
    entities: list[Any] = []
    for name in NAMED_IN:
        one = given.get(name)
        entities += one if isinstance(one, list) else [one]
    for entity in entities:
        names = names_of(entity, tables) if isinstance(entity, Mapping) else frozenset[str]()
        if names is None:
            return None
        found |= names
    return frozenset(found) or None


def names_of(entity: Mapping[str, Any], tables: EventTables) -> frozenset[str] | None:
    """Give the names of the events that an entity of a query is; None for all."""
    if entity.get("kind") == "ActionsNode" or entity.get("type") == "actions":
        action = next((a for key, a in tables.settings.actions.items() if str(key) == str(entity.get("id"))), None)
        names = {step.event for step in action.steps} if action is not None else {None}
    else:
        names = {entity.get("event") or entity.get("id") or entity.get("name")}
    return None if None in names else frozenset(str(name) for name in names)


def counts_persons(query: Mapping[str, Any]) -> bool:
    """Say whether the figures hang on who is one person."""
    if query.get("kind") != "TrendsQuery" or person_properties(query) or cohorts(query):
        return True
    return any((series.get("math") or "total") not in WITHOUT_PERSONS for series in query.get("series") or ())


def person_properties(query: Mapping[str, Any]) -> bool:
    """Say whether the figures hang on properties of persons."""
    asked = (node.get(name) == "person" for node in nodes(query) for name in ("type", "breakdown_type", "math_property_type"))
    return any(asked) or any(node.get("math_property_type") == "person_properties" for node in nodes(query))


def looks_back(query: Mapping[str, Any], tables: EventTables) -> bool:
    """Say whether what persons did before the dates of the query matters."""
    if any(value in ALL_OF_HISTORY for node in nodes(query) for value in node.values() if isinstance(value, str)):
        return True
    known = (find(tables.settings.cohorts, name) for name in cohorts(query))
    return any(
        isinstance(leaf, Behaviour)
        for cohort in known
        if cohort is not None and cohort.members is None
        for leaf in cohort.definition.leaves()
    )
