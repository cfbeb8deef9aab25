"""The items of paths from journeys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evkit.dates.cuts import microseconds
from evkit.insights.funnel.relation import group_index
from evkit.insights.funnel.spec import Funnel
from evkit.insights.funnel.walk import walk
from evkit.insights.paths.relation import included, item_of, span, windows
from evkit.insights.paths.spec import HIDDEN, Paths
from evkit.journeys.columns import NOTHING, Coded
from evkit.journeys.index import Index
from evkit.kernel.selecting import within
from evkit.model.journeys import PERSONS
from evkit.model.tables import EventTables
from evkit.query.filters import Matcher
from evkit.query.marks import Marks, by_of, marks
from evkit.query.property_filters import PropertyRef

SAID_BY = {"$pageview": PropertyRef("$current_url"), "$screen": PropertyRef("$screen_name")}
"""The events whose item is something that they say, and which property that is."""


@dataclass(frozen=True, eq=False)
class Read:
    """Which item each event of an index is.

    Parameters
    ----------
    index
        The journeys.
    codes
        int32: a position in `items` for each event; less than 0 for one that is no item.
    items
        int32: positions in `names`; less than 0 for an item that is left out.
    names
        The items there are, and `HIDDEN`, in the order of their bytes.
    passes
        bool: which events count; None where all do.
    low, high
        The first and the last instant that counts, microseconds.
    """

    index: Index
    codes: np.ndarray
    items: np.ndarray
    names: pa.Array
    passes: np.ndarray | None
    low: int
    high: int


def read(spec: Paths, tables: EventTables) -> Read | None:
    """Give which item each event of the index is; None where the engine has to be asked."""
    found = marks(tables, PERSONS) if spec.funnel is None or of_persons(spec.funnel, tables) else None
    said = None if found is None else items(spec, found)
    if found is None or said is None:
        return None
    between, index = span(spec, tables), found.index
    passes = found.passing(None, spec.filters)
    if spec.funnel is not None:
        walked = walk(spec.funnel, tables, named=False)
        if not walked.sorted.numbered:
            return None
        followed = windows(spec, walked)
        columns = (followed[name].to_numpy(np.int64) for name in ("follows", "since", "until"))
        inside = within(index.offsets, index.t, *columns)
        passes = inside if passes is None else inside & passes
    names = pa.array(sorted({*said.words.to_pylist(), HIDDEN}, key=lambda word: word.encode()), pa.string())
    place = pc.index_in(said.words, names).to_numpy(zero_copy_only=False).astype(np.int32)
    if spec.exclude_events:
        out = pc.is_in(said.words, pa.array(list(spec.exclude_events), pa.string())).to_numpy(zero_copy_only=False)
        place[out] = NOTHING
    return Read(index, said.codes, place, names, passes, microseconds(between.lower), microseconds(between.end))


def read_pages(tables: EventTables) -> None:
    """Read what pages and screens are called, where there are journeys: it is most of what the first paths take."""
    found = marks(tables, PERSONS)
    if found is not None:
        for event, ref in SAID_BY.items():
            if event in found.index.code:
                found.said(ref, (event,))


def of_persons(funnel: Funnel, tables: EventTables) -> bool:
    """Say whether a funnel follows persons."""
    return funnel.aggregate_by is None and by_of(tables, group_index(funnel, tables)) == PERSONS


def items(spec: Paths, found: Marks) -> Coded | None:
    """Give what each event is called, nothing where it is no item; None where there are too many names.

    What pages and screens are called is made of the property that says so, which is read once; others are called by their name.
    """
    name = (
        "paths", spec.include_event_types, spec.event_names_for, spec.expression, spec.path_replacements,
        spec.local_path_cleaning_filters, spec.path_groupings,
    )  # fmt: skip
    item = lambda m: included(spec, m.rows.event).ifelse(item_of(spec, m), None)  # noqa: E731
    if spec.expression is not None:
        said = found.coded(name, (spec.expression,), item, None)
        return said if said is None else found.kept(name, partial(widened, said))
    parts: list[Coded] = []
    for event, ref in SAID_BY.items():
        if event in found.index.code and spec.includes(event):
            said = found.part(name, ref, item, (event,), event=event)
            if said is None:
                return None
            parts.append(said)
    return found.kept(
        name, lambda: joined(parts, by_name(found, item), found.index.events, [e for e in SAID_BY if spec.includes(e)], found)
    )


def widened(said: Coded) -> Coded:
    """Give the same with the codes as int32: one kind of number, one machine."""
    return Coded(said.codes.astype(np.int32), said.words, said.covered)


def by_name(found: Marks, item: Callable[[Matcher], ir.StringValue]) -> list[str | None]:
    """Give what events are called that say nothing, by their name; None for those that are no item."""
    names = list(found.index.names)
    rows = ibis.memtable(pa.table({"event": pa.array(names, pa.string()), "properties": ["{}"] * len(names)}))
    told = found.tables.arrow(rows.select("event", item=item(Matcher(found.tables, rows)))).to_pylist()
    called = {row["event"]: row["item"] for row in told}
    return [called[name] for name in names]


def joined(parts: list[Coded], called: list[str | None], events: np.ndarray, said: list[str], found: Marks) -> Coded:
    """Put what events say beside what they are called: one list of names, a code into it for each event."""
    place: dict[str, int] = {}
    table = np.full(max(len(called), 1), NOTHING, np.int32)
    for code, (name, item) in enumerate(zip(found.index.names, called, strict=True)):
        if item is not None and name not in said:
            table[code] = place.setdefault(item, len(place))
    codes = table[events]
    there = [name for name in said if name in found.index.code]
    for name, part in zip(there, parts, strict=True):
        own = np.array([place.setdefault(word, len(place)) for word in part.words.to_pylist()] + [NOTHING], np.int32)
        mine = events == found.index.code[name]
        codes[mine] = own[part.codes[mine]]
    return Coded(codes, pa.array(list(place), pa.string()), frozenset())
