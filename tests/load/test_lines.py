"""JSON lines: what can't be read is set aside with file, line and reason, and no file crashes the process."""

from __future__ import annotations

import gzip
import json
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evkit as ek
from evkit.errors import DataError, RejectedRowsWarning, SpecError
from tests.sizes import examples


def wire(event: str, distinct_id: str, timestamp: str, **more: object) -> str:
    return json.dumps({"event": event, "distinct_id": distinct_id, "timestamp": timestamp, **more})


def written(folder: Path, *lines: str, name: str = "events.jsonl") -> Path:
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_a_broken_line_is_set_aside_with_its_number_and_the_rest_is_read(tmp_path: Path) -> None:
    file = written(tmp_path, wire("a", "u1", "2026-01-01T00:00:00Z"), '{"event": "a", ', wire("b", "u1", "2026-01-02T00:00:00Z"))
    events = ek.read(file)
    with pytest.warns(RejectedRowsWarning, match=r"1 row is set aside, unreadable \(1 x not JSON\)\. The first, events\.jsonl line 2"):
        assert events.count() == 2
    rejected = events.load_report.rejected
    assert rejected[["file", "line"]].values.tolist() == [["events.jsonl", 2]]
    assert rejected.reason[0].startswith("not JSON")
    assert events.load_report.reasons_table().rows == (("Sent twice", "0"), ("Can't be read: not JSON", "1"))


def test_what_a_broken_line_says_is_in_no_warning_and_not_in_the_counts(tmp_path: Path) -> None:
    events = ek.read(written(tmp_path, '{"event": "a", "email": "ann@example.com"', wire("b", "u1", "2026-01-02T00:00:00Z")))
    with pytest.warns(RejectedRowsWarning) as caught:
        events.count()
    assert "ann@example.com" not in str(caught[0].message)
    assert "ann@example.com" not in repr(events.load_report.reasons_table())
    assert "ann@example.com" in events.load_report.rejected.text[0]


def test_an_event_with_no_time_at_all_is_set_aside(tmp_path: Path) -> None:
    file = written(tmp_path, json.dumps({"event": "a", "distinct_id": "u1"}), wire("a", "u1", "2026-01-01T00:00:00Z"))
    events = ek.read(file)
    with pytest.warns(RejectedRowsWarning):
        assert events.count() == 1


def test_gzip_of_several_members_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl.gz"
    members = [gzip.compress((wire("a", f"u{i}", "2026-01-01T00:00:00Z") + "\n").encode()) for i in range(3)]
    file.write_bytes(b"".join(members))
    assert ek.read(file).count() == 3


def test_set_at_the_top_level_wins_over_set_in_the_properties(tmp_path: Path) -> None:
    line = wire("a", "u1", "2026-01-01T00:00:00Z", properties={"$set": {"plan": "free", "city": "Bath"}}, **{"$set": {"plan": "pro"}})
    row = ek.read(written(tmp_path, line)).head()
    assert json.loads(row.properties[0])["$set"] == {"plan": "pro", "city": "Bath"}


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "x" * 1_000_000, "é", '\\"'])
def test_odd_texts_in_properties_are_read(tmp_path: Path, text: str) -> None:
    line = '{"event":"a","distinct_id":"u1","timestamp":"2026-01-01T00:00:00Z","properties":{"odd":"%s"}}' % text
    assert ek.read(written(tmp_path, line)).count() == 1


@pytest.mark.parametrize("year", ["0000", "10000"])
def test_years_that_no_calendar_holds_are_set_aside_or_read_as_capture_does(tmp_path: Path, year: str) -> None:
    good = wire("a", "u1", "2026-01-01T00:00:00Z")
    events = ek.read(written(tmp_path, good, wire("a", "u1", f"{year}-01-01T00:00:00Z")))
    with pytest.warns(RejectedRowsWarning):
        assert events.count() == 1


def test_properties_that_are_no_object_are_set_aside(tmp_path: Path) -> None:
    good = wire("a", "u1", "2026-01-01T00:00:00Z")
    events = ek.read(written(tmp_path, good, wire("a", "u1", "2026-01-01T00:00:00Z", properties=[1])))
    with pytest.warns(RejectedRowsWarning):
        assert events.count() == 1


def test_an_empty_file_has_no_events(tmp_path: Path) -> None:
    file = tmp_path / "none.jsonl"
    file.write_text("")
    assert ek.read(file).count() == 0


def test_the_clock_of_the_client_is_corrected_by_what_it_said_when_sending(tmp_path: Path) -> None:
    # The client's clock is 10 minutes ahead: it says 12:10 when the server has 12:00. Its event of 12:05 was at 11:55.
    batch = {
        "api_key": "phc_x",
        "sent_at": "2026-01-01T12:10:00Z",
        "received_at": "2026-01-01T12:00:00Z",
        "batch": [{"event": "a", "distinct_id": "u1", "timestamp": "2026-01-01T12:05:00Z"}],
    }
    assert str(ek.read(written(tmp_path, json.dumps(batch))).head().timestamp[0]) == "2026-01-01 11:55:00"


