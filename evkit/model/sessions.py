"""Sessions: those that `$session_id` names; for events without one, a pause of 30 minutes begins a new session."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

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


def sessions(log: ir.Table, given: ir.StringValue) -> ir.Table:
    """Give the sessions: session_id, person_id, start, end (UTC), events, duration_seconds; a row a session.

    Parameters
    ----------
    given
        The session id that each event of the log came with; "" for none.
    """
    e = with_session(log, given)
    return e.group_by(session_id=e.session).agg(
        person_id=e.person_id.argmin(e.t),
        start=e.timestamp.min(),
        end=e.timestamp.max(),
        events=e.count(),
        duration_seconds=(e.t.max() - e.t.min()) / 1_000_000,
    )
