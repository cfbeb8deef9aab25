"""Person and Group: what `events.person("id")` and `events.group("company", "id:5")` give."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd

from evkit import markup
from evkit.dates.grammar import absolute, is_relative, parse
from evkit.errors import DataError, SpecError, nearest
from evkit.insights.masking import masked

if TYPE_CHECKING:
    from evkit.insights.funnel.spec import Funnel
    from evkit.insights.insight import Insight
    from evkit.model.tables import EventTables

MOST_COMPARED = 10_000
MOST_SHOWN = 12
"""Properties of a person that are shown at a glance."""


class Person:
    """One person: their distinct ids, their properties now and then, their timeline.

    Parameters
    ----------
    tables
        The tables the person is in.
    distinct_id
        Any of the person's distinct ids.

    Raises
    ------
    DataError
        When no event and no person has that distinct id.
    """

    def __init__(self, tables: EventTables, distinct_id: str) -> None:
        self.tables = tables
        self.distinct_id = distinct_id = str(distinct_id)
        rows = tables.persons_frame()
        mine = rows[rows.distinct_ids.map(lambda ids: distinct_id in set(ids))]
        if mine.empty:
            near = nearest_id(distinct_id, [i for ids in rows.distinct_ids for i in ids])
            raise DataError(f"no person has the distinct_id {distinct_id!r}.{near} events.persons() lists them all.")
        self._row = mine.iloc[0]
        self.person_id: str = str(self._row.person_id)
        self.distinct_ids: tuple[str, ...] = tuple(sorted(self._row.distinct_ids))

    def __repr__(self) -> str:
        ids = len(self.distinct_ids)
        return f"<Person {self.person_id}: {ids} distinct id{'' if ids == 1 else 's'}>"

    def _repr_html_(self) -> str:
        known = self.properties()
        pairs: list[tuple[str, object]] = [("distinct ids", len(self.distinct_ids)), ("first seen (UTC)", self._row.created_at)]
        pairs += [(key, as_text(known[key])) for key in sorted(known, key=lambda k: (k.startswith("$"), k))[:MOST_SHOWN]]
        more = f"{len(known) - MOST_SHOWN} more properties: .properties(). " if len(known) > MOST_SHOWN else ""
        return markup.card(f"Person {masked(self.person_id)}", pairs, f"{more}What they did: .timeline()")

    def properties(self, at: str | dt.datetime | None = None) -> dict[str, Any]:
        """Give the person's properties: now, or at a time those of the person that the distinct id asked for belonged to then.

        Parameters
        ----------
        at
            ISO text in the project's zone, a relative date such as "-7d", or a datetime.
        """
        if at is None:
            found: dict[str, Any] = json.loads(self._row.properties)
            return found
        from evkit.model.persons import properties_at

        return properties_at(self.tables, self.distinct_id, self.distinct_ids, moment(at, self.tables))

    def events(self) -> pd.DataFrame:
        """Give the person's events in time order: uuid, event, distinct_id, timestamp (UTC), properties."""
        log = self.tables.log()
        mine = log.filter(log.person_id == self.person_id).order_by(["timestamp", "uuid"])
        return self.tables.execute(mine[["uuid", "event", "distinct_id", "timestamp", "properties"]])

    def timeline(self, *, overlay: Insight | Funnel | None = None, show_ids: bool = False) -> Insight:
        """Give events, merges, property changes and sessions in order, in the project's time zone: a frame, a chart, a list that scrolls.

        Parameters
        ----------
        overlay
            A funnel: events that are steps of it say which.
        show_ids
            Write ids as they are; otherwise they are masked in the chart and the list.
        """
        from evkit.insights.insight import Insight
        from evkit.insights.timeline.spec import Timeline

        return Insight(Timeline(person_id=self.person_id, overlay=overlay, show_ids=show_ids), self.tables)


