"""The collector: every endpoint and answer of the capture API, over the app in process; sockets where it matters."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.testclient import TestClient

import evkit as ek
from evkit.capture import Store, collector, create_app
from evkit.errors import CaptureError, StoreFull

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
E = {"event": "a", "distinct_id": "u", "api_key": "phc_k"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "events") as made:
        yield made


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    with TestClient(create_app(store, now=lambda: NOW), raise_server_exceptions=False) as made:
        yield made


def rows(store: Store) -> list[dict[str, Any]]:
    frame = ek.open_store(store.folder).to_pandas()
    return [{**r, "properties": json.loads(r["properties"])} for r in frame.to_dict("records")]


@pytest.mark.parametrize("path", ["/e", "/e/", "/capture/", "/track", "/i/v0/e/", "/batch/", "/engage", "/i/v0/ai/batch/"])
def test_every_path_takes_every_shape(client: TestClient, store: Store, path: str) -> None:
    for body in (E, [E], {"api_key": "phc_k", "batch": [E], "historical_migration": True}):
        reply = client.post(path, json=body)
        assert (reply.status_code, reply.json()) == (200, {"status": "Ok"})
    assert client.get(path, params={"data": json.dumps(E)}).status_code == 200
    assert [r["event"] for r in rows(store)] == ["a"] * 4


def test_a_refused_request_says_why_keeps_nothing_and_leaves_a_warning(client: TestClient, store: Store) -> None:
    reply = client.post("/e/", json=[E, {**E, "distinct_id": None}])
    assert (reply.status_code, reply.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert "no distinct_id" in reply.text
    assert client.post("/e/", json={"event": "a", "distinct_id": "u"}).status_code == 401
    assert client.post("/batch/", content=b" " * ((20 << 20) + 1)).status_code == 413
    assert client.post("/batch/", json={**E, "properties": {"x": "y" * 1_000_000}}).status_code == 413
    assert rows(store) == []
    warned = store.warnings()
    assert warned.kind.tolist() == ["refused", "refused", "too_large", "too_large"]
    assert warned.detail[0] == "400: event 2: no distinct_id: it is None"
    assert warned.event.fillna("").tolist() == ["a", "", "", "a"]
    assert warned.distinct_id.fillna("").tolist() == ["", "", "", "u"]
    assert warned["at"].tolist() == [NOW.replace(tzinfo=None)] * 4


def test_what_is_cut_is_told(client: TestClient, store: Store) -> None:
    for path, body in (("/e/", E), ("/v1/track", {"event": "a", "userId": "u", "writeKey": "phc_k"})):
        body = {**body, "event": "n" * 201, "distinct_id": "d" * 300, "userId": "d" * 300}
        assert client.post(path, json=body).status_code == 200
    assert [(len(r["event"]), len(r["distinct_id"])) for r in rows(store)] == [(200, 200)] * 2
    warned = store.warnings()
    both = "the name has 201 characters, and the first 200 are kept; the distinct_id has 300 characters, and the first 200 are kept"
    assert (warned.kind.tolist(), warned.detail.tolist()) == (["cut"] * 2, [both] * 2)


def test_a_list_of_tokens_refuses_others(store: Store) -> None:
    with TestClient(create_app(store, tokens=["phc_mine"])) as client:
        assert client.post("/e/", json=E).status_code == 401
        assert client.post("/v1/track", json={"event": "a", "userId": "u"}, auth=("phc_k", "")).status_code == 401
        assert client.post("/i/v1/analytics/events", json={}, headers=v1_headers()).json()["error"] == "invalid_api_token"
        assert client.post("/e/", json={**E, "api_key": "phc_mine"}).status_code == 200
    assert len(rows(store)) == 1


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ("", "the token '' would never be met: no token"),
        ("phx_personalkey1234", "the token 'phx_…1234' would never be met: a personal API key"),
        (["phc_mine", " "], "the token ' ' would never be met: no token"),
        (["k" * 65], "would never be met: the token is no project token: at most 64 bytes"),
        ([], "tokens [] are none, so that every event would be refused"),
        ([7], "the token 7 is int, not a text"),
        (7, "tokens 7 are int: give a list"),
    ],
)
def test_tokens_that_nobody_could_meet_are_refused_at_the_start(tokens: Any, said: str, store: Store, tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=re.escape(said)):
        create_app(store, tokens=tokens)
    with pytest.raises(CaptureError, match=re.escape(said)):
        ek.collect(tmp_path / "not made", tokens=tokens)
    assert not (tmp_path / "not made").exists()


def test_a_text_is_one_token(store: Store) -> None:
    with TestClient(create_app(store, tokens="phc_k")) as client:
        assert client.post("/e/", json=E).status_code == 200
        assert client.post("/e/", json={**E, "api_key": "p"}).status_code == 401


def test_the_playground_and_the_snippet_send_a_token_that_the_collector_takes(tmp_path: Path) -> None:
    with ek.collect(tmp_path / "events", tokens=["phc_first", "phc_second"]) as collector:
        served = requests.get(ek.playground(collector).url, timeout=10).text
        asked = requests.get(ek.playground(collector, token="phc_second").url, timeout=10).text
        assert 'posthog.init("phc_first"' in served and 'posthog.init("phc_second"' in asked
        assert 'posthog.init("phc_first"' in ek.snippet(collector)
        assert 'posthog.init("phc_second"' in ek.snippet(collector, token="phc_second")
        assert requests.get(f"{collector.url}/playground?token=other", timeout=10).status_code == 401
        for make in (ek.snippet, ek.playground):
            with pytest.raises(CaptureError, match="the token 'other' is not one that this collector takes: phc_first, phc_second"):
                make(collector, token="other")
            with pytest.raises(CaptureError, match="None is no collector"):
                make(None)  # type: ignore[arg-type]
    assert 'posthog.init("phc_local"' in ek.snippet("http://127.0.0.1:8000")
    with ek.collect(tmp_path / "events") as collector:
        evil = requests.get(ek.playground(collector, token='"</script>').url, timeout=10).text
        assert '"</script>' not in evil and 'posthog.init("\\"\\u003c/script>"' in evil


def test_a_beacon_is_answered_with_nothing(client: TestClient) -> None:
    reply = client.post("/e/?beacon=1", content=json.dumps(E).encode(), headers={"content-type": "text/plain"})
    assert (reply.status_code, reply.content) == (204, b"")


def test_pages_of_every_origin_may_send_and_read_the_answer(client: TestClient) -> None:
    headers = {"origin": "http://shop.example", "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    asked = client.options("/batch/", headers=headers)
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == "http://shop.example"
    assert asked.headers["access-control-allow-credentials"] == "true"
    assert asked.headers["access-control-allow-headers"] == "content-type"
    assert asked.headers["access-control-allow-methods"] == "GET, POST, OPTIONS"
    for reply in (
        client.post("/e/", json=E, headers=headers),
        client.post("/e/", content=b"x", headers=headers),
        client.get("/nothing", headers=headers),
        client.get("/array/phc_k/config", headers=headers),
    ):
        assert reply.headers["access-control-allow-origin"] == "http://shop.example"
    assert "access-control-allow-origin" not in client.post("/e/", json=E).headers


def test_the_config_has_autocapture_on_and_what_needs_a_server_off(client: TestClient) -> None:
    config = client.get("/array/phc_k/config").json()
    assert config["autocapture_opt_out"] is False
    assert config["supportedCompression"] == ["gzip", "gzip-js"]
    assert (config["sessionRecording"], config["hasFeatureFlags"], config["token"]) == (False, False, "phc_k")
    assert "surveys" not in config
    script = client.get("/array/phc_%3Cscript%3E%22/config.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "<script>" not in script.text and '_POSTHOG_REMOTE_CONFIG["phc_\\u003cscript>\\""] = ' in script.text
    old = client.post("/decide/?v=3", json={"token": "phc_k", "distinct_id": "u"}).json()
    assert (old["featureFlags"], old["config"], old["token"]) == ({}, {"enable_collect_everything": True}, "phc_k")
    assert client.post("/decide/?v=4", content=b"nonsense").json()["flags"] == {}


def test_flags_surveys_and_the_rest_are_empty(client: TestClient) -> None:
    flags = client.post("/flags/?v=2", json={"token": "phc_k"}).json()
    assert (flags["flags"], flags["errorsWhileComputingFlags"], flags["evaluatedAt"]) == ({}, False, int(NOW.timestamp() * 1000))
    assert client.get("/api/surveys/?token=phc_k").json() == {"surveys": []}
    assert client.get("/api/early_access_features/?token=phc_k").json() == {"earlyAccessFeatures": []}
    assert client.post("/i/v1/logs", json={}).json() == {}
    assert [client.get(path).text for path in ("/", "/_readiness", "/_liveness")] == ["capture"] * 3
    assert client.delete("/e/").status_code == 405
    assert client.get("/wp-admin").status_code == 404


def test_the_browser_script_is_ours_or_the_users_and_nothing_else_is_served(client: TestClient, store: Store, tmp_path: Path) -> None:
    ours = client.get("/static/array.js")
    assert ours.status_code == 200 and "autocapture" in ours.text
    assert client.get("/static/surveys.js").status_code == 404
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "array.js").write_text("theirs")
    (tmp_path / "secret.js").write_text("secret")
    (dist / "link.js").symlink_to(tmp_path / "secret.js")
    with TestClient(create_app(store, posthog_js=dist)) as served:
        assert (
            served.get("/static/array.js").text
            == served.get("/array/phc_k/array.js").text
            == served.get("/static/1.449.2/array.js").text
            == "theirs"
        )
        for path in (
            "/static/..%2Fsecret.js",
            "/static/%2e%2e/secret.js",
            "/static/link.js",
            "/static//etc/passwd",
            "/static/../secret.js",
            "/static/",
        ):
            assert served.get(path).text != "secret", path
            assert served.get(path).status_code == 404, path
    with pytest.raises(CaptureError, match=r"has no array\.js"):
        create_app(store, posthog_js=tmp_path)


def test_recordings_are_checked_and_not_kept(client: TestClient, store: Store) -> None:
    properties = {"$session_id": "s", "$snapshot_data": [1], "token": "phc_k", "distinct_id": "u"}
    assert client.post("/s/", json=[{"event": "$snapshot", "properties": properties}]).status_code == 200
    for wrong in ({"$session_id": None}, {"$session_id": 5}, {"$session_id": "s" * 101}, {"$snapshot_data": None}):
        assert client.post("/s/", json=[{"event": "$snapshot", "properties": {**properties, **wrong}}]).status_code == 400
    assert rows(store) == []


def test_odd_events_are_taken_and_told(client: TestClient, store: Store) -> None:
    client.post("/e/", json={**E, "event": "$identify", "properties": {"$anon_distinct_id": "null"}})
    client.post("/e/", json={**E, "timestamp": "yesterday"})
    client.post("/e/", json={**E, "timestamp": "2027-01-01T00:00:00Z"})
    client.post("/e/", json={**E, "event": "$groupidentify", "properties": {"$process_person_profile": False}})
    client.post("/e/", json={**E, "properties": {"$process_person_profile": "no"}})
    client.post("/e/", json={**E, "event": "$$client_ingestion_warning", "properties": {"$$client_ingestion_warning_message": "too fast"}})
    assert store.warnings().kind.tolist() == [
        "cannot_merge_with_illegal_distinct_id", "ignored_invalid_timestamp", "ignored_invalid_timestamp",
        "invalid_event_when_process_person_profile_is_false", "invalid_process_person_profile", "client_ingestion_warning",
    ]  # fmt: skip
    assert len(rows(store)) == 5
    assert {r["timestamp"] for r in rows(store)} == {NOW.replace(tzinfo=None)}


def test_who_sent_it_is_kept_where_the_event_says_nothing(client: TestClient, store: Store) -> None:
    client.post("/e/", json=E, headers={"x-forwarded-for": "203.0.113.7, 10.0.0.1"})
    assert rows(store)[0]["properties"]["$ip"] == "203.0.113.7"


def test_without_room_the_answer_says_when_to_try_again(client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(lines: bytes, count: int) -> None:
        raise StoreFull("no room left for events in 'x'")

    monkeypatch.setattr(store._landing, "write", full)
    for path, body, headers in (("/e/", E, {}), ("/i/v1/analytics/events", v1_body(), v1_headers())):
        reply = client.post(path, json=body, headers=headers)
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
    monkeypatch.undo()
    assert client.post("/e/", json=E).status_code == 200
    assert len(rows(store)) == 1


# ---------------------------------------------------------------------- version 1
def v1_headers(**more: str) -> dict[str, str]:
    return {
        "authorization": "Bearer phc_k", "posthog-sdk-info": "posthog-python/7.91.1", "posthog-attempt": "1",
        "posthog-request-id": "01a20852-6c5e-7078-8450-4ae3b287c11d", "posthog-request-timestamp": "2026-03-01T11:59:50Z",
        "content-type": "application/json", **more,
    }  # fmt: skip


def v1_event(**more: Any) -> dict[str, Any]:
    uuid = "01a20852-6c5e-7078-8450-4ae3b287c1%02x" % more.pop("n", 0)
    return {"event": "a", "uuid": uuid, "distinct_id": " u ", "timestamp": "2026-03-01T10:00:00Z", "properties": {"x": 1}, **more}


def v1_body(*events: dict[str, Any]) -> dict[str, Any]:
    return {"created_at": "2026-03-01T11:59:50Z", "batch": list(events) or [v1_event()]}


def test_version_1_answers_for_each_event(client: TestClient, store: Store) -> None:
    kept = v1_event(session_id="s", window_id="w", options={"process_person_profile": "false", "product_tour_id": "t"})
    body = v1_body(kept, v1_event(n=1, options={"cookieless_mode": []}), v1_event(n=2, distinct_id="Anonymous"))
    reply = client.post("/i/v1/analytics/events", json=body, headers=v1_headers())
    assert reply.status_code == 200 and "retry-after" not in reply.headers
    assert list(reply.json()["results"].values()) == [
        {"result": "ok"},
        {"result": "drop", "details": "invalid_options"},
        {"result": "drop", "details": "illegal_distinct_id"},
    ]
    (row,) = rows(store)
    assert row["distinct_id"] == "u"
    assert row["timestamp"] == dt.datetime(2026, 3, 1, 10, 0, 10)  # the client's clock is ten seconds late
    row["properties"].pop("$ip")
    assert row["properties"] == {
        "x": 1, "$lib": "posthog-python", "$lib_version": "7.91.1", "$session_id": "s", "$window_id": "w",
        "$process_person_profile": False, "$product_tour_id": "t",
    }  # fmt: skip
    assert store.warnings().kind.tolist() == ["dropped", "dropped"]


def test_version_1_inflates(client: TestClient, store: Store) -> None:
    packed = gzip.compress(json.dumps(v1_body()).encode())
    assert client.post("/i/v1/analytics/events", content=packed, headers=v1_headers(**{"content-encoding": "gzip"})).status_code == 200
    assert len(rows(store)) == 1


@pytest.mark.parametrize(
    ("headers", "body", "status", "tag"),
    [
        ({"authorization": "Basic x"}, None, 401, "invalid_api_token"),
        ({"authorization": "Bearer phx_k"}, None, 401, "invalid_api_token"),
        ({"posthog-attempt": ""}, None, 400, "missing_required_headers"),
        ({"posthog-attempt": "0"}, None, 400, "invalid_header_value"),
        ({"posthog-request-id": "x"}, None, 400, "invalid_header_value"),
        ({"posthog-request-timestamp": "now"}, None, 400, "invalid_header_value"),
        ({"content-type": "text/plain"}, None, 415, "unsupported_content_type"),
        ({"content-encoding": "snappy"}, None, 415, "unsupported_content_encoding"),
        ({"content-encoding": "gzip"}, None, 400, "request_decoding_error"),
        ({}, b"", 400, "empty_body"),
        ({}, b"{", 400, "request_parsing_error"),
        ({}, {"batch": {}}, 400, "request_parsing_error"),
        ({}, {"batch": []}, 400, "empty_batch"),
        ({}, v1_body(v1_event(event="")), 400, "missing_event_name"),
        ({}, v1_body(v1_event(event="x" * 201)), 400, "event_name_too_long"),
        ({}, v1_body(v1_event(distinct_id=5)), 400, "missing_distinct_id"),
        ({}, v1_body(v1_event(distinct_id="x" * 201)), 400, "distinct_id_too_long"),
        ({}, v1_body(v1_event(uuid=None)), 400, "missing_event_uuid"),
        ({}, v1_body(v1_event(), v1_event()), 400, "duplicate_event_uuid"),
        ({}, v1_body(v1_event(timestamp="2026-03-01")), 400, "invalid_event_timestamp"),
        ({}, v1_body(v1_event(properties=[])), 400, "malformed_event_properties"),
        ({}, b" " * ((20 << 20) + 1), 413, "payload_too_large"),
    ],
)  # fmt: skip
def test_version_1_refuses_with_a_tag(client: TestClient, store: Store, headers: dict[str, str], body: Any, status: int, tag: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body or v1_body()).encode()
    reply = client.post("/i/v1/analytics/events", content=raw, headers=v1_headers(**headers))
    assert (reply.status_code, reply.json()["error"]) == (status, tag)
    assert reply.json()["error_description"] and rows(store) == []


# ---------------------------------------------------------------------- events of language models, and Segment
def test_an_event_of_a_language_model_may_come_in_parts(client: TestClient, store: Store) -> None:
    parts = {
        "event": (None, json.dumps({"event": "$ai_generation", "distinct_id": "u"}), "application/json"),
        "event.properties": (None, json.dumps({"$ai_model": "m"}), "application/json"),
        "event.properties.$ai_input": (None, json.dumps([{"role": "user"}]), "application/json"),
        "event.properties.$ai_output": (None, "plain", "text/plain"),
    }
    assert client.post("/i/v0/ai", files=parts, headers={"authorization": "Bearer phc_k"}).status_code == 200
    (row,) = rows(store)
    row["properties"].pop("$ip", None)
    assert row["properties"] == {"$ai_model": "m", "$ai_input": [{"role": "user"}], "$ai_output": "plain"}
    assert client.post("/i/v0/ai", files={"x": (None, "y")}, headers={"authorization": "Bearer phc_k"}).status_code == 400


def segment(client: TestClient, path: str, body: Any, **more: Any) -> int:
    return client.post(path, json=body, auth=("phc_k", ""), **more).status_code


def test_segments_calls_become_posthogs_events(client: TestClient, store: Store) -> None:
    context = {"library": {"name": "analytics-python", "version": "2.4.0"}, "page": {"url": "http://x/a"}, "ip": "1.2.3.4"}
    batch = [
        {"type": "track", "userId": "u", "event": "bought", "properties": {"n": 1, "$groups": {"company": "c"}}, "context": context},
        {"type": "identify", "userId": "u", "anonymousId": "anon", "traits": {"plan": "pro"}},
        {"type": "group", "userId": "u", "groupId": "g", "traits": {"group_type": "company", "size": 3}},
        {"type": "alias", "userId": "u", "previousId": "old"},
        {"type": "page", "anonymousId": "anon", "name": "Home", "properties": {"url": "http://x/", "path": "/"}},
        {"type": "screen", "anonymousId": "anon", "name": "Main"},
    ]
    assert segment(client, "/v1/batch", {"batch": batch, "sentAt": "2026-03-01T11:59:50Z"}) == 200
    found = {r["event"]: r for r in rows(store)}
    assert all(r["properties"].pop("$ip") in ("1.2.3.4", "testclient") for r in found.values())
    assert found["bought"]["properties"] == {
        "n": 1, "$groups": {"company": "c"}, "$lib": "analytics-python", "$lib_version": "2.4.0", "$current_url": "http://x/a",
    }  # fmt: skip
    assert found["$identify"]["properties"] == {"$set": {"plan": "pro"}, "$anon_distinct_id": "anon"}
    assert found["$groupidentify"]["properties"] == {
        "$group_type": "company", "$group_key": "g", "$group_set": {"size": 3}, "$groups": {"company": "g"},
    }  # fmt: skip
    assert (found["$create_alias"]["distinct_id"], found["$create_alias"]["properties"]) == ("u", {"alias": "old"})
    assert found["$pageview"]["properties"] == {
        "name": "Home",
        "url": "http://x/",
        "path": "/",
        "$current_url": "http://x/",
        "$pathname": "/",
    }
    assert (found["$screen"]["distinct_id"], found["$screen"]["properties"]) == ("anon", {"$screen_name": "Main"})


def test_segments_single_calls_clock_and_message_ids(client: TestClient, store: Store) -> None:
    for _ in range(2):
        call = {"event": "bought", "userId": 7, "messageId": "ajs-1", "timestamp": "2026-03-01T10:00:00Z", "sentAt": "2026-03-01T11:59:50Z"}
        assert segment(client, "/v1/track", call) == 200
    (row,) = rows(store)
    assert (row["distinct_id"], row["timestamp"]) == ("7", dt.datetime(2026, 3, 1, 10, 0, 10))
    assert client.post("/v1/track", json={"event": "b", "userId": "u", "writeKey": "phc_k"}).status_code == 200
    for path, wrong, status in (
        ("/v1/track", {"userId": "u"}, 400),
        ("/v1/track", {"event": "x"}, 400),
        ("/v1/group", {"userId": "u"}, 400),
        ("/v1/alias", {"userId": "u"}, 400),
        ("/v1/batch", {"batch": []}, 400),
        ("/v1/batch", {"batch": [{"type": "buy"}]}, 400),
        ("/v1/import", {}, 404),
    ):
        assert segment(client, path, wrong) == status, (path, wrong)
    assert client.post("/v1/track", json={"event": "b", "userId": "u"}).status_code == 401
    broken = "Basic " + base64.b64encode(b"\xff").decode()
    assert client.post("/v1/track", json={}, headers={"authorization": broken}).status_code == 401


# ---------------------------------------------------------------------- over sockets
def test_a_collector_in_a_notebook_takes_events_and_gives_them_back(tmp_path: Path) -> None:
    import requests

    with ek.collect(tmp_path / "events") as running:
        assert running.url.startswith("http://127.0.0.1:") and running.is_running
        assert requests.post(running.url + "/e/", json=E, timeout=10).json() == {"status": "Ok"}
        assert running.live().event.tolist() == ["a"]
        assert running.url in repr(running) and running.url in running._repr_html_()
        with pytest.raises(CaptureError, match=r"the port is taken\. Give another; 0 takes a free one"):
            ek.collect(tmp_path / "other", port=running.port)
    assert not running.is_running and "stopped" in repr(running)
    assert ek.open_store(tmp_path / "events").count() == 1


def test_a_body_that_does_not_come_is_not_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "BODY_SECONDS", 0.3)
    with ek.collect(tmp_path / "events") as running, socket.create_connection((running.host, running.port), 10) as sock:
        began = time.monotonic()
        sock.sendall(b"POST /e/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert sock.recv(4096).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - began < 5
    assert ek.open_store(tmp_path / "events").count() == 0


def test_small_answers_are_not_held_back(tmp_path: Path) -> None:
    """Without TCP_NODELAY an answer in two pieces waits 40 ms for the other side."""
    import requests

    with ek.collect(tmp_path / "events") as running, requests.Session() as session:
        session.post(running.url + "/e/", json=E, timeout=10)
        began = time.monotonic()
        for _ in range(50):
            session.post(running.url + "/e/", json=E, timeout=10)
        assert (time.monotonic() - began) / 50 < 0.035


DEEP = "[" * 975 + "]" * 975


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/batch/", '{"api_key":"k","batch":[{"event":"a","distinct_id":"u","uuid":"%s","timestamp":"2026-03-01T00:00:00Z","properties":{"x":%s}}]}'
         % (v1_event()["uuid"], DEEP), {}),
        ("/batch/", '{"api_key":"k","batch":[{"event":"a","distinct_id":"u","uuid":"%s","timestamp":"2026-03-01T00:00:00Z","properties":{"x":%s}}]}'
         % (v1_event()["uuid"], "1" * 5000), {}),
        ("/e/", '{"api_key":"k","event":"a","distinct_id":"u","properties":{"x":"\\u0000","y":%s}}' % DEEP[475:-475], {}),
        ("/e/", "data=" + "x=1&" * 200, {"content-type": "application/x-www-form-urlencoded"}),
        ("/decide/?v=3", "data=" + "x=1&" * 200, {}),
        ("/v1/group", '{"userId":"u","groupId":"g","traits":{"group_type":["x"]}}', {"authorization": "Basic cGhjX2s6"}),
        ("/i/v0/ai", '--x\r\nContent-Disposition: form-data; name="event"\r\n\r\n{"event":"$ai_x","distinct_id":"u"}\r\n'
         '--x\r\nContent-Disposition: form-data; name="event.properties.y"\r\n\r\n%s\r\n--x--\r\n' % ("[" * 5000),
         {"content-type": "multipart/form-data; boundary=x", "authorization": "Bearer phc_k"}),
        ("/i/v0/ai", "--x\r\n\r\n" * 200, {"content-type": "multipart/form-data; boundary=x", "authorization": "Bearer phc_k"}),
    ],
    ids=["deep", "many digits", "NUL and deep", "many fields", "many fields of decide", "a group type that is a list", "a deep part", "many parts"],
)  # fmt: skip
def test_odd_requests_are_no_internal_errors(client: TestClient, path: str, body: str, headers: dict[str, str]) -> None:
    assert client.post(path, content=body.encode(), headers=headers).status_code in (200, 400)


def test_odd_names_of_scripts_are_not_there(store: Store, tmp_path: Path) -> None:
    (tmp_path / "array.js").write_text("theirs")
    with TestClient(create_app(store, posthog_js=tmp_path), raise_server_exceptions=False) as served:
        for name in ("%00.js", "a" * 5000 + ".js"):
            assert served.get(f"/static/{name}").status_code == 404


def test_a_large_body_lets_others_through(tmp_path: Path) -> None:
    import threading

    import requests

    many = gzip.compress(json.dumps([E] * 150_000).encode())
    with ek.collect(tmp_path / "events") as running:
        sender = threading.Thread(target=lambda: requests.post(running.url + "/e/", data=many, timeout=60))
        sender.start()
        answers = 0
        while sender.is_alive():
            assert requests.get(running.url + "/", timeout=60).text == "capture"
            answers += 1
    assert answers > 3  # were it read at one go, there would be one before and one after


# ---------------------------------------------------------------------- a lesson: cells that are run twice, and out of order
def test_the_same_folder_with_the_same_options_has_one_collector(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    with ek.collect(folder) as one:
        assert ek.collect(str(folder)) is one
        assert ek.collect(folder, port=one.port) is one
        others = [ek.collect(tmp_path / "other"), ek.collect(folder, tokens=["phc_mine"]), ek.collect(folder, host="localhost")]
        assert len({one, *others}) == 4
        assert ek.collect(folder, tokens=("phc_mine",)) is others[1] and ek.collect(folder, host="localhost") is others[2]
        for other in others:
            other.stop()
    with Store(folder) as store, ek.collect(store) as mine:
        assert ek.collect(store) is mine
        with ek.collect(folder) as own:  # its store is opened, and closed, for it
            assert own is not mine


def test_leaving_a_block_stops_a_collector_that_nobody_else_was_given(tmp_path: Path) -> None:
    outer = ek.collect(tmp_path / "events")
    with ek.collect(tmp_path / "events") as inner:
        assert inner is outer
    assert outer.is_running
    with ek.collect(tmp_path / "events"):
        outer.stop()
    assert not outer.is_running


def test_started_again_it_is_found_where_it_was(tmp_path: Path) -> None:
    one = ek.collect(tmp_path / "events")
    one.stop()
    again = ek.collect(tmp_path / "events")
    assert again is not one and again.url == one.url
    again.stop()
    with socket.create_server(("127.0.0.1", one.port)), ek.collect(tmp_path / "events") as third:
        assert third.port != one.port  # somebody else has it by now


def test_without_a_folder_a_process_has_one_of_its_own() -> None:
    with ek.collect() as one:
        assert ek.collect() is one
        one.stop()
    with ek.collect() as again:
        assert again.store.folder == one.store.folder


def test_a_stopped_collector_says_so_everywhere(tmp_path: Path) -> None:
    running = ek.collect(tmp_path / "events")
    assert "running at " in running._repr_html_() and "Give the address" in running._repr_html_()
    page = ek.playground(running)._repr_html_()
    assert f"The page above comes from the collector at {running.url}/playground" in page
    running.stop()
    card = running._repr_html_()
    assert "stopped" in card and "run the cell that starts it" in card and "Give the address" not in card
    for make in (ek.playground, ek.snippet):
        with pytest.raises(CaptureError, match=r"the collector at http://127\.0\.0\.1:\d+ is stopped\. Run the cell that starts it"):
            make(running)
