"""Project: a PostHog project held locally, asked in PostHog's own JSON."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from evkit import elements, markup
from evkit.capture import message
from evkit.errors import DataError, SpecError, UnsupportedQuery
from evkit.events import Events
from evkit.insights.insight import Insight
from evkit.load.files import connect
from evkit.load.lines import dump, naive
from evkit.membership import Membership
from evkit.model import schema
from evkit.model.settings import Settings
from evkit.model.tables import EventTables, Ready
from evkit.opening import from_frame, read
from evkit.posthog.nodes import actions as action_nodes
from evkit.posthog.nodes import cohorts as cohort_nodes
from evkit.posthog.nodes import fields, kinds
from evkit.posthog.nodes import filters as filter_nodes
from evkit.posthog.nodes.kinds import KINDS
from evkit.query.filters import Matcher
from evkit.query.relation import relation

Rows = Sequence[Mapping[str, Any]]
NO_TIME = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""The time of events that were given none: they can be matched, and lie outside every sensible range."""
ACTOR_KINDS = {
    "InsightActorsQuery": ("TrendsQuery", "RetentionQuery", "LifecycleQuery", "StickinessQuery", "PathsQuery"),
    "FunnelsActorsQuery": ("FunnelsQuery",),
    "FunnelCorrelationActorsQuery": ("FunnelCorrelationQuery",),
    "StickinessActorsQuery": ("StickinessQuery",),
}
"""Kinds of actors queries, and over which queries they can be."""
PAGE = frozenset({"source", "limit", "offset", "select", "orderBy"})


