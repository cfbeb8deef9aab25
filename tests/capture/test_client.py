"""What each call puts on the wire, and what a client never does to its program."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import enum
import json
import logging
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evkit.capture import message
from evkit.capture.client import Client
from evkit.capture.jsonable import DEEPEST, to_json
from evkit.capture.message import uuid7
from evkit.errors import CaptureError, DeliveryError
from tests.capture.recording import Recorder

KEY = "phc_testkey00001234"
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=dt.UTC)
LIB = {"$lib": "evkit", "$lib_version": "0.1.0", "$geoip_disable": True}


class Shelf:
    """A Store as far as a client knows one."""

    def __init__(self) -> None:
        self.events: list[message.Event] = []

    def append(self, events: Any) -> None:
        self.events += events


@pytest.fixture
def server() -> Iterator[Recorder]:
    with Recorder() as recorder:
        yield recorder


def sent(server: Recorder, call: Any, **options: Any) -> dict[str, Any]:
    """The one event that a call sends."""
    with Client(KEY, host=server.host, now=lambda: NOW, **options) as client:
        call(client)
    assert len(server.taken) == 1
    return server.taken[0]


# ---------------------------------------------------------------------- the wire
def test_a_batch_has_the_shape_that_posthog_takes(server: Recorder) -> None:
    with Client(KEY, host=server.host + "/", now=lambda: NOW) as client:
        made = client.capture("user_42", "movie_played", {"movie_id": 7, "$set": {"plan": "pro"}}, groups={"company": "id:5"})
    (request,) = server.requests
    assert request.path == "/batch/"
    assert {k: request.headers.get(k) for k in ("content-type", "user-agent", "content-encoding", "authorization")} == {
        "content-type": "application/json",
        "user-agent": "evkit/0.1.0",
        "content-encoding": None,
        "authorization": None,
    }
    assert request.body == {
        "api_key": KEY,
        "batch": [
            {
                "event": "movie_played",
                "distinct_id": "user_42",
                "uuid": made,
                "timestamp": "2026-01-02T03:04:05.678000Z",
                "properties": {"movie_id": 7, "$set": {"plan": "pro"}, "$groups": {"company": "id:5"}, **LIB},
            }
        ],
        "sent_at": "2026-01-02T03:04:05.678000Z",
    }


def test_what_is_sent_is_what_capture_takes(server: Recorder) -> None:
    with Client(KEY, host=server.host) as client:
        made = client.capture("user_42", "movie_played", {"movie_id": 7})
    (event,) = message.events_of(server.requests[0].body, received_at=dt.datetime.now(dt.UTC))
    assert (event.uuid, event.distinct_id, event.event, event.properties["movie_id"]) == (made, "user_42", "movie_played", 7)
    assert abs(event.timestamp - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=30)


def test_gzip_compresses_and_says_so(server: Recorder) -> None:
    sent(server, lambda c: c.capture("u", "e", {"text": "a" * 5000}), gzip=True)
    (request,) = server.requests
    assert request.headers["content-encoding"] == "gzip"
    assert len(request.raw) < 1000 < len(json.dumps(request.body))


def test_historical_migration_goes_with_the_batch(server: Recorder) -> None:
    sent(server, lambda c: c.capture("u", "e"), historical_migration=True)
    assert server.requests[0].body["historical_migration"] is True


def test_sync_mode_sends_before_the_call_returns(server: Recorder) -> None:
    client = Client(KEY, host=server.host, sync_mode=True)
    client.capture("u", "one")
    assert server.names == ["one"]
    client.capture("u", "two")
    assert [len(r.batch) for r in server.requests] == [1, 1]


def test_a_flush_of_nothing_sends_nothing(server: Recorder) -> None:
    with Client(KEY, host=server.host) as client:
        assert client.flush()
    assert server.requests == []


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        ("2025-01-02T08:34:05+05:30", "2025-01-02T03:04:05Z"),
        (dt.datetime(2026, 1, 2, 4, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=1))), "2026-01-02T03:04:05Z"),
        (dt.datetime(2026, 1, 2, 3, 4, 5, 678), "2026-01-02T03:04:05.000678Z"),  # naive is UTC
        (dt.date(2026, 1, 2), "2026-01-02T00:00:00Z"),
        (pd.Timestamp("2026-01-02 03:04:05", tz="UTC"), "2026-01-02T03:04:05Z"),
        ("no time at all", "2026-01-02T03:04:05.678000Z"),
        (None, "2026-01-02T03:04:05.678000Z"),
    ],
)
def test_times_are_sent_in_utc(server: Recorder, given: Any, wire: str) -> None:
    assert sent(server, lambda c: c.capture("u", "e", timestamp=given))["timestamp"] == wire


def test_a_uuid_is_kept_when_it_is_one_and_made_when_it_is_none(server: Recorder) -> None:
    known = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    with Client(KEY, host=server.host) as client:
        assert client.capture("u", "e", uuid=known) == client.capture("u", "e", uuid=str(known)) == str(known)
        made = client.capture("u", "e", uuid="not-a-uuid")
    assert [e["uuid"] for e in server.taken] == [str(known), str(known), made]
    assert uuid.UUID(made).version == 7


def test_uuids_are_unique_and_sort_by_time() -> None:
    made = [uuid7(NOW + dt.timedelta(microseconds=i)) for i in range(5000)]
    assert made == sorted(made)
    assert len({uuid7(NOW) for _ in range(5000)}) == 5000


# ---------------------------------------------------------------------- the calls
def test_identify_sets_properties_and_joins_the_anonymous_id(server: Recorder) -> None:
    event = sent(server, lambda c: c.identify("user_42", {"plan": "pro"}, set_once={"first": 1}, anon_distinct_id="anon-7"))
    assert (event["event"], event["distinct_id"]) == ("$identify", "user_42")
    assert event["properties"] == {"$set": {"plan": "pro"}, "$set_once": {"first": 1}, "$anon_distinct_id": "anon-7", **LIB}


def test_alias_is_an_event_of_the_previous_id(server: Recorder) -> None:
    event = sent(server, lambda c: c.alias("anon-7", "user_42"))
    assert (event["event"], event["distinct_id"]) == ("$create_alias", "anon-7")
    assert event["properties"] == {"alias": "user_42", **LIB}


@pytest.mark.parametrize("call", ["set", "set_once"])
def test_set_and_set_once_stand_beside_the_properties(server: Recorder, call: str) -> None:
    event = sent(server, lambda c: getattr(c, call)("user_42", {"plan": "pro"}))
    assert (event["event"], event["distinct_id"]) == (f"${call}", "user_42")
    assert (event[f"${call}"], event["properties"]) == ({"plan": "pro"}, LIB)


def test_group_identify_is_by_the_group_itself_or_who_did_it(server: Recorder) -> None:
    with Client(KEY, host=server.host) as client:
        client.group_identify("company", "id:5", {"name": "Acme"})
        client.group_identify("company", 5, distinct_id="user_42")
    one, two = server.taken
    assert (one["event"], one["distinct_id"], two["distinct_id"]) == ("$groupidentify", "$company_id:5", "user_42")
    assert one["properties"] == {"$group_type": "company", "$group_key": "id:5", "$group_set": {"name": "Acme"}, **LIB}
    assert two["properties"] == {"$group_type": "company", "$group_key": "5", "$group_set": {}, **LIB}


def test_page_is_a_pageview(server: Recorder) -> None:
    event = sent(server, lambda c: c.page("user_42", "https://matinee.example/films", {"a": 1}, name="Films"))
    assert (event["event"], event["distinct_id"]) == ("$pageview", "user_42")
    assert event["properties"] == {"$current_url": "https://matinee.example/films", "title": "Films", "a": 1, **LIB}


# ---------------------------------------------------------------------- three forms
MOVIE = ("user_42", "movie_played", {"movie_id": 7})
FORMS: dict[str, Any] = {
    "guide": lambda c: c.capture("user_42", "movie_played", {"movie_id": 7}),
    "guide, properties by keyword": lambda c: c.capture("user_42", "movie_played", properties={"movie_id": 7}),
    "guide's other": lambda c: c.capture("user_42", event="movie_played", properties={"movie_id": 7}),
    "today's": lambda c: c.capture("movie_played", distinct_id="user_42", properties={"movie_id": 7}),
    "keywords": lambda c: c.capture(event="movie_played", distinct_id="user_42", properties={"movie_id": 7}),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_forms_of_capture_say_the_same(server: Recorder, form: str) -> None:
    event = sent(server, FORMS[form])
    assert (event["distinct_id"], event["event"], event["properties"]) == (*MOVIE[:2], {"movie_id": 7, **LIB})


def test_inside_a_context_the_event_is_enough(server: Recorder) -> None:
    def call(client: Client) -> None:
        with client.context(distinct_id="user_42"):
            client.capture("movie_played", properties={"movie_id": 7})

    event = sent(server, call)
    assert (event["distinct_id"], event["event"]) == MOVIE[:2]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda c: c.capture(), "no event is given"),
        (lambda c: c.capture("movie_played"), "no distinct_id is given, and no context gives one"),
        (lambda c: c.capture(event="movie_played"), "no distinct_id is given"),
        (lambda c: c.capture(distinct_id="user_42"), "no event is given"),
        (lambda c: c.capture("movie_played", {"movie_id": 7}), "its name is a text"),
        (lambda c: c.capture("movie_played", {"movie_id": 7}, distinct_id="user_42"), "one comes again by keyword"),
        (lambda c: c.capture("user_42", "movie_played", event="movie_played"), "one comes again by keyword"),
        (lambda c: c.capture("x", event="movie_played", distinct_id="user_42"), "and 'x' besides"),
        (lambda c: c.capture("user_42", "movie_played", {}, properties={}), "properties are given twice"),
        (lambda c: c.capture("user_42", event=7), "the event is 7, and its name is a text"),
    ],
)
@pytest.mark.parametrize("disabled", [True, False])
def test_any_other_form_is_a_type_error_that_names_the_forms(call: Any, why: str, disabled: bool) -> None:
    client = Client(KEY, host="http://127.0.0.1:9", disabled=disabled)
    with pytest.raises(TypeError, match=re.escape(why)) as error:
        call(client)
    assert 'capture("user_42", "movie_played", {"movie_id": 7})' in str(error.value)


@pytest.mark.parametrize("second", ["visitor_1", 7, uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")])
@pytest.mark.parametrize("disabled", [True, False])
def test_a_second_id_of_identify_is_a_type_error_that_names_the_keyword(second: Any, disabled: bool) -> None:
    client = Client(KEY, host="http://127.0.0.1:9", disabled=disabled)
    with pytest.raises(TypeError, match=re.escape(f"by keyword: identify('user_42', anon_distinct_id={second!r})")):
        client.identify("user_42", second)


GROUP = "group type 'id:5' with the key 'company': is it the other way round? The type comes first"


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        ([("user_42", "played"), ("ann", "played"), ("played", "user_42")], ["event 'user_42' of the distinct_id 'played': is it the other"]),
        ([("$pageview", "user_42")], ["event 'user_42' of the distinct_id '$pageview': is it the other way round?"]),
        ([("user_42", "played"), ("played", "user_42"), ("played", "user_42")], ["event 'user_42'"]),  # once
        ([("played", "user_42"), ("played", "user_43")], []),  # who could know
        ([("a", "b"), ("b", "b"), ("b", "a")], []),  # words that are both
        ([("$company_id:5", "seats_added"), ("user_42", "played")], []),
        ([{"id:5": "company"}], [GROUP]),
        ([{"company": "acme"}, {"acme": "company"}], ["group type 'acme' with the key 'company'"]),
        ([{"company": "id:5", "team": "team 2", "team2": "acme", "crm:account": "acme", "project": 7}], []),
        ([{f"type {n}": "x1"} for n in "abcdef"], ["more than 5 group types (type a, type b, type c, type d, type e, type f): PostHog ignores"]),
    ],
)  # fmt: skip
def test_what_looks_swapped_is_told_and_sent_as_it_is(calls: list[Any], said: list[str], caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    with Client(host=shelf, raise_errors=True) as client:
        for given in calls:
            if isinstance(given, dict):
                assert client.capture("u", "e", groups=given) is not None
            else:
                assert client.capture(*given) is not None
    assert len(shelf.events) == len(calls)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == len(said) and all(text.startswith(start) for text, start in zip(told, said, strict=True)), told
    with Client(host=shelf) as client:
        client.group_identify("id:5", "company", {"name": "Acme"})
    assert GROUP in caplog.text


# ---------------------------------------------------------------------- what may be in an event
class Plan(enum.Enum):
    PRO = "pro"


class Word(str, enum.Enum):  # noqa: UP042 - as many programs have them
    A = "a"


@dataclasses.dataclass
class Seat:
    row: int


class Odd:
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (Decimal("1.25"), 1.25),
        (Decimal("NaN"), None),
        (float("nan"), None),
        (float("-inf"), None),
        (dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "2026-01-02T03:04:05+00:00"),
        (dt.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.timedelta(seconds=90), "0:01:30"),
        (uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057"), "01890a5d-ac96-774b-bcce-b302099a8057"),
        ({"b", "a"}, ["a", "b"]),
        ((1, [2]), [1, [2]]),
        ({1: "a", None: "b"}, {"1": "a", "None": "b"}),
        (b"bytes", "bytes"),
        (np.int64(7), 7),
        (np.float32(0.5), 0.5),
        (np.float64("nan"), None),
        (np.bool_(True), True),
        (np.datetime64("2026-01-02"), "2026-01-02"),
        (np.array([[1, 2]]), [[1, 2]]),
        (pd.NaT, None),
        (pd.NA, None),
        (pd.Timestamp("2026-01-02"), "2026-01-02T00:00:00"),
        (Plan.PRO, "pro"),
        (Seat(3), {"row": 3}),
        (Odd(), "<Odd>"),
        ("a\x00\ud800", "a\ufffd\ufffd"),
        (10**30, 10**30),
    ],
)
def test_values_are_made_json(value: Any, wire: Any) -> None:
    made = to_json({"v": value})["v"]
    assert (made, type(made)) == (wire, type(wire))
    json.dumps(made, allow_nan=False)


def test_structures_without_end_are_cut() -> None:
    loop: dict[str, Any] = {"a": 1}
    loop["self"] = [loop]
    assert to_json(loop) == {"a": 1, "self": ["<circular>"]}
    deep: Any = "end"
    for _ in range(5000):
        deep = [deep]
    made = to_json(deep)
    for _ in range(DEEPEST):
        made = made[0]
    assert made == "<too deep>"


def test_the_same_list_twice_is_no_circle() -> None:
    tags = ["a"]
    assert to_json({"x": tags, "y": tags}) == {"x": ["a"], "y": ["a"]}


def test_a_later_change_does_not_change_what_was_captured() -> None:
    shelf, properties = Shelf(), {"seats": [1]}
    with Client(host=shelf) as client:
        client.capture("u", "e", properties)
        properties["seats"].append(2)
    assert shelf.events[0].properties["seats"] == [1]


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        (42, "42"),
        (np.int64(42), "42"),
        ("42", "42"),
        (np.str_("42"), "42"),
        (7.0, "7.0"),
        (np.float64(7), "7.0"),
        (23.4, "23.4"),
        (Word.A, "a"),
    ],
)
def test_ids_are_sent_as_text_as_posthogs_sdk_and_servers_write_them(server: Recorder, given: Any, wire: str) -> None:
    assert sent(server, lambda c: c.capture(given, "e"))["distinct_id"] == wire


def in_context(client: Client, who: Any) -> Any:
    with client.context(distinct_id=who):
        return client.capture("e")


def tracked(client: Client, who: Any) -> Any:
    assert client.track("e", distinct_id=lambda call, result: who)(lambda: 90)() == 90


CALLS_WITH_AN_ID: dict[str, Any] = {
    "capture": lambda c, who: c.capture(who, "e"),
    "capture, by keyword": lambda c, who: c.capture("e", distinct_id=who),
    "capture, in a context": in_context,
    "identify": lambda c, who: c.identify(who, {"plan": "pro"}),
    "identify, the anonymous id": lambda c, who: c.identify("u", anon_distinct_id=who),
    "alias": lambda c, who: c.alias("u", who),
    "alias, the previous id": lambda c, who: c.alias(who, "u"),
    "set": lambda c, who: c.set(who, {"plan": "pro"}),
    "set_once": lambda c, who: c.set_once(who, {"plan": "pro"}),
    "page": lambda c, who: c.page(who),
    "group_identify, the key": lambda c, who: c.group_identify("company", who),
    "group_identify, who did it": lambda c, who: c.group_identify("company", "id:5", distinct_id=who),
    "track": tracked,
}
NOT_REQUIRED = {"identify, the anonymous id", "group_identify, who did it"}
NO_IDS = [
    float("nan"),
    float("inf"),
    np.float64("nan"),
    pd.NA,
    pd.NaT,
    None,
    [1],
    np.array([7]),
    {"id": 1},
    b"u",
    True,
    np.bool_(True),
    "",
    " \n",
]


@pytest.mark.parametrize(("call", "who"), [(c, w) for c in CALLS_WITH_AN_ID for w in NO_IDS if not (w is None and c in NOT_REQUIRED)])
def test_what_is_no_id_is_logged_and_dropped_by_every_call(call: str, who: Any, caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    with Client(host=shelf) as client:
        assert CALLS_WITH_AN_ID[call](client, who) is None
    assert (shelf.events, client.stats().invalid) == ([], 1)
    assert f"{who!r} is no id: give a text, a number or a UUID" in caplog.text


def test_in_a_context_that_knows_nobody_an_event_is_dropped_and_the_program_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    with Client(host=shelf) as client, client.context(distinct_id=None, groups={"company": "id:5"}):
        assert client.capture("movie_played") is None
    assert "event movie_played dropped: distinct_id None is no id" in caplog.text


@pytest.mark.parametrize(
    ("call", "reason", "text"),
    [
        (lambda c: c.capture(None, "e"), "invalid", "event e dropped: distinct_id None is no id: give a text, a number or a UUID"),
        (lambda c: c.capture("e", distinct_id=None), "invalid", "distinct_id None is no id"),
        (lambda c: c.capture("  ", "e"), "invalid", "distinct_id '  ' is no id"),
        (lambda c: c.capture(True, "e"), "invalid", "distinct_id True is no id"),
        (lambda c: c.capture("u", ""), "invalid", "the event has no name: it is ''"),
        (lambda c: c.alias("anon", None), "invalid", "alias None is no id"),
        (lambda c: c.group_identify("company", None), "invalid", "$group_key None is no id"),
        (lambda c: c.capture("u", "e", {"n": 10**5000}), "invalid", "integer string conversion"),
        (lambda c: c.capture("u", "e", {"text": "a" * 1_000_000}), "too_large", "921,600 is the most"),
        (lambda c: c.capture("u", "e", {"numbers": list(range(300_000))}), "too_large", "more than 200,000 values"),
    ],
)
def test_what_is_no_event_is_dropped_counted_and_logged_or_raised_if_asked(
    call: Any, reason: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf()
    with Client(host=shelf) as client:
        assert call(client) is None
    assert shelf.events == []
    stats = client.stats()
    assert (getattr(stats, reason), stats.dropped, stats.captured) == (1, 1, 1)
    assert text in caplog.text
    with (
        Client(host=shelf, raise_errors=True) as client,
        pytest.raises(CaptureError, match=re.escape(text).replace("event\\ e\\ dropped:\\ ", "")),
    ):
        call(client)
    assert client.stats().dropped == 1


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda c: c.capture("u", "e", ["x"]), "properties of e are list, not a mapping: they are left out"),
        (lambda c: c.capture("u", "e", groups="acme"), "groups of e are str"),
        (lambda c: c.set("u", ["x"]), "$set of $set are list"),
        (lambda c: c.set("u"), "$set of 'u' sets nothing: give it properties, such as {'plan': 'pro'}"),
        (lambda c: c.set_once("u"), "$set_once of 'u' sets nothing"),
        (lambda c: c.identify("u", np.array([1, 2])), "$set of $identify are ndarray"),
        (lambda c: c.capture("u", "e", timestamp="soon"), "timestamp 'soon' can't be read: now is taken"),
        (lambda c: c.capture("u", "e", uuid="x"), "uuid 'x' is none"),
    ],
)
def test_a_wrong_part_is_left_out_and_said_or_raised_if_asked(call: Any, text: str, caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    with Client(host=shelf) as client:
        assert call(client) is not None
    assert len(shelf.events) == 1
    assert text in caplog.text
    with Client(host=shelf, raise_errors=True) as client, pytest.raises(CaptureError, match=re.escape(text)):
        call(client)


def test_a_host_that_refuses_raises_in_sync_mode_if_asked(server: Recorder) -> None:
    server.always = 401
    client = Client(KEY, host=server.host, sync_mode=True, raise_errors=True)
    with pytest.raises(DeliveryError, match=r"not sent: status 401 +said no"):
        client.capture("u", "e")
    quiet = Client(KEY, host=server.host, sync_mode=True)
    assert quiet.capture("u", "e") is not None
    assert quiet.stats().refused == 1


# ---------------------------------------------------------------------- options
def test_before_send_changes_and_drops(server: Recorder) -> None:
    def scrub(event: dict[str, Any]) -> dict[str, Any] | None:
        if event["event"] == "secret":
            return None
        event["properties"].pop("email")
        event["properties"]["at"] = NOW
        return event

    with Client(KEY, host=server.host, before_send=scrub) as client:
        assert client.capture("u", "secret") is None
        client.capture("u", "e", {"email": "a@b.co", "n": 1})
    assert server.taken[0]["properties"] == {"n": 1, "at": "2026-01-02T03:04:05.678000+00:00", **LIB}
    assert (client.stats().withheld, client.stats().sent) == (1, 1)


@pytest.mark.parametrize("bad", [lambda e: e["properties"]["missing"], lambda e: "text", lambda e: {**e, "distinct_id": ""}])
def test_an_event_that_before_send_can_not_clear_does_not_leave(server: Recorder, bad: Any, caplog: pytest.LogCaptureFixture) -> None:
    with Client(KEY, host=server.host, before_send=bad) as client:
        assert client.capture("u", "e", {"email": "a@b.co"}) is None
    assert server.requests == []
    assert client.stats().dropped == 1
    assert "dropped" in caplog.text
    assert "a@b.co" not in caplog.text


def test_disabled_does_nothing_and_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVKIT_HOST", raising=False)
    with Client(disabled=True) as client:
        assert client.capture("u", "e") is None
        assert client.identify("u") is None
        assert client.flush()
    assert repr(client) == "Client(disabled)"
    assert client.stats().captured == 0


def test_groups_do_not_stick_unless_asked(server: Recorder) -> None:
    with Client(KEY, host=server.host) as client:
        client.capture("ann", "e", groups={"company": "id:5"})
        client.capture("bob", "e")
    assert ["$groups" in e["properties"] for e in server.taken] == [True, False]
    with Client(KEY, host=server.host, sticky_groups=True) as client:
        client.capture("ann", "e", groups={"company": "id:5"})
        client.group_identify("team", "t1")
        client.capture("ann", "e")
    assert server.taken[-1]["properties"]["$groups"] == {"company": "id:5", "team": "t1"}


def test_a_store_is_a_host_without_a_network() -> None:
    shelf = Shelf()
    with Client(host=shelf, now=lambda: NOW) as client:
        made = client.capture("user_42", "movie_played", {"movie_id": 7})
        assert client.flush()
        assert [(e.uuid, e.distinct_id, e.timestamp, e.received_at) for e in shelf.events] == [(made, "user_42", NOW, NOW)]
    assert repr(client) == "Client('phc_…', host='Shelf')"


def test_host_and_key_come_from_the_environment(server: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVKIT_HOST", server.host)
    monkeypatch.setenv("EVKIT_API_KEY", KEY)
    with Client() as client:
        client.capture("u", "e")
    assert server.requests[0].body["api_key"] == KEY


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"api_key": KEY}, "no host: give host='https://...' (or a Store), or set EVKIT_HOST"),
        ({"api_key": KEY, "host": "localhost:8000"}, "host 'localhost:8000' is no address"),
        ({"api_key": KEY, "host": "http://localhost:99999"}, "host 'http://localhost:99999' is no address"),
        ({"api_key": KEY, "host": "http://:80"}, "host 'http://:80' is no address"),
        ({"api_key": KEY, "host": 8000}, "host 8000 is int: give an address, or a Store"),
        ({"host": "http://localhost"}, "no api_key: give the project's key, or set EVKIT_API_KEY"),
        ({"api_key": "phx_personalkey1234", "host": "http://localhost"}, "'phx_…1234' is a personal key"),
        ({"api_key": "k" * 65, "host": "http://localhost"}, "at most 64 characters"),
        ({"api_key": KEY, "host": "http://localhost", "flush_at": 0}, "flush_at 0 is no whole number from 1 on"),
        ({"api_key": KEY, "host": "http://localhost", "max_retries": -1}, "max_retries -1 is no whole number from 0 on"),
        ({"api_key": KEY, "host": "http://localhost", "flush_interval": -1}, "flush_interval -1"),
    ],
)
def test_what_can_not_work_fails_where_it_is_typed(options: dict[str, Any], text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVKIT_HOST", raising=False)
    monkeypatch.delenv("EVKIT_API_KEY", raising=False)
    with pytest.raises(CaptureError, match=re.escape(text)):
        Client(**options)


def test_keys_and_logins_are_never_shown(server: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.always = 401
    with Client(KEY, host=server.host, debug=True) as client:
        client.capture("u", "e")
    shown = caplog.text + repr(client) + str(client.stats())
    assert KEY not in shown
    assert repr(client) == f"Client('phc_…1234', host='{server.host}')"
    assert repr(Client(KEY, host="http://me:secret@localhost")) == "Client('phc_…1234', host='http://localhost')"


def test_debug_logs_each_step(server: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    with Client(KEY, host=server.host, debug=True) as client:
        made = client.capture("u", "e")
    assert f"captured e {made}" in caplog.text
    assert "1 event: status 200" in caplog.text


def test_debug_is_of_one_client_and_not_of_the_others(server: Recorder, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    with Client(KEY, host=server.host, debug=True), Client(KEY, host=server.host, spool=tmp_path) as other:
        other.capture("u", "e")
    assert not [r.getMessage() for r in caplog.records if r.name == "evkit.capture"]
    assert logging.getLogger("evkit.capture").level == logging.NOTSET


# ---------------------------------------------------------------------- track
def test_track_captures_when_the_function_returns(server: Recorder) -> None:
    with Client(KEY, host=server.host) as client:

        @client.track(
            "movie_played",
            distinct_id=lambda call, result: call["user"],
            properties=lambda call, result: {"movie_id": call["movie_id"], "seconds": result, "speed": call["speed"]},
            groups={"company": "id:5"},
        )
        def play(user: str, movie_id: int, speed: float = 1.0) -> int:
            """Play."""
            return 90

        assert play("user_42", movie_id=7) == 90
        assert (play.__name__, play.__doc__) == ("play", "Play.")
    (event,) = server.taken
    assert (event["distinct_id"], event["event"]) == MOVIE[:2]
    assert event["properties"] == {"movie_id": 7, "seconds": 90, "speed": 1.0, "$groups": {"company": "id:5"}, **LIB}


def test_track_waits_for_async_functions_and_takes_the_context(server: Recorder) -> None:
    with Client(KEY, host=server.host) as client:

        @client.track("movie_played", properties={"a": 1})
        async def play(seconds: int) -> int:
            await asyncio.sleep(0.01)
            assert server.taken == []
            return seconds

        async def main() -> int:
            with client.context(distinct_id="user_42"):
                return await play(90)

        assert asyncio.run(main()) == 90
    assert [(e["distinct_id"], e["properties"]["a"]) for e in server.taken] == [("user_42", 1)]


def test_track_leaves_exceptions_alone_and_captures_nothing_then(server: Recorder) -> None:
    with Client(KEY, host=server.host) as client:

        @client.track("movie_played", distinct_id="u")
        def play() -> None:
            raise KeyError("film")

        with pytest.raises(KeyError, match="film"):
            play()
    assert server.requests == []


def test_track_never_fails_the_function(server: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    with Client(KEY, host=server.host) as client:

        @client.track("movie_played", distinct_id=lambda call, result: call["nobody"])
        def play() -> int:
            return 90

        @client.track("movie_played")
        def play_by_nobody() -> int:
            return 91

        assert (play(), play_by_nobody()) == (90, 91)
    assert (server.requests, client.stats().invalid) == ([], 2)
    assert "event movie_played dropped: 'nobody'" in caplog.text


def test_track_without_a_name_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"track takes the event's name: @client.track\('movie_played'\)"):
        Client(disabled=True).track(len)  # type: ignore[arg-type]


# ---------------------------------------------------------------------- laws
def test_the_client_loads_no_heavy_library_and_without_a_request_no_requests() -> None:
    code = (
        "import sys, evkit.capture.default; print(*sorted({'ibis', 'pandas', 'altair', 'numpy', 'duckdb', 'requests'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root).stdout.strip() == ""


def test_importing_starts_no_thread_and_registers_nothing() -> None:
    code = """
import threading
import evkit.capture.default
from evkit.capture import client, sender
print(threading.active_count(), sorted(sender._HOOKED), end=" ")
made = client.Client("phc_x", host="http://127.0.0.1:9")
print(threading.active_count(), sorted(sender._HOOKED))
"""
    root = Path(__file__).resolve().parents[2]
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root).stdout.strip()
    assert out == "1 [] 1 ['fork']"
