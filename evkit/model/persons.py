"""Persons' properties: replay of $set, $set_once, $unset and of what is lifted from events, in arrival order.

Source: PostHog's person updates (`identity.md` of the design, sections 4 to 6).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from evkit.dates.instants import instant
from evkit.model import identity
from evkit.model.progress import Bar

if TYPE_CHECKING:
    from evkit.model.tables import EventTables

LIFTED = (
    *(
        "$app_build $app_name $app_namespace $app_version $browser $browser_version $device_type $current_url $pathname $os $os_name".split()
    ),
    *("$os_version $referring_domain $referrer $screen_height $screen_width $viewport_height $viewport_width $raw_user_agent".split()),
    *("utm_source utm_medium utm_campaign utm_content utm_name utm_term gclid gad_source gclsrc dclid gbraid wbraid fbclid".split()),
    *("msclkid twclid li_fat_id mc_cid igshid ttclid rdt_cid irclid _kx epik qclid sccid".split()),
)
"""Properties of events that become the person's: the newest, and the first as $initial_..."""
PASSING = frozenset(
    "$current_url $pathname $referring_domain $referrer $screen_height $screen_width $viewport_height $viewport_width $browser "
    "$browser_version $device_type $raw_user_agent $os $os_name $os_version".split()
)
PERSON_EVENTS = frozenset({"$identify", "$create_alias", "$merge_dangerously", "$set"})
"""Events about the person: what they change is always kept."""
NOT_LIFTED = frozenset({"$snapshot", "$performance_event"})
NEVER_UPDATE = frozenset({"$exception", "$$heatmap"})
"""Events that never change a person that is there."""
SERVER_LIBRARIES = frozenset(
    f"posthog-{name}" for name in ("python", "node", "edge", "server", "go", "ruby", "php", "java", "dotnet", "elixir", "rs")
)
"""Libraries that run on a host: its operating system is not the person's."""
HOST_KEYS = frozenset({"$os", "$os_name", "$os_version"})
Row = tuple[str, str, str, dt.datetime, str]
"""uuid, event, distinct_id, timestamp (UTC, without a zone), properties (JSON text)."""
_read = json.JSONDecoder().decode
CHANGES = ["uuid", "time", "event", "key", "before", "after"]


@dataclass(slots=True)
class State:
    """A person while events are replayed."""

    ids: list[str]
    created_at: dt.datetime
    properties: dict[str, Any] = field(default_factory=dict)


class Merge(NamedTuple):
    """What a row of the identity log says."""

    distinct_id: str
    other_distinct_id: str
    outcome: str


class Update(NamedTuple):
    """What one event says of its person."""

    set: Mapping[str, Any]
    set_once: Mapping[str, Any]
    unset: tuple[str, ...]


# ---------------------------------------------------------------------- one event
def update_of(event: str, properties: Mapping[str, Any], timestamp: dt.datetime) -> Update:
    """Give what an event says of its person, lifted properties included.

    Examples
    --------
    >>> update_of("$pageview", {"$browser": "Firefox"}, None).set_once
    {'$initial_browser': 'Firefox'}
    """
    if event == "$groupidentify":
        return Update({}, {}, ())
    wanted, once = _object(properties.get("$set")), _object(properties.get("$set_once"))
    if event not in NOT_LIFTED:
        lift(properties, wanted, once)
    if event == "survey shown":
        wanted["$survey_last_seen_date"] = timestamp.isoformat()
    unset = properties.get("$unset")
    keys = tuple(str(k) for k in unset) if isinstance(unset, (list, dict)) else ()
    return Update(wanted, once, keys)


