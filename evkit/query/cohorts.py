"""Cohorts -> who is in them: each condition gives the persons who meet it, and the definition is said of those sets.

Source: PostHog's cohorts (`matching.md` of the design, section 12). Everything runs in the engine that holds the events.
"""

from __future__ import annotations

import functools
import hashlib
import operator as op
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from evkit.dates import DateRange, Range
from evkit.dates.grammar import PLAIN_DATE, RELATIVE, floor, shift
from evkit.dates.instants import instant
from evkit.errors import SpecError, nearest
from evkit.model.tables import EventTables
from evkit.query.behaviour import (
    COMPARISONS,
    UNITS,
    Behaviour,
    Condition,
    Conditions,
    FirstTime,
    Lapsing,
    Length,
    Performed,
    Regularly,
    Sequence,
    Stopped,
    is_turned,
)  # fmt: skip
from evkit.query.filters import Matcher
from evkit.query.property_filters import PropertyFilter
from evkit.query.relation import find, needs_of, persons_of_ids, relation
from evkit.query.spec import Cohort, Series

T = TypeVar("T", ir.BooleanValue, np.ndarray)
"""What says of each person yes or no."""
COMPARED = {"gte": op.ge, "lte": op.le, "gt": op.gt, "lt": op.lt, "eq": op.eq}
SHORT = ("M", "s")
"""Units of relative dates that are too short to be cut to the start of a day."""


@dataclass(frozen=True)
class Window:
    """A window of time: instants, both inside."""

    start: datetime
    end: datetime

    def holds(self, value: ir.TimestampValue) -> ir.BooleanValue:
        """Say whether a time lies in it."""
        return (value >= instant(self.start)) & (value <= instant(self.end))


# ---------------------------------------------------------------------- which cohorts a definition names
def named_in(cohort: Cohort) -> list[str]:
    """Give the ids of the cohorts that a definition names: as conditions, and in the filters of events and actions."""
    if cohort.members is not None:
        return []
    specs: list[Any] = []
    for leaf in cohort.definition.leaves():
        if isinstance(leaf, Behaviour):
            specs.append(leaf.series())
            specs += [leaf.then_series()] if isinstance(leaf, Sequence) else []
        else:
            specs.append(leaf)
    return sorted(need.partition(":")[2] for need in needs_of(*specs) if need.startswith("cohort:"))


def check(cohort: Cohort, known: Mapping[int | str, Cohort], *, strict: bool = False, inside: tuple[Cohort, ...] = ()) -> None:
    """Raise for a cohort that can't be told: defined by itself, or only by what its members are not.

    Parameters
    ----------
    strict
        Also for one that names a cohort which isn't known; PostHog takes that for an empty one.

    Raises
    ------
    SpecError
        Says which.
    """
    if not inside and not is_bounded(cohort.definition, known, inside=(cohort,)):
        raise SpecError(
            f"the cohort {cohort.name!r} takes people away from nobody: {cohort.in_words}. What is turned round (~) needs a condition "
            "beside it, joined by &, that says whom to take them from, such as ek.performed('$pageview', within='30 days')"
        )
    for name in named_in(cohort):
        other = find(known, name)
        if other is None and strict:
            names = [str(c.id) for c in known.values()]
            raise SpecError(
                f"the cohort {cohort.name!r} names the cohort {name!r}, which the events don't know.{nearest(name, names)} "
                f"Known: {', '.join(names) or 'none'}. Give both at once: events.with_cohorts(a, b)"
            )
        if other is not None:
            path = (*inside, cohort)
            ids = [c.id for c in path]
            if other.id in ids:
                way = [*ids[ids.index(other.id) :], other.id]
                raise SpecError(f"the cohort {other.id!r} is defined by itself: {' -> '.join(map(repr, way))}")
            check(other, known, strict=strict, inside=path)


def is_bounded(given: Condition, known: Mapping[int | str, Cohort], *, inside: tuple[Cohort, ...] = ()) -> bool:
    """Say whether conditions name people, not only those to leave out: each that is turned round has one to be taken from.

    A cohort inside is looked into; what it leaves out may be taken from conditions around it.
    """
    if isinstance(given, Conditions):
        parts = [is_bounded(value, known, inside=inside) for value in given.values]
        return not parts or (any(parts) if given.op == "AND" else all(parts))
    bounded = True
    if isinstance(given, PropertyFilter) and given.type == "cohort":
        other = find(known, given.value)
        if other is not None and other.members is None and all(c.id != other.id for c in inside):
            bounded = is_bounded(other.definition, known, inside=(*inside, other))
    return bounded != is_turned(given)


