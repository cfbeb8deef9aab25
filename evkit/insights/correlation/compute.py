"""How correlations are computed: who got through is found by the funnel, what they did by the engine.

Source: PostHog's funnel correlation (`funnels.md` of the design, section 11).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from evkit import properties
from evkit.dates import Window
from evkit.dates.instants import instant
from evkit.errors import NotExpressible
from evkit.insights import unknown
from evkit.insights.correlation.spec import ALL_PROPERTIES, FunnelCorrelation
from evkit.insights.funnel.relation import actor_of, group_index, span
from evkit.insights.funnel.walk import walk
from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.property_filters import FilterGroup, PropertyFilter
from evkit.query.relation import relation
from evkit.query.spec import Action, Series

COLUMNS = ["signal", "event", "property", "value", "success_count", "failure_count", "odds_ratio", "correlation_type"]
PRIOR = 1
MOST_A_SIDE = 10
FEWEST, FEWEST_SHARE = 25, 0.02
"""A signal of fewer actors than so many, or than this share of all where that is fewer, is left out."""
FEWEST_WITH_PROPERTIES = 3
SKEWED = 10
"""How many times more of one kind than of the other make a correlation meaningless."""
POPULATION = ibis.schema({"actor": "string", "first": "int64", "until": "int64", "converted": "boolean"})


@dataclass(frozen=True)
class Population:
    """Everybody who entered: the table (`POPULATION`; times in microseconds), how many got through, how many didn't."""

    table: ir.Table
    rows: pa.Table
    successes: int
    failures: int

    @property
    def is_skewed(self) -> bool:
        """Whether nearly all got through, or nearly none."""
        if not self.successes or not self.failures:
            return True
        return self.successes / self.failures > SKEWED or self.failures / self.successes > SKEWED


@dataclass(frozen=True)
class Signal:
    """What goes with getting through, or not: its name in parts, and how many have it."""

    parts: tuple[str, ...]
    success: int
    failure: int
    odds: float

    @property
    def name(self) -> str:
        """The parts in one text, as PostHog names it."""
        return "::".join(self.parts)

    @property
    def kind(self) -> str:
        """Whether it goes with success or failure."""
        return "success" if self.odds > 1 else "failure"


def population(spec: FunnelCorrelation, tables: EventTables) -> Population:
    """Find who entered the funnel, when, and until when what they did counts."""
    walked = walk(spec.funnel, tables)
    bits, times = walked.reached.bits, walked.reached.times
    entered = np.flatnonzero(bits & 1)
    converted = bits[entered] == (1 << len(spec.funnel.steps)) - 1
    first = times[entered, 0]
    until = np.where(converted, times[entered, -1], first + Window(spec.funnel.window).microseconds)
    actors = walked.sorted.actor_ids.take(pa.array(entered)).cast(pa.string())
    rows = pa.table({"actor": actors, "first": first, "until": until, "converted": converted})
    return Population(tables.keep("population", rows, POPULATION, by_content=True), rows, int(converted.sum()), int((~converted).sum()))


# ---------------------------------------------------------------------- what they did
def between(spec: FunnelCorrelation, tables: EventTables, people: Population, series: Series | None = None) -> ir.Table:
    """Give the events of everybody after their first step and before their last: actor, converted, event, properties, elements_chain.

    Parameters
    ----------
    series
        Only its events.
    """
    index = group_index(spec.funnel, tables)
    rows = relation(tables, Series(None, group_type_index=index), series, spec.funnel.aggregate_by)
    matcher = Matcher(tables, rows)
    range_ = span(spec.funnel, tables)
    hit = ibis.literal(True) if series is None else matcher.series(series)
    e = rows.mutate(who=actor_of(spec.funnel, index, matcher)).filter(
        hit & (rows.timestamp >= instant(range_.start)) & (rows.timestamp < instant(range_.end))
    )
    p = people.table
    joined = e.select("who", "t", "event", "properties", "elements_chain").inner_join(p, e.who == p.actor)
    inside = joined.filter((joined.t > joined["first"]) & (joined.t < joined.until))
    return inside.select("actor", "converted", "event", "properties", "elements_chain")


def step_names(spec: FunnelCorrelation) -> list[str]:
    """Give the events that are steps themselves, also inside actions."""
    names: list[str] = []
    for step in spec.funnel.steps:
        if isinstance(step.subject, Action):
            names += [s.event for s in step.subject.steps if s.event]
        elif step.subject is not None:
            names.append(step.subject)
    return names


def counted(rows: ir.Table, tables: EventTables) -> pd.DataFrame:
    """Count distinct actors of each signal (the columns part_0 ...): the parts, success, failure."""
    parts = [c for c in rows.columns if c.startswith("part_")]
    once = rows.select(*parts, "actor", "converted").distinct()
    counts = once.group_by(parts).agg(success=once.converted.sum(), failure=(~once.converted).sum())
    return tables.execute(counts)


def others(spec: FunnelCorrelation, tables: EventTables, people: Population) -> ir.Table:
    """Give the events of `between` that are neither steps of the funnel nor left out by name."""
    rows = between(spec, tables, people)
    return rows.filter(~rows.event.isin([*step_names(spec), *spec.exclude_event_names]))


def of_events(spec: FunnelCorrelation, tables: EventTables, people: Population) -> pd.DataFrame:
    """Count who did each event."""
    rows = others(spec, tables, people)
    return counted(rows.mutate(part_0=rows.event), tables)


