"""Actions suggested from autocaptured events: for each thing that people click, change or submit, the selector that will last."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from evkit.dates import DateRange
from evkit.errors import SpecError, TruncatedWarning, UnknownEventWarning, warn, whole
from evkit.model.tables import EventTables
from evkit.query.property_filters import FilterGroup
from evkit.suggestions import DEFAULT_LIMIT, DEFAULT_MIN_EVENTS, names
from evkit.suggestions.candidates import FAIR_FROM, Candidate, Elements, Varying, candidates, parts_of, tag_of
from evkit.suggestions.captured import Captured, Row, captured, places_of

COLUMNS = (
    "name",
    "event_type",
    "selector",
    "text",
    "url",
    "events",
    "persons",
    "coverage",
    "other_events",
    "also_catches",
    "fragility",
    "reason",
    "overlaps",
    "last_seen",
    "action",
)
IDENTIFYING = 5
"""Parts that cost less say which element it is; by others it is only like some."""
ENOUGH_COVERAGE, ENOUGH_PRECISION = 0.9, 0.95
MOST_EXAMPLES = 3
"""Of so many chains of an element candidates are made."""
MOST_TOLD = 3
Identity = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Suggestion:
    """One way to catch the events of an element, with its figures.

    Parameters
    ----------
    example
        The most frequent chain of the element; `index` says which of its elements it is.
    wanted
        The numbers of the rows (`Captured.rows`) that are the element's events.
    caught
        The numbers of the rows that the candidate catches.
    """

    captured: Captured
    kind: str
    example: Row
    index: int
    candidate: Candidate
    wanted: frozenset[int]
    caught: frozenset[int]
    name: str = ""

    @property
    def events(self) -> int:
        """How many events it catches."""
        return self.captured.count(self.caught)

    @property
    def coverage(self) -> float:
        """The share of the element's events that it catches."""
        return self.captured.count(self.caught & self.wanted) / max(self.captured.count(self.wanted), 1)

    @property
    def precision(self) -> float:
        """The share of what it catches that is the element's."""
        return self.captured.count(self.caught & self.wanted) / max(self.events, 1)

    @property
    def is_enough(self) -> bool:
        """Whether it catches most of the element's events and little else."""
        return self.coverage >= ENOUGH_COVERAGE and self.precision >= ENOUGH_PRECISION

    @property
    def score(self) -> float:
        """How well it does both, and how long it will last."""
        return self.coverage * self.precision - 0.03 * max(self.candidate.costs)

    @property
    def also_catches(self) -> str:
        """What else it catches: the most frequent other elements, with the numbers of events."""
        others: Counter[str] = Counter()
        for n in sorted(self.caught - self.wanted):
            row = self.captured.rows[n]
            others[names.described(row.elements, row.target, self.captured.varies)] += row.events
        told = [f"{what}: {count:,}" for what, count in others.most_common(MOST_TOLD)]
        return "; ".join(told + ([f"and {len(others) - MOST_TOLD} more"] if len(others) > MOST_TOLD else []))

    def row(self, persons: int | None) -> dict[str, Any]:
        """Give the columns of `suggest_actions`, without overlaps."""
        c = self.candidate
        others = self.captured.count(self.caught - self.wanted)
        return {
            "name": self.name,
            "event_type": self.kind,
            "selector": c.selector,
            "text": c.text,
            "url": c.page,
            "events": self.events,
            "persons": persons,
            "coverage": self.coverage,
            "other_events": others,
            "also_catches": self.also_catches,
            "fragility": c.fragility,
            "reason": "; ".join(dict.fromkeys(r for r in c.reasons if r)),
            "last_seen": max((self.captured.rows[n].last_seen for n in self.caught), default=pd.NaT),
            "action": c.action(self.name, self.kind),
        }


# ---------------------------------------------------------------------- which element
def identity(kind: str, elements: Elements, index: int, varies: Varying) -> Identity:
    """Say which element it is, so that its events are found in all their chains: by its best name, else by its place.

    Examples
    --------
    >>> from evkit.suggestions.candidates import nothing_varies
    >>> identity("click", [{"tag_name": "a", "text": "Films"}, {"tag_name": "nav"}], 0, nothing_varies)
    ('click', 'text', 'a', 'Films', '')
    """
    best = next((p for p in parts_of(elements, index, varies) if p.cost < IDENTIFYING), None)
    if best is None:
        return kind, "place", places_of(elements)[index]
    alone = best.key == "id" or best.key.startswith("data-")
    return kind, best.key, best.css, best.text, "" if alone else form_around(elements, index, varies)


def form_around(elements: Elements, index: int, varies: Varying) -> str:
    """Give the selector of the form that an element is in; "" where there is none with a name."""
    for i in range(index + 1, len(elements)):
        if tag_of(elements[i]) == "form":
            return next((p.css for p in parts_of(elements, i, varies) if p.cost < FAIR_FROM), "")
    return ""


