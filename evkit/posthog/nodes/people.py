"""Actors as PostHog answers them: persons with their distinct ids and properties, groups by their key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from evkit.model.tables import EventTables


def actors(ids: Sequence[str], tables: EventTables, *, group_type_index: int | None = None) -> list[dict[str, Any]]:
    """Give persons, or groups of one type, in the order of their ids: id, distinct_ids, properties.

    Who is unknown, such as the actor of an event without a person, is one by its id alone.
    """
    if group_type_index is not None:
        table = tables.group_table()
        groups = tables.execute(
            table.filter((table.type_index == group_type_index) & table.key.isin(list(ids))).select("key", "properties")
        )
        said = dict(zip(groups.key, groups.properties, strict=True))
        return [{"id": key, "distinct_ids": [], "properties": json.loads(said.get(key) or "{}")} for key in ids]
    people = tables.persons_frame()
    place = {person_id: i for i, person_id in enumerate(people.person_id)}
    made: list[dict[str, Any]] = []
    for person_id in ids:
        at = place.get(person_id)
        if at is None:
            made.append({"id": person_id, "distinct_ids": [person_id], "properties": {}})
            continue
        made.append(
            {
                "id": person_id,
                "distinct_ids": sorted(people.distinct_ids.iloc[at]),
                "properties": json.loads(people.properties.iloc[at] or "{}"),
            }
        )
    return made