def of_event_properties(spec: FunnelCorrelation, tables: EventTables, people: Population) -> pd.DataFrame:
    """Count who did an event with each value of each property."""
    rows = others(spec, tables, people)
    rows = rows.filter(rows.event.isin(list(spec.event_names)))
    if "$autocapture" in spec.event_names:
        kind = properties.text(rows.properties, "$event_type", dialect=tables.dialect).fill_null("")
        clicked = rows.mutate(part_0=rows.event, part_1=ibis.literal("elements_chain"), part_2=kind + "__~~__" + rows.elements_chain)
        found = counted(clicked, tables)
    else:
        said = rows.mutate(part_0=rows.event, part_1=properties.keys(rows.properties, dialect=tables.dialect).unnest())
        said = said.filter(~said.part_1.isin(list(spec.exclude_event_property_names))) if spec.exclude_event_property_names else said
        value = properties.text_of_key(said.properties, said.part_1, dialect=tables.dialect)
        found = counted(said.mutate(part_2=value.fill_null("")), tables)
    return found[found.success + found.failure >= FEWEST_WITH_PROPERTIES]


def of_persons(spec: FunnelCorrelation, tables: EventTables, people: Population) -> pd.DataFrame:
    """Count who has each value of each property."""
    index = group_index(spec.funnel, tables)
    if index is None:
        known = tables.person_properties().select(id="person_id", said="person_properties")
    else:
        groups = tables.group_table()
        known = groups.filter(groups.type_index == index).select(id="key", said="properties")
    p = people.table
    rows = tables.arrow(p.left_join(known, p.actor == known.id).select("converted", "said")).to_pydict()
    counts: dict[tuple[str, str], list[int]] = {}
    for converted, text in zip(rows["converted"], rows["said"], strict=True):
        said = json.loads(text) if text else {}
        names = list(said) if ALL_PROPERTIES in spec.names else spec.names
        for name in names:
            if name not in spec.exclude_names:
                counts.setdefault((name, as_text(said.get(name))), [0, 0])[0 if converted else 1] += 1
    return pd.DataFrame([(*key, *n) for key, n in counts.items()], columns=["part_0", "part_1", "success", "failure"])


def as_text(value: object) -> str:
    """Write a property's value as it is compared: texts as they are, nothing as "", anything else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    return str(int(value)) if whole else json.dumps(value, ensure_ascii=False, separators=(",", ":"))  # type: ignore[call-overload]


# ---------------------------------------------------------------------- figures
def signals(spec: FunnelCorrelation, tables: EventTables, people: Population) -> list[Signal]:
    """Give the signals, those of success first; none where nobody got through, or everybody."""
    if not people.successes or not people.failures:
        return []
    count = {"events": of_events, "event_with_properties": of_event_properties, "properties": of_persons}[spec.correlation_type]
    found = count(spec, tables, people)
    parts = [c for c in found.columns if c.startswith("part_")]
    made = [
        Signal(
            tuple(str(row[c]) for c in parts),
            int(row["success"]),
            int(row["failure"]),
            odds(int(row["success"]), int(row["failure"]), people),
        )
        for row in found.to_dict("records")
    ]
    fewest = min(FEWEST, FEWEST_SHARE * (people.successes + people.failures))
    made = [s for s in made if s.success + s.failure >= fewest]
    up = sorted((s for s in made if s.odds > 1), key=lambda s: (-s.odds, s.name))
    down = sorted((s for s in made if s.odds <= 1), key=lambda s: (s.odds, s.name))
    return up[:MOST_A_SIDE] + down[:MOST_A_SIDE]


def odds(success: int, failure: int, people: Population) -> float:
    """Give how many times likelier somebody with a signal got through than somebody without; one is added to each count."""
    return ((success + PRIOR) * (people.failures - failure + PRIOR)) / ((people.successes - success + PRIOR) * (failure + PRIOR))


def frame(spec: FunnelCorrelation, tables: EventTables) -> pd.DataFrame:
    """Give the figures as a tidy frame: see `FunnelCorrelation` for the columns; `attrs` says how many there are and whether they are skewed."""
    people = population(spec, tables)
    found = signals(spec, tables, people)
    of_person = spec.correlation_type == "properties"
    rows = []
    for s in found:
        event, prop, value = (None, *s.parts) if of_person else (*s.parts, None, None)[:3]
        rows.append((s.name, event, prop, value, s.success, s.failure, s.odds, s.kind))
    unknown.warn_of_events(spec.funnel.steps, tables)
    made = pd.DataFrame(rows, columns=COLUMNS).astype({"success_count": "int64", "failure_count": "int64", "odds_ratio": "float64"})
    made.attrs = {"successes": people.successes, "failures": people.failures, "skewed": people.is_skewed}
    return made


def matched(spec: FunnelCorrelation, tables: EventTables) -> ir.Table:
    """Give the events of everybody between their first step and their last: actor, converted, event, properties, elements_chain."""
    return between(spec, tables, population(spec, tables))


def expression(spec: FunnelCorrelation, tables: EventTables) -> ir.Table:
    """Raise: who got through is decided by the funnel, which no SQL says exactly.

    Raises
    ------
    NotExpressible
        Always; `matched()` gives the events.
    """
    raise NotExpressible(
        "who got through the funnel is decided event by event: use matched() for what they did, to_pandas() for the figures"
    )


def with_filters(spec: FunnelCorrelation, filters: FilterGroup | PropertyFilter | None) -> FunnelCorrelation:
    """Give the question of a funnel with filters added."""
    return spec.replaced(funnel=spec.funnel.replaced(filters=spec.funnel.filters.and_(FilterGroup.of(filters))))
