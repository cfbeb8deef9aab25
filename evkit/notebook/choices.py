"""What can be chosen from in a widget: the data's events, actions, properties and values, looked up when they are needed."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from evkit.errors import SpecError
from evkit.events import Events
from evkit.notebook.form import ref_of
from evkit.properties import keys
from evkit.query.filters import Matcher
from evkit.query.relation import relation

MOST_NAMES = 2_000
"""Events that a list offers, the most frequent; others can be typed."""
MOST_VALUES = 50
SAMPLE = 300_000
"""Events that are looked at to suggest names and values: enough to know what there is, quick on millions."""


class Choices:
    """What the events offer to choose from.

    Parameters
    ----------
    events
        The events; suggestions are of all of them, whatever `filter` restricts questions to.
    """

    def __init__(self, events: Events) -> None:
        self.events = events
        self.tables = events.tables
        self._names: dict[str, list[str]] = {}
        self._values: dict[tuple[str, str], list[str]] = {}

    @cached_property
    def event_names(self) -> list[dict[str, Any]]:
        """The event names with how often, the most frequent first."""
        found = self.events.event_names().head(MOST_NAMES)
        return [{"name": name, "count": int(n)} for name, n in zip(found.event, found.events, strict=True)]

    @property
    def action_names(self) -> list[str]:
        """The names of the actions that the events know."""
        return sorted(str(a.name) for a in self.tables.settings.actions.values())

    @cached_property
    def owners(self) -> list[dict[str, str]]:
        """Whose properties there are."""
        groups = [{"value": f"group:{i}", "label": kind} for i, kind in enumerate(self.tables.group_types) if kind]
        cohorts = [{"value": "cohort", "label": "cohort"}] if self.tables.settings.cohorts else []
        return [
            {"value": "event", "label": "event"},
            {"value": "person", "label": "person"},
            *groups,
            {"value": "session", "label": "session"},
            *cohorts,
        ]

    def properties(self, owner: str) -> list[str]:
        """Give the names of an owner's properties; those of events as the first `SAMPLE` of them have."""
        if owner not in self._names:
            self._names[owner] = self._find_properties(owner)
        return self._names[owner]

    def _find_properties(self, owner: str) -> list[str]:
        if owner == "session":
            return ["$session_duration"]
        if owner == "cohort":
            return ["id"]
        kind, _, index = owner.partition(":")
        if kind == "group":
            g = self.tables.group_table()
            column = g.filter(g.type_index == int(index)).select(p="properties")
        elif kind == "person":
            column = self.tables.person_properties().select(p="person_properties")
        elif kind == "event":
            column = self.tables.clean().select(p="properties")
        else:
            raise SpecError(f"{owner!r} has no properties. Of: {', '.join(o['value'] for o in self.owners)}")
        some = column.limit(SAMPLE)
        named = some.select(name=keys(some.p, dialect=self.tables.dialect).unnest())
        counted = named.group_by("name").agg(n=named.count())
        return list(self.tables.execute(counted.order_by([counted.n.desc(), counted.name]).limit(MOST_NAMES)).name)

    def values(self, owner: str, key: str) -> list[str]:
        """Give the most frequent values of a property, as the first `SAMPLE` events have them."""
        if owner == "cohort":
            return [str(c.id) for c in self.tables.settings.cohorts.values()]
        if (owner, key) not in self._values:
            ref = ref_of({"owner": owner, "key": key})
            rows = relation(self.tables, ref, people=False).limit(SAMPLE)
            said = rows.select(value=Matcher(self.tables, rows).value(ref))
            said = said.filter(said.value.notnull() & (said.value != ""))
            counted = said.group_by("value").agg(n=said.count())
            found = self.tables.execute(counted.order_by([counted.n.desc(), counted.value]).limit(MOST_VALUES))
            self._values[(owner, key)] = list(found.value)
        return self._values[(owner, key)]