class Project:
    """A PostHog project, offline.

    Parameters
    ----------
    events
        PostHog-shaped dicts (event, distinct_id, timestamp, properties, uuid, elements or elements_chain) in the order
        they arrived; or a frame; or the path of a file.
    persons
        Dicts with `distinct_ids`, `id`, `properties`, `created_at`. None: persons are rebuilt from the events.
    groups
        Dicts with `type`, `index`, `key`, `properties`, `created_at`. None: groups are rebuilt from the events.
    group_types
        Dicts with `type` and `index`, or names by index.
    actions, cohorts
        PostHog's JSON of each.
    property_definitions
        Dicts with `name`, `type` (event, person, group) and `property_type`.
    timezone
        IANA name.
    week_start_day
        0 Sunday, 1 Monday.
    """

    def __init__(
        self,
        events: Rows | Any,
        persons: Rows | None = None,
        groups: Rows | None = None,
        group_types: Sequence[Any] | None = None,
        actions: Rows | None = None,
        cohorts: Rows | None = None,
        property_definitions: Rows | None = None,
        timezone: str = "UTC",
        week_start_day: int = 0,
        test_account_filters: Sequence[Any] | None = None,
        path_cleaning_filters: Rows | None = None,
        aggregate_users_by_distinct_id: bool = False,
    ) -> None:
        if week_start_day not in (0, 1):
            raise SpecError(f"week_start_day {week_start_day!r} is neither 0 (Sunday) nor 1 (Monday)")
        acts = {a.id if a.id is not None else a.name: a for a in map(action_nodes.from_json, actions or ())}
        settings = Settings(
            timezone=timezone,
            week_start="monday" if week_start_day == 1 else "sunday",
            test_account_filters=filter_nodes.from_json(test_account_filters) if test_account_filters else None,
            path_cleaning_filters=tuple(dict(f) for f in path_cleaning_filters or ()),
            aggregate_by_distinct_id=aggregate_users_by_distinct_id,
            property_types={
                (str(d.get("type") or "event"), str(d["name"])): str(
                    d.get("property_type") or d.get("property_definition_type") or "String"
                )
                for d in property_definitions or ()
            },
            infer_property_types=False,
            group_types=group_type_names(group_types, groups),
            actions=acts,
            cohorts={c.id: c for c in (cohort_nodes.from_json(given, acts) for given in cohorts or ())},
        )
        self._tables = self._load(events, persons, groups, settings)
        self._given = persons is not None

    def _load(self, events: Any, persons: Rows | None, groups: Rows | None, settings: Settings) -> EventTables:
        if isinstance(events, (str, Path)):
            base = read(events).tables
        elif isinstance(events, Sequence):
            con = connect()
            base = EventTables(con=con, source=Ready(con.create_table("evkit_events", event_rows(events), temp=True)))
        else:
            base = from_frame(events).tables
        con = base.con
        people = con.create_table("evkit_persons", person_rows(persons), temp=True) if persons is not None and con is not None else None
        known = con.create_table("evkit_groups", group_rows(groups), temp=True) if groups is not None and con is not None else None
        return replace(base, persons=people, groups=known, settings=settings)

    # ------------------------------------------------------------------ asking
    def query(self, query: Mapping[str, Any], *, now: str | dt.datetime | None = None) -> dict[str, Any]:
        """Answer a query in PostHog's JSON as PostHog does.

        Parameters
        ----------
        query
            A TrendsQuery, FunnelsQuery, FunnelCorrelationQuery, RetentionQuery, LifecycleQuery, StickinessQuery or PathsQuery, or an actors
            query over one.
        now
            The clock, as ISO text or a datetime; the present when None.

        Returns
        -------
        dict
            ``{"results": ...}`` in the shape of PostHog's response.

        Raises
        ------
        UnsupportedQuery
            Names the kind or the field that evkit doesn't answer.
        """
        tables = self._at(now)
        kind = query.get("kind")
        if kind in kinds.WRAPPERS and isinstance(query.get("source"), Mapping):
            return self.query(query["source"], now=now)
        if kind == "ActorsQuery" and isinstance(query.get("source"), Mapping):
            fields.check(query, "ActorsQuery", PAGE)
            if query.get("orderBy") and (query.get("limit") or query.get("offset")):
                raise UnsupportedQuery(
                    f"ActorsQuery: a page (limit, offset) of people ordered by {query['orderBy']!r} is not answered: leave orderBy out, or ask for all"
                )
            rows, first = self.query(query["source"], now=now)["results"], int(query.get("offset") or 0)
            return {"results": rows[first : first + int(query["limit"])] if query.get("limit") else rows[first:]}
        if kind in ACTOR_KINDS:
            source_kind = (query.get("source") or {}).get("kind")
            if source_kind in ACTOR_KINDS[kind]:
                found: dict[str, Any] = KINDS[source_kind].answer_actors(dict(query), tables)
                return found
            raise UnsupportedQuery(f"{kind} over {source_kind!r} is not answered. Over: {', '.join(ACTOR_KINDS[kind])}")
        if kind not in KINDS:
            raise UnsupportedQuery(f"a query of kind {kind!r} is not answered. Kinds that are: {', '.join((*KINDS, *ACTOR_KINDS))}")
        answer: dict[str, Any] = KINDS[kind].answer(dict(query), tables)
        return answer

    def matches(self, filter_or_action: Any, *, now: str | dt.datetime | None = None) -> list[bool]:
        """Say of each event, in the order given, whether a filter (dict, list or group) or an action matches it."""
        tables = self._at(now)
        if isinstance(filter_or_action, Mapping) and "steps" in filter_or_action:
            action = action_nodes.from_json(filter_or_action)
            rows = relation(tables, action)
            hit = Matcher(tables, rows).action(action)
        else:
            group = filter_nodes.from_json(filter_or_action)
            rows = relation(tables, group)
            hit = Matcher(tables, rows).filter(group)
        found = tables.execute(rows.select("uuid", hit=hit))
        by_uuid = dict(zip(found.uuid, found.hit, strict=True))
        order = tables.execute(tables.source.table().select("uuid", "arrival")).sort_values("arrival", kind="stable")
        return [bool(by_uuid[u]) for u in order.uuid]

    def cohort_members(self, definition: Mapping[str, Any] | Sequence[Any], *, now: str | dt.datetime | None = None) -> list[str]:
        """Give the distinct ids of everybody in a cohort, sorted.

        Parameters
        ----------
        definition
            A cohort of PostHog's JSON, or its filters alone: the tree of today, a list of conditions, or the oldest groups.
        now
            The clock, as in `query`.

        Raises
        ------
        SpecError
            For a definition that PostHog refuses: a condition without a window, negations alone, a cohort defined by itself.
        UnsupportedQuery
            For a condition that evkit doesn't answer.

        Examples
        --------
        >>> import evkit as ek
        >>> project = ek.Project(events=[{"event": "buy", "distinct_id": "a", "timestamp": "2026-01-02"}])
        >>> bought = {"type": "behavioral", "value": "performed_event", "key": "buy", "event_type": "events", "time_value": 7, "time_interval": "day"}
        >>> project.cohort_members({"type": "AND", "values": [bought]}, now="2026-01-05")
        ['a']
        """
        tables = self._at(now)
        given = definition if isinstance(definition, Mapping) else {"type": "AND", "values": list(definition)}
        return Membership(tables, cohort_nodes.from_json(given, tables.settings.actions)).distinct_ids()

    # ------------------------------------------------------------------ looking
    @property
    def events(self) -> Events:
        """The project's events, as everything else in evkit takes them."""
        return Events(self._tables)

    def persons(self) -> list[dict[str, Any]]:
        """Give the persons: distinct_ids and properties."""
        rows = self._tables.persons_frame()
        return [
            {"id": r.person_id, "distinct_ids": sorted(r.distinct_ids), "properties": json.loads(r.properties)} for r in rows.itertuples()
        ]

    def groups(self) -> list[dict[str, Any]]:
        """Give the groups: type, index, key and properties."""
        rows = self._tables.execute(self._tables.group_table())
        return [
            {"type": r.type, "index": int(r.type_index), "key": r.key, "properties": json.loads(r.properties)} for r in rows.itertuples()
        ]

    def insight(self, query: Mapping[str, Any], *, now: str | dt.datetime | None = None) -> Insight:
        """Give the Insight that a query of PostHog's asks for, to chart or to explain."""
        return kinds.insight(query, self._at(now))

    def _at(self, now: str | dt.datetime | None) -> EventTables:
        return self._tables.with_settings(replace(self._tables.settings, now=self._clock(now)))

    def _clock(self, now: str | dt.datetime | None) -> dt.datetime:
        if now is None:
            return dt.datetime.now(dt.UTC)
        time = dt.datetime.fromisoformat(now) if isinstance(now, str) else now
        zone = ZoneInfo(self._tables.settings.timezone)
        return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(dt.UTC)

    @cached_property
    def _repr_parts(self) -> str:
        return f"{len(self._tables.settings.actions)} actions, {len(self._tables.settings.cohorts)} cohorts"

    def __repr__(self) -> str:
        return f"<Project: {self._repr_parts}, {self._tables.settings.timezone}>"

    def _repr_html_(self) -> str:
        settings = self._tables.settings
        pairs = [
            ("actions", ", ".join(a.name for a in settings.actions.values()) or "none"),
            ("cohorts", len(settings.cohorts)),
            ("time zone", settings.timezone),
        ]
        return markup.card("Project", pairs, "project.query({...}) answers PostHog's JSON; project.events asks questions.")


