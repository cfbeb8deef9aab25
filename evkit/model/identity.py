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
from evkit.capture.message import OTHER_ID, is_illegal
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
OUTCOMES = {
    kernel.CREATED: ("created", "neither id had a person: one person now has both"),
    kernel.ADDED_OTHER: ("added", "the other id had no person: it was added to the person of distinct_id"),
    kernel.ADDED_TARGET: ("added", "distinct_id had no person: it was added to the person of the other id"),
    kernel.SAME_PERSON: ("nothing", "both ids were one person already"),
    kernel.MERGED: ("merged", "two persons became one: the person of distinct_id is left"),
    kernel.REFUSED: ("refused", "the person of the other id is identified already: only $merge_dangerously merges it"),
    kernel.ILLEGAL: ("refused", "one of the ids is illegal: placeholders such as 'null' or 'anonymous' stand for many people"),
    kernel.SAME_ID: ("nothing", "both ids are the same"),
}
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
    as_target = log.reason == OUTCOMES[kernel.ADDED_TARGET][1]
    as_other = (log.outcome == "created") | (log.reason == OUTCOMES[kernel.ADDED_OTHER][1])
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


def replay(events: ir.Table, arrow: Callable[[ir.Expr], pa.Table], *, dialect: str) -> Identity:
    """Replay identity over events.

    Parameters
    ----------
    events
        Canonical events, each uuid once.
    arrow
        Runs an expression.
    dialect
        The engine's.
    """
    found = arrow(merge_events(events, dialect))
    found = found.filter(pc.fill_null(pc.not_equal(found["other"], ""), False))
    refused = found.filter(pc.invert(found["profile"]))
    merges = found.filter(found["profile"])
    if len(merges) == 0:
        return Identity(_map([], []), _log_frame(refused, [PERSONLESS] * len(refused), None, None), frozenset())
    involved = pc.unique(pa.concat_arrays([merges[name].combine_chunks().cast(pa.string()) for name in ("distinct_id", "other")]))
    seen = arrow(first_seen(events, involved, dialect))
    return _replayed(merges, refused, seen, involved)


def first_seen(events: ir.Table, ids: pa.Array, dialect: str) -> ir.Table:
    """Give the first event of each of `ids` that makes a person: distinct_id, arrival, uuid."""
    wanted = ibis.memtable(pa.table({"wanted": ids}))
    e = events.semi_join(wanted, events.distinct_id == wanted.wanted)
    e = e.filter(with_profile(e, dialect))
    first = e.mutate(rank=ibis.row_number().over(group_by=e.distinct_id, order_by=[e.arrival, e.uuid]))
    return first.filter(first["rank"] == 0).select("distinct_id", "arrival", "uuid")


def _replayed(merges: pa.Table, refused: pa.Table, seen: pa.Table, involved: pa.Array) -> Identity:
    words = involved.to_pylist()
    code = lambda column: pc.index_in(column.combine_chunks().cast(pa.string()), involved).to_numpy(zero_copy_only=False).astype(np.int64)  # noqa: E731
    target, other = code(merges["distinct_id"]), code(merges["other"])
    legal_word = np.array([not is_illegal(w) for w in words], bool)
    kind = np.where(pc.equal(merges["event"], "$merge_dangerously").to_numpy(), kernel.FORCE, kernel.MERGE)
    arrival = np.concatenate([merges["arrival"].to_numpy(), seen["arrival"].to_numpy()])
    uuid = np.concatenate([merges["uuid"].to_numpy(), seen["uuid"].to_numpy()])
    is_seen = np.concatenate([np.zeros(len(merges), bool), np.ones(len(seen), bool)])
    order = np.lexsort((is_seen, uuid.astype(str), arrival))
    targets = np.concatenate([target, code(seen["distinct_id"])])
    others = np.concatenate([other, np.zeros(len(seen), np.int64)])
    legal = np.concatenate([legal_word[target] & legal_word[other], np.ones(len(seen), bool)])
    kinds = np.concatenate([kind, np.full(len(seen), kernel.SEEN)])
    person, identified, did, before, after = kernel.replay(kinds[order], targets[order], others[order], legal[order], len(words))

    of_merge = ~is_seen[order]
    rows = merges.take(pa.array(order[of_merge]))
    name = lambda codes: [words[c] if c >= 0 else None for c in codes]  # noqa: E731
    log = _log_frame(rows, [OUTCOMES[d] for d in did[of_merge].tolist()], name(after[of_merge]), name(before[of_merge]))
    dropped = _log_frame(refused, [PERSONLESS] * len(refused), None, None)
    log = pd.concat([log, dropped]).sort_values(["arrival", "uuid"], kind="stable", ignore_index=True) if len(dropped) else log
    moved = np.flatnonzero((person >= 0) & (person != np.arange(len(words))))
    who = np.unique(person[identified & (person >= 0)])
    return Identity(_map([words[i] for i in moved], [words[person[i]] for i in moved]), log, frozenset(words[i] for i in who))


def _map(ids: list[str], persons: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"distinct_id": pd.Series(ids, dtype="str"), "person_id": pd.Series(persons, dtype="str")})


def _log_frame(
    rows: pa.Table, outcomes: list[tuple[str, str]], persons: list[str | None] | None, others: list[str | None] | None
) -> pd.DataFrame:
    frame = rows.drop_columns(["profile"]).to_pandas().rename(columns={"other": "other_distinct_id"})
    frame["outcome"] = pd.Series([o for o, _ in outcomes], dtype="str")
    frame["reason"] = pd.Series([r for _, r in outcomes], dtype="str")
    frame["person_id"] = pd.Series(persons if persons is not None else [None] * len(frame), dtype="str")
    frame["other_person_id"] = pd.Series(others if others is not None else [None] * len(frame), dtype="str")
    return frame[LOG_COLUMNS]
