"""Retention, said slowly: the rules as loops over all events, written from the rules and from nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tests.reference.logs import Event, Log, text

OTHER = "$$_posthog_breakdown_other_$$"
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
FIRST_TIME, FIRST_EVER = "retention_first_time", "retention_first_ever_occurrence"


@dataclass
class Asked:
    """A question, in plain parts; `first` (None: counted back from the end) and `last` are days of the project's zone."""

    target: str | None
    returning: str | None
    target_browser: str | None
    returning_browser: str | None
    period: str
    intervals: int
    first: dt.date | None
    last: dt.date
    kind: str = "retention_recurring"
    cumulative: bool = False
    minimum: int = 1
    brackets: tuple[int, ...] = ()
    rolling: bool = False
    aggregation: str = "count"
    breakdown: str | None = None
    limit: int = 25
    only: str | None = None


Cell = tuple[int, int]


def next_start(start: dt.datetime, period: str) -> dt.datetime:
    """Give the start of the next period, wall clock."""
    if period == "month":
        return (start + 32 * DAY).replace(day=1)
    return start + {"hour": HOUR, "day": DAY, "week": 7 * DAY}[period]


def starts(log: Log, asked: Asked) -> list[dt.datetime]:
    """Give the starts of the cohorts' periods, wall clock: the last is the one with the end."""
    end = dt.datetime.combine(asked.last, dt.time())
    if asked.period != "hour":
        end += DAY - dt.timedelta(microseconds=1)
    last = log.floor(end, asked.period)
    if asked.first is None:
        found = [last]
        while len(found) < asked.intervals:
            found.insert(0, log.floor(found[0] - HOUR / 2, asked.period))
        return found
    found = [log.floor(dt.datetime.combine(asked.first, dt.time()), asked.period)]
    while found[-1] < last:
        found.append(next_start(found[-1], asked.period))
    return found


def price(event: Event) -> float:
    """Read the property that is added up."""
    try:
        return float(text(event.properties.get("price")) or "")
    except ValueError:
        return 0.0