def elements_of(seen: Captured) -> list[list[int]]:
    """Give the numbers of the rows of each element that events are about; the most frequent element, and row, first."""
    found: dict[Identity, list[int]] = defaultdict(list)
    for n, row in enumerate(seen.rows):
        found[identity(row.kind, row.elements, row.target, seen.varies)].append(n)
    return sorted(found.values(), key=lambda numbers: (-seen.count(numbers), numbers[0]))


# ---------------------------------------------------------------------- which selector
def options(seen: Captured, example: Row, wanted: frozenset[int], *, index: int | None = None) -> list[Suggestion]:
    """Give every way to pick out an element, with its figures: stable and fair ones first, those that name a page after them.

    Parameters
    ----------
    seen
        What was captured.
    example
        The chain that the ways are made from.
    wanted
        The rows that are the element's events (`same_element`).
    index
        Which element of the chain; None is the one that the event is about.

    Returns
    -------
    list of Suggestion
        Each catches at least the example's events.
    """
    return list(ways(seen, example, wanted, example.target if index is None else index))


def ways(seen: Captured, example: Row, wanted: frozenset[int], index: int) -> Iterator[Suggestion]:
    """Give the ways of `options` one by one."""
    pages = {seen.rows[n].page for n in wanted}
    page = next(iter(pages)) if len(pages) == 1 else None
    made = candidates(example.elements, example.kind, index=index, varies=seen.varies)
    made += [c.on(page) for c in made] if page else []
    for c in sorted(made, key=order):
        caught = seen.catches(c, example.kind)
        if caught:
            yield Suggestion(seen, example.kind, example, index, c, wanted, caught)


def order(c: Candidate) -> tuple[Any, ...]:
    """Sort candidates: a page is named where no lasting one does without, but before elements are counted."""
    fragile = c.fragility == "fragile"
    return fragile, c.page is not None and not fragile, max(c.costs), c.page is not None


def same_element(seen: Captured, example: Row, index: int | None = None) -> frozenset[int]:
    """Give the rows in whose chains the same element is: as what the event is about or, with an `index` of another, around it."""
    at = example.target if index is None else index
    which = identity(example.kind, example.elements, at, seen.varies)
    if at == example.target:
        rows = ((n, r) for n, r in enumerate(seen.rows) if r.kind == example.kind)
        return frozenset(n for n, r in rows if identity(r.kind, r.elements, r.target, seen.varies) == which)
    place = places_of(example.elements)[at]
    there = ((n, r, places_of(r.elements)) for n, r in enumerate(seen.rows) if r.kind == example.kind)
    return frozenset(
        n for n, r, at_ in there if any(p == place and identity(r.kind, r.elements, i, seen.varies) == which for i, p in enumerate(at_))
    )


def selector_options(seen: Captured, example: Row, *, index: int | None = None) -> pd.DataFrame:
    """Give the ways to pick out one element of a chain, with exact figures: what a picker shows for what was pointed at.

    Parameters
    ----------
    seen
        What was captured (`captured.captured`, or `events.autocaptured()`).
    example
        One of `seen.rows`.
    index
        Which element of its chain, 0 the innermost; None is the one that the event is about.

    Returns
    -------
    pandas.DataFrame
        A row a candidate: those that catch most of the element's events and little else first, the most stable of them first
        (where none does, those that do so best). The columns of `suggest_actions` but overlaps.
    """
    found = sorted(options(seen, example, same_element(seen, example, index), index=index), key=lambda s: not s.is_enough)
    if found and not found[0].is_enough:
        found.sort(key=lambda s: -s.score)
    name = names.name_of(example.kind, example.elements, example.target if index is None else index, seen.varies)
    persons = seen.persons([(s.candidate, s.kind) for s in found])
    columns = [c for c in COLUMNS if c != "overlaps"]
    return framed([replace(s, name=name).row(p) for s, p in zip(found, persons, strict=True)], columns)


def chosen(seen: Captured, numbers: Sequence[int]) -> Suggestion | None:
    """Give the most stable way that catches most of an element's events and little else; else the one that does so best."""
    wanted = frozenset(numbers)
    tried: list[Suggestion] = []
    for n in numbers[:MOST_EXAMPLES]:
        for option in ways(seen, seen.rows[n], wanted, seen.rows[n].target):
            if option.is_enough:
                return option
            tried.append(option)
    return max(tried, key=lambda s: s.score, default=None)


def named(found: Sequence[Suggestion]) -> list[Suggestion]:
    """Give suggestions with names, no two the same nor one of a known action."""
    taken: set[str] = {a.name for s in found[:1] for a in s.captured.known}
    done = []
    for s in found:
        varies, where = s.captured.varies, names.place_of(s.example.elements, s.index, s.captured.varies)
        pages = {s.captured.rows[n].page for n in s.caught}
        page = next(iter(pages)) if len(pages) == 1 else None
        hints = [f"in {where}"] if where else []
        hints += [f"on {page}"] if page else []
        name = names.unique(names.name_of(s.kind, s.example.elements, s.index, varies), taken, *hints)
        taken.add(name)
        done.append(replace(s, name=name))
    return done


