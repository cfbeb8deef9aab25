"""Passing on what a store takes to a real PostHog: batched, retried, spooled, so that a notebook can watch what production gets."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from evkit.capture.sender import Sender, Stats
from evkit.capture.spool import Spool
from evkit.capture.transport import HttpTransport, checked_host, checked_key
from evkit.errors import CaptureError

FLUSH_SECONDS = 1.0
TIMEOUT_SECONDS = 15.0
SPOOL_BYTES = 1 << 30
"""Bytes that wait while the host is away; then the oldest go, and are counted."""


class Forwarder:
    """Takes the lines that a store has made durable, and sends their events on.

    An event is spooled before it is acknowledged, so that each arrives at least once; its uuid stays, so that it counts once.

    Parameters
    ----------
    host, api_key
        The PostHog that events go to, and the token of the project there.
    spool
        The folder where events wait.
    """

    def __init__(self, host: str, api_key: str, *, spool: str | Path) -> None:
        key = checked_key(api_key)
        transport = HttpTransport(
            key,
            checked_host(host),
            timeout_seconds=TIMEOUT_SECONDS,
            compress=True,
            historical_migration=False,
            now=lambda: dt.datetime.now(dt.UTC),
        )
        self._sender = Sender(transport, Spool(spool, key, max_bytes=SPOOL_BYTES), flush_interval=FLUSH_SECONDS)

    def take(self, lines: bytes) -> None:
        """Queue the events of some lines of a store's landing."""
        failed = 0
        for line in lines.split(b"\n"):
            try:
                if line:
                    self._sender.put(event_of(line))
            except ValueError:  # numbers without measure: no JSON that PostHog would take
                failed += 1
        if failed:
            raise CaptureError(f"{failed:,} events hold numbers that JSON doesn't: they are kept, and not passed on")

    def stats(self) -> Stats:
        """Give how many were sent, wait, and were dropped."""
        return self._sender.stats()

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Send what waits, as far as the time goes; the rest stays in the spool for the next time."""
        self._sender.shutdown(timeout_seconds)


def event_of(line: bytes) -> bytes:
    """Give the event of a line as a client sends it: the corrected time, no token of ours.

    Raises
    ------
    ValueError
        When it holds a number that is none of JSON's.

    Examples
    --------
    >>> event_of(b'{"uuid":"u","event":"a","distinct_id":"d","timestamp":"2026-01-01T00:00:00.000000","properties":{"token":"t","n":1}}')
    b'{"event":"a","distinct_id":"d","uuid":"u","timestamp":"2026-01-01T00:00:00.000000Z","properties":{"n":1}}'
    """
    row = json.loads(line)
    properties = {key: value for key, value in row["properties"].items() if key != "token"}
    event = {**{key: row[key] for key in ("event", "distinct_id", "uuid")}, "timestamp": row["timestamp"] + "Z", "properties": properties}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