def to_actors_query(insight: Insight, **which: Any) -> dict[str, Any]:
    """Give the query in PostHog's JSON that asks who is behind a figure of an Insight.

    Parameters
    ----------
    **which
        What names the figure, as in `insight.actors`.

    Raises
    ------
    UnsupportedQuery
        When PostHog has no such query.

    Examples
    --------
    >>> import evkit as ek
    >>> to_actors_query(ek.load_sample().funnel("$pageview", "user_signed_up"), step=2, dropped=True)["funnelStep"]
    -2
    """
    made: dict[str, Any] = KINDS[kind_of(insight)].to_actors_query(insight.spec, insight.tables, **which)
    return made


def kind_of(insight: Insight) -> str:
    """Give the kind of PostHog's query that asks what an Insight asks.

    Raises
    ------
    UnsupportedQuery
        When PostHog has no such query.
    """
    kind = f"{type(insight.spec).__name__}Query".replace("FunnelQuery", "FunnelsQuery")
    if kind not in KINDS:
        raise UnsupportedQuery(f"a {type(insight.spec).__name__} is no query of PostHog's. Those that are: {', '.join(KINDS)}")
    return kind


def to_query(insight: Insight) -> dict[str, Any]:
    """Give the query in PostHog's JSON that asks what an Insight asks.

    Raises
    ------
    UnsupportedQuery
        When PostHog has no such query.

    Examples
    --------
    >>> import evkit as ek
    >>> to_query(ek.load_sample().trends("movie_played", interval="week"))["interval"]
    'week'
    """
    made: dict[str, Any] = KINDS[kind_of(insight)].to_query(insight.spec, insight.tables)
    return made


