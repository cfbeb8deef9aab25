"""SDKs as people install them, over real sockets: what they send is in the store, and means what they meant."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evkit as ek
from tests.capture import real_clients

pytestmark = pytest.mark.slow
SERVER = ["order placed", "order placed"]


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Any]:
    with ek.collect(tmp_path / "events") as made:
        yield made


def run(*command: str | Path, **environment: str) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60, env={**os.environ, **environment}, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


def log_of(collector: Any) -> dict[str, list[dict[str, Any]]]:
    """Give the events by name, with their properties."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in ek.open_store(collector.store.folder).to_pandas().to_dict("records"):
        found.setdefault(row["event"], []).append({**row, "properties": json.loads(row["properties"])})
    return found


def check_people(collector: Any) -> None:
    """user-1 and anon-1 are one person on plan pro, and acme is a company of size 3."""
    events = ek.open_store(collector.store.folder)
    person = events.person("user-1")
    assert {"user-1", "anon-1"} <= set(person.distinct_ids)
    assert person.properties()["plan"] == "pro"
    groups = events.groups("company")
    assert (groups.key.tolist(), json.loads(groups.properties[0])) == (["acme"], {"size": 3})
    assert collector.store.warnings().empty


@pytest.mark.parametrize(
    "options",
    [{}, {"gzip": True}, {"sync_mode": True}, {"historical_migration": True}, {"capture_mode": "v1"}, {"capture_mode": "v1", "capture_compression": "gzip"}],
    ids=str,
)  # fmt: skip
def test_posthogs_python_sdk(collector: Any, options: dict[str, Any]) -> None:
    run(real_clients.python(), real_clients.HERE / "server_python.py", collector.url, json.dumps(options))
    found = log_of(collector)
    assert sorted(found) == ["$create_alias", "$groupidentify", "$set", "$set_once", "order placed"]
    first, second = found["order placed"]
    assert (first["distinct_id"], second["distinct_id"]) == ("user-1", "anon-1")
    assert (
        first["properties"].items()
        >= {"n": 1, "text": "\u03e5 \U0001f4bb", "$groups": {"company": "acme"}, "$lib": "posthog-python"}.items()
    )
    check_people(collector)


@pytest.mark.parametrize(("options", "mode"), [({}, ""), ({"disableCompression": True}, ""), ({}, "v1")], ids=str)
def test_posthogs_node_sdk(collector: Any, options: dict[str, Any], mode: str) -> None:
    folder = real_clients.npm_folder()
    script = real_clients.HERE / "server_node.cjs"
    environment = {"NODE_PATH": str(folder / "node_modules"), **({"POSTHOG_CAPTURE_MODE": mode} if mode else {})}
    run(str(real_clients.NODE), script, collector.url, json.dumps(options), **environment)
    found = log_of(collector)
    assert {e["distinct_id"] for e in found["order placed"]} == {"user-1", "anon-1"}
    first = next(e for e in found["order placed"] if e["distinct_id"] == "user-1")
    assert (
        first["properties"].items() >= {"n": 1, "text": "\u03e5 \U0001f4bb", "$groups": {"company": "acme"}, "$lib": "posthog-node"}.items()
    )
    check_people(collector)


@pytest.mark.parametrize("packed", ["plain", "gzip"])
def test_segments_python_library(collector: Any, packed: str) -> None:
    run(real_clients.python(), real_clients.HERE / "server_segment.py", collector.url, packed)
    found = log_of(collector)
    assert sorted(found) == ["$create_alias", "$groupidentify", "$identify", "$pageview", "$screen", "order placed"]
    assert found["order placed"][0]["properties"].items() >= {"n": 1, "$groups": {"company": "acme"}, "$lib": "analytics-python"}.items()
    check_people(collector)
