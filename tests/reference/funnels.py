"""Funnels, said slowly: the rules as loops over one person's events, written from the rules and from nothing else."""

from __future__ import annotations

import copy
import datetime as dt
import math
import statistics
from dataclasses import dataclass, field
from typing import Any

from tests.reference.logs import Event, Log, text


@dataclass
class Asked:
    """A question, in plain parts; steps count from 0 here."""

    steps: list[str | None]
    window: float
    order: str = "ordered"
    exclusions: list[tuple[str, int, int]] = field(default_factory=list)
    optional: list[bool] = field(default_factory=list)
    browser: str | None = None
    low: dt.datetime = dt.datetime.min
    high: dt.datetime = dt.datetime.max
    breakdown: bool = False
    attribution: str = "first_touch"
    attributed: int = 0
    first: int = 0
    last: int = 0
    interval: str = "day"


@dataclass
class Marked:
    """One event of one person: what it is in the funnel. `numbers` are steps from 1, then exclusions as negative numbers."""

    at: float
    key: tuple[float, int, str]
    uuid: str
    numbers: list[int]
    value: str
    period: dt.datetime


@dataclass
class Chain:
    """An attempt: when it began, whether it is excluded, the times and events of its steps, which steps they are."""

    start: float | None = None
    excluded: bool = False
    times: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    done: set[int] = field(default_factory=set)


def people(log: Log, asked: Asked) -> dict[str, list[Marked]]:
    """Give what each person did, in order of time."""
    owner = log.persons()
    found: dict[str, list[Marked]] = {}
    for place, e in enumerate(log.events):
        if not asked.low <= e.time <= asked.high:
            continue
        if asked.browser is not None and text(e.properties.get("browser")) != asked.browser:
            continue
        numbers = [i + 1 for i, name in enumerate(asked.steps) if name is None or name == e.name]
        numbers += [-(s + 1) for name, a, b in asked.exclusions if name == e.name for s in range(a + 1, b + 1)]
        if not numbers and asked.order != "strict":
            continue
        at = (e.time - dt.datetime(1970, 1, 1)).total_seconds()
        value = text(e.properties.get("browser")) or ""
        made = Marked(at, (at, place, e.uuid), e.uuid, numbers, value, log.bucket(e.time, asked.interval))
        found.setdefault(owner[e.who], []).append(made)
    return {who: sorted(rows, key=lambda m: m.key) for who, rows in found.items()}


def runs(log: Log, asked: Asked) -> list[tuple[str, str, list[Marked]]]:
    """Give person, breakdown value and what is seen, a row a run."""
    made = []
    for who, rows in people(log, asked).items():
        if not asked.breakdown:
            made.append((who, "", rows))
        elif asked.attribution == "first_touch":
            made.append((who, next((m.value for m in rows if m.value), ""), rows))
        elif asked.attribution == "last_touch":
            made.append((who, next((m.value for m in reversed(rows) if m.value), ""), rows))
        elif asked.attribution == "all_events":
            made += [(who, value, [m for m in rows if m.value == value]) for value in sorted({m.value for m in rows})]
        else:
            known = [m for m in rows if asked.order == "unordered" or asked.attributed + 1 in m.numbers]
            made += [(who, value, rows) for value in sorted({m.value for m in known})]
    return made


def accepted(asked: Asked, number: int, event: Marked, value: str) -> bool:
    """Say whether attribution by a step lets an event be that step."""
    return not (asked.breakdown and asked.attribution == "step" and number == asked.attributed + 1 and event.value != value)


