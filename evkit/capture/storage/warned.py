"""Warnings about what was received: JSON lines, bounded, readable while they are written."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import threading
from collections import deque
from pathlib import Path
from typing import Any

from evkit.capture.storage.rows import said

LARGEST = 8 << 20
"""Bytes of a file of warnings; then the next one begins, and of the old ones the newest is kept."""
LONGEST = 500
"""Characters of a warning's words that are kept."""
COLUMNS = ("at", "kind", "detail", "event", "distinct_id")


MOST_KEPT = 100
"""Warnings that wait in memory where there is no room for them; then the oldest go."""


class Warned:
    """The warnings of a store.

    Parameters
    ----------
    folder
        Where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque(maxlen=MOST_KEPT)
        self._torn = False

    def add(self, kind: str, detail: str, *, event: str | None, distinct_id: str | None, at: dt.datetime) -> None:
        """Keep one. Where there is no room for it, it waits in memory for the next, or for `retry`."""
        row = {"at": said(at), "kind": kind, "detail": detail[:LONGEST], "event": event, "distinct_id": distinct_id}
        with self._lock:
            self._waiting.append(json.dumps(row, separators=(",", ":")).encode() + b"\n")
            self._write()

    def retry(self) -> None:
        """Keep those that wait for room."""
        with self._lock:
            if self._waiting:
                self._write()

    def _write(self) -> None:
        """Append what waits, one after the other; a line that was cut is ended first, so that no other is lost with it."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(exist_ok=True)
            path = self.folder / "warnings.jsonl"
            if path.exists() and path.stat().st_size > LARGEST:
                path.replace(self.folder / "warnings.old.jsonl")
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                while self._waiting:
                    line = (b"\n" if self._torn else b"") + self._waiting[0]
                    written = os.write(handle, line)
                    self._torn = written < len(line) and (written > 0 or self._torn)
                    if written < len(line):
                        return
                    self._waiting.popleft()
            finally:
                os.close(handle)


def read(folder: Path) -> list[dict[str, Any]]:
    """Give the warnings kept, oldest first; a line that can't be read is left out."""
    found = []
    for name in ("warnings.old.jsonl", "warnings.jsonl"):
        path = folder / name
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                found.append({column: row.get(column) for column in COLUMNS})
    return found
