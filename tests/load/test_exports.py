"""PostHog's batch exports, as its files are: JSON lines with nested objects, Parquet with JSON text, one row a distinct id."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import evkit as ek

AA, BB = "5b1e0000-0000-4000-8000-0000000000aa", "5b1e0000-0000-4000-8000-0000000000bb"
EVENTS: list[dict[str, Any]] = [
    {
        "uuid": "0199aa10-0000-7000-8000-000000000001",
        "event": "$pageview",
        "distinct_id": "anon-7",
        "person_id": BB,
        "properties": {"$current_url": "https://shop.test/a", "$session_id": "s-1"},
        "person_properties": {"plan": "free"},
        "elements_chain": "",
        "timestamp": "2026-02-01T09:15:00.120000+00:00",
        "created_at": "2026-02-01T09:15:01.004000+00:00",
        "_inserted_at": "2026-02-01T09:15:03+00:00",
    },
    {
        "uuid": "0199aa10-0000-7000-8000-000000000002",
        "event": "$autocapture",
        "distinct_id": "u-42",
        "person_id": AA,
        "properties": {"$event_type": "click"},
        "person_properties": None,
        "elements_chain": 'button.cta:nth-child="1"nth-of-type="1"text="Buy"',
        "timestamp": "2026-02-01T09:16:00+00:00",
        "created_at": "2026-02-01T09:16:00.900000+00:00",
        "_inserted_at": "2026-02-01T09:16:02+00:00",
    },
]
PERSONS: list[dict[str, Any]] = [
    {"team_id": 7, "distinct_id": "anon-7", "person_id": BB, "properties": {"plan": "free"}, "person_distinct_id_version": 0, "person_version": 9},
    {"team_id": 7, "distinct_id": "anon-7", "person_id": AA, "properties": {"plan": "pro"}, "person_distinct_id_version": 1, "person_version": 4},
    {"team_id": 7, "distinct_id": "u-42", "person_id": AA, "properties": {"plan": "pro"}, "person_distinct_id_version": 0, "person_version": 4},
    {"team_id": 7, "distinct_id": "gone", "person_id": BB, "properties": {}, "person_distinct_id_version": 0, "person_version": 9},
    {"team_id": 7, "distinct_id": "gone", "person_id": BB, "properties": {}, "person_distinct_id_version": 0, "person_version": 10, "is_deleted": True},
]  # fmt: skip
WHOLE_PERSONS = [
    {"created_at": "2026-01-30T08:00:00+00:00", "_inserted_at": "2026-02-01T09:20:00+00:00", "is_deleted": False, **p} for p in PERSONS
]


def as_lines(rows: list[dict[str, Any]], folder: Path, name: str, ending: str) -> Path:
    """Write JSON lines; each line a gzip member of its own, as PostHog does."""
    file = folder / f"{name}.{ending}"
    lines = [(json.dumps(r) + "\n").encode() for r in rows]
    if ending.endswith("gz"):
        file.write_bytes(b"".join(gzip.compress(line) for line in lines))
    else:
        pa.output_stream(file, compression={"br": "brotli", "zst": "zstd"}.get(ending.rpartition(".")[2])).write(b"".join(lines))
    return file


def as_parquet(rows: list[dict[str, Any]], folder: Path, name: str, ending: str) -> Path:
    """Write Parquet with objects as JSON text and times as timestamps; compression is inside, whatever the ending says."""
    frame = pd.DataFrame(rows)
    for column in frame.columns:
        if column.endswith("properties"):
            frame[column] = [None if v is None else json.dumps(v) for v in frame[column]]
        if column in ("timestamp", "created_at", "_inserted_at"):
            frame[column] = pd.to_datetime(frame[column], format="ISO8601").astype("datetime64[us, UTC]")
    file = folder / f"{name}.{ending}"
    pq.write_table(
        pa.Table.from_pandas(frame), file, compression={"zst": "zstd", "gz": "gzip", "lz4": "lz4"}.get(ending.rpartition(".")[2], "snappy")
    )
    return file


FORMATS = [
    (as_lines, "jsonl"), (as_lines, "jsonl.gz"), (as_lines, "jsonl.zst"), (as_lines, "jsonl.br"),
    (as_parquet, "parquet"), (as_parquet, "parquet.zst"), (as_parquet, "parquet.gz"), (as_parquet, "parquet.lz4"),
]  # fmt: skip


@pytest.mark.parametrize(("write", "ending"), FORMATS, ids=[e for _, e in FORMATS])
def test_an_export_of_events_is_read_with_the_persons_it_names(write: Any, ending: str, tmp_path: Path) -> None:
    events = ek.read(write(EVENTS, tmp_path, "events", ending), identity="given")
    rows = events.to_ibis().order_by("timestamp").to_pandas()
    assert [str(t) for t in rows.timestamp] == ["2026-02-01 09:15:00.120000", "2026-02-01 09:16:00"]
    assert rows.person_id.tolist() == [BB, AA]
    assert json.loads(rows.properties[0])["$current_url"] == "https://shop.test/a"
    assert rows.elements_chain[1].startswith("button.cta")


@pytest.mark.parametrize(
    ("write", "ending"), [f for f in FORMATS if f[1] in ("jsonl.gz", "parquet", "jsonl")], ids=["jsonl", "gz", "parquet"]
)
def test_the_newest_version_says_whose_an_id_is(write: Any, ending: str, tmp_path: Path) -> None:
    events = ek.read(events=write(EVENTS, tmp_path, "events", ending), persons=write(WHOLE_PERSONS, tmp_path, "persons", ending))
    assert events.head().person_id.tolist() == [AA, AA]
    people = events.persons()
    assert people.person_id.tolist() == [AA]
    assert sorted(people.distinct_ids[0]) == ["anon-7", "u-42"]
    assert json.loads(people.properties[0]) == {"plan": "pro"}
    assert events.people() == 1


def test_columns_that_a_custom_schema_renamed_are_mapped(tmp_path: Path) -> None:
    rows = [{"my_event_name": e["event"], "all_properties": e["properties"], **e} for e in EVENTS]
    rows = [{k: v for k, v in r.items() if k not in ("event", "properties")} for r in rows]
    columns = {"event": "my_event_name", "properties": "all_properties"}
    for write, ending in ((as_parquet, "parquet"), (as_lines, "jsonl")):
        events = ek.read(write(rows, tmp_path, "custom", ending), columns=columns, identity="given")
        assert events.event_names().event.tolist() == ["$autocapture", "$pageview"]
        assert events.property_names("$autocapture").property.tolist() == ["$event_type"]


def test_events_persons_and_groups_come_from_tables_of_their_own(tmp_path: Path) -> None:
    e = [{**EVENTS[0], "properties": {"$groups": {"company": "id:5"}}}]
    companies = tmp_path / "groups.csv"
    companies.write_text('type,key,properties\ncompany,id:5,"{""name"": ""Acme""}"\ncompany,id:6,{}\n')
    events = ek.read(
        events=as_lines(e, tmp_path, "events", "jsonl"), persons=as_parquet(WHOLE_PERSONS, tmp_path, "persons", "parquet"), groups=companies
    )
    assert events.groups("company").key.tolist() == ["id:5", "id:6"]
    assert events.group("company", "id:5").properties() == {"name": "Acme"}
