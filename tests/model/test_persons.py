"""What is known of persons and groups, now and then."""

import json
from typing import Any

import pandas as pd
import pytest

import evkit as ek
from evkit.errors import DataError, SpecError


def events(*rows: tuple[str, str, dict[str, Any]]) -> ek.Events:
    made = [
        {
            "uuid": f"e{i}",
            "event": event,
            "distinct_id": who,
            "timestamp": pd.Timestamp("2026-01-01") + pd.Timedelta(days=i),
            "arrival": i,
            "properties": said,
        }
        for i, (who, event, said) in enumerate(rows)
    ]
    return ek.from_frame(pd.DataFrame(made))


def known(*rows: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(events(*rows).persons().properties[0])
    return found


def test_set_overwrites_and_set_once_keeps_the_first() -> None:
    first = {"$set": {"plan": "free"}, "$set_once": {"from": "ad"}}
    assert known(("a", "x", first), ("a", "x", {"$set": {"plan": "pro"}, "$set_once": {"from": "mail", "new": 1}})) == {
        "plan": "pro",
        "from": "ad",
        "new": 1,
    }


def test_a_stored_null_or_false_counts_as_set() -> None:
    assert known(("a", "x", {"$set": {"n": None, "f": False}}), ("a", "x", {"$set_once": {"n": 1, "f": 1}})) == {"n": None, "f": False}


def test_unset_takes_away_what_was_there_before() -> None:
    assert known(("a", "x", {"$set": {"k": 1}}), ("a", "x", {"$unset": ["k", "other"]})) == {}
    assert known(("a", "x", {}), ("a", "x", {"$set": {"k": 1}, "$unset": ["k"]})) == {"k": 1}


def test_the_browser_becomes_the_persons_newest_and_initial() -> None:
    found = known(("a", "$pageview", {"$browser": "Firefox"}), ("a", "$set", {"$browser": "Chrome"}))
    assert found == {"$browser": "Chrome", "$initial_browser": "Firefox"}


def test_an_exception_changes_nobody_that_is_there() -> None:
    assert known(("a", "x", {"$set": {"k": 1}}), ("a", "$exception", {"$set": {"k": 2}})) == {"k": 1}


def test_a_merge_keeps_what_the_surviving_person_had() -> None:
    rows = (
        ("anon", "x", {"$set": {"k": "anon", "only": 1}}),
        ("ann", "x", {"$set": {"k": "ann"}}),
        ("ann", "$identify", {"$anon_distinct_id": "anon"}),
    )
    assert known(*rows) == {"k": "ann", "only": 1}


def test_properties_can_be_read_as_they_were() -> None:
    person = events(("a", "x", {"$set": {"plan": "free"}}), ("a", "x", {}), ("a", "x", {"$set": {"plan": "pro"}})).person("a")
    assert person.properties(at="2026-01-02T12:00") == {"plan": "free"}
    assert person.properties() == {"plan": "pro"}
    assert person.properties(at="2025-12-31") == {}


def test_a_person_that_is_not_there_is_told() -> None:
    with pytest.raises(DataError, match="no person has the distinct_id 'zoe'"):
        events(("a", "x", {})).person("zoe")


def test_groups_are_what_groupidentify_says_in_order_of_arrival() -> None:
    found = events(
        ("a", "x", {"$groups": {"team": "t1", "company": "c1"}}),
        ("a", "$groupidentify", {"$group_type": "company", "$group_key": "c1", "$group_set": {"name": "One", "seats": 5}}),
        ("a", "$groupidentify", {"$group_type": "company", "$group_key": "c1", "$group_set": {"seats": 9}}),
    )
    assert found.tables.group_types == ("team", "company")
    assert found.group("company", "c1").properties() == {"name": "One", "seats": 9}
    assert found.groups("team").empty
    with pytest.raises(SpecError, match="no group type 'firm'"):
        found.group("firm", "c1")


def test_a_sixth_group_type_is_left_out() -> None:
    rows = [("a", "x", {"$groups": {f"type{i}": "k"}}) for i in range(6)]
    assert len(events(*rows).tables.group_types) == 5


def test_a_pause_of_more_than_half_an_hour_begins_a_session() -> None:
    frame = pd.DataFrame(
        [
            {"event": "x", "distinct_id": "a", "timestamp": pd.Timestamp("2026-01-01") + pd.Timedelta(minutes=m), "properties": {}}
            for m in (0, 30, 61)
        ]
        + [{"event": "x", "distinct_id": "a", "timestamp": pd.Timestamp("2026-01-01 10:00"), "properties": {"$session_id": "s"}}] * 1
    )
    found = ek.from_frame(frame).sessions()
    assert found.session_id.tolist() == ["a#1", "a#2", "s"]
    assert found.events.tolist() == [2, 1, 1]
    assert found.duration_seconds.tolist() == [1800, 0, 0]


def test_a_timeline_has_events_merges_changes_and_sessions_in_order() -> None:
    found = (
        events(("anon", "$pageview", {}), ("ann", "$identify", {"$anon_distinct_id": "anon", "$set": {"plan": "free"}}))
        .person("ann")
        .timeline()
    )
    frame = found.to_pandas()
    assert list(zip(frame.kind, frame.what, strict=True)) == [
        ("event", "$pageview"),
        ("session", "anon#1"),
        ("event", "$identify"),
        ("merge", "added"),
        ("property", "plan"),
        ("session", "anon#2"),
    ]
    assert frame.time.is_monotonic_increasing
    assert "2 events, 2 sessions, 1 merge, 1 property change" in found.describe()
