"""Who is in which cohort, and in which intervals they come back."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from evkit.dates import numbers
from evkit.dates.buckets import bucket
from evkit.insights.retention.grid import WINDOW_HOURS
from evkit.insights.retention.relation import Asked, marked

NUMBER = "int64"


def reached(asked: Asked, *, named: bool = True) -> ir.Table:
    """Give in which intervals somebody is, a row each.

    Returns
    -------
    ir.Table
        actor, value (only with a breakdown by a property), row (which cohort, from 0), interval (from 0), amount (only where a
        property is added up). Each at most once: interval 0 for everybody in a cohort, others as far as they come back.
        Without `named`, a person may go by any of their ids.
    """
    rows = needed(asked, marked(asked, named=named))
    return windows(asked, rows) if asked.spec.is_rolling else calendar(asked, rows)


def needed(asked: Asked, rows: ir.Table) -> ir.Table:
    """Keep the columns that figures are made of: where the events are used twice an engine may write them down."""
    ever = asked.spec.retention_type == "retention_first_ever_occurrence"
    names = ["actor", "timestamp", "is_target", "is_returning", *(["is_kind"] if ever else [])]
    names += [name for name in ("value", "amount") if name in rows.columns]
    return rows.select(*names, *(["arrival", "uuid"] if ever and "value" in rows.columns else []))


def of(rows: ir.Table, other: ir.Table, keys: list[str]) -> list[ir.BooleanValue]:
    """Compare the keys of two tables."""
    return [rows[key] == other[key] for key in keys]


def inside(asked: Asked, rows: ir.Table) -> ir.Table:
    """Keep the events of the grid."""
    return rows if asked.spec.retention_type == "retention_recurring" else rows.filter(rows.timestamp >= asked.start)


# ---------------------------------------------------------------------- first starts
def firsts(asked: Asked, rows: ir.Table, keys: list[str]) -> ir.Table:
    """Give the first starts that lie in the grid: the keys, first (UTC); of somebody's first ever with a breakdown value, too."""
    kind = asked.spec.retention_type
    if kind != "retention_first_ever_occurrence":
        targets = rows.filter(rows.is_target)
        found = targets.group_by(keys).agg(first=targets.timestamp.min())
        return found if kind == "retention_recurring" else found.filter(found["first"] >= asked.start)
    kinds = rows.filter(rows.is_kind)
    found = kinds.group_by(keys).agg(earliest=kinds.timestamp.min(), first=kinds.timestamp.min(where=kinds.is_target))
    found = found.filter((found.earliest == found["first"]) & (found["first"] >= asked.start)).select(*keys, "first")
    return with_first_value(rows, found)


def with_first_value(rows: ir.Table, found: ir.Table) -> ir.Table:
    """Add the value of somebody's first event of the kind, whatever its filters: of several at one instant the first to arrive."""
    if "value" not in rows.columns:
        return found
    kinds = rows.filter(rows.is_kind)
    order = [kinds.timestamp, kinds.arrival, kinds.uuid]
    ranked = kinds.mutate(place=ibis.row_number().over(group_by=kinds.actor, order_by=order))
    valued = ranked.filter(ranked.place == 0).select(valued="actor", value="value")
    return found.inner_join(valued, found.actor == valued.valued).select(*found.columns, "value")


# ---------------------------------------------------------------------- by the calendar
def period(asked: Asked, start: ir.TimestampValue) -> ir.IntegerValue:
    """Give the number of a period by its start; those before the grid are negative."""
    return numbers.number(start, asked.spec.period, since=asked.grid.start, dialect=asked.tables.dialect).cast(NUMBER)


def begun(asked: Asked, time: ir.TimestampValue) -> ir.TimestampValue:
    """Give the start of the period that a time is in, wall clock."""
    settings = asked.tables.settings
    return bucket(time, asked.spec.period, timezone=settings.timezone, week_start=settings.week_start, dialect=asked.tables.dialect)


