"""What real SDKs sent, decoded from the recorded bytes, comes out of `ek.read` as they sent it."""

import base64
import datetime as dt
import gzip
import json
import os
import urllib.parse
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evkit as ek

SAMPLES = Path(os.environ.get("EVKIT_WIRE_SAMPLES", Path(__file__).resolve().parents[3] / "shared" / "wire_samples"))
PATHS = ("/e/", "/batch/", "/i/v0/e/", "/i/v1/analytics/events")
FILES = sorted(SAMPLES.glob("*.json"))
SPEAK_POSTHOG = [p for p in FILES if any(r["path"] in PATHS for r in json.loads(p.read_text())["requests"])]
"""All but Segment's, whose protocol only the collector reads."""
pytestmark = pytest.mark.skipif(not FILES, reason="the recorded requests are kept apart: set EVKIT_WIRE_SAMPLES to their folder")


def decoded(request: dict[str, Any]) -> Any:
    """Decode the bytes of a request as they came over the wire."""
    if "raw_body_b64" not in request:
        return request["body"]
    raw = base64.b64decode(request["raw_body_b64"])
    if raw[:2] == b"\x1f\x8b":
        return json.loads(gzip.decompress(raw))
    form = urllib.parse.parse_qs(raw.decode())
    return json.loads(base64.b64decode(form["data"][0]))


def lines_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Write a request as lines that `ek.read` takes: the body with when it was received, and the client's clock."""
    body, received = decoded(request), request["received_at"]
    sent = request["query"].get("_")
    clock = {"sent_at": dt.datetime.fromtimestamp(int(sent) / 1000, dt.UTC).isoformat()} if sent else {}
    return [{**clock, **part, "received_at": received} for part in (body if isinstance(body, list) else [body])]


def sent_events(line: dict[str, Any]) -> list[dict[str, Any]]:
    return line.get("batch", [line])


def time_by_the_rules(event: dict[str, Any], line: dict[str, Any]) -> pd.Timestamp:
    """When the event was, by our clock: what the client's clock says, put right by when the request was sent and received."""
    received = naive(line["received_at"])
    if "timestamp" not in event:
        return received - pd.Timedelta(milliseconds=event.get("offset", 0))
    sent = line.get("sent_at") or line.get("created_at")
    told = naive(event["timestamp"])
    return told if event["properties"].get("$ignore_sent_at") or not sent else received + (told - naive(sent))


def naive(text: str) -> pd.Timestamp:
    return pd.Timestamp(text).tz_convert("UTC").tz_localize(None)


@pytest.mark.parametrize("path", SPEAK_POSTHOG, ids=lambda p: p.stem)
def test_ek_read_gives_the_events_that_the_sdk_sent(path: Path, tmp_path: Path) -> None:
    requests = [r for r in json.loads(path.read_text())["requests"] if r["method"] == "POST" and r["path"] in PATHS]
    lines = [line for r in requests for line in lines_of(r)]
    sent = [(e, line) for line in lines for e in sent_events(line) if e["event"] != "$performance_event"]
    file = tmp_path / "wire.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    events = ek.read(file)
    unique = {e.get("uuid") or i for i, (e, _) in enumerate(sent)}
    assert events.count() == len(unique)
    assert events.load_report.rejected_count == 0
    rows = events.tables.execute(events.tables.clean())
    by_uuid = {r.uuid: r for r in rows.itertuples()}
    for e, line in sent:
        distinct_id = e.get("distinct_id") or e["properties"].get("distinct_id") or e.get("$distinct_id")
        found = (
            by_uuid[e["uuid"]]
            if e.get("uuid")
            else next(r for r in rows.itertuples() if r.event == e["event"] and r.distinct_id == str(distinct_id))
        )
        properties = json.loads(found.properties)
        assert (found.event, found.distinct_id) == (e["event"], str(distinct_id))
        for key in ("$set", "$set_once", "$groups"):
            if e.get(key) or e["properties"].get(key):
                assert properties[key] == {**(e["properties"].get(key) or {}), **(e.get(key) or {})}
        assert {
            k: v for k, v in e["properties"].items() if not k.startswith("$elements") and k not in ("$set", "$set_once")
        }.items() <= properties.items()
        if "$elements_chain" in e["properties"] or "$elements" in e["properties"]:
            assert found.elements_chain != ""
        assert abs((found.timestamp - time_by_the_rules(e, line)).total_seconds()) < 0.1
