"""Who is behind a figure of a lifecycle."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import pandas as pd

from evkit.dates import bucket_starts
from evkit.errors import unknown
from evkit.insights.lifecycle import compute
from evkit.insights.lifecycle.spec import STATUSES, Lifecycle
from evkit.insights.trends.actors import bucket_of, moment
from evkit.model.tables import EventTables

COLUMNS = ["actor_id", "bucket", "status", "events", "first_seen", "last_seen"]


def actors(spec: Lifecycle, tables: EventTables, *, bucket: str | dt.datetime | None = None, status: str | None = None) -> pd.DataFrame:
    """Give who is what in a bucket.

    Parameters
    ----------
    bucket
        The start of the bucket, wall clock of the project's zone; None is each of them.
    status
        "new", "returning", "resurrecting" or "dormant"; None is each of them.

    Returns
    -------
    pandas.DataFrame
        actor_id, bucket, status, events (how many count), first_seen, last_seen (UTC); a row an actor, bucket and status, in the
        order of buckets and statuses, then most events first. The events of who is dormant are those of the bucket before.

    Raises
    ------
    SpecError
        When the question has no such bucket or status.
    """
    found = expression(spec, tables, bucket=bucket, status=status)
    return tables.execute(found.order_by([found.bucket, found["rank"], found.events.desc(), found.actor_id]))[COLUMNS]


def expression(spec: Lifecycle, tables: EventTables, *, bucket: str | dt.datetime | None = None, status: str | None = None) -> ir.Table:
    """Give who is what in a bucket as an expression: the columns of `actors`, and rank (the status's place)."""
    if status is not None and status not in STATUSES:
        raise unknown("status", status, STATUSES)
    asked = compute.span(spec, tables)
    at = bucket_of(bucket, bucket_starts(asked))
    e = compute.active(spec, tables, asked)
    seen = e.group_by(who=e.actor, seen_in=e.bucket).agg(events=e.count(), first_seen=e.timestamp.min(), last_seen=e.timestamp.max())
    numbers = compute.numbered(asked)
    known = seen.inner_join(numbers, seen.seen_in == numbers.start).rename(seen_at="place").drop("start", "seen_in")
    found = standings(compute.standings(spec, tables, asked))
    found = found.filter(found.place > 0).inner_join(numbers, "place").rename(bucket="start")
    if at is not None:
        found = found.filter(found.bucket == moment(at))
    if status is not None:
        found = found.filter(found.status == status)
    rows = found.inner_join(known, [found.actor == known.who, found.active_at == known.seen_at])
    rank = ibis.cases(*((rows.status == name, i) for i, name in enumerate(STATUSES)))
    return rows.mutate(rank=rank).rename(actor_id="actor").select(*COLUMNS, "rank")


def standings(rows: ir.Table) -> ir.Table:
    """Give what actors are, dormant too: actor, place, status, active_at (the bucket they were active in); of `compute.standings`."""
    here = rows.select("actor", "place", "status", active_at=rows.place)
    gone = rows.filter(rows.ends)
    return here.union(gone.select("actor", place=gone.place + 1, status=ibis.literal("dormant"), active_at=gone.place))
