"""Which journeys there are of the tables: found in memory or in the cache, built when it pays or when it is asked for."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from evkit.errors import CacheError, CacheWarning, SpecError, unknown, warn
from evkit.journeys import build, cache, joining, making
from evkit.journeys.arrays import FORMAT, sizes
from evkit.journeys.columns import COLUMNS, SAID, TEST
from evkit.journeys.index import Index
from evkit.model import grown, numbered
from evkit.model.progress import watched

if TYPE_CHECKING:
    from pathlib import Path

    from evkit.model.tables import EventTables

SWITCH = "EVKIT_JOURNEYS"
"""The environment variable that says when indexes are used: "auto", "off", or "always", whatever the size."""
WHEN = ("auto", "off", "always")
WORTH_IT = 500_000
"""So many events make it worth it to build an index unasked, for the second question about the same kind of actor."""
INFO = ["actor", "events", "actors", "columns", "megabytes", "used", "mine", "folder"]
SCAN = "scan"
"""What the events are called in the SQL of what is kept beside an index."""


_question: ContextVar[object | None] = ContextVar("question", default=None)


@contextlib.contextmanager
def one_question() -> Iterator[None]:
    """Let all that is asked meanwhile count as one question."""
    if _question.get() is not None:
        yield
        return
    token = _question.set(object())
    try:
        yield
    finally:
        _question.reset(token)


@dataclass(frozen=True)
class By:
    """Whose journeys: those of persons, distinct ids, sessions, or of groups of one type (by its index)."""

    kind: str = "person"
    group: int | None = None

    @property
    def name(self) -> str:
        """What the index is called."""
        return self.kind if self.group is None else f"group-{self.group}"


PERSONS = By()
IDS = By("distinct_id")
SESSIONS = By("session")


class Same:
    """An object as a key: equal to itself alone. Settings are told apart so: they hold what can't be hashed."""

    def __init__(self, thing: object) -> None:
        self._thing = thing

    def __hash__(self) -> int:
        return id(self._thing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other._thing is self._thing


@dataclass
class Held:
    """What is known of the journeys of a set of tables, in this process.

    Parameters
    ----------
    found
        The indexes by name; None where there can't be one.
    asked
        How many questions asked for each in vain, and the last of them.
    too_many
        The columns that have too many values for codes.
    """

    found: dict[str, Index | None] = field(default_factory=dict)
    asked: dict[str, tuple[int, object]] = field(default_factory=dict)
    too_many: set[Any] = field(default_factory=set)


def held(tables: EventTables) -> Held:
    """Give what is known of the journeys of the tables."""
    return tables.cache.get("journeys", Held)


def mode() -> str:
    """Give when indexes are used.

    Raises
    ------
    SpecError
        When the environment says another word.
    """
    said = os.environ.get(SWITCH, "") or "auto"
    if said not in WHEN:
        raise SpecError(f"{SWITCH}={said!r}: say one of {', '.join(WHEN)}")
    return said


def journeys(tables: EventTables, by: By = PERSONS) -> Index | None:
    """Give the journeys of the tables where there are any, or where it pays to make them; None where a question goes without."""
    if tables.con is None or tables.dialect != "duckdb" or mode() == "off":
        return None
    known = held(tables)
    if by.name not in known.found:
        index = kept(tables, by)
        if index is None:
            before, last = known.asked.get(by.name, (0, None))
            question = _question.get() or object()
            asked = before + (last is not question)
            known.asked[by.name] = asked, question
            if mode() == "auto" and (tables.count < WORTH_IT or (asked < 2 and not was_there(tables, by))):
                return None
            index = made(tables, by)
        known.found[by.name] = index
    return known.found[by.name]


def prepare(tables: EventTables, by: By = PERSONS) -> Index | None:
    """Make the journeys of the tables, where there are none yet; None where they can't be made.

    Raises
    ------
    SpecError
        When the tables lie in another engine than DuckDB.

    Warns
    -----
    CacheWarning
        When they can't be made.
    """
    if tables.con is None or tables.dialect != "duckdb":
        raise SpecError(f"journeys are kept beside DuckDB only: {tables.dialect} answers every question itself")
    known = held(tables)
    if known.found.get(by.name) is None:
        known.found[by.name] = kept(tables, by) or made(tables, by)
    return known.found[by.name]


def by_words(tables: EventTables, words: Sequence[str]) -> list[By]:
    """Give whose journeys words mean: "person", "distinct_id", "session", or the name of a group type.

    Raises
    ------
    SpecError
        For a word that is none of these.
    """
    known = {by.name: by for by in (PERSONS, IDS, SESSIONS)}
    if not all(word in known for word in words):  # then the types are looked for
        known |= {name: By("group", index) for index, name in enumerate(tables.group_types) if name}
    for word in words:
        if word not in known:
            raise unknown("actor", word, list(known))
    return [known[word] for word in words]


def prepare_large(tables: EventTables, *, fewest: int) -> bool:
    """Make the journeys of persons where there are so many events, before somebody asks question after question; say whether there are so many."""
    large = tables.con is not None and tables.dialect == "duckdb" and mode() != "off" and tables.count >= fewest
    if large:
        prepare(tables)
    return large


def kept(tables: EventTables, by: By) -> Index | None:
    """Open the journeys that are in the cache; None where there are none, or they are not what was written."""
    folder = place(tables, by)
    if folder is None or not folder.exists():
        return None
    try:
        index = making.load(folder)
    except CacheError:  # torn: it is made anew
        cache.remove(folder)
        return None
    cache.touch(folder)
    return index


def was_there(tables: EventTables, by: By) -> bool:
    """Say whether the cache has the journeys of an earlier moment, which can be extended."""
    return grown.nearest(tables, by.name, whose(tables, by)) is not None


def whose(tables: EventTables, by: By) -> str:
    """Say whose journeys they are, as the data tell: a type of groups by its name as well, which another order of types changes."""
    types = tables.group_types if by.group is not None else ()
    return by.name + (f" {types[by.group]}" if by.group is not None and by.group < len(types) else "")


def made(tables: EventTables, by: By) -> Index | None:
    """Make the journeys; None where they can't be, be it that there is no room for them or that the engine finds none."""
    try:
        index = written(tables, by)
    except (CacheError, OSError, duckdb.Error) as error:
        said = str(error) if isinstance(error, CacheError) else f"the journey index can't be made: {str(error).splitlines()[0]}"
        warn(f"{said}. Figures are the same without it, and take longer", CacheWarning)
        return None
    if by == PERSONS and tables.replays_identity and index.folder is not None:
        keep_created(tables, index)
    grown.remove_passed(tables, [folder for one in {by, IDS} if (folder := place(tables, one)) is not None and folder.exists()])
    return index


def written(tables: EventTables, by: By) -> Index:
    """Make the journeys, and keep them: of what they were where that is there, else by sorting all events.

    Raises
    ------
    CacheError, OSError, duckdb.Error
        When they can't be.
    """
    folder = place(tables, by)
    before = None if folder is None else grown.earlier(tables, by.name, whose(tables, by))
    index = merged(tables, folder) if by == PERSONS and tables.replays_identity else None
    if index is None and before is not None and folder is not None and not (by == PERSONS and tables.replays_identity):
        with watched(tables.con, f"adding to the events of each {by.kind.replace('_', ' ')}"):
            index = grown.extended(tables, before, relation(tables, by), target=folder, told=told(tables, by, folder))
    index = index if index is not None else sorted_anew(tables, by, folder)
    if folder is not None:
        cache.touch(folder)
        if before is not None:
            grown.carry(tables, before, index, SCAN)
        cache.make_room(folder)
    return index


def keep_created(tables: EventTables, index: Index) -> None:
    """Note when persons were created while the merges are at hand: lifecycles ask for it.

    Warns
    -----
    CacheWarning
        When that can't be found out now.
    """
    from evkit.model.created import created_of_actors

    try:
        created_of_actors(tables, index, None)
    except (CacheError, OSError, duckdb.Error) as error:
        warn(f"when persons were created can't be noted: {str(error).splitlines()[0]}. A lifecycle will ask again", CacheWarning)


def sorted_anew(tables: EventTables, by: By, folder: Path | None) -> Index:
    """Make the journeys by sorting the events."""
    named = build.Named.of(tables.arrow(build.events_of(numbered.numbered(tables))))
    run = lambda expr: tables.batches(expr, 1 << 20)  # noqa: E731
    moved = moved_ids(tables) if by == PERSONS else None
    with watched(tables.con, f"sorting the events of each {by.kind.replace('_', ' ')}"):
        return build.build(
            relation(tables, by), run, named, scanned=numbered.scanned(tables), moved=moved, target=folder, told=told(tables, by, folder)
        )


def told(tables: EventTables, by: By, folder: Path | None) -> dict[str, Any]:
    """Give what is noted with journeys that are kept."""
    return {} if folder is None else grown.told(tables, whose(tables, by))


def merged(tables: EventTables, folder: Path | None) -> Index | None:
    """Make the journeys of persons from those of their distinct ids, by the merges alone; None where these leave the order of two events open."""
    base, moved = held(tables).found.get(IDS.name) or kept(tables, IDS) or written(tables, IDS), moved_ids(tables)
    held(tables).found[IDS.name] = base
    if moved is not None:
        return joining.merged(base, moved, target=folder, told=told(tables, PERSONS, folder))
    if folder is not None:
        making.same_as(folder, IDS.name, told(tables, PERSONS, folder))
    return base


def moved_ids(tables: EventTables) -> pa.Table | None:
    """Give the hashes of the ids that go by another one, and of those: id, person; None where there are none.

    They are in the ids' order, so that the same data make the same index.
    """
    groups = tables.person_groups() if tables.replays_identity else None
    if groups is None:
        return None
    moved = groups.select(id=build.hashed(groups.distinct_id), person=build.hashed(groups.person_id))
    return tables.arrow(moved).sort_by([("id", "ascending")])


def relation(tables: EventTables, by: By) -> ir.Table:
    """Give the events with whose journey they are in: actor (null for none), t, arrival, row, event, uuid."""
    log = tables.log(people=by.kind == "person", named=False, numbered=True)
    actor: Callable[[], ir.StringValue] = {
        "person": lambda: log.person_id,
        "distinct_id": lambda: log.distinct_id,
        "session": lambda: tables.session_id(log.properties).nullif(""),
        "group": lambda: tables.group_key(log.properties, by.group or 0),
    }[by.kind]
    return log.select("t", "arrival", "row", "event", "uuid", actor=actor())


def place(tables: EventTables, by: By) -> Path | None:
    """Give the folder that the journeys are kept in; None for data that nothing tells apart from others for sure."""
    if tables.fingerprint is None or not numbered.stays(tables):
        return None
    said = [FORMAT, duckdb.__version__, tables.fingerprint.data, tables.identity, list(tables.settings.group_types)]
    digest = hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()[:32]
    return cache.root() / digest / by.name


# ---------------------------------------------------------------------- looking after them
def prepared(tables: EventTables, words: Sequence[str]) -> EventTables:
    """Make the journeys that words mean, and give the tables."""
    for by in by_words(tables, words):
        prepare(tables, by)
    return tables


def info(tables: EventTables) -> pd.DataFrame:
    """Give the indexes that are kept, on disk and in memory: see `Events.cache_info`."""
    mine = {index.folder for index in held(tables).found.values() if index is not None and index.folder is not None}
    mine |= {folder for by in everybody(tables) if (folder := place(tables, by)) is not None}
    rows = [row_of(entry, entry.folder in mine) for entry in cache.entries()]
    for name, index in held(tables).found.items():
        if index is not None and index.folder is None:
            rows.append((name, len(index), len(index.actors), 0, index.size / 1e6, pd.NaT, True, None))
    made = pd.DataFrame(rows, columns=INFO)
    return made.astype(
        {"events": "Int64", "actors": "Int64", "columns": "Int64", "megabytes": "float64", "used": "datetime64[us]", "mine": "bool"}
    )


def row_of(entry: cache.Entry, mine: bool) -> tuple[Any, ...]:
    """Give a row of `info`; of an index that can't be read its size alone."""
    columns = len([path for path in (entry.folder / COLUMNS).glob("*") if path.suffix in (TEST, SAID)])
    used = pd.Timestamp(entry.used, unit="s").floor("us")
    found = sizes(entry.folder)
    events, actors = found.get("t"), found.get("actors")
    return entry.by, events, actors, columns, entry.size / 1e6, used, mine, str(entry.folder)


def everybody(tables: EventTables) -> list[By]:
    """Give every kind of actor that the tables have."""
    return [PERSONS, IDS, SESSIONS, *(By("group", i) for i in range(len(tables.group_types)))]


def clear(tables: EventTables, *, everything: bool = False) -> None:
    """Forget the journeys of the tables, and remove them from the cache; with `everything` those of all data."""
    tables.cache.forget("journeys")
    if everything:
        for entry in cache.entries():
            cache.remove(entry.folder)
        return
    for by in everybody(tables):
        folder = place(tables, by)
        if folder is not None and folder.exists():
            cache.remove(folder)
