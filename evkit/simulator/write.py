"""Simulate, and write the sample data: the wire's JSON lines, the same as Parquet, and the truth."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evkit.model import schema
from evkit.simulator import behaviour, truth
from evkit.simulator.events import Sent
from evkit.simulator.world import Visitor, new_id, visitors

SEED = 20260202
VISITORS = 3400
DUPLICATES = 120
DICTIONARY = ["event", "distinct_id", "elements_chain"]
ENCODING = {"uuid": "DELTA_BYTE_ARRAY", **dict.fromkeys(("timestamp", "received_at", "arrival"), "DELTA_BINARY_PACKED")}


def simulate(seed: int = SEED, count: int = VISITORS) -> tuple[list[Sent], list[Sent], dict[str, Any]]:
    """Simulate.

    Returns
    -------
    log, again, truth
        Every event once, in order of arrival; the events that were sent a second time; what is true of them.
    """
    source = random.Random(seed)
    log: list[Sent] = []
    companies: set[int] = set()
    people = visitors(source, count)
    for visitor in people:
        behaviour.live(source, visitor, log, companies)
    users = [v for v in people if v.known_on]
    mishaps(source, users, log)
    log.sort(key=lambda e: (e.received_at, e.uuid))
    again = [
        replace(e, received_at=e.received_at + dt.timedelta(seconds=source.uniform(2, 60)))
        for e in source.sample(log, min(DUPLICATES, len(log) // 20))
    ]
    found = truth.truth_of(log, merges_of(log), {v.user_id: v.plan for v in users})
    return log, again, {"seed": seed, "visitors": count, "sent_twice": len(again), **found}


def mishaps(source: random.Random, users: Sequence[Visitor], log: list[Sent]) -> None:
    """Add what goes wrong in any product: shared devices, placeholders as ids, and aliases from another system."""
    end = max(e.timestamp for e in log)
    chosen = source.sample(list(users), min(len(users) // 2 * 2, 24))
    for one, other in zip(chosen[::2], chosen[1::2], strict=True):
        add(source, log, one, "$identify", {"$anon_distinct_id": other.devices[0].id}, end)
    for user in source.sample(list(users), min(len(users), 3)):
        add(source, log, user, "$identify", {"$anon_distinct_id": "undefined"}, end)
    for user in source.sample(list(users), min(len(users), 15)):
        add(source, log, user, "$create_alias", {"alias": f"crm_{user.number:04d}"}, end)


def add(source: random.Random, log: list[Sent], user: Visitor, event: str, properties: dict[str, Any], end: dt.datetime) -> None:
    """Send an event of a user from the server, after everything else has happened."""
    time = end + dt.timedelta(milliseconds=source.randint(1, 600_000))
    sent = {"$lib": "posthog-node", **properties}
    log.append(
        Sent(user.user_id, event, user.user_id, new_id(source, time), time, time + dt.timedelta(milliseconds=source.randint(50, 500)), sent)
    )


def merges_of(log: Sequence[Sent]) -> Counter[str]:
    """Say what each merge event does, from what the simulation knows: which ids have had a person, and whose."""
    had: set[str] = set()
    owner: dict[str, str] = {}
    done: Counter[str] = Counter()
    for e in log:
        if e.event in ("$identify", "$create_alias"):
            other = e.properties.get("$anon_distinct_id") or e.properties["alias"]
            both = (e.distinct_id in had, other in had)
            if other == "undefined" or (all(both) and owner[other] != e.person and other != e.distinct_id and is_identified(other, owner)):
                done["refused"] += 1
            else:
                done["merged" if all(both) else "added" if any(both) else "created"] += 1
                had.add(other)
                owner[other] = e.person
        if e.properties.get("$process_person_profile") is not False:
            had.add(e.distinct_id)
            owner.setdefault(e.distinct_id, e.distinct_id)
    return done


def is_identified(distinct_id: str, owner: dict[str, str]) -> bool:
    """Say whether an id belongs to a user rather than to itself."""
    return owner[distinct_id].startswith("user_")


# ---------------------------------------------------------------------- files
def make(folder: str | Path, *, seed: int = SEED, count: int = VISITORS) -> dict[str, Any]:
    """Write matinee.jsonl.gz, matinee.parquet and truth.json into a folder; give the truth."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    log, again, found = simulate(seed, count)
    rows = sorted([*log, *again], key=lambda e: (e.received_at, e.uuid))
    text = "".join(json.dumps(wire(e), ensure_ascii=False, separators=(",", ":")) + "\n" for e in rows)
    with (
        (target / "matinee.jsonl.gz").open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=9) as packed,
    ):
        packed.write(text.encode())
    table = pa.Table.from_pylist([canonical(e) for e in rows], schema.EVENTS.to_pyarrow())
    pq.write_table(
        table, target / "matinee.parquet", compression="zstd", compression_level=19, use_dictionary=DICTIONARY, column_encoding=ENCODING
    )
    (target / "truth.json").write_text(json.dumps(found, indent=1) + "\n")
    return found


def iso(time: dt.datetime) -> str:
    """Write a time as the SDKs do."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def wire(e: Sent) -> dict[str, Any]:
    """Give an event in the shape of the capture API, with when it was received."""
    properties = {**e.properties, "$elements_chain": e.chain} if e.chain else e.properties
    made: dict[str, Any] = {
        "event": e.event,
        "distinct_id": e.distinct_id,
        "uuid": e.uuid,
        "timestamp": iso(e.timestamp),
        "properties": properties,
    }
    if e.set is not None:
        made |= {"$set": e.set, "$set_once": e.set_once or {}}
    return {**made, "received_at": iso(e.received_at)}


def canonical(e: Sent) -> dict[str, Any]:
    """Give an event as evkit's own columns have it."""
    said = dict(e.properties)
    if e.set is not None:
        said |= {"$set": e.set, "$set_once": e.set_once or {}}
    to_millisecond = lambda t: t.astimezone(dt.UTC).replace(tzinfo=None, microsecond=t.microsecond // 1000 * 1000)  # noqa: E731
    received = to_millisecond(e.received_at)
    return {
        "uuid": e.uuid,
        "event": e.event,
        "distinct_id": e.distinct_id,
        "timestamp": to_millisecond(e.timestamp),
        "received_at": received,
        "arrival": int((received - dt.datetime(1970, 1, 1)) / dt.timedelta(microseconds=1)),
        "properties": json.dumps(said, ensure_ascii=False, separators=(",", ":")),
        "elements_chain": e.chain,
        "person_id": None,
        "person_properties": None,
    }
