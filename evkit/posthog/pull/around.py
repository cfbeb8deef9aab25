"""What is around a project's events: its settings, persons, groups, definitions, actions, cohorts, insights, dashboards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from evkit.errors import KeyRefused, PostHogError
from evkit.posthog.api import Api
from evkit.posthog.pull import queries, written
from evkit.posthog.pull.folder import DEFINITIONS, PEOPLE, Folder

LISTS = ("event_definitions", "actions", "cohorts", "insights", "dashboards")
PROPERTY_TYPES = ("event", "person", "group", "session")
SECRET = ("api_token", "secret_api_token", "secret_api_token_backup", "live_events_token")
"""What of a project's settings is not written down."""
WITHOUT = "left out: {0}"


def settings(api: Api, project: int | str) -> dict[str, Any]:
    """Give a project's settings, without its tokens."""
    found = api.get(f"/api/projects/{project}/")
    if not isinstance(found, dict) or "timezone" not in found:
        raise PostHogError(f"project {project}: its settings came without a time zone")
    return {name: value for name, value in found.items() if name not in SECRET}


def definitions(api: Api, project: int | str, folder: Folder, say: Callable[[str], Any]) -> dict[str, int]:
    """Fetch what people defined; give how many there are of each. What the key may not read is told and left out."""
    counts: dict[str, int] = {}
    base = f"/api/projects/{project}"

    def keep(name: str, rows: list[Any]) -> None:
        folder.write_text(f"{DEFINITIONS}/{name}.json", json.dumps(rows, ensure_ascii=False))
        counts[name] = len(rows)

    for name in LISTS:
        try:
            rows = list(api.listed(f"{base}/{name}/", limit=100))
            if name == "dashboards":
                rows = [api.get(f"{base}/dashboards/{row['id']}/") for row in rows if not row.get("deleted")]
            keep(name, rows)
        except KeyRefused as error:
            say(WITHOUT.format(error))
    try:
        keep("property_definitions", [
            {**row, "type": kind}
            for kind in PROPERTY_TYPES
            for row in properties_of(api, base, kind)
        ])  # fmt: skip
    except KeyRefused as error:
        say(WITHOUT.format(error))
    try:
        keep("group_types", list(api.listed(f"{base}/groups_types/")))
    except KeyRefused as error:
        say(WITHOUT.format(error))
    return counts


def properties_of(api: Api, base: str, kind: str) -> list[dict[str, Any]]:
    """Give the definitions of properties; of groups, those of each type."""
    if kind != "group":
        return list(api.listed(f"{base}/property_definitions/", type=kind, limit=100))
    types = list(api.listed(f"{base}/groups_types/"))
    return [
        {**row, "group_type_index": one["group_type_index"]}
        for one in types
        for row in api.listed(f"{base}/property_definitions/", type=kind, group_type_index=one["group_type_index"], limit=100)
    ]


def people(api: Api, project: int | str, folder: Folder, told: Callable[[int], None]) -> int:
    """Fetch persons with their distinct ids, as they are now; give how many ids there are."""
    ids, who, part = (folder.path / PEOPLE / f"{name}.part" for name in ("ids", "people", "persons"))
    try:
        written.write(queries.distinct_ids(api, project), written.IDS, ids, told=told)
        written.write(queries.people(api, project), written.PEOPLE, who, told=told)
        with duckdb.connect() as con:
            con.execute(
                "COPY (SELECT i.distinct_id, i.person_id, coalesce(p.properties, '{}') AS properties, p.created_at, p.is_identified "
                f"FROM read_parquet({quoted(ids)}) i LEFT JOIN read_parquet({quoted(who)}) p USING (person_id)) "
                f"TO {quoted(part)} (FORMAT PARQUET, COMPRESSION ZSTD)"
            )
        count = written_rows(part)
        folder.put(f"{PEOPLE}/persons.parquet", part)
        return count
    finally:
        for path in (ids, who, part):
            path.unlink(missing_ok=True)


def groups(api: Api, project: int | str, folder: Folder, told: Callable[[int], None]) -> int:
    """Fetch groups; give how many there are."""
    part = folder.path / PEOPLE / "groups.part"
    count = written.write(queries.groups(api, project), written.GROUPS, part, told=told)
    folder.put(f"{PEOPLE}/groups.parquet", part)
    return count


def written_rows(path: Path) -> int:
    """Give how many rows a file has."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        return int(file.metadata.num_rows)


def quoted(path: Path) -> str:
    """Write a path as SQL's text."""
    return "'" + str(path).replace("'", "''") + "'"
