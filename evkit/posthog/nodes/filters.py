"""PostHog's property filters <-> `PropertyFilter` and `FilterGroup`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evkit.errors import SpecError, UnsupportedQuery
from evkit.query.property_filters import FilterGroup, PropertyFilter

TYPES = {
    "event": "event",
    "person": "person",
    "group": "group",
    "element": "element",
    "event_metadata": "event_metadata",
    "session": "session",
    "cohort": "cohort",
    "static-cohort": "cohort",
    "precalculated-cohort": "cohort",
}


def from_json(value: Any) -> FilterGroup:
    """Give the filters of PostHog's JSON: nothing, a filter, a list (AND), a group, or the oldest {"key__operator": value}.

    Raises
    ------
    SpecError
        For a group that is neither AND nor OR, or an unknown operator.
    UnsupportedQuery
        For a type of filter that evkit doesn't answer.
    """
    if value is None or value == {}:
        return FilterGroup("AND")
    if isinstance(value, Mapping):
        if "values" in value and "key" not in value:
            return FilterGroup(str(value.get("type") or "AND").upper(), tuple(_one(v) for v in value["values"] or ()))
        if "key" in value or "type" in value:
            return FilterGroup("AND", (_one(value),))
        return FilterGroup("AND", tuple(_oldest(k, v) for k, v in value.items()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return FilterGroup("AND", tuple(_one(v) for v in value))
    raise SpecError(f"filters are a list or a group, not {value!r}")


def _one(value: Any) -> PropertyFilter | FilterGroup:
    if not isinstance(value, Mapping):
        raise SpecError(f"a filter is an object with 'key' and 'value', not {value!r}")
    if "values" in value and "key" not in value:
        return from_json(value)
    if not value:
        return FilterGroup("AND")
    if "key" not in value and "type" not in value:
        return from_json(value)
    given = value.get("type") or "event"
    if given not in TYPES:
        raise UnsupportedQuery(f"a filter of type {given!r} is not answered. Types that are: {', '.join(TYPES)}")
    kind = TYPES[given]
    operator = value.get("operator") or "exact"
    index = value.get("group_type_index")
    return PropertyFilter(
        key="id" if kind == "cohort" else str(value.get("key", "")),
        value=_value(value.get("value")),
        operator="exact" if kind == "cohort" and operator == "in" else operator,
        type=kind,
        group_type_index=None if index is None else int(index),
        negation=bool(value.get("negation")),
    )


def _value(value: Any) -> Any:
    """Give a stored value: the words true and false, whatever the case, are booleans."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower()
    return value


def _oldest(key: str, value: Any) -> PropertyFilter:
    name, _, operator = key.partition("__")
    return PropertyFilter(name, _value(value), operator or "exact")


def as_list(group: FilterGroup) -> list[dict[str, Any]]:
    """Give PostHog's JSON of filters as a list, which is AND-ed; a group inside it stays a group."""
    values = group.values if group.op == "AND" else (group,)
    return [to_json(v) if isinstance(v, FilterGroup) else one_to_json(v) for v in values]


def to_json(group: FilterGroup) -> dict[str, Any]:
    """Give PostHog's JSON of filters."""
    return {"type": group.op, "values": [to_json(v) if isinstance(v, FilterGroup) else one_to_json(v) for v in group.values]}


def one_to_json(f: PropertyFilter) -> dict[str, Any]:
    """Give PostHog's JSON of one filter."""
    made: dict[str, Any] = {"key": f.key, "type": f.type, "operator": f.operator}
    if f.value is not None:
        made["value"] = list(f.value) if isinstance(f.value, tuple) else f.value
    if f.group_type_index is not None:
        made["group_type_index"] = f.group_type_index
    if f.negation:
        made["negation"] = True
    return made
