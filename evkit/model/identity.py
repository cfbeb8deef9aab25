"""Distinct ids -> persons, by replay of $identify, $create_alias and $merge_dangerously in arrival order.

Source: PostHog's person merging (`identity.md` of the design).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evkit import properties
from evkit.capture.message import NEVER_LEGAL, NEVER_LEGAL_EXACTLY, OTHER_ID, is_illegal
from evkit.kernel import identity as kernel

MERGING = tuple(OTHER_ID)
LOG_COLUMNS = [
    "uuid",
    "timestamp",
    "arrival",
    "event",
    "distinct_id",
    "other_distinct_id",
    "outcome",
    "person_id",
    "other_person_id",
    "reason",
]
OUTCOMES = [
    ("created", "neither id had a person: one person now has both"),
    ("added", "the other id had no person: it was added to the person of distinct_id"),
    ("added", "distinct_id had no person: it was added to the person of the other id"),
    ("nothing", "both ids were one person already"),
    ("merged", "two persons became one: the person of distinct_id is left"),
    ("refused", "the person of the other id is identified already: only $merge_dangerously merges it"),
    ("refused", "one of the ids is illegal: placeholders such as 'null' or 'anonymous' stand for many people"),
    ("nothing", "both ids are the same"),
]
"""What each merge did, in the order of the kernel's codes from `CREATED` on."""
ARRIVED = pa.schema({"arrival": pa.int64(), "uuid": pa.string()})
Merges = tuple[pa.Table, pa.Table]
"""The merges that say whom they merge, and those of them that may not."""
PERSONLESS = ("dropped", "$process_person_profile is false: the event may not touch persons")


@dataclass(frozen=True)
class Identity:
    """What the replay found.

    Parameters
    ----------
    person_map
        distinct_id, person_id: a row an id whose person is named by another id; any other id is a person by itself.
    log
        A row a merge event, in arrival order: `LOG_COLUMNS`.
    identified
        The person ids that are identified.
    """

    person_map: pd.DataFrame
    log: pd.DataFrame
    identified: frozenset[str]


def joined(log: pd.DataFrame) -> list[str]:
    """Give the distinct ids that joined a person without making one, by the identity log: they had done nothing before.

    Every other id of a person made a person of its own, with its own first event that may touch persons.
    """
    as_target = log.reason == OUTCOMES[kernel.ADDED_TARGET - kernel.CREATED][1]
    as_other = (log.outcome == "created") | (log.reason == OUTCOMES[kernel.ADDED_OTHER - kernel.CREATED][1])
    return [*log.distinct_id[as_target], *log.other_distinct_id[as_other]]


def with_profile(events: ir.Table, dialect: str) -> ir.BooleanValue:
    """Say whether an event may touch persons: all but those that say $process_person_profile false."""
    return ~properties.is_false(events.properties, "$process_person_profile", dialect=dialect)


def merge_events(events: ir.Table, dialect: str) -> ir.Table:
    """Give the events that may merge: uuid, timestamp, arrival, event, distinct_id, other (null where missing), profile."""
    e = events.filter(events.event.isin(MERGING))
    other = ibis.cases(*((e.event == name, properties.text(e.properties, key, dialect=dialect)) for name, key in OTHER_ID.items()))
    return e.select(
        "uuid", "timestamp", "arrival", "event", "distinct_id",
        other=ibis.ifelse(other.startswith("{"), "[object Object]", other), profile=with_profile(e, dialect),
    )  # fmt: skip


def replay(events: ir.Table, arrow: Callable[[ir.Expr], pa.Table], *, dialect: str, found: Merges | None = None) -> Identity:
    """Replay identity over events.

    Parameters
    ----------
    events
        Canonical events, each uuid once.
    arrow
        Runs an expression.
    dialect
        The engine's.
    found
        The merges, where they were asked for before.
    """
    merges, refused = merges_of(events, arrow, dialect) if found is None else found
    if len(merges) == 0:
        nobody = pa.nulls(0, pa.string())
        return Identity(_map(nobody, nobody), _dropped(refused), frozenset())
    coded = Coded.of(merges)
    return _replayed(coded, refused, arrow(first_seen(events, coded.ids, dialect)))


