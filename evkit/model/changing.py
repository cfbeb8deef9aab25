"""The events that may change a person: DuckDB leaves out those that provably change nobody, so that few are replayed.

What is left out, and why the replay of the rest gives the very same persons (`persons.apply` and `persons.one_event` are the law).
Say that an event *has* the names that it lifts and the keys of its $set and $set_once, and that its *values* are its $set, its
$set_once and what it lifts that isn't passing, taken together. An event B of distinct id d is left out

1. if it is idle (an event that changes nobody that is there, or that lifts and sets nothing) and one of d came before it: d has its
   person by then, an idle event makes no change to a person that is there, and it is no merge;
2. if it is ordinary (no event about persons, nothing in it that may do anything else), lifts no name that earlier events of d didn't
   lift since the last $unset of d's person, and either has no values or follows an event of d with the same values, where neither
   other values, nor an event about persons, nor an $unset is between them among the events of d's person.

"d's person" is here all the ids that ever become one with d: what touches the person that d has at a moment is an event of one of
them, since a merge makes both sides one for good; a refused merge does nothing but what its event says of the person of its own id.

After an ordinary event A of d was replayed, and also after one about persons, (a) the person has every key that A has, $initial_
ones too, and (b) no key of A's set that isn't passing differs from A's value: both hold for a person that is new; where `apply`
writes; and where it doesn't, since then only passing keys that are there differ. A key goes by $unset alone: a merge keeps the keys
of both sides. So (a) holds until the next $unset, whoever else sends what. (b) holds as long as no other value is set, and no merge
brings some: events without values set passing names, and $initial_ ones only where they are missing; events with the same values
set what is there. So at B every key of B is there, and only passing ones may differ: `apply` returns without a change. A that was
left out itself stands for the earlier one it was left out for; nothing changed in between.

Never left out: the first event of a distinct id; $identify, $set and the like; events with $unset, with a key that occurs twice
(the engine reads the first, Python the last), with NaN among the values (it differs from itself), "survey shown" (it sets a time),
$set on an event that isn't lifted. A name is had as `persons.lift` says: none of the host's on server libraries, $os_name as $os.

Hashes: persons by 64 bits, where twins only make events stay. Distinct ids and shapes (lists of keys) by 64 bits that are checked
to be different; else nothing is left out. Rows by the hash of their uuid, where twins only stay. Values by 128 bits of MD5: the one
place where two texts made to collide, by the sender of both, would keep the first of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from evkit import properties
from evkit.kernel import persons as kernel
from evkit.model import identity
from evkit.model.persons import (
    LIFTED,
    NEVER_UPDATE,
    NOT_LIFTED,
    PASSING,
    PERSON_EVENTS,
    SERVER_LIBRARIES,
    lifted_names,
)

if TYPE_CHECKING:
    from evkit.model.tables import EventTables

SAID = ("$set", "$set_once")
VALUES = (*(key for key in LIFTED if key not in PASSING), *SAID)
NAMES = tuple(dict.fromkeys(name for _, name, _ in lifted_names(LIFTED, False)))
MOST_SHAPES = 20_000
"""Lists of keys that are told apart; where there are more, all events are replayed."""
BARE = 4
"""The kind of events that nothing is lifted from, beside those of the kernel."""


@ibis.udf.scalar.builtin(name="hash", signature=((dt.string,), dt.uint64))
def _hash(value):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="hash", signature=((dt.Array(dt.string),), dt.uint64))
def _hash_of_list(value):  # type: ignore[no-untyped-def]
    ...


@ibis.udf.scalar.builtin(name="md5_number_lower")
def _low(value: str) -> dt.uint64: ...


@ibis.udf.scalar.builtin(name="md5_number_upper")
def _high(value: str) -> dt.uint64: ...


class Shapes:
    """What the list of an event's keys says of it, a shape a place, in the order of their hashes."""

    def __init__(self, hashes: np.ndarray, keys: Sequence[Sequence[str]]) -> None:
        order = np.argsort(hashes)
        lists = [tuple(keys[i] or ()) for i in order]
        self.hashes = hashes[order]
        self.wild = np.array([len(set(k)) < len(k) or "$unset" in k for k in lists], bool)
        self.says = np.array([not {*SAID, "$unset"}.isdisjoint(k) for k in lists], bool)
        self.valued = np.array([not set(VALUES).isdisjoint(k) for k in lists], bool)
        self.names = np.array([[mask(k, host=host) for k in lists] for host in (False, True)], np.int64).reshape(2, len(lists))


