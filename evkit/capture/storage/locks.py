"""Locks on files, held by open handles: the system lets go of them when their process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":  # pragma: no cover - the other system
    import msvcrt

    def _lock(handle: int, *, shared: bool) -> bool:
        try:
            os.lseek(handle, 0x7FFF0000, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return shared
        return True
else:
    import fcntl

    def _lock(handle: int, *, shared: bool) -> bool:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def hold(handle: int) -> bool:
    """Take an open file for oneself; say whether it was free."""
    return _lock(handle, shared=False)


def share(handle: int) -> bool:
    """Keep others from taking an open file for themselves; say whether that went well."""
    return _lock(handle, shared=True)


def remove_if_free(path: Path) -> bool:
    """Delete a file that nobody holds or shares; say whether it is gone. Nobody can come to share it in between."""
    try:
        handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        if not hold(handle):
            return False
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(handle)


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a lock file while the block runs; gives whether it was free."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield hold(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Make what was created, renamed or deleted in a folder durable."""
    if sys.platform == "win32":  # pragma: no cover - folders can't be opened there
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_data(handle: int) -> None:
    """Make what was written to an open file durable."""
    if sys.platform == "darwin":  # pragma: no cover - fsync does not reach the platter there
        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    elif hasattr(os, "fdatasync"):
        os.fdatasync(handle)
    else:  # pragma: no cover - the other system
        os.fsync(handle)
