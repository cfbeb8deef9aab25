"""How trends are computed: one expression over all series and periods, then its rows filled and ranked."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from evkit.dates import Range, bucket_starts, previous_range
from evkit.errors import DataError, NotExpressible, SpecError
from evkit.insights import unknown
from evkit.insights.trends import maths
from evkit.insights.trends.rank import Row, rows_of
from evkit.insights.trends.spec import NO_VALUE, OTHER, Trends
from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.relation import relation
from evkit.query.spec import PropertyRef, Series

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
def asked(spec: Trends, tables: EventTables, series: Series, period: Range, *, who: bool = False) -> maths.Asked:
    """Give what a series asks over one period; with `who`, its actors are wanted too."""
    series = series.indexed(tables.group_types) if series.group_type is not None else series
    people = who or maths.asks_who(series)
    rows = relation(tables, series, spec.filters, *spec.breakdown, people=people)
    matcher = Matcher(tables, rows)
    hit, passes = matcher.subject(series.subject), matcher.filter(series.group) & matcher.filter(spec.filters)
    return maths.Asked(
        tables=tables,
        series=series,
        events=rows.mutate(breakdown_value=breakdown_value(spec.breakdown, matcher)),
        hit=hit,
        passes=passes,
        period=period,
        interval=None if spec.is_total else spec.interval,
        given_interval=spec.interval,
        cumulative=spec.display == "ActionsLineGraphCumulative",
    )


def breakdown_value(refs: Sequence[PropertyRef], matcher: Matcher) -> ir.Value:
    """Give what events are parted by: a text, an array of texts for several breakdowns, null for none."""
    if not refs:
        return ibis.null("string")
    values = [one_value(ref, matcher) for ref in refs]
    return values[0] if len(values) == 1 else ibis.array(values)


def one_value(ref: PropertyRef, matcher: Matcher) -> ir.StringValue:
    """Give one breakdown's value as text; a missing, null or empty one is `NO_VALUE`."""
    value = matcher.value(ref)
    if ref.type == "session":
        value = value.fill_null("0")
    if ref.normalize_url:
        bare = value.re_replace("[/?#]+$", "")
        value = ibis.ifelse((bare == "") & (value != ""), "/", bare)
    return value.nullif("").fill_null(NO_VALUE)


def raw(spec: Trends, tables: EventTables) -> ir.Table:
    """Give the figures before empty buckets and limits: order, period, breakdown_value, bucket, value."""
    parts = [
        maths.figures(asked(spec, tables, series, period)).select(
            breakdown_value="breakdown_value",
            bucket="bucket",
            value="value",
            order=ibis.literal(order),
            period=ibis.literal(name),
        )
        for name, period in periods(spec, tables).items()
        for order, series in enumerate(spec.series)
    ]
    return functools.reduce(lambda a, b: a.union(b), parts)


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
    """Give the events that count, a row an event, series and period: order, period, uuid, event, timestamp (UTC), bucket, actor, breakdown_value."""
    parts = []
    for name, period in periods(spec, tables).items():
        for order, series in enumerate(spec.series):
            one = asked(spec, tables, series, period, who=True)
            rows = one.inside(one.lower)
            parts.append(
                rows.select(
                    "uuid", "event", "timestamp", "bucket", "actor", "breakdown_value", order=ibis.literal(order), period=ibis.literal(name)
                )
            )
    return functools.reduce(lambda a, b: a.union(b), parts)


# ---------------------------------------------------------------------- figures
def rows(spec: Trends, tables: EventTables) -> list[Row]:
    """Run the question and give its rows, in PostHog's order."""
    return rows_of(tables.execute(raw(spec, tables)), spec, buckets(spec, tables))


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
    starts = buckets(spec, tables)
    labels = [f.label for f in spec.formulas] or [s.label for s in spec.series]
    made = [
        (labels[row.order], row.order, row.period, row.value, start, figure)
        for row in found
        for start, figure in zip(starts[row.period] or (pd.NaT,), row.figures, strict=True)
    ]
    result = pd.DataFrame(made, columns=COLUMNS)
    return result.astype({"order": "int64", "value": "float64", "bucket": "datetime64[us]"})


