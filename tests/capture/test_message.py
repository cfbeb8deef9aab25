"""One event and one batch, as clients send them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evkit.capture import message
from evkit.errors import CaptureError
from tests.sizes import examples

NOW = dt.datetime(2026, 1, 10, 12, tzinfo=dt.UTC)
E = {"event": "a", "distinct_id": "p"}


def one(**fields: Any) -> message.Event:
    return message.events_of({**E, **fields}, received_at=NOW)[0]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "2026-01-10T12:00:00"),
        ({"timestamp": "nonsense"}, "2026-01-10T12:00:00"),
        ({"timestamp": "2026-01-10T10:00:00+03:00"}, "2026-01-10T07:00:00"),
        ({"timestamp": "2026-01-10 10:00:00.25"}, "2026-01-10T10:00:00.250000"),
        ({"timestamp": "2026-01-10T10:00:00+03"}, "2026-01-10T07:00:00"),
        ({"timestamp": "2026/01/09"}, "2026-01-09T00:00:00"),
        ({"timestamp": "Sat, 10 Jan 2026 10:00:00 +0100"}, "2026-01-10T09:00:00"),
        ({"timestamp": "1768039200"}, "2026-01-10T10:00:00"),
        ({"timestamp": "1768039200000"}, "2026-01-10T10:00:00"),
        ({"offset": 1500}, "2026-01-10T11:59:58.500000"),
        ({"timestamp": "2026-01-01T00:00:00Z", "offset": 1500}, "2026-01-10T11:59:58.500000"),
        ({"timestamp": "2026-01-11T10:59:00Z"}, "2026-01-11T10:59:00"),
        ({"timestamp": "2026-01-11T11:01:00Z"}, "2026-01-10T12:00:00"),
    ],
    ids=str,
)
def test_when_an_event_happened(fields: dict[str, Any], expected: str) -> None:
    assert one(**fields).timestamp.astimezone(dt.UTC).replace(tzinfo=None).isoformat() == expected


def test_a_clock_that_is_wrong_is_put_right_by_what_it_said_when_sending() -> None:
    batch = {"api_key": "k", "sent_at": "2026-01-10T13:00:05Z", "batch": [{**E, "timestamp": "2026-01-10T13:00:00Z"}]}
    assert message.events_of(batch, received_at=NOW)[0].timestamp == NOW - dt.timedelta(seconds=5)
    batch["batch"][0]["properties"] = {"$ignore_sent_at": True}  # type: ignore[index]
    assert message.events_of(batch, received_at=NOW)[0].timestamp == NOW + dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("given_id", "expected"),
    [("p", "p"), (23, "23"), (23.4, "23.4"), (["a", "b"], '["a","b"]'), ("a\x00b", "a\ufffdb"), ("x" * 300, "x" * 200), (" p ", " p ")],
)
def test_a_distinct_id_is_text(given_id: Any, expected: str) -> None:
    assert one(distinct_id=given_id).distinct_id == expected


def test_a_distinct_id_may_lie_in_three_places_and_the_top_wins() -> None:
    body: dict[str, Any] = {"event": "a", "$distinct_id": "second", "properties": {"distinct_id": "third"}}
    assert message.events_of({**body, "distinct_id": "first"}, received_at=NOW)[0].distinct_id == "first"
    assert message.events_of(body, received_at=NOW)[0].distinct_id == "second"
    assert message.events_of({"event": "a", "properties": {"distinct_id": "third"}}, received_at=NOW)[0].distinct_id == "third"


def test_sets_at_the_top_level_win_key_by_key() -> None:
    event = one(**{"$set": {"plan": "pro"}, "properties": {"$set": {"plan": "free", "age": 3}}, "$set_once": {"a": 1}})
    assert event.properties["$set"] == {"plan": "pro", "age": 3}
    assert event.properties["$set_once"] == {"a": 1}


def test_shapes_of_bodies() -> None:
    both = [{**E, "event": "a"}, {**E, "event": "b"}]
    assert [e.event for e in message.events_of(both, received_at=NOW)] == ["a", "b"]
    assert [e.event for e in message.events_of({"api_key": "k", "batch": both}, received_at=NOW)] == ["a", "b"]
    assert message.events_of([{**E, "event": "$performance_event"}], received_at=NOW) == []
    assert message.events_of({"distinct_id": "p", "$set": {"a": 1}}, received_at=NOW, engage=True)[0].event == "$identify"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (3, "not int"),
        ([], "a batch without events"),
        ({"distinct_id": "p"}, "'event' is None"),
        ({"event": "", "distinct_id": "p"}, "'event' is ''"),
        ({"event": 7, "distinct_id": "p"}, "'event' is 7"),
        ({"event": "a"}, "no distinct_id: it is None"),
        ({"event": "a", "distinct_id": "  "}, "no distinct_id: it is '  '"),
        ({**E, "timestamp": 1768039200}, "timestamp 1768039200 is int: give ISO text"),
        ({**E, "offset": "5"}, "offset '5' is no whole number of milliseconds"),
        ({**E, "uuid": "abc"}, "uuid 'abc' is none"),
        ({**E, "properties": [1]}, "properties of 'a' are list, not an object"),
        ([E, 5], "event 2 is int, not an object"),
    ],
    ids=str,
)
def test_what_is_refused_is_told_with_its_value(body: Any, said: str) -> None:
    with pytest.raises(CaptureError) as raised:
        message.events_of(body, received_at=NOW)
    assert said in str(raised.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "event",
    "distinct_id",
    "$distinct_id",
    "uuid",
    "properties",
    "timestamp",
    "offset",
    "$set",
    "$set_once",
    "sent_at",
    "batch",
    "$groups",
]


@settings(max_examples=examples(400, 20_000), deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=8))
def test_anything_else_that_json_can_say_is_taken_or_refused_never_a_crash(body: dict[str, Any]) -> None:
    try:
        made = message.events_of(body, received_at=NOW)
    except CaptureError:
        return
    for event in made:
        assert event.event
        assert event.distinct_id.strip()
        assert event.timestamp - NOW <= message.FUTURE