# ---------------------------------------------------------------------- what overlaps
def overlaps(found: Sequence[Suggestion]) -> list[str]:
    """Say of each suggestion which others, and which known actions, are some of its events too, with the share of its events."""
    holders: dict[int, list[int]] = defaultdict(list)
    for i, s in enumerate(found):
        for n in s.caught:
            holders[n].append(i)
    said = []
    for i, s in enumerate(found):
        shared: Counter[str] = Counter()
        for n in s.caught:
            row = s.captured.rows[n]
            for other in holders[n]:
                if other != i:
                    shared[found[other].name] += row.events
            for action, hit in zip(s.captured.known, row.known, strict=True):
                if hit:
                    shared[action.name] += row.events
        said.append(in_shares(shared, s.events))
    return said


def in_shares(shared: Counter[str], events: int) -> str:
    """Write what is shared, the most first.

    Examples
    --------
    >>> in_shares(Counter({"signed up": 9, "bought": 1}), 10)
    'signed up (90%); bought (10%)'
    """
    ordered = sorted(shared.items(), key=lambda item: (-item[1], item[0]))
    told = [f"{name} ({share(n, events)})" for name, n in ordered[:MOST_TOLD]]
    return "; ".join(told + ([f"and {len(ordered) - MOST_TOLD} more"] if len(ordered) > MOST_TOLD else []))


def share(part: int, whole_: int) -> str:
    """Write a share: 100% only for all, 0% never for some.

    Examples
    --------
    >>> share(999, 1000), share(1, 1000), share(5, 5)
    ('99%', '<1%', '100%')
    """
    percent = 100 * part // max(whole_, 1)
    return f"{percent}%" if percent else "<1%"


# ---------------------------------------------------------------------- the answer
def suggest_actions(
    tables: EventTables,
    *,
    limit: int | None = DEFAULT_LIMIT,
    min_events: int = DEFAULT_MIN_EVENTS,
    filters: FilterGroup | None = None,
    date_range: DateRange | None = None,
) -> pd.DataFrame:
    """Suggest actions from autocaptured events: see `Events.suggest_actions`."""
    for name, value in (("limit", limit), ("min_events", min_events)):
        if value is not None:
            whole(name, value)
            if value < 1:
                raise SpecError(f"{name} {value!r} is less than 1")
    seen = captured(tables, tuple(tables.settings.actions.values()), filters=filters, date_range=date_range)
    if not seen.rows:
        warn(f"nothing to suggest actions from: {why_empty(seen)}", UnknownEventWarning)
    often = [numbers for numbers in elements_of(seen) if seen.count(numbers) >= min_events]
    ranked = suggestions(seen, often, limit=limit)
    if limit is not None and len(ranked) > limit:
        message = f"{limit} suggestions are given, for the most frequent of {len(often):,} elements: raise limit, or min_events"
        warn(message, TruncatedWarning)
    ranked = named(ranked[:limit])
    shared = overlaps(ranked)
    persons = seen.persons([(s.candidate, s.kind) for s in ranked])
    return framed([{**s.row(p), "overlaps": o} for s, p, o in zip(ranked, persons, shared, strict=True)], COLUMNS)


def suggestions(seen: Captured, of: Sequence[Sequence[int]], *, limit: int | None = None) -> list[Suggestion]:
    """Give suggestions, without names yet: fragile ones last, those that catch the most first.

    Parameters
    ----------
    of
        The elements, as `elements_of` gives them. Those for which the same is best are one.
    limit
        Later elements are not looked at once there are more than so many that aren't fragile.
    """
    once: dict[tuple[Any, ...], Suggestion] = {}
    lasting = 0
    for numbers in of:
        s = chosen(seen, numbers)
        if s is None:
            continue
        key = (s.kind, s.candidate.selector, s.candidate.text, s.candidate.page)
        lasting += key not in once and s.candidate.fragility != "fragile"
        once[key] = replace(once[key], wanted=once[key].wanted | s.wanted) if key in once else s
        if limit is not None and lasting > limit:
            break
    return sorted(once.values(), key=lambda s: (s.candidate.fragility == "fragile", -s.events, s.kind, min(s.caught)))


def why_empty(seen: Captured) -> str:
    """Say why nothing can be suggested."""
    if seen.left_out:
        return ", ".join(f"{events:,} autocaptured events {what}" for what, events in seen.left_out.items())
    asked = "" if seen.filters is None and seen.date_range is None else " that pass the filters and dates asked for"
    return f"there are no $autocapture events{asked}. A browser SDK with autocapture sends them (ek.snippet)"


def framed(rows: list[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Give rows as a frame whose columns have their types, rows or none."""
    frame = pd.DataFrame(rows, columns=list(columns))
    for name in ("selector", "text", "url", "action"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    kinds = {"events": "int64", "persons": "Int64", "coverage": "float64", "other_events": "int64"}
    texts = {c: "str" for c in ("name", "event_type", "also_catches", "fragility", "reason", "overlaps") if c in frame}
    frame["last_seen"] = pd.to_datetime(frame["last_seen"])
    return frame.astype({**kinds, **texts})