class Slow:
    """One question over one log."""

    def __init__(self, log: Log, asked: Asked) -> None:
        self.log, self.asked = log, asked
        self.rows = starts(log, asked)
        self.end = next_start(self.rows[-1], asked.period)
        self.owner, self.plans = log.persons(), log.plans()
        self.events = [e for e in log.events if asked.only is None or text(e.properties.get("browser")) == asked.only]
        self.events = [e for e in self.events if self.is_kind(e) or self.comes_back(e)]

    # what an event is
    def is_kind(self, e: Event) -> bool:
        return self.asked.target is None or e.name == self.asked.target

    def begins(self, e: Event) -> bool:
        browser = self.asked.target_browser
        return self.is_kind(e) and (browser is None or text(e.properties.get("browser")) == browser)

    def comes_back(self, e: Event) -> bool:
        browser = self.asked.returning_browser
        named = self.asked.returning is None or e.name == self.asked.returning
        return named and (browser is None or text(e.properties.get("browser")) == browser)

    def value(self, e: Event) -> str:
        if self.asked.breakdown is None:
            return ""
        if self.asked.breakdown == "plan":
            return self.plans.get(self.owner[e.who]) or ""
        return text(e.properties.get(self.asked.breakdown)) or ""

    def in_range(self, time: dt.datetime) -> bool:
        return self.log.utc(self.rows[0]) <= time < self.log.utc(self.end)

    def row_of(self, time: dt.datetime) -> int:
        return self.rows.index(self.log.bucket(time, self.asked.period))

    # who is where
    def reached(self) -> dict[tuple[str, str], dict[Cell, float]]:
        """Give, for each actor and value, the cells they reach and what is added up there."""
        found: dict[tuple[str, str], dict[Cell, float]] = {}
        for actor in sorted({self.owner[e.who] for e in self.events}):
            mine = sorted((e for e in self.events if self.owner[e.who] == actor), key=lambda e: e.time)
            if self.asked.rolling:
                found |= {(actor, value): cells for value, cells in self.windows(mine).items()}
            elif self.asked.kind == FIRST_EVER:
                first = self.first_ever(mine)
                if first is not None:
                    here = [e for e in mine if self.in_range(e.time)]
                    found[actor, self.value(first)] = self.calendar(here, [self.row_of(first.time)])
            else:
                for value in {self.value(e) for e in mine}:
                    part = [e for e in mine if self.value(e) == value]
                    found[actor, value] = self.calendar([e for e in part if self.in_range(e.time)], self.cohorts(part))
        return found

    def cohorts(self, part: list[Event]) -> list[int]:
        targets = [e for e in part if self.begins(e)]
        if self.asked.kind == FIRST_TIME:
            return [self.row_of(e.time) for e in targets[:1] if self.in_range(e.time)]
        return sorted({self.row_of(e.time) for e in targets if self.in_range(e.time)})

    def first_ever(self, mine: list[Event]) -> Event | None:
        """Give the first event of the kind, the first to arrive of several at its instant; None where none there begins, or out of range."""
        kinds = [e for e in mine if self.is_kind(e)]
        if not kinds or not self.in_range(kinds[0].time):
            return None
        there = [e for e in kinds if e.time == kinds[0].time]
        return there[0] if any(self.begins(e) for e in there) else None

    def bracket(self, distance: int) -> int | None:
        if not self.asked.brackets:
            return distance if distance < self.asked.intervals else None
        last = 0
        for number, size in enumerate(self.asked.brackets, 1):
            last += size
            if distance <= last:
                return number
        return None

    def calendar(self, here: list[Event], cohorts: list[int]) -> dict[Cell, float]:
        asked, cells = self.asked, {}
        for row in cohorts:
            cells[row, 0] = self.at_start(here, row)
            base = cohorts[0] if asked.brackets else row
            for later in range(base + 1, len(self.rows)):
                returns = [e for e in here if self.comes_back(e) and self.row_of(e.time) == later]
                interval = self.bracket(later - base)
                if interval is not None and len(returns) >= asked.minimum:
                    cells[row, interval] = cells.get((row, interval), 0.0) + sum(map(price, returns))
        return cells

    def at_start(self, here: list[Event], row: int) -> float:
        asked = self.asked
        there = [e for e in here if self.row_of(e.time) == row]
        targets = [e for e in there if self.begins(e)]
        if (asked.target, asked.target_browser) == (asked.returning, asked.returning_browser):
            return sum(map(price, targets))
        first = min(e.time for e in targets)
        return sum(price(e) for e in there if self.comes_back(e) and e.time > first)

    # windows of one's own
    def distance(self, a: dt.datetime, b: dt.datetime) -> int:
        """Count the clock hours (midnights, for weeks and months) between two UTC times, and divide."""
        if self.asked.period in ("week", "month"):
            days = (self.log.local(b).date() - self.log.local(a).date()).days
            return days // (7 if self.asked.period == "week" else 30)
        hours = self.clock_hour(b) - self.clock_hour(a)
        return hours // (24 if self.asked.period == "day" else 1)

    def clock_hour(self, time: dt.datetime) -> int:
        offset = time.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(self.log.zone)).utcoffset() or dt.timedelta()
        return (time - dt.datetime(1970, 1, 1) + offset % HOUR) // HOUR

    def windows(self, mine: list[Event]) -> dict[str, dict[Cell, float]]:
        here = [e for e in mine if self.in_range(e.time)]
        if self.asked.kind == FIRST_EVER:
            anchor = self.first_ever(mine)
        else:
            targets = [e for e in (mine if self.asked.kind == FIRST_TIME else here) if self.begins(e)]
            anchor = next((e for e in targets[:1] if self.in_range(e.time)), None)
        if anchor is None:
            return {}
        row = self.distance(self.log.utc(self.rows[0]), anchor.time)
        if row >= len(self.rows):
            return {}
        own = self.asked.kind == FIRST_EVER
        made: dict[str, dict[Cell, float]] = {self.value(anchor): {(row, 0): 0.0}}
        for e in (e for e in here if self.begins(e) or self.comes_back(e)):
            cells = made.setdefault(self.value(anchor) if own else self.value(e), {(row, 0): 0.0})
            distance = self.distance(anchor.time, e.time)
            interval = self.bracket(distance) if distance > 0 else None
            if self.comes_back(e) and e.time >= anchor.time and interval is not None:
                cells[row, interval] = 0.0
        return made


def retention(log: Log, asked: Asked) -> list[tuple[str, list[list[int]], list[list[float]]]]:
    """Give the counts and sums of each breakdown value, in order."""
    slow = Slow(log, asked)
    height, width = len(slow.rows), len(asked.brackets) + 1 if asked.brackets else asked.intervals
    tables: dict[str, tuple[list[list[int]], list[list[float]]]] = {}
    empty: Callable[[], tuple[list[list[int]], list[list[float]]]] = lambda: (  # noqa: E731
        [[0] * width for _ in range(height)],
        [[0.0] * width for _ in range(height)],
    )
    for (_, value), cells in slow.reached().items():
        if asked.cumulative:
            furthest = {row: max(i for r, i in cells if r == row) for row, _ in cells}
            cells = {(row, i): 0.0 for row, last in furthest.items() for i in range(last + 1)}
        for (row, interval), amount in cells.items():
            counts, sums = tables.setdefault(value, empty())
            counts[row][interval] += 1
            sums[row][interval] += amount
    if asked.breakdown is None:
        return [("", *tables.get("", empty()))]
    ranked = sorted(tables, key=lambda v: (-sum(line[0] for line in tables[v][0]), v))
    found = [(value, *tables[value]) for value in ranked[: asked.limit]]
    if ranked[asked.limit :]:
        counts, sums = empty()
        for value in ranked[asked.limit :]:
            for r in range(height):
                for c in range(width):
                    counts[r][c] += tables[value][0][r][c]
                    sums[r][c] += tables[value][1][r][c]
        found.append((OTHER, counts, sums))
    return found
