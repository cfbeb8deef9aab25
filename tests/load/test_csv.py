"""CSV: what can't be read is set aside with its line; what is read is text as it stands."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import evkit as ek
from evkit.errors import DataError, RejectedRowsWarning

NAMES = {"event": "name", "distinct_id": "user", "timestamp": "ts"}


def test_rows_of_a_wrong_number_of_cells_or_no_text_are_set_aside_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(
        b"name,user,ts\nview,ann,2026-01-01\nview,bob\nbuy,ann,2026-01-02,9\n\xff\xfe,ann,2026-01-03\nbuy,ann,2026-01-04\nbuy,ann,soon\n"
    )
    events = ek.read(file, columns=NAMES)
    with pytest.warns(RejectedRowsWarning, match=r"4 rows are set aside.*1 x missing columns.*The first, log\.csv line 3\."):
        assert events.count() == 2
    rejected = events.load_report.rejected
    assert rejected.line.tolist() == [3, 4, 5, 7]
    assert rejected.file.unique().tolist() == ["log.csv"]
    assert [reason.split()[0] for reason in rejected.reason] == ["missing", "too", "invalid", "timestamp"]
    assert "soon" in rejected.text[3]


def test_a_bad_row_far_down_stops_nothing(tmp_path: Path) -> None:
    rows = [f"view,u{i % 50},2026-01-01 00:00:{i % 60:02}" for i in range(30_000)]
    (tmp_path / "log.csv").write_bytes("\n".join(["name,user,ts", *rows]).encode() + b"\nbuy,ann\n\xff,ann,2026-01-01\n")
    events = ek.read(tmp_path / "log.csv", columns=NAMES)
    with pytest.warns(RejectedRowsWarning, match="2 rows"):
        assert events.count() == 30_000
    assert events.load_report.rejected.line.tolist() == [30_002, 30_003]


@pytest.mark.parametrize(("delimiter", "ending"), [(",", "csv"), (";", "csv"), ("|", "csv"), ("\t", "tsv"), ("\t", "csv")])
def test_what_parts_the_cells_is_found_in_the_header(tmp_path: Path, delimiter: str, ending: str) -> None:
    file = tmp_path / f"log.{ending}"
    file.write_text(f'name{delimiter}user{delimiter}ts\n"a {delimiter} b"{delimiter}ann{delimiter}2026-01-01\n')
    assert ek.read(file, columns=NAMES).event_names().event.tolist() == [f"a {delimiter} b"]


def test_quotes_breaks_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    file = tmp_path / "log.csv.gz"
    file.write_bytes(gzip.compress('\ufeffname,user,ts,note\nbuy,"o""neil",2026-01-01,"two\nlines"\nbuy,ann,2026-01-02,\n'.encode()))
    rows = ek.read(file, columns=NAMES).head()
    assert rows.distinct_id.tolist() == ['o"neil', "ann"]
    assert [json.loads(p) for p in rows.properties] == [{"note": "two\nlines"}, {}]


def test_files_whose_columns_differ_are_united_and_told_apart_in_the_report(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("name,user,ts,plan\nbuy,ann,2026-01-01,pro\n")
    (tmp_path / "2.csv").write_text("name,user,ts,country\nbuy,bob,2026-01-02,DE\nbuy,,2026-01-02,DE\n")
    events = ek.read(tmp_path / "*.csv", columns=NAMES)
    with pytest.warns(RejectedRowsWarning):
        assert [json.loads(p) for p in events.head().properties] == [{"plan": "pro"}, {"country": "DE"}]
    rejected = events.load_report.rejected
    assert (rejected.file[0], rejected.line[0], rejected.reason[0]) == ("2.csv", 3, "no distinct_id")


def test_the_same_uuid_twice_is_one_event_in_text_and_an_empty_one_is_none(tmp_path: Path) -> None:
    same = "0199aa10-0000-7000-8000-000000000001"
    (tmp_path / "log.csv").write_text(
        f"uuid,event,distinct_id,timestamp\n{same},a,u,2026-01-01\n{same},a,u,2026-01-01\n,a,u,2026-01-01\n,a,u,2026-01-01\n"
    )
    events = ek.read(tmp_path / "log.csv")
    assert events.count() == 3
    assert events.load_report.duplicates == 1


@pytest.mark.parametrize("day", ["01-02-26", "01/02/26", "1-2-2026", "2/1/2026 10:00"])
def test_a_day_that_could_be_another_is_set_aside(tmp_path: Path, day: str) -> None:
    (tmp_path / "log.csv").write_text(f"name,user,ts\nbuy,ann,{day}\nbuy,ann,2026-01-02\n")
    events = ek.read(tmp_path / "log.csv", columns=NAMES)
    with pytest.warns(RejectedRowsWarning, match="timestamp missing or unreadable"):
        assert events.count() == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "log.csv is empty: a CSV begins with a line of column names"),
        ("name,usér,ts\n".encode("latin-1"), "log.csv is no text in UTF-8"),
        (b"what,user,ts\nbuy,ann,2026-01-01\n", r"log\.csv has no column 'name', which columns= maps to 'event'\. It has: what, user, ts"),
    ],
)
def test_a_file_that_can_not_be_read_says_why(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "log.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        ek.read(tmp_path / "log.csv", columns=NAMES)


def test_a_map_of_columns_names_what_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("name,user,ts\nbuy,ann,2026-01-01\n")
    with pytest.raises(ek.EvkitError, match=r"unknown name in columns= 'evnt'\. Did you mean 'event'"):
        ek.read(tmp_path / "log.csv", columns={**NAMES, "evnt": "name"})
    with pytest.raises(DataError, match=r"is a folder without a file of events; there is log\.csv\. Name the files"):
        ek.read(tmp_path)
    assert ek.read(tmp_path, columns=NAMES).count() == 1
    with pytest.raises(DataError, match="is a folder: give it alone, or name the files in it"):
        ek.read([tmp_path])


def test_one_column_can_be_two_of_ours(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("what,ts\nann,2026-01-01\n")
    rows = ek.read(tmp_path / "log.csv", columns={"event": "what", "distinct_id": "what", "timestamp": "ts"}).head()
    assert rows[["event", "distinct_id"]].values.tolist() == [["ann", "ann"]]
