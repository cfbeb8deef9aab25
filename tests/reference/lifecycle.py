"""Lifecycle, said slowly: the rules as loops over all events, written from the rules and from nothing else."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from tests.reference.logs import Event, Log, text

STATUSES = ("new", "returning", "resurrecting", "dormant")


@dataclass
class Asked:
    """A question, in plain parts; `first` and `last` are days of the project's zone, None the whole data."""

    name: str | None
    interval: str
    first: dt.date | None
    last: dt.date | None
    browser: str | None = None
    own: str | None = None
    plan: str | None = None


def next_of(log: Log, start: dt.datetime, interval: str) -> dt.datetime:
    """Give the start of the bucket after one; an hour that no clock showed is none."""
    if interval == "month":
        return (start + dt.timedelta(days=32)).replace(day=1)
    after = start + {"hour": dt.timedelta(hours=1), "day": dt.timedelta(days=1), "week": dt.timedelta(days=7)}[interval]
    if interval == "hour":
        while log.bucket(log.utc(after), "hour") != after:
            after += dt.timedelta(hours=1)
    return after


def lifecycle(log: Log, asked: Asked) -> dict[tuple[dt.datetime, str], float]:
    """Give each figure that isn't zero: bucket and status -> value."""
    owner, plans, born = log.persons(), log.plans(), log.created()

    def counts(e: Event) -> bool:
        read = text(e.properties.get("browser"))
        return (
            (asked.name is None or e.name == asked.name)
            and (asked.browser is None or read == asked.browser)
            and (asked.own is None or read == asked.own)
            and (asked.plan is None or plans.get(owner[e.who]) == asked.plan)
            and text(e.properties.get("$process_person_profile")) != "false"
        )

    shown = starts(log, asked)
    seen: dict[str, set[dt.datetime]] = {}
    for e in filter(counts, log.events):
        seen.setdefault(owner[e.who], set()).add(log.bucket(e.time, asked.interval))
    found: dict[tuple[dt.datetime, str], float] = {}
    for person, active in seen.items():
        window = sorted(b for b in active if b in shown or next_of(log, b, asked.interval) == shown[0])
        for i, b in enumerate(window):
            after = next_of(log, b, asked.interval)
            if i == 0:
                is_new = person in born and log.bucket(born[person], asked.interval) == b
                status = "new" if is_new else "resurrecting"
            else:
                status = "returning" if next_of(log, window[i - 1], asked.interval) == b else "resurrecting"
            if b in shown:
                found[b, status] = found.get((b, status), 0) + 1
            if after not in active and after in shown:
                found[after, "dormant"] = found.get((after, "dormant"), 0) - 1
    return found


def starts(log: Log, asked: Asked) -> list[dt.datetime]:
    """Give the starts of the buckets in which there was any time."""
    named = [e for e in log.events if asked.name is None or e.name == asked.name] or log.events
    if asked.first is None:
        here = log.bucket(min(e.time for e in named), asked.interval)
        last = log.local(max(e.time for e in log.events))
        last = last if asked.interval == "hour" else last.replace(hour=23, minute=59, second=59)
    else:
        here = log.floor(dt.datetime.combine(asked.first, dt.time()), asked.interval)
        last = dt.datetime.combine(asked.last or asked.first, dt.time() if asked.interval == "hour" else dt.time(23, 59, 59))
    found = []
    while here <= last:
        found.append(here)
        here = next_of(log, here, asked.interval)
    return found