def calendar(asked: Asked, rows: ir.Table) -> ir.Table:
    """Give who is where by periods of the calendar."""
    recurring = asked.spec.retention_type == "retention_recurring"
    here = rows if recurring else inside(asked, rows)
    alone = not recurring and not asked.spec.aggregates  # then targets are looked at only for the first of them
    active = activity(asked, here.filter(here.is_returning) if alone else here)
    begins = recurring_cohorts(asked, active) if recurring else first_cohorts(asked, rows)
    return started(asked, rows, active, begins).union(returned(asked, active, begins))


def activity(asked: Asked, here: ir.Table) -> ir.Table:
    """Give what somebody does in each period: the keys by which returns are found, period, targets and returns (how many).

    Where a property is added up, target_amount and returning_amount, too.
    """
    keys = return_keys(asked)
    here = here.mutate(begun=begun(asked, here.timestamp))
    more: dict[str, ir.Value] = {}
    if asked.spec.aggregates:
        more = {
            "target_amount": here.amount.sum(where=here.is_target).fill_null(0.0),
            "returning_amount": here.amount.sum(where=here.is_returning).fill_null(0.0),
        }
    targets, returns = here.count(where=here.is_target), here.count(where=here.is_returning)
    counted = here.group_by([*keys, "begun"]).agg(targets=targets, returns=returns, **more)
    names = [*keys, "targets", "returns", *more]
    return counted.select(*names, period=period(asked, counted.begun))  # a drop would be written out each time it is used


def recurring_cohorts(asked: Asked, active: ir.Table) -> ir.Table:
    """Give who is in which cohorts: the keys, row, base (from which period on intervals are counted)."""
    begins, keys = active.filter(active.targets > 0), asked.keys
    first = begins.period.min().over(ibis.window(group_by=[begins[key] for key in keys]))
    return begins.select(*keys, row=begins.period, base=first if asked.spec.custom_brackets else begins.period)


def first_cohorts(asked: Asked, rows: ir.Table) -> ir.Table:
    """Give who is in the cohort of their first time: the keys, row, base."""
    found = firsts(asked, rows, return_keys(asked))
    begins = found.mutate(row=period(asked, begun(asked, found["first"])))
    return begins.select(*asked.keys, "row", base=begins.row)


def return_keys(asked: Asked) -> list[str]:
    """By what returns are found: after somebody's first ever they count whatever their value."""
    return ["actor"] if asked.spec.retention_type == "retention_first_ever_occurrence" else asked.keys


def started(asked: Asked, rows: ir.Table, active: ir.Table, begins: ir.Table) -> ir.Table:
    """Give interval 0 of those who begin."""
    zero = begins.mutate(interval=ibis.literal(0, type=NUMBER))
    if not asked.spec.aggregates:
        return zero.select(*asked.keys, "row", "interval")
    keys = return_keys(asked)
    if asked.spec.is_same:
        mine = active.view()
        joined = zero.left_join(mine, [*of(zero, mine, keys), zero.row == mine.period])
        return joined.select(*(zero[key] for key in asked.keys), zero.row, zero.interval, amount=mine.target_amount.fill_null(0.0))
    after = after_start(asked, rows, keys)
    joined = zero.left_join(after, [*of(zero, after, keys), zero.row == after.period])
    return joined.select(*(zero[key] for key in asked.keys), zero.row, zero.interval, amount=after.amount.fill_null(0.0))


def after_start(asked: Asked, rows: ir.Table, keys: list[str]) -> ir.Table:
    """Give what returning events add up to in a period, strictly after the first target there: the keys, period, amount."""
    here = inside(asked, rows)
    here = here.mutate(period=period(asked, begun(asked, here.timestamp)))
    targets = here.filter(here.is_target).view()
    first = targets.group_by([*keys, "period"]).agg(first=targets.timestamp.min())
    returns = here.filter(here.is_returning)
    joined = returns.inner_join(first, [*of(returns, first, keys), returns.period == first.period, returns.timestamp > first.first])
    kept = joined.select(*(returns[key] for key in keys), returns.period, returns.amount)
    return kept.group_by([*keys, "period"]).agg(amount=kept.amount.sum())


