"""What is on disk outlives crashes and outages, and processes don't get in each other's way."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evkit.capture.client import Client
from evkit.capture.spool import Segment, Spool
from evkit.errors import CaptureError
from tests.capture.recording import Recorder
from tests.capture.test_sender import Waits, forked
from tests.sizes import examples

KEY = "phc_testkey00001234"
ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no file locks of POSIX here")


@pytest.fixture
def server() -> Iterator[Recorder]:
    with Recorder() as recorder:
        yield recorder


def line(n: int, size: int = 0) -> bytes:
    return json.dumps({"event": f"e{n}", "text": "a" * size}).encode()


def read(spool: Spool, most: int = 100) -> list[str]:
    """Take the next batch, as a sender does."""
    entries = spool.peek(most, 1_000_000)
    if entries:
        spool.sync(entries)
        spool.done(entries)
    return [json.loads(e.line)["event"] for e in entries]


def files(folder: Path) -> list[str]:
    return sorted(p.suffix for p in folder.iterdir())


# ---------------------------------------------------------------------- the queue
def test_events_come_back_in_their_order_and_the_folder_is_empty_afterwards(tmp_path: Path) -> None:
    spool = Spool(tmp_path, KEY)
    for i in range(5):
        assert spool.put(line(i)) == (True, 0, 0)
    assert (len(spool), read(spool, 2), len(spool), read(spool, 2), read(spool), len(spool)) == (
        5,
        ["e0", "e1"],
        3,
        ["e2", "e3"],
        ["e4"],
        0,
    )
    spool.put(line(5))
    assert read(spool) == ["e5"]
    spool.close()
    assert files(tmp_path) == []


def test_what_was_not_sent_is_the_next_ones(tmp_path: Path) -> None:
    first = Spool(tmp_path, KEY)
    for i in range(5):
        first.put(line(i))
    assert read(first, 2) == ["e0", "e1"]
    first.close()
    assert files(tmp_path) == [".jsonl", ".sent"]
    second = Spool(tmp_path, KEY)
    assert len(second) == 3
    second.put(line(5))
    assert (read(second), read(second)) == (["e2", "e3", "e4"], ["e5"])
    second.close()
    assert files(tmp_path) == []


def test_a_file_whose_owner_lives_is_left_alone(tmp_path: Path) -> None:
    first = Spool(tmp_path, KEY)
    first.put(line(1))
    second = Spool(tmp_path, KEY)
    assert len(second) == 0
    second.put(line(2))
    assert (read(first), read(second)) == (["e1"], ["e2"])
    first.close()
    second.close()


def test_events_of_another_project_are_left_alone(tmp_path: Path) -> None:
    first = Spool(tmp_path, KEY)
    first.put(line(1))
    first.close()
    other = Spool(tmp_path, "phc_other")
    assert len(other) == 0
    other.close()
    again = Spool(tmp_path, KEY)
    assert read(again) == ["e1"]
    again.close()


def test_no_key_is_on_disk(tmp_path: Path) -> None:
    spool = Spool(tmp_path, KEY)
    spool.put(line(1))
    assert not any(KEY in p.name or KEY.encode() in p.read_bytes() for p in tmp_path.iterdir())
    assert [oct(p.stat().st_mode & 0o777) for p in tmp_path.glob("*.jsonl")] == ["0o600"]
    spool.close()


def test_a_torn_last_line_and_lines_that_are_no_events_are_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = Spool(tmp_path, KEY)
    for i in range(3):
        first.put(line(i))
    first.close()
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(line(0) + b"\n\x00\x00\x00\n" + line(1) + b"\n" + line(2)[:-3])
    second = Spool(tmp_path, KEY)
    assert (len(second), read(second)) == (2, ["e0", "e1"])
    second.close()
    assert files(tmp_path) == [".torn"]
    assert next(tmp_path.glob("*.torn")).read_bytes() == b"\x00\x00\x00\n" + line(2)[:-3]
    assert "2 torn lines" in caplog.text


@pytest.mark.parametrize("ledger", ["", "nonsense", "7", "999999", "-1"])
def test_a_ledger_that_can_not_be_right_sends_again_rather_than_skips(tmp_path: Path, ledger: str) -> None:
    first = Spool(tmp_path, KEY)
    for i in range(3):
        first.put(line(i))
    read(first, 1)
    first.close()
    next(tmp_path.glob("*.sent")).write_text(ledger)
    second = Spool(tmp_path, KEY)
    assert read(second) == ["e0", "e1", "e2"]
    second.close()


def test_beyond_its_size_the_oldest_are_dropped_and_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, KEY, max_bytes=16_000)
    dropped = sum(spool.put(line(i, 400)).dropped for i in range(100))
    assert sum(p.stat().st_size for p in tmp_path.glob("*.jsonl")) <= 16_000
    left = [name for _ in range(100) for name in read(spool)]
    assert left == [f"e{i}" for i in range(dropped, 100)]
    assert 60 <= dropped <= 70
    spool.close()


def test_what_is_dropped_while_it_is_sent_is_not_booked_twice(tmp_path: Path) -> None:
    spool = Spool(tmp_path, KEY, max_bytes=16_000)
    for i in range(30):
        spool.put(line(i, 400))
    entries = spool.peek(2, 1_000_000)
    dropped = sum(spool.put(line(i, 400)).dropped for i in range(30, 100))
    assert spool.done(entries) == 0
    assert len(spool) == 100 - dropped
    spool.close()


def test_a_disk_that_refuses_leaves_events_in_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spool = Spool(tmp_path, KEY)
    spool.put(line(0))
    assert spool._active is not None
    real, spool._active.fd = spool._active.fd, os.open(os.devnull, os.O_RDONLY)
    assert [spool.put(line(i)).taken for i in (1, 2)] == [True, True]
    os.close(spool._active.fd)
    spool._active.fd = real
    assert caplog.text.count("events wait in memory") == 1
    assert (read(spool), read(spool), len(spool)) == (["e0"], ["e1", "e2"], 0)
    spool.close()


def test_a_folder_that_can_not_be_one_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CaptureError, match=r"spool .*file' can't be used"):
        Client(KEY, host="http://localhost", spool=tmp_path / "file")


def test_a_random_history_loses_nothing_and_keeps_the_order(tmp_path: Path) -> None:
    """Puts, reads, takeovers and restarts in any order: each event is read once, and those of a writer in their order."""
    for seed in range(examples(20, 2_000)):
        rng, folder = random.Random(seed), tmp_path / str(seed)
        spool, put, got = Spool(folder, KEY, max_bytes=20_000), 0, []
        for _ in range(60):
            match rng.randrange(4):
                case 0 | 1:
                    spool.put(line(put, rng.randrange(200)))
                    put += 1
                case 2:
                    got += read(spool, rng.randrange(1, 6))
                case _:
                    spool.close()
                    spool = Spool(folder, KEY, max_bytes=20_000)
        while len(spool):
            got += read(spool)
        spool.close()
        assert got == [f"e{i}" for i in range(put)], seed
        assert files(folder) == [], seed


# ---------------------------------------------------------------------- with a client
def test_an_outage_loses_nothing_and_keeps_the_order(server: Recorder, tmp_path: Path) -> None:
    server.always = 503
    waits = Waits()
    client = Client(KEY, host=server.host, spool=tmp_path, flush_at=10, flush_interval=0.01, sleep=waits, max_queue_size=1)
    made = [client.capture("u", f"e{i}") for i in range(35)]
    assert not client.flush()
    assert (client.stats().pending, client.stats().dropped) == (35, 0)
    server.always = 200
    assert client.flush()
    assert [e["uuid"] for e in server.taken] == made
    assert {e["uuid"] for r in server.requests for e in r.batch[:1]} == {made[0], made[10], made[20], made[30]}
    client.shutdown()
    assert files(tmp_path) == []


def test_the_worker_comes_back_to_what_waits_by_itself(server: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evkit.capture.sender.LONGEST_BACKOFF_SECONDS", 0.02)
    server.replies = [503] * 9
    client = Client(KEY, host=server.host, spool=tmp_path, flush_at=1)
    client.capture("u", "e")
    deadline = time.monotonic() + 5
    while client.stats().sent == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.statuses == [503] * 9 + [200]
    client.shutdown()


def test_what_is_left_at_shutdown_is_sent_by_the_next_client(server: Recorder, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server.always = (503, {"Retry-After": "60"})
    first = Client(KEY, host=server.host, spool=tmp_path)
    made = [first.capture("u", f"e{i}") for i in range(3)]
    first.shutdown(timeout_seconds=2)
    assert "3 events not sent at shutdown (status 503 said no): the spool has them" in caplog.text
    server.always = 200
    with Client(KEY, host=server.host, spool=tmp_path) as second:
        assert second.flush()
        assert second.stats().sent == 3
    assert [e["uuid"] for e in server.taken] == made
    assert files(tmp_path) == []


def test_what_a_host_refuses_for_good_is_set_aside_and_said_where(
    server: Recorder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.replies = [401]
    client = Client(KEY, host=server.host, spool=tmp_path)
    made = client.capture("u", "e")
    assert not client.flush()
    assert client.capture("u", "next") and client.flush()
    client.shutdown()
    assert (client.stats().refused, server.names) == (1, ["next"])
    (path,) = tmp_path.iterdir()
    assert (path.suffix, json.loads(path.read_text())["uuid"]) == (".refused", made)
    assert f"1 event set aside in {path}: the host refuses them (status 401 said no)" in caplog.text.replace("  ", " ")


def test_a_child_spools_to_a_file_of_its_own(server: Recorder, tmp_path: Path) -> None:
    client = Client(KEY, host=server.host, spool=tmp_path, flush_interval=60)
    client.capture("parent", "before")

    def child() -> None:
        assert client.stats().pending == 0
        client.capture("child", "inside")
        assert client.flush(5)
        client.shutdown()

    assert forked(child) == 0
    client.capture("parent", "after")
    client.shutdown()
    assert server.names == ["inside", "before", "after"]
    assert files(tmp_path) == []


def test_what_a_dead_child_left_is_taken_over(server: Recorder, tmp_path: Path) -> None:
    client = Client(KEY, host=server.host, spool=tmp_path, flush_interval=60)
    assert forked(lambda: client.capture("child", "left behind")) == 0
    client.capture("parent", "mine")
    client.shutdown()
    assert server.names == ["mine"]
    with Client(KEY, host=server.host, spool=tmp_path) as second:
        assert second.flush()
    assert server.names == ["mine", "left behind"]


CRASHER = """
import sys, time
from evkit.capture.client import Client
client = Client(sys.argv[1], host=sys.argv[2], spool=sys.argv[3], flush_at=20, flush_interval=0.01)
for i in range(100_000):
    time.sleep(0.0005)     # at full speed a hundred turns fill the spool, which then drops the oldest, as it says
    made = client.capture(sys.argv[4], f"e{i}", {"n": i})
    sys.stdout.write(made + "\\n")
    sys.stdout.flush()
