"""Trends, said slowly: the rules as loops over all events, written from the rules and from nothing else."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.reference.logs import Event, Log, text

NO_VALUE = "$$_posthog_breakdown_null_$$"
OTHER = "$$_posthog_breakdown_other_$$"
DAY = dt.timedelta(days=1)


@dataclass
class Asked:
    """A question, in plain parts; `first` and `last` are days of the project's zone."""

    name: str | None
    math: str
    interval: str
    first: dt.date
    last: dt.date
    breakdown: str | None = None
    bins: int | None = None
    limit: int = 25
    browser: str | None = None
    cumulative: bool = False
    total: bool = False
    smoothing: int = 1


def number(value: Any) -> float | None:
    """Read a property as a number; a text of digits is one, true is none."""
    said = text(value)
    try:
        return float(said) if said is not None else None
    except ValueError:
        return None


def quantile(numbers: list[float], q: float) -> float:
    """Interpolate between the two nearest."""
    ranked = sorted(numbers)
    place = q * (len(ranked) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


AGGREGATES: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "avg": lambda n: sum(n) / len(n),
    "min": min,
    "max": max,
    "median": lambda n: quantile(n, 0.5),
    **{f"p{p}": (lambda n, p=p: quantile(n, p / 100)) for p in (75, 90, 95, 99)},
}  # fmt: skip


def starts(log: Log, asked: Asked) -> list[dt.datetime]:
    """Give the starts of all buckets, wall clock."""
    here, last = log.floor(dt.datetime.combine(asked.first, dt.time()), asked.interval), dt.datetime.combine(asked.last, dt.time(23, 59))
    if asked.interval == "hour":
        last = dt.datetime.combine(asked.last, dt.time())
    found = []
    while here <= last:
        found.append(here)
        if asked.interval == "month":
            here = (here + 32 * DAY).replace(day=1)
        else:
            here += {"hour": DAY / 24, "day": DAY, "week": 7 * DAY}[asked.interval]
    return found


def trend(log: Log, asked: Asked) -> dict[str, list[float]]:
    """Give, for each breakdown value, a figure a bucket (or one over all): before limits."""
    owner, plans = log.persons(), log.plans()
    begin = dt.datetime.combine(asked.first, dt.time())
    end = log.utc(dt.datetime.combine(asked.last, dt.time(23, 59, 59, 999999)))
    if asked.interval == "hour" and not asked.total:
        end = log.utc(dt.datetime.combine(asked.last, dt.time()))
    lower = log.utc(begin.replace(day=1) if asked.interval == "month" and not asked.total else begin)
    buckets = [None] if asked.total else starts(log, asked)
    who = lambda e: owner[e.who]  # noqa: E731
    fits = lambda e: asked.name is None or e.name == asked.name  # noqa: E731
    passes = lambda e: asked.browser is None or text(e.properties.get("browser")) == asked.browser  # noqa: E731

    active = {"weekly_active": 7, "monthly_active": 30}.get(asked.math)
    if (asked.math, asked.interval) in (("weekly_active", "week"), ("weekly_active", "month"), ("monthly_active", "month")):
        active = None
    counting = [e for e in log.events if fits(e) and passes(e) and lower <= e.time <= end]
    if active:
        since = (end if asked.total else log.utc(begin)) - active * DAY
        counting = [e for e in log.events if fits(e) and passes(e) and since <= e.time <= end]
    if asked.math.endswith("_count_per_actor"):
        counting = [e for e in log.events if fits(e) and passes(e) and log.utc(begin) <= e.time <= end]
    if asked.math.startswith("first_"):
        counting = first_events(log, asked, owner, fits, passes, lower, end)

    values = value_of(asked, plans, owner, counting)
    made: dict[str, list[float]] = {} if asked.breakdown else {"": [0.0] * len(buckets)}
    for value in sorted({values(e) for e in counting}):
        mine = [e for e in counting if values(e) == value]
        figures = [figure(log, asked, mine, bucket, active, who) for bucket in buckets]
        if asked.cumulative and asked.math == "dau":
            first = {p: min(log.bucket(e.time, asked.interval) for e in mine if who(e) == p) for p in {who(e) for e in mine}}
            figures = [float(sum(b == bucket for b in first.values())) for bucket in buckets]
        if any(figures) or not (active and asked.breakdown):  # a value only seen too long before the first bucket has no row
            made[value] = figures
    return made


