"""A query whose dates stand still: the same moments for the host, whose clock goes on, and for what was fetched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from evkit.dates import Range
from evkit.errors import SpecError, UnsupportedQuery
from evkit.insights.lifecycle import compute as lifecycles
from evkit.insights.lifecycle.spec import Lifecycle
from evkit.insights.retention.grid import grid
from evkit.insights.retention.grid import span as retention_span
from evkit.insights.retention.spec import Retention
from evkit.insights.stickiness import compute as stickiness
from evkit.insights.stickiness.spec import Stickiness
from evkit.insights.trends import compute as trends
from evkit.insights.trends.spec import Trends
from evkit.model.tables import EventTables
from evkit.posthog.nodes import kinds

MICROSECOND = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class Pinned:
    """A query and the moments that it is about, both inside; with a zone.

    Parameters
    ----------
    query
        The query, without what says how it is shown.
    earliest
        The first moment that it looks at: of the period before, where it compares; of the bucket before, of a lifecycle.
    end
        The last moment.
    """

    query: Mapping[str, Any]
    earliest: dt.datetime
    end: dt.datetime


def pinned(query: Mapping[str, Any], tables: EventTables, *, until: dt.datetime | None) -> Pinned:
    """Give a query with its dates written out, up to what was fetched.

    Retention is asked in whole periods: its end stays where it is, and cells that were not over are not compared.

    Parameters
    ----------
    until
        Up to where events were fetched, with a zone; None is the newest event.
    """
    asked = kinds.unwrapped(query)
    kind = str(asked.get("kind"))
    if kind == "FunnelCorrelationQuery":
        funnel = asked.get("source", {}).get("source")
        if not isinstance(funnel, Mapping):
            raise UnsupportedQuery("a FunnelCorrelationQuery without a funnel in it can't be compared")
        inner = pinned(funnel, tables, until=until)
        return Pinned({**asked, "source": {**asked["source"], "source": inner.query}}, inner.earliest, inner.end)
    insight = kinds.insight(asked, tables)
    last = (until or tables.last_event + MICROSECOND) - MICROSECOND
    found = span_of(insight.spec, tables)
    zone = ZoneInfo(tables.settings.timezone)
    written = lambda time: time.astimezone(zone).replace(tzinfo=None).isoformat()  # noqa: E731
    given = asked.get("dateRange") or {}
    if isinstance(insight.spec, Retention):
        dates = {"date_to": written(min(found.end, tables.now))} | ({"date_from": written(found.start)} if given.get("date_from") else {})
        made = grid(insight.spec, tables)
        return Pinned({**asked, "dateRange": {**given, **dates}}, made.instant(made.start), min(found.end, last))
    end = min(found.end, last)
    if found.lower > end:
        raise SpecError(
            f"nothing of these dates was fetched: the question begins at {found.lower:%Y-%m-%d %H:%M} UTC, and the last event here is from before"
        )
    dates = {"date_from": stamp(found.lower), "date_to": stamp(end), "explicitDate": True}
    return Pinned({**asked, "dateRange": dates}, earliest_of(insight.spec, found, tables), end)


def earliest_of(spec: Any, found: Range, tables: EventTables) -> dt.datetime:
    """Give the first moment that a question looks at."""
    if isinstance(spec, Lifecycle):
        return lifecycles.utc(lifecycles.places(found)[0], found)
    if isinstance(spec, Trends) and spec.compare:
        return trends.periods(spec, tables)["previous"].lower
    if isinstance(spec, Stickiness) and spec.compare:
        return stickiness.periods(spec, tables)["previous"].lower
    return found.lower


def span_of(spec: Any, tables: EventTables) -> Range:
    """Give the range of a question, as the question itself takes it."""
    if isinstance(spec, Retention):
        return retention_span(spec, tables)
    if isinstance(spec, Lifecycle):
        return lifecycles.span(spec, tables)
    if isinstance(spec, Trends):
        return tables.resolve(spec.date_range, interval="day" if spec.is_total else spec.interval, exact_start=spec.display == "BoldNumber")
    return tables.resolve(spec.date_range, interval=getattr(spec, "interval", "day"))


def stamp(time: dt.datetime) -> str:
    """Write a moment with its zone, UTC.

    Examples
    --------
    >>> stamp(dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC))
    '2026-09-01T12:00:00+00:00'
    """
    return time.astimezone(dt.UTC).isoformat()
