"""A collector killed at random moments, at full speed: every acknowledged event is there afterwards, exactly once."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

import evkit as ek
from evkit.capture import Store
from tests.sizes import SOAK

KILLS = 100 if SOAK else 5
SENDERS = 4
SERVER = """
import sys, threading
import evkit as ek
from evkit.capture import Store
collector = ek.collect(Store(sys.argv[1], seal_bytes=60_000, seal_seconds=0.5), port=int(sys.argv[2]))
print("ready", flush=True)
threading.Event().wait()
"""
pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Sender(threading.Thread):
    """Sends batches one after the other, again where it wasn't answered, and keeps what was acknowledged."""

    def __init__(self, port: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.port, self.stop = port, stop
        self.acknowledged: list[str] = []
        self.again = 0

    def run(self) -> None:
        while not self.stop.is_set():
            uuids = [str(uuid.uuid4()) for _ in range(random.choice((1, 5, 40)))]
            days = random.randrange(1, 28)
            batch = [
                {
                    "event": f"e{i % 5}",
                    "distinct_id": "u",
                    "uuid": u,
                    "timestamp": f"2026-02-{days:02}T10:00:00Z",
                    "properties": {"x": "y" * 100},
                }
                for i, u in enumerate(uuids)
            ]
            body = json.dumps({"api_key": "phc_k", "batch": batch}).encode()
            while not self.sent(body):
                self.again += 1
                if self.stop.wait(0.05):
                    return
            self.acknowledged += uuids

    def sent(self, body: bytes) -> bool:
        """Send a request over a connection of its own; say whether it was acknowledged."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as sock:
                sock.sendall(b"POST /batch/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                return sock.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


def test_every_acknowledged_event_survives_every_kill_exactly_once(tmp_path: Path, tell: Callable[[str], None]) -> None:
    folder, port, stop = tmp_path / "events", free_port(), threading.Event()
    senders = [Sender(port, stop) for _ in range(SENDERS)]
    random.seed(int.from_bytes(os.urandom(4), "big"))
    seen = 0
    for kill in range(KILLS + 1):
        process = subprocess.Popen([sys.executable, "-c", SERVER, str(folder), str(port)], stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            if kill == 0:
                for sender in senders:
                    sender.start()
            time.sleep(random.uniform(0.2, 1.5))
            if kill == KILLS:
                stop.set()
                for sender in senders:
                    sender.join(20)
            acknowledged = [u for sender in senders for u in list(sender.acknowledged)]
            there = set(uuids_of(folder))
            assert set(acknowledged) <= there, f"lost after {kill} kills"
            assert len(there) >= seen
            seen = len(there)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
    with Store(folder, background=False) as store:
        store.seal()
        store.compact()
        assert store.verify().is_whole, store.verify().problems
    found = uuids_of(folder)
    acknowledged = [u for sender in senders for u in sender.acknowledged]
    assert len(found) == len(set(found)) and set(acknowledged) <= set(found)
    tell(
        f"{KILLS} kills, {len(acknowledged):,} events acknowledged, {len(found):,} stored, {sum(s.again for s in senders):,} requests sent again"
    )


def uuids_of(folder: Path) -> list[str]:
    """Read the uuids as anybody would."""
    events = ek.open_store(folder)
    found: list[str] = events.tables.execute(events.tables.clean().select("uuid")).uuid.tolist()
    return found