def together(events: ir.Table, arrow: Callable[[ir.Expr], pa.Table], *, dialect: str, found: Merges | None = None) -> pd.DataFrame:
    """Find which ids are one person, without finding out by which of them the person goes: much sooner than `replay`.

    Who is one person with whom hangs on the merges alone, but for one case: an id that was in no merge before meets one that was.
    If the first has a person of its own by then, and the second's is identified, they stay two; without, they become one. So first
    events are asked for only of ids that are in that case. Parameters: as of `replay`.

    Returns
    -------
    DataFrame
        distinct_id, person_id: a row an id that goes by another; here any id of the same person.
    """
    merges, _ = merges_of(events, arrow, dialect) if found is None else found
    if len(merges) == 0:
        return _map(pa.nulls(0, pa.string()), pa.nulls(0, pa.string()))
    coded = Coded.of(merges)
    open_ = coded.ids.filter(pa.array(coded.undecided()))
    seen = arrow(first_seen(events, open_, dialect)) if len(open_) else ARRIVED.append(pa.field("distinct_id", pa.string())).empty_table()
    person, _, _, _, _, _ = coded.replay(seen)
    moved = np.flatnonzero((person >= 0) & (person != np.arange(len(coded.ids))))
    return _map(coded.ids.take(pa.array(moved)), coded.ids.take(pa.array(person[moved])))


def merges_of(events: ir.Table, arrow: Callable[[ir.Expr], pa.Table], dialect: str) -> Merges:
    """Give the merges that say whom they merge, and those of them that may not."""
    found = arrow(merge_events(events, dialect))
    found = found.filter(pc.fill_null(pc.not_equal(found["other"], ""), False))
    return found.filter(found["profile"]), found.filter(pc.invert(found["profile"]))


def first_seen(events: ir.Table, ids: pa.Array, dialect: str) -> ir.Table:
    """Give the first event of each of `ids` that makes a person: distinct_id, arrival, uuid."""
    wanted = ibis.memtable(pa.table({"wanted": ids}))
    e = events.semi_join(wanted, events.distinct_id == wanted.wanted)
    e = e.filter(with_profile(e, dialect))
    if dialect == "postgres":  # no aggregate of its compares rows
        first = e.mutate(rank=ibis.row_number().over(group_by=e.distinct_id, order_by=[e.arrival, e.uuid]))
        return first.filter(first["rank"] == 0).select("distinct_id", "arrival", "uuid")
    when = ibis.struct({"arrival": e.arrival, "uuid": e.uuid})
    return e.group_by("distinct_id").agg(arrival=e.arrival.min(), uuid=e.uuid.argmin(when))


@dataclass(frozen=True)
class Coded:
    """Merges, with numbers for ids.

    Parameters
    ----------
    merges
        The merges, as Arrow.
    ids
        The ids that they name.
    target, other
        int64: positions in `ids`.
    legal
        Whether both may be merged.
    forced
        Whether identified persons are merged too.
    """

    merges: pa.Table
    ids: pa.Array
    target: np.ndarray
    other: np.ndarray
    legal: np.ndarray
    forced: np.ndarray

    @classmethod
    def of(cls, merges: pa.Table) -> Coded:
        """Number the ids of merges."""
        both = pa.concat_arrays([merges[name].combine_chunks().cast(pa.string()) for name in ("distinct_id", "other")]).dictionary_encode()
        codes = both.indices.to_numpy().astype(np.int64)
        target, other = codes[: len(merges)], codes[len(merges) :]
        legal = legal_ids(both.dictionary)
        forced = pc.equal(merges["event"], "$merge_dangerously").to_numpy()
        return cls(merges, both.dictionary, target, other, legal[target] & legal[other], forced)

    def undecided(self) -> np.ndarray:
        """Say of which ids it hangs on their first events who they are: of those whose first merge is with an id that was in one before."""
        order = pc.sort_indices(self.merges, [("arrival", "ascending"), ("uuid", "ascending")]).to_numpy()
        counts = order[self.legal[order] & (self.target[order] != self.other[order])]
        target, other = self.target[counts], self.other[counts]
        first = np.full(len(self.ids), len(counts), np.int64)
        places = np.arange(len(counts))
        np.minimum.at(first, target, places)
        np.minimum.at(first, other, places)
        asks = (first[target] == places) & (first[other] < places) & ~self.forced[counts]
        found = np.zeros(len(self.ids), bool)
        found[target[asks]] = True
        return found

    def replay(self, seen: pa.Table) -> tuple[np.ndarray, ...]:
        """Replay the merges and the first events `seen`: what the kernel gives, then for each item of it which merge it is (or further on, which first event)."""
        at = pc.index_in(seen["distinct_id"].combine_chunks().cast(pa.string()), self.ids).to_numpy(zero_copy_only=False).astype(np.int64)
        order = _arrived(self.merges, seen)
        more = np.zeros(len(seen), np.int64)
        kinds = np.concatenate([np.where(self.forced, kernel.FORCE, kernel.MERGE), more + kernel.SEEN])[order]
        targets, others = np.concatenate([self.target, at])[order], np.concatenate([self.other, more])[order]
        legal = np.concatenate([self.legal, more == 0])[order]
        return *kernel.replay(kinds, targets, others, legal, len(self.ids)), order