"""


def crashed(server: Recorder, folder: Path, name: str, seconds: float) -> list[str]:
    """Run a program that captures until it is killed; give the uuids that `capture` had returned."""
    out = folder.parent / f"{name}.txt"
    with out.open("w") as printed:
        arguments = [sys.executable, "-c", CRASHER, KEY, server.host, str(folder), name]
        program = subprocess.Popen(arguments, cwd=ROOT, stdout=printed)
        while out.stat().st_size == 0:
            time.sleep(0.01)
        time.sleep(seconds)
        program.send_signal(signal.SIGKILL)
        program.wait()
    return [text for text in out.read_text().split("\n")[:-1] if len(text) == 36]


def test_a_kill_loses_nothing_that_capture_had_returned_for(server: Recorder, tmp_path: Path, tell: Callable[[str], None]) -> None:
    rng = random.Random(7)
    server.answer = lambda request: 503 if rng.random() < 0.2 else 200
    made: list[str] = []
    kills = examples(5, 100)
    lock = threading.Lock()

    def run(name: str) -> None:
        for turn in range(kills):
            found = crashed(server, tmp_path / "spool", f"{name}{turn}", 0.1 + 0.2 * turn % 0.5)
            with lock:
                made.extend(found)

    runs = [threading.Thread(target=run, args=(name,)) for name in ("a", "b")]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()
    server.answer = None
    with Client(KEY, host=server.host, spool=tmp_path / "spool", sleep=lambda seconds: None) as last:
        assert last.flush()
    arrived = [e["uuid"] for e in server.taken]
    assert len(made) == len(set(made)) > 100
    assert set(made) - set(arrived) == set()
    assert {p.suffix for p in (tmp_path / "spool").iterdir()} <= {".torn"}
    repeated = len(arrived) - len(set(arrived))
    assert repeated <= 20 * 2 * kills  # at most the batch in flight at each kill
    tell(
        f"{2 * kills} kills, {len(made):,} events captured, {len(set(arrived) & set(made)):,} of them arrived, {repeated:,} were sent twice"
    )


def test_sync_mode_spools_too(server: Recorder, tmp_path: Path) -> None:
    server.always = 503
    waits: Any = Waits()
    client = Client(KEY, host=server.host, spool=tmp_path, sync_mode=True, sleep=waits)
    client.capture("u", "one")
    assert (client.stats().pending, len(server.requests)) == (1, 4)
    server.always = 200
    client.capture("u", "two")
    assert server.names == ["one", "two"]
    client.shutdown()
    assert files(tmp_path) == []


def test_what_waits_in_memory_is_put_on_the_disk_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, "phc_k")

    def full(self: Any, line: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Segment, "append", full)
        assert spool.put(b'{"event":"a"}').taken
        assert list(tmp_path.glob("*.jsonl")) == [] or len(spool) == 1
    assert spool.close() == 0
    assert [e.line for e in Spool(tmp_path, "phc_k").peek(9, 999)] == [b'{"event":"a"}']
    again = Spool(tmp_path / "other", "phc_k")
    with monkeypatch.context() as disk:
        disk.setattr(Segment, "append", full)
        again.put(b'{"event":"b"}')
        assert again.close() == 1  # nowhere to go: it is said to be lost
