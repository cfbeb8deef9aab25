"""Why an event is an action or isn't: each step, each clause, and the element that a clause failed on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import pyarrow as pa

from evkit import elements
from evkit.elements import Part, parse_selector
from evkit.model import schema
from evkit.model.settings import Settings
from evkit.model.tables import EventTables, Ready
from evkit.query import filters as query
from evkit.query.filters import Matcher
from evkit.query.property_filters import PropertyFilter
from evkit.query.relation import relation
from evkit.query.spec import Action


@dataclass(frozen=True)
class Clause:
    """One part of a step: what it asks, what the event has, whether that is enough, and why not."""

    name: str
    wanted: str
    passed: bool
    found: str
    reason: str


@dataclass(frozen=True)
class ExplainedStep:
    """One step of an action: it holds when all its clauses do."""

    number: int
    clauses: tuple[Clause, ...]

    @property
    def passed(self) -> bool:
        """Whether all clauses hold."""
        return all(c.passed for c in self.clauses)


@dataclass(frozen=True)
class Explanation:
    """Why an event is an action, or isn't: it is when any step holds."""

    action: str
    steps: tuple[ExplainedStep, ...]

    @property
    def passed(self) -> bool:
        """Whether the event is the action."""
        return any(s.passed for s in self.steps)

    def __repr__(self) -> str:
        said = [f"{'is' if self.passed else 'is not'} {self.action!r}"]
        for step in self.steps:
            said.append(f"  step {step.number}: {'holds' if step.passed else 'fails'}")
            said += [f"    {'ok  ' if c.passed else 'FAIL'} {c.name} {c.wanted}{'' if c.passed else ': ' + c.reason}" for c in step.clauses]
        return "\n".join(said)


def explain(action: Action, event: Mapping[str, Any]) -> Explanation:
    """Explain an action on one event.

    Parameters
    ----------
    event
        event, properties (object or JSON text), elements or elements_chain, person_properties; a row of `events.head()` does,
        save for filters on the person.

    Examples
    --------
    >>> from evkit.query.builders import clicked
    >>> from evkit.query.spec import Action
    >>> explain(Action("buy", clicked(selector="a.buy")), {"event": "$autocapture", "elements": [{"tag_name": "a"}], "properties": {"$event_type": "click"}})
    is not 'buy'
      step 1: fails
        ok   event $autocapture
        FAIL selector a.buy: no element is a.buy
        ok   property $event_type exact 'click'
    """
    row, chain = canonical(event)
    tables = EventTables(
        con=ibis.duckdb.connect(),
        source=Ready(ibis.memtable(row, schema=schema.EVENTS), has_uuids=False),
        settings=Settings(),
        identity="given",
    )
    matcher = Matcher(tables, relation(tables, action))
    made = []
    for number, step in enumerate(action.steps, start=1):
        asked = matcher.clauses(step)
        read = {f"v{i}": c.value for i, c in enumerate(asked) if c.value is not None}
        found = tables.arrow(matcher.rows.select(**{f"c{i}": c.test for i, c in enumerate(asked)}, **read)).to_pylist()[0] if asked else {}
        said = tuple(explained(c, bool(found[f"c{i}"]), found.get(f"v{i}"), event, chain) for i, c in enumerate(asked))
        made.append(ExplainedStep(number, said))
    return Explanation(action.name, tuple(made))


def canonical(event: Mapping[str, Any]) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Give one event as a canonical row, and its elements."""
    given = dict(event)
    said, person = as_object(given.get("properties")), as_object(given.get("person_properties"))
    chain = given.get("elements_chain") or said.get("$elements_chain") or ""
    if not chain and given.get("elements"):
        chain = elements.to_chain(list(given["elements"]))
    row: dict[str, Any] = {name: None for name in schema.EVENTS.names}
    row |= {
        "uuid": "00000000-0000-0000-0000-000000000000",
        "event": str(given.get("event", "")),
        "distinct_id": str(given.get("distinct_id", "")),
        "properties": json.dumps(said),
        "person_properties": json.dumps(person),
        "elements_chain": chain,
        "arrival": 0,
    }
    return pa.Table.from_pylist([row], schema.EVENTS.to_pyarrow()), elements.from_chain(chain)


def as_object(value: Any) -> dict[str, Any]:
    """Give an object that may come as JSON text, or be missing."""
    if isinstance(value, str):
        return dict(json.loads(value)) if value else {}
    return dict(value) if isinstance(value, Mapping) else {}


def explained(asked: query.Clause, passed: bool, value: str | None, event: Mapping[str, Any], chain: Sequence[Mapping[str, Any]]) -> Clause:
    """Give a clause with what the event has, and why that is not enough."""
    found = found_of(asked, value, chain)
    if passed:
        reason = ""
    elif asked.name == "selector":
        reason = why_not(chain, asked.wanted)
    elif asked.name in ("tag_name", "text", "href") and not chain:
        reason = "the event has no elements"
    elif isinstance(asked.filter, PropertyFilter) and asked.filter.type == "person" and "person_properties" not in event:
        reason = "one event doesn't tell what its person is like: give it person_properties"
    elif isinstance(asked.filter, PropertyFilter) and asked.filter.type in ("group", "cohort", "session"):
        reason = f"one event doesn't tell what its {asked.filter.type} is like"
    else:
        reason = f"the event has {found}"
    return Clause(asked.name, asked.wanted, passed, found, reason)


def found_of(asked: query.Clause, value: str | None, chain: Sequence[Mapping[str, Any]]) -> str:
    """Give what the event has of what a clause asks about."""
    if asked.name == "tag_name":
        return ", ".join(str(e.get("tag_name")) for e in chain)
    if asked.name == "text":
        return repr(elements.texts(chain))
    if asked.name == "href":
        return repr(elements.href(chain))
    if asked.name == "selector":
        return f"{len(chain)} elements"
    return repr(value) if asked.value is not None else "other properties"


def why_not(chain: Sequence[Mapping[str, Any]], selector: str) -> str:
    """Say why a selector doesn't match a chain: which part fits no element, or that the order is wrong.

    Examples
    --------
    >>> why_not([{"tag_name": "a"}, {"tag_name": "div"}], "form a")
    'no element is form'
    """
    if not chain:
        return "the event has no elements"
    for part in parse_selector(selector):
        if not any(part.fits(e) for e in chain):
            return f"no element is {written(part)}"
    return "there is an element for each part, but none inside the other as the selector asks"


def written(part: Part) -> str:
    """Write one compound of a selector."""
    said = part.tag or ""
    said += "".join(f"#{i}" for i in part.ids) + "".join(f".{c}" for c in part.classes)
    said += "".join(f'[{k}="{v}"]' for k, v in part.attributes) + "".join(f":nth-child({n})" for n in part.nth_child)
    return (said + "".join(f":nth-of-type({n})" for n in part.nth_of_type)) or "*"
