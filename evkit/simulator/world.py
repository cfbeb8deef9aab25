"""Who and what there is in Matinee: visitors, their devices, companies, films. Data, drawn from one seeded source."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/London")
FIRST_DAY = dt.date(2026, 2, 2)
DAYS = 84
"""Twelve weeks from a Monday; on 29 March 2026 the clocks go forward."""
CATEGORIES = ("drama", "comedy", "documentary", "thriller", "family", "science fiction")
FILMS = 120
COMPANIES = 24
PLAN_PRICE = {"free": 0, "standard": 8, "premium": 14}
HOUR_WEIGHTS = (2, 1, 1, 1, 1, 2, 4, 6, 7, 7, 7, 8, 9, 8, 7, 7, 8, 11, 15, 20, 24, 22, 14, 6)
DAY_WEIGHTS = (0.85, 0.85, 0.9, 0.95, 1.15, 1.35, 1.3)
BROWSERS = (("Chrome", 128, 6), ("Safari", 18, 3), ("Firefox", 130, 1), ("Edge", 128, 1))
SOURCES = (("$direct", 5), ("www.search.example", 6), ("social.example", 3), ("news.example", 1))
CAMPAIGNS = (None, None, None, "spring", "spring", "friends")


@dataclass
class Device:
    """A browser on a machine: its anonymous id, and what it says of itself."""

    id: str
    kind: str
    browser: str
    version: int
    os: str
    always_profile: bool
    """Phones have an older snippet, which makes a person of every visitor."""


@dataclass
class Visitor:
    """Somebody who comes to Matinee; most never sign up."""

    number: int
    first_visit: dt.datetime
    devices: list[Device]
    source: str
    campaign: str | None
    signs_up: bool
    company: int | None
    keenness: float
    user_id: str
    taste: tuple[str, ...]
    plan: str = "free"
    known_on: set[str] = field(default_factory=set)


def new_id(random_source: random.Random, time: dt.datetime) -> str:
    """Give an id that begins with its time (UUID version 7)."""
    milliseconds = int(time.timestamp() * 1000)
    value = (
        (milliseconds & ((1 << 48) - 1)) << 80
        | 0x7 << 76
        | random_source.getrandbits(12) << 64
        | 0b10 << 62
        | random_source.getrandbits(62)
    )
    return str(uuid.UUID(int=value))


def local_time(random_source: random.Random, day: dt.date) -> dt.datetime:
    """Give a time on a day, as people in London keep hours; in UTC."""
    hour = random_source.choices(range(24), HOUR_WEIGHTS)[0]
    clock = dt.time(hour, random_source.randrange(60), random_source.randrange(60), random_source.randrange(1000) * 1000)
    return dt.datetime.combine(day, clock, ZONE).astimezone(dt.UTC)


def new_device(random_source: random.Random, time: dt.datetime, kind: str | None = None) -> Device:
    """Draw a device."""
    chosen = kind or random_source.choices(("Desktop", "Mobile", "Tablet"), (6, 4, 1))[0]
    browser, version, _ = random_source.choices(BROWSERS, [w for *_, w in BROWSERS])[0]
    os = {"Desktop": ("Windows", "Mac OS X", "Linux"), "Mobile": ("iOS", "Android"), "Tablet": ("iOS", "Android")}[chosen]
    return Device(new_id(random_source, time), chosen, browser, version, random_source.choice(os), chosen == "Mobile")


def visitors(random_source: random.Random, count: int) -> list[Visitor]:
    """Draw the visitors, the earliest first: a little more each week."""
    days = [FIRST_DAY + dt.timedelta(days=d) for d in range(DAYS)]
    weights = [(1 + d / DAYS) * DAY_WEIGHTS[day.weekday()] for d, day in enumerate(days)]
    made = []
    for number in range(count):
        first = local_time(random_source, random_source.choices(days, weights)[0])
        device = new_device(random_source, first)
        source = random_source.choices([s for s, _ in SOURCES], [w for _, w in SOURCES])[0]
        odds = 0.36 if source == "social.example" else 0.22
        made.append(
            Visitor(
                number=number,
                first_visit=first,
                devices=[device],
                source=source,
                campaign=random_source.choice(CAMPAIGNS) if source != "$direct" else None,
                signs_up=random_source.random() < odds * (0.8 if device.kind == "Mobile" else 1.1),
                company=random_source.randrange(1, COMPANIES + 1) if random_source.random() < 0.3 else None,
                keenness=random_source.betavariate(2, 3),
                user_id=f"user_{number:04d}",
                taste=tuple(random_source.sample(CATEGORIES, 2)),
            )
        )
    return sorted(made, key=lambda v: v.first_visit)
