"""What is to be fetched, in pieces: windows of arrival, and slices of time. Pure: the clock is given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LONGEST_WINDOW = dt.timedelta(days=7)
"""What a file download may span, by arrival."""
LOOK_BACK = dt.timedelta(hours=1)
"""How much of what was there at the last run is asked for again: events of the same moment may still have been on their way."""
MOST_EVENTS_A_SLICE = 100_000
"""A slice that breaks off, or whose count has changed, is fetched anew from its beginning."""
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
SHORTEST_SLICE = dt.timedelta(seconds=1)


@dataclass(frozen=True, order=True)
class Span:
    """From one moment up to another, which is not in it; UTC."""

    start: dt.datetime
    end: dt.datetime

    def halves(self) -> tuple[Span, Span]:
        """Part it in two.

        Examples
        --------
        >>> day = Span(dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 2))
        >>> [half.start.hour for half in day.halves()]
        [0, 12]
        """
        middle = self.start + (self.end - self.start) / 2
        middle = middle.replace(microsecond=0) if self.end - self.start > 2 * SHORTEST_SLICE else middle
        return Span(self.start, middle), Span(middle, self.end)

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M:%S} to {self.end:%Y-%m-%d %H:%M:%S}"


def windows(since: dt.datetime, until: dt.datetime, *, there: Sequence[Span] = (), longest: dt.timedelta = LONGEST_WINDOW) -> list[Span]:
    """Cut the time that isn't there yet into windows that may be asked for, oldest first.

    Parameters
    ----------
    there
        What is there already. A look-back before the end of the newest is asked for again.
    longest
        How long a window may be.

    Examples
    --------
    >>> day = lambda n: dt.datetime(2026, 1, n)
    >>> [window.end.day for window in windows(day(1), day(20))]
    [8, 15, 20]
    >>> [(str(window.start)[8:16], window.end.day) for window in windows(day(1), day(20), there=[Span(day(4), day(18))])]
    [('01 00:00', 4), ('17 23:00', 20)]
    """
    covered = sorted(there)
    newest = max((span.end for span in covered), default=since)
    at, found = since, []
    for span in [*covered, Span(until, until)]:
        while at < min(span.start, until):
            end = min(at + longest, span.start, until)
            found.append(Span(at, end))
            at = end
        at = max(at, span.end - LOOK_BACK if span.end == newest else span.end)
    return found


def wrong(told: Mapping[dt.datetime, int], ours: Mapping[dt.datetime, int]) -> list[dt.datetime]:
    """Give the hours of which the host counts another number of events than are here, in order."""
    return sorted(hour for hour in told.keys() | ours.keys() if told.get(hour, 0) != ours.get(hour, 0))


def joined(hours: Sequence[dt.datetime], counts: Mapping[dt.datetime, int], span: Span, *, most: int = MOST_EVENTS_A_SLICE) -> list[Span]:
    """Join hours to slices, those that follow each other to one as long as it isn't too large; each within the span.

    Examples
    --------
    >>> hour = lambda n: dt.datetime(2026, 1, 1, n)
    >>> parts = joined([hour(1), hour(2), hour(5)], {}, Span(hour(0), hour(8)))
    >>> [(part.start.hour, part.end.hour) for part in parts]
    [(1, 3), (5, 6)]
    """
    found: list[Span] = []
    size = 0
    for hour in hours:
        part = Span(max(hour, span.start), min(hour + HOUR, span.end))
        if found and found[-1].end == part.start and size + counts.get(hour, 0) <= most:
            found[-1], size = Span(found[-1].start, part.end), size + counts.get(hour, 0)
        else:
            found.append(part)
            size = counts.get(hour, 0)
    return found
