"""Why somebody is in a cohort or isn't: each condition, whether it is met, and what was found; and a cohort's rules in words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from evkit import markup
from evkit.dates.instants import instant
from evkit.model.tables import EventTables
from evkit.query import cohorts
from evkit.query.behaviour import (
    COMPARISONS,
    Behaviour,
    Condition,
    Conditions,
    FirstTime,
    Lapsing,
    Length,
    Performed,
    Regularly,
    Restarted,
    Sequence,
    is_turned,
    label_of,
    said,
)  # fmt: skip
from evkit.query.cohorts import Window, plain
from evkit.query.filters import Matcher
from evkit.query.property_filters import PropertyFilter, PropertyRef
from evkit.query.relation import find, persons_of_ids
from evkit.query.spec import Cohort, Series

JOINED = {"AND": "all of", "OR": "any of"}


@dataclass(frozen=True)
class Reason:
    """One condition: in words, whether it is met, what was found of the person, and the conditions inside it."""

    condition: str
    passed: bool
    found: str = ""
    parts: tuple[Reason, ...] = ()

    def lines(self, depth: int = 0) -> Iterator[tuple[int, Reason]]:
        """Give the condition and those inside it, each with how deep it lies."""
        yield depth, self
        for part in self.parts:
            yield from part.lines(depth + 1)


def explain(tables: EventTables, cohort: Cohort, person_id: str) -> Reason:
    """Say of each condition of a cohort whether a person meets it, and what was found.

    Raises
    ------
    SpecError
        When the cohort can't be told, as for its members.
    """
    cohorts.check(cohort, tables.settings.cohorts)
    return Asked(tables, person_id).cohort(cohort)


class Asked:
    """Looks at one person, condition by condition; each asks the engine once."""

    def __init__(self, tables: EventTables, person_id: str) -> None:
        self.tables = tables
        self.person_id = person_id
        self.zone = ZoneInfo(tables.settings.timezone)

    def cohort(self, cohort: Cohort) -> Reason:
        """Look at a whole cohort."""
        if cohort.members is None:
            return self.condition(cohort.definition)
        ids = persons_of_ids(self.tables, cohort.members)
        listed = len(self.tables.arrow(ids.filter(ids.person_id == self.person_id).limit(1))) > 0
        return Reason(f"on the list of {len(cohort.members):,}", listed, "listed" if listed else "not listed")

    def condition(self, given: Condition) -> Reason:
        """Look at a condition, or at a group."""
        if isinstance(given, Conditions):
            parts = tuple(self.condition(value) for value in given.values)
            passed = all(p.passed for p in parts) if given.op == "AND" else not parts or any(p.passed for p in parts)
            if len(parts) == 1:
                return parts[0]
            return Reason(JOINED[given.op] if parts else "nothing is asked", passed, parts=parts)
        if isinstance(given, PropertyFilter):
            return self.of_cohort(given) if given.type == "cohort" else self.of_property(given)
        met, found = self.of_behaviour(given)
        return Reason(given.in_words, met != is_turned(given), found)

    def of_cohort(self, given: PropertyFilter) -> Reason:
        """Look at another cohort."""
        other = find(self.tables.settings.cohorts, given.value)
        name = given.value if other is None else other.name
        words = f"{'not ' if is_turned(given) else ''}in the cohort {name!r}"
        if other is None:
            return Reason(words, is_turned(given), "there is no such cohort, so nobody is in it")
        inner = self.cohort(other)
        return Reason(words, inner.passed != is_turned(given), f"{'is' if inner.passed else 'is not'} in it", (inner,))

    def of_property(self, given: PropertyFilter) -> Reason:
        """Look at a property of the person."""
        people = cohorts.people_of(self.tables, given)
        mine = people.filter(people.person_id == self.person_id)
        matcher = Matcher(self.tables, mine)
        asked = plain(given)
        read = matcher.value(PropertyRef(given.key, given.type)) if given.key else mine.person_id
        rows = self.tables.arrow(mine.select(value=read, hit=matcher.filter(asked, scope="person"))).to_pylist()  # type: ignore[arg-type]
        if not rows:
            return Reason(said(given), is_turned(given), "has no person profile, and so no properties")
        values = sorted({str(row["value"]) for row in rows if row["value"] is not None})
        found = f"{given.key} is {', '.join(repr(markup.short(v, 80)) for v in values)}" if values else f"{given.key} is not set"
        return Reason(said(given), any(row["hit"] for row in rows) != is_turned(given), found)

    # ------------------------------------------------------------------ behaviour
    def of_behaviour(self, given: Behaviour) -> tuple[bool, str]:
        """Look at what the person did: whether that meets a condition (not turned round), and what it was."""
        if isinstance(given, Regularly):
            return self.of_periods(given)
        if isinstance(given, Sequence):
            return self.of_sequence(given)
        window = cohorts.window_of(self.tables, given)
        if isinstance(given, Lapsing):
            return self.of_lapsing(given, window)
        seen = self.seen(given.series(), window)
        if isinstance(given, FirstTime):
            return self.of_first(seen, window)
        n = int(seen["inside"])
        sign, wanted = given.times if isinstance(given, Performed) and given.times else (">=", 1)
        met = n > 0 and bool(cohorts.COMPARED[COMPARISONS[sign]](n, wanted))
        if n:
            return met, f"{times(n)}, the last at {self.at(seen['last_inside'])}"
        return met, self.outside(seen)

    def seen(self, series: Series, window: Window, recent: Window | None = None) -> dict[str, Any]:
        """Count the person's events: all, in the window, before and in its recent part, with the first and last of them."""
        rows = cohorts.hits(self.tables, series, None)
        mine = rows.filter(rows.person_id == self.person_id)
        inside = window.holds(mine.timestamp)
        cut = instant((recent or window).start)
        late = (recent or window).holds(mine.timestamp)
        found = mine.aggregate(
            n=mine.count(), first=mine.timestamp.min(), last=mine.timestamp.max(),
            inside=cohorts.one_if(inside).sum(), last_inside=mine.timestamp.max(where=inside),
            before=cohorts.one_if(inside & (mine.timestamp < cut)).sum(), last_before=mine.timestamp.max(where=mine.timestamp < cut),
            recent=cohorts.one_if(late).sum(), last_recent=mine.timestamp.max(where=late),
        )  # fmt: skip
        row: dict[str, Any] = self.tables.arrow(found).to_pylist()[0]
        return {name: value or 0 if name in ("n", "inside", "before", "recent") else value for name, value in row.items()}

    def outside(self, seen: dict[str, Any]) -> str:
        """Say what there is outside of a window in which there is nothing."""
        if not seen["n"]:
            return "never"
        before = seen["last_before"]
        return (
            f"not in the window; the last before it at {self.at(before)}"
            if before
            else f"not in the window; the first after it at {self.at(seen['first'])}"
        )

    def of_first(self, seen: dict[str, Any], window: Window) -> tuple[bool, str]:
        """Say when the person did it first."""
        if not seen["n"]:
            return False, "never"
        first = aware(seen["first"])
        if window.start <= first <= window.end:
            return True, f"for the first time at {self.at(first)}"
        return False, f"for the first time at {self.at(first)}, {'before' if first < window.start else 'after'} the window"

    def of_lapsing(self, given: Lapsing, window: Window) -> tuple[bool, str]:
        """Say what the person did in the recent part of a window, and before it."""
        recent = cohorts.recent_of(self.tables, given)
        seen = self.seen(given.series(), window, recent)
        lately = f"{times(seen['recent'])} in the last {given.recent}" if seen["recent"] else f"not in the last {given.recent}"
        if not seen["n"]:
            return False, "never"
        earlier = f"before that {times(seen['before'])} in the window" if seen["before"] else "before that not in the window"
        last = f", the last of those before at {self.at(seen['last_before'])}" if seen["last_before"] else ", and never before"
        if isinstance(given, Restarted):
            met = seen["recent"] > 0 and seen["before"] == 0 and aware(seen["first"]) < recent.start
        else:
            met = seen["before"] > 0 and seen["recent"] == 0
        return met, f"{lately}; {earlier}{last}"

    def of_periods(self, given: Regularly) -> tuple[bool, str]:
        """Say how often the person did it in each period."""
        window = cohorts.window_of(self.tables, given)
        rows = cohorts.hits(self.tables, given.series(), window)
        counted = self.tables.arrow(cohorts.by_period(self.tables, given, rows.filter(rows.person_id == self.person_id))).to_pylist()
        n = {row["period"]: row["n"] for row in counted}
        enough = sum(bool(row["enough"]) for row in counted)
        each = ", ".join(str(n.get(i, 0)) for i in reversed(range(given.total_periods)))
        found = f"in {enough} of {given.total_periods} periods often enough; times in each, from {self.at(window.start)} on: {markup.short(each, 200)}"
        return enough >= given.min_periods, found

    def of_sequence(self, given: Sequence) -> tuple[bool, str]:
        """Say which two events came closest to being the sequence."""
        rows = cohorts.steps_of(self.tables, given)
        mine = self.tables.arrow(rows.filter(rows.person_id == self.person_id).order_by("t")).to_pylist()
        names = (given.label, label_of(given.then))
        n = [sum(row[part] for row in mine) for part in ("first", "then")]
        pair = closest(mine)
        if pair is None:
            counts = " and ".join(f"{name} {times(count) if count else 'never'}" for name, count in zip(names, n, strict=True))
            return False, f"{counts} in the window" + (", never the one after the other" if all(n) else "")
        begun, done = pair
        gap = done - begun
        met = gap <= timedelta(seconds=Length(given.gap).waited)
        shown = timedelta(seconds=int(gap.total_seconds())) if gap >= timedelta(seconds=1) else gap
        return met, f"{names[0]} at {self.at(begun)}, then {names[1]} at {self.at(done)}: {'' if met else 'at the least '}{shown} later"

    def at(self, time: datetime) -> str:
        """Write a time, on the wall clock of the project's zone."""
        return f"{aware(time).astimezone(self.zone):%Y-%m-%d %H:%M}"