# ---------------------------------------------------------------------- who is in a cohort
def persons(tables: EventTables, cohort: Cohort) -> ir.Table:
    """Give the persons in a cohort: person_id, a row a person.

    Raises
    ------
    SpecError
        When it is defined by itself, or only by what its members are not.
    """
    known = tables.settings.cohorts
    check(cohort, known)
    if cohort.members is not None:
        return persons_of_ids(tables, cohort.members)
    asked = {key_of(leaf): leaf for leaf in leaves_in(cohort, known)}
    leaves = {key: i for i, key in enumerate(asked)}
    sets = [met(tables, leaf).mutate(leaf=ibis.literal(leaves[key], type="int64")) for key, leaf in asked.items()]
    if not sets or lets_all_in(cohort, known):
        sets.append(tables.person_properties().select("person_id").mutate(leaf=ibis.literal(-1, type="int64")))
    found = functools.reduce(lambda a, b: a.union(b), sets)
    marks = found.group_by("person_id").agg(**{f"leaf_{i}": one_if(found.leaf == i).max() for i in leaves.values()})
    meets = lambda key: marks[f"leaf_{leaves[key]}"] == 1  # noqa: E731
    return marks.filter(truth(cohort.definition, meets, known, ibis.literal)).select("person_id")


def kept(tables: EventTables, cohort: Cohort) -> ir.Table:
    """Give the persons in a cohort, to be joined to events: found out once for all the questions that ask for it, where they can be kept."""
    check(cohort, tables.settings.cohorts)
    if tables.con is None or tables.dialect != "duckdb":
        return persons(tables, cohort)
    said = [repr(c) for c in closure(cohort, tables.settings.cohorts)]
    about = repr((said, replace(tables.settings, cohorts={}, actions={})))
    name = f"cohort_{hashlib.sha1(about.encode()).hexdigest()[:12]}"
    return tables.cache.get(name, lambda: tables.keep(name, members(tables, cohort), ibis.schema({"person_id": "string"})))


def members(tables: EventTables, cohort: Cohort) -> pa.Table:
    """Give the persons in a cohort, from the journeys where there are any: person_id, a row a person.

    Raises
    ------
    SpecError
        As of `persons`.
    """
    from evkit.query import cohort_members

    check(cohort, tables.settings.cohorts)
    found = cohort_members.members(tables, cohort)
    return tables.arrow(persons(tables, cohort)) if found is None else found


def closure(cohort: Cohort, known: Mapping[int | str, Cohort]) -> list[Cohort]:
    """Give a cohort and those that it names, and that these name; none is defined by itself."""
    others = (find(known, name) for name in named_in(cohort))
    return [cohort, *(c for other in others if other is not None for c in closure(other, known))]


def plain(leaf: Behaviour | PropertyFilter) -> Behaviour | PropertyFilter:
    """Give a condition as it is when it isn't turned round."""
    return replace(leaf, negation=False) if leaf.negation else leaf


def one_if(test: ir.BooleanValue) -> ir.IntegerValue:
    """Give 1 where a test holds, else 0, to be counted: not every engine takes a boolean for a number."""
    return ibis.ifelse(test, ibis.literal(1, type="int64"), ibis.literal(0, type="int64"))


def key_of(leaf: Behaviour | PropertyFilter | Cohort) -> str:
    """Give what tells conditions apart: 1 and True are equal to Python, and different filters."""
    return f"cohort {leaf.id!r}" if isinstance(leaf, Cohort) else repr(leaf)


def leaves_in(cohort: Cohort, known: Mapping[int | str, Cohort]) -> Iterator[Behaviour | PropertyFilter | Cohort]:
    """Give the conditions that decide about a cohort, none turned round: also those of the cohorts inside; fixed lists as cohorts."""
    if cohort.members is not None:
        yield cohort
        return
    for leaf in cohort.definition.leaves():
        if isinstance(leaf, PropertyFilter) and leaf.type == "cohort":
            other = find(known, leaf.value)
            if other is not None:
                yield from leaves_in(other, known)
        else:
            yield plain(leaf)


def lets_all_in(cohort: Cohort, known: Mapping[int | str, Cohort]) -> bool:
    """Say whether somewhere in a definition is an empty group, which everybody passes."""

    def empty(given: Condition) -> bool:
        if isinstance(given, Conditions):
            return not given.values or any(empty(value) for value in given.values)
        other = find(known, given.value) if isinstance(given, PropertyFilter) and given.type == "cohort" else None
        return other is not None and other.members is None and empty(other.definition)

    return empty(cohort.definition)


