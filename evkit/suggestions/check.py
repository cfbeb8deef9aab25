"""Known actions checked against the data: which still happen, which never do and why, which catch the same events."""

from __future__ import annotations

import datetime as dt
import functools
import operator
from collections import Counter
from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from evkit.dates import DateRange
from evkit.dates.grammar import Window
from evkit.errors import SpecError, nearest
from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.property_filters import FilterGroup
from evkit.query.relation import relation
from evkit.query.spec import Action, ActionStep
from evkit.suggestions import DEFAULT_QUIET_AFTER
from evkit.suggestions.captured import within
from evkit.suggestions.suggest import in_shares

COLUMNS = ("name", "events", "persons", "last_seen", "state", "reason", "overlaps", "action")


def hits(
    tables: EventTables, actions: Sequence[Action], *, filters: FilterGroup | None = None, date_range: DateRange | None = None
) -> ir.Table:
    """Give the events that are any of the actions: actor, timestamp, hit_0 ... (0 or 1)."""
    rows = relation(tables, *actions, filters)
    matcher = Matcher(tables, rows)
    tests = {f"hit_{i}": ibis.ifelse(matcher.action(a), 1, 0).cast("int64") for i, a in enumerate(actions)}
    actor = rows.distinct_id if tables.settings.aggregate_by_distinct_id else rows.person_id
    wide = rows.mutate(actor=actor, **tests)
    any_of = functools.reduce(operator.or_, [wide[name] == 1 for name in tests])
    return wide.filter(any_of & within(tables, wide, filters, date_range)).select("actor", "timestamp", *tests)


def figures(found: ir.Table, count: int) -> ir.Table:
    """Give events_0, persons_0, last_0 ... of `hits`: one row, exact on every engine."""
    of_actors = found.group_by("actor").agg(
        **{f"events_{i}": found[f"hit_{i}"].sum() for i in range(count)},
        **{f"last_{i}": ibis.ifelse(found[f"hit_{i}"] == 1, found.timestamp, ibis.null("timestamp(6)")).max() for i in range(count)},
    )
    return of_actors.aggregate(
        **{f"events_{i}": of_actors[f"events_{i}"].sum() for i in range(count)},
        **{f"persons_{i}": ibis.ifelse(of_actors[f"events_{i}"] > 0, 1, 0).sum() for i in range(count)},
        **{f"last_{i}": of_actors[f"last_{i}"].max() for i in range(count)},
    )


def together(found: ir.Table, count: int) -> ir.Table:
    """Give which actions an event is, with the number of events: hit_0 ..., events; a row a combination."""
    return found.group_by([f"hit_{i}" for i in range(count)]).agg(events=found.count())


def clause_counts(
    tables: EventTables, steps: Sequence[ActionStep], *, filters: FilterGroup | None = None, date_range: DateRange | None = None
) -> tuple[ir.Table, list[list[tuple[str, str]]]]:
    """Give how many events pass each clause of each step alone (one row: c_0_0, c_0_1 ...), and what each clause is."""
    rows = relation(tables, *steps, filters)
    matcher = Matcher(tables, rows)
    asked = [matcher.clauses(step) for step in steps]
    tests = {f"c_{i}_{j}": ibis.ifelse(c.test, 1, 0).cast("int64") for i, cs in enumerate(asked) for j, c in enumerate(cs)}
    wide = rows.mutate(**tests)
    inside = wide.filter(within(tables, wide, filters, date_range)).select(*tests)
    counted = inside.aggregate(**{name: inside[name].sum().fill_null(0) for name in tests})
    return counted, [[(c.name, c.wanted) for c in cs] for cs in asked]