def mask(keys: tuple[str, ...], *, host: bool) -> int:
    """Give the names that are lifted from an event with these keys, a bit each.

    Examples
    --------
    >>> mask(("$os", "$os_name"), host=False) == mask(("$os",), host=False), mask(("$os", "price"), host=True)
    (True, 0)
    """
    return sum(1 << NAMES.index(name) for name in {name for _, name, _ in lifted_names(keys, host)})


def with_profile(tables: EventTables) -> ir.Table:
    """Give the events that may touch persons."""
    e = tables.clean()
    return e.filter(identity.with_profile(e, tables.dialect))


def with_person(tables: EventTables, events: ir.Table) -> ir.Table:
    """Give events with `owner`: a hash of the person that each belongs to in the end."""
    mapping = tables.person_map()
    if mapping is None:
        return events.mutate(owner=_hash(events.distinct_id))
    mapped = mapping.rename(mapped_id="distinct_id", mapped="person_id")
    e = events.left_join(mapped, events.distinct_id == mapped.mapped_id)
    return e.mutate(owner=_hash(e.mapped.coalesce(e.distinct_id))).drop("mapped_id", "mapped")


def changing(tables: EventTables) -> ir.Table | None:
    """Give the hashes of the uuids of the events that may change a person (`mark`), kept in the engine; None for all events."""
    ids = _count_of_ids(tables)
    shapes = _shapes(tables) if ids is not None else None
    if ids is None or shapes is None:
        return None
    arrivals = _arrivals(tables)
    if arrivals is None:
        return None
    found = _signatures(tables, shapes, in_arrival_order=bool((np.diff(np.sort(arrivals)) == 0).any()))
    if not found:
        return None
    who, known = kernel.codes(found["who"], ids)
    person, persons = kernel.codes(found["owner"], known)
    arrival = found["arrival"]
    in_order = bool((np.diff(arrival) >= 0).all())
    keep = kernel.changing(
        who, person, found["kind"], found["names"], found["valued"], found["low"], found["high"],
        None if in_order else np.argsort(arrival, kind="stable"), ids=known, persons=persons,
    )  # fmt: skip
    marks = pa.table({"mark": found["mark"][keep].view(np.uint64)})
    return tables.keep("changing", marks, ibis.schema({"mark": "uint64"}))


def chosen(tables: EventTables, marks: ir.Table) -> ir.Table:
    """Give the events of some marks, of those that may touch persons."""
    events = with_profile(tables)
    return events.semi_join(marks, _hash(events.uuid) == marks.mark)


def _count_of_ids(tables: EventTables) -> int | None:
    """Count the distinct ids; None where two of them have one hash."""
    e = tables.clean()
    ids = e.select("distinct_id").distinct()
    hashed = ids.select(h=_hash(ids.distinct_id))
    row = tables.arrow(hashed.aggregate(ids=hashed.count(), hashes=hashed.h.nunique())).to_pylist()[0]
    return int(row["ids"]) if row["ids"] == row["hashes"] else None


def _shapes(tables: EventTables) -> Shapes | None:
    """Find the lists of keys of the events; None where they are too many, or two have one hash."""
    e = tables.clean()
    keys = e.select(keys=properties.keys(e.properties, dialect=tables.dialect)).distinct()
    found = tables.arrow(keys.select("keys", h=_hash_of_list(keys["keys"])).limit(MOST_SHAPES + 1))
    hashes = found["h"].to_numpy().view(np.int64)
    if len(found) > MOST_SHAPES or len(np.unique(hashes)) < len(found):
        return None
    return Shapes(hashes, found["keys"].to_pylist())