# ---------------------------------------------------------------------- ordered and strict
def ordered(asked: Asked, rows: list[Marked], value: str) -> Chain | None:
    """Take one run through; None where it is void."""
    n = len(asked.steps)
    optional = [False, *(asked.optional or [False] * n)]
    slots = [Chain() for _ in range(n + 1)]
    best, best_step = Chain(), 0
    instants = sorted({m.at for m in rows})
    for now in instants:
        group = [m for m in rows if m.at == now]
        slots[0] = Chain(start=now)
        plain = all(sorted(m.numbers) == sorted(group[0].numbers) for m in group)
        if plain:
            todo = [(m, m.numbers, False) for m in group]
        else:
            by_versatility = sorted(
                group, key=lambda m: (len([x for x in m.numbers if x > 0]), -sum(1 << (x - 1) for x in m.numbers if x > 0))
            )
            todo = [(m, [s], True) for s in range(1, n + 1) for m in by_versatility if s in m.numbers]
        for event, numbers, multi in todo:
            negative, positive = sorted(x for x in numbers if x < 0), sorted((x for x in numbers if x > 0), reverse=True)
            for number in [*negative, *positive]:
                s = abs(number)
                p = s - 1
                usable = lambda q, now=now: slots[q].start is not None and now - slots[q].start <= asked.window  # noqa: E731
                while p > 0 and not usable(p) and optional[p]:
                    p -= 1
                if not usable(p) or (slots[s].start is not None and slots[s].start == slots[p].start):
                    continue
                if number < 0:
                    if not slots[p].excluded:
                        slots[p].excluded = True
                        if best_step == p and best.start is not None and now - best.start <= asked.window:
                            best.excluded = True
                    continue
                if not accepted(asked, p + 1, event, value):  # the step it goes on from, which an optional step left out sets back
                    continue
                if multi and event.uuid in slots[p].ids:
                    continue
                new = copy.deepcopy(slots[p])
                new.done.add(s)
                if not optional[s]:
                    new.times.append(now)
                    new.ids.append(event.uuid)
                better = s > best_step or (s == best_step and best.excluded)
                if not slots[p].excluded:
                    slots[s] = new
                if better:
                    best, best_step = copy.deepcopy(new), s
            if asked.order == "strict" and not multi:
                for s in range(1, n + 1):
                    if s not in event.numbers:
                        slots[s] = Chain()
        if slots[n].start is not None:
            break
    return None if best_step == 0 or best.excluded else best


# ---------------------------------------------------------------------- unordered
def unordered(asked: Asked, rows: list[Marked], value: str) -> Chain | None:
    """Take one run through, in any order."""
    n = len(asked.steps)
    queues: list[list[Marked]] = [[] for _ in range(n)]
    best: list[Marked] = []
    heads = lambda: sorted((q[0] for q in queues if q), key=lambda m: m.at)  # noqa: E731
    for event in rows:
        while heads():
            if len(heads()) < n and event.at - heads()[0].at <= asked.window:
                break
            best = heads() if len(heads()) > len(best) else best
            oldest = min((i for i in range(n) if queues[i]), key=lambda i: queues[i][0].at)
            queues[oldest].pop(0)
        if len(best) == n:
            break
        steps = [x for x in event.numbers if x > 0]
        if not steps:
            queues = [[] for _ in range(n)]
            continue
        if asked.breakdown and asked.attribution == "step" and not heads() and event.value != value:
            continue
        fits = [s - 1 for s in steps]
        chosen = min(fits, key=lambda i: queues[i][-1].at if queues[i] else -math.inf)
        queues[chosen].append(event)
    best = heads() if len(heads()) > len(best) else best
    return Chain(start=best[0].at, times=[m.at for m in best], done=set(range(1, len(best) + 1))) if best else None


def results(log: Log, asked: Asked) -> list[tuple[str, str, Chain]]:
    """Give person, value and how far they got, of those who count."""
    walk = unordered if asked.order == "unordered" else ordered
    walked = [(who, value, walk(asked, rows, value)) for who, value, rows in runs(log, asked)]
    return [(who, value, chain) for who, value, chain in walked if chain is not None]


def steps(log: Log, asked: Asked) -> dict[str, list[tuple[int, float | None, float | None]]]:
    """Give, for each value, a row a step: count, average and median seconds from the required step before."""
    made: dict[str, list[tuple[int, float | None, float | None]]] = {}
    found = results(log, asked)
    optional = asked.optional or [False] * len(asked.steps)
    for value in {v for _, v, _ in found}:
        mine = [chain for _, v, chain in found if v == value]
        rows, place = [], 0
        for s in range(1, len(asked.steps) + 1):
            count = sum(s in chain.done for chain in mine)
            took: list[float] = []
            if s > 1 and not optional[s - 1]:
                place += 1
                took = [c.times[place] - c.times[place - 1] for c in mine if len(c.times) > place and c.times[place] > c.times[place - 1]]
            rows.append((count, statistics.fmean(took) if took else None, statistics.median(took) if took else None))
        made[value] = rows
    return made