def figure(log: Log, asked: Asked, mine: list[Event], bucket: dt.datetime | None, active: int | None, who: Callable[[Event], str]) -> float:
    """Give one figure."""
    at = lambda e: log.bucket(e.time, asked.interval)  # noqa: E731
    if active and bucket is not None:
        cut = "hour" if asked.interval == "hour" else "day"
        return float(len({who(e) for e in mine if bucket - active * DAY < log.bucket(e.time, cut) <= bucket}))
    here = mine if bucket is None else [e for e in mine if at(e) == bucket]
    if asked.math in ("dau", "weekly_active", "monthly_active"):
        return float(len({who(e) for e in here}))
    if asked.math == "unique_session":
        return float(len({text(e.properties.get("$session_id")) or "" for e in here}))
    if asked.math.endswith("_count_per_actor"):
        counts = [float(sum(who(e) == p for e in here)) for p in {who(e) for e in here}]
        return AGGREGATES[asked.math.removesuffix("_count_per_actor")](counts) if counts else 0.0
    if asked.math in AGGREGATES:
        numbers = [n for n in (number(e.properties.get("price")) for e in here) if n is not None]
        return AGGREGATES[asked.math](numbers) if numbers else 0.0
    return float(len(here))


def first_events(
    log: Log,
    asked: Asked,
    owner: dict[str, str],
    fits: Callable[[Event], bool],
    passes: Callable[[Event], bool],
    lower: dt.datetime,
    end: dt.datetime,
) -> list[Event]:
    """Give the events that are somebody's first, and count: of several at that instant the first to arrive."""
    ever = [e for e in log.events if fits(e) and e.time <= end]
    if asked.math != "first_time_for_user":
        ever = [e for e in ever if passes(e)]
    found = []
    for person in {owner[e.who] for e in ever}:
        mine = [e for e in ever if owner[e.who] == person]
        first = min(e.time for e in mine)
        good = [e for e in mine if e.time == first and passes(e) and e.time >= lower]
        found += good[:1]
    return found


def value_of(asked: Asked, plans: dict[str, str], owner: dict[str, str], counting: list[Event]) -> Callable[[Event], str]:
    """Give how an event's breakdown value is found."""
    if asked.breakdown is None:
        return lambda e: ""
    if asked.breakdown == "plan":
        return lambda e: plans.get(owner[e.who]) or NO_VALUE
    if asked.bins is None:
        return lambda e: text(e.properties.get(asked.breakdown)) or NO_VALUE
    numbers = [n for n in (number(e.properties.get(asked.breakdown)) for e in counting) if n is not None]
    low, high = min(numbers, default=0.0), max(numbers, default=0.0)
    width = (high - low) / asked.bins
    edges = [low + i * width for i in range(asked.bins)] + [high + 0.01]
    said = lambda x: str(int(x)) if float(x).is_integer() else repr(float(x))  # noqa: E731

    def binned(e: Event) -> str:
        n = number(e.properties.get(asked.breakdown))
        if n is None:
            return NO_VALUE
        place = next((i for i in range(asked.bins or 1) if n < edges[i + 1]), (asked.bins or 1) - 1) if width else 0
        return f"[{said(edges[place])},{said(edges[place + 1] if width else edges[-1])}]"

    return binned


def rows(log: Log, asked: Asked) -> list[tuple[str, list[float]]]:
    """Give the rows in their order: limited, added up, smoothed."""
    found = list(trend(log, asked).items())
    if asked.cumulative:
        found = [(value, [sum(figures[: i + 1]) for i in range(len(figures))]) for value, figures in found]
    if asked.breakdown:
        found.sort(key=lambda r: (0 if asked.total else r[0] == NO_VALUE, -sum(r[1]), r[0]))
        kept, rest = found[: asked.limit], found[asked.limit :]
        if rest:
            kept.append((OTHER, [sum(column) for column in zip(*(figures for _, figures in rest), strict=True)]))
        found = sorted(kept, key=lambda r: ({NO_VALUE: 1, OTHER: 2}.get(r[0], 0), -sum(r[1]), r[0]))
    if asked.smoothing > 1 and not asked.breakdown and not asked.total:
        n = asked.smoothing
        found = [
            (v, [float(math.floor(sum(f[max(0, i - n + 1) : i + 1]) / len(f[max(0, i - n + 1) : i + 1]))) for i in range(len(f))])
            for v, f in found
        ]
    return found