def event_rows(events: Rows) -> pa.Table:
    """Give PostHog-shaped dicts as canonical events; the order of the list is the order of arrival."""
    rows = []
    for i, e in enumerate(events):
        if not e.get("event") and "event" not in e:
            raise DataError(f"event {i} has no 'event': {dict(e)!r:.200}")
        given = e.get("timestamp")
        time = given if isinstance(given, dt.datetime) else message.parse_time(given) if given is not None else NO_TIME
        if time is None:
            raise DataError(f"event {i}: timestamp {given!r} can't be read")
        chain = e.get("elements_chain")
        if chain is None:
            chain = elements.to_chain(list(e["elements"])) if e.get("elements") else ""
        properties = dict(e.get("properties") or {})
        for key in ("$set", "$set_once"):
            if isinstance(e.get(key), Mapping):
                properties[key] = {**(properties.get(key) or {}), **e[key]}
        rows.append(
            {
                "uuid": str(e.get("uuid") or f"00000000-0000-7000-8000-{i:012x}"),
                "event": message.cleaned(str(e["event"])),
                "distinct_id": message.cleaned(message.distinct_id_text(e.get("distinct_id"))),
                "timestamp": naive(time if time.tzinfo else time.replace(tzinfo=dt.UTC)),
                "received_at": None,
                "arrival": i,
                "properties": dump(properties),
                "elements_chain": message.cleaned(chain),
                "person_id": None,
                "person_properties": None,
            }
        )
    return pa.Table.from_pylist(rows, schema.EVENTS.to_pyarrow())


def person_rows(persons: Rows) -> pa.Table:
    """Give PostHog-shaped persons as canonical ones: a row a distinct id."""
    rows = []
    for p in persons:
        created = created_at(p)
        for distinct_id in p["distinct_ids"]:
            rows.append(
                {
                    "distinct_id": str(distinct_id),
                    "person_id": str(p.get("id") or p["distinct_ids"][0]),
                    "properties": dump(dict(p.get("properties") or {})),
                    "created_at": created,
                }
            )
    return pa.Table.from_pylist(rows, schema.PERSONS.to_pyarrow())


def created_at(given: Mapping[str, Any]) -> dt.datetime | None:
    """Give when a person or a group was created, UTC without a zone; None where it isn't said.

    Raises
    ------
    DataError
        When what is said can't be read.
    """
    said = given.get("created_at")
    time = message.parse_time(said) if isinstance(said, str) else said
    if said is not None and not isinstance(time, dt.datetime):
        raise DataError(f"created_at {said!r} can't be read: give ISO text or a datetime. It is of {dict(given)!r:.200}")
    return None if time is None else naive(time if time.tzinfo else time.replace(tzinfo=dt.UTC))


def group_rows(groups: Rows) -> pa.Table:
    """Give PostHog-shaped groups as canonical ones."""
    index: dict[str, int] = {}
    rows = []
    for g in groups:
        kind = str(g.get("type", g.get("group_type", "")))
        at = g.get("index", g.get("group_type_index"))
        rows.append(
            {
                "type_index": int(at) if at is not None else index.setdefault(kind, len(index)),
                "type": kind,
                "key": str(g.get("key", g.get("group_key"))),
                "properties": dump(dict(g.get("properties") or g.get("group_properties") or {})),
                "created_at": created_at(g),
            }
        )
    return pa.Table.from_pylist(rows, schema.GROUPS.to_pyarrow())


def group_type_names(group_types: Sequence[Any] | None, groups: Iterable[Mapping[str, Any]] | None) -> tuple[str, ...]:
    """Give the group types by index, from their list or from the groups."""
    by_index: dict[int, str] = {}
    for i, entry in enumerate(group_types or ()):
        if isinstance(entry, str):
            by_index[i] = entry
        else:
            by_index[int(entry.get("index", entry.get("group_type_index", i)))] = str(entry.get("type", entry.get("group_type")))
    for g in groups or ():
        if g.get("index") is not None:
            by_index.setdefault(int(g["index"]), str(g.get("type", "")))
    return tuple(by_index.get(i, "") for i in range(max(by_index, default=-1) + 1))
