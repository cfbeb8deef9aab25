"""PostHog's cohorts -> `Cohort`: fixed lists, and definitions over person properties and other cohorts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evkit.errors import UnsupportedQuery
from evkit.posthog.nodes import filters
from evkit.query.property_filters import FilterGroup
from evkit.query.spec import Cohort


def from_json(value: Mapping[str, Any]) -> Cohort:
    """Give the cohort of PostHog's JSON.

    Raises
    ------
    UnsupportedQuery
        For conditions on behaviour, which evkit doesn't answer yet.
    """
    members = value.get("members")
    definition = value.get("definition") or value.get("filters") or ({"groups": value["groups"]} if value.get("groups") else None)
    filters = () if members is not None or definition is None else (definition_from_json(definition),)
    return Cohort(str(value.get("name") or value["id"]), *filters, members=members, id=value["id"])


def definition_from_json(value: Mapping[str, Any]) -> FilterGroup:
    """Give what the members' properties must pass: the tree of today, or the oldest list of groups."""
    if "groups" in value:
        return FilterGroup("OR", tuple(_group(g) for g in value["groups"]))
    return filters.from_json(_person_leaves(value.get("properties") or value))


def _group(value: Mapping[str, Any]) -> FilterGroup:
    if "properties" not in value:
        raise UnsupportedQuery(f"a cohort's condition on behaviour is not answered: {dict(value)!r:.200}")
    return filters.from_json(_person_leaves(value["properties"]))


def _person_leaves(value: Any) -> Any:
    """Make the leaves without type, or of type event, person properties."""
    if isinstance(value, list):
        return [_person_leaves(v) for v in value]
    if not isinstance(value, Mapping):
        return value
    if "values" in value and "key" not in value:
        return {**value, "values": [_person_leaves(v) for v in value["values"]]}
    if value.get("type") == "behavioral":
        raise UnsupportedQuery(f"a cohort's condition on behaviour ({value.get('value')!r}) is not answered")
    if "key" in value:
        return {**value, "type": "person"} if value.get("type") in (None, "event", "person") else value
    return [
        {"key": k.partition("__")[0], "operator": k.partition("__")[2] or "exact", "value": v, "type": "person"} for k, v in value.items()
    ]