# ---------------------------------------------------------------------- explanations
def rules(spec: Trends, tables: EventTables) -> tuple[str, ...]:
    """Give the rules that make the figures."""
    settings = tables.settings
    span = periods(spec, tables)["current"]
    zone = span.zone
    said = [
        f"Events from {span.start.astimezone(zone):%Y-%m-%d %H:%M} to {span.end.astimezone(zone):%Y-%m-%d %H:%M:%S}, both ends counted, in {settings.timezone}.",
        f"Time is cut into {spec.interval}s by the wall clock of {settings.timezone}"
        + (f"; weeks begin on {settings.week_start}." if spec.interval == "week" else "."),
        "A bucket without events is 0.",
    ]
    if spec.interval == "week":
        said.append("The first week begins with the first day of the range: events earlier in that week don't count.")
    said += [f"{s.label}: {MATHS_IN_WORDS.get(s.math, s.math)}." for s in spec.series]
    if spec.breakdown:
        said.append(
            f"The {spec.breakdown_limit} largest breakdown values are kept; the rest is added up as one row. Missing, null and empty values are one value."
        )
    if spec.compare:
        said.append(
            "The previous period is as long and ends directly before."
            if spec.compare_to is None
            else f"Compared with the period {spec.compare_to} away."
        )
    return (*said, *tables.rules())


MATHS_IN_WORDS = {
    "total": "every event counts",
    "dau": "a person counts once a bucket",
    "weekly_active": "a person counts when active in the 7 days up to the bucket",
    "monthly_active": "a person counts when active in the 30 days up to the bucket",
    "unique_group": "a group counts once a bucket; events without its key don't count",
    "unique_session": "a session counts once a bucket; all events without $session_id are one session",
    "first_time_for_user": "a person counts once, when their first event of the name passes the filters",
    **{
        m: f"{m} of the property over the events that have a number there; 0 where none has"
        for m in ("sum", "avg", "min", "max", "median", "p75", "p90", "p95", "p99")
    },
}


def actors(
    spec: Trends,
    tables: EventTables,
    *,
    bucket: str | dt.datetime | None = None,
    series: int = 0,
    breakdown_value: str | None = None,
    period: str = "current",
) -> pd.DataFrame:
    """Give who is behind a figure: actor_id, events (how many count), first_seen, last_seen (UTC); most events first.

    Raises
    ------
    SpecError
        When the question has no such series, period or bucket.
    """
    if not 0 <= series < len(spec.series):
        raise SpecError(f"no series {series}: they count from 0 to {len(spec.series) - 1}")
    starts = buckets(spec, tables)
    if period not in starts:
        raise SpecError(f"no period {period!r}. One of: {', '.join(starts)}")
    m = matched(spec, tables)
    m = m.filter((m.order == series) & (m.period == period))
    if bucket is not None:
        wanted = pd.Timestamp(bucket)
        if wanted not in [pd.Timestamp(s) for s in starts[period]]:
            raise SpecError(f"no bucket begins at {wanted}. The first is {starts[period][0]}, the last {starts[period][-1]}")
        m = m.filter(m.bucket == ibis.literal(wanted.to_pydatetime(), type="timestamp(6)"))
    if breakdown_value is not None:
        if len(spec.breakdown) != 1:
            raise DataError("breakdown_value names a value of one breakdown, and this question has none or several")
        m = m.filter(m.breakdown_value == breakdown_value)
    who = m.filter(m.actor.notnull()).group_by(actor_id=m.actor)
    table = who.agg(events=lambda t: t.count(), first_seen=lambda t: t.timestamp.min(), last_seen=lambda t: t.timestamp.max())
    return tables.execute(table.order_by([table.events.desc(), table.actor_id]))