def test_a_uuid_counts_once_the_first_to_arrive(tmp_path: Path) -> None:
    uuid = "0199aa10-0000-7000-8000-000000000001"
    late = wire("late", "u1", "2026-01-01T00:00:00Z", uuid=uuid, received_at="2026-01-03T00:00:00Z")
    early = wire("early", "u1", "2026-01-02T00:00:00Z", uuid=uuid, received_at="2026-01-02T00:00:00Z")
    events = ek.read(written(tmp_path, late, early))
    assert events.head().event.tolist() == ["early"]
    assert events.load_report.duplicates == 1


def test_names_and_ids_that_no_engine_stores_are_mended(tmp_path: Path) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_text(
        '{"event": "a\\ud83d", "distinct_id": "p\\udc00\\u0000", "timestamp": "2026-01-01T00:00:00Z", "properties": {"k\\ud83d": 1}}\n'
    )
    rows = ek.read(file).head()
    assert rows.event[0].startswith("a")
    assert rows.distinct_id[0].startswith("p")
    assert len(ek.read(file).persons()) == 1


@settings(max_examples=examples(60, 3000), deadline=None)
@given(st.lists(st.binary(max_size=60) | st.text(max_size=60).map(lambda t: t.encode("utf-8", "surrogatepass")), max_size=6))
def test_no_bytes_stop_the_reading(parts: list[bytes]) -> None:
    good = b'{"event": "a", "distinct_id": "p", "timestamp": "2026-01-01T00:00:00Z"}'
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", RejectedRowsWarning)
        file = Path(folder) / "noise.jsonl"
        file.write_bytes(b"\n".join([good, *parts, good.replace(b"2026", b"2027")]) + b"\n")
        assert ek.read(file).count() >= 2


FLAT = [
    {"event": "buy", "distinct_id": "a", "timestamp": "2026-01-01T00:00:00Z", "plan": "pro", "seats": 3, "note": "", "left": None},
    {"event": "buy", "distinct_id": "b", "timestamp": "2026-01-02T00:00:00Z", "plan": "free", "tags": ["x"]},
]


def test_a_row_of_a_table_on_each_line_has_its_other_names_as_properties_as_in_csv(tmp_path: Path) -> None:
    (tmp_path / "flat.jsonl").write_text("\n".join(map(json.dumps, FLAT)))
    read = ek.read(tmp_path / "flat.jsonl").to_pandas()
    assert [json.loads(p) for p in read.properties] == [{"plan": "pro", "seats": 3}, {"plan": "free", "tags": ["x"]}]


def test_a_row_of_a_table_whose_other_names_clients_use_too_keeps_them_on_every_line(tmp_path: Path) -> None:
    row = {"event": "buy", "distinct_id": "a", "timestamp": "2026-01-01T00:00:00Z"}
    lines = [{**row, "type": "gift", "plan": "pro"}, {**row, "type": "gift", "ip": "127.0.0.1"}, {**row, "context": {"page": "/a"}}]
    (tmp_path / "flat.jsonl").write_text("\n".join(map(json.dumps, lines)))
    read = ek.read(tmp_path / "flat.jsonl").to_pandas()
    assert [json.loads(p) for p in read.properties] == [
        {"type": "gift", "plan": "pro"},
        {"type": "gift", "ip": "127.0.0.1"},
        {"context": {"page": "/a"}},
    ]


def test_names_of_its_own_leave_the_others_as_properties_too(tmp_path: Path) -> None:
    theirs = [{"name": r["event"], "user": r["distinct_id"], "time": r["timestamp"], "plan": r["plan"]} for r in FLAT]
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, theirs)))
    read = ek.read(tmp_path / "own.jsonl", columns={"event": "name", "distinct_id": "user", "timestamp": "time"}).to_pandas()
    assert [json.loads(p) for p in read.properties] == [{"plan": "pro"}, {"plan": "free"}]


def test_an_event_that_a_client_sent_without_properties_stays_one(tmp_path: Path) -> None:
    sent = {
        "event": "buy",
        "distinct_id": "a",
        "timestamp": "2026-01-01T00:00:00Z",
        "api_key": "phc",
        "type": "capture",
        "$set": {"plan": "pro"},
    }
    (tmp_path / "sent.jsonl").write_text(json.dumps(sent))
    assert json.loads(ek.read(tmp_path / "sent.jsonl").to_pandas().properties[0]) == {"$set": {"plan": "pro"}}


def test_a_wrong_name_for_a_column_of_lines_is_said(tmp_path: Path) -> None:
    (tmp_path / "flat.jsonl").write_text("\n".join(map(json.dumps, FLAT)))
    with pytest.raises(SpecError, match="unknown name in columns= 'groups'"):
        ek.read(tmp_path / "flat.jsonl", columns={"groups": "company"})
    with pytest.raises(DataError, match=r"no line of flat.jsonl has 'evnt', which columns= maps to 'event'. Did you mean 'event'\?"):
        ek.read(tmp_path / "flat.jsonl", columns={"event": "evnt"}).count()
