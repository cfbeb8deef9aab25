"""Time cut into buckets outside an engine: the same buckets as `buckets` cuts, for arrays of instants.

A zone's clock is changed now and then; between two changes buckets follow each other at one distance. So a range becomes segments,
each with the bucket that its instants are in; an hour that a clock shows twice is two segments of one bucket.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from evkit.dates.buckets import LENGTHS

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LOOK = dt.timedelta(hours=12)
"""So far apart a zone's clock is looked at: no zone changes it twice within."""
MOST_SEGMENTS = 2_000_000
NEVER = np.iinfo(np.int64).min
"""The time of what has none."""
MONDAY = -3 * LENGTHS["day"]
"""The Monday before 1970 began, microseconds."""


@dataclass(frozen=True, eq=False)
class Cut:
    """Segments of time, from the one that `low` is in to the one that `high` is in.

    Parameters
    ----------
    edges
        int64: where each segment begins, microseconds since 1970 (UTC); ascending.
    codes
        int32: the bucket of each segment, a position in `starts`.
    starts
        int64: where each bucket begins, wall clock of the zone as microseconds; ascending.
    """

    edges: np.ndarray
    codes: np.ndarray
    starts: np.ndarray

    def segments(self, t: np.ndarray) -> np.ndarray:
        """Give which segment each instant is in: of microseconds since 1970, within the range that was cut."""
        return np.searchsorted(self.edges, t, side="right") - 1

    def labels(self) -> np.ndarray:
        """Give where each bucket begins as numpy's datetime64."""
        return self.starts.astype("datetime64[us]")


def microseconds(time: dt.datetime) -> int:
    """Give an instant as microseconds since 1970, exactly."""
    return (time - EPOCH) // dt.timedelta(microseconds=1)


def offsets(timezone: str, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Give how far a zone's clock is ahead of UTC, from `low` on, and from each change on up to `high`; microseconds."""
    zone = ZoneInfo(timezone)
    at = EPOCH + dt.timedelta(microseconds=low)
    end = EPOCH + dt.timedelta(microseconds=high)
    ahead = at.astimezone(zone).utcoffset() or dt.timedelta(0)
    yield low, ahead // dt.timedelta(microseconds=1)
    while at <= end and timezone != "UTC":
        after = at + LOOK
        then = after.astimezone(zone).utcoffset() or dt.timedelta(0)
        if then != ahead:
            before, found = at, after
            while found - before > dt.timedelta(seconds=1):
                middle = before + (found - before) / 2
                middle = middle.replace(microsecond=0) if middle.replace(microsecond=0) > before else before + dt.timedelta(seconds=1)
                if (middle.astimezone(zone).utcoffset() or dt.timedelta(0)) == ahead:
                    before = middle
                else:
                    found = middle
            found = found.replace(microsecond=0)
            ahead = then
            if found <= end:
                yield microseconds(found), ahead // dt.timedelta(microseconds=1)
        at = after


@functools.lru_cache(maxsize=64)
def cut(interval: str, low: int, high: int, *, timezone: str, week_start: str) -> Cut | None:
    """Cut a range of time into the segments of its buckets; None where there would be more than `MOST_SEGMENTS`.

    Parameters
    ----------
    interval
        second, minute, hour, day, week or month.
    low, high
        The first and the last instant, microseconds since 1970 (UTC).
    timezone, week_start
        As of `buckets.bucket`.
    """
    if interval != "month" and (high - low) // LENGTHS[interval] > MOST_SEGMENTS:
        return None
    runs = list(offsets(timezone, low, high))
    edges: list[np.ndarray] = []
    walls: list[np.ndarray] = []
    for (begin, ahead), end in zip(runs, [*(begin for begin, _ in runs[1:]), high + 1], strict=True):
        wall = local_starts(interval, begin + ahead, end + ahead, week_start)
        edges.append(np.maximum(wall - ahead, begin))
        walls.append(wall)
    starts, codes = np.unique(np.concatenate(walls), return_inverse=True)
    return Cut(np.concatenate(edges), codes.astype(np.int32), starts)


def local_starts(interval: str, low: int, high: int, week_start: str) -> np.ndarray:
    """Give where the buckets begin that a range of wall clock touches; microseconds; from `low` up to, not with, `high`."""
    if interval == "month":
        first = np.datetime64(low, "us").astype("datetime64[M]")
        last = np.datetime64(high - 1, "us").astype("datetime64[M]")
        return np.arange(first, last + 1).astype("datetime64[us]").astype(np.int64)
    size = LENGTHS[interval]
    origin = (MONDAY - (LENGTHS["day"] if week_start == "sunday" else 0)) if interval == "week" else 0
    begin, end = (low - origin) // size, (high - 1 - origin) // size
    return np.arange(begin, end + 1, dtype=np.int64) * size + origin
