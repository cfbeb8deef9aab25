"""Cohorts, said slowly: each condition as a loop over one person's events, the definition as a loop over everybody."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.logs import Event, Log, text

SOON = dt.timedelta(microseconds=1)
LONG = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 31 * 86400, "year": 365 * 86400}


@dataclass
class Leaf:
    """A condition; `back` and `recent` are (number, unit), `days` the first and last day, both inside."""

    kind: str
    name: str | None = None
    browser: str | None = None
    back: tuple[int, str] | None = None
    days: tuple[dt.date, dt.date] | None = None
    times: tuple[str, int] | None = None
    recent: tuple[int, str] = (1, "day")
    then: str | None = None
    gap: tuple[int, str] = (1, "day")
    periods: tuple[int, int] = (1, 1)
    plan: tuple[str, str | None] = ("exact", None)
    inside: Tree | None = None
    listed: tuple[str, ...] = ()
    negation: bool = False


@dataclass
class Tree:
    """Conditions joined."""

    op: str
    parts: list[Leaf | Tree] = field(default_factory=list)


class Told:
    """A log whose persons are looked at one after the other."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.zone = ZoneInfo(log.zone)
        self.owner, self.plans = log.persons(), log.plans()
        self.now = max(e.time for e in log.events).replace(tzinfo=dt.UTC).astimezone(self.zone)
        self.today = self.now.replace(hour=0, minute=0, second=0, microsecond=0)

    def members(self, tree: Tree) -> set[str]:
        """Give the distinct ids of everybody for whom a definition holds."""
        found = {p for p in set(self.owner.values()) if self.holds(tree, p)}
        return {i for i, p in self.owner.items() if p in found}

    def takes_from_nobody(self, tree: Tree) -> bool:
        """Say whether somebody without any event, property or list would be in it."""
        return self.holds(tree, None)

    def holds(self, given: Leaf | Tree, person: str | None) -> bool:
        if isinstance(given, Tree):
            parts = [self.holds(p, person) for p in given.parts]
            return all(parts) if given.op == "AND" else any(parts)
        return (person is not None and self.met(given, person)) != given.negation if given.kind != "cohort" else (
            self.holds(given.inside, person) != given.negation  # type: ignore[arg-type]
        )  # fmt: skip

    def met(self, leaf: Leaf, person: str) -> bool:
        if leaf.kind == "plan":
            operator, wanted = leaf.plan
            plan = self.plans.get(person)
            return {"exact": plan == wanted, "is_not": plan != wanted, "is_set": plan is not None}[operator]
        if leaf.kind == "list":
            return any(self.owner.get(i) == person for i in leaf.listed)
        mine = sorted((e for e in self.log.events if self.owner[e.who] == person), key=lambda e: e.time)
        hits = [e for e in mine if self.counts(e, leaf.name, leaf.browser)]
        result: bool = getattr(self, leaf.kind)(leaf, hits, mine)
        return result

    def counts(self, event: Event, name: str | None, browser: str | None) -> bool:
        return (name is None or event.name == name) and (browser is None or text(event.properties.get("browser")) == browser)

    # ------------------------------------------------------------------ time
    def ago(self, since: dt.datetime, n: int, unit: str) -> dt.datetime:
        """Go back: hours and minutes as time passes, days and more by the calendar, a month's end cut to the month's length."""
        if unit in ("minute", "hour"):
            passed = since.astimezone(dt.UTC) - dt.timedelta(seconds=n * LONG[unit])
            return passed.astimezone(self.zone)
        if unit in ("day", "week"):
            return since - dt.timedelta(days=n * (7 if unit == "week" else 1))
        months = since.year * 12 + since.month - 1 - n * (12 if unit == "year" else 1)
        year, month = months // 12, months % 12 + 1
        return since.replace(year=year, month=month, day=min(since.day, calendar.monthrange(year, month)[1]))

    def start(self, back: tuple[int, str], exact: bool = False) -> dt.datetime:
        moved = self.ago(self.now, *back)
        if exact or back[1] == "minute":
            return moved
        return (
            moved.replace(minute=0, second=0, microsecond=0)
            if back[1] == "hour"
            else moved.replace(hour=0, minute=0, second=0, microsecond=0)
        )

    def window(self, leaf: Leaf, exact: bool = False) -> tuple[dt.datetime, dt.datetime]:
        midnight = lambda day: dt.datetime.combine(day, dt.time(), self.zone)  # noqa: E731
        if leaf.days is not None:
            return midnight(leaf.days[0]), midnight(leaf.days[1] + dt.timedelta(days=1)) - SOON
        assert leaf.back is not None
        return self.start(leaf.back, exact), self.now if exact else self.today + dt.timedelta(days=1) - SOON

    def within(self, events: list[Event], start: dt.datetime, end: dt.datetime) -> list[Event]:
        low, high = (t.astimezone(dt.UTC).replace(tzinfo=None) for t in (start, end))
        return [e for e in events if low <= e.time <= high]

    # ------------------------------------------------------------------ behaviour
    def performed(self, leaf: Leaf, hits: list[Event], mine: list[Event]) -> bool:
        n = len(self.within(hits, *self.window(leaf, exact=leaf.times is not None)))
        return n > 0 and enough(n, leaf.times or (">=", 1))

    def first_time(self, leaf: Leaf, hits: list[Event], mine: list[Event]) -> bool:
        return bool(hits) and hits[0] in self.within(hits, *self.window(leaf))

    def regularly(self, leaf: Leaf, hits: list[Event], mine: list[Event]) -> bool:
        assert leaf.back is not None and leaf.times is not None
        n, unit = leaf.back
        least, total = leaf.periods
        good = 0
        for i in range(total):
            inside = self.within(hits, self.ago(self.today, n * (i + 1), unit), self.ago(self.today, n * i, unit) - SOON)
            good += len(inside) > 0 and enough(len(inside), leaf.times)
        return good >= least

    def sequence(self, leaf: Leaf, hits: list[Event], mine: list[Event]) -> bool:
        span = self.window(leaf)
        for a in self.within(hits, *span):
            for b in self.within([e for e in mine if self.counts(e, leaf.then, None)], *span):
                if a is not b and dt.timedelta(0) <= b.time - a.time <= dt.timedelta(seconds=leaf.gap[0] * LONG[leaf.gap[1]]):
                    return True
        return False

    def stopped(self, leaf: Leaf, hits: list[Event], mine: list[Event]) -> bool:
        last = self.today + dt.timedelta(days=1) - SOON
        return bool(self.within(hits, *self.window(leaf))) and not self.within(hits, self.start(leaf.recent), last)

    def restarted(self, leaf: Leaf, hits: list[Event], mine: list[Event]) -> bool:
        recent, last = self.start(leaf.recent), self.today + dt.timedelta(days=1) - SOON
        lately = self.within(hits, recent, last)
        return bool(lately) and hits[0] not in lately and not self.within(hits, self.window(leaf)[0], recent - SOON)


def enough(n: int, times: tuple[str, int]) -> bool:
    sign, wanted = times
    verdicts: dict[str, Any] = {">=": n >= wanted, "<=": n <= wanted, ">": n > wanted, "<": n < wanted, "==": n == wanted}
    return bool(verdicts[sign])
