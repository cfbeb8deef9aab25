"""The folder that a project is fetched into: Parquet files, JSON files, and a manifest that says which of them count.

A file is written beside its place and put there whole; the manifest is replaced last. So whatever moment a fetch ends at,
the folder is what it was before the piece that was on its way.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from evkit.capture.storage import locks
from evkit.errors import DataError, MissingFile, PostHogError
from evkit.posthog.pull.plan import Span

VERSION = 1
MANIFEST, LOCK = "manifest.json", "lock"
EVENTS, PEOPLE, DEFINITIONS = "events", "persons", "definitions"
OURS = ("window-", "slice-")
"""How the names of our files of events begin."""


@dataclass(frozen=True)
class Piece:
    """A file of events that is there.

    Parameters
    ----------
    name
        Of the file, in the folder's `events`.
    start, end
        What it spans: arrival for a window of an export, the time of the event for a slice of a query.
    kind
        "window" or "slice".
    rows
        How many events are in it.
    """

    name: str
    start: str
    end: str
    kind: str
    rows: int

    @property
    def span(self) -> Span:
        """What it spans."""
        return Span(moment(self.start), moment(self.end))


@dataclass(frozen=True)
class Manifest:
    """What of a project is here.

    Parameters
    ----------
    host, project_id
        Which project it is.
    since
        The earliest time of events that was asked for.
    done_until
        Up to where events are here, by arrival; None before the first run ended.
    way
        How events are fetched: "files", "queries" or "list".
    pieces
        The files of events.
    around
        What else is here: name -> rows.
    differences
        Hours whose count still differed from the host's at the end of the last run: [hour, theirs, ours].
    """

    host: str
    project_id: str
    since: str
    done_until: str | None = None
    way: str | None = None
    pieces: tuple[Piece, ...] = ()
    around: dict[str, int] = field(default_factory=dict)
    differences: tuple[tuple[str, int, int], ...] = ()
    version: int = VERSION

    def put(self, *new: Piece, without: frozenset[str] = frozenset()) -> Manifest:
        """Give it with more pieces, and without those of these names."""
        return replace(self, pieces=(*(p for p in self.pieces if p.name not in without), *new))


class Folder:
    """A folder that holds what was fetched of one project.

    Parameters
    ----------
    path
        The folder; made when it isn't there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Keep others from fetching into it while the block runs.

        Raises
        ------
        PostHogError
            When somebody does already.
        DataError
            When there is something else in it.
        """
        if self.path.is_dir() and not (self.path / LOCK).exists() and any(self.path.iterdir()):
            raise DataError(f"{str(self.path)!r} holds something else: give an empty folder, or one that is not there yet")
        for part in (EVENTS, PEOPLE, DEFINITIONS):
            (self.path / part).mkdir(parents=True, exist_ok=True)
        with locks.held(self.path / LOCK) as free:
            if not free:
                raise PostHogError(f"another run is fetching into {str(self.path)!r}: wait until it has ended")
            for part in (EVENTS, PEOPLE, DEFINITIONS):
                for left in (self.path / part).glob("*.part"):
                    left.unlink(missing_ok=True)
            yield

    def manifest(self) -> Manifest | None:
        """Give what is here; None where nothing is.

        Raises
        ------
        DataError
            When it can't be read.
        """
        try:
            said = json.loads((self.path / MANIFEST).read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise DataError(f"{str(self.path / MANIFEST)!r} can't be read: {error}") from None
        if not isinstance(said, dict) or said.get("version") != VERSION:
            raise DataError(f"{str(self.path)!r} holds no project that this evkit fetched: give another folder")
        pieces = tuple(Piece(**piece) for piece in said.pop("pieces"))
        differences = tuple((str(hour), int(theirs), int(ours)) for hour, theirs, ours in said.pop("differences"))
        return Manifest(**said, pieces=pieces, differences=differences)

    def known(self) -> Manifest:
        """Give what is here.

        Raises
        ------
        MissingFile
            When nothing is.
        """
        found = self.manifest()
        if found is None:
            raise MissingFile(f"there is no project in {str(self.path)!r}: `evkit pull` or ek.from_posthog(...) fetches one")
        return found

    def commit(self, manifest: Manifest) -> None:
        """Say what counts from now on; files of events that don't count any more go."""
        self.write_text(MANIFEST, json.dumps(asdict(manifest), indent=1, ensure_ascii=False))
        counted = {piece.name for piece in manifest.pieces}
        for path in (self.path / EVENTS).iterdir():
            if path.name not in counted and path.name.startswith(OURS):
                path.unlink(missing_ok=True)

    def write_text(self, name: str, text: str) -> None:
        """Replace a file, whole."""
        target = self.path / name
        part = target.with_name(target.name + ".part")
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        locks.sync_folder(target.parent)

    def put(self, name: str, part: Path) -> Path:
        """Put a file that is written in its place, whole."""
        target = self.path / name
        handle = os.open(part, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        part.replace(target)
        locks.sync_folder(target.parent)
        return target

    def events(self) -> list[Path]:
        """Give the files of events that count."""
        return [self.path / EVENTS / piece.name for piece in self.known().pieces if piece.rows]

    def read_json(self, name: str) -> Any:
        """Give what a file of definitions holds; None where there is none."""
        path = self.path / DEFINITIONS / f"{name}.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else None


def moment(text: str) -> dt.datetime:
    """Read a moment of a manifest."""
    return dt.datetime.fromisoformat(text)