def _replayed(coded: Coded, refused: pa.Table, seen: pa.Table) -> Identity:
    merges, involved = coded.merges, coded.ids
    person, identified, did, before, after, order = coded.replay(seen)
    of_merge = order < len(merges)
    named = lambda codes: involved.take(pa.array(codes, mask=codes < 0))  # noqa: E731
    rows = merges.take(pa.array(order[of_merge]))
    log = _log_frame(rows, OUTCOMES, did[of_merge].astype(np.int64) - kernel.CREATED, named(after[of_merge]), named(before[of_merge]))
    log = pd.concat([log, _dropped(refused)]).sort_values(["arrival", "uuid"], kind="stable", ignore_index=True) if len(refused) else log
    moved = np.flatnonzero((person >= 0) & (person != np.arange(len(involved))))
    who = np.unique(person[identified & (person >= 0)])
    return Identity(_map(involved.take(pa.array(moved)), named(person[moved])), log, frozenset(named(who).to_pylist()))


def _arrived(merges: pa.Table, seen: pa.Table) -> np.ndarray:
    """Give in which order merges and first events arrived, as positions in the one and then the other; of an event that is both, the merge."""
    both = pa.concat_tables([part.select(["arrival", "uuid"]).cast(ARRIVED) for part in (merges, seen)])
    is_seen = pa.array(np.arange(len(both)) >= len(merges))
    keys = [("arrival", "ascending"), ("uuid", "ascending"), ("is_seen", "ascending")]
    order: np.ndarray = pc.sort_indices(both.append_column("is_seen", is_seen), keys).to_numpy().astype(np.int64)
    return order


def legal_ids(ids: pa.Array) -> np.ndarray:
    """Say which ids may be merged; only those are looked at closely that without quotes and blanks around them are a placeholder."""
    bare = pc.utf8_trim_whitespace(pc.utf8_trim(pc.utf8_trim_whitespace(pc.utf8_lower(ids)), "'\""))
    doubtful = pc.is_in(bare, pa.array(["", *sorted({one.lower() for one in (*NEVER_LEGAL, *NEVER_LEGAL_EXACTLY)})]))
    legal = np.ones(len(ids), bool)
    for i in np.flatnonzero(doubtful.to_numpy(zero_copy_only=False)):
        legal[i] = not is_illegal(ids[i].as_py())
    return legal


def _map(ids: pa.Array, persons: pa.Array) -> pd.DataFrame:
    return pd.DataFrame({"distinct_id": _text(ids), "person_id": _text(persons)})


def _text(values: pa.Array | pa.ChunkedArray) -> pd.Series:
    return pd.Series(values.to_pandas(), dtype="str")


def _log_frame(rows: pa.Table, outcomes: list[tuple[str, str]], did: np.ndarray, persons: pa.Array, others: pa.Array) -> pd.DataFrame:
    """Give the log of merge events; `did` are positions in `outcomes`."""
    frame = rows.drop_columns(["profile"]).to_pandas().rename(columns={"other": "other_distinct_id"})
    outcome, reason = (_text(pa.array(words, pa.string()).take(pa.array(did))) for words in zip(*outcomes, strict=True))
    return frame.assign(outcome=outcome, reason=reason, person_id=_text(persons), other_person_id=_text(others))[LOG_COLUMNS]


def _dropped(rows: pa.Table) -> pd.DataFrame:
    """Give the log of merges by events that may not touch persons."""
    nobody = pa.nulls(len(rows), pa.string())
    return _log_frame(rows, [PERSONLESS], np.zeros(len(rows), np.int64), nobody, nobody)
