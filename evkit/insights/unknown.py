"""Warnings of names in a question that the data doesn't have, with the nearest that it has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from evkit import properties
from evkit.errors import UnknownEventWarning, nearest, warn
from evkit.model.tables import EventTables
from evkit.query.property_filters import PropertyRef
from evkit.query.spec import Series


def warn_of_events(series: Iterable[Series], tables: EventTables) -> None:
    """Warn of series that name an event the data doesn't have."""
    names = {s.subject for s in series if isinstance(s.subject, str)}
    if not names:
        return
    known = tables.event_names
    for name in sorted(names - set(known)):
        warn(f"no event is called {name!r}.{nearest(name, known)} Its figures are zeros.", UnknownEventWarning)


def warn_of_properties(refs: Sequence[PropertyRef], values: Iterable[Sequence[str]], no_value: str, tables: EventTables) -> None:
    """Warn of breakdowns by a property that nothing has; `values` are those that were found.

    The names are looked up only where a breakdown found nothing but `no_value`.
    """
    found = list(values)
    for i, ref in enumerate(refs):
        if ref.type not in ("event", "person") or not found or any(value[i] != no_value for value in found):
            continue
        _warn_of(ref, "All of it has no value", tables)


def warn_of_names(refs: Iterable[PropertyRef], tables: EventTables) -> None:
    """Warn of properties in filters and maths that nothing has: called where the figures are all zero."""
    for ref in dict.fromkeys(r for r in refs if r.type in ("event", "person") and not r.key.startswith("$session_duration")):
        _warn_of(ref, "Figures that ask for it are zeros", tables)


def _warn_of(ref: PropertyRef, consequence: str, tables: EventTables) -> None:
    known = event_properties(tables) if ref.type == "event" else person_properties(tables)
    if ref.key in known or ref.key in ("distinct_id", "$elements_chain"):
        return
    hint = nearest(ref.key, known)
    if ref.type == "event" and ref.key in person_properties(tables):
        hint = f" Persons have it: ek.person_prop({ref.key!r})."
    elif ref.type == "person" and ref.key in event_properties(tables):
        hint = f" Events have it: ek.event_prop({ref.key!r})."
    if not hint:
        kind = next((kind for kind in tables.group_types if kind and ref.key in group_properties(tables, kind)), None)
        hint = "" if kind is None else f" Groups of type {kind} have it: ek.group_prop({ref.key!r}, {tables.group_types.index(kind)})."
    owner = "event" if ref.type == "event" else "person"
    warn(f"no {owner} has a property {ref.key!r}.{hint} {consequence}.", UnknownEventWarning)


def event_properties(tables: EventTables) -> list[str]:
    """Give the names of the events' properties; looked up once."""

    def find() -> list[str]:
        e = tables.clean()
        names = e.select(name=properties.keys(e.properties, dialect=tables.dialect).unnest()).distinct()
        return sorted(tables.execute(names).name)

    return tables.cache.get("event_properties", find)


def person_properties(tables: EventTables) -> list[str]:
    """Give the names of the persons' properties; looked up once."""
    return tables.cache.get(
        "person_property_names", lambda: sorted({name for text in tables.persons_frame().properties for name in json.loads(text)})
    )


def group_properties(tables: EventTables, kind: str) -> list[str]:
    """Give the names of the properties of groups of one type; looked up once."""

    def find() -> list[str]:
        groups = tables.group_table()
        found = tables.execute(groups.filter(groups.type == kind).select("properties"))
        return sorted({name for text in found.properties for name in json.loads(text)})

    return tables.cache.get(f"group_property_names {kind}", find)
