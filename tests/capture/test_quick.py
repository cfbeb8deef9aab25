"""The short way from a batch to lines writes what the long way writes, or leaves the batch to it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evkit.capture import quick, wire
from evkit.capture.inflate import Refused
from evkit.capture.storage import rows
from tests.sizes import examples

NOW = dt.datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=dt.UTC)
UUID = "01a20852-6c5e-7078-8450-4ae3b287c11d"
E = {"event": "a", "distinct_id": "u", "uuid": UUID, "timestamp": "2026-03-01T10:00:00Z", "properties": {"x": 1}}


def short(raw: bytes, query: dict[str, str] | None = None) -> list[dict[str, Any]] | None:
    found = quick.batch_of(raw, query=query or {}, headers={}, now=NOW, ip="10.0.0.1")
    return None if found is None else [json.loads(line) for line in found.lines(7).splitlines()]


def long(raw: bytes, query: dict[str, str] | None = None) -> list[dict[str, Any]]:
    found = wire.received(raw, path="/batch/", query=query or {}, headers={}, now=NOW, ip="10.0.0.1")
    lines = [rows.to_line(e, received_at=NOW, arrival=7 + i, token=found.token) for i, e in enumerate(found.events)]
    return [json.loads(line) for line in lines]


def comparable(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return found


TEXTS = st.one_of(
    st.sampled_from(["a", "$pageview", "$identify", "$$heatmap", "  ", "", "x" * 201, 'q"\\', "\u03e5\U0001f4bb", "\x00", "\ud83d"]),
    st.text(max_size=8),
)
TIMES = st.one_of(
    st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30)).map(lambda t: t.isoformat() + "Z"),
    st.sampled_from([
        "2026-03-01T10:00:00.123456789Z", "2026-03-01T10:00:00.1999999+02:00", "2026-03-01 10:00:00+00:00", "2026-03-01T10:00:00-05:30", "2026-03-01", "2027-01-01T00:00:00Z",
        "2026-03-02T11:00:00Z", "2026-03-02T11:00:01Z", "x", "", "2026-02-30T00:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T10:00:60Z", "2026-03-01t10:00:00z", 5, None,
    ]),
)  # fmt: skip
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS)
VALUES = st.recursive(LEAVES, lambda v: st.one_of(st.lists(v, max_size=3), st.dictionaries(TEXTS, v, max_size=3)), max_leaves=8)
ODD = st.sampled_from(
    [
        "$elements",
        "$elements_chain",
        "$ip",
        "$set",
        "$cookieless_mode",
        "$ignore_sent_at",
        "capture_internal",
        "$process_person_profile",
        "distinct_id",
    ]
)
PROPERTIES = st.one_of(st.dictionaries(st.one_of(TEXTS, ODD), VALUES, max_size=4), VALUES)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "event": TEXTS, "distinct_id": st.one_of(TEXTS, LEAVES), "uuid": st.sampled_from([UUID, UUID.upper(), UUID.replace("-", ""), "x", None]),
        "timestamp": TIMES, "properties": PROPERTIES, "$set": VALUES, "offset": st.integers(0, 10), "type": st.just("capture"),
    },
)  # fmt: skip
USUAL = st.builds(lambda own: {**E, **own}, EVENTS)
BATCHES = st.fixed_dictionaries(
    {"batch": st.lists(st.one_of(USUAL, EVENTS), max_size=3)},
    optional={
        "api_key": st.sampled_from(["phc_k", " phc_k ", "", "phx_k", "\u03e5"]),
        "token": st.just("phc_t"),
        "sent_at": TIMES,
        "historical_migration": st.booleans(),
    },
)


@settings(max_examples=examples(400, 20_000), deadline=None)
@given(BATCHES, st.booleans(), st.sampled_from([{}, {"_": "1772362800000"}, {"_": "5"}]))
def test_what_the_short_way_takes_it_writes_as_the_long_way_does(batch: dict[str, Any], as_ascii: bool, query: dict[str, str]) -> None:
    raw = json.dumps(batch, ensure_ascii=as_ascii).encode("utf-8", "surrogatepass")
    found = short(raw, query)
    if found is not None:
        assert comparable(found) == comparable(long(raw, query))


def test_the_short_way_takes_the_usual_batch() -> None:
    raw = json.dumps(
        {"api_key": "phc_k", "batch": [E, {**E, "event": "\u03e5"}], "sent_at": "2026-03-01T11:59:50Z", "historical_migration": False},
        ensure_ascii=False,
    ).encode()
    found = short(raw)
    assert found is not None and len(found) == 2
    assert found[0]["properties"] == {"$ip": "10.0.0.1", "x": 1}
    assert found[0]["timestamp"] == "2026-03-01T10:00:10.123456"
    assert [r["arrival"] for r in found] == [7, 8]


@pytest.mark.parametrize(
    "body",
    [
        E, [E], {"batch": [E]}, {"api_key": "phc_k", "batch": []}, {"api_key": "phc_k", "batch": [{**E, "$set": {}}]},
        {"api_key": "phc_k", "batch": [{**E, "properties": {"$elements_chain": "a"}}]}, {"api_key": "phx_k", "batch": [E]},
        {"api_key": "phc_k", "batch": [{**E, "timestamp": "2027-01-01T00:00:00Z"}]}, {"api_key": "phc_k", "batch": [{**E, "event": "$identify"}]},
    ],
)  # fmt: skip
def test_the_short_way_leaves_what_is_out_of_the_ordinary(body: Any) -> None:
    assert short(json.dumps(body).encode()) is None


def test_a_refused_batch_is_refused_by_the_long_way() -> None:
    raw = json.dumps({"api_key": "phc_k", "batch": [{**E, "distinct_id": " "}]}).encode()
    assert short(raw) is None
    with pytest.raises(Refused, match="no distinct_id"):
        long(raw)
