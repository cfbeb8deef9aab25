"""Following a store: the events that came since the last look, read from where the last look ended, without an engine."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evkit.capture.storage import snapshot
from evkit.capture.storage.landing import ENDING

MOST_BYTES = 8_000_000
"""What is read of a file at one look; of more, only the newest, and how many lines were left out is counted."""
BLOCK = 1 << 16


class Follower:
    """What lands in a store from now on. Files stay open until they are read to their end, also when they are sealed meanwhile.

    Parameters
    ----------
    folder
        The store's folder.

    Raises
    ------
    StoreError
        When the folder holds no store.
    """

    def __init__(self, folder: Path) -> None:
        snapshot.check(folder)
        self.folder = folder / snapshot.LANDING
        self.skipped = 0
        self._open: dict[str, tuple[int, int]] = {}
        self._look(from_end=True)

    def news(self) -> list[dict[str, Any]]:
        """Give the events that landed since the last look, in the order of arrival; lines that are none of a store's are left out."""
        self._look(from_end=False)
        made = [row for name in list(self._open) for row in self._read(name)]
        made.sort(key=lambda row: int(row.get("arrival") or 0))
        return made

    def close(self) -> None:
        """Let go of the files."""
        for handle, _ in self._open.values():
            os.close(handle)
        self._open.clear()

    def _look(self, *, from_end: bool) -> None:
        there = {name for name in os.listdir(self.folder) if name.endswith(ENDING)}
        for name in sorted(there - set(self._open)):
            try:
                handle = os.open(self.folder / name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            except OSError:
                continue  # sealed and deleted between the two calls, or no file
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                os.close(handle)
                continue
            self._open[name] = (handle, os.fstat(handle).st_size if from_end else 0)

    def _read(self, name: str) -> Iterator[dict[str, Any]]:
        handle, at = self._open[name]
        size = os.fstat(handle).st_size
        if size - at > MOST_BYTES:
            start = size - MOST_BYTES
            self.skipped += lines_between(handle, at, start)
            at = start + os.pread(handle, MOST_BYTES, start).find(b"\n") + 1  # the line that is cut there is left out
            self.skipped += 1
        data = os.pread(handle, size - at, at)
        end = data.rfind(b"\n") + 1
        self._open[name] = (handle, at + end)
        for line in data[:end].splitlines():
            row = parsed(line)
            if row is not None:
                yield row
        if not os.fstat(handle).st_nlink and os.fstat(handle).st_size == size:  # sealed, and read to its end
            os.close(handle)
            del self._open[name]


def lines_between(handle: int, start: int, end: int) -> int:
    """Count the lines that end in a part of a file."""
    found = 0
    while start < end and (part := os.pread(handle, min(BLOCK, end - start), start)):
        found += part.count(b"\n")
        start += len(part)
    return found


def parsed(line: bytes) -> dict[str, Any] | None:
    """Read a line; None where it is none of a store's."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(row, dict) and isinstance(row.get("event"), str) and isinstance(row.get("properties"), dict)
    return row if whole else None