def _arrivals(tables: EventTables) -> np.ndarray | None:
    """Give when the events arrived, in any order; None where one doesn't say, or there are none."""
    parts = [batch["arrival"] for batch in tables.batches(tables.clean().select("arrival"))]
    if not parts or any(part.null_count for part in parts):
        return None
    return np.concatenate([part.to_numpy() for part in parts])


def _signatures(tables: EventTables, shapes: Shapes, *, in_arrival_order: bool) -> dict[str, np.ndarray]:
    """Give what the kernel asks of each event, a column each."""
    e = with_profile(tables)
    number = lambda n: ibis.literal(n, type="uint64")  # noqa: E731
    servers = ibis.literal(sorted(SERVER_LIBRARIES), type="array<string>")  # not IN: DuckDB makes a join of it, and reads each event
    lib = servers.contains(properties.text(e.properties, "$lib", dialect=tables.dialect)).fill_null(False)
    kind = ibis.cases(
        (e.event.isin(sorted(PERSON_EVENTS)), kernel.ABOUT),
        (e.event.isin(sorted({*NEVER_UPDATE, "$groupidentify"})), kernel.IDLE),
        (e.event == "survey shown", kernel.WILD),
        (e.event.isin(sorted(NOT_LIFTED)), BARE),
        else_=kernel.ORDINARY,
    )
    made = e.select(
        "arrival", "uuid", "distinct_id", "properties", mark=_hash(e.uuid), who=_hash(e.distinct_id), kind=kind.cast("int8"),
        shape=_hash_of_list(properties.keys(e.properties, dialect=tables.dialect)),
        host=ibis.ifelse(properties.may_say(e.properties, "posthog-"), lib, False),
    )  # fmt: skip
    if shapes.valued.any():
        valued = made["shape"].isin([number(n) for n in shapes.hashes[shapes.valued].view(np.uint64).tolist()])
        text = ibis.ifelse(valued, properties.values_as_one(made.properties, VALUES), ibis.null("string"))
        made = made.mutate(said=text).mutate(
            low=lambda t: _low(t.said), high=lambda t: _high(t.said), odd=lambda t: t.said.lower().contains("nan")
        )
    made = with_person(tables, made.drop(*({"properties", "said"} & set(made.columns))))
    made = made.order_by(["arrival", "uuid"]) if in_arrival_order else made
    parts = [_of_batch(batch, shapes) for batch in tables.batches(made.drop("uuid", "distinct_id"))]
    return {name: np.concatenate([part.pop(name) for part in parts]) for name in list(parts[0])} if parts else {}  # a column at a time


def _of_batch(batch: pa.RecordBatch, shapes: Shapes) -> dict[str, np.ndarray]:
    """Read a batch of `_signatures`' rows: what their shapes say, put to them."""
    column = lambda name: batch[name].to_numpy(zero_copy_only=False)  # noqa: E731
    shape = np.searchsorted(shapes.hashes, column("shape").view(np.int64))
    kind, valued = column("kind").copy(), shapes.valued[shape]
    kind[(kind == BARE) & ~shapes.says[shape]] = kernel.IDLE
    kind[(kind == BARE) | (shapes.wild[shape] & (kind != kernel.IDLE))] = kernel.WILD
    low = high = np.zeros(len(kind), np.int64)
    if "odd" in batch.schema.names:
        low, high = (pc.fill_null(batch[name], 0).to_numpy().view(np.int64) for name in ("low", "high"))
        kind[pc.fill_null(batch["odd"], False).to_numpy(zero_copy_only=False) & (kind != kernel.IDLE)] = kernel.WILD
    hashes = {name: column(name).view(np.int64) for name in ("owner", "mark", "who")}
    names = shapes.names[column("host").astype(np.int8), shape]
    return {**hashes, "arrival": column("arrival"), "kind": kind, "names": names, "valued": valued, "low": low, "high": high}
