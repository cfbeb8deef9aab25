"""A folder of PostHog's batch export, as somebody downloaded it: events, persons, manifests, whatever they are compressed with."""

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import DataError

WINDOW = "2026-02-01T00:00:00+00:00-2026-02-01T01:00:00+00:00"
EVENTS = [
    {
        "uuid": f"0199aa10-0000-7000-8000-00000000000{i}", "event": "$pageview", "distinct_id": who, "person_id": person, "properties": {"n": i},
        "person_properties": None, "elements_chain": "", "timestamp": f"2026-02-01T00:1{i}:00+00:00", "created_at": f"2026-02-01T00:1{i}:01+00:00",
        "_inserted_at": f"2026-02-01T00:1{i}:02+00:00",
    }
    for i, (who, person) in enumerate([("anon-7", "p0"), ("u-42", "p1"), ("anon-8", "p8")])
]  # fmt: skip
PERSONS = [
    {
        "team_id": 7, "distinct_id": who, "person_id": "p1", "properties": {"plan": "pro"}, "person_distinct_id_version": 1, "person_version": 4,
        "created_at": "2026-01-30T08:00:00+00:00", "_inserted_at": "2026-02-01T00:20:00+00:00", "is_deleted": False,
    }
    for who in ("anon-7", "u-42")
]  # fmt: skip


def lines(rows: list[dict[str, Any]]) -> bytes:
    """Write rows as an export does: each line is a gzip member of its own."""
    return b"".join(gzip.compress(json.dumps(row).encode() + b"\n") for row in rows)


def parquet(rows: list[dict[str, Any]], path: Path) -> None:
    frame = pd.DataFrame(rows)
    for name in ("timestamp", "created_at", "_inserted_at"):
        if name in frame:
            frame[name] = pd.to_datetime(frame[name])
    frame["properties"] = frame.properties.map(json.dumps)
    frame.to_parquet(path, compression="zstd")


@pytest.mark.parametrize("kind", ["jsonl.gz", "parquet.zst"])
def test_the_folder_of_an_export_is_read_with_its_persons(tmp_path: Path, kind: str) -> None:
    for model, rows in (("events", EVENTS), ("persons", PERSONS)):
        folder = tmp_path / "export" / model / "2026" / "02"
        folder.mkdir(parents=True)
        for n, part in enumerate((rows[:1], rows[1:])):
            path = folder / f"{WINDOW}-{n}.{kind}"
            if kind == "jsonl.gz":
                path.write_bytes(lines(part))
            else:
                parquet(part, path)
        (folder / f"{WINDOW}_manifest.json").write_text(
            json.dumps({"files": [f"export/{model}/2026/02/{WINDOW}-{n}.{kind}" for n in range(2)]})
        )
    events = ek.read(tmp_path / "export")
    assert events.count() == 3
    assert events.people() == 2  # anon-7 and u-42 are one since
    by_plan = events.trends("$pageview", breakdown=ek.person_prop("plan"), interval="week").to_pandas()
    assert by_plan.groupby("breakdown_value").value.sum().to_dict() == {"pro": 2, "$$_posthog_breakdown_null_$$": 1}
    (tmp_path / "export" / "events" / "2026" / "02" / f"{WINDOW}-1.{kind}").unlink()
    with pytest.raises(DataError, match=r"_manifest\.json lists 1 files that are not there, such as .*: the download is not whole"):
        ek.read(tmp_path / "export")


def test_a_folder_of_something_else_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder without a file of events; there is no file that evkit reads"):
        ek.read(tmp_path)
    with ek.capture.Store(tmp_path / "events", background=False), pytest.raises(DataError, match=r"is a store: open it by ek\.open_store"):
        ek.read(tmp_path / "events")
    for name in ("events", "persons", "definitions"):
        (tmp_path / "project" / name).mkdir(parents=True)
    with pytest.raises(DataError, match=r"is a project that was fetched: open it by ek\.from_posthog"):
        ek.read(tmp_path / "project")
