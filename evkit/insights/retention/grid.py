"""The grid of a question: which periods have a cohort, when each cell lasts, and whether that is over."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from evkit.dates import DateRange, Range
from evkit.dates.grammar import floor, shift
from evkit.errors import SpecError
from evkit.insights.retention.spec import Retention
from evkit.model.tables import EventTables

MOST_CELLS = 1_000_000
LONG_AGO = "1970-01-02"
"""Where a range without a start begins while its end is looked for."""
UNITS = {"day": "d", "week": "w", "month": "m"}
WINDOW_HOURS = {"hour": 1, "day": 24, "week": 7 * 24, "month": 30 * 24}
"""How long a window of somebody's own is."""
OVER, RUNNING, TO_COME = "over", "running", "to_come"


@dataclass(frozen=True)
class Grid:
    """Cohorts by intervals.

    Parameters
    ----------
    starts
        The start of each cohort's period, wall clock of the project's zone.
    end
        Where the last period ends, wall clock.
    timezone
        IANA name of the project's zone.
    period
        What time is cut into.
    """

    starts: tuple[dt.datetime, ...]
    end: dt.datetime
    timezone: str
    period: str

    @property
    def start(self) -> dt.datetime:
        """Where the first period begins, wall clock."""
        return self.starts[0]

    def instant(self, wall: dt.datetime) -> dt.datetime:
        """Give a wall clock as an instant with zone UTC."""
        return wall.replace(tzinfo=ZoneInfo(self.timezone)).astimezone(dt.UTC)

    def begins(self, number: int) -> dt.datetime:
        """Give when a period begins, wall clock: those of the cohorts, counted from 0, and the ones after them."""
        return self.starts[number] if number < len(self.starts) else moved(self.end, number - len(self.starts), self.period)


def moved(wall: dt.datetime, n: int, period: str) -> dt.datetime:
    """Move a wall clock by periods."""
    return wall + dt.timedelta(hours=n) if period == "hour" else shift(wall, n, UNITS[period])


def span(spec: Retention, tables: EventTables) -> Range:
    """Give the range that was asked about; one without a start reaches back as far as there is time."""
    wanted = spec.date_range or DateRange("all")
    return tables.resolve(wanted if wanted.date_from is not None else replace(wanted, date_from=LONG_AGO), interval=spec.period)


def grid(spec: Retention, tables: EventTables) -> Grid:
    """Give the grid of a question: its last period is the one with the range's end, whole.

    Raises
    ------
    SpecError
        When there would be more than `MOST_CELLS` cells.
    """
    settings = tables.settings
    week_start_day = 1 if settings.week_start == "monday" else 0
    begun = spec.date_range is None or spec.date_range.date_from is not None
    asked = span(spec, tables)
    first, last = (t.astimezone(asked.zone).replace(tzinfo=None) for t in (asked.start, asked.end))
    end = floor(moved(last, 1, spec.period), spec.period, week_start_day)
    here = floor(first if begun else moved(end, -spec.total_intervals, spec.period), spec.period, week_start_day)
    starts = [here]
    width = len(spec.labels)
    while (here := moved(starts[0], len(starts), spec.period)) < end:
        starts.append(here)
        if len(starts) * width > MOST_CELLS:
            raise SpecError(
                f"more than {MOST_CELLS:,} cells from {starts[0]:%Y-%m-%d} to {end:%Y-%m-%d} by {spec.period}: give a shorter date_range or a longer period"
            )
    return Grid(tuple(starts), end, settings.timezone, spec.period)


def states(spec: Retention, made: Grid, tables: EventTables) -> list[list[str]]:
    """Say of each cell whether its time is over, running, or still to come; a row a cohort."""
    newest = tables.newest
    now = made.end if newest is None else newest.astimezone(ZoneInfo(made.timezone)).replace(tzinfo=None)
    until = min(now, made.end)

    def state(row: int, first: int, last: int) -> str:
        begins, closes = lasts(spec, made, row, first, last)
        if begins > now or begins >= made.end:
            return TO_COME
        return OVER if closes <= until else RUNNING

    ends = spec.ends
    firsts = [0, *(last + 1 for last in ends[:-1])]
    return [[state(row, first, last) for first, last in zip(firsts, ends, strict=True)] for row in range(len(made.starts))]


def lasts(spec: Retention, made: Grid, row: int, first: int, last: int) -> tuple[dt.datetime, dt.datetime]:
    """Give when a cell's time begins and ends, wall clock, by its first and last period after the cohort's own.

    Windows of somebody's own begin anywhere in the period of the cohort, so the last of them ends a period later. Brackets of
    recurring retention are measured from somebody's first cohort, which may be any up to this one.
    """
    if not spec.is_rolling:
        base = 0 if first and spec.custom_brackets and spec.retention_type == "retention_recurring" else row
        return made.begins(base + first), made.begins(row + last + 1)
    size = dt.timedelta(hours=WINDOW_HOURS[spec.period])
    return made.start + (row + first) * size, made.start + (row + last + (2 if last else 1)) * size
