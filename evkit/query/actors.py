"""Who is counted: a group's key, a person, or a distinct id."""

from __future__ import annotations

import ibis.expr.types as ir

from evkit.model.tables import EventTables
from evkit.query.spec import Series


def group_index(group_type: str | None, group_type_index: int | None, tables: EventTables) -> int | None:
    """Give the index of the group type that is counted; None for persons.

    Raises
    ------
    SpecError
        When the data has no such group type.
    """
    if group_type is None:
        return group_type_index
    return Series("group", group_type=group_type).indexed(tables.group_types).group_type_index


def actor_of(rows: ir.Table, tables: EventTables, index: int | None = None) -> ir.StringValue:
    """Give who is counted, of a relation that has them joined; null for an event without a group of the type."""
    if index is not None:
        return rows[f"group_{index}"]
    return rows.distinct_id if tables.settings.aggregate_by_distinct_id else rows.person_id
