"""Stickiness, said slowly: the rules as loops over all events, written from the rules and from nothing else."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from tests.reference.logs import Event, Log, text
from tests.reference.trends import Asked as Days
from tests.reference.trends import starts

COMPARED = {"gte": int.__ge__, "lte": int.__le__, "exact": int.__eq__}


@dataclass
class Asked:
    """A question, in plain parts; `first` and `last` are days of the project's zone."""

    name: str | None
    interval: str
    first: dt.date
    last: dt.date
    count: int = 1
    criteria: tuple[str, int] | None = None
    cumulative: bool = False
    browser: str | None = None
    by: str | None = None


def units_to_end(log: Log, time: dt.datetime, end: dt.datetime, interval: str) -> int:
    """Count whole units from a time to the end, both UTC: take one more as long as it still fits."""
    here, last = log.local(time), log.local(end)
    whole = 0
    if interval == "hour":
        while time + (whole + 1) * dt.timedelta(hours=1) <= end:
            whole += 1
        return whole
    if interval == "month":
        while later(here, whole + 1) <= (last.year, last.month, last.day, last.time()):
            whole += 1
        return whole
    unit = dt.timedelta(days=7 if interval == "week" else 1)
    while here + (whole + 1) * unit <= last:
        whole += 1
    return whole


def later(here: dt.datetime, months: int) -> tuple[Any, ...]:
    """Give the same day of a later month, which need not be in it, so that it can be compared."""
    year, month = divmod(here.year * 12 + here.month - 1 + months, 12)
    return year, month + 1, here.day, here.time()


def stickiness(log: Log, asked: Asked) -> list[float]:
    """Give how many are active in 1, 2, 3 ... intervals."""
    owner = log.persons()
    begin = dt.datetime.combine(asked.first, dt.time())
    end = log.utc(dt.datetime.combine(asked.last, dt.time() if asked.interval == "hour" else dt.time(23, 59, 59, 999999)))
    lower = log.utc(begin.replace(day=1) if asked.interval == "month" else begin)
    units = len(starts(log, Days(asked.name, "total", asked.interval, asked.first, asked.last)))
    most = units // asked.count + (units % asked.count > 0)

    def who(e: Event) -> str | None:
        return text(e.properties.get(asked.by)) if asked.by else owner[e.who]

    seen: dict[str, dict[Any, int]] = {}
    for e in log.events:
        fits = asked.name is None or e.name == asked.name
        passes = asked.browser is None or text(e.properties.get("browser")) == asked.browser
        actor = who(e)
        if fits and passes and lower <= e.time <= end and actor is not None:
            at: Any = log.bucket(e.time, asked.interval)
            if asked.count > 1:
                at = units_to_end(log, e.time, end, asked.interval) // asked.count
            mine = seen.setdefault(actor, {})
            mine[at] = mine.get(at, 0) + 1
    figures = [0.0] * most
    for mine in seen.values():
        good = [n for n in mine.values() if asked.criteria is None or COMPARED[asked.criteria[0]](n, asked.criteria[1])]
        if good:
            figures[len(good) - 1] += 1
    return [sum(figures[k:]) for k in range(most)] if asked.cumulative else figures
