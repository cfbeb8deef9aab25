"""Warnings about what was received: JSON lines, bounded, readable while they are written."""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from pathlib import Path
from typing import Any

from evkit.capture.storage.rows import said

LARGEST = 8 << 20
"""Bytes of a file of warnings; then the next one begins, and of the old ones the newest is kept."""
LONGEST = 500
"""Characters of a warning's words that are kept."""
COLUMNS = ("at", "kind", "detail", "event", "distinct_id")


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

    def add(self, kind: str, detail: str, *, event: str | None, distinct_id: str | None, at: dt.datetime) -> None:
        """Keep one. A warning is no event: where there is no room for it, it is lost."""
        row = {"at": said(at), "kind": kind, "detail": detail[:LONGEST], "event": event, "distinct_id": distinct_id}
        line = json.dumps(row, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            try:
                self.folder.mkdir(exist_ok=True)
                path = self.folder / "warnings.jsonl"
                if path.exists() and path.stat().st_size > LARGEST:
                    path.replace(self.folder / "warnings.old.jsonl")
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            except OSError:
                return
            try:
                os.write(handle, line)
            except OSError:
                return
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
