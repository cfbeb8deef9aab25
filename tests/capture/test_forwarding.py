"""What a collector takes is passed on, once it is safe, and once only as far as uuids tell."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import requests

import evkit as ek
from evkit import cli
from evkit.capture import Store
from evkit.capture.forwarding import Forwarder

E: dict[str, Any] = {"event": "a", "distinct_id": "u", "api_key": "phc_here", "properties": {"token": "phc_here", "n": 1}}


def until(condition: Any) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def test_events_arrive_at_the_other_side_as_they_were_kept_here(tmp_path: Path) -> None:
    with ek.collect(tmp_path / "there", tokens=["phc_there"]) as there:
        forwarder = Forwarder(there.url, "phc_there", spool=tmp_path / "spool")
        with Store(tmp_path / "here", on_durable=forwarder.take) as store, ek.collect(store) as here:
            requests.post(here.url + "/e/", json={**E, "timestamp": "2026-01-02T03:04:05Z"}, timeout=10).raise_for_status()
            until(lambda: forwarder.stats().sent == 1)
        forwarder.close()
        sent, found = (ek.open_store(tmp_path / side).to_pandas() for side in ("here", "there"))
    assert sent.uuid.tolist() == found.uuid.tolist()
    assert abs((sent.timestamp[0] - found.timestamp[0]).total_seconds()) < 1  # corrected by a clock that is ours
    properties = json.loads(found.properties[0])
    assert (properties["n"], "token" in properties) == (1, False)


def test_what_the_other_side_does_not_take_waits_and_goes_out_later(tmp_path: Path) -> None:
    with ek.collect(tmp_path / "there") as away:
        port = away.port
    forwarder = Forwarder(f"http://127.0.0.1:{port}", "phc_there", spool=tmp_path / "spool")
    with Store(tmp_path / "here", on_durable=forwarder.take) as store, ek.collect(store) as here:
        requests.post(here.url + "/e/", json=E, timeout=10).raise_for_status()
    forwarder.close(timeout_seconds=0.5)
    assert ek.open_store(tmp_path / "here").count() == 1
    with ek.collect(tmp_path / "there", port=port) as there:
        again = Forwarder(there.url, "phc_there", spool=tmp_path / "spool")
        until(lambda: again.stats().sent == 1)
        again.close()
    assert ek.open_store(tmp_path / "there").to_pandas().uuid.tolist() == ek.open_store(tmp_path / "here").to_pandas().uuid.tolist()


def test_forwarding_needs_a_token(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVKIT_FORWARD_API_KEY", raising=False)
    assert cli.main(["collect", str(tmp_path / "x"), "--forward-to", "http://127.0.0.1:9"]) == 1
    assert "--forward-to needs the project's token there" in capsys.readouterr().err
