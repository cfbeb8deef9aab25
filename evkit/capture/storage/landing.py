"""Where events land: files of JSON lines, one writer each, appended and synced before anything is acknowledged."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from pathlib import Path

from evkit.capture.storage import locks
from evkit.errors import StoreError, StoreFull

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
ENDING = ".jsonl"


class Landing:
    """The landing file of one writer, opened when it is first written to; held by a lock while the writer lives.

    Parameters
    ----------
    folder
        The folder of all landing files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path: Path | None = None
        self.size = 0
        self.rows = 0
        self._handle: int | None = None

    def write(self, lines: bytes, rows: int) -> None:
        """Append lines and make them durable: when this returns they survive a crash, and when it raises none of them is there.

        Raises
        ------
        StoreFull
            When there is no room.
        StoreError
            When the file can't be written otherwise.
        """
        handle = self._open()
        try:
            write_all(handle, lines)
            locks.sync_data(handle)
        except OSError as error:
            self._undo()
            raise problem(error, self.folder) from error
        self.size += len(lines)
        self.rows += rows

    def rotate(self) -> None:
        """End the file, if there is one; the next write begins another."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle, self.path, self.size, self.rows = None, None, 0, 0

    def _open(self) -> int:
        if self._handle is not None:
            return self._handle
        try:
            handle, path = self._created()
            locks.sync_folder(self.folder)
        except OSError as error:
            raise problem(error, self.folder) from error
        self._handle, self.path, self.size, self.rows = handle, path, 0, 0
        return handle

    def _created(self) -> tuple[int, Path]:
        """Make a file and hold it. One that a sealer took for a finished one in between is left to it."""
        while True:
            path = self.folder / f"{time.time_ns():020d}-{secrets.token_hex(4)}{ENDING}"
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
            if locks.hold(handle) and os.fstat(handle).st_nlink:
                return handle, path
            os.close(handle)

    def _undo(self) -> None:
        """Cut what was written in vain, and leave the file: after a failed sync nobody knows what the system still holds of it."""
        if self._handle is not None:
            with contextlib.suppress(OSError):  # the file is left in any case, and an unfinished last line is never read
                os.ftruncate(self._handle, self.size)
                os.fsync(self._handle)
        empty = self.path if self.size == 0 else None
        self.rotate()
        if empty is not None:
            with contextlib.suppress(OSError):  # an empty file harms nobody
                empty.unlink()


def write_all(handle: int, data: bytes) -> None:
    """Write all of the data, in as many writes as the system takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def problem(error: OSError, folder: Path) -> StoreError:
    """Give what is wrong with a folder in words."""
    if error.errno in NO_ROOM:
        return StoreFull(f"no room left for events in {str(folder)!r} ({error.strerror}): make room; what was refused can be sent again")
    return StoreError(f"events can't be written to {str(folder)!r}: {error.strerror or error}")


def complete(data: bytes) -> tuple[bytes, bytes]:
    """Cut what was read of a landing file behind its last whole line: the lines, and what is left over."""
    end = data.rfind(b"\n") + 1
    return data[:end], data[end:]
