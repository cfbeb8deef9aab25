"""When persons and groups were created, computed in the engine: nobody's properties are replayed for it.

Source: PostHog's person creation and merging (`identity.md` of the design, sections 1 and 2): a person is created at the time of the
event that makes it, and a merge keeps the older of the two times.

Why this gives `created_at` as the replay of persons does (`persons.one_event` is the law). A distinct id gets its person either by
joining that of another (the identity log says so: "created" and "added"), or with its own first event that may touch persons, which
makes one. Persons go together by merges alone, where the older time is kept: so a person is as old as the oldest that one of its
ids made.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from evkit.dates.cuts import NEVER
from evkit.dates.instants import epoch_microseconds
from evkit.journeys import columns
from evkit.journeys.build import hashed
from evkit.journeys.index import Index
from evkit.kernel import identity as kernel
from evkit.kernel.selecting import first_arrived
from evkit.model import identity
from evkit.model.journeys import IDS, journeys
from evkit.model.numbered import mentions_profile, numbered, of_the_same

LATEST = np.iinfo(np.int64).max

if TYPE_CHECKING:
    from evkit.model.tables import EventTables


def persons_created(tables: EventTables) -> ir.Table:
    """Give when persons were created: person_id, created_at (UTC; null where it isn't known); a row a person."""
    if tables.persons is not None:
        given = tables.persons.view()
        return given.group_by("person_id").agg(created_at=given.created_at.min())
    if not tables.replays_identity:
        e = tables.clean()
        return e.group_by(person_id=e.person_id.coalesce(e.distinct_id)).agg(created_at=e.timestamp.min())
    return tables.cache.get("persons_created", lambda: _kept(tables, _of_events(tables)))


def groups_created(tables: EventTables, index: int) -> ir.Table:
    """Give when the groups of a type were created: key, created_at (UTC; null where it isn't known); a row a group."""
    groups = tables.group_table()
    mine = groups.filter(groups.type_index == index)
    return mine.group_by("key").agg(created_at=mine.created_at.min())


def created_of_actors(tables: EventTables, index: Index, group: int | None) -> np.ndarray:
    """Give when each actor of an index was created: int64, microseconds; `NEVER` where it isn't known."""
    return index.worked.get(("created", group), lambda: _kept_or_created(tables, index, group))


def _kept_or_created(tables: EventTables, index: Index, group: int | None) -> np.ndarray:
    """Give it from beside the index where it was kept there: of persons whose identity is replayed, which the data alone decide."""
    path = columns.place(index, columns.Key("created"), ".told") if group is None and tables.replays_identity else None
    before = None if path is None else columns.kept(path, len(index.actors))
    if before is not None:
        kept: np.ndarray = before[0].to_numpy(zero_copy_only=False)
        return kept
    found = _created_of_actors(tables, index, group)
    if path is not None:
        columns.keep(path, pa.array(found), [])
    return found


def _created_of_actors(tables: EventTables, index: Index, group: int | None) -> np.ndarray:
    told = _from_journeys(tables, index) if group is None and tables.replays_identity else None
    if told is not None:
        return told
    found = persons_created(tables).rename(who="person_id") if group is None else groups_created(tables, group).rename(who="key")
    found = found.filter(found.created_at.notnull())
    rows = tables.arrow(found.select(who=hashed(found.who), t=epoch_microseconds(found.created_at, dialect=tables.dialect)))
    at, times = index.actors_of(rows["who"].to_numpy()), rows["t"].to_numpy()
    made = np.full(len(index.actors), NEVER, np.int64)
    made[at[at >= 0]] = times[at >= 0]
    return made


def _from_journeys(tables: EventTables, index: Index) -> np.ndarray | None:
    """Give when each person was created, from the journeys of distinct ids; None where the order of some events can't be told from these.

    The law is the module's: a person is as old as the oldest that one of its ids made, with its first event that may touch persons; ids
    that joined a person made none. Only the merges are asked of the engine.
    """
    base = journeys(tables, IDS)
    if base is None:
        return None
    at, tied = first_arrived(base.offsets, base.arrival, _silent(tables, base))
    made = np.where(at >= 0, base.t[np.maximum(at, 0)], LATEST) if len(base.t) else np.full(len(at), LATEST)
    merges, _ = tables.merges()
    if len(merges):
        joined = _joined(tables, base, identity.Coded.of(merges), at, tied)
        if joined is None:
            return None
        made[joined] = LATEST
    created = np.full(len(index.actors), LATEST, np.int64)
    who = index.actors_of(base.actors)
    np.minimum.at(created, who[who >= 0], made[who >= 0])
    found: np.ndarray = np.where(created == LATEST, NEVER, created)
    return found


def _silent(tables: EventTables, base: Index) -> np.ndarray:
    """Say which events may not touch persons: bool; of length 0 where none is like that."""
    if not mentions_profile(tables):
        return np.zeros(0, bool)
    e = numbered(tables)
    rows = e.filter(~identity.with_profile(e, tables.dialect)).select("row")
    return columns.mask(base, rows, functools.partial(of_the_same, tables), key=columns.Key("may not touch persons"))


def _joined(tables: EventTables, base: Index, coded: identity.Coded, first: np.ndarray, tied: np.ndarray) -> np.ndarray | None:
    """Give which distinct ids of journeys joined a person without making one; None where that hangs on the order of events that arrived at once.

    Parameters
    ----------
    first, tied
        For each distinct id its first event, and whether another arrived with it.
    """
    names = ibis.memtable(pa.table({"id": coded.ids, "n": pa.array(range(len(coded.ids)), pa.int64())}))
    hashes = tables.arrow(names.select("n", hash=hashed(names.id))).sort_by("n")["hash"].to_numpy()
    who = base.actors_of(hashes)
    seen = np.where(who >= 0, np.append(first, -1)[who], -1)
    there = np.flatnonzero(seen >= 0)
    if tied[who[there]].any():
        return None
    arrived = np.full(len(seen), LATEST)
    arrived[there] = base.arrival[seen[there]]
    of_merge = coded.merges["arrival"].to_numpy()
    if (arrived[coded.other] == of_merge)[coded.other != coded.target].any():
        return None
    uuids = np.full(len(seen), "", object)
    own = arrived[coded.target] == of_merge  # then the merge is that first event
    uuids[coded.target[own]] = coded.merges["uuid"].to_numpy(zero_copy_only=False)[own]
    table = pa.table(
        {"distinct_id": coded.ids.take(pa.array(there)), "arrival": arrived[there], "uuid": pa.array(uuids[there], pa.string())}
    )
    _, _, did, _, _, order = coded.replay(table)
    merge, outcome = order[order < len(of_merge)], did[order < len(of_merge)]
    as_target = coded.target[merge[outcome == kernel.ADDED_TARGET]]
    as_other = coded.other[merge[(outcome == kernel.CREATED) | (outcome == kernel.ADDED_OTHER)]]
    found: np.ndarray = who[np.concatenate([as_target, as_other])]
    return found[found >= 0]


def _kept(tables: EventTables, found: ir.Table) -> ir.Table:
    """Keep a table in the engine that holds the events; on engines that may be read only, ask each time."""
    if tables.dialect != "duckdb" or tables.con is None:
        return found
    return tables.con.create_table(f"evkit_persons_created_{id(tables.cache):x}", found, temp=True, overwrite=True)


def _of_events(tables: EventTables) -> ir.Table:
    e = tables.clean()
    first = _first_times(e.filter(identity.with_profile(e, tables.dialect)), tables.dialect)
    joined = identity.joined(tables.identity_log())
    if joined:
        schema = ibis.schema({"distinct_id": "string"})
        first = first.anti_join(tables.keep("joined_ids", pa.table({"distinct_id": pa.array(joined, pa.string())}), schema), "distinct_id")
    mapping = tables.person_map()
    if mapping is None:
        return first.select(person_id=first.distinct_id, created_at=first.created_at)
    mapped = mapping.rename(mapped_id="distinct_id", mapped="person_id")
    named = first.left_join(mapped, first.distinct_id == mapped.mapped_id)
    return named.group_by(person_id=named.mapped.coalesce(named.distinct_id)).agg(created_at=named.created_at.min())


def _first_times(events: ir.Table, dialect: str) -> ir.Table:
    """Give the time of the first event of each distinct id to arrive, ties by uuid: distinct_id, created_at."""
    if dialect == "duckdb":
        place = ibis.struct({"arrival": events.arrival, "uuid": events.uuid})
        return events.group_by("distinct_id").agg(created_at=events.timestamp.argmin(place))
    first = events.group_by(first_id="distinct_id").agg(first_arrival=events.arrival.min())
    tied = events.inner_join(first, [events.distinct_id == first.first_id, events.arrival == first.first_arrival])
    return tied.group_by("distinct_id").agg(created_at=tied.timestamp.argmin(tied.uuid))
