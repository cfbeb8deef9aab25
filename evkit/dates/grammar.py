"""The grammar of PostHog's dates: "-7d", "mStart", ranges, windows, intervals. Standard library only.

Source: PostHog's query date ranges, as its tests show them.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Union, cast
from zoneinfo import ZoneInfo

from evkit.errors import ReversedRange, SpecError, unknown

Interval = Literal["second", "minute", "hour", "day", "week", "month"]
INTERVALS: tuple[Interval, ...] = ("second", "minute", "hour", "day", "week", "month")
Bounds = Literal["posthog", "exact", "half_open"]
MICROSECOND = dt.timedelta(microseconds=1)
DEFAULT_FROM = "-7d"
RELATIVE = re.compile(r"^(?P<sign>[-+]?)(?P<n>\d+)?(?P<unit>[hdwmMqys])(?P<edge>Start|End)?$")
PLAIN_DATE = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})$")
PLAIN_TIME = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(\.\d+)?)?$")
FIXED = {"s": "seconds", "M": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LENGTH = re.compile(r"\s*(\d+)\s*([a-z]+?)s?\s*")
"""A number and a unit, in one or several."""
WINDOW_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 31 * 86400}


Dates = Union["DateRange", str, tuple[str | None, str | None], None]
"""What a question takes as its range."""


@dataclass(frozen=True)
class DateRange:
    """The range of dates that a question asks about.

    Parameters
    ----------
    date_from
        ISO date or time, a relative date such as "-7d" or "mStart", or "all".
    date_to
        Likewise; None is now.
    bounds
        "posthog": whole days as PostHog rounds them, both ends inside. "exact": to the microsecond, both ends inside
        (PostHog's explicitDate). "half_open": from `date_from` up to, not including, `date_to`.

    Examples
    --------
    >>> DateRange("2026-01-01", "2026-01-31")
    DateRange(date_from='2026-01-01', date_to='2026-01-31', bounds='posthog')
    """

    date_from: str | None = None
    date_to: str | None = None
    bounds: Bounds = "posthog"

    def __post_init__(self) -> None:
        for name in ("date_from", "date_to"):
            value = getattr(self, name)
            if isinstance(value, (dt.date, dt.datetime)):
                object.__setattr__(self, name, value.isoformat())
            elif value is not None and not isinstance(value, str):
                raise SpecError(f"{name} {value!r} is {type(value).__name__}: give ISO text, a relative date such as '-7d', or a date")
        for name in ("date_from", "date_to"):
            value = getattr(self, name)
            if value is not None and value != "all" and not is_relative(value):
                absolute(value, ZoneInfo("UTC"))

    @property
    def needs_now(self) -> bool:
        """Whether an end of it is counted from now."""
        return self.date_to is None or any(is_relative(text or DEFAULT_FROM) for text in (self.date_from, self.date_to))

    @property
    def in_words(self) -> str:
        """The range for people: "from 2026-01-01 up to, not including, 2026-02-01"."""
        until = {"half_open": "up to, not including,"}.get(self.bounds, "to")
        return f"from {self.date_from or DEFAULT_FROM} {until} {self.date_to or 'now'}"

    @classmethod
    def half_open(cls, start: str, end: str) -> DateRange:
        """Give the range from `start` up to, not including, `end`.

        Raises
        ------
        SpecError
            When the end is not after the start.
        """
        made = cls(start, end, bounds="half_open")
        utc = ZoneInfo("UTC")
        if (
            not is_relative(made.date_from or "")
            and not is_relative(made.date_to or "")
            and absolute(str(made.date_from), utc) >= absolute(str(made.date_to), utc)
        ):
            raise SpecError(f"the range ends ({end}) before it starts ({start}): swap the two")
        return made

    @classmethod
    def of(cls, value: Dates | Mapping[str, Any]) -> DateRange:
        """Give a DateRange from itself, a text such as "-7d", a pair of first and last day, or PostHog's dict.

        Raises
        ------
        SpecError
            When it is none of these.
        """
        if isinstance(value, DateRange):
            return value
        if value is None:
            return cls()
        if isinstance(value, str):
            return cls(value)
        if isinstance(value, (tuple, list)) and len(value) == 2:
            return cls(value[0], value[1])
        if not isinstance(value, Mapping):
            raise SpecError(f"date_range {value!r} is no range: give '-7d', ('2026-01-01', '2026-01-31') or an ek.DateRange")
        exact = bool(value.get("explicitDate"))
        return cls(value.get("date_from"), value.get("date_to"), bounds="exact" if exact else "posthog")


@dataclass(frozen=True)
class Range:
    """A resolved range: instants with zone UTC, both inside.

    Parameters
    ----------
    start, end
        The bounds as PostHog states them.
    lower
        The earliest time whose events count when cut into intervals: the start of the first bucket, except for weeks.
    interval, timezone, week_start_day
        What it was resolved for.
    relative_end
        True where `end` was given as a relative date.
    date_from
        The text it came from.
    exact
        True where neither end is rounded.
    """

    start: dt.datetime
    end: dt.datetime
    lower: dt.datetime
    interval: Interval
    timezone: str
    week_start_day: int
    relative_end: bool
    date_from: str | None
    exact: bool = False

    @property
    def in_words(self) -> str:
        """Its days, both inside: "20 April 2026 to 26 April 2026"."""
        first, last = (f"{t.day} {t:%B %Y}" for t in (self.start.astimezone(self.zone), self.end.astimezone(self.zone)))
        return first if first == last else f"{first} to {last}"

    @property
    def zone(self) -> ZoneInfo:
        """The project's zone."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True)
class Window:
    """A length of time: a number and a unit, in plain elapsed seconds; a month is 31 days.

    Examples
    --------
    >>> Window("14 days").seconds
    1209600
    >>> Window(14)
    Traceback (most recent call last):
    evkit.errors.SpecError: window 14 has no unit: write '14 days' (second, minute, hour, day, week, month)
    """

    text: str

    def __post_init__(self) -> None:
        given: Any = self.text
        if isinstance(given, dt.timedelta):
            raise SpecError(f"window {given!r} is a timedelta: write '{round(given.total_seconds())} seconds'")
        if not isinstance(given, str):
            raise SpecError(f"window {given!r} has no unit: write '{given} days' ({', '.join(WINDOW_SECONDS)})")
        match = LENGTH.fullmatch(self.text)
        if not match or match[2] not in WINDOW_SECONDS:
            raise SpecError(f"window {self.text!r} can't be read: write a number and one of {', '.join(WINDOW_SECONDS)}, such as '14 days'")
        if int(match[1]) == 0:
            raise SpecError(f"window {self.text!r} is empty: write at least '1 second'")

    @property
    def words(self) -> str:
        """The length as it is written: "14 days", "1 hour"."""
        match = cast("re.Match[str]", LENGTH.fullmatch(self.text))
        return f"{int(match[1])} {match[2]}{'' if int(match[1]) == 1 else 's'}"

    @property
    def seconds(self) -> int:
        """The length in seconds."""
        match = cast("re.Match[str]", LENGTH.fullmatch(self.text))
        return int(match[1]) * WINDOW_SECONDS[match[2]]

    @property
    def microseconds(self) -> int:
        """The length in microseconds."""
        return self.seconds * 1_000_000


# ---------------------------------------------------------------------- single dates
def is_relative(text: str) -> bool:
    """Say whether a text is a relative date."""
    return RELATIVE.match(text) is not None


def absolute(text: str, zone: ZoneInfo) -> dt.datetime:
    """Read an ISO date or time, also not padded; without offset it is in `zone`.

    Raises
    ------
    SpecError
        When it can't be read.
    """
    plain = PLAIN_DATE.match(text) or PLAIN_TIME.match(text)
    try:
        if plain:
            numbers = [int(g) if g else 0 for g in plain.groups()[:6]]
            fraction = plain.groups()[6] if len(plain.groups()) > 6 else None
            return dt.datetime(*numbers, microsecond=round(float(fraction) * 1e6) if fraction else 0, tzinfo=zone)  # type: ignore[arg-type,misc]
        time = dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise SpecError(
            f"date {text!r} can't be read: give ISO text such as '2026-03-01', or a relative date such as '-7d' or 'mStart'"
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=zone)


def shift(time: dt.datetime, n: int, unit: str) -> dt.datetime:
    """Move a local time by calendar units; days past a month's end are cut to it. Hours and smaller are elapsed time."""
    if unit in ("h", "M", "s"):
        moved = time.astimezone(dt.UTC) + dt.timedelta(**{FIXED[unit]: n})
        return moved.astimezone(time.tzinfo)
    if unit in ("d", "w"):
        return time + dt.timedelta(**{FIXED[unit]: n})
    months = n * {"m": 1, "q": 3, "y": 12}[unit]
    index = time.year * 12 + time.month - 1 + months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        raise SpecError(f"a date {n} x {unit!r} from {time:%Y-%m-%d} leaves the calendar")
    day = min(time.day, calendar.monthrange(year, month + 1)[1])
    return time.replace(year=year, month=month + 1, day=day)


def to_edge(time: dt.datetime, unit: str, edge: str, week_start_day: int) -> dt.datetime:
    """Move a local time to the start or the end of the hour, day, week, month, quarter or year it is in."""
    start = floor(time, {"h": "hour", "d": "day", "w": "week", "m": "month", "M": "minute", "s": "second"}.get(unit, "day"), week_start_day)
    if unit == "q":
        start = start.replace(month=(start.month - 1) // 3 * 3 + 1, day=1)
    elif unit == "y":
        start = start.replace(month=1, day=1)
    if edge == "Start":
        return start
    return shift(start, 1, unit) - MICROSECOND


def parse(text: str, *, now: str | dt.datetime, timezone: str, week_start_day: int = 0) -> dt.datetime:
    """Read one date: absolute, or relative to `now` as wall clock of `timezone`.

    Parameters
    ----------
    text
        ISO date or time, or ``[-][n](s|M|h|d|w|m|q|y)[Start|End]``: M is minutes, m months, q quarters.
    now
        The clock.
    timezone
        IANA name.
    week_start_day
        0 Sunday, 1 Monday.

    Raises
    ------
    SpecError
        When it can't be read.

    Examples
    --------
    >>> parse("-1mStart", now="2020-01-31T10:00:00+00:00", timezone="UTC").isoformat()
    '2019-12-01T00:00:00+00:00'
    """
    zone = ZoneInfo(timezone)
    match = RELATIVE.match(text)
    if match is None:
        return absolute(text, zone)
    local = clock(now, zone).astimezone(zone)
    n = int(match["n"] or 0)
    moved = shift(local, n if match["sign"] == "+" else -n, match["unit"])
    return to_edge(moved, match["unit"], match["edge"], week_start_day) if match["edge"] else moved


def clock(now: str | dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Give the clock as a datetime with a zone."""
    return absolute(now, zone) if isinstance(now, str) else (now if now.tzinfo else now.replace(tzinfo=zone))


def floor(time: dt.datetime, interval: str, week_start_day: int) -> dt.datetime:
    """Give the start of the interval that a local time is in, by its wall clock."""
    if interval == "second":
        return time.replace(microsecond=0)
    if interval == "minute":
        return time.replace(second=0, microsecond=0)
    if interval == "hour":
        return time.replace(minute=0, second=0, microsecond=0)
    day = time.replace(hour=0, minute=0, second=0, microsecond=0)
    if interval == "week":
        back = (day.weekday() + 1) % 7 if week_start_day == 0 else day.weekday()
        return day - dt.timedelta(days=back)
    return day.replace(day=1) if interval == "month" else day


def ceiling(time: dt.datetime, interval: str) -> dt.datetime:
    """Give the last microsecond of the day (of the hour, of the minute for those intervals) that a local time is in."""
    if interval == "second":
        return floor(time, "second", 0) - MICROSECOND
    start = floor(time, interval if interval in ("minute", "hour") else "day", 0)
    return start + {"minute": dt.timedelta(minutes=1), "hour": dt.timedelta(hours=1)}.get(interval, dt.timedelta(days=1)) - MICROSECOND


# ---------------------------------------------------------------------- ranges
def resolve_range(
    date_range: DateRange | Mapping[str, Any] | None,
    *,
    interval: str | None,
    now: str | dt.datetime,
    timezone: str,
    week_start_day: int = 0,
    earliest: dt.datetime | None = None,
    exact_start: bool = False,
) -> Range:
    """Resolve a range of dates as PostHog's insights do.

    Parameters
    ----------
    date_range
        A DateRange or PostHog's dict; None and a missing date_from mean the last seven days.
    interval
        What the range is cut into; decides how its ends are rounded.
    now
        The clock.
    timezone
        IANA name of the project's zone.
    week_start_day
        0 Sunday, 1 Monday.
    earliest
        Where "all" begins.
    exact_start
        A relative date_from is neither cut nor rounded, and a missing date_to is now to the second (bold numbers).

    Raises
    ------
    ReversedRange
        When the range ends before it starts.
    SpecError
        When a date can't be read, or "all" is asked for and `earliest` not given.
    """
    if interval is not None and interval not in INTERVALS:
        raise unknown("interval", interval, INTERVALS)
    cut = interval or "day"
    wanted = DateRange.of(date_range)
    zone = ZoneInfo(timezone)
    here = clock(now, zone).astimezone(zone)
    read = lambda text: parse(text, now=here, timezone=timezone, week_start_day=week_start_day).astimezone(zone)  # noqa: E731

    end = _end(wanted, cut, here, read, exact_start)
    start = _start(wanted, cut, here, read, earliest, week_start_day, exact_start)
    if start > end:
        told = "swap the two" if wanted.date_to is not None else "without date_to it ends now: give a date_to, or another now"
        raise ReversedRange(f"the range ends ({end:%Y-%m-%d %H:%M}) before it starts ({start:%Y-%m-%d %H:%M}): {told}")
    lower = start if wanted.bounds == "exact" else _lower(start, cut, wanted.date_from, week_start_day, exact_start)
    return Range(
        start=start.astimezone(dt.UTC),
        end=end.astimezone(dt.UTC),
        lower=lower.astimezone(dt.UTC),
        interval=cut,
        timezone=timezone,
        week_start_day=week_start_day,
        relative_end=is_relative(wanted.date_to or ""),
        date_from=wanted.date_from,
        exact=wanted.bounds == "exact",
    )


def _end(wanted: DateRange, interval: str, here: dt.datetime, read: Any, exact: bool) -> dt.datetime:
    text = wanted.date_to
    relative = text is None or is_relative(text)
    if text is None:
        end = here.replace(microsecond=0) if exact else here
    else:
        end = read(text)
    if wanted.bounds == "half_open" and text is not None:
        return end - MICROSECOND
    if wanted.bounds == "exact" or (exact and text is None):
        return end
    if interval in ("hour", "minute", "second") and not relative:
        return end
    return ceiling(end, interval)


def _start(
    wanted: DateRange, interval: str, here: dt.datetime, read: Any, earliest: dt.datetime | None, week_start_day: int, exact: bool
) -> dt.datetime:
    text = wanted.date_from
    if text == "all":
        if earliest is None:
            raise SpecError("date_from 'all' needs events to begin at, and there are none")
        return floor(earliest.astimezone(here.tzinfo), interval, week_start_day)
    start: dt.datetime = read(text or DEFAULT_FROM)
    match = RELATIVE.match(text or DEFAULT_FROM)
    if match is None or wanted.bounds == "exact" or (exact and text is not None):
        return start
    if interval in ("minute", "second") and text is not None:
        return start
    return floor(start, "hour" if match["unit"] == "h" else "day", 0)


def _lower(start: dt.datetime, interval: str, text: str | None, week_start_day: int, exact: bool) -> dt.datetime:
    match = RELATIVE.match(text) if text not in (None, "all") else None
    if match is not None and (exact or interval in ("hour", "minute", "second") or (interval == "day" and match["unit"] == "h")):
        return start
    return floor(start, "day" if interval == "week" else interval, week_start_day)


def previous_range(current: Range, *, compare_to: str | None = None, display_exact: bool = False) -> Range:
    """Give the range that a range is compared with: as long, directly before; or shifted by `compare_to`.

    Days and hours keep their clock times, also across daylight-saving changes; minutes and seconds are moved by the length.
    Whole weeks back, counted in days, keep their weekdays.
    """
    zone = current.zone
    start, end = current.start.astimezone(zone).replace(tzinfo=None), current.end.astimezone(zone).replace(tzinfo=None)
    length = end - start
    match = RELATIVE.match(current.date_from or DEFAULT_FROM)
    if compare_to is not None:
        if not is_relative(compare_to):
            raise SpecError(f"compare_to {compare_to!r} is no relative date such as '-1w'")
        moved = parse(compare_to, now=start.replace(tzinfo=zone), timezone=current.timezone, week_start_day=current.week_start_day)
        back = start - moved.replace(tzinfo=None)
    elif display_exact and match is not None and current.date_from is not None:
        back = length
    else:
        back = _back(start, length, current.interval)
        if current.interval == "day" and is_whole_weeks(match) and not current.relative_end:
            back -= dt.timedelta(days=1)
    moved_start, moved_end = ((t - back).replace(tzinfo=zone) for t in (start, end))
    if current.interval == "hour" and compare_to is None:
        moved_end = ceiling(moved_end, "hour")  # the whole of its last hour, also where the range itself ends within it
    if current.exact:
        lower = moved_start
    else:
        lower = _lower(moved_start, current.interval, current.date_from, current.week_start_day, display_exact)
    return replace(current, start=moved_start.astimezone(dt.UTC), end=moved_end.astimezone(dt.UTC), lower=lower.astimezone(dt.UTC))


def _back(start: dt.datetime, length: dt.timedelta, interval: str) -> dt.timedelta:
    """Give how far back the period before begins: its length, then on to the clock time of the start; never at the start itself."""
    if interval in ("minute", "second"):
        whole = dt.timedelta(**{f"{interval}s": 1})
        return -(-length // whole) * whole
    before = start - length
    same_clock = dt.datetime.combine(before.date(), start.time())
    return max(start - same_clock, dt.timedelta(days=1))


def is_whole_weeks(match: re.Match[str] | None) -> bool:
    """Say whether a relative date is whole weeks back, counted in days."""
    return match is not None and match["unit"] == "d" and not match["edge"] and int(match["n"] or 0) > 0 and int(match["n"]) % 7 == 0


def bucket_starts(given: Range) -> list[dt.datetime]:
    """Give every bucket's start in the range, as local wall-clock times without zone."""
    zone = given.zone
    here = floor(given.start.astimezone(zone).replace(tzinfo=None), given.interval, given.week_start_day)
    last = given.end.astimezone(zone).replace(tzinfo=None)
    steps: dict[str, dt.timedelta] = {
        "second": dt.timedelta(seconds=1),
        "minute": dt.timedelta(minutes=1),
        "hour": dt.timedelta(hours=1),
        "day": dt.timedelta(days=1),
        "week": dt.timedelta(days=7),
    }
    found = []
    while here <= last:
        found.append(here)
        here = shift(here, 1, "m") if given.interval == "month" else here + steps[given.interval]
    return found
