"""The folder that indexes are kept in: where it is, what is in it, how large it may be."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from evkit.errors import CacheError
from evkit.journeys.arrays import MANIFEST, UNFINISHED

FOLDER = "EVKIT_CACHE"
"""The environment variable that says where the folder is."""
LARGEST = "EVKIT_CACHE_GB"
"""The environment variable that says how large it may be, in GB."""
DEFAULT_GB = 20.0
GB = 1_000_000_000
USED = "used"
"""The empty file whose time says when an index was used last."""
PRIVATE = "process-"
"""How the names of folders begin that are one process's own."""
ABANDONED_SECONDS = 24 * 3600
"""After so long a folder that is still unfinished is nobody's."""


@dataclass(frozen=True)
class Entry:
    """An index that is kept: of which data (a fingerprint), by whom, its folder, its bytes, when it was used last (seconds since 1970)."""

    data: str
    by: str
    folder: Path
    size: int
    used: float


def root() -> Path:
    """Give the folder of the indexes."""
    given = os.environ.get(FOLDER)
    return (Path(given) if given else user_cache_path("evkit", appauthor=False)) / "journeys"


def largest() -> int:
    """Give how many bytes the folder may hold.

    Raises
    ------
    CacheError
        When the environment says something that is no number.
    """
    given = os.environ.get(LARGEST, "")
    try:
        limit = float(given) if given else DEFAULT_GB
    except ValueError:
        raise CacheError(f"{LARGEST}={given!r} is no number: say how many GB of indexes may be kept, such as {LARGEST}=5") from None
    return int(limit * GB)


def folders(by: str = "*") -> list[Path]:
    """Give the folders of the indexes that are kept: of one kind of actor, or of all."""
    return [path.parent for path in root().glob(f"*/{by}/{MANIFEST}") if not path.parent.name.startswith(UNFINISHED)]


def entries() -> list[Entry]:
    """Give the indexes that are kept, the one used last first."""
    return sorted(map(entry, folders()), key=lambda e: -e.used)


def entry(folder: Path) -> Entry:
    """Give what is known of an index by its folder."""
    size = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # somebody else may be at it
            size += path.stat().st_size if path.is_file() else 0
    used = folder / USED
    return Entry(folder.parent.name, folder.name, folder, size, used.stat().st_mtime if used.exists() else 0.0)


def touch(folder: Path) -> None:
    """Note that an index is being used."""
    with contextlib.suppress(OSError):  # a folder that may only be read is used all the same
        (folder / USED).touch()


def make_room(kept: Path) -> None:
    """Remove the indexes that were not used for longest, until all fit; never the one that is kept.

    What is open stays readable where the system allows to remove it, and stays there where it doesn't.
    """
    remove_abandoned()
    limit, total = largest(), 0
    for found in entries():
        total += found.size
        if total > limit and found.folder != kept:
            remove(found.folder)
            total -= found.size


def private_folder() -> Path:
    """Make a folder for a process's own files, which it removes itself; after its end others do."""
    root().mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{PRIVATE}{os.getpid()}-{machine()}-", dir=root()))


def spill_folder() -> Path:
    """Give where an engine may put what finds no room in memory: it makes the folder when it has to, and removes it; after its end others do."""
    name = f"{PRIVATE}{os.getpid()}-{machine()}-spill-{uuid.uuid4().hex[:8]}"
    with contextlib.suppress(OSError):  # where the cache folder can't be made, the system's is taken
        root().mkdir(parents=True, exist_ok=True)
    return root() / name if os.access(root(), os.W_OK) else Path(tempfile.gettempdir()) / f"evkit-{name}"


def machine() -> str:
    """Give what tells this machine from others that may share the folder."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def remove_abandoned(now: float | None = None) -> None:
    """Remove folders that somebody began long ago and never finished, and those of processes that ended."""
    now = time.time() if now is None else now
    for path in root().glob(f"*/{UNFINISHED}*"):
        with contextlib.suppress(FileNotFoundError):
            if now - path.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
    for path in root().glob(f"{PRIVATE}*-{machine()}-*"):
        if not runs(int(path.name.removeprefix(PRIVATE).partition("-")[0])):
            shutil.rmtree(path, ignore_errors=True)


def runs(process: int) -> bool:
    """Say whether a process runs on this machine; where that can't be asked, as if it did."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def remove(folder: Path) -> None:
    """Remove an index; first its name, so that nobody opens half of it."""
    gone = folder.with_name(f"{UNFINISHED}gone-{os.getpid()}-{time.time_ns()}")
    with contextlib.suppress(OSError):
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()  # empty by now?
