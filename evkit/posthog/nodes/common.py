"""What PostHog's insight queries have in common: range of dates, query-wide filters, how buckets are written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from evkit.dates import DateRange, Range
from evkit.dates.grammar import absolute, is_relative
from evkit.errors import UnsupportedQuery
from evkit.model.tables import EventTables
from evkit.posthog.nodes import fields, filters
from evkit.query.property_filters import FilterGroup

DATE_RANGE = ("date_from", "date_to", "explicitDate")
DEFAULT_RANGE = DateRange()


def filters_of(query: Mapping[str, Any], tables: EventTables) -> FilterGroup:
    """Give the query-wide filters, with the project's test account filters where they are asked for."""
    made = filters.from_json(query.get("properties"))
    return made.and_(tables.settings.test_account_filters) if query.get("filterTestAccounts") else made


def range_of(query: Mapping[str, Any]) -> DateRange:
    """Give the range that a query asks about; PostHog's own where it names none.

    Raises
    ------
    UnsupportedQuery
        For a part of a range that evkit doesn't read.
    """
    given = query.get("dateRange") or {}
    fields.check(given, "dateRange", DATE_RANGE)
    return DateRange.of(given) if given else DEFAULT_RANGE


def range_to_json(given: DateRange | None) -> dict[str, Any]:
    """Give PostHog's JSON of a range of dates."""
    if given is None:
        return {"date_from": "all"}
    end = given.date_to
    if given.bounds == "half_open" and end is not None:
        if is_relative(end) or is_relative(given.date_from or "-7d"):
            raise UnsupportedQuery(f"PostHog has no range {given.in_words}: give days, or a date_range whose end is inside")
        utc = ZoneInfo("UTC")
        last = absolute(end, utc).replace(tzinfo=None) - dt.timedelta(microseconds=1)
        return {"date_from": given.date_from, "date_to": last.isoformat(), "explicitDate": True}
    made: dict[str, Any] = {"date_from": given.date_from}
    if end is not None:
        made["date_to"] = end
    return {**made, "explicitDate": True} if given.bounds == "exact" else made


def day_text(start: dt.datetime, interval: str) -> str:
    """Give a bucket's start as PostHog writes it."""
    return f"{start:%Y-%m-%d %H:%M:%S}" if interval in ("hour", "minute", "second") else f"{start:%Y-%m-%d}"


def label_text(start: dt.datetime, interval: str, span: Range) -> str:
    """Give a bucket's label; a week is clipped to the range.

    Examples
    --------
    >>> import datetime as dt
    >>> label_text(dt.datetime(2020, 1, 5), "day", None)
    '5-Jan-2020'
    """
    if interval in ("hour", "minute", "second"):
        return f"{start.day}-{start:%b %H:%M}"
    if interval == "month":
        return f"{start:%b %Y}"
    if interval != "week":
        return f"{start.day}-{start:%b-%Y}"
    first = max(start.date(), span.start.astimezone(span.zone).date())
    last = min((start + dt.timedelta(days=6)).date(), span.end.astimezone(span.zone).date())
    if first >= last:
        return f"{first.day}-{first:%b-%Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}\N{EN DASH}{last.day} {last:%b}"
    if first.year == last.year:
        return f"{first.day}-{first:%b} \N{EN DASH} {last.day}-{last:%b}"
    return f"{first.day}-{first:%b-%Y} \N{EN DASH} {last.day}-{last:%b-%Y}"


def wall_clock(given: Any, tables: EventTables) -> dt.datetime:
    """Give a time as wall clock of the project's zone; one without offset is in that zone."""
    zone = ZoneInfo(tables.settings.timezone)
    return absolute(str(given), zone).astimezone(zone).replace(tzinfo=None)
