"""Random logs, and what they mean, said slowly: who is who, what a property is, which day it is somewhere."""

from __future__ import annotations

import datetime as dt
import json
import random
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

import evkit as ek

NAMES = ("view", "search", "buy", "other")
ZONES = ("UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
EPOCH = dt.datetime(2026, 3, 20)
"""A week before London's clocks change, and two after New York's."""
MISSING = object()


@dataclass
class Event:
    """One event of a random log."""

    uuid: str
    name: str
    who: str
    time: dt.datetime
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass
class Log:
    """Random events in order of arrival, those sent twice among them, and the project's settings."""

    sent: list[Event]
    zone: str
    week_start: str
    sorted_once: bool = False
    """Whether evkit answers from journeys, as it does for large data, or asks its engine each time."""

    @property
    def events(self) -> list[Event]:
        """Each uuid once, the first to arrive."""
        seen: dict[str, Event] = {}
        for event in self.sent:
            seen.setdefault(event.uuid, event)
        return list(seen.values())

    def to_evkit(self) -> ek.Events:
        """Give the log as evkit reads it."""
        rows = [
            {
                "uuid": e.uuid, "event": e.name, "distinct_id": e.who, "timestamp": e.time, "arrival": i, "properties": json.dumps(e.properties),
            }
            for i, e in enumerate(self.sent)
        ]  # fmt: skip
        events = ek.from_frame(pd.DataFrame(rows), timezone=self.zone, week_start=self.week_start)  # type: ignore[arg-type]
        return events.prepare() if self.sorted_once else events

    def persons(self) -> dict[str, str]:
        """Give distinct id -> person; an id that no event made a person for is named by itself."""
        return {e.who: e.who for e in self.events} | self.replayed()[0]

    def plans(self) -> dict[str, str]:
        """Give person -> the plan that they have now."""
        return self.replayed()[1]

    def created(self) -> dict[str, dt.datetime]:
        """Give person -> when they were created: the time of the event that made each of those that became them, the oldest."""
        return self.replayed()[2]

    def replayed(self) -> tuple[dict[str, str], dict[str, str], dict[str, dt.datetime]]:
        """Replay $identify and $set in order of arrival: a fresh anonymous person is merged, an identified one is not.

        An event without a person profile makes, joins and changes nobody.
        """
        owner: dict[str, str] = {}
        plans: dict[str, str] = {}
        made: dict[str, dt.datetime] = {}
        identified: set[str] = set()
        for e in self.events:
            if e.properties.get("$process_person_profile") is False:
                continue
            other = e.properties.get("$anon_distinct_id") if e.name == "$identify" else None
            if other is not None and other != e.who:
                if e.who not in owner and other not in owner:
                    owner[e.who] = owner[other] = e.who
                    made[e.who] = e.time
                elif e.who not in owner:
                    owner[e.who] = owner[other]
                elif other not in owner:
                    owner[other] = owner[e.who]
                elif owner[e.who] != owner[other] and owner[other] not in identified:
                    left, gone = owner[e.who], owner[other]
                    owner = {i: left if p == gone else p for i, p in owner.items()}
                    made[left] = min(made[left], made.pop(gone))
                    if gone in plans:
                        plans.setdefault(left, plans.pop(gone))
                identified.add(owner[e.who])
            if e.who not in owner:
                owner[e.who] = e.who
                made[e.who] = e.time
            if "plan" in e.properties.get("$set", {}):
                plans[owner[e.who]] = e.properties["$set"]["plan"]
        return owner, plans, made

    def local(self, time: dt.datetime) -> dt.datetime:
        """Give the wall clock of the project's zone for a UTC time."""
        return time.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    def utc(self, time: dt.datetime) -> dt.datetime:
        """Give UTC for a wall clock of the project's zone."""
        return time.replace(tzinfo=ZoneInfo(self.zone)).astimezone(dt.UTC).replace(tzinfo=None)

    def bucket(self, time: dt.datetime, interval: str) -> dt.datetime:
        """Give the start of the interval that a UTC time is in, as wall clock of the project's zone."""
        return self.floor(self.local(time), interval)

    def floor(self, here: dt.datetime, interval: str) -> dt.datetime:
        """Cut a wall clock to the start of its interval."""
        if interval == "hour":
            return here.replace(minute=0, second=0, microsecond=0)
        day = here.replace(hour=0, minute=0, second=0, microsecond=0)
        if interval == "week":
            return day - dt.timedelta(days=(day.weekday() + 1) % 7 if self.week_start == "sunday" else day.weekday())
        return day.replace(day=1) if interval == "month" else day


def text(value: Any) -> str | None:
    """Give a property as it reads: numbers and booleans as text; None where it is null or missing."""
    if value is None or value is MISSING:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def random_log(seed: int, *, most: int = 200) -> tuple[Log, random.Random]:
    """Make a log, and what to make a question of it with."""
    source = random.Random(seed)
    ids = [f"u{i}" for i in range(source.randint(1, 6))] + [f"anon{i}" for i in range(source.randint(0, 4))]
    step = source.choice([1, 60, 3600, 86400])
    sent: list[Event] = []
    for i in range(source.randint(1, most)):
        if sent and source.random() < 0.05:
            sent.append(source.choice(sent))
            continue
        time = EPOCH + dt.timedelta(seconds=step * source.randint(0, max(1, min(25 * 86400 // step, 3 * most))))
        who, name = source.choice(ids), source.choice(NAMES)
        said: dict[str, Any] = {}
        browser = source.choice([MISSING, None, "", "Chrome", "Safari", "Firefox", 5, 5.0, True])
        price = source.choice([MISSING, None, 1, 2.5, "3", "no number", True, -4])
        if browser is not MISSING:
            said["browser"] = browser
        if price is not MISSING:
            said["price"] = price
        if source.random() < 0.2:
            said["$set"] = {"plan": source.choice(["free", "pro"])}
        if source.random() < 0.3:
            said["$session_id"] = f"s{source.randint(0, 5)}"
        if source.random() < 0.1 and len(ids) > 1:
            name, said = "$identify", {"$anon_distinct_id": source.choice(ids)}
        sent.append(Event(f"{seed:x}-{i:04d}", name, who, time, said))
    return Log(sent, source.choice(ZONES), source.choice(["sunday", "monday"]), sorted_once=bool(seed % 2)), source
