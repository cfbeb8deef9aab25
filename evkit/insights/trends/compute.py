"""How trends are computed: one expression over all series and periods, then its rows filled and ranked."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from evkit.dates import Range, bucket_starts, previous_range
from evkit.errors import NotExpressible, NothingBeforeWarning
from evkit.insights import unknown
from evkit.insights.trends import bins, journeys, maths
from evkit.insights.trends.parts import part
from evkit.insights.trends.rank import Row, rows_of
from evkit.insights.trends.spec import NO_VALUE, OTHER, Trends
from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.property_filters import ALL_USERS, PropertyFilter, PropertyRef, refs_in
from evkit.query.relation import cohort_of, relation
from evkit.query.spec import Series

COLUMNS = ["series", "order", "period", "breakdown_value", "bucket", "value"]


# ---------------------------------------------------------------------- periods
def periods(spec: Trends, tables: EventTables) -> dict[str, Range]:
    """Give the ranges of the question: "current", and "previous" where it compares."""
    exact = spec.display == "BoldNumber"
    current = tables.resolve(spec.date_range, interval="day" if spec.is_total else spec.interval, exact_start=exact)
    if not spec.compare:
        return {"current": current}
    return {"current": current, "previous": previous_range(current, compare_to=spec.compare_to, display_exact=exact)}


def buckets(spec: Trends, tables: EventTables) -> dict[str, Sequence[dt.datetime]]:
    """Give the starts of the buckets of each period, wall clock of the project's zone; none for one figure over all."""
    return {name: [] if spec.is_total else bucket_starts(period) for name, period in periods(spec, tables).items()}


# ---------------------------------------------------------------------- expressions
def asked(spec: Trends, tables: EventTables, series: Series, period: Range, *, cohort: str | None = None, who: bool = False) -> maths.Asked:
    """Give what a series asks over one period.

    Parameters
    ----------
    cohort
        Only of persons in this one.
    who
        The actors are wanted too.
    """
    series = series.indexed(tables.group_types) if series.group_type is not None else series
    member = PropertyFilter("id", cohort, type="cohort") if cohort not in (None, ALL_USERS) else None
    parts = spec.parts
    rows = relation(tables, series, spec.filters, member, *parts, people=who or maths.asks_who(series), named=who)
    matcher = Matcher(tables, rows)
    return maths.Asked(
        tables=tables,
        series=series,
        events=rows.mutate(**{f"part_{i}": part(ref, matcher, spec) for i, ref in enumerate(parts)}) if parts else rows,
        parts=parts,
        hit=matcher.subject(series.subject),
        passes=matcher.filter(series.group) & matcher.filter(spec.filters) & matcher.filter(member),
        period=period,
        interval=None if spec.is_total else spec.interval,
        given_interval=spec.interval,
        cumulative=spec.display == "ActionsLineGraphCumulative",
    )


def slices(spec: Trends) -> list[tuple[str | None, int, Series]]:
    """Give the queries behind a question: cohort (None without), order of the series, series."""
    return [(cohort, order, series) for cohort in spec.cohorts or (None,) for order, series in enumerate(spec.series)]


def raw(spec: Trends, tables: EventTables) -> ir.Table:
    """Give the figures before empty buckets and limits: order, period, breakdown_value (bins by number, with their edges), bucket, value."""
    parts = [one_raw(spec, tables, name, period, *one) for name, period in periods(spec, tables).items() for one in slices(spec)]
    return functools.reduce(lambda a, b: a.union(b), parts)


def one_raw(spec: Trends, tables: EventTables, name: str, period: Range, cohort: str | None, order: int, series: Series) -> ir.Table:
    """Give the figures of one series over one period: the columns of `raw`."""
    found = maths.figures(asked(spec, tables, series, period, cohort=cohort))
    value = found.breakdown_value if cohort is None else ibis.literal(cohort)
    return found.select(
        *bins.edge_columns(spec.parts), breakdown_value=value, bucket="bucket", value="value", order=ibis.literal(order), period=ibis.literal(name),
    )  # fmt: skip


