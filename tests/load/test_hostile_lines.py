"""Lines of JSON that nobody should send: each is read, or set aside with its reason; none stops the others."""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evkit as ek
from evkit.errors import EvkitWarning, RejectedRowsWarning
from tests.sizes import examples

GOOD = {"event": "x", "distinct_id": "u", "timestamp": "2024-01-01T00:00:00Z"}


def read(folder: Path, *lines: Any) -> ek.Events:
    file = folder / "log.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8", errors="surrogatepass")
    return ek.read(file)


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ({"timestamp": "9999-12-31T23:59:59Z", "sent_at": "2024-01-01T00:00:00Z", "received_at": "2024-01-02T00:00:00Z"}, "outside the years"),
        ({"timestamp": "0001-01-01T00:00:00Z", "sent_at": "2024-01-02T00:00:00Z", "received_at": "2024-01-01T00:00:00Z"}, "outside the years"),
        ({"received_at": "2024-01-01T00:00:00Z", "offset": 10**16}, "outside the years"),
        ({"timestamp": 1e300}, "outside the years"),
        ({"properties": {"$elements": ["x"]}}, "elements is no list of objects"),
        ({"properties": {"$elements": 5}}, "elements is no list of objects"),
        ({"arrival": "x"}, "arrival 'x' is no whole number"),
        ({"arrival": 2**70}, "no whole number of 64 bits"),
        ({"properties": [1]}, "not an object"),
        ({"distinct_id": "  "}, "no distinct_id"),
        ({"uuid": "nonsense"}, "uuid 'nonsense'"),
        ({"event": "$performance_event"}, "no event that capture keeps"),
        ({"event": 5}, "has no name"),
    ],
)  # fmt: skip
def test_a_line_that_can_not_be_an_event_is_set_aside(tmp_path: Path, odd: dict[str, Any], reason: str) -> None:
    events = read(tmp_path, GOOD, {**GOOD, **odd}, {**GOOD, "event": "y"})
    with pytest.warns(RejectedRowsWarning):
        assert events.count() == 2
    rejected = events.load_report.rejected
    assert rejected.line.tolist() == [2]
    assert reason in rejected.reason[0]


@pytest.mark.parametrize(
    "odd",
    [
        {"properties": {"x": "see \\u0000 here", "y": "nul \x00 here", "z": "\\\\u0000"}},
        {"properties": {"$elements": [{"tag_name": "a", "attr__class": 5}]}},
        {"team_id": 1, "person_id": "\ud800"},
        {"team_id": 1, "uuid": "\ud800"},
        {"distinct_id": "u\ud800"},
        {"timestamp": 1_704_067_200},
        {"timestamp": 1_704_067_200_000},
        {"team_id": 1, "timestamp": 1_704_067_200.5},
    ],
)
def test_an_odd_line_is_read_and_harms_nothing(tmp_path: Path, odd: dict[str, Any]) -> None:
    events = read(tmp_path, GOOD, {**GOOD, **odd})
    assert events.count() == 2
    beside = ["team_id"] if "team_id" in odd else []  # without properties it is one of the row's own, as in a CSV file
    assert sorted(events.property_names().property) == sorted([*beside, *(k for k in odd.get("properties", {}) if k != "$elements")])
    assert len(events.persons()) >= 1
    assert events.head().timestamp.dt.year.unique().tolist() == [2024]


def test_text_that_only_looks_like_a_nul_stays_as_it_is(tmp_path: Path) -> None:
    said = read(tmp_path, {**GOOD, "properties": {"a": "x\\u0000", "b": "x\x00"}}).head().properties[0]
    assert json.loads(said) == {"a": "x\\u0000", "b": "x\N{REPLACEMENT CHARACTER}"}


def test_the_good_events_of_a_batch_are_read_and_the_bad_one_is_told(tmp_path: Path) -> None:
    batch = {"batch": [GOOD, {**GOOD, "timestamp": None}, {**GOOD, "event": "y"}]}
    events = read(tmp_path, batch)
    with pytest.warns(RejectedRowsWarning, match="1 row is set aside"):
        assert events.event_names().event.tolist() == ["x", "y"]


def test_the_events_of_a_batch_arrive_in_its_order(tmp_path: Path) -> None:
    plans = [{**GOOD, "event": "$set", "properties": {"$set": {"plan": f"v{i}"}}} for i in range(6)]
    events = read(tmp_path, {"batch": plans, "received_at": "2024-01-01T00:00:01Z"})
    assert events.person("u").properties() == {"plan": "v5"}


def test_a_line_of_other_names_says_which_and_what_to_do(tmp_path: Path) -> None:
    events = read(tmp_path, {"name": "buy", "user": "ann", "ts": "2026-01-01"})
    with pytest.warns(RejectedRowsWarning, match=r"the line has name, user, ts\. Map the names with columns="):
        assert events.count() == 0


def test_a_second_reading_of_a_bad_file_tells_it_again(tmp_path: Path) -> None:
    with pytest.warns(RejectedRowsWarning):
        assert read(tmp_path, GOOD, {"event": "y"}).count() == 1
    with pytest.warns(RejectedRowsWarning):
        ek.read(tmp_path / "log.jsonl")


def test_without_uuids_every_line_counts_and_the_rules_say_so(tmp_path: Path) -> None:
    events = read(tmp_path, GOOD, GOOD, GOOD)
    assert events.count() == 3
    assert "Events have no uuid: every row counts." in events.trends("x").rules


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=6) | st.sampled_from(["2026-01-01T00:00:00Z", "$identify", "\ud800", "\x00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["$set", "$elements", "tag_name", "a"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
KEYS = [
    "event", "distinct_id", "timestamp", "properties", "uuid", "sent_at", "received_at", "offset", "batch", "$set", "arrival", "person_id", "elements_chain",
    "person_properties", "team_id",
]  # fmt: skip


@settings(max_examples=examples(80, 5_000), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), VALUE, max_size=6) | VALUE, min_size=1, max_size=5))
def test_no_lines_stop_the_process_and_the_good_one_is_always_read(lines: list[Any]) -> None:
    good = {**GOOD, "uuid": "0199aa10-0000-7000-8000-000000000001", "event": "the good one"}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", EvkitWarning)
        events = read(Path(folder), *lines, good)
        assert "the good one" in events.event_names().event.tolist()
        assert len(events.persons()) >= 1
        assert events.count() + events.load_report.rejected_count >= 1
