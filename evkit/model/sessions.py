"""Sessions: those that `$session_id` names; for events without one, a pause of 30 minutes begins a new session."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evkit.journeys import columns
from evkit.journeys.index import Index
from evkit.kernel import pausing
from evkit.model.journeys import journeys
from evkit.model.named import people_of
from evkit.model.numbered import numbered, of_the_same

if TYPE_CHECKING:
    from evkit.model.tables import EventTables

PAUSE_MICROSECONDS = 30 * 60 * 1_000_000


def with_session(log: ir.Table, given: ir.StringValue) -> ir.Table:
    """Give the events with `session`: the given id, or "<person_id>#<number>" where a pause decides."""
    given = given.nullif("")
    e = log.mutate(given=given)
    over = ibis.window(group_by=[e.person_id, e.given.isnull()], order_by=[e.t, e.uuid])
    pause = e.t - e.t.lag().over(over)
    e = e.mutate(begins=ibis.ifelse(e.given.isnull() & (pause > PAUSE_MICROSECONDS).fill_null(True), 1, 0))
    upto = ibis.window(group_by=[e.person_id, e.given.isnull()], order_by=[e.t, e.uuid], preceding=None, following=0)
    e = e.mutate(number=e.begins.sum().over(upto))
    return e.mutate(session=e.given.coalesce(e.person_id + "#" + e.number.cast("string"))).drop("given", "begins", "number")


def sessions(log: ir.Table, given: ir.StringValue, *, dialect: str) -> ir.Table:
    """Give the sessions: session_id, person_id, start, end (UTC), events, duration_seconds; a row a session.

    Parameters
    ----------
    given
        The session id that each event of the log came with; "" for none.
    """
    return told(with_session(log, given), dialect=dialect)


def told(e: ir.Table, *, dialect: str) -> ir.Table:
    """Give the sessions of events with `session`; the person is that of the first event, of several at once (on DuckDB) the first by name."""
    begins = ibis.struct({"t": e.t, "who": e.person_id}) if dialect == "duckdb" else e.t
    return e.group_by(session_id=e.session).agg(
        person_id=e.person_id.argmin(begins),
        start=e.timestamp.min(),
        end=e.timestamp.max(),
        events=e.count(),
        duration_seconds=(e.t.max() - e.t.min()) / 1_000_000,
    )


# ---------------------------------------------------------------------- from journeys
def frame(tables: EventTables) -> pd.DataFrame:
    """Give the sessions as a frame, by start and id; those that a pause ends from the journeys, where there are any."""
    log = tables.log()
    given, index = tables.session_id(log.properties), journeys(tables)
    if index is None:
        return tables.execute(sessions(log, given, dialect=tables.dialect).order_by(["start", "session_id"]))
    paused = _paused(tables, index)
    e = log.mutate(session=given.nullif(""))
    named = told(e.filter(e.session.notnull()) if paused.num_rows else e, dialect=tables.dialect)
    if not paused.num_rows:
        return tables.execute(named.order_by(["start", "session_id"]))
    found = tables.arrow(named).cast(paused.schema)
    if pc.any(pc.is_in(found["session_id"], value_set=paused["session_id"].combine_chunks())).as_py():  # an id that looks like a paused one
        return tables.execute(sessions(log, given, dialect=tables.dialect).order_by(["start", "session_id"]))
    return pa.concat_tables([paused, found]).sort_by([("start", "ascending"), ("session_id", "ascending")]).to_pandas()


def _paused(tables: EventTables, index: Index) -> pa.Table:
    """Give the sessions that a pause ends, from journeys."""
    rows = numbered(tables)
    rows = rows.filter(tables.session_id(rows.properties) != "").select("row")
    alone = ~columns.mask(index, rows, functools.partial(of_the_same, tables), key=columns.Key("is in a session that has an id"))
    begins = pausing.cut(index.offsets, index.t, alone, PAUSE_MICROSECONDS)
    first = np.flatnonzero(begins)
    session = np.cumsum(begins)[alone] - 1
    last = np.zeros(len(first), np.int64)
    last[session] = np.flatnonzero(alone)  # of those of one session the last stays
    actors = np.searchsorted(index.offsets, first, side="right") - 1
    number = np.arange(len(first)) - np.searchsorted(actors, actors) + 1
    who = people_of(tables, index).of_actors(actors)
    start, end = index.t[first], index.t[last]
    return pa.table(
        {
            "session_id": pc.binary_join_element_wise(who, pa.array(number).cast(pa.string()), "#"), "person_id": who,
            "start": pa.array(start).cast(pa.timestamp("us")), "end": pa.array(end).cast(pa.timestamp("us")),
            "events": np.bincount(session, minlength=len(first)), "duration_seconds": (end - start) / 1_000_000,
        }
    )  # fmt: skip
