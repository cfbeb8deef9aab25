"""PostHog's EventsNode and ActionsNode <-> `Series`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from evkit.errors import SpecError, UnsupportedQuery
from evkit.model.tables import EventTables
from evkit.posthog.nodes import fields, filters
from evkit.query.property_filters import FilterGroup, PropertyRef
from evkit.query.spec import MATHS, PROPERTY_MATHS, Action, Series

NODE = frozenset(
    {
        "event", "id", "math", "math_property", "math_property_type", "math_group_type_index", "math_multiplier", "properties", "fixedProperties",
        "optionalInFunnel", "funnelFromStep", "funnelToStep",
    }
)  # fmt: skip
MATH_FIELDS = frozenset({"math", "math_property", "math_property_type", "math_group_type_index", "math_multiplier"})
MISSING = Action("an action that doesn't exist")
PROPERTY_TYPES = {None: "event", "event_properties": "event", "person_properties": "person", "session_properties": "session"}


def from_json(node: Mapping[str, Any], tables: EventTables) -> Series | None:
    """Give the series of a node; None for an action that doesn't exist.

    Raises
    ------
    UnsupportedQuery
        For a kind of node or a math that evkit doesn't answer.
    """
    fields.check(node, "a series", NODE)
    kind = node.get("kind", "EventsNode")
    if kind == "ActionsNode":
        action = action_of(node, tables)
        if action is None:
            return None
        subject: str | Action | None = action
    elif kind == "EventsNode":
        subject = node.get("event")
        if subject == "":
            raise SpecError("a series names no event: 'event' is ''")
    else:
        raise UnsupportedQuery(f"a series of kind {kind!r} is not answered. Kinds that are: EventsNode, ActionsNode")
    math = node.get("math") or "total"
    if math not in MATHS:
        raise UnsupportedQuery(f"math {math!r} is not answered. Maths that are: {', '.join(MATHS)}")
    wanted = property_of(node)
    return Series(
        subject,
        math="total" if math in PROPERTY_MATHS and wanted is None else math,  # as PostHog does
        math_property=wanted,
        math_multiplier=node.get("math_multiplier"),
        group_type_index=node.get("math_group_type_index"),
        filters=FilterGroup.of(filters.from_json(node.get("properties"))).and_(filters.from_json(node.get("fixedProperties"))),
        optional=bool(node.get("optionalInFunnel")),
    )


def without_math(node: Mapping[str, Any]) -> dict[str, Any]:
    """Give a node without its math, for questions that count who did it whatever the math says.

    Raises
    ------
    UnsupportedQuery
        For a math that there isn't.
    """
    math = node.get("math") or "total"
    if math not in MATHS:
        raise UnsupportedQuery(f"math {math!r} is not answered. Maths that are: {', '.join(MATHS)}")
    return {k: v for k, v in node.items() if k not in MATH_FIELDS}


def of_query(
    query: Mapping[str, Any], tables: EventTables, read: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda node: node
) -> list[tuple[Series, Mapping[str, Any]]]:
    """Give the series of a query with their JSON; one of an action that doesn't exist keeps its place and letter, and matches nothing.

    Parameters
    ----------
    read
        A node -> what is read of it.

    Returns
    -------
    list
        Nothing where no series is left.
    """
    given = [(from_json(read(node), tables), node) for node in query.get("series") or ()]
    if all(made is None for made, _ in given):
        return []
    return [(made or Series(MISSING), node) for made, node in given]


def to_json(series: Series, tables: EventTables) -> dict[str, Any]:
    """Give the node of a series; what is as by default is left out."""
    series = series.indexed(tables.group_types) if series.group_type is not None else series
    if isinstance(series.subject, Action):
        made: dict[str, Any] = {"kind": "ActionsNode", "id": action_id(series.subject), "name": series.subject.name}
    else:
        made = {"kind": "EventsNode", "event": series.subject}
    if series.name:
        made["custom_name"] = series.name
    if series.math != "total":
        made["math"] = series.math
    ref = series.property
    if ref is not None:
        made |= {"math_property": ref.key, "math_property_type": {v: k for k, v in PROPERTY_TYPES.items() if k}[ref.type]}
    for name, value in (("math_multiplier", series.math_multiplier), ("math_group_type_index", series.group_type_index)):
        if value is not None:
            made[name] = value
    if series.group.values:
        made["properties"] = filters.as_list(series.group)
    if series.optional:
        made["optionalInFunnel"] = True
    return made


def action_id(action: Action) -> int | str:
    """Give under which id a project knows an action: its own, else its name."""
    return action.id if action.id is not None else action.name


def property_of(node: Mapping[str, Any]) -> PropertyRef | None:
    """Give the property that a math computes with."""
    key = node.get("math_property")
    if not key:
        return None
    given = node.get("math_property_type")
    if given not in PROPERTY_TYPES:
        raise UnsupportedQuery(f"math_property_type {given!r} is not answered")
    return PropertyRef(str(key), type=PROPERTY_TYPES[given])


def action_of(node: Mapping[str, Any], tables: EventTables) -> Action | None:
    """Give the action that a node names; None when the project has none of that id."""
    known = tables.settings.actions
    return next((a for key, a in known.items() if str(key) == str(node.get("id"))), None)