def computed(spec: Trends, tables: EventTables) -> pd.DataFrame:
    """Run the question and give the columns of `raw`: from journeys what they answer, the rest in the engine."""
    frames: list[pd.DataFrame] = []
    left: list[ir.Table] = []
    for name, period in periods(spec, tables).items():
        for cohort, order, series in slices(spec):
            found = journeys.figures(spec, tables, series, period, cohort)
            if found is None:
                left.append(one_raw(spec, tables, name, period, cohort, order, series))
            else:
                frames.append(found.assign(order=order, period=name))
    if left:
        frames.append(tables.execute(functools.reduce(lambda a, b: a.union(b), left)))
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def expression(spec: Trends, tables: EventTables) -> ir.Table:
    """Give the figures as an expression: order, period, breakdown_value, bucket, value; empty buckets are missing.

    Raises
    ------
    NotExpressible
        For what is computed after the engine: limits of breakdowns, formulas, smoothing, running totals.
    """
    if spec.formulas or spec.smoothing_intervals > 1:
        raise NotExpressible("formulas and smoothing are computed from the figures of the whole answer: use to_pandas()")
    if spec.breakdown:
        raise NotExpressible(
            "a breakdown keeps its most frequent values, which are known only when all are counted: use to_pandas(), or matched()"
        )
    if spec.display == "ActionsLineGraphCumulative":
        raise NotExpressible("running totals are added up after the engine: use to_pandas()")
    return raw(spec, tables)


def matched(spec: Trends, tables: EventTables) -> ir.Table:
    """Give the events that count, a row an event, series, period and cohort: order, period, uuid, event, timestamp (UTC), bucket, actor, breakdown_value."""
    parts = []
    for name, period in periods(spec, tables).items():
        for cohort, order, series in slices(spec):
            one = asked(spec, tables, series, period, cohort=cohort, who=True)
            rows = maths.with_value(one, maths.counting(one))
            value = valued(one, rows, tables) if cohort is None else ibis.literal(cohort)
            parts.append(
                rows.select(
                    "uuid",
                    "event",
                    "timestamp",
                    "bucket",
                    "actor",
                    breakdown_value=value,
                    order=ibis.literal(order),
                    period=ibis.literal(name),
                )
            )
    return functools.reduce(lambda a, b: a.union(b), parts)


def valued(one: maths.Asked, rows: ir.Table, tables: EventTables) -> ir.Value:
    """Give the breakdown value of rows, bins by their names: their edges are asked for first."""
    counts = bins.binned(one.parts)
    if not counts:
        return rows.breakdown_value
    edge = tables.arrow(bins.edges(rows, one.parts)).to_pylist()[0]
    several = len(one.parts) > 1
    texts = [rows.breakdown_value[i] if several else rows.breakdown_value for i in range(len(one.parts))]
    texts = [bins.in_words(t, edge[f"low_{i}"], edge[f"high_{i}"], counts[i]) if i in counts else t for i, t in enumerate(texts)]
    return ibis.array(texts) if several else texts[0]


# ---------------------------------------------------------------------- figures
def rows(spec: Trends, tables: EventTables, *, listed: bool = False) -> list[Row]:
    """Run the question and give its rows, in PostHog's order; `listed` as in `rows_of`."""
    found = bins.named(computed(spec, tables), spec.parts)
    return rows_of(found, spec, buckets(spec, tables), listed=listed)


def shown(value: Any, spec: Trends, tables: EventTables) -> Any:
    """Give a breakdown value as frames have it: a cohort by its name."""
    return cohort_of(tables, value).name if spec.cohorts and value != ALL_USERS else value


def properties_of(spec: Trends) -> list[PropertyRef]:
    """Give the properties that the question filters by or computes with."""
    computed = [s.property for s in spec.series if s.property is not None]
    return [*computed, *refs_in(spec.filters, *(s.group for s in spec.series))]


def frame(spec: Trends, tables: EventTables) -> pd.DataFrame:
    """Give the figures as a tidy frame: see `Trends` for the columns.

    Warns
    -----
    UnknownEventWarning
        When a series names an event, or a breakdown a property, that the data doesn't have.
    """
    found = [row for row in rows(spec, tables) if not (spec.breakdown_hide_other and OTHER in row.parts)]
    unknown.warn_of_events(spec.series, tables)
    unknown.warn_of_properties(spec.breakdown, (row.parts for row in found), NO_VALUE, tables)
    spans = periods(spec, tables)
    empty = [name for name in spans if not any(row.figures.any() for row in found if row.period == name)]
    if len(empty) == len(spans):
        unknown.warn_of_zeros(properties_of(spec), (spec.filters, *(s.group for s in spec.series)), spans["current"], tables)
    elif "current" in empty:
        unknown.warn_of_range(spans["current"], tables)
    if "previous" in empty:
        unknown.warn_of_range(spans["previous"], tables, NothingBeforeWarning)
    starts = buckets(spec, tables)
    labels = spec.labels
    made = [
        (labels[row.order], row.order, row.period, shown(row.value, spec, tables), start, figure)
        for row in found
        for start, figure in zip(starts[row.period] or (pd.NaT,), row.figures, strict=True)
    ]
    result = pd.DataFrame(made, columns=COLUMNS)
    return result.astype({"order": "int64", "value": "float64", "bucket": "datetime64[us]"})
