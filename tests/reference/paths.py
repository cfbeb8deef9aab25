"""Paths, said slowly: the rules as loops over a list of events, written from the rules and from nothing else."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from tests.reference.logs import Event, Log, text

HALF_HOUR = dt.timedelta(minutes=30)
Step = tuple[str, dt.datetime]


@dataclass
class Asked:
    """A question, in plain parts; `low` and `high` are UTC, both inside."""

    low: dt.datetime
    high: dt.datetime
    kinds: list[str] = field(default_factory=list)
    start: str | None = None
    end: str | None = None
    steps: int = 5
    edges: int = 50
    least: int | None = None
    most: int | None = None
    excluded: list[str] = field(default_factory=list)
    globs: list[str] = field(default_factory=list)
    cleaning: list[tuple[str, str]] = field(default_factory=list)
    by_browser: bool = False
    browser: str | None = None
    pause: dt.timedelta = HALF_HOUR
    followed: dict[str, tuple[dt.datetime, dt.datetime]] | None = None


def kind(event: Event) -> str:
    """Give the type of an event; "" for one that is of none."""
    if event.name in ("$pageview", "$screen"):
        return event.name
    return "" if event.name.startswith("$") else "custom_event"


def counts(event: Event, asked: Asked) -> bool:
    """Say whether an event is of a type asked for."""
    asks_for = [k for k in asked.kinds if k != "hogql"]
    return not asks_for or kind(event) in asks_for


def item(event: Event, asked: Asked) -> str:
    """Give what an event's item is called."""
    named = lambda what: not asked.kinds or what in asked.kinds  # noqa: E731
    said: str | None
    if event.name == "$pageview" and named("$pageview"):
        said = text(event.properties.get("$current_url")) or ""
        if len(said) > 1 and said[-1] == "/":
            said = said[:-1]
    elif event.name == "$screen" and named("$screen"):
        said = text(event.properties.get("$screen_name"))
    elif asked.by_browser and named("hogql"):
        said = text(event.properties.get("browser"))
    else:
        said = event.name
    said = said or ""
    for pattern, alias in asked.cleaning:
        said = re.sub(pattern, alias, said)
    for glob in asked.globs[::-1]:
        parts = glob.split("*")
        at = 0
        for part in parts:
            found = said.find(part, at)
            if found < 0:
                break
            at = found + len(part)
        else:
            return glob
    return said


def kept(log: Log, asked: Asked) -> dict[str, list[Step]]:
    """Give each person's items in order of time, then of arrival."""
    owner = log.persons()
    made: dict[str, list[Step]] = defaultdict(list)
    for event in sorted(log.events, key=lambda e: e.time):  # sorted() leaves ties in the order of arrival
        who = owner[event.who]
        if not asked.low <= event.time <= asked.high or not counts(event, asked):
            continue
        if asked.browser is not None and text(event.properties.get("browser")) != asked.browser:
            continue
        if asked.followed is not None and (who not in asked.followed or not asked.followed[who][0] <= event.time <= asked.followed[who][1]):
            continue
        called = item(event, asked)
        if asked.kinds and called in asked.excluded:
            continue
        made[who].append((called, event.time))
    return made


def sessions(steps: list[Step], pause: dt.timedelta) -> list[list[Step]]:
    """Cut where nothing happens for so long."""
    made: list[list[Step]] = []
    for step in steps:
        if made and step[1] - made[-1][-1][1] < pause:
            made[-1].append(step)
        else:
            made.append([step])
    return made


def joined(session: list[Step]) -> list[Step]:
    """Make one of each run of equal items; a run of empty ones at the end is none."""
    while session and session[-1][0] == "":
        session = session[:-1]
    made: list[Step] = []
    for step in session:
        if made and made[-1][0] == step[0]:
            made[-1] = step
        else:
            made.append(step)
    return made


def shown(path: list[Step], asked: Asked) -> list[Step]:
    """Shorten a session to what is shown; nothing where a point is missing."""
    start, end = asked.start, asked.end
    if (start is None) != (end is None):
        start, end = (p[:-1] if p and len(p) > 1 and p.endswith("/") else p for p in (start, end))
    names = [name for name, _ in path]
    if start is not None:
        if start not in names:
            return []
        path = path[names.index(start) :]
        names = [name for name, _ in path]
    if end is not None:
        if end not in names:
            return []
        path = path[: names.index(end) + 1]
    if start is not None and end is not None:
        if len(path) <= asked.steps:
            return path
        half = asked.steps // 2
        return [*path[:half], ("...", path[half][1]), *path[len(path) - half :]]
    return path[-asked.steps :] if end is not None else path[: asked.steps]


def ways(log: Log, asked: Asked) -> list[tuple[str, list[Step]]]:
    """Give everybody's shown paths: who, and the items with their times."""
    made = []
    for who, steps in kept(log, asked).items():
        for session in sessions(steps, asked.pause):
            path = shown(joined(session), asked)
            if path:
                made.append((who, path))
    return made


def edges(log: Log, asked: Asked) -> list[tuple[str, str, int, float]]:
    """Give the edges that are kept: source, target, value, average seconds."""
    took: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _, path in ways(log, asked):
        for place, ((a, before), (b, after)) in enumerate(pairwise(path), 1):
            took[f"{place}_{a}", f"{place + 1}_{b}"].append((after - before).total_seconds())
    found = [(*key, len(s), sum(s) / len(s)) for key, s in took.items()]
    found = [f for f in found if (asked.least is None or f[2] >= asked.least) and (asked.most is None or f[2] <= asked.most)]
    found.sort(key=lambda f: (-f[2], f[0], f[1]))
    found = found[: asked.edges]
    there = {f[0] for f in found if f[0].startswith("1_")}
    while True:
        more = {f[1] for f in found if f[0] in there} - there
        if not more:
            return [f for f in found if f[0] in there]
        there |= more


def went(log: Log, asked: Asked, source: str, target: str) -> dict[str, int]:
    """Count, for each person, how often they went from one key to another."""
    made: dict[str, int] = defaultdict(int)
    for who, path in ways(log, asked):
        keys = [f"{i}_{name}" for i, (name, _) in enumerate(path, 1)]
        made[who] += sum(pair == (source, target) for pair in pairwise(keys))
    return {who: n for who, n in made.items() if n}


def ended(log: Log, asked: Asked, key: str) -> dict[str, int]:
    """Count, for each person, how many paths end at a key."""
    made: dict[str, int] = defaultdict(int)
    for who, path in ways(log, asked):
        made[who] += f"{len(path)}_{path[-1][0]}" == key
    return {who: n for who, n in made.items() if n}
