"""Persons' first events, as trends and steps of funnels count them: a first that doesn't count is not made up for by a later one."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir


def candidates(
    rows: ir.Table,
    *,
    hit: ir.BooleanValue,
    passes: ir.BooleanValue,
    since: ir.TimestampValue,
    until: ir.TimestampValue,
    only_passing: bool,
) -> ir.Table:
    """Give the events among which somebody's first is looked for: those of the relation, with `counts`.

    Parameters
    ----------
    hit, passes
        Whether an event is of the kind, and whether it passes the filters.
    since, until
        An event before `since` is looked at, and doesn't count; one after `until` is not looked at.
    only_passing
        Look only at events that pass: the first of those, instead of the first of the kind.
    """
    looked_at = hit & (rows.timestamp <= until)
    kept = rows.filter(looked_at & passes if only_passing else looked_at)
    return kept.mutate(counts=passes & (kept.timestamp >= since))


def first_times(found: ir.Table) -> ir.Table:
    """Give a row a person whose first candidate counts: person_id, distinct_id, timestamp."""
    first = found.group_by("person_id").agg(
        distinct_id=found.distinct_id.min(), earliest=found.timestamp.min(), timestamp=found.timestamp.min(where=found.counts)
    )
    return first.filter(first.earliest == first.timestamp).drop("earliest")


def first_events(found: ir.Table) -> ir.Table:
    """Give those first events, as they are in the relation; of several at one instant that count, the first to arrive."""
    rows, first = found.view(), first_times(found)
    rows = rows.filter(rows.counts)
    mine = rows.semi_join(first, [rows.person_id == first.person_id, rows.timestamp == first.timestamp])
    ranked = mine.mutate(place=ibis.row_number().over(group_by=mine.person_id, order_by=[mine.arrival, mine.uuid]))
    return ranked.filter(ranked.place == 0)