def _object(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def lift(properties: Mapping[str, Any], wanted: dict[str, Any], once: dict[str, Any]) -> None:
    """Add the properties that become the person's."""
    for key, name, initial in lifted_names(tuple(properties), is_host(properties)):
        value = properties[key]
        wanted.setdefault(name, value)
        once.setdefault(initial, value)


def is_host(properties: Mapping[str, Any]) -> bool:
    """Say whether a library that runs on a host sent it."""
    lib = properties.get("$lib")
    return isinstance(lib, str) and lib in SERVER_LIBRARIES


@lru_cache(maxsize=4096)
def lifted_names(keys: tuple[str, ...], host: bool) -> tuple[tuple[str, str, str], ...]:
    """Give which of an event's keys are lifted, and as what the newest and the first are known.

    Examples
    --------
    >>> lifted_names(("price", "$os_name"), False)
    (('$os_name', '$os', '$initial_os'),)
    """
    found = frozenset(keys)
    there = [key for key in LIFTED if key in found and not (host and key in HOST_KEYS) and not (key == "$os_name" and "$os" in found)]
    named = [(key, "$os" if key == "$os_name" else key) for key in there]
    return tuple((key, name, "$initial_" + name.removeprefix("$")) for key, name in named)


def apply(update: Update, properties: dict[str, Any], *, event: str, is_new: bool) -> None:
    """Apply an update to a person's properties, in place."""
    if is_new:
        properties.update({**update.set_once, **update.set})
        return
    if event in NEVER_UPDATE:
        return
    changes = {k: v for k, v in update.set_once.items() if k not in properties}
    changes |= {k: v for k, v in update.set.items() if k not in properties or differ(properties[k], v)}
    gone = [k for k in update.unset if k in properties]
    if not gone and event not in PERSON_EVENTS and all(is_passing(k) and k in properties for k in changes):
        return
    properties.update(changes)
    for key in gone:
        properties.pop(key, None)


def differ(a: Any, b: Any) -> bool:
    """Say whether two JSON values differ: true is not 1."""
    return bool(a != b) or isinstance(a, bool) != isinstance(b, bool)


def is_passing(key: str) -> bool:
    """Say whether a property changes with every page: alone it is not worth a write, so PostHog leaves the person as it was."""
    return key in PASSING or (key.startswith("$geoip_") and key not in ("$geoip_country_name", "$geoip_city_name"))


# ---------------------------------------------------------------------- replay
def replay(events: Iterable[Row], log: pd.DataFrame) -> tuple[dict[str, State], dict[str, str]]:
    """Replay persons.

    Parameters
    ----------
    events
        The events that may touch persons, in arrival order.
    log
        What each merge event did (`identity.Identity.log`).

    Returns
    -------
    states, owner
        person_id -> State; distinct_id -> person_id.
    """
    merges = merges_of(log)
    owner: dict[str, str] = {}
    states: dict[str, State] = {}
    for event in events:
        one_event(event, merges, owner, states)
    return states, owner


def merges_of(log: pd.DataFrame) -> dict[str, Merge]:
    """Give what the identity log says of each merge event, by its uuid."""
    columns = (log[name].tolist() for name in ("uuid", *Merge._fields))
    return {uuid: Merge(*said) for uuid, *said in zip(*columns, strict=True)}


def one_event(row: Row, merges: Mapping[str, Merge], owner: dict[str, str], states: dict[str, State]) -> None:
    """Let one event merge, make and change persons, in place."""
    uuid, event, distinct_id, timestamp, text = row
    merge = merges.get(uuid)
    fresh = merge is not None and _merge(merge, timestamp, owner, states)
    if distinct_id not in owner:
        owner[distinct_id], states[distinct_id] = distinct_id, State([distinct_id], timestamp)
        fresh = True
    apply(update_of(event, _read(text), timestamp), states[owner[distinct_id]].properties, event=event, is_new=fresh)


def _merge(row: Merge, timestamp: dt.datetime, owner: dict[str, str], states: dict[str, State]) -> bool:
    """Do what a row of the identity log says; say whether it made a new person."""
    a, b = row.distinct_id, row.other_distinct_id
    if row.outcome == "created":
        owner[a] = owner[b] = a
        states[a] = State([a, b], timestamp)
        return True
    if row.outcome == "added":
        known, added = (a, b) if a in owner else (b, a)
        owner[added] = owner[known]
        states[owner[known]].ids.append(added)
    elif row.outcome == "merged":
        left, gone = states[owner[a]], states.pop(owner[b])
        for moved in gone.ids:
            owner[moved] = owner[a]
        left.ids += gone.ids
        left.properties = {**gone.properties, **left.properties}
        left.created_at = min(left.created_at, gone.created_at)
    return False


def changes(tables: EventTables, distinct_ids: Iterable[str]) -> pd.DataFrame:
    """Give what changed of a person's properties: `CHANGES`, time in UTC, before and after as JSON text (None for none); in arrival order."""
    log = tables.identity_log()
    merges = merges_of(log)
    owner: dict[str, str] = {}
    states: dict[str, State] = {}
    made = []
    for uuid, event, distinct_id, timestamp, text in rows(tables, list(distinct_ids)):
        known = distinct_id if distinct_id in owner else getattr(merges.get(uuid), "other_distinct_id", None)
        before = dict(states[owner[known]].properties) if known in owner else {}
        one_event((uuid, event, distinct_id, timestamp, text), merges, owner, states)
        after = states[owner[distinct_id]].properties
        for key in sorted({*before, *after}):
            if key not in before or key not in after or differ(before[key], after[key]):
                made.append((uuid, timestamp, event, key, as_json(before, key), as_json(after, key)))
    return pd.DataFrame(made, columns=CHANGES)


def as_json(properties: Mapping[str, Any], key: str) -> str | None:
    """Write a property as JSON text; None where it is missing."""
    return json.dumps(properties[key], ensure_ascii=False) if key in properties else None


def rows(tables: EventTables, only: list[str] | None = None, until: dt.datetime | None = None) -> Iterator[Row]:
    """Give the events that may touch persons, in arrival order, a few at a time from the engine."""
    e = tables.clean()
    e = e.filter(identity.with_profile(e, tables.dialect))
    if only is not None:
        e = e.filter(e.distinct_id.isin(only))
    if until is not None:
        e = e.filter(e.timestamp <= instant(until))
    chosen = e.order_by([e.arrival, e.uuid]).select("uuid", "event", "distinct_id", "timestamp", "properties")
    total, done = 0, 0
    if only is None:
        total = int(tables.execute(e.count().name("n").as_table()).n[0])
    with Bar("rebuilding persons") as bar:
        for batch in tables.batches(chosen, 50_000):
            columns = batch.to_pydict()
            times = pd.DatetimeIndex(columns["timestamp"])
            yield from zip(columns["uuid"], columns["event"], columns["distinct_id"], times, columns["properties"], strict=True)
            done += len(times)
            bar(done, total)


def properties_at(tables: EventTables, distinct_id: str, distinct_ids: Iterable[str], time: dt.datetime) -> dict[str, Any]:
    """Give the properties, at a time, of the person that a distinct id belonged to then: from the events up to then, in arrival order.

    Parameters
    ----------
    distinct_ids
        All that the person has by now.
    """
    log = tables.identity_log()
    moment = pd.Timestamp(time).tz_convert("UTC").tz_localize(None)
    states, owner = replay(rows(tables, list(distinct_ids), time), log[log.timestamp <= moment])
    return dict(states[owner[distinct_id]].properties) if distinct_id in owner else {}