class Group:
    """One group: its properties and its timeline.

    Raises
    ------
    SpecError
        When the data has no such group type.
    DataError
        When nothing names such a group.
    """

    def __init__(self, tables: EventTables, group_type: str, key: str) -> None:
        if group_type not in tables.group_types:
            raise SpecError(f"no group type {group_type!r}. The data has: {', '.join(tables.group_types) or 'none'}")
        self.tables = tables
        self.group_type = group_type
        self.type_index = tables.group_types.index(group_type)
        self.key = key
        if not self._is_known():
            raise DataError(
                f"no group of type {group_type!r} has the key {key!r}. events.groups({group_type!r}) lists those that are described."
            )

    def _is_known(self) -> bool:
        """Say whether a $groupidentify or an event names the group."""
        g = self.tables.group_table()
        described = g.filter((g.type_index == self.type_index) & (g.key == self.key)).count()
        log = self.tables.log(frozenset({f"group:{self.type_index}"}))
        named = log.filter(log[f"group_{self.type_index}"] == self.key).limit(1).count()
        return any(self.tables.execute(n.name("n").as_table()).n[0] > 0 for n in (described, named))

    def __repr__(self) -> str:
        return f"<Group {self.group_type} {self.key}>"

    def _repr_html_(self) -> str:
        return markup.card(
            f"Group {self.group_type} {self.key}", [], "What is known of it: .properties(). What happened in it: .timeline()"
        )

    def properties(self, at: str | dt.datetime | None = None) -> dict[str, Any]:
        """Give the group's properties: now, or as they were at a time; empty when no $groupidentify named it.

        Parameters
        ----------
        at
            ISO text in the project's zone, a relative date such as "-7d", or a datetime.
        """
        if at is not None:
            changed = self.tables.group_changes(self.type_index, self.key)
            until = pd.Timestamp(moment(at, self.tables)).tz_convert("UTC").tz_localize(None)
            return {row.key: json.loads(row.after) for row in changed[changed.time <= until].itertuples()}
        g = self.tables.group_table()
        rows = self.tables.execute(g.filter((g.type_index == self.type_index) & (g.key == self.key)))
        return json.loads(rows.properties.iloc[0]) if len(rows) else {}

    def events(self) -> pd.DataFrame:
        """Give the group's events in time order: uuid, event, distinct_id, timestamp (UTC), person_id, properties."""
        log = self.tables.log(frozenset({f"group:{self.type_index}"}))
        mine = log.filter(log[f"group_{self.type_index}"] == self.key).order_by(["timestamp", "uuid"])
        return self.tables.execute(mine[["uuid", "event", "distinct_id", "timestamp", "person_id", "properties"]])

    def timeline(self, *, overlay: Insight | Funnel | None = None, show_ids: bool = False) -> Insight:
        """Give the group's events and property changes in order, in the project's time zone: a frame, a chart, a list that scrolls.

        Parameters
        ----------
        overlay
            A funnel: events that are steps of it say which.
        show_ids
            Write the ids of persons as they are; otherwise they are masked in the list.
        """
        from evkit.insights.insight import Insight
        from evkit.insights.timeline.spec import Timeline

        asked = Timeline(group_type_index=self.type_index, group_key=self.key, overlay=overlay, show_ids=show_ids)
        return Insight(asked, self.tables)


def nearest_id(value: str, ids: Iterable[str]) -> str:
    """Say which id is nearest: one with the same numbers, whatever their zeros in front, else one that is written nearly so.

    Examples
    --------
    >>> nearest_id("804", ["user_1804", "user_0804"]), nearest_id("user_84", ["user_840", "user_0084"])
    (" Did you mean 'user_0804'?", " Did you mean 'user_0084'?")
    """
    known = list(ids)
    wanted = numbers(value)
    same = sorted(i for i in known if wanted and wanted[-1] in i and numbers(i) == wanted)
    if same:
        return f" Did you mean {difflib.get_close_matches(value, same[:MOST_COMPARED], n=1, cutoff=0)[0]!r}?"
    return nearest(value, known[:MOST_COMPARED])


def numbers(text: str) -> list[str]:
    """Give the numbers in a text, without zeros in front."""
    return [digits.lstrip("0") for digits in re.findall(r"\d+", text)]


def as_text(value: Any) -> str:
    """Write a property's value for people."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def moment(value: str | dt.datetime, tables: EventTables) -> dt.datetime:
    """Give a time with a zone: text and datetimes without one are in the project's; relative dates count from its clock.

    Raises
    ------
    SpecError
        When it can't be read.
    """
    zone = ZoneInfo(tables.settings.timezone)
    if not isinstance(value, str):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if not is_relative(value):
        return absolute(value, zone)
    return parse(value, now=tables.now, timezone=tables.settings.timezone)
