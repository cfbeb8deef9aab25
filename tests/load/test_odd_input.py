"""Odd input: it is read, or set aside and told; it never stops the process."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import warnings
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import evkit as ek
from evkit.errors import DataError, EvkitWarning, RejectedRowsWarning, UnknownEventWarning

TIMES = {"year 0": -62_150_000_000_000_000, "year -5": -62_300_000_000_000_000, "year 10000": 253_402_300_800_000_000, "the largest": 2**62}


def one_row(properties: str = "{}", **other: object) -> pa.Table:
    row = {"uuid": "u-1", "event": "a", "distinct_id": "p", "timestamp": dt.datetime(2026, 1, 1), "properties": properties}
    return pa.Table.from_pylist([{**row, **other}])


@pytest.mark.parametrize("micros", TIMES.values(), ids=TIMES.keys())
def test_a_timestamp_outside_the_years_1_to_9999_in_parquet_is_set_aside(tmp_path: Path, micros: int) -> None:
    good, far = one_row(), one_row(uuid="u-2")
    far = far.set_column(3, "timestamp", pa.array([micros], pa.timestamp("us")))
    pq.write_table(pa.concat_tables([good, far]), tmp_path / "e.parquet")
    events = ek.read(tmp_path / "e.parquet")
    with pytest.warns(RejectedRowsWarning, match="outside the years 1 to 9999"):
        assert events.count() == 1
    assert events.trends("a", date_range=("2026-01-01", "2026-01-01")).to_pandas().value.tolist() == [1]
    assert events.load_report.rejected_count == 1


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_the_first_and_the_last_year_are_read(tmp_path: Path, year: str) -> None:
    day = dt.datetime(int(year), 6, 1)
    pq.write_table(one_row(timestamp=day), tmp_path / "e.parquet")
    events = ek.read(tmp_path / "e.parquet")
    assert events.count() == 1
    assert len(events.persons()) == 1
    assert events.head().timestamp[0] == day
    assert events.person("p").timeline().to_pandas().shape[0] >= 1


@pytest.mark.parametrize(
    "text",
    ['{"t": "a\\u0000b"}', '{"t": "\\ud83d"}', '{"t": "' + "x" * 1_000_000 + '"}', '{"t": 1e400}', '{"t": ' + "[" * 500 + "]" * 500 + "}",
     '{"": 1, "a.b": {"c": [1]}, "\\"q\\"": 2}', '{"t": 123456789012345678901234567890}', '{"a": 1, "a": 2}'],
    ids=["NUL", "lone surrogate", "a million characters", "1e400", "deep", "odd keys", "a wide number", "a key twice"],
)  # fmt: skip
def test_odd_json_in_parquet_is_read_or_set_aside(tmp_path: Path, text: str) -> None:
    pq.write_table(pa.concat_tables([one_row(), one_row(text, uuid="u-2")]), tmp_path / "e.parquet")
    events = ek.read(tmp_path / "e.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvkitWarning)
        assert events.count() + events.load_report.rejected_count == 2
        by_t = events.trends("a", date_range=("2026-01-01", "2026-01-01"), breakdown="t").to_pandas()
    assert by_t.value.sum() == events.count()
    assert len(events.persons()) == 1
    assert "t" in events.property_names().property.tolist() or events.count() == 1 or "a" in text


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl", "jsonl.gz", "csv.gz"])
@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01\x02 nothing that is known \xff", b"\x1f\x8b\x08 broken", b"PAR1PAR1"], ids=["empty", "noise", "gz", "par1"]
)
def test_a_file_that_is_not_what_its_ending_says_is_an_error_or_told(tmp_path: Path, ending: str, content: bytes) -> None:
    file = tmp_path / f"e.{ending}"
    file.write_bytes(content)
    with warnings.catch_warnings(record=True) as told, contextlib.suppress(DataError):
        warnings.simplefilter("always")
        events = ek.read(file)
        assert events.count() == 0
        assert not content or [w for w in told if issubclass(w.category, RejectedRowsWarning)]


def test_tables_without_rows_have_no_events(tmp_path: Path) -> None:
    pq.write_table(one_row().slice(0, 0), tmp_path / "e.parquet")
    (tmp_path / "e.csv").write_text("event,distinct_id,timestamp,properties\n")
    for name in ("e.parquet", "e.csv"):
        events = ek.read(tmp_path / name)
        assert events.count() == 0
        assert events.persons().empty
        assert events.event_names().empty
        with pytest.warns(UnknownEventWarning):
            assert events.trends("a", date_range=("2026-01-01", "2026-01-02")).to_pandas().value.tolist() == [0, 0]
            assert events.funnel("a", "b", date_range=("2026-01-01", "2026-01-02")).to_pandas()["count"].tolist() == [0, 0]


def test_a_csv_row_with_too_few_cells_is_told(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text('event,distinct_id,timestamp,properties\na,p,2026-01-01,{}\nb,p\n"c",p,2026-01-01,"{""n"": 1}"\n')
    with warnings.catch_warnings(record=True) as told, contextlib.suppress(DataError):
        warnings.simplefilter("always")
        events = ek.read(tmp_path / "e.csv")
        assert events.count() == 2
        assert told


def test_files_whose_columns_differ_are_united(tmp_path: Path) -> None:
    pq.write_table(one_row(), tmp_path / "1.parquet")
    pq.write_table(one_row(uuid="u-2", distinct_id="q").drop_columns(["properties"]), tmp_path / "2.parquet")
    events = ek.read(tmp_path / "*.parquet")
    assert events.count() == 2
    with pytest.raises(DataError, match="several kinds"):
        (tmp_path / "3.csv").write_text("event,distinct_id,timestamp\n")
        ek.read(tmp_path / "*")


def test_rows_without_an_event_or_an_id_are_set_aside(tmp_path: Path) -> None:
    pq.write_table(
        pa.concat_tables([one_row(), one_row(uuid="u-2", event=""), one_row(uuid="u-3", distinct_id="")]), tmp_path / "e.parquet"
    )
    events = ek.read(tmp_path / "e.parquet")
    with pytest.warns(RejectedRowsWarning, match="2 rows"):
        assert events.count() == 1
    assert sorted(events.load_report.rejected.reason) == ["no distinct_id", "no event name"]


def test_a_table_anywhere_is_read_by_its_own_names(tmp_path: Path) -> None:
    con = ibis.duckdb.connect(tmp_path / "warehouse.duckdb")
    frame = pd.DataFrame(
        {"what": ["a", "b"], "who": ["p", "p"], "at": pd.to_datetime(["2026-01-01", "2026-01-02"]), "props": [{"n": 1}, {"n": 2}]}
    )
    con.create_table("tracking", frame)
    table = con.table("tracking")
    events = ek.from_ibis(table, columns={"event": "what", "distinct_id": "who", "timestamp": "at", "properties": "props"})
    assert events.trends(
        ek.series("b", math="sum", math_property="n"), date_range=("2026-01-02", "2026-01-02")
    ).to_pandas().value.tolist() == [2]
    assert json.loads(events.head().properties[0]) == {"n": 1}
    assert con.list_tables() == ["tracking"]


def test_a_warehouse_that_can_not_be_asked_exactly_is_refused_with_what_to_do() -> None:
    con = ibis.sqlite.connect()
    table = con.create_table("t", one_row().to_pandas()[["event", "distinct_id", "timestamp"]])
    with pytest.raises(DataError, match=r"can't ask 'sqlite' exactly.*ek\.from_frame"):
        ek.from_ibis(table)
    with pytest.raises(DataError, match="give pandas, polars or Arrow"):
        ek.from_frame([1, 2])


def test_a_flat_table_has_its_other_columns_as_properties(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("name,user,at,plan,price\nbuy,ann,2026-01-01 10:00,pro,12.5\nbuy,bob,2026-01-01 11:00,,3\n")
    events = ek.read(tmp_path / "log.csv", columns={"event": "name", "distinct_id": "user", "timestamp": "at"})
    assert [json.loads(p) for p in events.head().properties] == [{"plan": "pro", "price": "12.5"}, {"price": "3"}]
    spent = events.trends(ek.series("buy", math="sum", math_property="price"), date_range=("2026-01-01", "2026-01-01"))
    assert spent.to_pandas().value.tolist() == [15.5]
    frame = pd.DataFrame({"event": "a", "distinct_id": "p", "timestamp": pd.Timestamp("2026-01-01"), "x": [float("nan")], "n": [2]})
    assert json.loads(ek.from_frame(frame).head().properties[0]) == {"n": 2}


@pytest.mark.parametrize("number", [1_767_225_600, 1_767_225_600_000, 1_767_225_600_000_000, 1_767_225_600_000_000_000, 1_767_225_600.0])
def test_times_as_numbers_are_told_apart_by_their_size(number: float, tmp_path: Path) -> None:
    frame = pd.DataFrame({"event": ["a"], "distinct_id": ["p"], "timestamp": [number]})
    assert ek.from_frame(frame).head().timestamp[0] == dt.datetime(2026, 1, 1)
    frame.to_csv(tmp_path / "e.csv", index=False)
    assert ek.read(tmp_path / "e.csv").head().timestamp[0] == dt.datetime(2026, 1, 1)


def test_numbers_that_are_no_time_are_set_aside() -> None:
    frame = pd.DataFrame({"event": ["a", "b", "c"], "distinct_id": ["p"] * 3, "timestamp": [2**63 - 1, -(2**63), 1_767_225_600]})
    events = ek.from_frame(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RejectedRowsWarning)
        assert events.count() + events.load_report.rejected_count == 3


def test_a_query_of_a_warehouse_is_a_table_too() -> None:
    con = ibis.duckdb.connect()
    con.create_table("tracking", one_row().to_pandas())
    assert ek.from_ibis(con.sql("SELECT * FROM tracking")).count() == 1
    table = con.table("tracking")
    assert ek.from_ibis(table.filter(table.event == "nothing")).count() == 0


def test_a_pandas_frame_of_mixed_things_is_read_or_told() -> None:
    when = pd.Timestamp("2026-01-01")
    frame = pd.DataFrame(
        {
            "event": ["a", "b"],
            "distinct_id": pd.Series([7, "p"], dtype=object),
            "timestamp": [when, when],
            "properties": [{"n": np.int64(3), "t": when, "x": float("inf")}, {"l": np.array([1, 2])}],
        }
    )
    rows = ek.from_frame(frame).head()
    assert rows.distinct_id.tolist() == ["7", "p"]
    assert [json.loads(p) for p in rows.properties] == [{"n": 3, "t": "2026-01-01T00:00:00", "x": None}, {"l": [1, 2]}]
    loose = (
        ek.from_frame(frame.drop(columns="properties").assign(x=pd.Series([1, "y"], dtype=object), n=[2.5, float("nan")]))
        .head()
        .sort_values("event")
    )
    assert [json.loads(p) for p in loose.properties] == [{"x": 1, "n": 2.5}, {"x": "y"}]
