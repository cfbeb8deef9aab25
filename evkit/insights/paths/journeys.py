"""The items of paths from journeys."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evkit.dates.cuts import microseconds
from evkit.insights.funnel.relation import group_index
from evkit.insights.funnel.spec import Funnel
from evkit.insights.funnel.walk import walk
from evkit.insights.paths.relation import included, item_of, span, windows
from evkit.insights.paths.spec import HIDDEN, Paths
from evkit.journeys.columns import Coded
from evkit.kernel.selecting import kept, select, within
from evkit.model.journeys import PERSONS
from evkit.model.tables import EventTables
from evkit.query.marks import Marks, by_of, marks


def read(spec: Paths, tables: EventTables) -> tuple[np.ndarray, np.ndarray, np.ndarray, pa.Array] | None:
    """Give the items: where each actor's begin, and the end; their times; their codes; the names, in the order of their bytes. None where the engine has to be asked."""
    found = marks(tables, PERSONS) if spec.funnel is None or of_persons(spec.funnel, tables) else None
    said = None if found is None else items(spec, found)
    if found is None or said is None:
        return None
    between, index = span(spec, tables), found.index
    wanted = said.codes >= 0
    if spec.exclude_events:
        out = pc.is_in(said.words, pa.array(list(spec.exclude_events), pa.string())).to_numpy(zero_copy_only=False)
        wanted &= ~np.append(out, False)[said.codes]
    passes = found.passing(None, spec.filters)
    picked = select(index.offsets, index.t, wanted, passes, low=microseconds(between.lower), high=microseconds(between.end))
    at, begins, who = picked
    if spec.funnel is not None:
        walked = walk(spec.funnel, tables, named=False)
        if not walked.sorted.numbered:
            return None
        followed = windows(spec, walked)
        columns = (followed[name].to_numpy(np.int64) for name in ("follows", "since", "until"))
        at, begins, _ = kept(*picked, within(begins, who, index.t[at], *columns))
    names = pa.array(sorted({*said.words.to_pylist(), HIDDEN}, key=lambda word: word.encode()), pa.string())
    place = pc.index_in(said.words, names).to_numpy(zero_copy_only=False).astype(np.int64)
    return begins, index.t[at], place[said.codes[at]] if len(place) else np.zeros(0, np.int64), names


def of_persons(funnel: Funnel, tables: EventTables) -> bool:
    """Say whether a funnel follows persons."""
    return funnel.aggregate_by is None and by_of(tables, group_index(funnel, tables)) == PERSONS


def items(spec: Paths, found: Marks) -> Coded | None:
    """Give what each event is called, nothing where it is no item; None where there are too many names."""
    name = (
        "paths", spec.include_event_types, spec.expression, spec.path_replacements, spec.local_path_cleaning_filters, spec.path_groupings,
    )  # fmt: skip
    return found.coded(name, (spec.expression,), lambda m: included(spec, m.rows.event).ifelse(item_of(spec, m), None), None)
