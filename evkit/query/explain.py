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
from evkit.model.tables import EventTables, Ready, Settings
from evkit.query.filters import Matcher
from evkit.query.relation import relation
from evkit.query.spec import Action, ActionStep


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
        event, properties (object or JSON text), and elements or elements_chain; a row of `events.head()` does.

    Examples
    --------
    >>> from evkit.query.spec import Action, clicked
    >>> explain(Action("buy", clicked(selector="a.buy")), {"event": "$autocapture", "elements": [{"tag_name": "a"}], "properties": {"$event_type": "click"}})
    is not 'buy'
      step 1: fails
        ok   event $autocapture
        FAIL selector a.buy: no element is a.buy
        ok   property $event_type exact click
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
        clauses = matcher.clauses(step)
        verdicts = tables.arrow(
            matcher.rows.select(**{f"c{i}": test for i, (_, _, test) in enumerate(clauses)}) if clauses else matcher.rows
        ).to_pylist()[0]
        made.append(
            ExplainedStep(
                number,
                tuple(_clause(name, wanted, bool(verdicts[f"c{i}"]), row, chain, step) for i, (name, wanted, _) in enumerate(clauses)),
            )
        )
    return Explanation(action.name, tuple(made))


def canonical(event: Mapping[str, Any]) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Give one event as a canonical row, and its elements."""
    given = dict(event)
    properties = given.get("properties") or {}
    said = json.loads(properties) if isinstance(properties, str) else dict(properties)
    chain = given.get("elements_chain") or said.get("$elements_chain") or ""
    if not chain and given.get("elements"):
        chain = elements.to_chain(list(given["elements"]))
    row: dict[str, Any] = {name: None for name in schema.EVENTS.names}
    row |= {
        "uuid": "00000000-0000-0000-0000-000000000000",
        "event": str(given.get("event", "")),
        "distinct_id": str(given.get("distinct_id", "")),
        "properties": json.dumps(said),
        "elements_chain": chain,
        "arrival": 0,
    }
    return pa.Table.from_pylist([row], schema.EVENTS.to_pyarrow()), elements.from_chain(chain)


def _clause(name: str, wanted: str, passed: bool, row: pa.Table, chain: Sequence[Mapping[str, Any]], step: ActionStep) -> Clause:
    found = _found(name, wanted, row, chain)
    if passed:
        reason = ""
    elif name == "selector":
        reason = why_not(chain, str(step.selector))
    elif name in ("tag_name", "text", "href") and not chain:
        reason = "the event has no elements"
    else:
        reason = f"the event has {found}"
    return Clause(name, wanted, passed, found, reason)


def _found(name: str, wanted: str, row: pa.Table, chain: Sequence[Mapping[str, Any]]) -> str:
    said = json.loads(row["properties"][0].as_py())
    if name == "event":
        return repr(row["event"][0].as_py())
    if name == "url":
        return repr(said.get("$current_url"))
    if name == "property":
        return repr(said.get(wanted.split(" ")[0]))
    if name == "tag_name":
        return ", ".join(str(e.get("tag_name")) for e in chain)
    if name == "text":
        return repr(elements.texts(chain))
    return repr(elements.href(chain)) if name == "href" else f"{len(chain)} elements"


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
