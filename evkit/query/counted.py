"""The events that a series counts, each with who did it."""

from __future__ import annotations

from dataclasses import replace

import ibis.expr.types as ir

from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.property_filters import FilterGroup, PropertyRef
from evkit.query.relation import relation
from evkit.query.spec import Series


def counted(
    tables: EventTables,
    series: Series,
    filters: FilterGroup,
    *,
    group_type_index: int | None = None,
    by: PropertyRef | None = None,
    named: bool = True,
) -> ir.Table:
    """Give the events of a series that pass its filters and those of the question, at any time.

    Parameters
    ----------
    group_type_index
        The actor is the group of this type; events without one are left out.
    by
        The actor is the value of this property; events without one are left out.
    named
        Without, a person may go by any of their ids.

    Returns
    -------
    ir.Table
        A row an event: the columns of `relation`, and actor (never null); by default the person.
    """
    wanted = replace(series, group_type=None, group_type_index=group_type_index)
    rows = relation(tables, wanted, filters, by, people=group_type_index is None and by is None, named=named)
    matcher = Matcher(tables, rows)
    kept = rows.filter(matcher.subject(series.subject) & matcher.filter(series.group) & matcher.filter(filters))
    if group_type_index is not None:
        actor = kept[f"group_{group_type_index}"]
    else:
        actor = kept.person_id if by is None else Matcher(tables, kept).value(by)
    made = kept.mutate(actor=actor)
    return made.filter(made.actor.notnull())
