"""Every request that real SDKs sent, as recorded, sent again to the collector: each is answered, each event is there as it was sent."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import evkit as ek
from evkit.capture import Store, create_app
from tests.load.test_wire_samples import FILES

pytestmark = pytest.mark.skipif(not FILES, reason="the recorded requests are kept apart: set EVKIT_WIRE_SAMPLES to their folder")
EVENTS = ("/e/", "/batch/", "/i/v0/e/", "/i/v1/analytics/events", "/i/v0/ai/batch/", "/v1/batch")
NOT_KEPT = ("$performance_event", "$$heatmap", "$snapshot", "$$client_ingestion_warning")


def raw_of(request: Mapping[str, Any]) -> bytes:
    """Give a body's bytes as they came."""
    if "raw_body_b64" in request:
        return base64.b64decode(request["raw_body_b64"])
    body = request.get("body")
    return b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()


def decoded(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the events that a request held, by the recorder's own decoding."""
    body = request.get("body")
    if isinstance(body, str):
        body = json.loads(body)
    return body if isinstance(body, list) else body.get("batch", [body])


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_recorded_request_is_answered_and_its_events_are_kept(path: Path, tmp_path: Path) -> None:
    clock = [dt.datetime(2026, 11, 23, tzinfo=dt.UTC)]
    with Store(tmp_path / "events") as store, TestClient(create_app(store, now=lambda: clock[0])) as client:
        sent: dict[str, dict[str, Any]] = {}
        for request in json.loads(path.read_text())["requests"]:
            clock[0] = dt.datetime.fromisoformat(request["received_at"]) if "received_at" in request else clock[0]
            headers = {
                k: v
                for k, v in request.get("headers", {}).items()
                if k.lower() not in ("host", "content-length", "connection", "accept-encoding")
            }
            reply = client.request(
                request["method"], request["path"], params=request.get("query", {}), headers=headers, content=raw_of(request)
            )
            static = request["path"].startswith("/static/") and not request["path"].endswith("/array.js")
            known = reply.status_code in (200, 204) or static or request.get("response_status") in (401, 404)
            assert known or not request["path"].startswith(EVENTS), (request.get("step"), request["path"], reply.text)
            if request["method"] == "POST" and request["path"] in EVENTS:
                for event in decoded(request):
                    if event.get("event") not in NOT_KEPT:
                        sent[event.get("uuid") or event["messageId"]] = event
        rows = {r["uuid"]: r for r in ek.open_store(store.folder).to_pandas().to_dict("records")}
    assert set(sent) == set(rows)
    for key, event in sent.items():
        properties = json.loads(rows[key]["properties"])
        if "messageId" in event:
            continue  # Segment's calls are told apart in test_collector
        assert rows[key]["event"] == event["event"]
        assert {k: v for k, v in event["properties"].items() if k not in ("$set", "$set_once")}.items() <= properties.items()
        for name in ("$set", "$set_once"):
            assert properties.get(name, {}) == {**(event["properties"].get(name) or {}), **(event.get(name) or {})}
        assert bool(rows[key]["elements_chain"]) == bool(event["properties"].get("$elements_chain") or event["properties"].get("$elements"))
