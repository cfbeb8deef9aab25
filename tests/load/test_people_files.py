"""Files of persons and groups: values as they were written, the newest version, what can't be read told."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import evkit as ek
from evkit.errors import RejectedRowsWarning

EVENTS = [{"event": "e", "distinct_id": d, "timestamp": "2026-01-01T00:00:00Z", "properties": {"$group_0": "x"}} for d in ("a", "b")]


def lines(folder: Path, name: str, *rows: object) -> Path:
    file = folder / name
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return file


def test_values_stay_as_they_were_written_and_a_broken_line_is_told(tmp_path: Path) -> None:
    said = {
        "joined": "2026-01-01T00:00:00Z",
        "id": "5B1E0000-0000-4000-8000-0000000000AA",
        "at": "10:00",
        "Plan": "pro",
        "plan": 5,
        "n": 1.50,
    }
    people = lines(tmp_path, "persons.jsonl", {"distinct_id": "a", "person_id": "p", "properties": said}, "{broken", [1])
    with pytest.warns(RejectedRowsWarning, match=r"2 rows are set aside.*persons\.jsonl line 2"):
        events = ek.read(events=lines(tmp_path, "events.jsonl", *EVENTS), persons=people)
    assert json.loads(events.persons().properties[0]) == said
    assert events.load_report.rejected.line.tolist() == [2, 3]
    joined = ek.person_prop("joined") == "2026-01-01T00:00:00Z"
    assert events.filter(joined).trends("e", date_range="2026-01-01", display="BoldNumber").to_pandas().value.tolist() == [1]


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_a_person_has_the_properties_of_the_newest_version_whichever_id_says_it(tmp_path: Path, ending: str) -> None:
    rows = [
        {"distinct_id": "a", "person_id": "p", "properties": '{"plan":"zz-old"}', "person_version": 1, "person_distinct_id_version": 0},
        {"distinct_id": "b", "person_id": "p", "properties": '{"plan":"new"}', "person_version": 5, "person_distinct_id_version": 0},
    ]
    file = tmp_path / f"persons.{ending}"
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    elif ending == "csv":
        pd.DataFrame(rows).to_csv(file, index=False)
    else:
        lines(tmp_path, "persons.jsonl", *rows)
    events = ek.read(events=lines(tmp_path, "events.jsonl", *EVENTS), persons=file)
    assert events.persons()[["person_id", "properties"]].values.tolist() == [["p", '{"plan":"new"}']]


def test_persons_and_groups_of_other_names_are_mapped(tmp_path: Path) -> None:
    people = lines(tmp_path, "people.jsonl", {"user": "a", "who": "p", "props": {"plan": "pro"}})
    firms = lines(tmp_path, "firms.jsonl", {"kind": "company", "firm": "x", "props": {"size": 7}})
    events = ek.read(
        events=lines(tmp_path, "events.jsonl", *EVENTS),
        persons=people,
        persons_columns={"distinct_id": "user", "person_id": "who", "properties": "props"},
        groups=firms,
        groups_columns={"type": "kind", "key": "firm", "properties": "props"},
    )
    assert events.person("a").properties() == {"plan": "pro"}
    assert events.group("company", "x").properties() == {"size": 7}


def test_numbers_that_pandas_made_floats_are_ids_without_a_point() -> None:
    frame = pd.DataFrame({"event": ["a", "b", "c"], "distinct_id": [7.0, float("nan"), 8.5], "timestamp": ["2026-01-01"] * 3})
    events = ek.from_frame(frame)
    with pytest.warns(RejectedRowsWarning, match="no distinct_id"):
        assert sorted(events.head().distinct_id) == ["7", "8.5"]
    assert events.load_report.rejected.line.tolist() == [2]
    assert events.person(7).person_id == "7"  # type: ignore[arg-type]


def test_null_uuids_are_different_events(tmp_path: Path) -> None:
    rows = [
        {"uuid": u, "event": "a", "distinct_id": d, "timestamp": pd.Timestamp("2026-01-01")}
        for u, d in ((None, "a"), (None, "b"), ("x", "c"))
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "e.parquet")
    events = ek.read(tmp_path / "e.parquet")
    assert events.count() == 3
    assert events.load_report.duplicates == 0


def test_surrogates_in_a_frame_are_replaced() -> None:
    frame = pd.DataFrame({"event": ["a"], "distinct_id": ["u\ud800"], "timestamp": ["2026-01-01"]}, dtype=object)
    assert ek.from_frame(frame).head().distinct_id.tolist() == ["u\N{REPLACEMENT CHARACTER}"]


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_groups_and_persons_have_the_time_of_their_creation(tmp_path: Path, ending: str) -> None:
    groups = pd.DataFrame({"type": ["company"] * 2, "key": ["x", "y"], "created_at": ["2026-01-01T23:30:00Z", None]})
    people = pd.DataFrame({"distinct_id": ["a"], "person_id": ["p"], "created_at": ["2026-01-02T01:00:00+02:00"]})
    for name, frame in (("groups", groups), ("persons", people)):
        file = tmp_path / f"{name}.{ending}"
        if ending == "parquet":
            frame.to_parquet(file)
        elif ending == "csv":
            frame.to_csv(file, index=False)
        else:
            lines(tmp_path, file.name, *({k: v for k, v in row.items() if pd.notna(v)} for row in frame.astype(object).to_dict("records")))
    events = ek.read(
        events=lines(tmp_path, "events.jsonl", *EVENTS), persons=tmp_path / f"persons.{ending}", groups=tmp_path / f"groups.{ending}"
    )
    assert events.groups().created_at.tolist() == [pd.Timestamp("2026-01-01 23:30"), pd.NaT]
    assert events.persons().created_at.tolist() == [pd.Timestamp("2026-01-01 23:00")]
    of_groups = events.lifecycle("e", group_type="company", date_range="2026-01-01").to_pandas()
    assert dict(zip(of_groups.status, of_groups.value, strict=True))["new"] == 1
    of_people = events.lifecycle("e", date_range="2026-01-01").to_pandas()  # a is new, b is not among the persons
    assert of_people.value.tolist() == [1, 0, 1, 0]


def test_groups_of_a_file_that_does_not_say_when_they_were_created_are_never_new(tmp_path: Path) -> None:
    firms = lines(tmp_path, "groups.jsonl", {"type": "company", "key": "x"})
    events = ek.read(events=lines(tmp_path, "events.jsonl", *EVENTS), groups=firms)
    assert events.groups().created_at.isna().all()
    assert events.lifecycle("e", group_type="company").to_pandas().value.tolist() == [0, 0, 1, 0]
