"""Files: errors name what is missing, what is there and the nearest match; PostHog's exports are read as they are."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import evkit as ek
from evkit.errors import DataError, MissingFile, RejectedRowsWarning

ROWS = [
    {"uuid": "u-1", "event": "a", "distinct_id": "p", "timestamp": "2026-01-01T00:00:00Z", "properties": '{"n": 1}'},
    {"uuid": "u-2", "event": "b", "distinct_id": "p", "timestamp": "2026-01-02T00:00:00+02:00", "properties": "{}"},
]


def parquet(folder: Path, rows: list[dict[str, object]], name: str = "events.parquet") -> Path:
    file = folder / name
    pq.write_table(pa.Table.from_pylist(rows), file)
    return file


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    parquet(tmp_path, ROWS)
    with pytest.raises(MissingFile, match=r"Did you mean 'events\.parquet'"):
        ek.read(tmp_path / "event.parquet")


def test_an_unknown_ending_names_the_endings_that_are_known(tmp_path: Path) -> None:
    file = tmp_path / "events.xlsx"
    file.write_bytes(b"x")
    with pytest.raises(DataError, match=r"ending is none of \.parquet"):
        ek.read(file)


def test_a_parquet_without_a_needed_column_names_it_and_the_nearest(tmp_path: Path) -> None:
    file = parquet(tmp_path, [{"event": "a", "distinct": "p", "timestamp": "2026-01-01T00:00:00Z"}])
    with pytest.raises(DataError, match=r"no column 'distinct_id'. Did you mean 'distinct'\? It has: event, distinct, timestamp"):
        ek.read(file)


def test_columns_of_other_names_are_mapped(tmp_path: Path) -> None:
    file = parquet(tmp_path, [{"what": "a", "who": "p", "at": "2026-01-01T00:00:00Z"}])
    events = ek.read(file, columns={"event": "what", "distinct_id": "who", "timestamp": "at"})
    assert events.head()[["event", "distinct_id"]].values.tolist() == [["a", "p"]]


def test_times_with_an_offset_are_instants_and_naive_ones_are_utc(tmp_path: Path) -> None:
    rows = [*ROWS, {"uuid": "u-3", "event": "c", "distinct_id": "p", "timestamp": "2026-01-03 00:00:00", "properties": None}]
    times = ek.read(parquet(tmp_path, rows)).head().timestamp
    assert [str(t) for t in times] == ["2026-01-01 00:00:00", "2026-01-01 22:00:00", "2026-01-03 00:00:00"]


def test_bad_timestamps_are_set_aside(tmp_path: Path) -> None:
    rows = [*ROWS, {"uuid": "u-3", "event": "c", "distinct_id": "p", "timestamp": "yesterday", "properties": "{}"}]
    events = ek.read(parquet(tmp_path, rows))
    with pytest.warns(RejectedRowsWarning, match="1 row is set aside"):
        assert events.count() == 2
    rejected = events.load_report.rejected
    assert rejected.reason.str.startswith("timestamp missing or unreadable (known: ISO text").tolist() == [True]
    assert (rejected.file[0], rejected.line[0]) == ("events.parquet", 3)
    assert "yesterday" in rejected.text[0]


@pytest.mark.parametrize("text", ["[1]", "nonsense", "3"])
def test_properties_that_are_no_object_are_set_aside(tmp_path: Path, text: str) -> None:
    rows = [*ROWS, {"uuid": "u-3", "event": "c", "distinct_id": "p", "timestamp": "2026-01-01", "properties": text}]
    events = ek.read(parquet(tmp_path, rows))
    with pytest.warns(RejectedRowsWarning):
        assert events.count() == 2


def test_csv_is_read(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    pd.DataFrame(ROWS).to_csv(file, index=False)
    assert ek.read(file).count() == 2


def test_what_was_saved_reads_back_the_same(tmp_path: Path) -> None:
    events = ek.read(parquet(tmp_path, ROWS))
    events.save(tmp_path / "all.parquet")
    again = ek.read(tmp_path / "all.parquet")
    assert again.head().to_dict() == events.head().to_dict()


@pytest.mark.parametrize("frame", [pd.DataFrame(ROWS), pl.DataFrame(ROWS), pa.Table.from_pylist(ROWS)], ids=["pandas", "polars", "arrow"])
def test_frames_are_read(frame: object) -> None:
    assert ek.from_frame(frame).count() == 2


def test_a_pandas_column_of_dicts_is_read_as_properties() -> None:
    frame = pd.DataFrame([{"event": "a", "distinct_id": "p", "timestamp": dt.datetime(2026, 1, 1), "properties": {"$os": "Linux"}}])
    assert ek.from_frame(frame).head().properties[0] == '{"$os":"Linux"}'


def test_the_newest_version_of_a_person_wins(tmp_path: Path) -> None:
    people = [
        {"distinct_id": "p", "person_id": "old", "properties": "{}", "person_distinct_id_version": 0, "person_version": 9},
        {"distinct_id": "p", "person_id": "new", "properties": '{"plan": "pro"}', "person_distinct_id_version": 1, "person_version": 2},
    ]
    events = ek.read(events=parquet(tmp_path, ROWS), persons=parquet(tmp_path, people, "persons.parquet"))
    assert events.head().person_id.tolist() == ["new", "new"]
    assert events.persons()[["person_id", "properties"]].values.tolist() == [["new", '{"plan": "pro"}']]


def test_an_unknown_zone_names_near_ones(tmp_path: Path) -> None:
    with pytest.raises(ek.EvkitError, match="Europe/London"):
        ek.read(parquet(tmp_path, ROWS), timezone="Europe/Londn")