def returned(asked: Asked, active: ir.Table, begins: ir.Table) -> ir.Table:
    """Give the intervals after 0 in which those who begin come back often enough."""
    spec, keys = asked.spec, return_keys(asked)
    comes = active.view()
    comes = comes.filter(comes.returns >= spec.minimum_occurrences)
    later = comes.period - begins.base
    joined = begins.inner_join(comes, [*of(begins, comes, keys), later >= 1, later <= spec.ends[-1]])
    amount = {"amount": comes.returning_amount} if spec.aggregates else {}
    found = joined.select(*(begins[key] for key in asked.keys), begins.row, interval=comes.period - begins.base, **amount)
    return bracketed(asked, found)


def bracketed(asked: Asked, found: ir.Table) -> ir.Table:
    """Give brackets in place of periods, where they are asked for: somebody once in each."""
    spec = asked.spec
    if not spec.custom_brackets:
        return found.mutate(interval=found.interval.cast(NUMBER))
    number = ibis.cases(*((found.interval <= last, n) for n, last in enumerate(spec.ends[:-1])), else_=len(spec.ends) - 1)
    found = found.mutate(interval=number.cast(NUMBER))
    keys = [*asked.keys, "row", "interval"]
    return found.group_by(keys).agg(amount=found.amount.sum()) if spec.aggregates else found.select(*keys).distinct()


# ---------------------------------------------------------------------- windows of one's own
def clock(asked: Asked, time: ir.TimestampValue) -> ir.IntegerValue:
    """Give the number of the clock hour (for weeks and months of the day) that a time is in."""
    settings = asked.tables.settings
    count = numbers.hours if asked.spec.period in ("hour", "day") else numbers.days
    return count(time, timezone=settings.timezone, dialect=asked.tables.dialect)


def windows(asked: Asked, rows: ir.Table) -> ir.Table:
    """Give who is where by windows that begin with somebody's own first start."""
    spec, start = asked.spec, asked.grid.start
    by_hour = spec.period in ("hour", "day")
    size = WINDOW_HOURS[spec.period] if by_hour else WINDOW_HOURS[spec.period] // 24
    origin = numbers.hour_of(start, asked.grid.timezone) if by_hour else numbers.day_of(start)
    begins = firsts(asked, rows, ["actor"])
    begins = begins.mutate(at=clock(asked, begins.first))
    begins = begins.mutate(row=numbers.divided(begins.at - origin, size))
    begins = begins.filter(begins.row < len(asked.grid.starts))
    here = inside(asked, rows)
    zero = begins
    if "value" in rows.columns and "value" not in begins.columns:
        seen = here.filter(here.is_target | here.is_returning).select("actor", "value").distinct()
        zero = begins.inner_join(seen, begins.actor == seen.actor).select(begins.actor, seen["value"], begins.row)
    zero = zero.select(*asked.keys, "row", interval=ibis.literal(0, type=NUMBER))
    returns = here.filter(here.is_returning).view()
    returns = returns.mutate(at=clock(asked, returns.timestamp))
    joined = returns.inner_join(begins, [returns.actor == begins.actor, returns.timestamp >= begins.first])
    value = (begins if "value" in begins.columns else returns)["value"] if "value" in asked.keys else None
    named = {} if value is None else {"value": value}
    found = joined.select(begins.actor, begins.row, interval=numbers.divided(returns.at - begins.at, size), **named)
    found = found.filter((found.interval >= 1) & (found.interval <= spec.ends[-1])).select(*asked.keys, "row", "interval").distinct()
    return zero.union(bracketed(asked, found))


# ---------------------------------------------------------------------- cells
def cells(asked: Asked, found: ir.Table) -> ir.Table:
    """Give which cells somebody counts in: those reached, and where the question is cumulative all before the last of them."""
    if not asked.spec.cumulative:
        return found
    keys = [*asked.keys, "row"]
    furthest = found.group_by(keys).agg(furthest=found.interval.max())
    every = ibis.range(0, len(asked.spec.labels)).unnest().name("interval").as_table()
    spread = furthest.cross_join(every)
    return spread.filter(spread.interval <= spread.furthest).select(*keys, interval=spread.interval.cast(NUMBER))
