"""The part of HogQL that names one property or column: `properties.$browser`, `person.properties.plan`, `distinct_id`."""

from __future__ import annotations

import re

from evkit.errors import UnsupportedQuery
from evkit.query.property_filters import PropertyRef

COLUMNS = ("event", "distinct_id", "uuid", "timestamp", "person_id")
NAMED = r"""(?:\.([\w$]+)|\.`([^`]+)`|\['((?:[^'\\]|\\.)+)'\]|\["((?:[^"\\]|\\.)+)"\])"""
PROPERTY = re.compile(rf"(?:e\.|events\.)?(person\.|pdi\.person\.)?properties{NAMED}")
COLUMN = re.compile(r"(?:e\.|events\.)?`?([\w$]+)`?")


def ref_of(expression: str) -> PropertyRef:
    """Give the property or column that an expression names.

    Raises
    ------
    UnsupportedQuery
        When it is any other expression.

    Examples
    --------
    >>> ref_of("person.properties['plan']").type, ref_of("distinct_id").type
    ('person', 'event_metadata')
    """
    text = expression.strip()
    match = PROPERTY.fullmatch(text)
    if match:
        key = next(group for group in match.groups()[1:] if group is not None)
        return PropertyRef(re.sub(r"\\(.)", r"\1", key), type="person" if match[1] else "event")
    column = COLUMN.fullmatch(text)
    if column and column[1] in COLUMNS:
        return PropertyRef(column[1], type="event_metadata")
    if column and column[1] == "$session_id":
        return PropertyRef("$session_id")
    raise UnsupportedQuery(
        f"the HogQL expression {expression!r} is not answered. What is: properties.<name>, person.properties.<name>, {', '.join(COLUMNS)}"
    )


def expression_of(ref: PropertyRef) -> str:
    """Give the expression that names a property or column.

    Raises
    ------
    UnsupportedQuery
        When it is of another kind.

    Examples
    --------
    >>> expression_of(PropertyRef("a b", type="person"))
    "person.properties['a b']"
    """
    if ref.type == "event_metadata":
        return ref.key
    if ref.type not in ("event", "person"):
        raise UnsupportedQuery(f"a property of type {ref.type!r} ({ref.key!r}) has no HogQL expression here")
    owner = "person.properties" if ref.type == "person" else "properties"
    escaped = ref.key.replace("\\", "\\\\").replace("'", "\\'")
    return f"{owner}.{ref.key}" if re.fullmatch(r"[\w$]+", ref.key) else f"{owner}['{escaped}']"
