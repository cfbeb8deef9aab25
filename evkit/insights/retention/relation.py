"""The events of retention: who did them, when, whether they begin or come back, and what parts them."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from evkit.dates.instants import instant
from evkit.insights.retention.grid import Grid
from evkit.insights.retention.spec import Retention
from evkit.model.tables import EventTables
from evkit.query import actors
from evkit.query.filters import Matcher
from evkit.query.property_filters import ALL_USERS, PropertyFilter
from evkit.query.relation import relation
from evkit.query.spec import Series


@dataclass(frozen=True)
class Asked:
    """A question over its grid, of everybody or of one cohort of persons.

    Parameters
    ----------
    cohort
        Only of persons in this one; None for everybody.
    """

    spec: Retention
    tables: EventTables
    grid: Grid
    cohort: str | None = None

    @property
    def keys(self) -> list[str]:
        """What somebody is told apart by: the actor, and the value that parts the figures."""
        return ["actor", "value"] if self.spec.part is not None else ["actor"]

    @property
    def start(self) -> ir.TimestampScalar:
        """The first instant of the grid."""
        return instant(self.grid.instant(self.grid.start))

    @property
    def end(self) -> ir.TimestampScalar:
        """The first instant after the grid."""
        return instant(self.grid.instant(self.grid.end))


def group_index(spec: Retention, tables: EventTables) -> int | None:
    """Give the index of the group type that is counted; None for persons."""
    return actors.group_index(spec.group_type, spec.group_type_index, tables)


def marked(asked: Asked, *, named: bool = True) -> ir.Table:
    """Give the events that begin or come back, up to the end of the grid, a row an event.

    Returns
    -------
    ir.Table
        uuid, event, timestamp (UTC), arrival, actor, is_target (with the target's filters), is_kind (whatever its filters),
        is_returning, value (what the figures are parted by, as text, "" where there is none; only with a breakdown), amount (only
        where a property is added up). Recurring: only from the start of the grid on. Without `named`, a person may go by any of their ids.
    """
    spec, tables = asked.spec, asked.tables
    index = group_index(spec, tables)
    member = PropertyFilter("id", asked.cohort, type="cohort") if asked.cohort not in (None, ALL_USERS) else None
    counted = Series(None, group_type_index=index)
    rows = relation(tables, *spec.entities, spec.filters, spec.part, spec.aggregation_property, counted, member, named=named)
    matcher = Matcher(tables, rows)
    kind = matcher.subject(spec.target.subject)
    ever = spec.retention_type == "retention_first_ever_occurrence"
    made = rows.mutate(
        actor=actors.actor_of(rows, tables, index),
        is_target=kind & matcher.filter(spec.target.group),
        is_kind=kind if ever else ibis.literal(False),
        is_returning=matcher.series(spec.returning),
        **({"value": matcher.value(spec.part).fill_null("")} if spec.part is not None else {}),
        **({"amount": matcher.number(spec.aggregation_property).fill_null(0.0)} if spec.aggregation_property is not None else {}),
    )
    wanted = matcher.filter(spec.filters) & matcher.filter(member) & (rows.timestamp < asked.end)
    if index is not None:
        wanted = wanted & made.actor.notnull()
    if spec.retention_type == "retention_recurring":
        wanted = wanted & (rows.timestamp >= asked.start)
    made = made.filter(wanted & (made.is_target | made.is_kind | made.is_returning))
    more = [name for name in ("value", "amount") if name in made.columns]
    return made.select("uuid", "event", "timestamp", "arrival", "actor", "is_target", "is_kind", "is_returning", *more)
