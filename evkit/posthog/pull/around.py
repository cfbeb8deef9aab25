"""What is around a project's events: its settings, persons, groups, definitions, actions, cohorts, insights, dashboards."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evkit.errors import NotThere, PostHogError, TooHeavy, Unreachable
from evkit.posthog.api import Api
from evkit.posthog.pull import engine, lists, queries, written
from evkit.posthog.pull.folder import DEFINITIONS, PEOPLE, Folder

LISTS = ("event_definitions", "actions", "cohorts", "insights")
PROPERTY_TYPES = ("event", "person", "session")
SETTINGS = (
    "id", "uuid", "name", "timezone", "week_start_day", "test_account_filters", "test_account_filters_default_checked", "path_cleaning_filters",
    "has_group_types", "group_types", "person_on_events_querying_enabled", "modifiers", "default_modifiers", "person_display_name_properties",
    "primary_dashboard", "created_at",
)  # fmt: skip
"""What of a project's settings is written down: what figures hang on, and no token or address of a hook."""
WITHOUT = "left out: {0}"


def settings(api: Api, project: int | str) -> dict[str, Any]:
    """Give a project's settings, without its tokens."""
    found = api.get(f"/api/projects/{project}/")
    if not isinstance(found, dict) or "timezone" not in found:
        raise PostHogError(f"project {project}: its settings came without a time zone")
    return {name: found[name] for name in SETTINGS if name in found}


def definitions(api: Api, project: int | str, folder: Folder, say: Callable[[str], Any]) -> dict[str, int]:
    """Fetch what people defined; give how many there are of each. What the key may not read, or the host doesn't give, is told and left out."""
    counts: dict[str, int] = {}
    base = f"/api/projects/{project}"

    def listed(name: str, fetch: Callable[[], list[Any]]) -> list[Any]:
        try:
            rows = fetch()
        except Unreachable:
            raise
        except PostHogError as error:
            say(WITHOUT.format(error))
            return []
        folder.write_text(f"{DEFINITIONS}/{name}.json", json.dumps(rows, ensure_ascii=False))
        counts[name] = len(rows)
        return rows

    for name in LISTS:
        listed(name, functools.partial(whole, api, f"{base}/{name}/"))
    listed("dashboards", lambda: dashboards(api, base))
    types = listed("group_types", lambda: whole(api, f"{base}/groups_types/"))
    listed("property_definitions", lambda: properties(api, base, [one["group_type_index"] for one in types]))
    return counts


def whole(api: Api, path: str) -> list[dict[str, Any]]:
    """Give all rows of a list."""
    return list(api.listed(path, limit=100))


def dashboards(api: Api, base: str) -> list[dict[str, Any]]:
    """Give the dashboards, each with its tiles; one that is deleted meanwhile is none."""
    found = []
    for row in api.listed(f"{base}/dashboards/", limit=100):
        if not row.get("deleted"):
            with contextlib.suppress(NotThere):
                found.append(api.get(f"{base}/dashboards/{row['id']}/"))
    return found


def properties(api: Api, base: str, group_types: Sequence[int]) -> list[dict[str, Any]]:
    """Give the definitions of properties, with what they are of; of groups, those of each type."""
    asked = [{"type": kind} for kind in PROPERTY_TYPES] + [{"type": "group", "group_type_index": index} for index in group_types]
    return [{**row, **of} for of in asked for row in api.listed(f"{base}/property_definitions/", **of, limit=100)]


def people_of_list(api: Api, project: int | str, folder: Folder) -> int:
    """Fetch persons with their distinct ids from the API's list; give how many ids there are."""
    part = folder.path / PEOPLE / "persons.part"
    count = written.write(lists.people(api, project), written.PERSONS, part)
    folder.put(f"{PEOPLE}/persons.parquet", part)
    return count


def groups_of_list(api: Api, project: int | str, folder: Folder) -> int:
    """Fetch groups from the API's list; give how many there are."""
    part = folder.path / PEOPLE / "groups.part"
    types = [int(one["group_type_index"]) for one in folder.read_json("group_types") or ()]
    count = written.write(lists.groups(api, project, types), written.GROUPS, part)
    folder.put(f"{PEOPLE}/groups.parquet", part)
    return count


def people(api: Api, project: int | str, folder: Folder) -> int:
    """Fetch persons with their distinct ids, as they are now; give how many ids there are. Where queries are too much, from the API's list."""
    try:
        return people_of_queries(api, project, folder)
    except TooHeavy:
        return people_of_list(api, project, folder)


def people_of_queries(api: Api, project: int | str, folder: Folder) -> int:
    """Fetch persons and the map of their ids, and join them."""
    ids, who, part = (folder.path / PEOPLE / f"{name}.part" for name in ("ids", "people", "persons"))
    try:
        written.write(queries.distinct_ids(api, project), written.IDS, ids)
        written.write(queries.people(api, project), written.PEOPLE, who)
        with engine.bounded(folder.path) as con:
            copied = con.execute(
                "COPY (SELECT i.distinct_id, i.person_id, coalesce(p.properties, '{}') AS properties, p.created_at, p.is_identified "
                f"FROM read_parquet({quoted(ids)}) i LEFT JOIN read_parquet({quoted(who)}) p USING (person_id)) "
                f"TO {quoted(part)} (FORMAT PARQUET, COMPRESSION ZSTD)"
            ).fetchall()
        folder.put(f"{PEOPLE}/persons.parquet", part)
        return int(copied[0][0])
    finally:
        for path in (ids, who, part):
            path.unlink(missing_ok=True)


def groups(api: Api, project: int | str, folder: Folder) -> int:
    """Fetch groups; give how many there are."""
    part = folder.path / PEOPLE / "groups.part"
    count = written.write(queries.groups(api, project), written.GROUPS, part)
    folder.put(f"{PEOPLE}/groups.parquet", part)
    return count


def quoted(path: Path) -> str:
    """Write a path as SQL's text."""
    return "'" + str(path).replace("'", "''") + "'"