def closest(rows: list[dict[str, Any]]) -> tuple[datetime, datetime] | None:
    """Give the two events, a first and one that follows it, with the least time between; of those the earliest. One event is not two."""
    best: tuple[timedelta, datetime, datetime] | None = None
    begun: datetime | None = None
    for at, group in itertools.groupby(rows, key=itemgetter("timestamp")):
        here = list(group)
        firsts, thens = ([row for row in here if row[part]] for part in ("first", "then"))
        alone = len(firsts) == len(thens) == 1 and firsts[0] is thens[0]
        start = at if firsts and thens and not alone else begun
        if thens and start is not None and (best is None or at - start < best[0]):
            best = (at - start, start, at)
        begun = at if firsts else begun
    return None if best is None else best[1:]


def aware(time: datetime) -> datetime:
    """Give a time of the events, which is UTC, with its zone."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def times(n: int) -> str:
    """Write how often.

    Examples
    --------
    >>> times(1), times(2)
    ('once', '2 times')
    """
    return "once" if n == 1 else f"{n:,} times"


# ---------------------------------------------------------------------- rules
def rules(tables: EventTables, cohort: Cohort) -> tuple[str, ...]:
    """Say who is in a cohort, with the dates of its windows."""
    known = tables.settings.cohorts
    cohorts.check(cohort, known)
    if cohort.members is not None:
        return (
            f"The members of {cohort.name!r} are a fixed list of {len(cohort.members):,} distinct ids; an id that nobody has is a person by itself.",
        )
    made = [f"A member of {cohort.name!r}: {cohort.in_words}."]
    every = cohorts.closure(cohort, known)
    made += [f"The cohort {c.name!r}: {c.in_words}." for c in {c.id: c for c in every[1:]}.values()]
    named = dict.fromkeys(name for c in every for name in cohorts.named_in(c))
    made += [f"There is no cohort {name!r}: nobody is in it." for name in named if find(known, name) is None]
    leaves = {repr(leaf): leaf for leaf in cohorts.leaves_in(cohort, known)}
    done = [leaf for leaf in leaves.values() if isinstance(leaf, Behaviour)]
    made += [window_in_words(tables, leaf) for leaf in done]
    if any(isinstance(leaf, PropertyFilter) for leaf in leaves.values()):
        made.append("Properties of persons are those that they have now; who has no person profile meets no condition on them.")
    if any(is_turned(leaf) for leaf in cohort.definition.leaves()):
        made.append("A condition that is turned round takes away people whom the others let in.")
    return tuple(made)


def window_in_words(tables: EventTables, leaf: Behaviour) -> str:
    """Say which events count for a condition by their time."""
    window, zone = cohorts.window_of(tables, leaf), ZoneInfo(tables.settings.timezone)
    words = lambda t: f"{t.astimezone(zone):%Y-%m-%d %H:%M:%S}"  # noqa: E731
    more = f"; its recent part begins at {words(cohorts.recent_of(tables, leaf).start)}" if isinstance(leaf, Lapsing) else ""
    if isinstance(leaf, Regularly):
        starts = ", ".join(f"{t.astimezone(zone):%Y-%m-%d}" for t in reversed(cohorts.periods_of(tables, leaf)[1:]))
        more = f"; its periods begin on {markup.short(starts, 200)}"
    return f"{leaf.in_words}: from {words(window.start)} to {words(window.end)}, both ends counted, in {tables.settings.timezone}{more}."
