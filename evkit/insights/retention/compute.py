"""How retention is computed: who is in which cohort and comes back when is one expression; its cells are filled and ranked."""

from __future__ import annotations

import functools

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from evkit.errors import NotExpressible
from evkit.insights import unknown
from evkit.insights.retention import journeys
from evkit.insights.retention.grid import Grid, grid, span, states
from evkit.insights.retention.rank import Cells, tables_of
from evkit.insights.retention.reached import cells, reached
from evkit.insights.retention.relation import Asked, marked
from evkit.insights.retention.spec import Retention
from evkit.insights.trends.spec import OTHER
from evkit.model.tables import EventTables
from evkit.query.property_filters import ALL_USERS, PropertyRef, refs_in
from evkit.query.relation import cohort_of

COLUMNS = ["breakdown_value", "cohort", "cohort_size", "interval", "label", "count", "share", "state"]


# ---------------------------------------------------------------------- expressions
def asked_of(spec: Retention, tables: EventTables, made: Grid) -> list[Asked]:
    """Give the queries behind a question: one, or one a cohort of persons."""
    return [Asked(spec, tables, made, cohort) for cohort in spec.cohorts or (None,)]


def valued(asked: Asked, rows: ir.Table) -> ir.Value:
    """Give what parts the figures: a property's value, the id of a cohort of persons, null for nothing."""
    if asked.cohort is not None:
        return ibis.literal(asked.cohort)
    return rows["value"] if asked.spec.part is not None else ibis.null("string")


def people(spec: Retention, tables: EventTables, made: Grid) -> ir.Table:
    """Give who is in which cell: actor, breakdown_value, row, interval, amount (only where a property is added up); a row each."""
    parts = []
    for asked in asked_of(spec, tables, made):
        found = cells(asked, reached(asked))
        amount = ["amount"] if spec.aggregates else []
        parts.append(found.select("actor", "row", "interval", *amount, breakdown_value=valued(asked, found)))
    return functools.reduce(lambda a, b: a.union(b), parts)


def raw(spec: Retention, tables: EventTables, made: Grid) -> ir.Table:
    """Give the figures before empty cells and limits: breakdown_value, row (from 0), interval, count, amount (the sum, where one is asked for)."""
    return functools.reduce(lambda a, b: a.union(b), [one_raw(asked) for asked in asked_of(spec, tables, made)])


def one_raw(asked: Asked) -> ir.Table:
    """Give the figures of everybody, or of one cohort of persons: the columns of `raw`."""
    found = cells(asked, reached(asked, named=False))
    keys = ["row", "interval", *(["value"] if asked.spec.part is not None else [])]
    more = {"amount": found.amount.sum()} if asked.spec.aggregates else {}
    counted = found.group_by(keys).agg(count=found.count(), **more)
    return counted.select("row", "interval", "count", *more, breakdown_value=valued(asked, counted))


def expression(spec: Retention, tables: EventTables) -> ir.Table:
    """Give the figures as an expression: row (which cohort, from 0), interval, count, amount (the sum of the property); empty cells are missing.

    Raises
    ------
    NotExpressible
        With a breakdown: which values are kept is known only when all are counted.
    """
    if spec.breakdown:
        raise NotExpressible(
            "a breakdown keeps the values with most people in their cohorts, which are known only when all are counted: use to_pandas(), or matched()"
        )
    return raw(spec, tables, grid(spec, tables)).drop("breakdown_value")


def matched(spec: Retention, tables: EventTables) -> ir.Table:
    """Give the events that begin or come back, a row an event and cohort of persons.

    Returns
    -------
    ir.Table
        uuid, event, timestamp (UTC), actor, is_target, is_returning, breakdown_value, amount (only where a property is added up). Of
        a first-time question with those before the range; of the first ever, with targets whose filters don't hold.
    """
    made = grid(spec, tables)
    parts = []
    for asked in asked_of(spec, tables, made):
        rows = marked(asked)
        amount = ["amount"] if spec.aggregates else []
        names = ["uuid", "event", "timestamp", "actor", "is_target", "is_returning", *amount]
        parts.append(rows.select(*names, breakdown_value=valued(asked, rows)))
    return functools.reduce(lambda a, b: a.union(b), parts)


# ---------------------------------------------------------------------- figures
def found_cells(spec: Retention, tables: EventTables, made: Grid) -> list[Cells]:
    """Run the question and give its cells, a table a breakdown value, in PostHog's order."""
    frames, left = [], []
    for asked in asked_of(spec, tables, made):
        found = journeys.figures(asked)
        frames += [] if found is None else [found]
        left += [asked] if found is None else []
    if left:
        frames.append(tables.execute(functools.reduce(lambda a, b: a.union(b), [one_raw(asked) for asked in left])))
    return tables_of(pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0], spec, len(made.starts))


def shown(value: str | None, spec: Retention, tables: EventTables) -> str | None:
    """Give a breakdown value as frames have it: a cohort of persons by its name."""
    if value is None or not spec.cohorts or value in (ALL_USERS, OTHER):
        return value
    return cohort_of(tables, value).name


def properties_of(spec: Retention) -> list[PropertyRef]:
    """Give the properties that the question filters by or computes with."""
    computed = [] if spec.aggregation_property is None else [spec.aggregation_property]
    return [*computed, *refs_in(spec.filters, *(e.group for e in spec.entities))]


def frame(spec: Retention, tables: EventTables) -> pd.DataFrame:
    """Give the figures as a tidy frame: see `Retention` for the columns.

    Warns
    -----
    UnknownEventWarning
        When the target or the return names an event, or a breakdown or filter a property, that the data doesn't have.
    """
    made = grid(spec, tables)
    found = found_cells(spec, tables, made)
    unknown.warn_of_events(dict.fromkeys(spec.entities), tables)
    if spec.part is not None:
        unknown.warn_of_properties((spec.part,), ((one.value or "",) for one in found), "", tables)
    if not any(one.counts.any() for one in found):
        unknown.warn_of_zeros(properties_of(spec), (spec.filters, *(e.group for e in spec.entities)), span(spec, tables), tables)
    return framed(spec, tables, made, found)


def framed(spec: Retention, tables: EventTables, made: Grid, found: list[Cells]) -> pd.DataFrame:
    """Give cells as a tidy frame."""
    rows, width, labels = len(made.starts), len(spec.labels), spec.labels
    state = [one for line in states(spec, made, tables) for one in line]
    parts = []
    for one in found:
        sizes = np.repeat(one.counts[:, 0], width)
        counts = one.counts.ravel()
        part = {
            "breakdown_value": pd.Series([shown(one.value, spec, tables)] * len(counts), dtype=object),
            "cohort": np.repeat(np.array(made.starts, "datetime64[us]"), width),
            "cohort_size": sizes,
            "interval": np.tile(np.arange(width), rows),
            "label": np.tile(np.array(labels, object), rows),
            "count": counts,
            "share": np.divide(counts, sizes, out=np.full(len(counts), np.nan), where=sizes > 0),
            "state": state,
        }
        values = one.aggregated(spec.aggregation_type)
        parts.append(pd.DataFrame(part if values is None else {**part, "aggregation_value": values.ravel()}))
    if parts:
        return pd.concat(parts, ignore_index=True)
    kinds = {
        "cohort": "datetime64[us]", "cohort_size": "int64", "interval": "int64", "count": "int64", "share": "float64",
        "aggregation_value": "float64",
    }  # fmt: skip
    names = [*COLUMNS, *(["aggregation_value"] if spec.aggregates else [])]
    return pd.DataFrame({name: pd.Series([], dtype=kinds.get(name, "object")) for name in names})
