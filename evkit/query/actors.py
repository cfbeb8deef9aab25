"""Who is counted: a group's key, a person, or a distinct id."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import ibis.expr.types as ir
import numpy as np

from evkit.model.tables import EventTables
from evkit.query.spec import Series

T = TypeVar("T")


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


def each_together(actor: ir.StringValue, run: Callable[[ir.Value], tuple[T, np.ndarray]], *, dialect: str) -> T:
    """Have rows sorted so that those of an actor stand together.

    An engine sorts numbers faster than texts, so DuckDB sorts by the actor's hash. Should two actors have the same, and so their
    rows stand among each other, they are sorted again by the actors themselves.

    Parameters
    ----------
    run
        Takes what to sort by first; gives what was made of the rows, and that value for each run of rows of one actor.
    """
    if dialect != "duckdb":
        return run(actor)[0]
    made, marks = run(actor.hash())
    return made if bool((marks[1:] != marks[:-1]).all()) else run(actor)[0]
