"""The store against the machine's own limits: no room, no permission, and long steady load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

import evkit as ek
from evkit.capture import Store, message
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


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become somebody who may not write")
def test_who_may_only_read_reads_and_is_told_that_writing_is_not_possible() -> None:
    with tempfile.TemporaryDirectory() as parent:
        os.chmod(parent, 0o755)
        folder = Path(parent) / "events"
        with Store(folder) as store:
            store.append(message.events_of({"event": "a", "distinct_id": "u"}, received_at=message.parse_time("2026-03-01")))
            store.seal()
            store.append(message.events_of({"event": "b", "distinct_id": "u"}, received_at=message.parse_time("2026-03-01")))
        assert ek.open_store(folder).count() == 2  # what reading imports is there now: root's packages are not nobody's
        os.seteuid(65534)
        try:
            assert sorted(ek.open_store(folder).to_pandas().event) == ["a", "b"]
            with pytest.raises(StoreError, match="can't be made or written: Permission denied"):
                Store(folder)
        finally:
            os.seteuid(0)


@pytest.mark.slow
def test_memory_is_flat_under_steady_load() -> None:
    """Ten minutes in a soak: memory after the first quarter is memory at the end."""
    seconds = 600.0 if SOAK else 6.0
    with tempfile.TemporaryDirectory() as folder, ingest.running(ingest.OURS, folder) as (port, pid):
        ingest.load(port, 50, seconds / 4)
        before = ingest.memory_of(pid)
        began = time.perf_counter()
        rate, slowest = ingest.load(port, 50, seconds * 3 / 4)
        after = ingest.memory_of(pid)
        print(f"{rate:,.0f} events/s for {time.perf_counter() - began:.0f} s, p99 {slowest:.1f} ms, memory {before:.0f} -> {after:.0f} MB")
        assert after < (before * 1.3 if SOAK else 300), (before, after)  # in a few seconds the first sealing may still be to come
