"""The events with everything a question needs joined to them, a row an event."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from evkit import elements
from evkit.errors import SpecError, nearest
from evkit.model.tables import EventTables
from evkit.query.property_filters import FilterGroup, PropertyFilter, PropertyRef
from evkit.query.spec import Action, ActionStep, Cohort, Series

Spec = Action | ActionStep | FilterGroup | PropertyFilter | PropertyRef | Series | None
NO_GROUP = "a group property needs a group_type_index"


def needs_of(*specs: Spec) -> frozenset[str]:
    """Give the joins that specs need: "who", "person", "group:0", "session", "cohort:1", "selector:css"."""
    return frozenset(need for spec in specs for need in _needs(spec))


def _needs(spec: Spec) -> Iterator[str]:
    if isinstance(spec, FilterGroup):
        for value in spec.values:
            yield from _needs(value)
    elif isinstance(spec, (PropertyFilter, PropertyRef)):
        yield from _property_needs(spec)
    elif isinstance(spec, Action):
        for step in spec.steps:
            yield from _needs(step)
    elif isinstance(spec, ActionStep):
        if spec.selector and spec.event == "$autocapture":
            yield f"selector:{spec.selector}"
        yield from _needs(spec.properties)
    elif isinstance(spec, Series):
        if isinstance(spec.subject, Action):
            yield from _needs(spec.subject)
        yield from _needs(spec.group)
        yield from _needs(spec.property)
        if spec.group_type_index is not None:
            yield f"group:{spec.group_type_index}"


def _property_needs(spec: PropertyFilter | PropertyRef) -> Iterator[str]:
    if spec.type == "person" and spec.key != "distinct_id":
        yield "person"
    elif spec.type == "event_metadata" and spec.key == "person_id":
        yield "who"
    elif spec.type == "group" and spec.group_type_index is not None:
        yield f"group:{spec.group_type_index}"
    elif spec.type == "session" or spec.key == "$session_duration":
        yield "session"
    elif spec.type == "cohort" and isinstance(spec, PropertyFilter):
        yield f"cohort:{spec.value}"
    elif spec.type == "element" and spec.key == "selector" and isinstance(spec, PropertyFilter):
        for value in spec.value if isinstance(spec.value, tuple) else (spec.value,):
            if value:
                yield f"selector:{value}"


def selector_column(selector: str) -> str:
    """Name the column that says whether a selector matches the event's elements."""
    return "selector_" + hashlib.sha1(selector.encode()).hexdigest()[:12]


def relation(tables: EventTables, *specs: Spec, people: bool = True, named: bool = True, numbered: bool = False) -> ir.Table:
    """Give the events with what `specs` need joined.

    Parameters
    ----------
    people
        Whether the question asks who did it; a person property or a cohort among `specs` does anyway.
    named
        Whether person_id is the person's, rather than any id of the same person: where persons are only counted, it needn't be.
        Person properties and cohorts go by the person's anyway.
    numbered
        Whether there is `row`, the event's number in the scan of the data.

    Returns
    -------
    ir.Table
        A row an event: the columns of `EventTables.log`, cohort_<id> and selector_<hash> booleans.
    """
    needs = needs_of(*specs)
    asks_who = any(need in ("person", "who") or need.startswith("cohort:") for need in needs)
    log = tables.log(needs, people=people or asks_who, named=named or asks_who, numbered=numbered)
    for need in sorted(needs):
        kind, _, what = need.partition(":")
        if kind == "selector":
            log = with_selector(tables, log, what)
        elif kind == "cohort":
            log = with_cohort(tables, log, what)
    return log


def with_selector(tables: EventTables, log: ir.Table, selector: str) -> ir.Table:
    """Join whether a selector matches: decided once for each distinct chain."""
    name = selector_column(selector)
    if tables.con is None:
        return log.mutate(**{name: ibis.literal(False)})
    matching = tables.cache.get(name, lambda: _matching_chains(tables, selector, name))
    joined = log.left_join(matching, log.elements_chain == matching.chain).drop("chain")
    return joined.mutate(**{name: joined[name].fill_null(False)})


def _matching_chains(tables: EventTables, selector: str, name: str) -> ir.Table:
    e = tables.clean()
    chains = tables.cache.get(
        "chains", lambda: tables.arrow(e.filter(e.elements_chain != "").select("elements_chain").distinct())[0].to_pylist()
    )
    parsed = tables.cache.get("parsed_chains", lambda: [(chain, elements.from_chain(chain)) for chain in chains])
    hits = [chain for chain, found in parsed if elements.matches_selector(found, selector)]
    import pyarrow as pa

    rows = pa.table({"chain": pa.array(hits, pa.string()), name: pa.array([True] * len(hits), pa.bool_())})
    return tables.keep(name, rows, ibis.schema({"chain": "string", name: "boolean"}))


def with_cohort(tables: EventTables, log: ir.Table, cohort_id: str) -> ir.Table:
    """Join whether the event's person is in a cohort."""
    name = f"cohort_{cohort_id}"
    cohort = cohort_of(tables, cohort_id)
    from evkit.query import cohorts

    persons = cohorts.kept(tables, cohort).mutate(**{name: ibis.literal(True)}).rename(cohort_person="person_id")
    joined = log.left_join(persons, log.person_id == persons.cohort_person).drop("cohort_person")
    return joined.mutate(**{name: joined[name].fill_null(False)})


def find(known: Mapping[int | str, Cohort], cohort_id: Any) -> Cohort | None:
    """Give a cohort by its id, be that given as number or text; None where there is none."""
    return next((c for key, c in known.items() if str(key) == str(cohort_id)), None)


def cohort_of(tables: EventTables, cohort_id: Any) -> Cohort:
    """Give a cohort by its id.

    Raises
    ------
    SpecError
        When there is none.
    """
    known = tables.settings.cohorts
    found = find(known, cohort_id)
    if found is None:
        names = [str(key) for key in known]
        raise SpecError(f"no cohort {cohort_id!r}.{nearest(cohort_id, names)} Known: {', '.join(names) or 'none'}")
    return found


def persons_of_ids(tables: EventTables, distinct_ids: Sequence[str]) -> ir.Table:
    """Give the persons that distinct ids belong to: person_id, a row a person; an id that nobody has is a person by itself."""
    ids = ibis.memtable({"member": list(distinct_ids)}, schema=ibis.schema({"member": "string"}))
    people = tables.person_map()
    if people is None and tables.identity == "given":
        e = tables.clean()
        people = e.select("distinct_id", person_id=e.person_id.coalesce(e.distinct_id)).distinct()
    if people is None:
        return ids.select(person_id=ids.member).distinct()
    named = ids.left_join(people, ids.member == people.distinct_id)
    return named.select(person_id=named.person_id.coalesce(named.member)).distinct()