# ---------------------------------------------------------------------- over time
def periods(log: Log, asked: Asked) -> dict[str, dict[dt.datetime, tuple[int, int]]]:
    """Give, for each value and period, how many entered and how many of them converted."""
    made: dict[str, dict[dt.datetime, tuple[int, int]]] = {}
    for _, value, rows in runs(log, asked):
        walk = periods_unordered if asked.order == "unordered" else periods_ordered
        for period, converted in walk(asked, rows, value).items():
            entered, done = made.setdefault(value, {}).get(period, (0, 0))
            made[value][period] = (entered + 1, done + converted)
    return made


def periods_ordered(asked: Asked, rows: list[Marked], value: str) -> dict[dt.datetime, bool]:
    """Give the periods in which one run entered, and whether it converted."""
    n, goal, first = len(asked.steps), asked.last + 1, asked.first + 1
    machines: dict[dt.datetime, dict[str, Any]] = {}
    done: set[dt.datetime] = set()
    for event in rows:
        now = event.at
        negative, positive = sorted(x for x in event.numbers if x < 0), sorted((x for x in event.numbers if x > 0), reverse=True)
        for number in [*negative, *positive]:
            s = abs(number)
            if s == 1:
                if event.period in done or not accepted(asked, 1, event, value):
                    continue
                machine = machines.get(event.period)
                if machine is None or (machine["best"] == 1 and machine["mark"] != "none"):
                    machines[event.period] = {"slots": {1: [now, False]}, "best": 1, "time": now, "mark": "none"}
                else:
                    machine["slots"][1] = [now, False]
                continue
            for period, machine in list(machines.items()):
                if period in done:
                    continue
                slots = machine["slots"]
                before = slots.get(s - 1)
                if before is None or now - before[0] > asked.window or (s in slots and slots[s][0] == before[0]):
                    continue
                if number < 0:
                    before[1] = True
                    if machine["best"] == s - 1 and now - machine["time"] <= asked.window:
                        machine["mark"] = "partial"
                    continue
                if not accepted(asked, s, event, value):
                    continue
                if not before[1]:
                    slots[s] = [before[0], False]
                if goal in slots:
                    done.add(period)
                elif s > machine["best"] or (s == machine["best"] and machine["mark"] == "partial"):
                    machine |= {"best": s, "time": now, "mark": "full" if before[1] else "none"}
        if asked.order == "strict":
            for period, machine in machines.items():
                if period not in done:
                    machine["slots"] = {s: slot for s, slot in machine["slots"].items() if s in event.numbers}
    void = any(m["mark"] == "full" for p, m in machines.items() if p not in done)
    entered = {p: True for p in done}
    for period, machine in machines.items():
        if period not in done and not void and machine["best"] >= first and machine["mark"] != "partial":
            entered[period] = False
    assert n >= goal
    return entered


def periods_unordered(asked: Asked, rows: list[Marked], value: str) -> dict[dt.datetime, bool]:
    """Give the same where the steps may come in any order."""
    n = len(asked.steps)
    queues: list[list[Marked]] = [[] for _ in range(n)]
    most: dict[dt.datetime, int] = {}

    def pop() -> None:
        filled = [i for i in range(n) if queues[i]]
        oldest = min(filled, key=lambda i: queues[i][0].at)
        period = queues[oldest].pop(0).period
        most[period] = max(most.get(period, 0), len(filled))

    for event in rows:
        while any(queues):
            oldest_at = min(q[0].at for q in queues if q)
            if sum(bool(q) for q in queues) < n and event.at - oldest_at <= asked.window:
                break
            pop()
        steps = [x for x in event.numbers if x > 0]
        if not steps:
            queues = [[] for _ in range(n)]
            continue
        if asked.breakdown and asked.attribution == "step" and not any(queues) and event.value != value:
            continue
        chosen = min((s - 1 for s in steps), key=lambda i: queues[i][-1].at if queues[i] else -math.inf)
        queues[chosen].append(event)
    while any(queues):
        pop()
    return {period: count >= asked.last + 1 for period, count in most.items() if count >= asked.first + 1}


def took(log: Log, asked: Asked) -> list[float]:
    """Give the seconds from the first step asked about to the last, of those who did both."""
    return [c.times[asked.last] - c.times[asked.first] for _, _, c in results(log, asked) if len(c.times) > asked.last]


__all__ = ["Asked", "Event", "periods", "steps", "took"]
