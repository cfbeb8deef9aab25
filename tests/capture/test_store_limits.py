"""The store against the machine's own limits: no room, no permission, and long steady load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import evkit as ek
from evkit import cli
from evkit.capture import Store, message, read_warnings
from evkit.errors import StoreError
from tests.benchmarks import ingest
from tests.sizes import SOAK

NO_ROOM = """
import json, resource, sys
from evkit.capture import Store, message
from evkit.errors import StoreFull
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))     # a file may grow no further: the system cuts a write in the middle
kept, refused = [], []
with Store(sys.argv[1], background=False) as store:
    for i in range(300):
        uuid = f"00000000-0000-7000-8000-{i:012x}"
        batch = [{"event": "a", "distinct_id": "u", "uuid": uuid, "timestamp": "2026-03-01T00:00:00Z", "properties": {"x": "y" * 300}}]
        try:
            store.append(message.events_of(batch, received_at=message.parse_time("2026-03-01")))
            kept.append(uuid)
        except StoreFull:
            refused.append(uuid)
print(json.dumps([kept, refused]))
"""


def test_where_there_is_no_room_nothing_is_half_written_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM, str(tmp_path / "events")], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    kept, refused = json.loads(done.stdout)
    assert len(kept) > 200 and len(refused) >= 5
    assert ek.open_store(tmp_path / "events").to_pandas().uuid.tolist() == kept
    with Store(tmp_path / "events", background=False) as store:
        assert store.verify().is_whole, store.verify().problems


FULL_FOR_A_WHILE = """
import json, resource, sys
from evkit.capture import Store, message, read_warnings
from evkit.errors import StoreFull
told, refused, folder = [], 0, sys.argv[1]
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
event = message.events_of({"event": "a", "distinct_id": "u"}, received_at=message.parse_time("2026-03-01"))
with Store(folder, background=False, notice=told.append) as store:
    store.append(event)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, unlimited[1]))
    for _ in range(3):
        try:
            store.append(event)
        except StoreFull:
            refused += 1
    during = len(told), len(read_warnings(folder))
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    store.append(event)
    store.append(event)
    kept = read_warnings(folder)
print(json.dumps([refused, during, told, kept.kind.tolist(), kept.detail.tolist(), kept["at"].is_monotonic_increasing]))
"""


def test_a_full_disk_is_said_once_and_kept_among_the_warnings_once_there_is_room(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL_FOR_A_WHILE, str(tmp_path / "events")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    refused, during, told, kinds, details, in_order = json.loads(done.stdout)
    assert (refused, during, in_order) == (3, [1, 0], True)
    assert told[0].startswith("no room left for events in ") and told[0].endswith("Events are refused meanwhile")
    assert told[1].startswith("there is room again in ") and "3 requests were refused since 20" in told[1]
    assert (len(told), kinds) == (2, ["storage_full"] * 2)
    assert details[0].startswith("no room left") and details[1] == told[1]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become somebody who may not write")
def test_who_may_only_read_reads_and_is_told_that_writing_is_not_possible(capsys: pytest.CaptureFixture[str]) -> None:
    with tempfile.TemporaryDirectory() as parent:
        os.chmod(parent, 0o755)
        folder = Path(parent) / "events"
        with Store(folder) as store:
            store.append(message.events_of({"event": "a", "distinct_id": "u"}, received_at=message.parse_time("2026-03-01")))
            store.seal()
            store.append(message.events_of({"event": "b", "distinct_id": "u"}, received_at=message.parse_time("2026-03-01")))
            store.warn("refused", "400: not\x1b[31m JSON", "a", "u")
        assert ek.open_store(folder).count() == 2  # what reading imports is there now: root's packages are not nobody's
        os.seteuid(65534)
        try:
            assert sorted(ek.open_store(folder).to_pandas().event) == ["a", "b"]
            assert read_warnings(folder).kind.tolist() == ["refused"]
            assert cli.main(["store", "warnings", str(folder)]) == 0
            assert capsys.readouterr().out.endswith("  refused  400: not\ufffd[31m JSON  event=a  distinct_id=u\n")
            with pytest.raises(StoreError, match="can't be made or written: Permission denied"):
                Store(folder)
        finally:
            os.seteuid(0)


@pytest.mark.slow
def test_memory_is_flat_under_steady_load(tell: Callable[[str], None]) -> None:
    """Ten minutes in a soak: memory after the first quarter is memory at the end."""
    seconds = 600.0 if SOAK else 6.0
    with tempfile.TemporaryDirectory() as folder, ingest.running(ingest.OURS, folder) as (port, pid):
        ingest.load(port, 50, seconds / 4)
        before = ingest.memory_of(pid)
        began = time.perf_counter()
        rate, slowest = ingest.load(port, 50, seconds * 3 / 4)
        after = ingest.memory_of(pid)
        tell(f"{rate:,.0f} events/s for {time.perf_counter() - began:.0f} s, p99 {slowest:.1f} ms, memory {before:.0f} -> {after:.0f} MB")
        assert after < (before * 1.3 if SOAK else 300), (before, after)  # in a few seconds the first sealing may still be to come
