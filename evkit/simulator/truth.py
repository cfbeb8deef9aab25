"""What is true of the simulated data, counted here from what everybody truly did, without any of evkit's own computing."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from evkit.simulator.events import Sent
from evkit.simulator.world import ZONE

FUNNEL = ("$pageview", "user_signed_up", "movie_played")
WINDOW = dt.timedelta(days=14)
DST_DAY = dt.date(2026, 3, 29)


def truth_of(log: Sequence[Sent], merges: Counter[str], plans: dict[str, str]) -> dict[str, Any]:
    """Count.

    Parameters
    ----------
    log
        Every event once.
    merges
        What each merge event did: created, added, merged, refused.
    plans
        The plan that each person who has one has at the end.
    """
    played = [e for e in log if e.event == "movie_played"]
    local = lambda e: e.timestamp.astimezone(ZONE)  # noqa: E731
    monday = lambda e: (local(e).date() - dt.timedelta(days=local(e).weekday())).isoformat()  # noqa: E731
    people: dict[str, set[str]] = defaultdict(set)
    for e in played:
        people[monday(e)].add(e.person)
    seen = [e for e in log if e.event == "$pageview" and local(e).date() == DST_DAY]
    steps = {person: furthest(events) for person, events in by_person(log).items()}
    return {
        "events": len(log),
        "distinct_ids": len({e.distinct_id for e in log}),
        "people": len({e.person for e in log}),
        "persons": len({e.person for e in log if e.properties.get("$process_person_profile") is not False}),
        "merges": {outcome: merges[outcome] for outcome in ("created", "added", "merged")},
        "refusals": merges["refused"],
        "companies": len({e.properties["$group_key"] for e in log if e.event == "$groupidentify"}),
        "trends": {
            "movie_played_daily": counted(local(e).date().isoformat() for e in played),
            "movie_played_weekly": counted(monday(e) for e in played),
            "people_playing_weekly": {week: len(who) for week, who in sorted(people.items())},
            "pageviews_by_hour_on_2026-03-29": counted(f"{local(e).hour:02d}" for e in seen),
        },
        "funnels": {
            "steps": list(FUNNEL),
            "window_days": WINDOW.days,
            "all": reached(steps.values()),
            "by_plan": {
                plan: reached(n for person, n in steps.items() if plans.get(person, "") == plan) for plan in sorted({"", *plans.values()})
            },
        },
    }


def counted(keys: Iterable[str]) -> dict[str, int]:
    """Count keys, in order."""
    return dict(sorted(Counter(keys).items()))


def by_person(log: Sequence[Sent]) -> dict[str, list[Sent]]:
    """Give everybody's events in order of time."""
    made: dict[str, list[Sent]] = defaultdict(list)
    for e in sorted(log, key=lambda e: e.timestamp):
        made[e.person].append(e)
    return made


def furthest(events: Sequence[Sent]) -> int:
    """Give how many steps of the funnel somebody did: from any start, the rest after it and inside its window."""
    best = 0
    for i, start in enumerate(events):
        if start.event != FUNNEL[0]:
            continue
        done = 1
        for later in events[i + 1 :]:
            if later.timestamp - start.timestamp > WINDOW or done == len(FUNNEL):
                break
            if later.event == FUNNEL[done]:
                done += 1
        best = max(best, done)
    return best


def reached(steps: Iterable[int]) -> list[int]:
    """Give how many did each step."""
    done = list(steps)
    return [sum(n >= step for n in done) for step in range(1, len(FUNNEL) + 1)]
