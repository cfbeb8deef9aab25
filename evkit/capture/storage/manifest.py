"""The manifest: which segments count, and which landing files are sealed into them. A new version replaces the old in one rename."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from evkit.capture.storage import locks
from evkit.errors import StoreError

NAME = re.compile(r"^(\d{12})\.json$")
KEPT = 5
"""Versions that are kept: a reader that has just found a version can still open it."""
REMEMBERED = 2_000
"""Sealed landing files whose names are kept, the newest: a reader may have opened them before they went."""
TRIES = 50


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One Parquet file of events.

    Parameters
    ----------
    name
        Its path inside the folder of segments.
    week
        The Monday (UTC) of the week that its events happened in.
    rows, size
        Events and bytes.
    first, last
        The times of the earliest and the latest event, UTC.
    """

    name: str
    week: str
    rows: int
    size: int
    first: str
    last: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a store holds beside its landing, at one version."""

    number: int = 0
    segments: tuple[Segment, ...] = ()
    sealed: tuple[str, ...] = field(default=())

    def following(self, *, added: list[Segment], replaced: set[str] = frozenset(), sealed: list[str] | None = None) -> Manifest:  # type: ignore[assignment]
        """Give the next version: segments added, others replaced, landing files sealed."""
        kept = tuple(s for s in self.segments if s.name not in replaced)
        return replace(self, number=self.number + 1, segments=(*kept, *added), sealed=(*self.sealed, *(sealed or ()))[-REMEMBERED:])


def numbers(folder: Path) -> list[int]:
    """Give the versions there are, oldest first."""
    return sorted(int(match[1]) for match in map(NAME.match, os.listdir(folder)) if match)


def path_of(folder: Path, number: int) -> Path:
    """Give the file of a version."""
    return folder / f"{number:012d}.json"


def latest(folder: Path) -> Manifest:
    """Read the newest version; an empty one where there is none yet.

    Raises
    ------
    StoreError
        When it can't be read.
    """
    for _ in range(TRIES):
        found = numbers(folder)
        if not found:
            return Manifest()
        try:
            return read(path_of(folder, found[-1]))
        except FileNotFoundError:  # newer versions came, and this one went, meanwhile
            continue
    raise StoreError(f"the manifest in {str(folder)!r} changes too fast to be read")


def read(path: Path) -> Manifest:
    """Read one version.

    Raises
    ------
    FileNotFoundError
        When it is gone.
    StoreError
        When it can't be read.
    """
    try:
        said: dict[str, Any] = json.loads(path.read_bytes())
        return Manifest(number=said["number"], segments=tuple(Segment(**s) for s in said["segments"]), sealed=tuple(said["sealed"]))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"the manifest {path.name} can't be read ({type(error).__name__}: {error}): run `evkit store verify`") from None


def commit(folder: Path, manifest: Manifest) -> None:
    """Make a version the newest: durable when this returns. Only who holds the store's lock does this."""
    target = path_of(folder, manifest.number)
    temporary = target.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(json.dumps(asdict(manifest), separators=(",", ":")).encode())
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(target)
    locks.sync_folder(folder)
    for number in numbers(folder)[:-KEPT]:
        path_of(folder, number).unlink(missing_ok=True)