def check_actions(
    tables: EventTables,
    actions: Sequence[Action] = (),
    *,
    quiet_after: str = DEFAULT_QUIET_AFTER,
    filters: FilterGroup | None = None,
    date_range: DateRange | None = None,
) -> pd.DataFrame:
    """Check actions against the data: see `Events.check_actions`."""
    checked = tuple(actions) or tuple(tables.settings.actions.values())
    if not checked:
        raise SpecError(
            "there is no action to check: give some, events.check_actions(signed_up), or name them with events.with_actions(...)"
        )
    for action in checked:
        if not isinstance(action, Action):
            raise SpecError(f"{action!r} is no action: write ek.Action('signed up', ek.event('user_signed_up'))")
    window = Window(quiet_after)
    if tables.is_empty:
        return framed([row_of(a, 0, 0, None, "dead", "there are no events", "") for a in checked])
    found, count = hits(tables, checked, filters=filters, date_range=date_range), len(checked)
    counted = tables.arrow(figures(found, count)).to_pylist()[0]
    combined = tables.arrow(together(found, count)).to_pylist()
    dead = [i for i in range(count) if not counted[f"events_{i}"]]
    why = dict(zip(dead, why_dead(tables, [checked[i] for i in dead], filters=filters, date_range=date_range), strict=True))
    until = tables.resolve(date_range, interval="day").end
    now = min(until.astimezone(dt.UTC), tables.now.astimezone(dt.UTC))
    rows = []
    for i, action in enumerate(checked):
        events, last = int(counted[f"events_{i}"] or 0), counted[f"last_{i}"]
        state, reason = ("dead", why[i]) if i in why else state_of(last, now, window)
        rows.append(row_of(action, events, int(counted[f"persons_{i}"] or 0), last, state, reason, shared_by(i, checked, combined, events)))
    return framed(rows)


def state_of(last: dt.datetime, now: dt.datetime, quiet_after: Window) -> tuple[str, str]:
    """Say whether an action still happens: "alive", or "quiet" and for how long.

    Examples
    --------
    >>> state_of(dt.datetime(2026, 1, 1), dt.datetime(2026, 3, 1, tzinfo=dt.UTC), Window("30 days"))
    ('quiet', 'not in the last 30 days: 59 days before the newest event counted')
    """
    gone = now - pd.Timestamp(last).tz_localize(None).to_pydatetime().replace(tzinfo=dt.UTC)
    if gone <= dt.timedelta(seconds=quiet_after.seconds):
        return "alive", ""
    return "quiet", f"not in the last {quiet_after.words}: {gone.days:,} days before the newest event counted"


def shared_by(i: int, actions: Sequence[Action], combined: Sequence[dict[str, Any]], events: int) -> str:
    """Say which other actions are the same events, with the share of this action's events."""
    shared: Counter[str] = Counter()
    for one in combined:
        if one[f"hit_{i}"]:
            shared.update({a.name: one["events"] for j, a in enumerate(actions) if j != i and one[f"hit_{j}"]})
    return in_shares(shared, events)


def why_dead(
    tables: EventTables, actions: Sequence[Action], *, filters: FilterGroup | None = None, date_range: DateRange | None = None
) -> list[str]:
    """Say of actions that match nothing which part of each step fails."""
    steps = [step for action in actions for step in action.steps]
    if not steps:
        return ["it has no steps"] * len(actions)
    query, clauses = clause_counts(tables, steps, filters=filters, date_range=date_range)
    counts = tables.arrow(query).to_pylist()[0]
    said = iter([step_in_words(tables, cs, [counts[f"c_{i}_{j}"] for j in range(len(cs))]) for i, cs in enumerate(clauses)])
    reasons = []
    for action in actions:
        steps_said = [next(said) for _ in action.steps]
        one = len(steps_said) == 1
        reasons.append("; ".join(s if one else f"step {n}: {s}" for n, s in enumerate(steps_said, start=1)) or "it has no steps")
    return reasons


def step_in_words(tables: EventTables, clauses: Sequence[tuple[str, str]], counts: Sequence[int]) -> str:
    """Say which clauses of a step nothing passes; where each alone is passed by some events, that none passes all."""
    failed = [clause for clause, count in zip(clauses, counts, strict=True) if not count]
    if not failed:
        return "each part matches some events, no event all of them"
    event = next((wanted for name, wanted in failed if name == "event"), None)
    if event is not None and event not in tables.event_names:
        near = nearest(event, tables.event_names)
        return f"no event is called {event!r}{'.' if near else ''}{near}"
    return ", ".join(f"nothing matches {name} {wanted}" for name, wanted in failed)


def row_of(action: Action, events: int, persons: int, last: Any, state: str, reason: str, overlaps: str) -> dict[str, Any]:
    """Give one row of the frame."""
    return dict(zip(COLUMNS, (action.name, events, persons, last, state, reason, overlaps, action), strict=True))


def framed(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Give rows as a frame whose columns have their types."""
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["last_seen"] = pd.to_datetime(frame["last_seen"])
    return frame.astype({"name": "str", "events": "int64", "persons": "int64", "state": "str", "reason": "str", "overlaps": "str"})
