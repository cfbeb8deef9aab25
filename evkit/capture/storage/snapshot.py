"""What a store holds at one moment, read without a server and without writing: each event in one place."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path

from evkit.capture.storage import locks, manifest
from evkit.capture.storage.landing import ENDING, complete
from evkit.errors import StoreError

LANDING, SEGMENTS, MANIFEST, ASIDE, WARNINGS = "landing", "segments", "manifest", "aside", "warnings"
"""The folders of a store."""
TRIES = 50


@dataclass(eq=False)
class Snapshot:
    """The segments and the landed lines of one moment.

    Segments that are replaced later stay on disk while a snapshot holds them; closing it lets go of them.

    Parameters
    ----------
    folder
        The store's folder.
    number
        The version of the manifest.
    segments
        Files of events.
    lines
        The whole lines of each landing file that isn't sealed, by the file's name.
    """

    folder: Path
    number: int
    segments: list[Path]
    lines: dict[str, bytes]
    handles: list[int] = field(default_factory=list, repr=False)

    def close(self) -> None:
        """Let go of the segments."""
        while self.handles:
            os.close(self.handles.pop())

    def __del__(self) -> None:
        """Let go of the segments."""
        self.close()


def take(folder: Path) -> Snapshot:
    """Take a snapshot of a store's folder.

    The landing files are opened first and the manifest is read afterwards: what the manifest calls sealed is in segments,
    and what it doesn't is still in an open file, whatever is deleted meanwhile.

    Raises
    ------
    StoreError
        When the folder holds no store, or can't be read.
    """
    check(folder)
    before = -1
    for _ in range(TRIES):
        landed = opened(folder / LANDING, ENDING)
        try:
            known = manifest.latest(folder / MANIFEST)
            held = hold(folder / SEGMENTS, known)
            if held is None:
                if known.number == before:
                    raise StoreError(missing(folder, known))
                before = known.number
                time.sleep(0.01)
                continue
            lines = {name: complete(whole(handle))[0] for name, handle in landed.items() if name not in known.sealed}
        finally:
            for handle in landed.values():
                os.close(handle)
        paths = [folder / SEGMENTS / s.name for s in known.segments]
        return Snapshot(folder, known.number, paths, {n: data for n, data in lines.items() if data}, held)
    raise StoreError(f"the store {str(folder)!r} changes too fast to be read")


def missing(folder: Path, known: manifest.Manifest) -> str:
    """Say which segments of the manifest are not there."""
    gone = [s.name for s in known.segments if not (folder / SEGMENTS / s.name).exists()]
    return f"the store {str(folder)!r} misses {', '.join(gone) or 'a segment that another process holds'}: put it back, or run `evkit store verify`"


def check(folder: Path) -> None:
    """Raise where there is no store.

    Raises
    ------
    StoreError
        Says what is there instead.
    """
    if not folder.exists():
        where = "" if folder.is_absolute() else f" in {str(Path.cwd())!r}"
        raise StoreError(
            f"there is no store {str(folder)!r}{where}: `evkit collect {folder}` or evkit.capture.Store({str(folder)!r}) makes one"
        )
    if not all((folder / name).is_dir() for name in (LANDING, SEGMENTS, MANIFEST)):
        what = "a file" if folder.is_file() else "a folder without landing/, segments/ and manifest/"
        raise StoreError(f"{str(folder)!r} is no store, but {what}. Files of events are read by ek.read({str(folder)!r})")


def opened(folder: Path, ending: str) -> dict[str, int]:
    """Open every file of a folder; those that go meanwhile are left out."""
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(ending):
            try:
                handle = os.open(folder / name, os.O_RDONLY)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(os.fstat(handle).st_mode):
                found[name] = handle
            else:
                os.close(handle)
    return found


def hold(folder: Path, known: manifest.Manifest) -> list[int] | None:
    """Open and share every segment; None when one has gone, because a newer version replaced it."""
    handles: list[int] = []
    try:
        for segment in known.segments:
            handles.append(os.open(folder / segment.name, os.O_RDONLY))
            found = os.fstat(handles[-1])
            if not locks.share(handles[-1]) or not found.st_nlink:
                raise FileNotFoundError
            if found.st_size != segment.size:
                raise StoreError(
                    f"segments/{segment.name} of the store {str(folder.parent)!r} has {found.st_size:,} bytes, not {segment.size:,}: it was changed "
                    "or cut. `evkit store verify` says what else is wrong; put the file back from a copy"
                )
    except (FileNotFoundError, StoreError) as error:
        for handle in handles:
            os.close(handle)
        if isinstance(error, StoreError):
            raise
        return None
    return handles


def whole(handle: int) -> bytes:
    """Read what a file holds now."""
    left = os.fstat(handle).st_size
    parts = []
    while left and (part := os.read(handle, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