def truth(given: Condition, meets: Callable[[str], T], known: Mapping[int | str, Cohort], all_or_none: Callable[[bool], T]) -> T:
    """Say of each person whether conditions hold.

    Parameters
    ----------
    meets
        Says of each person whether they meet one of the leaves, by its `key_of`: an expression, or an array.
    all_or_none
        Says the same of everybody.
    """
    if isinstance(given, Conditions):
        tests = [truth(value, meets, known, all_or_none) for value in given.values]
        return functools.reduce(op.and_ if given.op == "AND" else op.or_, tests) if tests else all_or_none(True)
    if isinstance(given, PropertyFilter) and given.type == "cohort":
        other = find(known, given.value)
        if other is None:
            test = all_or_none(False)  # as PostHog: nobody is in a cohort that there isn't
        elif other.members is not None:
            test = meets(key_of(other))
        else:
            test = truth(other.definition, meets, known, all_or_none)
    else:
        test = meets(key_of(plain(given)))
    return ~test if is_turned(given) else test


def met(tables: EventTables, leaf: Behaviour | PropertyFilter | Cohort) -> ir.Table:
    """Give the persons who meet one condition that isn't turned round: person_id."""
    if isinstance(leaf, Cohort):
        return persons_of_ids(tables, leaf.members or ())
    if isinstance(leaf, PropertyFilter):
        people = people_of(tables, leaf)
        return people.filter(Matcher(tables, people).filter(leaf, scope="person")).select("person_id")
    return performers(tables, leaf)


def people_of(tables: EventTables, leaf: PropertyFilter) -> ir.Table:
    """Give the persons that a filter reads, a row a person: person_id, person_properties; where it asks for distinct ids, a row an id."""
    if (leaf.type, leaf.key) != ("person", "distinct_id"):
        return tables.person_properties()
    ids = tables.log().select("distinct_id", "person_id")
    if tables.persons is not None:
        ids = ids.union(tables.persons.select("distinct_id", "person_id"))
    return ids.distinct().mutate(person_properties=ibis.literal("{}"))


# ---------------------------------------------------------------------- behaviour
def window_of(tables: EventTables, leaf: Behaviour) -> Window:
    """Give the window of a condition: whole days as for insights; where occurrences are counted, the very moments, as PostHog does.

    Raises
    ------
    SpecError
        When its recent part is longer than it.
    """
    if isinstance(leaf, Regularly):
        ends = periods_of(tables, leaf)
        return Window(ends[-1], ends[0] - timedelta(microseconds=1))
    asked = leaf.window
    counted = isinstance(leaf, Performed) and leaf.times is not None
    span = resolved(tables, asked, exact=counted)
    window = Window(span.start, span.end)
    if isinstance(leaf, Lapsing) and leaf.date_range is not None and recent_of(tables, leaf).start < window.start:
        raise SpecError(
            f"{leaf.name}: recent {leaf.recent!r} begins before the window does, {leaf.when}: it is the last part of that window"
        )
    return window


def recent_of(tables: EventTables, leaf: Lapsing) -> Window:
    """Give the recent part of a window: up to the end of today."""
    span = resolved(tables, DateRange(Length(leaf.recent).ago))
    return Window(span.start, span.end)


def resolved(tables: EventTables, asked: DateRange, *, exact: bool = False) -> Range:
    """Give a window's instants; `exact` keeps relative dates and now at the very moment, a day alone still ends with its last."""
    whole = tables.resolve(asked, interval="day")
    if asked.bounds != "posthog":
        return whole
    to_the_moment = tables.resolve(replace(asked, bounds="exact"), interval="day")
    relative = RELATIVE.match(asked.date_from or "")
    short = relative is not None and relative["unit"] in SHORT
    day_given = asked.date_to is not None and PLAIN_DATE.match(asked.date_to) is not None
    return replace(
        whole,
        start=to_the_moment.start if (exact and asked.date_from != "all") or short else whole.start,
        end=to_the_moment.end if exact and not day_given else whole.end,
    )


def periods_of(tables: EventTables, leaf: Regularly) -> list[datetime]:
    """Give where the periods begin and end, the newest first: back from the start of today, which is in none of them."""
    settings = tables.settings
    today = floor(tables.now.astimezone(ZoneInfo(settings.timezone)), "day", 0)
    one = Length(leaf.period)
    return [shift(today, -one.n * i, UNITS[one.unit]).astimezone(UTC) for i in range(leaf.total_periods + 1)]


def hits(tables: EventTables, series: Series, within: Window | None) -> ir.Table:
    """Give the events that count, a row an event: person_id, timestamp, t; of a window, or all."""
    rows = relation(tables, series)
    test = Matcher(tables, rows).series(series)
    return rows.filter(test if within is None else test & within.holds(rows.timestamp)).select("person_id", "timestamp", "t")


