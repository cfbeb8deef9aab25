"""How a lifecycle is computed: who is active in which bucket, then what each of these was to the one before and the one after."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from evkit import properties
from evkit.dates import Range, bucket_starts
from evkit.dates.buckets import bucket
from evkit.dates.grammar import MICROSECOND, floor, shift
from evkit.dates.instants import instant
from evkit.insights import unknown
from evkit.insights.lifecycle import journeys
from evkit.insights.lifecycle.spec import STATUSES, Lifecycle
from evkit.model.created import groups_created, persons_created
from evkit.model.tables import EventTables
from evkit.query.actors import group_index
from evkit.query.counted import counted
from evkit.query.filters import Matcher
from evkit.query.property_filters import refs_in
from evkit.query.relation import relation

COLUMNS = ["bucket", "status", "value"]
PLACES = ibis.schema({"start": "timestamp(6)", "place": "int64"})
UNITS = {"day": "d", "week": "w", "month": "m"}


# ---------------------------------------------------------------------- time
def span(spec: Lifecycle, tables: EventTables) -> Range:
    """Give the range of the question; all of it begins with the earliest event of the subject."""
    return tables.resolve(spec.date_range, interval=spec.interval, earliest=lambda: earliest(spec, tables))


def earliest(spec: Lifecycle, tables: EventTables) -> dt.datetime | None:
    """Give the time of the first event of the subject, whatever the filters, with zone UTC; None where there is none. Runs once."""
    return tables.cache.get(f"earliest {spec.subject.subject!r}", lambda: _find_earliest(spec, tables))


def _find_earliest(spec: Lifecycle, tables: EventTables) -> dt.datetime | None:
    rows = relation(tables, spec.subject, people=False)
    found = rows.filter(Matcher(tables, rows).subject(spec.subject.subject)).timestamp.min().name("first").as_table()
    first = tables.execute(found)["first"].iloc[0]
    return None if pd.isna(first) else pd.Timestamp(first).tz_localize("UTC").to_pydatetime()


def places(span: Range) -> list[dt.datetime]:
    """Give the starts of the buckets that are looked at, the one before the range first; hours that no clock showed are left out."""
    inside = [start for start in bucket_starts(span) if exists(start, span)]
    before = inside[0]
    while before == inside[0] or not exists(before, span):
        before = floor(before - MICROSECOND, span.interval, span.week_start_day)
    return [before, *inside]


def exists(start: dt.datetime, span: Range) -> bool:
    """Say whether a bucket has any time in it: an hour that a clock put forward leaves out has none."""
    if span.interval not in ("hour", "minute", "second"):
        return True
    shown = utc(start, span).astimezone(span.zone).replace(tzinfo=None)
    return floor(shown, span.interval, span.week_start_day) == start


def utc(start: dt.datetime, span: Range) -> dt.datetime:
    """Give the instant at which a bucket begins."""
    return start.replace(tzinfo=span.zone).astimezone(dt.UTC)


# ---------------------------------------------------------------------- expressions
def matched(spec: Lifecycle, tables: EventTables) -> ir.Table:
    """Give the events that count, from the bucket before the range on, a row an event: uuid, event, timestamp (UTC), bucket, actor."""
    return active(spec, tables, span(spec, tables)).select("uuid", "event", "timestamp", "bucket", "actor")


def active(spec: Lifecycle, tables: EventTables, span: Range) -> ir.Table:
    """Give the events that make somebody active, with bucket and actor."""
    index = group_index(spec.group_type, spec.group_type_index, tables)
    rows = counted(tables, spec.subject, spec.filters, group_type_index=index)
    personless = properties.says(rows.properties, "$process_person_profile", "false", dialect=tables.dialect)
    low, high = map(instant, bounds(places(span), span))
    kept = rows.filter((rows.timestamp >= low) & (rows.timestamp < high) & ~personless)
    return kept.mutate(bucket=cut(kept.timestamp, tables, span))


def bounds(looked_at: list[dt.datetime], span: Range) -> tuple[dt.datetime, dt.datetime]:
    """Give the instants at which the buckets that are looked at begin, and end."""
    return utc(looked_at[0], span), utc(after(looked_at[-1], span), span)


def after(start: dt.datetime, span: Range) -> dt.datetime:
    """Give the start of the bucket after one."""
    return shift(start, 1, UNITS[span.interval]) if span.interval in UNITS else start + dt.timedelta(**{f"{span.interval}s": 1})


def cut(time: ir.TimestampValue, tables: EventTables, span: Range) -> ir.TimestampValue:
    """Give the start of the bucket that a time is in."""
    settings = tables.settings
    return bucket(time, span.interval, timezone=settings.timezone, week_start=settings.week_start, dialect=tables.dialect)


def standings(spec: Lifecycle, tables: EventTables, span: Range) -> ir.Table:
    """Give what each actor is in each bucket they are active in.

    Returns
    -------
    ir.Table
        actor, place (number of the bucket; 0 is the one before the range), status ("new", "returning", "resurrecting"), ends
        (whether they are not active in the next one); a row an actor and active bucket.
    """
    numbers = numbered(span)
    e = active(spec, tables, span).select("actor", "bucket").distinct()
    rows = e.inner_join(numbers, e.bucket == numbers.start).select("actor", "place")
    born = born_in(spec, tables, span, numbers)
    joined = rows.left_join(born, [rows.actor == born.who, rows.place == born.born]).select(
        actor=rows.actor, place=rows.place, is_born=born.born.notnull()
    )
    own = ibis.window(group_by=joined.actor, order_by=joined.place)
    placed = joined.mutate(before=joined.place.lag().over(own), after=joined.place.lead().over(own))
    status = ibis.cases(
        (placed.before.isnull() & placed.is_born, "new"), (placed.before == placed.place - 1, "returning"), else_="resurrecting"
    )
    return placed.select("actor", "place", status=status, ends=placed.after.isnull() | (placed.after != placed.place + 1))


def numbered(span: Range) -> ir.Table:
    """Give the buckets that are looked at with their numbers: start, place."""
    listed = places(span)
    return ibis.memtable(
        pa.table({"start": pa.array(listed, pa.timestamp("us")), "place": pa.array(range(len(listed)), pa.int64())}), schema=PLACES
    )


def born_in(spec: Lifecycle, tables: EventTables, span: Range, numbers: ir.Table) -> ir.Table:
    """Give who was created in one of some numbered buckets: who, born (its number)."""
    index = group_index(spec.group_type, spec.group_type_index, tables)
    if index is None:
        created = persons_created(tables).rename(who="person_id")
    else:
        created = groups_created(tables, index).rename(who="key")
    created = created.filter(created.created_at.notnull())
    cuts = created.select("who", start_of=cut(created.created_at, tables, span))
    return cuts.inner_join(numbers, cuts.start_of == numbers.start).select("who", born="place")


def counts(spec: Lifecycle, tables: EventTables, span: Range) -> ir.Table:
    """Give how many are what in each bucket, and how many of them aren't active in the next: place, status, value, ended."""
    rows = standings(spec, tables, span)
    return rows.group_by(["place", "status"]).agg(value=rows.count(), ended=ibis.ifelse(rows.ends, 1, 0).sum())


