"""A request's bytes -> its events: figures and refusals from the protocol."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
import urllib.parse
import zlib
from typing import Any

import pytest

from evkit.capture import inflate, wire
from evkit.capture.inflate import Refused

NOW = dt.datetime(2026, 3, 1, 12, 0, 0, tzinfo=dt.UTC)
E = {"event": "a", "distinct_id": "u", "api_key": "phc_k"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def take(
    body: Any, *, path: str = "/e/", query: dict[str, str] | None = None, headers: dict[str, str] | None = None, ip: str = ""
) -> wire.Received:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return wire.received(raw, path=path, query=query or {}, headers=headers or {}, now=NOW, ip=ip)


def names(*args: Any, **more: Any) -> list[str]:
    return [e.event for e in take(*args, **more).events]


def refused(*args: Any, **more: Any) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        take(*args, **more)
    return caught.value.status, str(caught.value)


JSON = json.dumps(E).encode()
B64 = base64.b64encode(JSON)


@pytest.mark.parametrize(
    ("body", "query", "headers"),
    [
        (JSON, {}, {}),
        (JSON, {}, {"content-type": "text/plain"}),
        (gzip.compress(JSON, mtime=0), {}, {"content-type": "text/plain"}),  # told by its first bytes
        (gzip.compress(JSON, mtime=0), {"compression": "gzip"}, {}),
        (gzip.compress(JSON, mtime=0), {"compression": "GZIP-JS"}, {}),
        (gzip.compress(JSON[:20], mtime=0) + gzip.compress(JSON[20:], mtime=0), {}, {}),
        (gzip.compress(JSON, mtime=0), {}, {"content-encoding": "gzip"}),
        (B64, {}, {}),
        (B64, {"compression": "base64"}, {}),
        (base64.b64encode(gzip.compress(JSON, mtime=0)), {}, {}),
        (b"data=" + urllib.parse.quote_from_bytes(JSON).encode(), {}, FORM),
        (b"data=" + B64.replace(b"+", b"%2B"), {}, FORM),
        (b"data=" + B64 + b"&compression=base64", {}, {**FORM, "content-type": FORM["content-type"] + "; charset=UTF-8"}),
        (b"compression=gzip-js&data=" + urllib.parse.quote_from_bytes(base64.b64encode(gzip.compress(JSON, mtime=0))).encode(), {}, FORM),
        (b"", {"data": JSON.decode()}, {}),
        (b"", {"data": B64.decode()}, {}),
    ],
)  # fmt: skip
def test_every_way_to_write_a_body_says_the_same(body: bytes, query: dict[str, str], headers: dict[str, str]) -> None:
    found = take(body, query=query, headers=headers)
    assert (found.token, [(e.event, e.distinct_id) for e in found.events]) == ("phc_k", [("a", "u")])


@pytest.mark.parametrize(
    ("body", "more", "status", "said"),
    [
        (b"", {}, 400, "an empty request"),
        (b"{nonsense", {}, 400, "not JSON"),
        (b'{"event": NaN}', {}, 400, "NaN is no number of JSON"),
        (b"[" * 5_000 + b"]" * 5_000, {}, 400, "a body that is nested too deeply to be read"),
        ([], {}, 400, "a list without events"),
        ("text", {}, 400, "not str"),
        ({"api_key": "k", "batch": []}, {}, 400, "a batch without events"),
        ({"batch": [E]}, {}, 400, "'event' is None"),
        ({"api_key": "k", "batch": E}, {}, 400, "'event' is None"),
        ([E, 5], {}, 400, "event 2 is int, not an object"),
        ({**E, "event": 5}, {}, 400, "'event' is 5"),
        ({**E, "event": ""}, {}, 400, "has no name"),
        ({**E, "distinct_id": "   "}, {}, 400, "no distinct_id"),
        ({**E, "uuid": "x"}, {}, 400, "uuid 'x' is none"),
        ({**E, "timestamp": 5}, {}, 400, "timestamp 5 is int"),
        ({**E, "offset": 1.5}, {}, 400, "offset 1.5"),
        ({**E, "properties": []}, {}, 400, "properties of 'a' are list"),
        ({**E, "properties": {"$cookieless_mode": 1}}, {}, 400, "$cookieless_mode of 'a' is 1"),
        ({"event": "a", "distinct_id": "u"}, {}, 401, "no token"),
        ({**E, "api_key": "phx_abc"}, {}, 401, "a personal API key"),
        ({**E, "api_key": "k" * 65}, {}, 401, "at most 64 bytes of ASCII"),
        ({**E, "api_key": 5}, {}, 401, "the token 5 is no text"),
        ([{**E, "api_key": "k"}, {**E, "api_key": "l"}], {}, 401, "several projects"),
        (gzip.compress(JSON, mtime=0)[:-9], {}, 400, "ends too early"),
        (gzip.compress(JSON, mtime=0)[:12] + b"xxxxxxxxxxxxxx", {}, 400, "broken"),
        (b"\x00\x01", {"query": {"compression": "gzip"}}, 400, "not gzip"),
        (b"hello!", {"headers": FORM}, 400, "a form without data="),
        (b"data=", {"headers": FORM}, 400, "data is empty"),
        (b"?%&", {"query": {"compression": "lz64"}}, 400, "not lz64"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why(body: Any, more: dict[str, Any], status: int, said: str) -> None:
    found = refused(body, **more)
    assert found[0] == status and said in found[1], found


def test_a_name_may_be_left_out_on_engage_only() -> None:
    body = {"$token": "phc_k", "$distinct_id": 3, "$set": {"os": "x"}}
    event = take(body, path="/engage/").events[0]
    assert (event.event, event.distinct_id, event.properties["$set"]) == ("$identify", "3", {"os": "x"})
    assert refused(body, path="/capture/")[0] == 400


def test_the_batchs_token_wins_and_events_without_one_ride_along() -> None:
    assert take({"api_key": " phc_k\n", "batch": [{**E, "api_key": "other"}]}).token == "phc_k"
    bare = {"event": "b", "distinct_id": "u"}
    assert take([E, bare]).token == "phc_k"
    assert take({"event": "a", "distinct_id": "u", "properties": {"token": "phc_p"}}).token == "phc_p"


def test_the_clock_of_the_client_counts_where_a_batch_or_the_url_says_it() -> None:
    time = {"timestamp": "2026-03-01T10:00:00Z"}
    ask = lambda body, **more: take(body, **more).events[0].timestamp  # noqa: E731
    assert ask({"api_key": "k", "sent_at": "2026-03-01T10:00:10Z", "batch": [{**E, **time}]}) == NOW - dt.timedelta(seconds=10)
    assert ask({**E, **time, "sent_at": "2026-03-01T10:00:10Z"}) == dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    milliseconds = str(int(dt.datetime(2026, 3, 1, 10, 0, 10, tzinfo=dt.UTC).timestamp() * 1000))
    assert ask({**E, **time}, query={"_": milliseconds}) == NOW - dt.timedelta(seconds=10)
    assert ask({**E, **time}, query={"_": milliseconds[:-3]}) == dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    assert ask({**E, "offset": 1500}) == NOW - dt.timedelta(seconds=1.5)


def test_what_clients_send_beside_events_is_taken_and_kept_apart() -> None:
    found = take([E, {**E, "event": "$$heatmap"}, {**E, "event": "$performance_event"}])
    assert ([e.event for e in found.events], [e.event for e in found.others]) == (["a"], ["$$heatmap"])


def test_properties_are_kept_as_they_were_sent_with_the_senders_address() -> None:
    chain = {"$elements_chain": 'a:text="x"', "distinct_id": "u", "token": "phc_k", "n": 1.0}
    assert take({**E, "properties": chain}, ip="10.0.0.9").events[0].properties == {**chain, "$ip": "10.0.0.9"}
    assert take({**E, "properties": {"$ip": "1.2.3.4"}}, ip="10.0.0.9").events[0].properties == {"$ip": "1.2.3.4"}
    assert take({**E, "properties": {"capture_internal": True}}, ip="10.0.0.9").events[0].properties["$ip"] == "127.0.0.1"


def test_lone_surrogates_and_broken_bytes_are_replaced_not_refused() -> None:
    body = b'{"api_key":"k","event":"a\\ud83d","distinct_id":"u\xff"}'
    assert [(e.event, e.distinct_id) for e in take(body).events] == [("a\ufffd", "u\ufffd")]


def test_inflating_stops_at_its_bound_whatever_the_compression() -> None:
    bomb = b" " * (inflate.MOST_INFLATED + 1)
    assert refused(gzip.compress(bomb, 1))[0] == 413
    for encoding, raw in (("gzip", gzip.compress(bomb, 1)), ("deflate", zlib.compress(bomb, 1))):
        with pytest.raises(Refused, match="once decompressed"):
            inflate.decoded(raw, encoding)
    import brotli
    import zstandard

    with pytest.raises(Refused, match="once decompressed"):
        inflate.decoded(brotli.compress(bomb, quality=1), "br")
    with pytest.raises(Refused, match="once decompressed"):
        inflate.decoded(zstandard.compress(bomb), "zstd")
    with pytest.raises(Refused, match="Content-Encoding 'snappy' is not read"):
        inflate.decoded(b"x", "snappy")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_encodings_are_undone_and_broken_ones_refused(encoding: str) -> None:
    import brotli
    import zstandard

    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstandard.compress}[encoding](JSON)
    assert inflate.decoded(packed, encoding) == JSON
    with pytest.raises(Refused):
        inflate.decoded(packed[: len(packed) // 2] + b"\x00\xff\x00", encoding)


def test_a_body_of_very_many_small_values_is_refused_before_it_fills_the_memory() -> None:
    assert refused(b"[" + b"[]," * 2_000_001 + b"[]]")[0] == 413


@pytest.mark.parametrize(
    ("second", "said", "known"),
    [
        ({"event": "b"}, "event 2: no distinct_id: it is None", ("b", None)),
        ({"event": "b", "distinct_id": "v", "uuid": "x"}, "event 2: uuid 'x' is none", ("b", "v")),
        ({"event": "b", "properties": {"distinct_id": 7}, "timestamp": 5}, "event 2: timestamp 5 is int", ("b", "7")),
        ({"event": "b", "distinct_id": "v", "properties": {"$cookieless_mode": 1}}, "event 2: $cookieless_mode of 'b' is 1", ("b", "v")),
        ({"event": "", "distinct_id": "v"}, "event 2 has no name: 'event' is ''", ("", "v")),
        ({"distinct_id": "v"}, "event 2 has no name: 'event' is None", (None, "v")),
    ],
)
def test_the_event_of_a_batch_that_is_wrong_is_named_by_its_number(second: Any, said: str, known: tuple[Any, Any]) -> None:
    with pytest.raises(Refused) as caught:
        take({"api_key": "phc_k", "batch": [E, second]})
    assert str(caught.value).startswith(said)
    assert (caught.value.event, caught.value.distinct_id) == known