def performers(tables: EventTables, leaf: Behaviour) -> ir.Table:
    """Give the persons who behaved as a condition asks: person_id, a row a person."""
    if isinstance(leaf, Regularly):
        return regulars(tables, leaf)
    if isinstance(leaf, Sequence):
        return followers(tables, leaf)
    window = window_of(tables, leaf)
    if isinstance(leaf, Performed):
        rows = hits(tables, leaf.series(), window)
        counted = rows.group_by("person_id").agg(n=rows.count())
        sign, n = leaf.times or (">=", 1)
        return counted.filter(COMPARED[COMPARISONS[sign]](counted.n, n)).select("person_id")
    if isinstance(leaf, FirstTime):
        rows = hits(tables, leaf.series(), None)
        firsts = rows.group_by("person_id").agg(first=rows.timestamp.min())
        return firsts.filter(window.holds(firsts["first"])).select("person_id")
    if not isinstance(leaf, Lapsing):
        raise SpecError(f"{leaf!r} is no condition that can be told")
    recent = recent_of(tables, leaf)
    rows = hits(tables, leaf.series(), None)
    stopped = isinstance(leaf, Stopped)
    before = window.holds(rows.timestamp) & (rows.timestamp < instant(recent.start))
    did = rows.group_by("person_id").agg(
        n_before=one_if(before).sum(), n_recent=one_if(recent.holds(rows.timestamp)).sum(), first=rows.timestamp.min()
    )
    if stopped:
        return did.filter((did.n_before > 0) & (did.n_recent == 0)).select("person_id")
    again = (did.n_recent > 0) & (did.n_before == 0) & (did["first"] < instant(recent.start))
    return did.filter(again).select("person_id")


def by_period(tables: EventTables, leaf: Regularly, rows: ir.Table) -> ir.Table:
    """Give how often each person did it in each period: person_id, period (0 is the newest), n, and enough of it; only periods with some."""
    ends = periods_of(tables, leaf)
    period = ibis.cases(*((rows.timestamp >= instant(start), ibis.literal(i, type="int64")) for i, start in enumerate(ends[1:])))
    placed = rows.mutate(period=period)
    counted = placed.group_by("person_id", "period").agg(n=placed.count())
    sign, n = leaf.times
    return counted.mutate(enough=COMPARED[COMPARISONS[sign]](counted.n, n))


def regulars(tables: EventTables, leaf: Regularly) -> ir.Table:
    """Give the persons who did it in enough periods: person_id."""
    counted = by_period(tables, leaf, hits(tables, leaf.series(), window_of(tables, leaf)))
    enough = counted.group_by("person_id").agg(periods=one_if(counted.enough).sum())
    return enough.filter(enough.periods >= leaf.min_periods).select("person_id")


def steps_of(tables: EventTables, leaf: Sequence) -> ir.Table:
    """Give the events of a sequence, a row an event in the window: person_id, timestamp, t, first and then as 1 or 0."""
    one, two = leaf.series(), leaf.then_series()
    rows = relation(tables, one, two)
    matcher = Matcher(tables, rows)
    first, then = matcher.series(one), matcher.series(two)
    kept = rows.mutate(first=one_if(first), then=one_if(then))
    inside = window_of(tables, leaf).holds(kept.timestamp) & ((kept["first"] == 1) | (kept.then == 1))
    return kept.filter(inside).select("person_id", "timestamp", "t", "first", "then")


def followers(tables: EventTables, leaf: Sequence) -> ir.Table:
    """Give the persons who did one thing and then the other soon enough: person_id. Events of one instant are in either order."""
    rows = steps_of(tables, leaf)
    at = rows.group_by("person_id", "t").agg(firsts=rows["first"].sum(), thens=rows.then.sum(), both=(rows["first"] * rows.then).sum())
    begun = ibis.ifelse(at.firsts > 0, at.t, ibis.null("int64"))
    before = ibis.window(group_by=at.person_id, order_by=at.t, preceding=(None, 1))  # a row an instant: no ties
    told = at.mutate(begun=begun.max().over(before))
    gap = Length(leaf.gap).waited * 1_000_000
    alone = (told.firsts == 1) & (told.thens == 1) & (told.both == 1)  # one event is not followed by itself
    at_once = (told.firsts > 0) & (told.thens > 0) & ~alone
    later = (told.thens > 0) & ((told.t - told.begun) <= gap).fill_null(False)
    return told.filter(at_once | later).select("person_id").distinct()
