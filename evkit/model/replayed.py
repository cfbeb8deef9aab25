"""The persons as they are now: replayed from the events that may change one, a person after the other."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import ibis.expr.types as ir
import pandas as pd

from evkit.garbage import uncollected
from evkit.model import changing, identity
from evkit.model.persons import Row, State, merges_of, one_event, rows
from evkit.model.progress import Bar, watched

if TYPE_CHECKING:
    from evkit.model.tables import EventTables

PERSON_COLUMNS = ["person_id", "distinct_ids", "properties", "created_at", "is_identified"]
ROWS_A_BATCH = 50_000
FEWEST = 20_000
"""Fewer events than that are all replayed: that is done sooner than looking which to leave out."""


def persons_frame(tables: EventTables, found: identity.Identity) -> pd.DataFrame:
    """Give the persons: `PERSON_COLUMNS`, properties as JSON text, created_at in UTC; a row a person, by person_id.

    DuckDB says which events may change a person, and gives them a person at a time, which is then written at once: persons of
    different ids know nothing of each other. Other engines give all events, in arrival order.
    """
    marks = None
    if tables.dialect == "duckdb" and tables.count >= FEWEST:
        with watched(tables.con, "looking for events that change persons"):
            marks = changing.changing(tables)
    apart = ((0, row) for row in rows(tables)) if marks is None else by_person(tables, marks)
    return replayed(apart, found)


class Written:
    """Persons that are done, a column a list: containers by the million would keep the garbage collector busy."""

    def __init__(self) -> None:
        self.person_ids: list[str] = []
        self.texts: list[str] = []
        self.times: list[dt.datetime] = []
        self._ids: list[str] = []
        self._ends: list[int] = []
        self._write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode

    def add(self, states: dict[str, State]) -> None:
        """Write persons."""
        for person_id, state in states.items():
            self.person_ids.append(person_id)
            self.texts.append(self._write(state.properties))
            self.times.append(state.created_at)
            self._ids += state.ids
            self._ends.append(len(self._ids))

    def frame(self, identified: frozenset[str]) -> pd.DataFrame:
        """Give the frame, by person_id."""
        order = sorted(range(len(self.person_ids)), key=self.person_ids.__getitem__)
        sort = lambda column: [column[i] for i in order]  # noqa: E731
        person_ids, starts = sort(self.person_ids), [0, *self._ends]
        with uncollected():
            ids = [self._ids[starts[i] : starts[i + 1]] for i in order]
        columns = (person_ids, ids, sort(self.texts), sort(self.times), [p in identified for p in person_ids])
        frame = pd.DataFrame(dict(zip(PERSON_COLUMNS, columns, strict=True)))
        return frame.astype({"created_at": "datetime64[us]", "is_identified": "bool"})


def replayed(events: Iterable[tuple[int, Row]], found: identity.Identity) -> pd.DataFrame:
    """Replay events, each with a number of its person: a person is written when the number changes."""
    merges, written = merges_of(found.log), Written()
    owner: dict[str, str] = {}
    states: dict[str, State] = {}
    current = 0
    for person, row in events:
        if person != current:
            written.add(states)
            owner.clear()
            states.clear()
            current = person
        one_event(row, merges, owner, states)
    written.add(states)
    return written.frame(found.identified)


def by_person(tables: EventTables, marks: ir.Table) -> Iterator[tuple[int, Row]]:
    """Give the events of some marks with a hash of the person each belongs to in the end, by that, then in arrival order."""
    e = changing.with_person(tables, changing.chosen(tables, marks))
    chosen = e.order_by([e.owner, e.arrival, e.uuid]).select("owner", "uuid", "event", "distinct_id", "timestamp", "properties")
    total, done = int(tables.execute(marks.count().name("n").as_table()).n[0]), 0
    with Bar("rebuilding persons") as bar:
        for batch in tables.batches(chosen, ROWS_A_BATCH):
            columns = (batch[name].to_numpy(zero_copy_only=False).tolist() for name in ("uuid", "event", "distinct_id"))
            times = batch["timestamp"].to_numpy(zero_copy_only=False).tolist()
            yield from zip(batch["owner"].to_pylist(), zip(*columns, times, batch["properties"].to_pylist(), strict=True), strict=True)
            done += len(batch)
            bar(done, total)
