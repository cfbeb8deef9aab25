"""Warnings of what a question names and the data doesn't have: events, properties, values, times; with the nearest that it has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from evkit import properties
from evkit.dates import Range
from evkit.errors import EvkitWarning, UnknownEventWarning, nearest, warn
from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef, in_words
from evkit.query.relation import relation
from evkit.query.spec import Series

MOST_VALUES = 10_000
"""So many values of a property are compared with one that nothing has."""


def warn_of_events(series: Iterable[Series], tables: EventTables) -> None:
    """Warn of series that name an event the data doesn't have."""
    names = {s.subject for s in series if isinstance(s.subject, str)}
    if not names:
        return
    known = tables.event_names
    for name in sorted(names - set(known)):
        warn(f"no event is called {name!r}.{nearest(name, known)} Its figures are zeros.", UnknownEventWarning)


def warn_of_properties(refs: Sequence[PropertyRef], values: Iterable[Sequence[str]], no_value: str, tables: EventTables) -> None:
    """Warn of breakdowns by a property that nothing has, or only others than the events asked about; `values` are those that were found.

    The names are looked up only where a breakdown found nothing but `no_value`.
    """
    found = list(values)
    for i, ref in enumerate(refs):
        if ref.type not in ("event", "person") or not found or any(value[i] != no_value for value in found):
            continue
        if not _warn_of(ref, "All of it has no value", tables) and ref.type == "event" and ref.key in person_properties(tables):
            warn(
                f"none of the events asked about has a property {ref.key!r}. Persons have it: ek.person_prop({ref.key!r}). All of it has no value.",
                UnknownEventWarning,
            )


def warn_of_zeros(refs: Iterable[PropertyRef], filters: Iterable[FilterGroup], span: Range, tables: EventTables) -> None:
    """Warn of what makes figures zero: called where they all are.

    Parameters
    ----------
    refs
        The properties that are computed with or filtered by.
    filters
        What the events must pass.
    span
        The range that was asked about.
    """
    if tables.is_empty:
        return
    warn_of_range(span, tables)
    missing = {
        (ref.type, ref.key)
        for ref in dict.fromkeys(r for r in refs if r.type in ("event", "person") and not r.key.startswith("$session_duration"))
        if _warn_of(ref, "Figures that ask for it are zeros", tables)
    }
    for one in dict.fromkeys(one for group in filters for one in _required(group)):
        if one.type in ("event", "person", "group") and (one.type, one.key) not in missing:
            _warn_of_filter(one, tables)


def warn_of_range(span: Range, tables: EventTables, category: type[EvkitWarning] = UnknownEventWarning) -> None:
    """Warn of a range that lies outside the data."""
    if tables.is_empty or (span.lower <= tables.last_event and span.end >= tables.first_event):
        return
    first, last = (f"{t.day} {t:%B %Y}" for t in (tables.first_event.astimezone(span.zone), tables.last_event.astimezone(span.zone)))
    data = f"all of {first}" if first == last else f"from {first} to {last}"
    warn(f"no event is in the range {span.in_words}: the data is {data}. Its figures are zeros.", category)


def _required(given: FilterGroup | PropertyFilter) -> Iterator[PropertyFilter]:
    """Give the filters that every event must pass, each by itself."""
    if isinstance(given, PropertyFilter):
        yield given
    elif given.op == "AND" or len(given.values) == 1:
        for value in given.values:
            yield from _required(value)


def _warn_of_filter(one: PropertyFilter, tables: EventTables) -> None:
    """Warn of a filter that no event of all the data passes."""
    rows = relation(tables, one)
    passing = rows.filter(Matcher(tables, rows).filter(one)).limit(1)
    if len(tables.arrow(passing.select("uuid"))):
        return
    hint = ""
    if one.operator in ("exact", "icontains") and not one.negation:
        ref = PropertyRef(one.key, one.type, one.group_type_index)
        rows = relation(tables, ref)
        values = tables.arrow(rows.select(value=Matcher(tables, rows).value(ref)).distinct().limit(MOST_VALUES))["value"].to_pylist()
        wanted = one.value if isinstance(one.value, tuple) else (one.value,)
        hint = next(filter(None, (nearest(w, sorted(str(v) for v in values if v)) for w in wanted)), "")
    warn(f"no event passes {in_words(one)}.{hint} Figures that ask for it are zeros.", UnknownEventWarning)


def _warn_of(ref: PropertyRef, consequence: str, tables: EventTables) -> bool:
    """Warn of a property that nothing has, and say whether that was so."""
    known = event_properties(tables) if ref.type == "event" else person_properties(tables)
    if ref.key in known or ref.key in ("distinct_id", "$elements_chain"):
        return False
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
    return True


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
