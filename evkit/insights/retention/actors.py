"""Who is in a cohort of retention, and in which intervals they are there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import ibis.expr.types as ir
import pandas as pd

from evkit.errors import SpecError, nearest, whole
from evkit.insights.retention.compute import asked_of, found_cells, shown, valued
from evkit.insights.retention.grid import Grid, grid
from evkit.insights.retention.rank import Cells
from evkit.insights.retention.reached import reached
from evkit.insights.retention.spec import Retention
from evkit.insights.trends.actors import bucket_of
from evkit.insights.trends.spec import OTHER
from evkit.model.tables import EventTables


def actors(
    spec: Retention,
    tables: EventTables,
    *,
    cohort: str | dt.datetime | None = None,
    interval: int | None = None,
    breakdown_value: str | None = None,
) -> pd.DataFrame:
    """Give who is in a cohort, with the intervals in which they are there.

    Parameters
    ----------
    cohort
        The start of its period, wall clock of the project's zone; None for those of every cohort.
    interval
        Only those who count in this interval, from 0; of a cumulative question also by a later one.
    breakdown_value
        Only those of this value.

    Returns
    -------
    pandas.DataFrame
        actor_id, cohort, breakdown_value, appearances (a tuple of intervals, 0 among them); a row an actor, cohort and value: most
        appearances first, then by actor_id, cohort and value.

    Raises
    ------
    SpecError
        When the question has no such cohort, interval or value.
    """
    made = grid(spec, tables)
    if interval is not None:
        whole("interval", interval)
        if not 0 <= interval < len(spec.labels):
            raise SpecError(f"interval {interval}: those of this question count from 0 to {len(spec.labels) - 1}")
    cells = None if breakdown_value is None else found_cells(spec, tables, made)
    value = None if breakdown_value is None or cells is None else value_of(breakdown_value, spec, tables, cells)
    found = members(spec, tables, row=cohort_at(cohort, made), value=value, cells=cells)
    if interval is not None:
        there = [max(a) >= interval if spec.cumulative else interval in a for a in found.appearances]
        found = found[pd.Series(there, index=found.index, dtype=bool)]
    starts = pd.Series(pd.to_datetime(list(made.starts))).astype("datetime64[us]")
    return pd.DataFrame(
        {
            "actor_id": found.actor_id.tolist(),
            "cohort": starts.iloc[found.row.to_numpy("int64")].to_numpy(),
            "breakdown_value": pd.Series([shown(v, spec, tables) for v in found.breakdown_value], dtype=object),
            "appearances": pd.Series(found.appearances.tolist(), dtype=object),
        }
    )


def cohort_at(cohort: str | dt.datetime | None, made: Grid) -> int | None:
    """Give the number of a cohort by its start; None for all of them.

    Raises
    ------
    SpecError
        When none begins there.
    """
    at = bucket_of(cohort, made.starts, what="cohort")
    return None if at is None else made.starts.index(at)


def value_of(given: str, spec: Retention, tables: EventTables, cells: Sequence[Cells]) -> str:
    """Give a breakdown value as the figures are parted by it: a cohort of persons by its id.

    Raises
    ------
    SpecError
        When the question has none, or no such value.
    """
    if not spec.breakdown:
        raise SpecError("breakdown_value names a value of a breakdown, and this question has none")
    known = {str(shown(one.value, spec, tables)): str(one.value) for one in cells}
    if given not in known and given not in known.values():
        raise SpecError(f"no breakdown value {given!r}.{nearest(given, known)} Those there are: {', '.join(map(repr, list(known)[:25]))}")
    return known.get(given, given)


def members(
    spec: Retention, tables: EventTables, *, row: int | None = None, value: str | None = None, cells: Sequence[Cells] | None = None
) -> pd.DataFrame:
    """Give who is in a cohort by its number: actor_id, row, breakdown_value, appearances; most appearances first, then by actor_id.

    Parameters
    ----------
    cells
        The figures, where they are known: they say which values are kept by name.

    Raises
    ------
    SpecError
        When there is no cohort of this number.
    """
    made = grid(spec, tables)
    if row is not None and not 0 <= row < len(made.starts):
        raise SpecError(f"no cohort {row}: they count from 0 to {len(made.starts) - 1}")
    asked = [one for one in asked_of(spec, tables, made) if not spec.cohorts or value in (None, OTHER, one.cohort)]
    rest = kept(found_cells(spec, tables, made) if cells is None else cells) if value == OTHER else None
    parts = []
    for one in asked:
        found = reached(one)
        found = found.select("actor", "row", "interval", breakdown_value=valued(one, found))
        parts.append(tables.execute(of_value(found if row is None else found.filter(found.row == row), spec, value, rest)))
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["actor", "row", "interval", "breakdown_value"])
    rows = rows if rest is None else rows[~rows.breakdown_value.isin(rest)]
    grouped = rows.sort_values("interval").groupby(["actor", "row", "breakdown_value"], dropna=False, sort=False).interval
    listed = grouped.agg(lambda i: tuple(int(n) for n in i)).reset_index(name="appearances") if len(rows) else empty()
    listed = listed.assign(count=[len(a) for a in listed.appearances]).rename(columns={"actor": "actor_id"})
    listed = listed if spec.breakdown else listed.assign(breakdown_value=pd.Series([None] * len(listed), dtype=object))
    order = ["count", "actor_id", "row", "breakdown_value"]
    return listed.sort_values(order, ascending=[False, True, True, True], kind="stable", ignore_index=True).drop(columns="count")


def empty() -> pd.DataFrame:
    """Give the frame of nobody."""
    return pd.DataFrame(
        {name: pd.Series([], dtype="int64" if name == "row" else "object") for name in ("actor", "row", "breakdown_value", "appearances")}
    )


def kept(cells: Sequence[Cells]) -> list[str]:
    """Give the breakdown values that are kept by name."""
    return [str(one.value) for one in cells if one.value != OTHER]


def of_value(found: ir.Table, spec: Retention, value: str | None, rest: list[str] | None) -> ir.Table:
    """Keep those of one value of a property."""
    return found if value is None or rest is not None or spec.cohorts else found.filter(found.breakdown_value == value)