def expression(spec: Lifecycle, tables: EventTables) -> ir.Table:
    """Give the figures as an expression: bucket, status, value; where nobody is anything there is no row."""
    asked = span(spec, tables)
    found, numbers = counts(spec, tables, asked), numbered(asked)
    here = found.select("place", "status", value=found.value.cast("float64"))
    gone = found.filter(found.ended > 0).group_by(place=found.place + 1).agg(value=-found.ended.sum().cast("float64"))
    rows = here.union(gone.select("place", status=ibis.literal("dormant"), value="value"))
    placed = rows.filter(rows.place > 0).inner_join(numbers, "place")
    return placed.select("status", "value", bucket="start").select(*COLUMNS)


# ---------------------------------------------------------------------- figures
def figures(spec: Lifecycle, tables: EventTables, asked: Range) -> dict[str, np.ndarray]:
    """Run the question and give, for each status, a figure a bucket of its range; of dormant ones negative."""
    looked_at = places(asked)
    made = {status: np.zeros(len(looked_at) + 1) for status in STATUSES}
    found = journeys.counts(spec, tables, asked, looked_at, *bounds(looked_at, asked))
    if found is not None:
        made["new"][:-1], made["returning"][:-1], made["resurrecting"][:-1] = found[0].T
        made["dormant"][1:] -= found[1]
    for row in tables.execute(counts(spec, tables, asked)).itertuples() if found is None else ():
        made[row.status][row.place] = row.value
        made["dormant"][row.place + 1] -= row.ended
    place = {start: i for i, start in enumerate(looked_at)}
    at = [place.get(start, len(looked_at)) for start in bucket_starts(asked)]
    for numbers in made.values():
        numbers[len(looked_at)] = 0  # past the end, and what stands for hours that no clock showed
    return {status: numbers[at] for status, numbers in made.items()}


def frame(spec: Lifecycle, tables: EventTables) -> pd.DataFrame:
    """Give the figures as a tidy frame: see `Lifecycle` for the columns.

    Warns
    -----
    UnknownEventWarning
        When the subject is an event that the data doesn't have.
    """
    asked = span(spec, tables)
    found = figures(spec, tables, asked)
    unknown.warn_of_events([spec.subject], tables)
    if not any(numbers.any() for numbers in found.values()):
        filters = (spec.filters, spec.subject.group)
        unknown.warn_of_zeros(refs_in(*filters), filters, asked, tables)
    made = [(start, status, found[status][i]) for i, start in enumerate(bucket_starts(asked)) for status in STATUSES]
    return pd.DataFrame(made, columns=COLUMNS).astype({"bucket": "datetime64[us]", "value": "float64"})
